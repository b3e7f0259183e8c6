/** What was printed and what a guide shows: alike apart from what passes, and the first line that is not. */
import { describe, expect, it } from "vitest";
import { difference } from "./alike.ts";

describe("what was printed is what is shown", () => {
  it.each([
    ["a time", "at 2026-11-22T09:10:11.123Z", "at 2027-01-01T00:00Z"],
    ["a day", "on 22 November 2026", "on 1 May 2027"],
    ["a duration", "took 1.2 s", "took 3 min 20 s"],
    ["a rate", "at 9.8/s", "at 120/s"],
    ["a port", "http://127.0.0.1:8321", "http://127.0.0.1:40123"],
    ["a digest", "digest 0123456789abcdef", "digest fedcba98"],
    ["an id", "id 2b606487-42c2-416f-98a1-0d8e5a1f0c11", "id fcadaf00-6a5e-4c99-b56d-7a6b3c1d2e3f"],
    ["a run", "run 01M8191B1NA0KKDSMAEWB88X8C", "run 01M81AYYYNA0KKDSMAEWB88X8Z"],
    ["a version", "handover 0.1.0", "handover 12.0.3"],
    ["a temporary folder", "in /tmp/handover-a1/key.json", "in /tmp/b/key.json"],
    ["colour and trailing blanks", "done", "\u{1b}[32mdone\u{1b}[0m  "],
    ["any text", "Run … is ready", "Run friday.handover is ready"],
  ])("but for %s", (_, shown, printed) => {
    expect(difference([shown], `${printed}\n`)).toBeUndefined();
  });

  it.each([
    ["a count", "12 steps", "13 steps"],
    ["an address", "leaver@acme.example", "heir@acme.example"],
    ["more at the end", "12 steps", "12 steps, 1 refused"],
    ["a sign that means something to a pattern", "a.c …", "abc done"],
  ])("and differs in %s", (_, shown, printed) => {
    expect(difference([shown], printed)).toMatchObject({ at: 0, printed });
  });

  it.each([["…"], ["..."]])("with a line %s for any lines, or none", (gap) => {
    expect(difference(["one", gap, "four"], "one\ntwo\nthree\nfour\n")).toBeUndefined();
    expect(difference(["one", gap, "four"], "one\nfour\n")).toBeUndefined();
    expect(difference(["one", gap], "one\ntwo\n")).toBeUndefined();
    expect(difference([gap, "three"], "one\ntwo\n")).toMatchObject({ at: 1, shown: "three" });
  });

  it.each([
    [["one", "two", "three"], "one\ntwo\nfour\n", { at: 2, shown: "three", printed: "four" }],
    [["one"], "one\ntwo\n", { at: 1, shown: "nothing more", printed: "two" }],
    [["one", "two"], "one\n", { at: 1, shown: "two", printed: "nothing more" }],
  ])("else the first line that is not is named", (shown, printed, found) => {
    expect(difference(shown, printed)).toEqual(found);
  });
});

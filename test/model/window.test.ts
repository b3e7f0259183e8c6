import { describe, expect, it } from "vitest";
import { closedWindow, nextChange, parseTimeWindow } from "../../src/model/window.ts";
import type { WindowRules } from "../../src/model/window.ts";

function rules(...texts: readonly string[]): WindowRules {
  const windows = texts.map((text) => {
    const parsed = parseTimeWindow(text);
    if (!parsed.ok) throw new Error(parsed.problem);
    return parsed.value;
  });
  return [{ value: windows, from: "handover.yaml:3:3" }];
}

function isOpen(text: string, instant: string): boolean {
  return closedWindow(rules(text), Date.parse(instant)) === undefined;
}

function change(text: string, instant: string): string | undefined {
  const at = nextChange(rules(text), Date.parse(instant));
  return at === undefined ? undefined : new Date(at).toISOString();
}

describe("a time window", () => {
  it.each([
    ["Sat 00:00-Sun 24:00 Europe/Berlin", "2026-11-20T22:59:59Z", false],
    ["Sat 00:00-Sun 24:00 Europe/Berlin", "2026-11-20T23:00:00Z", true],
    ["Sat 00:00-Sun 24:00 Europe/Berlin", "2026-11-22T22:59:59Z", true],
    ["Sat 00:00-Sun 24:00 Europe/Berlin", "2026-11-22T23:00:00Z", false],
    ["Fri 20:00-Mon 06:00 UTC", "2026-11-23T05:59:00Z", true],
    ["Fri 20:00-Mon 06:00 UTC", "2026-11-23T06:00:00Z", false],
    ["Mon-Fri 22:00-06:00 UTC", "2026-11-21T05:59:00Z", true],
    ["Mon-Fri 22:00-06:00 UTC", "2026-11-21T22:00:00Z", false],
    ["Mon-Fri 22:00-06:00 UTC", "2026-11-23T05:00:00Z", false],
    ["Sat,Sun 08:00-18:00 America/New_York", "2026-11-21T13:00:00Z", true],
    ["Sat,Sun 08:00-18:00 America/New_York", "2026-11-21T12:59:00Z", false],
    ["22:00-06:00 Asia/Kolkata", "2026-11-21T16:30:00Z", true],
    ["22:00-06:00 Asia/Kolkata", "2026-11-21T16:29:59Z", false],
    ["sun 23:00-24:00 UTC", "2026-11-22T23:59:59Z", true],
  ])("%s at %s: %s", (text, instant, expected) => {
    expect(isOpen(text, instant)).toBe(expected);
  });

  it.each([
    // The clocks of Berlin go from 02:00 to 03:00 at 01:00 UTC on 29 March 2026, and back at 01:00 UTC on 25 October.
    ["Sun 02:00-03:00 Europe/Berlin", "2026-03-29T00:59:59Z", false, "the hour before the one left out"],
    ["Sun 02:00-03:00 Europe/Berlin", "2026-03-29T01:00:00Z", false, "the hour left out does not exist"],
    ["Sun 02:30-05:00 Europe/Berlin", "2026-03-29T01:00:00Z", true, "what is left of it begins at 03:00"],
    ["Sun 02:00-03:00 Europe/Berlin", "2026-10-25T00:30:00Z", true, "02:30 for the first time"],
    ["Sun 02:00-03:00 Europe/Berlin", "2026-10-25T01:30:00Z", true, "02:30 for the second time"],
    ["Sun 02:00-03:00 Europe/Berlin", "2026-10-25T02:00:00Z", false, "03:00"],
    ["Sat 22:00-Sun 06:00 Europe/Berlin", "2026-10-25T04:59:00Z", true, "a night of nine hours"],
    ["Sat 22:00-Sun 06:00 Europe/Berlin", "2026-03-29T04:00:00Z", false, "a night of seven"],
  ])("keeps to the clocks on the wall in the nights they change: %s at %s: %s (%s)", (text, instant, expected) => {
    expect(isOpen(text, instant)).toBe(expected);
  });

  it.each([
    ["Sat 00:00-Sun 24:00 Europe/Berlin", "2026-11-18T09:00:00Z", "2026-11-20T23:00:00.000Z", "opens"],
    ["Sat 00:00-Sun 24:00 Europe/Berlin", "2026-11-21T09:00:00Z", "2026-11-22T23:00:00.000Z", "closes"],
    ["Sat 22:00-Sun 06:00 Europe/Berlin", "2026-10-24T21:00:00Z", "2026-10-25T05:00:00.000Z", "closes an hour later"],
    ["Sun 02:00-03:00 Europe/Berlin", "2026-03-23T09:00:00Z", "2026-04-05T00:00:00.000Z", "opens a week later"],
    ["00:00-24:00 UTC", "2026-03-23T09:00:00Z", undefined, "never closes"],
  ])("%s, seen at %s, changes next at %s: it %s", (text, instant, expected, _what) => {
    expect(change(text, instant)).toBe(expected);
  });

  it("is open when one of its list is, and the run may go on only when every list has one open", () => {
    const night = rules("22:00-06:00 UTC", "12:00-13:00 UTC");
    const noon = Date.parse("2026-11-21T12:30:00Z");
    expect(closedWindow(night, noon)).toBeUndefined();
    const flag = { ...rules("Sun 00:00-24:00 UTC")[0], from: "--window" };
    expect(closedWindow([...night, flag as WindowRules[number]], noon)?.from).toBe("--window");
  });

  it.each([
    ["", "is not a time window"],
    ["weekend", "is not a time window"],
    ["Sat 00:00-Sun 24:00", "is not a time window"],
    ["Sat 00:00-Sun 24:00 Europe/Atlantis", '"Europe/Atlantis" is not a time zone'],
    ["Sab 00:00-Sun 24:00 UTC", "does not say which days"],
    ["Sat,Sun 00:00-Mon 04:00 UTC", "does not say which days"],
    ["Sat 25:00-Sun 24:00 UTC", '"25:00" is not a time a window opens at'],
    ["Sat 24:00-Sun 24:00 UTC", '"24:00" is not a time a window opens at'],
    ["Sat 00:00-24:01 UTC", '"24:01" is not a time a window closes at'],
    ["Sat 10:00-10:00 UTC", "does not say which days"],
    ["Sat 10:60-11:00 UTC", "is not a time a window opens at"],
  ])("%j is refused: it %s", (text, problem) => {
    const parsed = parseTimeWindow(text);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.problem).toContain(problem);
  });
});

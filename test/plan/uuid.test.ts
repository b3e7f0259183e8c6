/** UUIDs as numbers: every digit in its place, and nothing else taken for one. */
import { describe, expect, it } from "vitest";
import { readUuid } from "../../src/plan/uuid.ts";

const uuid = "01234567-89ab-cdef-fedc-ba9876543210";

describe("a UUID", () => {
  it.each([
    [uuid, [0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210]],
    ["ffffffff-ffff-ffff-ffff-ffffffffffff", [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff]],
    ["00000000-0000-0000-0000-000000000000", [0, 0, 0, 0]],
    ["80000000-0000-0001-0000-00019aaaaaa9", [0x80000000, 1, 1, 0x9aaaaaa9]],
  ])("%s is four words", (text, words) => {
    const into = { a: 7, b: 7, c: 7, d: 7 };
    expect(readUuid(text, into)).toBe(true);
    expect([into.a, into.b, into.c, into.d]).toEqual(words);
  });

  it.each([
    ["one digit less", uuid.slice(1)],
    ["one digit more", `${uuid}0`],
    ["nothing", ""],
    ["capital letters", uuid.toUpperCase()],
    ["a slash", uuid.replace("0", "/")],
    ["a colon", uuid.replace("0", ":")],
    ["a back quote", uuid.replace("0", "`")],
    ["a letter beyond f", uuid.replace("0", "g")],
    ["a digit where a dash belongs", uuid.replaceAll("-", "0")],
    ...[8, 13, 18, 23].map((at) => [`no dash at ${at}`, `${uuid.slice(0, at)}0${uuid.slice(at + 1)}`]),
    ["a dash where a digit belongs", `-${uuid.slice(1)}`],
    ["a dash at its end", `${uuid.slice(0, 35)}-`],
  ])("has not %s", (_, text) => {
    expect(readUuid(text ?? "", { a: 0, b: 0, c: 0, d: 0 })).toBe(false);
  });
});

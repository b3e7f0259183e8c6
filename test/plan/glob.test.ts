/** Title globs match whole titles, in time bounded by the lengths. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTitleGlob, titleMatcher } from "../../src/plan/glob.ts";

describe("a title glob", () => {
  it.each<[string, string, boolean]>([
    ["EMEA *", "EMEA Pipeline", true],
    ["EMEA *", "EMEA ", true],
    ["EMEA *", "EMEA", false],
    ["EMEA *", "The EMEA Pipeline", false],
    ["EMEA *", "emea Pipeline", false],
    ["*", "", true],
    ["*", "anything\nat all", true],
    ["**", "", true],
    ["?", "", false],
    ["?", "a", true],
    ["?", "📈", true],
    ["??", "📈", false],
    ["*📈", "up 📈", true],
    ["Q? 20??", "Q3 2026", true],
    ["Q? 20??", "Q3 202", false],
    ["*report*", "my report 7", true],
    ["*a*b", "xaxbxab", true],
    ["*a*b", "xaxbxaba", false],
    ["a*a", "a", false],
    ["[a-z].+(x|y)$^\\d", "[a-z].+(x|y)$^\\d", true],
    ["[a-z]", "b", false],
    ["a.c", "abc", false],
    ["caf\u00e9", "cafe\u0301", true],
    ["cafe\u0301 *", "caf\u00e9 noir", true],
  ])("%j against %j: %s", (glob, title, expected) => {
    expect(titleMatcher(glob)(title)).toBe(expected);
  });

  it("agrees with a plain recursive reading of the rules", () => {
    const letters = fc.array(fc.constantFrom("a", "b", "*", "?", "📈"), { maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, (glob, title) => {
        const plain = title.filter((one) => one !== "*" && one !== "?");
        expect(titleMatcher(glob.join(""))(plain.join(""))).toBe(byTheRules(glob, plain));
      }),
      { numRuns: 2000 },
    );
  });

  it("with every character of a title is that title", () => {
    const code = fc.oneof(
      fc.nat(0x17f),
      fc.integer({ min: 0x300, max: 0xd7ff }),
      fc.integer({ min: 0xe000, max: 0x10ffff }),
    );
    const titles = fc.array(code, { maxLength: 30 }).map((codes) => String.fromCodePoint(...codes));
    fc.assert(
      fc.property(titles, (title) => {
        expect(titleMatcher("?".repeat(Array.from(title.normalize("NFC")).length))(title)).toBe(true);
        expect(titleMatcher(title.replaceAll("*", "?"))(title)).toBe(true);
      }),
    );
  });

  it("made to explode does not", () => {
    const title = "a".repeat(100_000);
    for (const glob of [
      `${"*a".repeat(400)}b`,
      `*${"?".repeat(400)}b`,
      `*${"a".repeat(400)}b`,
      `${"a*".repeat(400)}b*`,
    ]) {
      expect(titleMatcher(glob)(title)).toBe(false);
    }
  });

  it.each([
    ["an empty one", " "],
    ["one with a line end", "a\nb"],
    ["one that is too long", "a".repeat(1001)],
  ])("%s is refused", (_, text) => {
    expect(parseTitleGlob(text).ok).toBe(false);
  });
});

function byTheRules(glob: readonly string[], title: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return title.length === 0;
  if (first === "*") return byTheRules(rest, title) || (title.length > 0 && byTheRules(glob, title.slice(1)));
  return title.length > 0 && (first === "?" || first === title[0]) && byTheRules(rest, title.slice(1));
}

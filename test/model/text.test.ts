/** Foreign text is named and made harmless; numbers read the same everywhere. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { characterName, counted, firstForbiddenCharacter, printable, thousands } from "../../src/model/text.ts";

/** Written apart from the code under test: what must never reach a terminal, a log line or a report. */
const dangerous =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]/u;

describe("text that is shown", () => {
  it.each([
    ["EMEA pipeline", "EMEA pipeline"],
    ["Übersicht – 売上 📈 العربية", "Übersicht – 売上 📈 العربية"],
    ["a\nb\r\tc\0", "a\\u{a}b\\u{d}\\u{9}c\\u{0}"],
    ["\u001b[31mred\u001b[0m", "\\u{1b}[31mred\\u{1b}[0m"],
    ["\u009b31m", "\\u{9b}31m"],
    ["invoice\u202efdp.exe", "invoice\\u{202e}fdp.exe"],
    ["zero\u200bwidth\ufeff", "zero\\u{200b}width\\u{feff}"],
    ["line\u2028end\u2029", "line\\u{2028}end\\u{2029}"],
    ["hiero\u{13430}glyphs \u{1bca0} \u{1d173}", "hiero\\u{13430}glyphs \\u{1bca0} \\u{1d173}"],
    ["lone \ud800 half", "lone \\u{d800} half"],
    ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
    ["", ""],
  ])("%j becomes %j", (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it.each([
    ["abcde", 5, "abcde"],
    ["abcdef", 5, "abcde…"],
    ["📈📈📈", 2, "📈📈…"],
    ["\n\n\n", 2, "\\u{a}\\u{a}…"],
  ])("%j is cut at %i characters, never inside one", (text, lengthMax, expected) => {
    expect(printable(text, lengthMax)).toBe(expected);
  });

  it("holds nothing that moves the cursor, hides or turns round", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(printable(text)).not.toMatch(dangerous);
      }),
      { numRuns: 2_000 },
    );
  });

  it("holds none of the dangerous characters, tried one by one", () => {
    for (let code = 0; code <= 0xffff; code += 1) {
      const character = String.fromCharCode(code);
      if (dangerous.test(character)) expect(printable(character), code.toString(16)).toBe(`\\u{${code.toString(16)}}`);
    }
  });
});

describe("text that must be plain", () => {
  it.each([
    ["plain", undefined],
    ["ümläut 売上", undefined],
    ["a\0", "a NUL character"],
    ["a\tb", "a tab"],
    ["a\nb", "a line feed"],
    ["a\r", "a carriage return"],
    ["\u001b", "an escape character"],
    ["\u007f", "the control character U+007F"],
    ["\u200d", "the invisible character U+200D"],
    ["\u202e", "the invisible character U+202E"],
    ["\ufeffa", "a zero-width no-break space (BOM)"],
    ["first\u0007then\0", "the control character U+0007"],
  ])("%j: the first forbidden character is %j", (text, expected) => {
    expect(firstForbiddenCharacter(text)).toBe(expected);
  });

  it("is what shown text always is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(firstForbiddenCharacter(printable(text))).toBeUndefined();
      }),
    );
  });

  it("names a character outside the first plane by its whole number", () => {
    expect(characterName(0x1f4c8)).toContain("U+1F4C8");
  });
});

describe("a number", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1_000, "1,000"],
    [1_234_567, "1,234,567"],
    [-1_234, "-1,234"],
    [1_234.9, "1,234"],
  ])("%d is written %j", (count, expected) => {
    expect(thousands(count)).toBe(expected);
  });

  it.each([
    [0, "asset", undefined, "0 assets"],
    [1, "asset", undefined, "1 asset"],
    [1_234, "asset", undefined, "1,234 assets"],
    [2, "query", "queries", "2 queries"],
  ])("%d %s is counted as %s", (count, noun, plural, expected) => {
    expect(counted(count, noun, plural)).toBe(expected);
  });
});

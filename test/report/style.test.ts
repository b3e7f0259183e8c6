import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  cells,
  fit,
  labelledCommand,
  paint,
  plainStyle,
  shown,
  spread,
  wrap,
  wrapFacts,
} from "../../src/report/style.ts";

test.each([
  ["", 0],
  ["abc", 3],
  ["売上", 4],
  ["é", 1],
  ["e\u0301", 1],
  ["🙂", 2],
  ["שלום", 4],
  ["\u001b[31mred\u001b[39m", 3],
  ["…", 1],
])("%j takes %i cells", (text, expected) => {
  expect(cells(text)).toBe(expected);
});

test.each([
  ["abcdef", 6, "abcdef"],
  ["abcdef", 5, "abcd…"],
  ["売上売上", 5, "売上…"],
  ["売上売上", 4, "売…"],
  ["abcdef", 1, "…"],
  ["abcdef", 0, ""],
])("%j cut to %i cells is %j", (text, width, expected) => {
  expect(fit(text, width, plainStyle)).toBe(expected);
});

describe("wrapping", () => {
  test("breaks at blanks and indents what follows", () => {
    expect(wrap("one two three four five six", "- ", 22)).toEqual(["- one two three four", "  five six"]);
  });

  test("loses no letter and keeps every line within the width", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 24, max: 120 }), (text, width) => {
        const safe = shown(text, { ...plainStyle, unicode: true });
        const lines = wrap(safe, "  ", width);
        const letters = (value: string): string => value.replace(/[ \u2068\u2069]/gu, "");
        expect(letters(lines.join(""))).toBe(letters(safe));
        for (const line of lines) expect(cells(line)).toBeLessThanOrEqual(width);
      }),
    );
  });

  test("keeps a right-to-left title isolated on each of its lines", () => {
    const lines = wrap(shown("דוח מכירות רבעוני של כל האזורים", plainStyle), "", 22);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line).toMatch(/^\u2068[^\u2068\u2069]*\u2069$/);
  });

  test("breaks facts between facts, and inside only where one is too long", () => {
    const style = { ...plainStyle, width: 24 };
    expect(wrapFacts(["10 applied", "2 failed", "4 by hand"], "", style)).toEqual([
      "10 applied · 2 failed",
      "4 by hand",
    ]);
    expect(wrapFacts([`one two ${"x".repeat(30)}`], "", style)).toEqual(["one two", "x".repeat(24), "x".repeat(6)]);
  });
});

test("a command that is too long for one line is still one command for a shell", () => {
  const command = "handover apply friday.handover --allow whole-user-transfer --allow moves-unnamed-assets";
  const lines = labelledCommand("Next", command, plainStyle);
  expect(lines).toHaveLength(3);
  const typed = lines.join("\n").replace(/^Next */, "");
  expect(typed.replace(/ \\\n */g, " ")).toBe(command);
});

test("what stands at the right margin gives way when there is no room", () => {
  expect(spread("left", "right", { ...plainStyle, width: 12 })).toBe("left   right");
  expect(spread("left", "right", { ...plainStyle, width: 10 })).toBe("left");
});

test("without colour nothing is painted", () => {
  expect(paint("x", "red", plainStyle)).toBe("x");
});

test("a title without ink is written out", () => {
  expect(shown("\u3164", plainStyle)).toBe("\\u{3164}");
  expect(shown("ok\u{e0041}", plainStyle)).toBe("ok\\u{e0041}");
});

/** How the list of moves is cut, to the character: what is left, where each batch begins, and where each item. */
import { describe, expect, it } from "vitest";
import { singly, splitMoves } from "../../src/plan/yaml-split.ts";
import type { Batch } from "../../src/plan/yaml-split.ts";

interface Cut {
  readonly rest: string;
  readonly line: number;
  readonly batches: readonly Batch[];
}

function cut(text: string): Cut | undefined {
  const split = splitMoves(text);
  return split === undefined ? undefined : { ...split, batches: [...split.batches] };
}

describe("a list of moves", () => {
  it.each<[string, string, Cut]>([
    [
      "alone, without a last line end",
      "moves:\n- a",
      { rest: "moves:\n", line: 1, batches: [{ text: "- a", firstLine: 2, items: [{ offset: 0, line: 2 }] }] },
    ],
    [
      "between keys",
      "version: 1\nmoves: \t# all\n  - a\n  - b\nx: 1\n",
      {
        rest: "version: 1\nmoves: \t# all\n\n\nx: 1\n",
        line: 2,
        batches: [
          {
            text: "  - a\n  - b\n",
            firstLine: 3,
            items: [
              { offset: 0, line: 3 },
              { offset: 6, line: 4 },
            ],
          },
        ],
      },
    ],
    [
      "with comments, empty lines and items over several lines",
      "moves:\n# one\n\n - a:\n\n  # in it\n   b\n# two\n -\n  c: -\n",
      {
        rest: `moves:\n${"\n".repeat(9)}`,
        line: 1,
        batches: [
          {
            text: "# one\n\n - a:\n\n  # in it\n   b\n# two\n -\n  c: -\n",
            firstLine: 2,
            items: [
              { offset: 7, line: 4 },
              { offset: 35, line: 9 },
            ],
          },
        ],
      },
    ],
    [
      "with an item put in a remark",
      "moves:\n - a\n#- b\n",
      {
        rest: "moves:\n\n\n",
        line: 1,
        batches: [{ text: " - a\n#- b\n", firstLine: 2, items: [{ offset: 0, line: 2 }] }],
      },
    ],
    [
      "whose last item is a dash",
      "moves:\n- a\n-",
      {
        rest: "moves:\n\n",
        line: 1,
        batches: [
          {
            text: "- a\n-",
            firstLine: 2,
            items: [
              { offset: 0, line: 2 },
              { offset: 4, line: 3 },
            ],
          },
        ],
      },
    ],
    [
      "with a deeper line that begins with a dash",
      "moves:\n- a\n  -b\n - c\n---\n",
      {
        rest: "moves:\n\n\n\n---\n",
        line: 1,
        batches: [{ text: "- a\n  -b\n - c\n", firstLine: 2, items: [{ offset: 0, line: 2 }] }],
      },
    ],
  ])("%s", (_, text, expected) => {
    expect(cut(text)).toEqual(expected);
  });

  it.each<[string, string]>([
    ["no moves", "version: 1\n"],
    ["moves further in", " moves:\n - a\n"],
    ["something behind moves", "moves: x\n- a\n"],
    ["moves with a longer name", "moves:x\n- a\n"],
    ["another key with the same end", "removes:\n- a\n"],
    ["moves twice", "moves:\n- a\nmoves:\n- b\n"],
    ["nothing under it", "moves:\n"],
    ["no line end behind it", "moves:"],
    ["only remarks under it", "moves:\n\n  # none\n"],
    ["a key under it", "moves:\n  a: b\n"],
    ["a letter by itself under it", "moves:\n  a b\n"],
    ["a dash that is part of a word", "moves:\n  -a\n"],
    ["a tab before an item", "moves:\n  - a\n\t- b\n"],
    ["an item less deep", "moves:\n  - a\n - b\n"],
    ["a key as deep as the items", "moves:\n  - a\n  b: c\n"],
  ])("is not cut where there is %s", (_, text) => {
    expect(splitMoves(text)).toBeUndefined();
  });
});

describe("a long list", () => {
  // 48 characters an item: 342 of them are the first to make more than 16 KiB.
  const item = (index: number): string => `  - { note: ${"x".repeat(29)}${String(index).padStart(4, "0")} }\n`;
  const items = Array.from({ length: 1_000 }, (_, index) => item(index));
  const batches = cut(`version: 1\nmoves:\n${items.join("")}limits: {}\n`)?.batches ?? [];

  it("is cut at the first item behind 16 KiB", () => {
    expect(item(0)).toHaveLength(48);
    expect(batches.map(({ firstLine, items: inside }) => [firstLine, inside.length])).toEqual([
      [3, 342],
      [345, 342],
      [687, 316],
    ]);
    expect(batches.map(({ text }) => text).join("")).toBe(items.join(""));
    expect(batches[1]?.items.slice(0, 2)).toEqual([
      { offset: 0, line: 345 },
      { offset: 48, line: 346 },
    ]);
  });

  it("is not cut at exactly 16 KiB", () => {
    const exact = `- ${"x".repeat(16 * 1024 - 3)}\n`;
    expect(cut(`moves:\n${exact}- a\n- b\n`)?.batches.map(({ items: inside }) => inside.length)).toEqual([2, 1]);
  });

  it("keeps an item whole however long it is", () => {
    const long = `- ${"x\n  ".repeat(20_000)}\n`;
    expect(cut(`moves:\n# remark ${"y".repeat(17_000)}\n${long}- b\n`)?.batches.map(({ text }) => text.length)).toEqual(
      [17_010 + long.length, 4],
    );
  });
});

it("a batch is taken apart item by item, with what follows each", () => {
  const [batch] = cut("moves:\n# one\n- a\n  b\n# two\n- c\n")?.batches ?? [];
  expect(batch === undefined ? [] : singly(batch)).toEqual([
    { text: "- a\n  b\n# two\n", firstLine: 3, items: [{ offset: 0, line: 3 }] },
    { text: "- c\n", firstLine: 6, items: [{ offset: 0, line: 6 }] },
  ]);
});

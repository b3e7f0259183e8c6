/** The first line of a CSV file by itself: which column is which, whichever program wrote it. */
import { describe, expect, it } from "vitest";
import { readHeader } from "../../src/plan/header.ts";
import type { Header } from "../../src/plan/header.ts";
import { Problems } from "../../src/plan/problems.ts";

const known = ["from", "to", "action", "note"];

function read(...cells: readonly string[]): { readonly header: Header | undefined; readonly told: readonly string[] } {
  const problems = new Problems();
  const header = readHeader("moves.csv", cells, 3, known, ["from", "to"], problems);
  const told = problems.kept.map(
    ({ place, problem, remedy }) => `${place.line}:${place.column} ${problem} -> ${remedy}`,
  );
  return { header, told };
}

describe("a header", () => {
  it.each<[readonly string[], Record<string, number>]>([
    [["from", "to"], { from: 0, to: 1 }],
    [[" To ", "x_mine", "FROM"], { to: 0, x_mine: 1, from: 2 }],
    [["action"], { action: 0 }],
    [["x_a;b", "from", "to"], { "x_a;b": 0, from: 1, to: 2 }],
    [["from", "to", "x_sep=;"], { from: 0, to: 1, "x_sep=;": 2 }],
  ])("%j is read without a word", (cells, columns) => {
    const { header, told } = read(...cells);
    expect([Object.fromEntries(header?.columns ?? []), header?.width, told]).toEqual([columns, cells.length, []]);
  });

  it.each<[readonly string[], string]>([
    [["sep=;"], 'separated by what the line "sep=;" says, not by commas'],
    [["from;to"], "separated by semicolons, not by commas"],
    [['"from" ; "to"', "note"], "separated by semicolons, not by commas"],
    [["note", "from|to"], "separated by vertical bars, not by commas"],
    [["from\tto"], "separated by tabs, not by commas"],
    [["x_sep=;"], 'names no known column: "x_sep=;"'],
    [["from;zebra"], 'names no known column: "from;zebra"'],
    [["zebra", "yak"], 'names no known column: "zebra,yak" -> begin the file with a header line, such as from,to'],
    [["from"], "the header has no column to -> add it; the smallest file has the columns from,to"],
    [["note"], "the header has no column from and no column to -> add them; the smallest"],
  ])("%j ends the reading at its first column: %s", (cells, told) => {
    const outcome = read(...cells);
    expect(outcome.header).toBeUndefined();
    expect(outcome.told).toHaveLength(1);
    expect(outcome.told[0]).toMatch(/^3:1 /);
    expect(outcome.told[0]).toContain(told);
  });

  it.each<[readonly string[], string]>([
    [["from", "to", " "], "3:3 column 3 has no name -> name it, or remove it"],
    [["from", "to", "no\u200bte"], "3:3 the name of column 3 contains"],
    [["from", "to", "From"], '3:3 the column "from" appears twice: as number 1 and number 3'],
    [["from", "to", "x_a", "x_a"], '3:4 the column "x_a" appears twice: as number 3 and number 4'],
    [["from", "to", "notes"], '3:3 there is no column "notes" -> did you mean "note"? Columns are: from, to'],
    [["from", "to", "zebra"], '3:3 there is no column "zebra" -> Columns are: from, to, action, note; a name'],
  ])("%j is told of, and read on: %s", (cells, told) => {
    const outcome = read(...cells);
    expect(outcome.header?.columns.get("from")).toBe(0);
    expect(outcome.told).toHaveLength(1);
    expect(outcome.told[0]?.startsWith(told)).toBe(true);
  });
});

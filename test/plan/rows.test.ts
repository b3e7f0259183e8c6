/** A table of rows by itself: which cell is which field, and what is wrong with a line that has another shape. */
import { describe, expect, it } from "vitest";
import { Problems } from "../../src/plan/problems.ts";
import { fields } from "../../src/plan/row.ts";
import type { Row } from "../../src/plan/row.ts";
import { actionLayout, peopleLayout, RowTable } from "../../src/plan/rows.ts";
import type { Layout } from "../../src/plan/rows.ts";

interface Seen {
  readonly place: string;
  readonly said: Readonly<Record<string, string>>;
}

function table(layout: Layout = actionLayout): {
  readonly rows: RowTable;
  readonly problems: Problems;
  readonly seen: Seen[];
  readonly flushed: () => number;
} {
  const problems = new Problems();
  const seen: Seen[] = [];
  let flushes = 0;
  const onRow = (row: Row): void => {
    const said = fields.flatMap((field) => {
      const text = row.text(field);
      const { file, line, column } = row.placeOf(field);
      return text === undefined ? [] : [[row.nameOf(field), `${text} at ${file}:${line}:${column}`] as const];
    });
    seen.push({ place: JSON.stringify(row.place), said: Object.fromEntries(said) });
  };
  const onFlush = async (): Promise<void> => {
    flushes += 1;
  };
  return { rows: new RowTable("p.csv", layout, problems, onRow, onFlush), problems, seen, flushed: () => flushes };
}

function told(problems: Problems): readonly string[] {
  return problems.kept.map(({ place, problem, remedy }) => `${place.line}:${place.column} ${problem} -> ${remedy}`);
}

/** What is read in the cell `title` of a row. */
function titleOf(cell: string): string | undefined {
  const { rows, seen } = table();
  rows.header(["from", "to", "title"], 1);
  rows.row(["a", "b", cell], 2);
  return seen[0]?.said["title"];
}

describe("a row of actions", () => {
  it("has its fields wherever the header puts them", () => {
    const { rows, problems, seen } = table();
    expect([rows.begun, rows.rows]).toEqual([false, 0]);
    expect(rows.header(["note", "To", "from", "x_mine", "action"], 1)).toBe(true);
    rows.row([" a note ", "b", "a", "mine", ""], 7);
    rows.row(["", "d", "c", "", "grant"], 9);
    expect(told(problems)).toEqual([]);
    expect(seen).toEqual([
      {
        place: '{"file":"p.csv","line":7,"column":1}',
        said: { note: "a note at p.csv:7:1", to: "b at p.csv:7:2", from: "a at p.csv:7:3" },
      },
      {
        place: '{"file":"p.csv","line":9,"column":1}',
        said: { to: "d at p.csv:9:2", from: "c at p.csv:9:3", action: "grant at p.csv:9:5" },
      },
    ]);
    expect([rows.begun, rows.rows]).toEqual([true, 2]);
  });

  it("has a place for a field without a column", () => {
    const places: unknown[] = [];
    const note = (row: Row): void => {
      places.push(row.placeOf("role"), row.nameOf("role"));
    };
    const rows = new RowTable("p.csv", actionLayout, new Problems(), note, async () => {});
    rows.header(["from", "to"], 1);
    rows.row(["a", "b"], 2);
    expect(places).toEqual([{ file: "p.csv", line: 2, column: 1 }, "role"]);
  });

  it.each<[string, string | undefined]>([
    ["", undefined],
    ["  ", undefined],
    [" A ", "A"],
    ["'=sum", "=sum"],
    [" '+1 ", "+1"],
    ["'-1", "-1"],
    ["'@x", "@x"],
    ["'\tx", "\tx"],
    ["'\rx", "\rx"],
    ["'\nx", "\nx"],
    ["'\uff1dx", "\uff1dx"],
    ["'\uff0bx", "\uff0bx"],
    ["'\uff0dx", "\uff0dx"],
    ["'\uff20x", "\uff20x"],
    ["'", "'"],
    ["''", "''"],
    ["'A", "'A"],
    ["=sum", "=sum"],
    ["x=sum", "x=sum"],
    ["'=", "="],
  ])("with the title %j says %j", (cell, text) => {
    expect(titleOf(cell)).toBe(text === undefined ? undefined : `${text} at p.csv:2:3`);
  });
});

describe("a row of people", () => {
  it("replaces a member, and its fields have the names of that file", () => {
    const { rows, problems, seen } = table(peopleLayout);
    expect(rows.header(["new", "old", "note"], 1)).toBe(true);
    rows.row(["b", "a", "why"], 2);
    expect(told(problems)).toEqual([]);
    expect(seen[0]?.said).toEqual({
      action: "replace-member at p.csv:2:1",
      new: "b at p.csv:2:1",
      old: "a at p.csv:2:2",
      note: "why at p.csv:2:3",
    });
  });

  it("has no other columns", () => {
    const { rows, problems } = table(peopleLayout);
    expect(rows.header(["old", "new", "role"], 1)).toBe(true);
    expect(told(problems)).toEqual([expect.stringMatching(/^1:3 there is no column "role"/)]);
  });

  it.each([[["old"]], [["new"]]])("needs both addresses: %j", (cells) => {
    const { rows, problems } = table(peopleLayout);
    expect(rows.header(cells, 1)).toBe(false);
    expect(problems.count).toBe(1);
  });
});

describe("a line of another shape", () => {
  it.each<[string, readonly string[], string]>([
    [
      "too few cells",
      ["a", "b"],
      "5:3 the row has 2 cells and the header 3 -> give every row as many cells as the header; put a cell that contains a comma in quotes",
    ],
    ["one cell", ["a"], "5:2 the row has 1 cell and the header 3 -> give every row"],
    ["too many cells", ["a", "b", "c", "d", "e"], "5:4 the row has 5 cells and the header 3 -> give every row"],
    [
      "a long cell",
      ["a", `${"x".repeat(40)}${"y".repeat(70_000)}`, "c"],
      `5:2 the cell is longer than 65,536 characters: "${"x".repeat(40)}" -> shorten it; perhaps a quote before it is not closed`,
    ],
    ["a long first cell", ["z".repeat(65_537), "b", "c"], "5:1 the cell is longer than"],
  ])("with %s is told and passed over", (_, cells, expected) => {
    const { rows, problems, seen } = table();
    rows.header(["from", "to", "title"], 1);
    rows.row(cells, 5);
    expect(told(problems)).toEqual([expect.stringContaining(expected)]);
    expect([seen, rows.rows]).toEqual([[], 1]);
  });

  it("may have a cell that is just short enough", () => {
    expect(titleOf("x".repeat(65_536))).toHaveLength(65_536 + " at p.csv:2:3".length);
  });

  it("is counted and no more below a header that says nothing", () => {
    const { rows, problems, seen } = table();
    expect(rows.header(["zebra"], 1)).toBe(false);
    rows.row(["a"], 2);
    expect([problems.count, seen, rows.rows, rows.begun]).toEqual([1, [], 1, true]);
  });
});

it("what is read is handed on when the file says so", async () => {
  const { rows, flushed } = table();
  await rows.flush();
  expect(flushed()).toBe(1);
});

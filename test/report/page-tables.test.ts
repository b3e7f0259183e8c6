import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rows } from "../../src/report/page/client/rows.ts";
import type { Query } from "../../src/report/page/client/rows.ts";
import type { Column } from "../../src/report/page/packed.ts";
import { TableBuilder, TextPools } from "../../src/report/page/tables.ts";
import type { Cell } from "../../src/report/page/tables.ts";
import { hostile, isActing } from "./hostile.ts";

const columns: readonly Column[] = [
  { key: "severity", label: "Severity", kind: "choice", order: ["critical", "high", "low"] },
  { key: "title", label: "Asset", kind: "text", pool: "titles" },
  { key: "editors", label: "Editors", kind: "number" },
  { key: "id", label: "Asset id", kind: "detail", pool: "ids" },
  { key: "type", label: "Type", kind: "choice" },
  { key: "secret", label: "Secret", kind: "hidden" },
];

function tableOf(cells: readonly (readonly Cell[])[], rowsMax = 1000): Rows {
  const pools = new TextPools();
  const link = { from: "title", id: "id", type: "type" };
  const builder = new TableBuilder("findings", ["finding", "findings"], columns, { rowsMax, link, pools });
  for (const row of cells) builder.add(row);
  // As the page carries it.
  return new Rows(JSON.parse(JSON.stringify(builder.end())), JSON.parse(JSON.stringify(pools.end())));
}

const some: readonly (readonly Cell[])[] = [
  ["low", "Report 10", 3, "b1c4a7d2-0f8e-4c55-9a31-77d0e2f4c001", "REPORT", "x"],
  ["critical", "Report 9", 1200, "2b606487-11aa-4d0e-8a76-0c5b9be0a002", "DATA_SOURCE", "y"],
  ["odd", "report 9", 0, "", "REPORT", "x"],
  ["high", "Bilanz Österreich", 7, "../../evil", "REPORT", "x"],
  ["critical", "", undefined, undefined, undefined, undefined],
];

function ask(words: string, where: Readonly<Record<string, string>> = {}): Query {
  const wanted = Object.entries(where).map(([key, value]): [string, { text: string; isPart: boolean }] => [
    key,
    { text: value.replace("~", ""), isPart: value.startsWith("~") },
  ]);
  return { words, where: new Map(wanted) };
}

describe("a packed table", () => {
  it("gives every cell back, whatever its column shares with others", () => {
    const cell = fc.constantFrom("", "a", "b", "EMEA pipeline", "__proto__", "constructor", "売上");
    const row = fc.tuple(cell, cell, fc.nat(1e6), cell, cell, cell);
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (list) => {
        const rows = tableOf(list);
        const back = list.map((_, place) => columns.map((_column, column) => rows.text(place, column)));
        expect(back).toEqual(list.map((cells) => cells.map((each) => each.toLocaleString("en"))));
      }),
    );
  });

  it("keeps each text once, for all tables of a page that share it", () => {
    const pools = new TextPools();
    const packed = ["findings", "assets"].map((id) => {
      const table = new TableBuilder(id, ["one", "many"], columns, { rowsMax: 10, pools });
      for (const title of ["EMEA", "EMEA", "APAC"]) table.add(["high", title, 1, "id", "REPORT", ""]);
      return table.end();
    });
    expect(pools.end()).toEqual({ titles: ["EMEA", "APAC"], ids: ["id"] });
    expect(packed.map((table) => table.packed[1])).toEqual([
      { pool: "titles", steps: [0, 0, 1] },
      { pool: "titles", steps: [0, 0, 1] },
    ]);
    expect(packed[0]?.packed[0]).toEqual({ texts: ["high"], at: [0, 0, 0] });
  });

  it("takes rows until it is full and counts the rest", () => {
    const rows = tableOf(some, 2);
    expect([rows.table.rows, rows.table.total]).toEqual([2, 5]);
    expect(rows.find(ask(""))).toEqual([0, 1]);
  });

  it.each(hostile)("carries a title that %s as inert text", (_, text) => {
    const rows = tableOf([["high", text, 1, "id", "REPORT", ""]]);
    expect(isActing(rows.text(0, 1))).toBe(false);
    expect(Array.from(rows.text(0, 1).replaceAll(/\\u\{[0-9a-f]+\}/g, "x")).length).toBeLessThanOrEqual(2001);
  });
});

describe("the rows of a table", () => {
  const rows = tableOf(some);

  it.each([
    ["no words: all of them", ask(""), [0, 1, 2, 3, 4]],
    ["a word in any case", ask("rEPORt"), [0, 1, 2, 3]],
    ["words of several columns", ask("critical report"), [1]],
    ["letters beyond ASCII", ask("ÖSTERREICH"), [3]],
    ["a word that is nowhere", ask("nothing"), []],
    ["a word of a column that only opens with the row", ask("2b606487"), [1]],
    ["no word of a hidden column", ask("y"), []],
    ["a value in full", ask("", { type: "REPORT" }), [0, 2, 3]],
    ["no part of a value", ask("", { type: "REP" }), []],
    ["a part that is asked for", ask("", { title: "~eport" }), [0, 1, 2]],
    ["values of two columns", ask("", { type: "REPORT", severity: "low" }), [0]],
    ["a value beside words", ask("9", { severity: "critical" }), [1]],
    ["an empty value", ask("", { type: "" }), [4]],
  ])("answer %s", (_, query, expected) => {
    expect(rows.find(query)).toEqual(expected);
  });

  it.each([
    ["by the order the column asks for, others last", 0, false, [1, 4, 3, 0, 2]],
    ["the other way round", 0, true, [2, 0, 3, 1, 4]],
    ["by text, with numbers as numbers", 1, false, [4, 3, 2, 1, 0]],
    ["by number", 2, false, [2, 4, 0, 3, 1]],
    ["by number, the largest first", 2, true, [1, 3, 0, 2, 4]],
    ["by a column that is not there: as they were", 99, false, [0, 1, 2, 3, 4]],
  ])("are sorted %s", (_, column, descending, expected) => {
    const all = rows.find(ask(""));
    const sorted = rows.sort(all, { column, descending });
    expect(sorted).toEqual(expected);
  });

  it("offer each value of a column once, in its order, blanks apart", () => {
    expect(rows.choices(0)).toEqual(["critical", "high", "low", "odd"]);
    expect(rows.choices(4)).toEqual(["DATA_SOURCE", "REPORT"]);
    expect(rows.choices(2)).toEqual([]);
  });

  it.each([
    ["a report", 0, "https://lookerstudio.google.com/reporting/b1c4a7d2-0f8e-4c55-9a31-77d0e2f4c001"],
    ["a data source", 1, "https://lookerstudio.google.com/datasources/2b606487-11aa-4d0e-8a76-0c5b9be0a002"],
    ["nothing that has no id", 2, undefined],
    ["nothing whose id would bend the path", 3, undefined],
  ])("link to %s", (_, row, expected) => {
    expect(rows.address(row)).toBe(expected);
  });
});

import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { csvRecord, guarded, stepsCsv } from "../../src/report/csv.ts";
import { edit, ended, pages, progressOf, written } from "./sample.ts";

function parsed(text: string): string[][] {
  return parse(text, { record_delimiter: "\r\n", relax_column_count: true });
}

const formulaStarts = ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"];

test.each(formulaStarts)("a cell that starts with %j gets a leading quote", (start) => {
  expect(guarded(`${start}1+1`)).toBe(`'${start}1+1`);
  expect(guarded(`'${start}1+1`)).toBe(`''${start}1+1`);
});

test.each(["", "1+1", "a=b", "'24 numbers", " =1", "x@y.example"])("a cell %j stays as it is", (text) => {
  expect(guarded(text)).toBe(text);
});

const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.tuple(fc.constantFrom("'", "''", ...formulaStarts), fc.string()).map(([start, rest]) => start + rest),
  fc.array(fc.constantFrom('"', ",", ";", " ", "'", "=", "a", "売"), { maxLength: 8 }).map((parts) => parts.join("")),
);

test("any text comes back from a spreadsheet's reader as one cell that is no formula", () => {
  fc.assert(
    fc.property(fc.array(nasty, { minLength: 2, maxLength: 6 }), (row) => {
      const text = csvRecord(row);
      const records = parsed(text);
      expect(records).toHaveLength(1);
      expect(records[0]).toHaveLength(row.length);
      for (const cell of records[0] ?? []) expect(formulaStarts).not.toContain(cell.slice(0, 1));
    }),
    { numRuns: 200 },
  );
});

test("the quote is the only thing a guarded cell has more", () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const cell = guarded(text);
      expect(cell === text || cell === `'${text}`).toBe(true);
      expect(/^'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(cell) ? cell.slice(1) : cell).toBe(text);
    }),
    { numRuns: 200 },
  );
});

test("every step is one record with its result under a header that names the columns", async () => {
  const [header, ...records] = parsed(await written(stepsCsv(pages(ended()))));
  const rows = records.map((record) => new Map(record.map((cell, at) => [header?.[at] ?? "", cell])));
  expect(rows.map((row) => row.get("step"))).toEqual(["1", "2", "3", "4", "5"]);
  expect(rows.map((row) => row.get("state"))).toEqual(["applied", "applied", "failed", "by-hand", "by-hand"]);
  expect(rows[0]?.get("old_owner")).toBe("leaver@acme.example");
  expect(rows[1]?.get("changed_remove")).toBe("VIEWER user:guest@partner.example; LINK_VIEWER allUsers");
  expect(rows[2]?.get("reason")).toBe("The caller does not have permission");
  expect(rows[3]?.get("link")).toBe("https://lookerstudio.google.com/reporting/2b606487-11aa-4d0e-8a76-0c5b9be0a002");
});

test("a title that is a formula is exported as text", async () => {
  const asset = { ...edit().asset, title: '=HYPERLINK("https://evil.example")' };
  const [, record] = parsed(await written(stepsCsv(pages([progressOf(edit({ asset }))]))));
  expect(record).toContain('\'=HYPERLINK("https://evil.example")');
});

test("a run without steps is a header alone", async () => {
  expect(parsed(await written(stepsCsv(pages([]))))).toHaveLength(1);
});

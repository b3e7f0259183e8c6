/** Requests written as a plan file and read again are the same requests, in either format, whatever they hold. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { firstForbiddenCharacter, printable } from "../../src/model/text.ts";
import { fields } from "../../src/plan/row.ts";
import type { Field } from "../../src/plan/row.ts";
import { csvRecord } from "../../src/report/csv.ts";
import { inked } from "../../src/report/style.ts";
import { readCsv, readYaml, told, wishes } from "./reading.ts";

type Cells = Readonly<Partial<Record<Field, string>>>;

const person = fc.constantFrom("a@b.example", "c.d+x@b.example", "e'f@g.example");
const someone = fc.oneof(person, fc.constantFrom("group:g@b.example", "domain:b.example", "user:h@i.example"));
/** Titles and remarks: anything a person can type, signs that CSV, YAML and spreadsheets read something into included. */
const free = fc
  .oneof(
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.constantFrom(
      "=1+1",
      "@x",
      "-1",
      "'24",
      "null",
      "~",
      "true",
      "1.0",
      "- a",
      "a: b",
      "# c",
      "&a",
      "*",
      "? x",
      "a,b",
      'q"q',
      "{",
      "|",
    ),
  )
  .map((text) => text.trim())
  // What the eye does not see is spelled out where CSV is written.
  .filter((text) => inked(printable(text)) === text)
  // A quote before a sign is what an export puts there, and is taken back; see guarded() in report/csv.ts.
  .filter(
    (text) =>
      text !== "" && firstForbiddenCharacter(text) === undefined && !/^'+[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(text),
  );
const asset = fc.constantFrom("abc", "a-b_c", "2b606487-42c2-416f-98a1-0d8e5a1f0c11");
const role = fc.constantFrom("EDITOR", "VIEWER");
const type = fc.constantFrom("report", "data_source");

const within: fc.Arbitrary<Cells> = fc.oneof(
  fc.record({ asset }),
  fc.record({ from: person, title: free, type }, { requiredKeys: ["title"] }),
);
const row: fc.Arbitrary<Cells> = fc.oneof(
  fc
    .record(
      { from: person, to: person, title: free, keep: fc.constantFrom("editor", "viewer", "none"), note: free },
      { requiredKeys: ["from", "to"] },
    )
    .filter(({ from, to }) => from !== to),
  fc.tuple(within, someone, role).map(([cells, member, held]) => ({ ...cells, action: "grant", member, role: held })),
  fc
    .tuple(within, someone, fc.option(role))
    .map(([cells, member, held]) => ({ ...cells, action: "revoke", member, ...(held === null ? {} : { role: held }) })),
  fc.tuple(within, person, role).map(([cells, member, held]) => ({ ...cells, action: "set-role", member, role: held })),
  asset.map((name) => ({ action: "close-link", asset: name })),
  fc
    .tuple(asset, free)
    .map(([name, note]) => ({ action: "set-link", asset: name, member: "allUsers", role: "LINK_VIEWER", note })),
);
const rows = fc.array(row, { minLength: 1, maxLength: 4 });

const csvOf = (list: readonly Cells[]): string =>
  csvRecord(fields) + list.map((cells) => csvRecord(fields.map((field) => cells[field] ?? ""))).join("");
const yamlOf = (list: readonly Cells[]): string => stringify({ version: 1, moves: list }, { lineWidth: 0 });

describe("any rows", () => {
  it("say the same as CSV and as YAML, remarks included", async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (list) => {
        const csv = await readCsv(csvOf(list));
        const yaml = await readYaml(yamlOf(list));
        expect(csv.diagnostics.length > 0, told(csv).join("\n") + told(yaml).join("\n")).toBe(
          yaml.diagnostics.length > 0,
        );
        if (csv.diagnostics.length > 0) return;
        expect(wishes(yaml)).toEqual(wishes(csv));
        expect(yaml.requests.map(({ note }) => note)).toEqual(csv.requests.map(({ note }) => note));
        expect(csv.requests.length + csv.duplicates).toBe(list.length);
      }),
      { numRuns: 300 },
    );
  });

  it("come back from CSV with the titles and remarks that were written", async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (list) => {
        const { diagnostics, duplicates, requests } = await readCsv(csvOf(list));
        if (diagnostics.length + duplicates > 0) return;
        expect(requests.map(({ select, note }) => [select.title, note])).toEqual(
          list.map(({ title, note }) => [title, note]),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("say the same with any line ends, a byte order mark, and blank lines between", async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom("\n", "\r\n", "\r"), fc.boolean(), async (list, end, marked) => {
        const text = csvOf(list);
        const other = `${marked ? "\ufeff" : ""}${text.replaceAll("\r\n", end + end)}`;
        const [plain, changed] = [await readCsv(text), await readCsv(other)];
        expect(changed.diagnostics.length).toBe(plain.diagnostics.length);
        expect(wishes(changed)).toEqual(wishes(plain));
      }),
      { numRuns: 200 },
    );
  });
});

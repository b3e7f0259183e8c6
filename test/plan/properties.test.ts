/** What holds for any plan file whatsoever. */
import { setImmediate } from "node:timers/promises";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PlanReader } from "../../src/plan/read.ts";
import { fields } from "../../src/plan/row.ts";
import { readCsv, readPlan, readYaml, told, wishes } from "./reading.ts";

const cell = fc.constantFrom(
  "",
  "a@b.example",
  "c@d.example",
  "e@f.example",
  "group:g@b.example",
  "domain:b.example",
  "allUsers",
  "EDITOR",
  "VIEWER",
  "LINK_VIEWER",
  "OWNER",
  "report",
  "data_source",
  "A *",
  "*",
  "abc",
  "none",
  "x,y",
  'q"q',
  "line\nend",
);
const action = fc.constantFrom(
  "",
  "transfer",
  "grant",
  "revoke",
  "set-role",
  "replace-member",
  "set-link",
  "close-link",
  "grnt",
);

const quote = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

describe("any bytes", () => {
  it("are read or refused, never thrown at and never waited for", async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.string({ unit: "binary", maxLength: 300 }).map((text) => Buffer.from(text)),
      fc
        .array(fc.constantFrom('"', ",", "\n", "\r", "from", "to", "\0", "\ufeff", ";", "a@b.c", "x_", " "), {
          maxLength: 60,
        })
        .map((parts) => Buffer.from(`from,to\n${parts.join("")}`)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 50 }), async (csv, chunk) => {
        const outcome = await readPlan({ csv, chunk }, { yaml: csv, chunk });
        for (const { place, problem, remedy } of outcome.diagnostics) {
          expect(place.line).toBeGreaterThan(0);
          expect(problem.length * remedy.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("that look like YAML likewise", async () => {
    const part = fc.constantFrom(
      "- ",
      "moves:",
      "\n",
      "\n  ",
      "{",
      "}",
      "[",
      "]",
      ": ",
      ", ",
      '"',
      "'",
      "&a ",
      "*a",
      "|",
      ">",
      "# ",
      "from",
      "to",
      "a@b.example",
      "version: 1\n",
      "? ",
      "---",
      "...",
      "!t ",
      "%YAML",
      "<<",
      "\t",
      "select",
      "grant",
      "users",
      "@",
      "`",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 80 }), fc.boolean(), async (parts, headed) => {
        await readYaml(`${headed ? "version: 1\nmoves:\n  - " : ""}${parts.join("")}`);
      }),
      { numRuns: 600 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe("any table of rows", () => {
  const table = fc.record({
    columns: fc
      .shuffledSubarray([...fields], { minLength: 1 })
      .filter((list) => list.includes("action") || (list.includes("from") && list.includes("to"))),
    rows: fc.array(fc.tuple(action, fc.array(cell, { minLength: 10, maxLength: 10 })), { minLength: 1, maxLength: 12 }),
  });
  const text = (columns: readonly string[], rows: readonly (readonly [string, readonly string[]])[]): string =>
    [
      columns.join(","),
      ...rows.map(([first, cells]) =>
        columns.map((column, index) => quote(column === "action" ? first : (cells[index] ?? ""))).join(","),
      ),
    ].join("\n");

  it("asks for the same in any order of rows, or contradicts itself in any", async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ columns, rows }) => {
        const forwards = await readCsv(text(columns, rows));
        const backwards = await readCsv(text(columns, rows.toReversed()));
        expect(forwards.rows).toBe(backwards.rows);
        expect(forwards.diagnostics.length > 0).toBe(backwards.diagnostics.length > 0);
        if (forwards.diagnostics.length === 0) {
          expect(wishes(forwards)).toEqual(wishes(backwards));
          expect(forwards.duplicates).toBe(backwards.duplicates);
        }
      }),
      { numRuns: 250 },
    );
  });

  it("asks for the same in any order of columns, and however its bytes arrive", async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 20 }), async ({ columns, rows }, chunk) => {
        const plain = await readCsv(text(columns, rows));
        const reversed = await readCsv(
          text(
            columns.toReversed(),
            rows.map(([first, cells]) => [first, cells.slice(0, columns.length).toReversed()]),
          ),
        );
        expect(wishes(reversed)).toEqual(wishes(plain));
        expect(reversed.diagnostics.length).toBe(plain.diagnostics.length);
        const slowly = await readPlan({ csv: text(columns, rows), chunk });
        expect([wishes(slowly), told(slowly)]).toEqual([wishes(plain), told(plain)]);
      }),
      { numRuns: 150 },
    );
  });

  it("counts every row once: handed on, merged, or told of", async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ columns, rows }) => {
        const outcome = await readCsv(text(columns, rows));
        const linesTold = new Set(outcome.diagnostics.filter((one) => one.place.line > 1).map((one) => one.place.line));
        expect(outcome.requests.length + outcome.duplicates + linesTold.size).toBe(outcome.rows);
      }),
      { numRuns: 250 },
    );
  });
});

describe("any table of sound rows", () => {
  const person = fc.constantFrom("a@b.example", "c@d.example", "e@f.example");
  const asset = fc.constantFrom("abc", "abd", "2b606487-42c2-416f-98a1-0d8e5a1f0c11");
  const role = fc.constantFrom("EDITOR", "VIEWER");
  const row = fc.oneof(
    fc.tuple(person, person, asset).map(([from, to, name]) => `transfer,${from},${to},${name},,`),
    fc.tuple(person, person).map(([from, to]) => `transfer,${from},${to},,,`),
    fc.tuple(asset, person, role).map(([name, member, held]) => `grant,,,${name},${member},${held}`),
    fc.tuple(asset, person, role).map(([name, member, held]) => `revoke,,,${name},${member},${held}`),
    fc.tuple(asset, person).map(([name, member]) => `revoke,,,${name},${member},`),
    fc.tuple(asset, person, role).map(([name, member, held]) => `set-role,,,${name},${member},${held}`),
    fc.tuple(person, person).map(([from, to]) => `replace-member,${from},${to},,,`),
    asset.map((name) => `close-link,,,${name},,`),
    asset.map((name) => `set-link,,,${name},allUsers,LINK_VIEWER`),
  );
  const rows = fc.array(row, { minLength: 1, maxLength: 6 });
  const textOf = (list: readonly string[]): string => `action,from,to,asset,member,role\n${list.join("\n")}\n`;

  it("asks for the same in any order of rows, or contradicts itself in any", async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (list) => {
        const forwards = await readCsv(textOf(list));
        const backwards = await readCsv(textOf(list.toReversed()));
        expect(forwards.diagnostics.length > 0).toBe(backwards.diagnostics.length > 0);
        if (forwards.diagnostics.length > 0) return;
        expect(wishes(forwards)).toEqual(wishes(backwards));
        expect(forwards.duplicates).toBe(backwards.duplicates);
      }),
      { numRuns: 400 },
    );
  });

  it("asks for no more when it is given twice", async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (list) => {
        const once = await readCsv(textOf(list));
        if (once.diagnostics.length > 0) return;
        const twice = await readPlan({ csv: textOf(list) }, { name: "again.csv", csv: textOf(list) });
        expect(told(twice)).toEqual([]);
        expect(wishes(twice)).toEqual(wishes(once));
        expect(twice.duplicates).toBe(once.duplicates * 2 + once.requests.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a long file", () => {
  it("is handed on while it is read, and the reader waits for whoever takes it", async () => {
    const rowsMax = 30_000;
    let produced = 0;
    let taken = 0;
    let furthestAhead = 0;
    async function* rows(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("from,to,asset\n");
      for (; produced < rowsMax; produced += 1000) {
        const lines = Array.from({ length: 1000 }, (_, index) => `a@b.example,c@d.example,id-${produced + index}\n`);
        yield Buffer.from(lines.join(""));
        furthestAhead = Math.max(furthestAhead, produced - taken);
      }
    }
    const reader = new PlanReader();
    await reader.read({ name: "long.csv", format: "csv", bytes: rows() }, async (batch) => {
      await setImmediate();
      taken += batch.length;
    });
    expect([reader.finish().diagnostics, taken]).toEqual([[], rowsMax]);
    expect(furthestAhead).toBeLessThan(5000);
  });
});

/** The walk along the audit chain over tables filled by hand: every way a row and its step can disagree, told in full. */
import { createHash } from "node:crypto";
import Database from "better-sqlite3";
import type { Database as Connection } from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { walkAudit } from "../../src/journal/sqlite/audit-walk.ts";
import { ChainWriter, readTail, tailHolds } from "../../src/journal/sqlite/chain.ts";
import { genesis, linkHash } from "../../src/journal/chain.ts";
import { createTables } from "../../src/journal/sqlite/schema.ts";

const sha = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
const start = genesis("run", "digest");

const started = { kind: "note:started", at: 1 };
const moved = { kind: "ended", step: 1, outcome: "applied", attempts: 1, at: 2 };
const edited = {
  kind: "ended",
  step: 2,
  outcome: "failed",
  attempts: 2,
  at: 3,
  asset: "a2",
  failure: "gone",
  reason: "no",
};
const skipped = { kind: "skipped", steps: "3-4,6", count: 3, at: 4 };
const bodies = [started, moved, edited, skipped].map((body) => JSON.stringify(body));

let db: Connection;

/** Six steps: a transfer, and five edits of which the last but one is open. */
beforeEach(() => {
  db = new Database(":memory:");
  createTables(db);
  db.exec(`insert into actors values (1, 'ana@acme.example');
    insert into tail values (1, 0, 0, '${start}');
    insert into steps values (1, 1, 1, 'a1', null, null, '{}');
    insert into progress values (1, 1, 2, 0, 1, 2, null, null, null, 2)`);
  const step = db.prepare("insert into steps values (?, 0, 1, ?, null, null, '{}')");
  for (const seq of [2, 3, 4, 5, 6]) step.run(seq, `a${seq}`);
  db.exec(`insert into progress values (2, 1, 6, 0, 2, 3, 'gone', 'no', null, 3);
    insert into progress values (5, 1, 0, 0, 0, null, null, null, null, null)`);
  const skip = db.prepare("insert into progress values (?, 1, 5, 0, 0, 4, 'predecessor', null, null, 4)");
  for (const seq of [3, 4, 6]) skip.run(seq);
  write(bodies);
});
afterEach(() => {
  db.close();
});

/** These rows and no others, linked as they should be. */
function write(rows: readonly string[]): void {
  db.exec(`delete from audit; update tail set audit_rows = 0, audit_head = '${start}'`);
  const chain = new ChainWriter(db);
  for (const body of rows) chain.append(body);
  chain.writeTail();
}

/** Row `row` says this instead, and the chain is sound. */
function say(row: number, body: unknown): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  write(bodies.map((other, index) => (index + 1 === row ? text : other)));
}

function hashAt(row: number): string {
  return bodies.slice(0, row).reduce((previous, body) => sha(previous + body), start);
}

describe("the chain", () => {
  it("begins with its run and links each text to the hash before it", () => {
    expect(start).toBe(sha("handover audit 1\nrun\ndigest\n"));
    expect(linkHash(start, "text")).toBe(sha(`${start}text`));
    expect(readTail(db)).toEqual({ rows: 4, head: hashAt(4) });
    expect(db.prepare("select seq, body, hash from audit where seq = 3").get()).toEqual({
      seq: 3,
      body: bodies[2],
      hash: hashAt(3),
    });
  });

  it("goes on where it was left, and writes its tail once something was appended", () => {
    const chain = new ChainWriter(db);
    expect(chain.head).toEqual({ row: 4, hash: hashAt(4) });
    db.exec("update tail set audit_rows = 9");
    chain.writeTail();
    expect(readTail(db).rows).toBe(9);
    expect(chain.append("more")).toBe(5);
    expect(chain.head).toEqual({ row: 5, hash: sha(`${hashAt(4)}more`) });
    chain.writeTail();
    expect(readTail(db)).toEqual({ rows: 5, head: chain.head.hash });
    db.exec("update tail set audit_rows = 9");
    chain.writeTail();
    expect(readTail(db).rows).toBe(9);
  });

  it.each<[string, string, boolean]>([
    ["as it was written", "", true],
    ["with rows where there are none", "delete from audit", false],
    ["with another count", "update tail set audit_rows = 5", false],
    ["with another head", "update tail set audit_head = 'x'", false],
    ["emptied with its count", "delete from audit; update tail set audit_rows = 0", false],
    ["emptied with its head", `delete from audit; update tail set audit_head = '${start}'`, false],
    ["not begun", `delete from audit; update tail set audit_rows = 0, audit_head = '${start}'`, true],
  ])("%s: its tail holds or does not", (_, sql, holds) => {
    db.exec(sql);
    expect(tailHolds(db, start)).toBe(holds);
  });

  it("without a tail is not read", () => {
    db.exec("delete from tail");
    expect(() => readTail(db)).toThrow(new SyntaxError("the run file has no tail"));
  });
});

describe("a walk", () => {
  it("finds nothing wrong where nothing is", async () => {
    expect(await walkAudit(db, start)).toEqual({
      rows: 4,
      ended: 5,
      head: hashAt(4),
      chain: undefined,
      results: undefined,
    });
  });

  it("finds nothing wrong in a chain that has not begun", async () => {
    write([]);
    db.exec("update progress set state = 0, audit = null");
    expect(await walkAudit(db, start)).toEqual({
      rows: 0,
      ended: 0,
      head: start,
      chain: undefined,
      results: undefined,
    });
  });

  it("goes over pages", async () => {
    write([...bodies, ...Array.from({ length: 2_100 }, (_, at) => `{"kind":"note:n","at":${at}}`)]);
    expect(await walkAudit(db, start)).toMatchObject({ rows: 2_104, ended: 5, chain: undefined, results: undefined });
  });

  it("leaves out what is appended while it goes on", async () => {
    const notes = Array.from({ length: 1_500 }, (_, at) => `{"kind":"note:n","at":${at}}`);
    write([...bodies, ...notes]);
    const { head } = readTail(db);
    const walk = walkAudit(db, start);
    const chain = new ChainWriter(db);
    chain.append('{"kind":"ended","step":5,"outcome":"applied","attempts":1,"at":9,"asset":"a5"}');
    chain.writeTail();
    db.exec("update progress set state = 2, attempts = 1, audit = 1505, updated = 9 where seq = 5");
    expect(await walk).toEqual({ rows: 1_504, ended: 5, head, chain: undefined, results: undefined });
  });

  it.each<[string, string, number, object]>([
    [
      "a row before the first",
      "insert into audit values (0, '', '')",
      0,
      { problem: "a row stands before the first", row: 1 },
    ],
    [
      "a changed text",
      "update audit set body = '{}' where seq = 2",
      1,
      {
        problem: "its hash does not follow from its text and the row before",
        row: 2,
        expected: sha(`${hashAt(1)}{}`),
        found: hashAt(2),
      },
    ],
    [
      "a row taken away",
      "delete from audit where seq = 2",
      1,
      { problem: "the row is missing", row: 2, expected: "row 2 of 4", found: "row 3" },
    ],
    [
      "the last row taken away",
      "delete from audit where seq = 4",
      3,
      { problem: "the row is missing", row: 4, expected: "row 4 of 4", found: "no row" },
    ],
    [
      "another head",
      "update tail set audit_head = 'x'",
      4,
      { problem: "it is not the row that was written last", row: 4, expected: "x", found: hashAt(4) },
    ],
    [
      "another head of no row",
      "update tail set audit_head = 'x', audit_rows = 0",
      0,
      { problem: "it is not the row that was written last", row: 1, expected: "x", found: start },
    ],
    [
      "rows behind the last",
      "insert into audit values (5, '', ''), (7, '', '')",
      4,
      { problem: "rows follow the one that was written last", row: 5, expected: "no row", found: "rows up to 7" },
    ],
  ])("finds %s", async (_, sql, rows, flaw) => {
    db.exec(sql);
    const walk = await walkAudit(db, start);
    expect(walk).toMatchObject({ rows, chain: flaw });
    expect(walk.results).toBeUndefined();
  });

  it.each<[string, number, unknown, object]>([
    ["no JSON", 1, "{", { problem: "the row is no record of this product", row: 1 }],
    ["nothing", 1, "null", { problem: "the row is no record of this product", row: 1 }],
    ["a number", 1, "7", { problem: "the row is no record of this product", row: 1 }],
    ["no kind", 1, { at: 1 }, { problem: "the row is no record of this product", row: 1 }],
    [
      "a step that is not there",
      2,
      { ...moved, step: 9 },
      { problem: "it ends a step that the run does not hold", row: 2, found: "9" },
    ],
    [
      "a step that is text",
      2,
      { ...moved, step: "x" },
      { problem: "it ends a step that the run does not hold", row: 2, found: "x" },
    ],
    [
      "no step",
      2,
      { ...moved, step: undefined },
      { problem: "it ends a step that the run does not hold", row: 2, found: "null" },
    ],
    [
      "half a step",
      2,
      { ...moved, step: 1.5 },
      { problem: "it ends a step that the run does not hold", row: 2, found: "1.5" },
    ],
    [
      "another's step",
      2,
      { ...moved, step: 2 },
      { problem: "its step is ended by another row, or by none", row: 2, step: 2, expected: "2", found: "3" },
    ],
    [
      "another outcome",
      2,
      { ...moved, outcome: "unchanged" },
      { problem: "its step has another outcome", expected: "unchanged", found: "applied" },
    ],
    [
      "another count",
      2,
      { ...moved, attempts: 3 },
      { problem: "its step has another count of attempts", expected: "3", found: "1" },
    ],
    ["another time", 2, { ...moved, at: 3 }, { problem: "its step ended at another time", expected: "3", found: "2" }],
    [
      "an asset of a transfer",
      2,
      { ...moved, asset: "a1" },
      { problem: "its step concerns another asset", expected: "a1", found: "null" },
    ],
    [
      "another class",
      3,
      { ...edited, failure: "lost" },
      { problem: "its step failed for another class of reason", row: 3, step: 2, expected: "lost", found: "gone" },
    ],
    [
      "no class",
      3,
      { ...edited, failure: undefined },
      { problem: "its step failed for another class of reason", expected: "", found: "gone" },
    ],
    [
      "another reason",
      3,
      { ...edited, reason: "yes" },
      { problem: "its step failed for another reason", expected: "yes", found: "no" },
    ],
    [
      "no reason",
      3,
      { ...edited, reason: undefined },
      { problem: "its step failed for another reason", expected: "", found: "no" },
    ],
    [
      "another asset",
      3,
      { ...edited, asset: "a3" },
      { problem: "its step concerns another asset", expected: "a3", found: "a2" },
    ],
    [
      "no asset",
      3,
      { ...edited, asset: undefined },
      { problem: "its step concerns another asset", expected: "null", found: "a2" },
    ],
    [
      "too many skipped",
      4,
      { ...skipped, steps: "3-6" },
      {
        problem: "not all of its steps stand as skipped by it",
        row: 4,
        step: 3,
        expected: "4 of the steps 3 to 6",
        found: "3",
      },
    ],
    [
      "another time of skipping",
      4,
      { ...skipped, at: 5 },
      { problem: "not all of its steps stand as skipped by it", row: 4, step: 3, found: "0" },
    ],
    [
      "another number",
      4,
      { ...skipped, count: 4 },
      { problem: "it names another number of steps than it counts", row: 4, expected: "4", found: "3" },
    ],
    [
      "no number",
      4,
      { ...skipped, count: undefined },
      { problem: "it names another number of steps than it counts", expected: "null", found: "3" },
    ],
    [
      "no list",
      4,
      { ...skipped, steps: 3 },
      { problem: "not all of its steps stand as skipped by it", row: 4, step: 0, found: "0" },
    ],
    [
      "no end",
      2,
      started,
      { problem: "a step has ended, and no row ends it", row: 5, step: 1, expected: "one row", found: "none" },
    ],
    ["no end of the second", 3, started, { problem: "a step has ended, and no row ends it", row: 5, step: 2 }],
    ["no skipping", 4, started, { problem: "a step has ended, and no row ends it", row: 5, step: 3 }],
    [
      "fewer skipped",
      4,
      { ...skipped, steps: "3,6", count: 2 },
      { problem: "a step has ended, and no row ends it", row: 5, step: 4 },
    ],
    [
      "fewer at the end",
      4,
      { ...skipped, steps: "3-4", count: 2 },
      { problem: "a step has ended, and no row ends it", row: 5, step: 6 },
    ],
  ])("finds a row that says %s", async (_, row, body, flaw) => {
    say(row, body);
    const walk = await walkAudit(db, start);
    expect([walk.rows, walk.chain]).toEqual([4, undefined]);
    expect(walk.results).toMatchObject(flaw);
  });

  it("tells the first of several disagreements", async () => {
    write([bodies[0] ?? "", JSON.stringify({ ...moved, at: 9 }), JSON.stringify({ ...edited, at: 9 }), "{}"]);
    expect((await walkAudit(db, start)).results).toMatchObject({ row: 2, problem: "its step ended at another time" });
  });

  it("takes a skipped step's own end by itself", async () => {
    const own = { kind: "ended", step: 3, outcome: "skipped", attempts: 0, at: 4, asset: "a3", failure: "predecessor" };
    db.exec(
      "update progress set reason = '' where seq = 3; update progress set state = 0, audit = null where seq in (4, 6)",
    );
    say(4, own);
    expect(await walkAudit(db, start)).toMatchObject({ ended: 3, results: undefined });
    say(4, { ...own, reason: "other" });
    expect((await walkAudit(db, start)).results).toMatchObject({ problem: "its step failed for another reason" });
  });

  it("minds no reason of a step that did not fail", async () => {
    say(2, { ...moved, failure: "gone", reason: "for show" });
    expect(await walkAudit(db, start)).toMatchObject({ ended: 5, results: undefined });
  });

  it.each<[string, string, number]>([
    ["by no row", "update progress set state = 2 where seq = 5", 5],
    ["by a row to come", "update progress set state = 2, audit = 5 where seq = 5", 5],
    ["by row 0", "update progress set state = 2, audit = 0 where seq = 5", 5],
    ["by another's row", "update progress set state = 2, audit = 2 where seq = 5", 5],
    ["by a note", "update progress set state = 2, audit = 1 where seq = 5", 5],
    ["by a row of others", "update progress set state = 5, audit = 4 where seq = 5", 5],
  ])("finds a step that was ended %s", async (_, sql, step) => {
    db.exec(sql);
    expect((await walkAudit(db, start)).results).toMatchObject({
      problem: "a step has ended, and no row ends it",
      row: 5,
      step,
    });
  });

  it.each(["state = 2", "attempts = 1", "failure = 'other'", "updated = 9", "audit = 3"])(
    "finds a skipped step with %s",
    async (change) => {
      db.exec(`update progress set ${change} where seq = 4`);
      expect((await walkAudit(db, start)).results).toMatchObject({
        row: 4,
        step: 3,
        expected: "2 of the steps 3 to 4",
        found: "1",
      });
    },
  );
});

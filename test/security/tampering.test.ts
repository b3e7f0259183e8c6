/** A run file changed behind the product's back: what `handover evidence verify` finds, row by row, and what it cannot. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examineRun } from "../../src/journal/sqlite/examine.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { isSound } from "../../src/model/examination.ts";
import type { CheckName, Examination, Flaw } from "../../src/model/examination.ts";
import { ManualClock } from "../support/clock.ts";
import { makeFinishedRun, meddled, rewriteHashes, rows, steps } from "./finished-run.ts";

let folder: string;
let original: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-evidence-"));
  original = join(folder, "run.handover");
  await makeFinishedRun(original);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const every = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
const openSteps = [11, 12];

async function examined(change: Parameters<typeof meddled>[1], head?: string): Promise<Examination> {
  return examineRun(await meddled(original, change), { head });
}

function broken(examination: Examination): readonly CheckName[] {
  return examination.findings.filter(({ verdict }) => verdict === "broken").map(({ check }) => check);
}

function flaw(examination: Examination, check: CheckName): Flaw | undefined {
  return examination.findings.find((finding) => finding.check === check)?.flaw;
}

/** The flaw of the only broken check. */
async function onlyFlaw(check: CheckName, change: Parameters<typeof meddled>[1]): Promise<Flaw | undefined> {
  const examination = await examined(change);
  expect(broken(examination)).toEqual([check]);
  return flaw(examination, check);
}

describe("a run that nobody has changed", () => {
  it("is sound in every check, each of which has looked at something", async () => {
    const examination = await examined("select 1");
    expect(isSound(examination)).toBe(true);
    expect(Object.fromEntries(examination.findings.map(({ check, covered }) => [check, covered]))).toMatchObject({
      steps,
      chain: rows,
      results: steps - openSteps.length,
      order: steps,
      attempts: 12,
      scope: steps,
    });
    expect(examination.head).toEqual({ row: rows, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });
});

describe("the audit chain", () => {
  it.each(every(rows))("shows a byte of row %i's text changed, anywhere", async (row) => {
    const body = await meddled(original, "select 1").then(async (path) => {
      const reader = await openReader(path);
      const [found] = await reader.audit(row - 1, 1);
      await reader.close();
      return found?.body ?? "";
    });
    // Not each one: every change is a whole examination.
    for (let at = row; at < body.length; at += 37) {
      const changed = `${body.slice(0, at)}${body[at] === "x" ? "y" : "x"}${body.slice(at + 1)}`;
      const found = await onlyChain(
        (db) => void db.prepare("update audit set body = ? where seq = ?").run(changed, row),
      );
      expect(found).toMatchObject({ row, problem: expect.stringContaining("hash") });
    }
  });

  /** Broken in the chain first of all; what follows from it may be unchecked. */
  async function onlyChain(change: Parameters<typeof meddled>[1]): Promise<Flaw | undefined> {
    const examination = await examined(change);
    expect(broken(examination)).toContain("chain");
    return flaw(examination, "chain");
  }

  const moveBack = (row: number): string =>
    `update audit set seq = -seq where seq >= ${row}; update audit set seq = 1 - seq where seq < 0;`;
  const exchange = (row: number, other: number): string =>
    `update audit set seq = 100 where seq = ${row}; update audit set seq = ${row} where seq = ${other};
     update audit set seq = ${other} where seq = 100`;

  it.each<readonly [string, (row: number) => string, { readonly until?: number; readonly seenAt?: number }]>([
    [
      "its hash changed",
      (row) => `update audit set hash = replace(hash, substr(hash, 9, 1), 'z') where seq = ${row}`,
      {},
    ],
    ["it taken away", (row) => `delete from audit where seq = ${row}`, {}],
    [
      "it taken away and the others moved up",
      (row) => `delete from audit where seq = ${row}; update audit set seq = seq - 1 where seq > ${row}`,
      {},
    ],
    ["everything from it on cut off", (row) => `delete from audit where seq >= ${row}`, {}],
    [
      "another put in before it",
      (row) => `${moveBack(row)} insert into audit values (${row}, '{"kind":"note:x"}', '00')`,
      {},
    ],
    [
      "it repeated after itself",
      (row) => `${moveBack(row + 1)} insert into audit select ${row + 1}, body, hash from audit where seq = ${row}`,
      { seenAt: 1 },
    ],
    ["it exchanged for the next", (row) => exchange(row, row + 1), { until: rows - 1 }],
    ["it exchanged for the last", (row) => exchange(row, rows), { until: rows - 1 }],
  ])("shows each row with %s, and names it", async (_, sql, { until = rows, seenAt = 0 }) => {
    for (const row of every(until)) {
      const found = await onlyChain(sql(row));
      expect(found?.row, `row ${row}`).toBe(row + seenAt);
      expect(found?.expected).toBeDefined();
      expect(found?.found).toBeDefined();
    }
  });

  it.each(every(rows - 1))("shows an end cut off after row %i together with its count", async (row) => {
    const examination = await examined(
      `delete from audit where seq > ${row}; update tail set audit_rows = ${row},
       audit_head = (select hash from audit where seq = ${row})`,
    );
    // Notes end no step: without them the chain alone is whole, and only a head noted earlier tells (below).
    const onlyNotes = row === rows - 1;
    expect(isSound(examination)).toBe(onlyNotes);
    if (!onlyNotes) expect(flaw(examination, "results")?.row).toBeLessThanOrEqual(row + 1);
  });

  it("of which what is kept beside it is taken away cannot be read, and that is said", async () => {
    expect(await onlyChain("delete from tail")).toMatchObject({ problem: expect.stringContaining("no tail") });
    const path = await meddled(original, "delete from tail");
    await expect(openJournal(path, { clock: new ManualClock() })).rejects.toMatchObject({ kind: "corrupt" });
  });
});

describe("results", () => {
  const ended = every(steps).filter((step) => !openSteps.includes(step));
  const columns: readonly (readonly [string, string])[] = [
    ["outcome", "state = iif(state = 8, 2, 8)"],
    ["count of attempts", "attempts = attempts + 1"],
    ["row", "audit = iif(audit = 1, 2, 1)"],
    ["row gone", "audit = null"],
    ["class", "failure = coalesce(failure, '') || 'x'"],
    ["reason", "reason = coalesce(reason, '') || 'x'"],
    ["time", "updated = updated + 1"],
  ];
  // All steps skipped by one row share its reason, which is made anew from their predecessor.
  const isShared = (step: number, name: string): boolean => name === "reason" && step >= 2 && step <= 4;

  it.each(columns)("of any step with another %s are at odds with their row", async (name, change) => {
    for (const step of ended.filter((each) => !isShared(each, name))) {
      const examination = await examined(`update progress set ${change} where seq = ${step}`);
      expect(broken(examination), `step ${step}`).toContain("results");
      if (step < 2 || step > 4) expect(flaw(examination, "results")?.step).toBe(step);
    }
  });

  it.each(ended)("of step %i called open again are missed by their row", async (step) => {
    const examination = await examined(
      `update progress set state = 0, audit = null, failure = null, reason = null, attempts = 0 where seq = ${step}`,
    );
    expect(broken(examination)).toContain("results");
  });

  it.each(openSteps)("of step %i that never ended have no row", async (step) => {
    for (const audit of ["null", "0", "1", "2", String(rows), "99"]) {
      const examination = await examined(`update progress set state = 2, audit = ${audit} where seq = ${step}`);
      expect(flaw(examination, "results"), audit).toMatchObject({ step, expected: "one row" });
    }
  });

  const bodies: readonly (readonly [string, string, Partial<Flaw>])[] = [
    [
      "another outcome",
      `json_set(body, '$.outcome', 'unchanged')`,
      { step: 5, expected: "unchanged", found: "applied" },
    ],
    ["another step", `json_set(body, '$.step', 6)`, { step: 6 }],
    ["a step that does not exist", `json_set(body, '$.step', 4711)`, { found: "4711" }],
    ["another asset", `json_set(body, '$.asset', 'other')`, { step: 5, expected: "other", found: "asset-5" }],
    ["fewer attempts", `json_set(body, '$.attempts', 1)`, { step: 5, expected: "1", found: "2" }],
    ["another time", `json_set(body, '$.at', 7)`, { step: 5, expected: "7" }],
    ["no record", `'nonsense'`, { problem: "the row is no record of this product" }],
    ["a list", `'[1]'`, { problem: "the row is no record of this product" }],
    ["nothing", `'null'`, { problem: "the row is no record of this product" }],
  ];
  it.each(bodies)("are at odds with a row that tells of %s, all hashes made anew", async (_, body, expected) => {
    const found = await examined((db) => {
      db.exec(`update audit set body = ${body} where json_extract(body, '$.step') = 5`);
      rewriteHashes(db);
    });
    expect(flaw(found, "chain")).toBeUndefined();
    expect(flaw(found, "results")).toMatchObject(expected);
  });

  it.each(["1", "1-3", "2-5", "2,2-4", "", "4-2", "x", "1e9-1e15"])(
    "are at odds with a row that skips the steps %j, all hashes made anew",
    async (ranges) => {
      const found = await examined((db) => {
        db.prepare(
          "update audit set body = json_set(body, '$.steps', ?) where json_extract(body, '$.kind') = 'skipped'",
        ).run(ranges);
        rewriteHashes(db);
      });
      expect(broken(found)).toContain("results");
    },
  );

  it("with a second row for a step are not ended twice", async () => {
    const found = await examined((db) => {
      db.exec(`insert into audit select ${rows + 1}, body, '' from audit where json_extract(body, '$.step') = 5`);
      rewriteHashes(db);
    });
    expect(flaw(found, "results")).toMatchObject({ row: rows + 1, step: 5 });
  });
});

describe("changed beyond the plan", () => {
  const planned = { outcome: "applied" };
  it.each([
    ["a grant", `'$.changed.add', json('[["EDITOR","user:eve@evil.example"]]')`, "+ EDITOR user:eve@evil.example"],
    [
      "a revocation",
      `'$.changed.remove', json('[["OWNER","user:anna@acme.example"]]')`,
      "- OWNER user:anna@acme.example",
    ],
    ["an owner", `'$.newOwner', 'eve@evil.example'`, "owner eve@evil.example"],
  ])("is %s that a row tells of and the plan does not name, all hashes made anew", async (_, change, found) => {
    const examination = await examined((db) => {
      db.exec(`update audit set body = json_set(body, ${change}) where json_extract(body, '$.step') = 5
        and json_extract(body, '$.outcome') = '${planned.outcome}'`);
      rewriteHashes(db);
    });
    expect(broken(examination)).toEqual(["scope"]);
    expect(flaw(examination, "scope")).toMatchObject({ step: 5, found });
  });

  it("is also what an intent would do", async () => {
    const change = `update intents set body = json_set(body, '$.delta.add', json('[["EDITOR","allUsers"]]')) where attempt = 2`;
    expect(await onlyFlaw("scope", change)).toMatchObject({ step: 11, found: "+ EDITOR allUsers" });
  });
});

describe("the frozen part", () => {
  const columns = [
    "kind = (kind + 1) % 3",
    "actor = iif(actor = 1, 2, 1)",
    "asset = 'x'",
    "after = iif(after = 1, null, 1)",
    "unless = 3",
    "body = body || ' '",
  ];
  it.each(columns)("of any step with %s is not as planned", async (column) => {
    for (const step of every(steps)) {
      const examination = await examined(`update steps set ${column} where seq = ${step}`);
      expect(broken(examination), `step ${step}`).toContain("steps");
    }
  });

  it.each([
    ["header", "update run set header = replace(header, 'acme', 'evil')"],
    ["header", "update run set digest = replace(digest, substr(digest, 1, 1), 'z')"],
    ["header", "delete from run"],
    ["header", "update pages set digest = '00'"],
    ["header", "delete from pages"],
    ["header", "update run set header = 'nonsense'"],
    ["steps", `delete from steps where seq = ${steps}`],
    ["steps", `insert into steps select 99, kind, actor, asset, after, unless, body from steps where seq = ${steps}`],
    ["steps", "update actors set email = 'eve@acme.example' where id = 3"],
    ["order", "delete from progress where seq = 11"],
    ["file", "insert into progress (seq, actor) values (99, 1)"],
    ["file", "insert into verdicts values (99, 'verified', 1)"],
  ] as const)("shows in %s: %s", async (check, sql) => {
    expect(broken(await examined(sql))).toContain(check);
  });

  it.each([
    ["a trigger", "create trigger sly after update on progress begin delete from intents; end"],
    ["a view in a table's place", "alter table steps rename to real; create view steps as select * from real"],
    ["a table more", "create table more (x)"],
    ["an index less", "drop index ready"],
    ["a column more", "alter table progress add column more text"],
    [
      "a constraint less",
      "drop table verdicts; create table verdicts (seq integer primary key, verdict text, at integer)",
    ],
  ])("with %s is nobody's run: neither read nor carried out", async (_, sql) => {
    const path = await meddled(original, sql);
    const examination = await examineRun(path, { head: undefined });
    expect(broken(examination)).toEqual(["tables"]);
    expect(examination.findings.filter(({ verdict }) => verdict === "holds")).toEqual([]);
    await expect(openReader(path)).rejects.toMatchObject({ kind: "tampered" });
    await expect(openJournal(path, { clock: new ManualClock() })).rejects.toMatchObject({ kind: "tampered" });
  });
});

describe("open steps", () => {
  it.each<readonly [CheckName, string, number, string]>([
    ["order", "a gate opened early", 12, "update progress set gate = 0 where seq = 12"],
    ["order", "a gate that leads elsewhere", 12, "update progress set gate = 5 where seq = 12"],
    ["order", "a gate where there is none", 11, "update progress set gate = 5 where seq = 11"],
    ["order", "another's turn", 11, "update progress set actor = 1 where seq = 11"],
    ["order", "another's turn for a transfer", 9, "update progress set actor = 5 where seq = 9"],
    ["attempts", "an intent too few", 11, "delete from intents where attempt = 1"],
    ["attempts", "a gap between intents", 11, "update intents set attempt = 5 where attempt = 2"],
    ["attempts", "an intent of an ended step", 5, "insert into intents select 5, attempt, void, at, body from intents"],
    ["attempts", "attempts counted twice", 11, "update progress set attempts = 1 where seq = 11"],
    [
      "scope",
      "an intent of another number",
      11,
      "update intents set body = json_set(body, '$.attempt', 7) where attempt = 2",
    ],
    ["scope", "an intent of another time", 11, "update intents set at = 7 where attempt = 2"],
    ["scope", "an intent that is no record", 11, "update intents set body = '{}' where attempt = 2"],
  ])("show in %s: %s", async (check, _, step, sql) => {
    const examination = await examined(sql);
    expect(broken(examination)).toContain(check);
    const found = flaw(examination, check);
    if (found?.step !== undefined) expect(found.step).toBe(step);
  });

  it("that changed something have had an attempt", async () => {
    const found = await examined((db) => {
      db.exec(`update audit set body = json_set(body, '$.attempts', 0) where json_extract(body, '$.step') = 5`);
      db.exec("update progress set attempts = 0 where seq = 5");
      rewriteHashes(db);
    });
    expect(broken(found)).toEqual(["attempts"]);
    expect(flaw(found, "attempts")).toMatchObject({ step: 5 });
  });
});

// What no chain can tell by itself: it is not signed, and the file's holder can do everything that the product can.
describe("a chain written anew from some row on, with all that hangs on it", () => {
  /** Step 5 is made to look unchanged, or the last rows to have never been; everything else follows. */
  const forgeries: readonly (readonly [string, (db: Database.Database) => void])[] = [
    [
      "another story about a step",
      (db) => {
        db.exec(
          `update audit set body = json_set(body, '$.outcome', 'unchanged') where json_extract(body, '$.step') = 5`,
        );
        db.exec("update progress set state = 4 where seq = 5");
        rewriteHashes(db);
      },
    ],
    [
      "a step that was never carried out",
      (db) => {
        db.exec(`delete from audit where seq >= ${rows - 1}; delete from verdicts`);
        db.exec("update progress set state = 0, audit = null, attempts = 0, updated = null where seq = 10");
        rewriteHashes(db);
      },
    ],
    [
      "a note less",
      (db) => {
        db.exec(`delete from audit where seq = ${rows}`);
        rewriteHashes(db);
      },
    ],
  ];

  it.each(forgeries)("is not told from a true one: %s", async (_, forge) => {
    expect(isSound(await examined(forge))).toBe(true);
  });

  it.each(forgeries)("is found by a head that was noted before: %s", async (_, forge) => {
    const noted = (await examined("select 1")).head?.hash;
    const examination = await examined(forge, noted);
    expect(broken(examination)).toEqual(["head"]);
    expect(flaw(examination, "head")?.expected).toBe(noted);
  });

  it("leaves heads that were noted before the row in place", async () => {
    const reader = await openReader(original);
    const audit = await reader.audit(0, rows);
    await reader.close();
    for (const { seq, hash } of audit) {
      const examination = await examined("select 1", hash);
      expect(isSound(examination)).toBe(true);
      expect(examination.findings.find(({ check }) => check === "head")?.covered).toBe(seq);
    }
    const [, forge] = forgeries[1] ?? [];
    expect(isSound(await examined(forge ?? "select 1", audit[rows - 3]?.hash))).toBe(true);
  });

  it("does not pass for the chain of another run", async () => {
    const other = "0".repeat(64);
    expect(broken(await examined("select 1", other))).toEqual(["head"]);
  });
});

/** Changes made to a run behind the product's back are found: to its frozen part by the digest, to its history by the chain. */
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyToFile } from "../../src/journal/sqlite/copying.ts";
import { openDump } from "../../src/journal/sqlite/dump.ts";
import { examineRun } from "../../src/journal/sqlite/examine.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { createRun } from "../../src/journal/sqlite/writer.ts";
import { ManualClock } from "../support/clock.ts";
import { ben, byHand, edit, edits, failed, header, result, transfer } from "./samples.ts";

let folder: string;
let original: string;
const clock = new ManualClock();
let copies = 0;

// 2,200 steps make three digest pages; six rows of audit, among them one that skips three steps.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-tamper-"));
  original = join(folder, "run.handover");
  const writer = await createRun(original);
  await writer.add([transfer(), edit({ after: 1 }), edit({ after: 1 }), edit({ after: 1 }), byHand({ unless: 6 })]);
  await writer.add(edits(2195, { actor: ben }));
  await writer.seal(header());
  const journal = await openJournal(original, { clock });
  await clock.drive(journal.note("started", { open: 2200 }));
  const claims = await journal.claim({ max: 4, perActor: 9, halted: new Set() });
  for (const claim of claims) {
    await clock.drive(journal.result(claim, claim.step.kind === "transfer" ? failed() : result()));
  }
  await journal.close();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A copy of the run with `sql` done to it. */
async function meddled(sql: string): Promise<string> {
  copies += 1;
  const path = join(folder, `copy-${copies}.handover`);
  await copyFile(original, path);
  const db = new Database(path);
  db.pragma("foreign_keys = off");
  db.exec(sql);
  db.close();
  return path;
}

describe("the frozen part", () => {
  it.each([
    ["a step's kind", "update steps set kind = 2 where seq = 1500"],
    ["a step's actor", "update steps set actor = 1 where seq = 1500"],
    ["a step's asset", "update steps set asset = 'other' where seq = 1500"],
    ["a step's predecessor", "update steps set after = null where seq = 2"],
    ["a predecessor where there was none", "update steps set after = 1 where seq = 2200"],
    ["a line's edit", "update steps set unless = 7 where seq = 5"],
    ["a step's body", "update steps set body = replace(body, 'EDITOR', 'VIEWER') where seq = 2200"],
    ["a blank in a step's body", "update steps set body = body || ' ' where seq = 1"],
    [
      "letters moved from the asset to the body",
      "update steps set asset = asset || '{', body = substr(body, 2) where seq = 9",
    ],
    ["a step's place", "update steps set seq = 5000 where seq = 2200"],
    [
      "two steps' places",
      "update steps set seq = -seq where seq in (7, 8); update steps set seq = 15 + seq where seq < 0",
    ],
    ["the address of an actor", "update actors set email = 'eve@acme.example' where id = 2"],
    ["a step taken away", "delete from steps where seq = 1000"],
    ["the last step taken away", "delete from steps where seq = 2200"],
    [
      "a step added",
      "insert into steps select 2201, kind, actor, asset, after, unless, body from steps where seq = 2200",
    ],
    [
      "a step added in front",
      "insert into steps select 0, kind, actor, asset, after, unless, body from steps where seq = 2200",
    ],
  ])("is refused by an apply, and found on request by a reader, when it has %s changed", async (_, sql) => {
    const path = await meddled(sql);
    await expect(openJournal(path, { clock })).rejects.toMatchObject({ kind: "tampered" });
    const reader = await openReader(path);
    await expect(reader.verifyDigest()).rejects.toMatchObject({ kind: "tampered" });
    await reader.close();
  });

  it.each([
    ["the header", "update run set header = replace(header, 'acme', 'evil')"],
    ["the digest", "update run set digest = replace(digest, substr(digest, 1, 1), 'x')"],
    ["a page's digest", "update pages set digest = (select digest from pages where page = 1) where page = 2"],
    ["a page's digest taken away", "delete from pages where page = 3"],
    ["a page's digest added", "insert into pages select 4, digest from pages where page = 3"],
  ])("is refused by everybody when it has %s changed", async (_, sql) => {
    const path = await meddled(sql);
    await expect(openJournal(path, { clock })).rejects.toMatchObject({ kind: "tampered" });
    await expect(openReader(path)).rejects.toMatchObject({ kind: "tampered" });
  });

  it("is refused with a step added behind pages that are all full", async () => {
    const full = join(folder, "full.handover");
    const writer = await createRun(full);
    await writer.add(edits(1000));
    await writer.seal(header());
    const db = new Database(full);
    db.exec("insert into steps select 1001, kind, actor, asset, after, unless, body from steps where seq = 1000");
    db.close();
    await expect(openJournal(full, { clock })).rejects.toThrow("step 1001 was added");
  });

  it("names the steps among which the change is", async () => {
    const path = await meddled("update steps set asset = 'other' where seq = 1500");
    await expect(openJournal(path, { clock })).rejects.toThrow("one of the steps 1001 to 2000");
  });

  it("is sound in the run nobody has changed", async () => {
    const journal = await openJournal(await meddled("select 1"), { clock });
    expect(await journal.firstBadAuditRow()).toBeUndefined();
    await journal.close();
  });
});

describe("the audit chain", () => {
  const rows = [1, 2, 3, 4, 5, 6];

  async function firstBad(sql: string): Promise<number | undefined> {
    const reader = await openReader(await meddled(sql));
    try {
      return await reader.firstBadAuditRow();
    } finally {
      await reader.close();
    }
  }

  it("has a row for each thing that happened", async () => {
    const reader = await openReader(original);
    const audit = await reader.audit(0, 10);
    await reader.close();
    expect(audit.map((row) => row.seq)).toEqual(rows);
    expect(audit.map((row) => (JSON.parse(row.body) as { kind: string }).kind)).toEqual([
      "note:started",
      "ended",
      "skipped",
      "ended",
      "ended",
      "ended",
    ]);
  });

  it("can be recomputed by anybody: the previous hash and the body make the next", async () => {
    const reader = await openReader(original);
    const sha = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
    let previous = sha(`handover audit 1\n${reader.header.runId}\n${reader.digest}\n`);
    for (const row of await reader.audit(0, 10)) {
      previous = sha(previous + row.body);
      expect(row.hash).toBe(previous);
    }
    await reader.close();
  });

  it("shows notes exchanged, to which no step is witness", async () => {
    const path = await meddled("select 1");
    const journal = await openJournal(path, { clock });
    await clock.drive(Promise.all(["a", "b", "c"].map((kind) => journal.note(kind, {}))));
    await journal.close();
    const db = new Database(path);
    db.exec("update audit set seq = 100 where seq = 7; update audit set seq = 7 where seq = 8");
    db.exec("update audit set seq = 8 where seq = 100");
    db.close();
    const reader = await openReader(path);
    expect(await reader.firstBadAuditRow()).toBe(7);
    await reader.close();
  });

  it.each(rows)("shows a changed body in row %i", async (row) => {
    expect(await firstBad(`update audit set body = replace(body, '"at":1', '"at":2') where seq = ${row}`)).toBe(row);
  });

  it.each(rows)("shows a changed hash in row %i", async (row) => {
    expect(await firstBad(`update audit set hash = replace(hash, substr(hash, 9, 1), 'z') where seq = ${row}`)).toBe(
      row,
    );
  });

  it.each(rows)("shows row %i taken away", async (row) => {
    expect(await firstBad(`delete from audit where seq = ${row}`)).toBe(row);
  });

  it.each(rows)("shows row %i taken away and the others moved up", async (row) => {
    const sql = `delete from audit where seq = ${row}; update audit set seq = seq - 1 where seq > ${row}`;
    expect(await firstBad(sql)).toBe(row);
  });

  it.each(rows.slice(0, -1))("shows a row put in at %i", async (row) => {
    const shift = `update audit set seq = -seq where seq >= ${row}; update audit set seq = 1 - seq where seq < 0`;
    expect(await firstBad(`${shift}; insert into audit select ${row}, body, hash from audit where seq = 7`)).toBe(row);
  });

  it.each(rows.slice(0, -1))("shows rows %i and the next exchanged", async (row) => {
    const sql = `update audit set seq = 100 where seq = ${row}; update audit set seq = ${row} where seq = ${row + 1};
      update audit set seq = ${row + 1} where seq = 100`;
    expect(await firstBad(sql)).toBe(row);
  });

  it.each(rows)("shows everything from row %i on cut off", async (row) => {
    expect(await firstBad(`delete from audit where seq >= ${row}`)).toBe(row);
  });

  it("shows an end cut off together with its count", async () => {
    const sql = `delete from audit where seq = 6; update tail set audit_rows = 5,
      audit_head = (select hash from audit where seq = 5)`;
    expect(await firstBad(sql)).toBe(6);
  });

  it.each([
    ["an outcome", "update progress set state = 2 where seq = 1", 2],
    ["a step that ended and is open again", "update progress set state = 0, audit = null where seq = 6", 4],
    ["a skipped step that is called applied", "update progress set state = 2 where seq = 3", 3],
    ["a step that never ended", "update progress set state = 2 where seq = 2000", 7],
    [
      "a step that never ended, blamed on a row to come",
      "update progress set state = 2, audit = 9 where seq = 2000",
      7,
    ],
    [
      "a step that never ended, blamed on another's row",
      "update progress set state = 2, audit = 4 where seq = 2000",
      7,
    ],
  ])("shows %s that it does not tell of", async (_, sql, row) => {
    expect(await firstBad(sql)).toBe(row);
  });

  it.each([
    ["rows after the last", "insert into audit select 7, body, hash from audit where seq = 6"],
    ["a row before the first", "insert into audit select 0, body, hash from audit where seq = 6"],
  ])("shows %s", async (_, sql) => {
    expect(await firstBad(sql)).toBeDefined();
  });

  it("of another run is refused, whole as it is", async () => {
    const other = join(folder, "other.handover");
    const writer = await createRun(other);
    await writer.add(edits(3));
    await writer.seal(header({ runId: "01JDOTHER00000000000000000" }));
    const path = await meddled(`attach '${other}' as other; delete from audit;
      insert into audit select * from other.audit; update tail set audit_rows = 0,
      audit_head = (select audit_head from other.tail); update progress set state = 0, audit = null`);
    const reader = await openReader(path);
    expect(await reader.firstBadAuditRow()).toBe(1);
    await reader.close();
    await expect(openJournal(path, { clock })).rejects.toMatchObject({ kind: "tampered" });
  });

  it.each([
    ["cut at its end", "delete from audit where seq = 6"],
    ["longer than it was", "insert into audit select 7, body, hash from audit where seq = 6"],
    ["emptied", "delete from audit"],
  ])("is not carried on when it is %s", async (_, sql) => {
    await expect(openJournal(await meddled(sql), { clock })).rejects.toMatchObject({ kind: "tampered" });
  });
});

it.each([
  ["for one that is not there", "update progress set gate = 9999 where seq = 2000"],
  ["for one that has ended", "update progress set gate = 1 where seq = 2000"],
  ["although it has ended", "update progress set gate = 2000 where seq = 1"],
  ["for itself backwards", "update progress set gate = -1 where seq = 2000"],
])("a run in which a step waits %s is not carried out", async (_, sql) => {
  const path = await meddled(sql);
  await expect(openJournal(path, { clock })).rejects.toThrow(/waits for one that will never end/);
});

it.each([
  ["lost", "delete from progress where seq = 2000"],
  ["given away", "update progress set seq = 0 where seq = 2000"],
])("a run whose steps have %s their progress is neither carried out nor summed up", async (_, sql) => {
  const path = await meddled(sql);
  await expect(openJournal(path, { clock })).rejects.toThrow("was taken away");
  const reader = await openReader(path);
  await expect(reader.counts()).rejects.toThrow("was taken away");
  await reader.close();
});

describe("a row that is not as it was written is called damage, whoever reads it", () => {
  const json = (table: string, path: string, value: string, where: string): string =>
    `update ${table} set body = json_set(body, '${path}', ${value}) where ${where}`;

  it.each([
    ["a title that is a number", json("steps", "$.title", "7", "seq = 9")],
    ["hazards that are none", `update steps set body = json_remove(body, '$.hazards') where seq = 9`],
    ["a place that is text", json("steps", "$.sources[0][1]", "'2'", "seq = 9")],
    ["a heir without an address", json("steps", "$.to.email", "null", "seq = 1")],
    ["a line that keeps nothing known", json("steps", "$.keep", "1", "seq = 5")],
    ["an etag that is a number", json("steps", "$.base.etag", "1", "seq = 9")],
    ["a moment after the end of time", "update progress set updated = 9007199254740991 where seq = 1"],
    ["an outcome that is none", json("audit", "$.outcome", "'done'", "seq > 1")],
    ["a reason that is a number", json("audit", "$.reason", "1", "seq > 1")],
    ["calls that are text", json("audit", "$.calls", "'1'", "seq > 1")],
  ])("%s", async (_, sql) => {
    const reader = await openReader(await meddled(sql));
    await expect(reader.page({}, 0, 10)).rejects.toMatchObject({ kind: "corrupt" });
    await reader.close();
  });

  it("a moment in the chain that is none", async () => {
    const reader = await openReader(await meddled(json("audit", "$.at", "1e300", "seq = 1")));
    await expect(reader.audit(0, 10)).rejects.toMatchObject({ kind: "corrupt" });
    await reader.close();
  });
});

it("an intent put under a step that has ended neither counts nor hands the step out again", async () => {
  const path = await meddled("insert into intents select 1, 1, 0, 0, '{}'");
  const journal = await openJournal(path, { clock });
  expect((await journal.counts())["in-flight"]).toBe(0);
  const claims = await journal.claim({ max: 5, perActor: 5, halted: new Set() });
  expect(claims.map(({ step }) => step.seq)).not.toContain(1);
  await journal.close();
});

it("a header that is a number is damage to everybody", async () => {
  const path = await meddled("select 1");
  const redefine = (from: string, to: string): void => {
    const db = new Database(path);
    db.unsafeMode();
    db.pragma("writable_schema = on");
    db.prepare("update sqlite_schema set sql = replace(sql, ?, ?) where name = 'run'").run(from, to);
    db.close();
  };
  redefine("header text", "header any");
  const db = new Database(path);
  db.prepare("update run set header = 1").run();
  db.close();
  redefine("header any", "header text");
  await expect(openReader(path)).rejects.toMatchObject({ kind: "corrupt" });
  await expect(openJournal(path, { clock })).rejects.toMatchObject({ kind: "corrupt" });
});

it("a row of the history that is no record is damage wherever it is read", async () => {
  const reader = await openReader(await meddled("update audit set body = 'null' where seq = 2"));
  await expect(reader.audit(0, 10)).rejects.toMatchObject({ name: "RunFileError", kind: "corrupt" });
  await reader.close();
});

it("approvals that rest on a row nobody can read are a finding of the examination", async () => {
  const kept = JSON.stringify([{ name: "a", text: "t", signature: "s", row: 2 }]);
  const path = await meddled(
    `insert into kept (name, body) values ('approvals', '${kept}'); update audit set body = '[' where seq = 2`,
  );
  const { findings } = await examineRun(path, { head: undefined });
  expect(findings.find(({ check }) => check === "approvals")).toMatchObject({ verdict: "broken" });
});

it("what others have left in a shared folder keeps nobody from writing a run there", async () => {
  const shared = join(folder, "shared");
  await mkdir(shared);
  await writeFile(join(shared, "theirs.handover.tmp"), "half a run");
  await symlink(join(folder, "elsewhere"), join(shared, "theirs.handover.lock"));
  await writeFile(join(shared, "dead.handover.tmp"), "half a run");
  const writer = await createRun(join(shared, "mine.handover"));
  await writer.add(edits(1));
  await writer.seal(header({ totals: { ...header().totals, steps: 1 } }));
  expect((await readdir(shared)).toSorted()).toEqual(["mine.handover", "theirs.handover.lock", "theirs.handover.tmp"]);
});

it.runIf(process.platform === "linux")("a folder that takes no files is no run that is missing", async () => {
  await expect(createRun("/proc/self/mine.handover")).rejects.toMatchObject({ kind: "read-only" });
});

it("a copy whose name is taken meanwhile leaves nothing beside it", async () => {
  const target = join(folder, "target");
  await mkdir(target);
  const path = join(target, "copy.handover");
  const dump = await openDump(original);
  const copying = copyToFile(path, dump, [], async () => writeFile(path, "somebody else's"));
  await expect(copying).rejects.toMatchObject({
    name: "UsageError",
    message: expect.stringContaining("exists already"),
  });
  await dump.close();
  expect(await readdir(target)).toEqual(["copy.handover"]);
});

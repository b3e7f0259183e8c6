import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examineRun } from "../../src/journal/sqlite/examine.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { createRun } from "../../src/journal/sqlite/writer.ts";
import { isSound } from "../../src/model/examination.ts";
import type { Examination } from "../../src/model/examination.ts";
import { newKey, signersOf, signerWith } from "../model/signing/keys.ts";
import { makeFinishedRun, meddled, rewriteHashes, rows } from "../security/finished-run.ts";
import { ManualClock } from "../support/clock.ts";
import { edit, header } from "./samples.ts";

const anna = newKey("anna@acme.example");
const stranger = newKey("stranger@evil.example");
const signer = signerWith(anna);
const signers = signersOf(anna);

let folder: string;
let original: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-checkpoints-"));
  original = join(folder, "run.handover");
  const planner = { account: "anna@laptop", key: anna.key.fingerprint };
  await makeFinishedRun(original, { signer, header: { planner } });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

function examine(path: string, who: typeof signers | undefined = signers): Promise<Examination> {
  return examineRun(path, { head: undefined, signers: who });
}

/** The check that fails first, and what it says. */
async function flawIn(path: string, who?: typeof signers): Promise<string> {
  const broken = (await examine(path, who ?? signers)).findings.find(({ verdict }) => verdict === "broken");
  return broken === undefined ? "" : `${broken.check} ${broken.flaw?.row ?? "-"}: ${broken.flaw?.problem ?? ""}`;
}

function checkpointRows(path: string): readonly number[] {
  const db = new Database(path, { readonly: true });
  const names = db
    .prepare<[], string>("select name from kept where name like 'checkpoint-%' order by name")
    .pluck()
    .all();
  db.close();
  return names.map((name) => Number(name.slice("checkpoint-".length)));
}

describe("a signed run", () => {
  it("is signed before its first row by who planned it, and at its end", async () => {
    expect(checkpointRows(original)).toEqual([0, rows]);
    const found = await examine(original);
    expect(isSound(found)).toBe(true);
    expect(found.signed).toEqual({
      row: rows,
      keys: [{ fingerprint: anna.key.fingerprint, principal: "anna@acme.example" }],
    });
  });

  it("says no name for a key when nobody says whose keys are whose", async () => {
    const found = await examineRun(original, { head: undefined });
    expect(isSound(found)).toBe(true);
    expect(found.signed?.keys).toEqual([{ fingerprint: anna.key.fingerprint, principal: undefined }]);
  });

  it("is signed again after every thousand rows, and goes on where another process left it", async () => {
    const path = join(folder, "long.handover");
    await sealed(path);
    const clock = new ManualClock();
    const write = async (count: number): Promise<void> => {
      const journal = await openJournal(path, { clock, signer });
      for (let row = 0; row < count; row += 1) {
        const noted = journal.note("paused", { row });
        if (row % 100 === 99) await clock.drive(noted);
      }
      await clock.drive(journal.flush());
      await journal.close();
    };
    await write(1700);
    expect(checkpointRows(path)).toEqual([1000, 1700]);
    await write(300);
    expect(checkpointRows(path)).toEqual([1000, 1700, 2000]);
    await write(0);
    expect(checkpointRows(path)).toEqual([1000, 1700, 2000]);
    expect(isSound(await examine(path))).toBe(true);
  });

  it("verifies as it lies on disk at any moment: a process killed there leaves a run that can be gone on with", async () => {
    const path = join(folder, "killed.handover");
    await sealed(path);
    const clock = new ManualClock();
    const journal = await openJournal(path, { clock, signer });
    const signed: number[] = [];
    for (let row = 0; row < 2100; row += 1) {
      const noted = journal.note("paused", { row });
      const near = row % 1000 > 994 || row % 1000 < 4;
      if (!near && row % 100 !== 0) continue;
      await clock.drive(noted);
      const copy = join(folder, `killed-${row}`, "run.handover");
      await mkdir(join(folder, `killed-${row}`));
      for (const end of ["", "-wal"]) if (existsSync(path + end)) await copyFile(path + end, copy + end);
      const found = await examineRun(copy, { head: undefined });
      expect([row, isSound(found), found.head?.row]).toEqual([row, true, row + 1]);
      signed.push(found.signed?.row ?? 0);
      if (near) await (await openJournal(copy, { clock, signer })).close();
      if (near) expect((await examine(copy)).signed?.row).toBe(row + 1);
    }
    await journal.close();
    expect([...signed].toSorted((a, b) => a - b)).toEqual(signed);
    expect(new Set(signed)).toEqual(new Set([0, 1000, 2000]));
  });
});

async function sealed(path: string): Promise<void> {
  const writer = await createRun(path);
  await writer.add([edit()]);
  await writer.seal(header());
}

describe("a signed run that somebody changed who holds the file, and writes all hashes anew", () => {
  const position = fc.integer({ min: 1, max: rows });
  const changes: readonly (readonly [string, (db: Database.Database, row: number) => void])[] = [
    [
      "changes a row",
      (db, row) => db.prepare("update audit set body = json_set(body, '$.at', 7) where seq = ?").run(row),
    ],
    [
      "flips a letter of a row",
      (db, row) => db.prepare("update audit set body = replace(body, '\"kind\"', '\"kinD\"') where seq = ?").run(row),
    ],
    [
      "takes a row away",
      (db, row) => {
        db.prepare("delete from audit where seq = ?").run(row);
        db.prepare("update audit set seq = -seq + 1 where seq > ?").run(row);
        db.exec("update audit set seq = -seq where seq < 0");
      },
    ],
    [
      "puts a row in between",
      (db, row) => {
        db.prepare("update audit set seq = -seq - 1 where seq >= ?").run(row);
        db.exec("update audit set seq = -seq where seq < 0");
        db.prepare(
          'insert into audit (seq, body, hash) values (?, \'{"at":1,"details":{},"kind":"note:x"}\', \'\')',
        ).run(row);
      },
    ],
    [
      "exchanges two rows",
      (db, row) => {
        const other = row === rows ? row - 1 : row + 1;
        db.exec(`update audit set seq = -1 where seq = ${row}; update audit set seq = ${row} where seq = ${other};
          update audit set seq = ${other} where seq = -1`);
      },
    ],
    ["cuts it off", (db, row) => db.prepare("delete from audit where seq >= ?").run(row)],
  ];
  it.each(changes)("is found out, wherever that somebody %s", async (_, change) => {
    await fc.assert(
      fc.asyncProperty(position, async (row) => {
        const path = await meddled(original, (db) => {
          change(db, row);
          rewriteHashes(db);
        });
        const found = await examine(path);
        expect(isSound(found)).toBe(false);
        expect(found.findings.find(({ check }) => check === "signed")).toMatchObject({
          verdict: "broken",
          flaw: { row: rows },
        });
        await expect(openJournal(path, { clock: new ManualClock() })).rejects.toThrow(
          "the chain was cut or written anew",
        );
      }),
      { numRuns: 12 },
    );
  });

  it.each<readonly [string, string, string]>([
    [
      "takes every checkpoint away",
      "delete from kept where name like 'checkpoint-%'",
      "signed -: the run names the key of who planned it",
    ],
    ["takes the planner's away", "delete from kept where name = 'checkpoint-000000000000'", ""],
    [
      "renames one",
      "update kept set name = 'checkpoint-000000000005' where name = 'checkpoint-000000000011'",
      "signed 11: checkpoint-000000000005: it is the checkpoint of another row",
    ],
    [
      "changes a letter of what was signed",
      "update kept set body = replace(body, 'handover checkpoint', 'handover checkpoinT') where name = 'checkpoint-000000000011'",
      "signed -: checkpoint-000000000011: it is not a checkpoint as it was written",
    ],
    [
      "changes the head that was signed",
      `update kept set body = replace(body, '\\"head\\":\\"', '\\"head\\":\\"f') where name = 'checkpoint-000000000011'`,
      "signed -: checkpoint-000000000011: the signature does not fit the text",
    ],
    [
      "writes nonsense in the place of one",
      "update kept set body = '[1' where name = 'checkpoint-000000000011'",
      "signed -: checkpoint-000000000011: it is not a checkpoint as it was written",
    ],
  ])("is told when that somebody %s", async (_, sql, says) => {
    const found = await flawIn(await meddled(original, sql));
    if (says === "") expect(found).toBe("");
    else expect(found).toContain(says);
  });

  it("refuses the checkpoint of another run, with the same content and by the same key", async () => {
    const other = join(folder, "other.handover");
    await makeFinishedRun(other, { signer, header: { runId: "01JDOTHER00000000000000000" } });
    const path = await meddled(original, (db) => {
      db.exec(`attach '${other}' as other; delete from kept where name like 'checkpoint-%';
        insert into kept select * from other.kept where name like 'checkpoint-%'`);
    });
    expect(await flawIn(path)).toContain("it is a checkpoint of another run");
    await expect(openJournal(path, { clock: new ManualClock() })).rejects.toThrow("of another run");
  });

  it("refuses a whole run that a stranger has signed anew", async () => {
    const path = join(folder, "stranger.handover");
    await makeFinishedRun(path, { signer: signerWith(stranger) });
    expect(await flawIn(path)).toContain("signed by nobody the signers file names");
    expect(isSound(await examineRun(path, { head: undefined }))).toBe(true);
  });

  it("tells a run that nobody signed from one that was, when told who signs", async () => {
    const path = join(folder, "unsigned.handover");
    await makeFinishedRun(path);
    expect(await flawIn(path)).toContain("nothing of the chain is signed");
    expect((await examineRun(path, { head: undefined })).findings.map(({ check }) => check)).not.toContain(
      "checkpoints",
    );
  });

  it("cannot tell a run cut back to an earlier checkpoint from one that came no further: that takes the noted head", async () => {
    const path = join(folder, "cut.handover");
    await sealed(path);
    const clock = new ManualClock();
    for (const kind of ["paused", "resumed"]) {
      const journal = await openJournal(path, { clock, signer });
      await clock.drive(journal.note(kind, {}));
      await journal.close();
    }
    const { head } = await examine(path);
    const cut = await meddled(path, (db) => {
      db.exec("delete from audit where seq = 2; delete from kept where name = 'checkpoint-000000000002'");
      rewriteHashes(db);
    });
    expect(isSound(await examine(cut))).toBe(true);
    expect(isSound(await examineRun(cut, { head: head?.hash, signers }))).toBe(false);
  });
});

/** The run as a file: what is refused on opening, what every connection is set to, and what is left when it is closed. */
import {
  chmod,
  chown,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { existsSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Claim, Journal } from "../../src/journal/journal.ts";
import { networkFileSystem } from "../../src/journal/sqlite/file-safety.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { connectForReading, connectForWriting, makeDurable } from "../../src/journal/sqlite/open.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { migrate, schemaVersion } from "../../src/journal/sqlite/schema.ts";
import { readySql } from "../../src/journal/sqlite/statements.ts";
import { SqliteRunWriter, createRun } from "../../src/journal/sqlite/writer.ts";
import { RunFileError, UsageError } from "../../src/model/errors.ts";
import { noCounts } from "../../src/model/run.ts";
import { ManualClock } from "../support/clock.ts";
import { anna, edit, edits, failed, header, intent, result } from "./samples.ts";

let folder: string;
let path: string;
let clock: ManualClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-run-"));
  path = join(folder, "run.handover");
  clock = new ManualClock();
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function makeRun(steps = 3, at = path): Promise<void> {
  const writer = await createRun(at);
  await writer.add(edits(steps));
  await writer.seal(header());
}

/** Changes the file behind the product's back. */
function meddle(sql: string, at = path): void {
  const db = new Database(at);
  db.exec(sql);
  db.close();
}

/** The kind of the RunFileError that `work` is refused with. */
async function kindOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RunFileError)) return `not refused: ${String(error)}`;
  expect(error.remedy).not.toBe("");
  return error.kind;
}

async function bothKinds(): Promise<readonly string[]> {
  return [await kindOf(openReader(path)), await kindOf(openJournal(path, { clock }))];
}

describe("a new run", () => {
  it("appears under its name at once and whole, readable by its owner only", async () => {
    const writer = await createRun(path);
    await writer.add(edits(2500));
    expect(existsSync(path)).toBe(false);
    await expect(kindOf(openReader(path))).resolves.toBe("missing");
    const digest = await writer.seal(header());
    expect(readdirSync(folder)).toEqual(["run.handover"]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const reader = await openReader(path);
    expect(reader.digest).toBe(digest);
    await reader.verifyDigest();
    await reader.close();
  });

  it("leaves nothing behind when it is discarded, also twice", async () => {
    const writer = await createRun(path);
    await writer.add(edits(10));
    await writer.discard();
    await writer.discard();
    expect(readdirSync(folder)).toEqual([]);
    await expect(writer.add([edit()])).rejects.toThrow("already");
  });

  it("does not take a name that is taken, unless told to", async () => {
    await makeRun();
    const before = await readFile(path);
    await expect(createRun(path)).rejects.toThrow(UsageError);
    expect(await readFile(path)).toEqual(before);
    const writer = await createRun(path, { replace: true });
    await writer.add(edits(7));
    expect(await readFile(path)).toEqual(before);
    await writer.seal(header());
    const reader = await openReader(path);
    expect(await reader.counts()).toEqual({ ...noCounts, planned: 7 });
    await reader.close();
  });

  it("is not mixed with the log of the run that had its name before", async () => {
    await makeRun();
    const journal = await openJournal(path, { clock });
    await clock.drive(journal.note("started", {}));
    // As after a crash, and the file alone taken away.
    await copyFile(`${path}-wal`, join(folder, "kept"));
    await journal.close();
    await rm(path);
    await copyFile(join(folder, "kept"), `${path}-wal`);
    await makeRun(5);
    const reader = await openReader(path);
    expect(await reader.counts()).toEqual({ ...noCounts, planned: 5 });
    expect(await reader.audit(0, 5)).toEqual([]);
    await reader.close();
  });

  it.each([
    ["a folder that does not exist", (): string => join(folder, "none", "run.handover"), "missing"],
    ["a file in the place of the folder", (): string => join(path, "run.handover"), "not refused: "],
  ])("is refused in %s", async (_, where, kind) => {
    await writeFile(path, "");
    const found = await kindOf(createRun(where()));
    expect(found.startsWith(kind) && found !== "not refused: undefined").toBe(true);
    expect(readdirSync(folder)).toEqual(["run.handover"]);
  });

  it("refuses steps that refer to nowhere, and leaves no run", async () => {
    const writer = await createRun(path);
    await writer.add([{ ...edit(), kind: "by-hand", from: anna, to: anna, keep: "none", unless: 9 } as never]);
    await expect(writer.seal(header())).rejects.toThrow("does not exist");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("that the disk has no room for is refused and leaves nothing behind", async () => {
    const db = new Database(join(folder, "small"));
    const writer = new SqliteRunWriter(db, { path, seal: () => undefined, discard: () => db.close() });
    db.pragma(`max_page_count = ${Number(db.pragma("page_count", { simple: true })) + 2}`);
    expect(await kindOf(writer.add(edits(200)))).toBe("full");
    await writer.discard();
    expect(db.open).toBe(false);
  });
});

describe("opening refuses", () => {
  it("a run that is not there", async () => {
    expect(await bothKinds()).toEqual(["missing", "missing"]);
    path = join(folder, "none", "run.handover");
    expect(await bothKinds()).toEqual(["missing", "missing"]);
  });

  it.each([
    ["an empty file", ""],
    ["garbage", "not a database, but long enough to be taken for one ".repeat(100)],
    ["a text with the header of a database", `SQLite format 3\u0000${"x".repeat(5000)}`],
  ])("%s, and leaves it as it is", async (_, text) => {
    await writeFile(path, text, { mode: 0o600 });
    expect(await bothKinds()).toEqual(["not-a-run", "not-a-run"]);
    expect(await readFile(path, "utf8")).toBe(text);
  });

  it("a database of another program, and leaves it as it is", async () => {
    meddle("create table t (a); insert into t values (1); pragma application_id = 7");
    await chmod(path, 0o600);
    const before = await readFile(path);
    expect(await bothKinds()).toEqual(["not-a-run", "not-a-run"]);
    expect(await readFile(path)).toEqual(before);
    expect(readdirSync(folder)).toEqual(["run.handover"]);
  });

  it("a run of a newer version, and names both", async () => {
    await makeRun();
    meddle(`pragma user_version = ${schemaVersion + 1}`);
    expect(await bothKinds()).toEqual(["newer", "newer"]);
    await expect(openReader(path)).rejects.toThrow(`format ${schemaVersion + 1}`);
  });

  it("to carry out a file with a damaged page", async () => {
    await makeRun(400);
    const bytes = await readFile(path);
    bytes.fill(0xa5, 4096 * 9, 4096 * 9 + 600);
    await writeFile(path, bytes);
    expect(await kindOf(openJournal(path, { clock }))).toBe("corrupt");
    expect(await readFile(path)).toEqual(bytes);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it("a file cut short", async () => {
    await makeRun(400);
    await writeFile(path, (await readFile(path)).subarray(0, 4096 * 5));
    expect(await kindOf(openJournal(path, { clock }))).toBe("corrupt");
  });

  it.each([
    ["a symbolic link", async (): Promise<void> => symlink(join(folder, "real"), path)],
    ["a link to nowhere", async (): Promise<void> => symlink(join(folder, "nowhere"), path)],
    [
      "a file that others may write",
      async (): Promise<void> => {
        await link(join(folder, "real"), path);
        await chmod(path, 0o620);
      },
    ],
    [
      "a run whose log is a link",
      async (): Promise<void> => {
        await link(join(folder, "real"), path);
        await symlink(join(folder, "nowhere"), `${path}-wal`);
      },
    ],
  ])("%s as unsafe", async (_, make) => {
    await makeRun(3, join(folder, "real"));
    await make();
    expect(await bothKinds()).toEqual(["unsafe", "unsafe"]);
  });

  it("a folder in the place of a run", async () => {
    await mkdir(path);
    expect(await bothKinds()).toEqual(["not-a-run", "not-a-run"]);
  });

  it.skipIf(process.geteuid?.() !== 0)("a run of another user as unsafe", async () => {
    await makeRun();
    await chown(path, 12345, 12345);
    expect(await bothKinds()).toEqual(["unsafe", "unsafe"]);
  });

  it.each([
    [0x6969, "NFS"],
    [0xfe534d42, "SMB2"],
    [0xfe534d42 | 0, "SMB2"],
    [0xef53, undefined],
    [0x01021994, undefined],
  ])("network shares: type %i is %s", (type, name) => {
    expect(networkFileSystem(type)).toBe(name);
  });
});

function connectionOf(journal: Journal): Database.Database {
  return Reflect.get(journal, "db") as Database.Database;
}

describe("every connection that writes", () => {
  function expectDurable(db: Database.Database): void {
    const settings = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout"];
    expect(settings.map((name) => db.pragma(name, { simple: true }))).toEqual(["wal", 2, 1, 5000]);
  }

  it("commits through to the disk, whichever one it is", async () => {
    await makeRun();
    const journal = await openJournal(path, { clock });
    // The file is in WAL mode now, in which a connection that does not ask gets less than FULL.
    const careless = new Database(path);
    expect(careless.pragma("synchronous", { simple: true })).toBe(1);
    careless.close();
    expectDurable(connectionOf(journal));
    const second = connectForWriting(path);
    makeDurable(second);
    expectDurable(second);
    second.close();
    await journal.close();
    const again = await openJournal(path, { clock });
    expectDurable(connectionOf(again));
    await again.close();
  });

  it("of a reader cannot write", async () => {
    await makeRun();
    const db = connectForReading(path);
    expect(() => db.exec("delete from steps")).toThrow("readonly");
    db.close();
  });
});

describe("a closed run", () => {
  async function applyOne(): Promise<void> {
    const journal = await openJournal(path, { clock });
    const [claim] = await journal.claim({ max: 1, perActor: 1, halted: new Set() });
    await clock.drive(journal.result(claim as Claim, result()));
    await journal.close();
  }

  it("is one file, private, and its copy is the whole run", async () => {
    await makeRun();
    await applyOne();
    expect(readdirSync(folder)).toEqual(["run.handover"]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const copy = join(folder, "copy.handover");
    await copyFile(path, copy);
    await chmod(copy, 0o444);
    const reader = await openReader(copy);
    expect(await reader.counts()).toEqual({ ...noCounts, planned: 2, applied: 1 });
    expect(await reader.firstBadAuditRow()).toBeUndefined();
    await reader.close();
    expect(readdirSync(folder)).toEqual(["copy.handover", "run.handover"]);
  });

  it("that a reader kept in use is taken in by the next apply", async () => {
    await makeRun();
    const journal = await openJournal(path, { clock });
    const reader = await openReader(path);
    await reader.counts();
    await clock.drive(journal.note("started", {}));
    await journal.close();
    expect(await reader.audit(0, 5)).toHaveLength(1);
    await reader.close();
    await applyOne();
    expect(readdirSync(folder)).toEqual(["run.handover"]);
  });
});

describe("a disk without room", () => {
  let journal: Journal;

  async function fill(): Promise<readonly Claim[]> {
    await makeRun(300);
    journal = await openJournal(path, { clock });
    const db = connectionOf(journal);
    db.pragma(`max_page_count = ${Number(db.pragma("page_count", { simple: true })) + 3}`);
    return journal.claim({ max: 300, perActor: 300, halted: new Set() });
  }

  it("refuses every write of the slice, and all after it, before anything is sent", async () => {
    const claims = await fill();
    const large = "x".repeat(2000);
    const writes = claims.map((claim) => journal.intent(claim, intent(1, { actor: large as never })));
    const kinds = await clock.drive(Promise.all(writes.map((write) => kindOf(write))));
    expect(new Set(kinds)).toEqual(new Set(["full"]));
    expect(await kindOf(journal.result(claims[0] as Claim, result()))).toBe("full");
    expect(await kindOf(journal.claim({ max: 1, perActor: 1, halted: new Set() }))).toBe("full");
    expect(await kindOf(journal.note("stopped", {}))).toBe("full");
    journal.noEffect(claims[1] as Claim, 1, false);
    await journal.release(claims[0] as Claim);
    await journal.close();
    expect(readdirSync(folder)).toEqual(["run.handover"]);
  });

  it("leaves a sound run, which goes on once there is room", async () => {
    const claims = await fill();
    const small = claims.slice(0, 2);
    await clock.drive(Promise.all(small.map((claim) => journal.result(claim, failed()))));
    const large = { ...result(), reason: "x".repeat(5000) };
    const writes = claims.slice(2).map((claim) => journal.result(claim, large));
    await clock.drive(Promise.allSettled(writes));
    await journal.close();
    journal = await openJournal(path, { clock });
    expect(await journal.counts()).toEqual({ ...noCounts, planned: 298, failed: 2 });
    expect(await journal.firstBadAuditRow()).toBeUndefined();
    const [claim] = await journal.claim({ max: 1, perActor: 1, halted: new Set() });
    expect(await clock.drive(journal.result(claim as Claim, result()))).toBe("ok");
    await journal.close();
  });
});

describe("a run taken over in spite of its lock", () => {
  it("answers lost to the process that had it, which writes nothing more", async () => {
    await makeRun();
    const first = await openJournal(path, { clock });
    const [claim] = await first.claim({ max: 1, perActor: 1, halted: new Set() });
    await rm(`${path}.lock`);
    const second = await openJournal(path, { clock });
    expect(await clock.drive(first.intent(claim as Claim, intent(1)))).toBe("lost");
    await expect(first.claim({ max: 1, perActor: 1, halted: new Set() })).rejects.toThrow("another process");
    await expect(first.note("stopped", {})).rejects.toThrow("another process");
    expect(await first.renew([claim as Claim])).toEqual([]);
    expect(await second.counts()).toEqual({ ...noCounts, planned: 3 });
    await first.close();
    expect(await clock.drive(second.note("resumed", {}).then(() => second.audit(0, 5)))).toHaveLength(1);
    await second.close();
  });
});

describe("finding what is open", () => {
  it.each(Object.entries(readySql))("uses an index and no sorting: %s", async (_, sql) => {
    await makeRun();
    const db = new Database(path, { readonly: true });
    const parameters = Array.from({ length: sql.split("?").length - 1 }, () => 1);
    const plan = db.prepare<unknown[], { detail: string }>(`explain query plan ${sql}`).all(...parameters);
    db.close();
    const details = plan.map((row) => row.detail).join("; ");
    expect(details).toMatch(/SEARCH progress USING COVERING INDEX ready|SCAN i/);
    expect(details).not.toMatch(/SCAN p(?:rogress)?\b|TEMP B-TREE/);
  });
});

describe("an older run", () => {
  it("is brought up in one transaction, with a private copy of what it was", async () => {
    await makeRun();
    const db = new Database(path);
    const steps = [
      { from: schemaVersion, apply: (old: Database.Database) => void old.exec("create table more (a) strict") },
      {
        from: schemaVersion + 1,
        apply: (old: Database.Database) => void old.exec("create table most (a integer) strict"),
      },
    ];
    expect(() => migrate(db, path, steps, schemaVersion + 2)).toThrow("missing datatype");
    expect(db.pragma("user_version", { simple: true })).toBe(schemaVersion);
    const sound = [{ from: schemaVersion, apply: (old: Database.Database) => void old.exec("create table more (a)") }];
    migrate(db, path, sound, schemaVersion + 1);
    expect(db.pragma("user_version", { simple: true })).toBe(schemaVersion + 1);
    db.close();
    const copy = `${path}.v${schemaVersion}`;
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    const reader = await openReader(copy);
    await reader.verifyDigest();
    await reader.close();
  });
});

describe("a run whose file is taken away while it is carried out", () => {
  let journal: Journal;
  let claim: Claim;

  beforeEach(async () => {
    await makeRun();
    journal = await openJournal(path, { clock });
    claim = (await journal.claim({ max: 1, perActor: 1, halted: new Set() }))[0] as Claim;
    expect(await clock.drive(journal.intent(claim, intent(1)))).toBe("ok");
  });

  const saved = (): string => join(folder, "run.saved.handover");

  it.each([
    ["deleted", async (): Promise<void> => rm(path)],
    ["moved", async (): Promise<void> => rename(path, join(folder, "elsewhere"))],
    [
      "replaced",
      async (): Promise<void> => {
        await rm(path);
        await writeFile(path, "something else");
      },
    ],
  ])("(%s) takes no more writes, and what is known of it is saved", async (_, take) => {
    await take();
    await expect(clock.drive(journal.result(claim, result()))).rejects.toThrow("is no longer the file");
    expect(await kindOf(journal.note("stopped", {}))).toBe("missing");
    await journal.close();
    expect(statSync(saved()).mode & 0o777).toBe(0o600);
    const again = await openJournal(saved(), { clock });
    expect(await again.counts()).toEqual({ ...noCounts, planned: 2, "in-flight": 1 });
    expect(await again.firstBadAuditRow()).toBeUndefined();
    await again.close();
  });

  it("does not take the place of what was saved before", async () => {
    await writeFile(saved(), "an earlier one");
    await rm(path);
    expect(await clock.drive(kindOf(journal.result(claim, result())))).toBe("missing");
    await journal.close();
    expect(await readFile(saved(), "utf8")).toBe("an earlier one");
  });

  it("is only told of when its folder is gone too", async () => {
    await rm(folder, { recursive: true });
    expect(await clock.drive(kindOf(journal.result(claim, result())))).toBe("missing");
    await journal.close();
    await mkdir(folder);
  });
});

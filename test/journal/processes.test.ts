/** Runs between processes: one holds a run at a time, any may read it, and any may die at any moment. */
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isRunHeld } from "../../src/journal/sqlite/held.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { createRun } from "../../src/journal/sqlite/writer.ts";
import { RunFileError, RunLockedError } from "../../src/model/errors.ts";
import { noCounts } from "../../src/model/run.ts";
import { ManualClock } from "../support/clock.ts";
import { compileChild } from "./processes.ts";
import type { Program } from "./processes.ts";
import { edits, header } from "./samples.ts";

let program: Program;
let folder: string;
let path: string;
const clock = new ManualClock();

beforeAll(() => {
  program = compileChild();
});
afterAll(() => {
  program.dispose();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-processes-"));
  path = join(folder, "run.handover");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function makeRun(steps: number): Promise<void> {
  const writer = await createRun(path);
  await writer.add(edits(steps));
  await writer.seal(header());
}

describe("a run held by another process", () => {
  it("is refused to a second one, readable by all, and free at once after SIGKILL", async () => {
    await makeRun(3);
    const child = program.start("hold", path);
    await child.said(1);
    expect(isRunHeld(path)).toBe(true);
    await expect(openJournal(path, { clock })).rejects.toThrow(RunLockedError);
    await expect(createRun(path, { replace: true })).rejects.toThrow(RunLockedError);
    const reader = await openReader(path);
    expect(await reader.counts()).toEqual({ ...noCounts, planned: 3 });
    await reader.close();

    await child.kill();
    expect(isRunHeld(path)).toBe(false);
    const journal = await openJournal(path, { clock });
    await expect(openJournal(path, { clock })).rejects.toThrow(RunLockedError);
    await journal.close();
    expect(readdirSync(folder)).toEqual(["run.handover"]);
  });
});

describe("a process killed while it carries a run out", () => {
  it.each([40, 150, 300])("loses nothing that it was told is durable (killed after %i answers)", async (answers) => {
    await makeRun(400);
    const child = program.start("work", path);
    await child.said(answers);
    await child.kill();
    const said = child.lines.map((line) => line.split(" "));
    const ended = said.filter(([what]) => what === "result").map(([, seq]) => Number(seq));
    const begun = said.filter(([what]) => what === "intent").map(([, seq]) => Number(seq));

    const db = new Database(path);
    expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
    db.close();
    const journal = await openJournal(path, { clock });
    expect(await journal.firstBadAuditRow()).toBeUndefined();
    for (const seq of ended) expect(await journal.step(seq)).toMatchObject({ state: "applied", attempts: 1 });
    for (const seq of begun) expect((await journal.step(seq))?.state).toMatch(/^(?:in-flight|applied)$/);
    const left = await journal.claim({ max: 1000, perActor: 1000, halted: new Set() });
    const open = await journal.open();
    expect(left).toHaveLength(open.ready);
    const inFlight = (await journal.counts())["in-flight"];
    expect(left.slice(0, inFlight).every((claim) => claim.intent?.attempt === 1)).toBe(true);
    expect(left.slice(inFlight).every((claim) => claim.attempts === 0)).toBe(true);
    await journal.close();
  });

  it("leaves a run that the next process finishes, each step ended once", async () => {
    await makeRun(300);
    for (const answers of [50, 60]) {
      const child = program.start("work", path);
      await child.said(answers);
      await child.kill();
    }
    const last = program.start("work", path);
    expect(await last.ended).toBe(0);
    const reader = await openReader(path);
    expect(await reader.counts()).toEqual({ ...noCounts, applied: 300 });
    const audit = await reader.audit(0, 1000);
    const steps = audit.map((row) => (JSON.parse(row.body) as { step: number }).step);
    expect(new Set(steps).size).toBe(300);
    expect(audit).toHaveLength(300);
    expect(await reader.firstBadAuditRow()).toBeUndefined();
    await reader.close();
    expect(readdirSync(folder)).toEqual(["run.handover"]);
  });
});

describe("a process killed while it plans", () => {
  it("leaves no run, and the next plan in that folder clears what it left", async () => {
    const child = program.start("plan", path);
    await child.said(1);
    await expect(createRun(path)).rejects.toThrow(RunLockedError);
    const other = join(folder, "other.handover");
    await (await createRun(other)).discard();
    expect(existsSync(`${path}.tmp`)).toBe(true);
    await child.kill();
    await expect(openReader(path)).rejects.toThrow(RunFileError);
    await (await createRun(other)).discard();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a plan after one that was killed", () => {
  it("begins afresh under the same name", async () => {
    const child = program.start("plan", path);
    await child.said(1);
    await child.kill();
    await makeRun(4);
    const reader = await openReader(path);
    expect(await reader.counts()).toEqual({ ...noCounts, planned: 4 });
    await reader.close();
    expect(readdirSync(folder)).toEqual(["run.handover"]);
  });
});

describe("a run in a folder that cannot be written", () => {
  it.each(["delete", "wal"])("is read whatever mode it was left in (%s)", async (mode) => {
    await makeRun(5);
    const db = new Database(path);
    expect(db.pragma(`journal_mode = ${mode}`, { simple: true })).toBe(mode);
    db.close();
    if (process.geteuid?.() === 0) for (const name of [path, folder]) await chown(name, 65_534, 65_534);
    await chmod(folder, 0o500);
    const child = program.start("read", path);
    expect(await child.ended).toBe(0);
    await chmod(folder, 0o700);
    expect(JSON.parse(child.lines.join(""))).toEqual({ ...noCounts, planned: 5 });
    expect(readdirSync(folder)).toEqual(["run.handover"]);
  });
});

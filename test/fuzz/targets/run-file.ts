/** Run files with damaged pages, headers, logs and rows: refused in the product's own words, or read as what was written. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { auditHead, runFacts } from "../../../src/cli/run-facts.ts";
import { openJournal } from "../../../src/journal/sqlite/journal.ts";
import type { Journal } from "../../../src/journal/journal.ts";
import { openReader } from "../../../src/journal/sqlite/reader.ts";
import type { SealedRunReader } from "../../../src/journal/opening.ts";
import { RunFileError, RunLockedError } from "../../../src/model/errors.ts";
import { stepsCsv } from "../../../src/report/csv.ts";
import { handoverSheet, sheetText } from "../../../src/report/handover-sheet.ts";
import { reportJson } from "../../../src/report/json.ts";
import { pagesOf } from "../../../src/report/rows.ts";
import { runReportText } from "../../../src/report/run-report.ts";
import { statusText } from "../../../src/report/status-text.ts";
import { plainStyle } from "../../../src/report/style.ts";
import { failed, intent, result } from "../../journal/samples.ts";
import { ManualClock } from "../../support/clock.ts";
import { attempted, inert, inertJson } from "../oracle.ts";
import { mustHold } from "../target.ts";
import type { Target } from "../target.ts";
import { mutatedRun } from "./run-mutate.ts";
import { sampleRuns, unframed } from "./run-samples.ts";

export const runFile = async (): Promise<Target> => {
  const folder = await mkdtemp(join(tmpdir(), "handover-fuzz-"));
  const path = join(folder, "run.handover");
  const corpus = await sampleRuns(folder);
  const sound = new Set<string>();
  const steps = new Set<string>();
  for (const input of corpus) {
    await place(path, input);
    const reader = await openReader(path);
    sound.add(JSON.stringify(reader.header));
    steps.add(await stepsOf(reader));
    await reader.close();
  }
  return {
    corpus,
    dictionary: ["SQLite format 3\0", "\r\0\0\0", "planned", "EDITOR", '"changed"', '"at":', '"kind":"ended"'],
    mutate: mutatedRun,
    run: async (input) => {
      await place(path, input);
      const isWhole = passes(path);
      await place(path, input);
      await attempted(() => look(path, sound, isWhole ? steps : undefined), RunFileError, RunLockedError);
      await attempted(() => carryOut(path, isWhole), RunFileError, RunLockedError);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
};

async function place(path: string, input: Buffer): Promise<void> {
  const { main, log } = unframed(input);
  await rm(`${path}-wal`, { force: true });
  await rm(`${path}-shm`, { force: true });
  await writeFile(path, main, { mode: 0o600 });
  if (log.length > 0) await writeFile(`${path}-wal`, log, { mode: 0o600 });
}

/** Whether SQLite finds nothing wrong. What a damaged page or index hides, only SQLite can know. */
function passes(path: string): boolean {
  try {
    const db = new Database(path);
    try {
      return db.pragma("integrity_check(1)", { simple: true }) === "ok";
    } finally {
      db.close();
    }
  } catch {
    return false;
  }
}

/** Everything that the verbs show of a run. `steps`: what they must be once they have passed the digest. */
async function look(path: string, sound: ReadonlySet<string>, steps: ReadonlySet<string> | undefined): Promise<void> {
  const reader = await openReader(path);
  try {
    mustHold(sound.has(JSON.stringify(reader.header)), "a header is not the one that was sealed");
    const facts = await runFacts(reader);
    const isGenuine = await attempted(async () => {
      await reader.verifyDigest();
      return true;
    }, RunFileError);
    if (isGenuine === true && steps !== undefined) {
      mustHold(steps.has(await stepsOf(reader)), "steps passed the digest that were changed");
    }
    const audit = await attempted(() => auditHead(reader), RunFileError);
    inert(statusText(facts, "run", false, plainStyle), "the status");
    inertJson(await whole(reportJson(facts, audit, pagesOf(reader), "run")));
    inert((await whole(runReportText(facts, audit, pagesOf(reader), "run", plainStyle), "\n")).split("\n"), "a report");
    await whole(stepsCsv(pagesOf(reader)));
    const sheet = await handoverSheet(reader.header, reader.digest, pagesOf(reader));
    inert([...sheetText(sheet, plainStyle)], "the sheet");
  } finally {
    await reader.close();
  }
}

async function stepsOf(reader: SealedRunReader): Promise<string> {
  const texts: string[] = [];
  for await (const page of pagesOf(reader)) for (const { step } of page) texts.push(JSON.stringify(withRoles(step)));
  return texts.join("\n");
}

function withRoles(step: object): unknown {
  const base: unknown = "base" in step ? step.base : undefined;
  const roles: unknown = typeof base === "object" && base !== null && "roles" in base ? base.roles : undefined;
  return { ...step, roles: roles instanceof Map ? [...roles] : undefined };
}

async function whole(pieces: AsyncIterable<string>, end = ""): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece + end;
  return text;
}

/** What an apply asks of its journal, without a server. */
async function carryOut(path: string, isWhole: boolean): Promise<void> {
  const clock = new ManualClock(undefined, 1);
  const journal = await openJournal(path, { clock });
  try {
    await clock.drive(applyAll(journal, isWhole));
  } finally {
    await clock.drive(journal.close()).catch((error: unknown) => {
      if (!(error instanceof RunFileError)) throw error;
    });
  }
}

async function applyAll(journal: Journal, isWhole: boolean): Promise<void> {
  await journal.kept("pacing");
  await journal.note("started", { open: 1 });
  for (let round = 0; round < 20; round += 1) {
    const claims = await journal.claim({ max: 3, perActor: 2, halted: new Set() });
    if (claims.length === 0) break;
    for (const claim of claims) {
      await journal.intent(claim, intent(claim.attempts + 1));
      await journal.result(claim, claim.step.seq % 3 === 0 ? failed() : result());
    }
  }
  const { ready, waiting } = await journal.open();
  mustHold(!isWhole || (ready >= 0 && waiting >= 0), "fewer than no steps are open");
  journal.keep("pacing", "{}");
  await journal.flush();
}

/** Writes a new run into a temporary file beside its name; `seal` puts the whole of it in place at once. */
import { closeSync, fsyncSync, openSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import Database from "better-sqlite3";
import type { Database as Connection, Statement } from "better-sqlite3";
import { RunFileError, RunLockedError, UsageError } from "../../model/errors.ts";
import type { Digest, RunHeader } from "../../model/run.ts";
import type { StepDraft } from "../../model/step.ts";
import { checkpointName, signedCheckpoint } from "../../model/signing/checkpoint.ts";
import type { CheckpointSigner } from "../../model/signing/checkpoint.ts";
import type { RunWriter } from "../journal.ts";
import { genesis } from "../chain.ts";
import { Freezing } from "../freezing.ts";
import { faultCode, runFileFault, withFaults } from "./faults.ts";
import { checkFolder, statusOf } from "./file-safety.ts";
import { createPrivate, lockRun, removeFile } from "./lock.ts";
import type { RunLock } from "./lock.ts";
import { putAtRest, runPath } from "./open.ts";
import { breathe } from "../pages.ts";
import { createIndexes, createTables } from "./schema.ts";

const progressRowsPerPage = 20_000;

/** What becomes of the database once it is complete, or is not wanted. */
export interface Placing {
  readonly path: string;
  seal(db: Connection): void;
  discard(db: Connection): void;
}

/**
 * Begins a run that will be `path`. Throws UsageError when the name is taken and `replace` is not set, RunLockedError
 * when another process makes or carries out that run, RunFileError when the folder cannot be written.
 */
export async function createRun(
  path: string,
  options: { readonly replace?: boolean; readonly signer?: CheckpointSigner | undefined } = {},
): Promise<RunWriter> {
  const { db, placing } = beginFile(path, options.replace === true);
  try {
    return new SqliteRunWriter(db, placing, options.signer);
  } catch (error) {
    placing.discard(db);
    throw runFileFault(error, placing.path);
  }
}

/** A temporary file beside the name, under the run's lock; either `seal` or `discard` of it ends that. */
export function beginFile(path: string, replace: boolean): { readonly db: Connection; readonly placing: Placing } {
  const full = runPath(path);
  return withFaults(full, () => {
    checkFolder(full);
    refuseTaken(full, replace);
    const lock = lockRun(full);
    let db: Connection | undefined;
    try {
      removeStale(full);
      const temporary = temporaryPath(full);
      // Whatever has that name now was put there by somebody else since.
      if (!createPrivate(temporary)) throw new RunLockedError(full);
      db = new Database(temporary);
      // The file is worthless until it is sealed, and is made durable as a whole then.
      db.pragma("journal_mode = off");
      db.pragma("synchronous = off");
      // Rows are added at the end and read through once: four times as much is no quicker, and 12 MB more.
      db.pragma("cache_size = -4096");
      // Every number of a step or a user is given out here, and looking each up again costs 2 us a step.
      db.pragma("foreign_keys = off");
      return { db, placing: filePlacing(full, replace, lock) };
    } catch (error) {
      db?.close();
      removeTemporary(full);
      lock.release();
      throw error;
    }
  });
}

export class SqliteRunWriter implements RunWriter {
  readonly #db: Connection;
  readonly #placing: Placing;
  readonly #signer: CheckpointSigner | undefined;
  readonly #freezing: Freezing;
  /** Steps taken in the turn of another user than their actor. */
  readonly #turns: (readonly [seq: number, turn: number])[] = [];
  readonly #insertStep: Statement<[number, number, number, string | null, number | null, number | null, string]>;
  #ended = false;

  /** `signer` says who planned the run: its key signs the chain before the first row. */
  constructor(db: Connection, placing: Placing, signer?: CheckpointSigner) {
    this.#db = db;
    this.#placing = placing;
    this.#signer = signer;
    createTables(db);
    const insertActor = db.prepare<[number, string]>("insert into actors (id, email) values (?, ?)");
    this.#freezing = new Freezing((id, email) => void insertActor.run(id, email));
    this.#insertStep = db.prepare(
      "insert into steps (seq, kind, actor, asset, after, unless, body) values (?, ?, ?, ?, ?, ?, ?)",
    );
    db.exec("begin");
  }

  async add(drafts: readonly StepDraft[]): Promise<number> {
    this.#checkOpen();
    const first = this.#freezing.steps + 1;
    return withFaults(this.#placing.path, () => {
      for (const draft of drafts) this.#add(draft);
      return first;
    });
  }

  async seal(header: RunHeader): Promise<Digest> {
    this.#checkOpen();
    this.#ended = true;
    try {
      const digest = this.#writeFrozen(header);
      await this.#writeProgress();
      createIndexes(this.#db);
      this.#db.exec("commit");
      this.#placing.seal(this.#db);
      return digest;
    } catch (error) {
      this.#placing.discard(this.#db);
      throw runFileFault(error, this.#placing.path);
    }
  }

  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#placing.discard(this.#db);
  }

  #add(draft: StepDraft): void {
    const { row, actor, turn } = this.#freezing.take(draft);
    const { seq, kind, asset, after, unless, body } = row;
    this.#insertStep.run(seq, kind, actor, asset, after, unless, body);
    if (turn !== actor) this.#turns.push([seq, turn]);
  }

  #writeFrozen(header: RunHeader): Digest {
    const { text, digest, pages } = this.#freezing.end(header);
    this.#db.prepare("insert into run (one, header, digest) values (1, ?, ?)").run(text, digest);
    const insertPage = this.#db.prepare("insert into pages (page, digest) values (?, ?)");
    for (const [page, pageDigest] of pages.entries()) insertPage.run(page + 1, pageDigest);
    const start = genesis(header.runId, digest);
    this.#db.prepare("insert into tail (one, epoch, audit_rows, audit_head) values (1, 0, 0, ?)").run(start);
    if (this.#signer !== undefined) {
      const { runId, createdAt } = header;
      const signed = signedCheckpoint({ runId, digest }, { row: 0, hash: start }, createdAt, this.#signer);
      this.#db.prepare("insert into kept (name, body) values (?, ?)").run(checkpointName(0), signed);
    }
    return digest;
  }

  async #writeProgress(): Promise<void> {
    const copy = this.#db.prepare<[number, number]>(
      `insert into progress (seq, actor, gate)
       select seq, actor, coalesce(after, unless, 0) from steps where seq > ? and seq <= ? order by seq`,
    );
    for (let done = 0; done < this.#freezing.steps; done += progressRowsPerPage) {
      copy.run(done, done + progressRowsPerPage);
      await breathe();
    }
    this.#writeTurns();
  }

  #writeTurns(): void {
    const taken = this.#db.prepare<[number, number]>("update progress set actor = ? where seq = ?");
    for (const [seq, turn] of this.#turns) taken.run(turn, seq);
  }

  #checkOpen(): void {
    if (this.#ended) throw new Error("the run is already sealed or discarded");
  }
}

function filePlacing(path: string, replace: boolean, lock: RunLock): Placing {
  const temporary = temporaryPath(path);
  return {
    path,
    seal: (db) => {
      db.close();
      syncFile(temporary);
      refuseTaken(path, replace);
      retire(path);
      renameSync(temporary, path);
      syncFolder(dirname(path));
      lock.release();
    },
    discard: (db) => {
      db.close();
      removeTemporary(path);
      lock.release();
    },
  };
}

function refuseTaken(path: string, replace: boolean): void {
  const taken = statusOf(path);
  if (taken === undefined || (replace && !taken.isDirectory())) return;
  throw new UsageError(`${path} exists already`, "choose another name, or replace it on purpose");
}

/**
 * Closes the log of the run that had the name before: left beside the new file, it would be read into it. With a
 * reader at work the log cannot be closed, and the run is not replaced.
 */
function retire(path: string): void {
  const log = `${path}-wal`;
  if (statusOf(log) === undefined) return;
  try {
    if (statusOf(path)?.isFile() === true) closeLog(path);
  } catch (error) {
    const code = faultCode(error);
    // What is no database has no log worth keeping.
    if (code !== "SQLITE_NOTADB" && code?.startsWith("SQLITE_CORRUPT") !== true) throw error;
  }
  removeFile(log);
  removeFile(`${path}-shm`);
}

function closeLog(path: string): void {
  const db = new Database(path, { fileMustExist: true });
  const rested = putAtRest(db);
  db.close();
  if (!rested) throw new RunLockedError(path);
}

function temporaryPath(path: string): string {
  return `${path}.tmp`;
}

function removeTemporary(path: string): void {
  for (const end of ["", "-journal", "-wal", "-shm"]) removeFile(temporaryPath(path) + end);
}

/**
 * Takes away what plans killed half-way have left in the folder. Whoever writes a temporary file holds the lock of its
 * run, so a lock that can be had means that nobody does.
 */
function removeStale(path: string): void {
  removeTemporary(path);
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".handover.tmp") || name === basename(temporaryPath(path))) continue;
    removeOther(join(folder, name.slice(0, -".tmp".length)));
  }
}

/** What is not ours to take away, in a folder shared with others, is no reason to write no run. */
function removeOther(path: string): void {
  let lock: RunLock | undefined;
  try {
    lock = lockRun(path);
    removeTemporary(path);
  } catch (error) {
    const isTheirs = error instanceof RunLockedError || error instanceof RunFileError || faultCode(error) !== undefined;
    if (!isTheirs) throw error;
  } finally {
    lock?.release();
  }
}

function syncFile(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes a rename durable. Windows opens no folders and needs none of this. */
function syncFolder(path: string): void {
  let folder: number;
  try {
    folder = openSync(path, "r");
  } catch (error) {
    if (faultCode(error) === "EPERM" || faultCode(error) === "EISDIR") return;
    throw error;
  }
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

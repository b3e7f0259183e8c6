/** Opens run files: every check and every setting that a connection needs before a row is read or written. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import Database from "better-sqlite3";
import type { Database as Connection } from "better-sqlite3";
import type { Digest, RunHeader } from "../../model/run.ts";
import { printable } from "../../model/text.ts";
import { runDigest } from "../digest.ts";
import { corrupt, faultCode, notARun, tampered, withFaults } from "./faults.ts";
import { checkFolder, checkRunFile, checkSameFile, statusOf } from "./file-safety.ts";
import { identify, migrate, schemaVersion, strangeDefinition } from "./schema.ts";
import { expectAllTexts, expectHeader } from "../shapes.ts";

const busyTimeoutMs = 5000;
/** Bytes of a file whose structure is looked through as a whole before anything is done with it: 50 ms of work. */
const lookedThroughMax = 32 * 2 ** 20;

/** The frozen part of a run, whose header and page digests agree with its digest. */
export interface SealedRun {
  readonly path: string;
  readonly header: RunHeader;
  readonly digest: Digest;
  readonly pages: readonly Digest[];
}

/** The absolute path of a run; every name beside it (lock, temporary file, log) is made from it. */
export function runPath(path: string): string {
  return resolve(path);
}

/** A connection that writes nothing. Works while another process carries the run out, and on a read-only copy. */
export function connectForReading(path: string): Connection {
  return withFaults(path, () => {
    const db = connectForExamining(path);
    return orClose(db, () => {
      checkTables(db, path);
      return db;
    });
  });
}

/** The same to a file of which only this is known: it calls itself a run of this version. */
export function connectForExamining(path: string): Connection {
  return withFaults(path, () => {
    const checked = checkRunFile(path);
    const db = openReadOnly(path);
    return orClose(db, () => {
      checkSameFile(path, checked);
      if (identify(db, path) < schemaVersion) throw notARun(path);
      return db;
    });
  });
}

/**
 * A connection to a file found sound, that is to write once it has been made durable. Only with the lock held. A file
 * that is refused keeps every byte.
 */
export function connectForWriting(path: string): Connection {
  return withFaults(path, () => {
    const checked = checkRunFile(path);
    checkFolder(path);
    const db = new Database(path, { fileMustExist: true, timeout: busyTimeoutMs });
    return orClose(db, () => {
      checkSameFile(path, checked);
      identify(db, path);
      checkPages(db, path);
      migrate(db, path);
      checkTables(db, path);
      return db;
    });
  });
}

/**
 * Write-ahead log and `synchronous = FULL`, each read back. The driver opens a file that already is in WAL mode at
 * NORMAL, which loses the last commits in a power cut: the setting belongs to the connection, not to the file.
 */
export function makeDurable(db: Connection): void {
  expectPragma(db, "journal_mode = wal", "journal_mode", db.memory ? "memory" : "wal");
  expectPragma(db, "synchronous = full", "synchronous", 2);
  expectPragma(db, "foreign_keys = on", "foreign_keys", 1);
  db.pragma("cache_size = -16384");
}

/**
 * Moves everything into the one file, so that copying that file copies the run and no log lies beside it. Readers in
 * other processes keep the log in use; then it stays, and the next apply takes it in.
 */
export function putAtRest(db: Connection): boolean {
  db.pragma("busy_timeout = 200");
  try {
    db.pragma("wal_checkpoint(truncate)");
    return db.pragma("journal_mode = delete", { simple: true }) === "delete";
  } catch (error) {
    if (faultCode(error)?.startsWith("SQLITE_BUSY") === true) return false;
    throw error;
  }
}

/** Reads header and digests. Throws `tampered` when they disagree, `corrupt` when they cannot be read. */
export function readSealed(db: Connection, path: string): SealedRun {
  return withFaults(path, () => {
    const row = db.prepare<[], { header: string; digest: string }>("select header, digest from run").get();
    if (row === undefined) throw corrupt(path, "it has no header");
    const pages = db.prepare<[], Digest>("select digest from pages order by page").pluck().all();
    expectAllTexts([row.header, row.digest, ...pages]);
    if (runDigest(row.header, pages) !== row.digest) throw tampered(path, "the header or the digests were changed");
    const header: unknown = JSON.parse(row.header);
    expectHeader(header);
    return { path, header: header as RunHeader, digest: row.digest, pages };
  });
}

function openReadOnly(path: string): Connection {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  return orClose(db, () => {
    try {
      db.pragma("application_id");
      return db;
    } catch (error) {
      const log = statusOf(`${path}-wal`);
      const inLog = log !== undefined && log.size > 0;
      const code = faultCode(error);
      if (inLog || (code !== "SQLITE_READONLY_DIRECTORY" && code !== "SQLITE_CANTOPEN")) throw error;
      db.close();
      return openImage(path);
    }
  });
}

/**
 * A file whose log was left in use needs a log beside it, which a read-only folder does not allow. Its image in memory
 * is read instead, with the two version bytes of the SQLite header set to "no log" (sqlite.org/fileformat2.html 1.3.4).
 */
function openImage(path: string): Connection {
  const image = readFileSync(path);
  image[18] = 1;
  image[19] = 1;
  return new Database(image, { readonly: true });
}

/**
 * The structure of every page: 0.16 s of work for each 100 MB, which is why a large file is not looked through before the
 * first step. There SQLite checks each page as it reads it, before it would write: the pages that say how far the steps
 * have come as they are counted, those of the steps when they are compared with their digests.
 */
function checkPages(db: Connection, path: string): void {
  const pages = Number(db.pragma("page_count", { simple: true }));
  if (pages * Number(db.pragma("page_size", { simple: true })) > lookedThroughMax) {
    expectPragma(db, "cell_size_check = on", "cell_size_check", 1);
    return;
  }
  const verdict = db.pragma("quick_check(1)", { simple: true });
  if (verdict !== "ok") throw corrupt(path, String(verdict));
}

function checkTables(db: Connection, path: string): void {
  const strange = strangeDefinition(db);
  if (strange !== undefined) throw tampered(path, `its tables are not those of a run: ${printable(strange, 60)}`);
}

function expectPragma(db: Connection, setting: string, name: string, expected: unknown): void {
  db.pragma(setting);
  const found = db.pragma(name, { simple: true });
  if (found !== expected) throw new Error(`SQLite does not hold "${setting}": it answers ${String(found)}`);
}

function orClose<T>(db: Connection, work: () => T): T {
  try {
    return work();
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * The lock of a run: `PATH.lock`, an empty SQLite file held by `BEGIN EXCLUSIVE`. The operating system frees it the
 * moment its process dies, so there is no stale lock to clear; readers of the run never look at it.
 */
import { closeSync, openSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { RunFileError, RunLockedError } from "../../model/errors.ts";
import { faultCode, runFileFault, withFaults } from "./faults.ts";
import { checkNoLink, statusOf } from "./file-safety.ts";

export interface RunLock {
  /** Frees the lock and takes its file away. */
  release(): void;
}

const attemptsMax = 10;

/** Outlasts a glance at the lock by `status`; whoever really holds it does so for longer. */
const timeoutMs = 100;

/** Takes the lock, or throws RunLockedError within a moment; RunFileError (`read-only`, `unsafe`) if it cannot be made. */
export function lockRun(path: string): RunLock {
  const lockPath = `${path}.lock`;
  return withFaults(lockPath, () => {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const lock = tryLock(path, lockPath);
      if (lock !== undefined) return lock;
    }
    throw new RunLockedError(path);
  });
}

/** Undefined when the file was taken away by the one who held it before, between opening and locking. */
function tryLock(path: string, lockPath: string): RunLock | undefined {
  makeLockFile(path, lockPath);
  checkNoLink(lockPath);
  const before = statusOf(lockPath);
  const db = new Database(lockPath, { timeout: timeoutMs });
  try {
    // In memory: the default would put an empty rollback journal beside the lock.
    db.pragma("journal_mode = memory");
    db.exec("begin exclusive");
  } catch (error) {
    db.close();
    throw faultCode(error)?.startsWith("SQLITE_BUSY") === true
      ? new RunLockedError(path)
      : runFileFault(error, lockPath);
  }
  const after = statusOf(lockPath);
  if (before === undefined || after === undefined || before.ino !== after.ino || before.dev !== after.dev) {
    db.close();
    return undefined;
  }
  return {
    release: () => {
      // While still held: whoever waits at this file finds it gone and makes a new one.
      if (db.open) removeFile(lockPath);
      db.close();
    },
  };
}

/** A folder that is there, and in which no file can be made, is no run that is missing. */
function makeLockFile(path: string, lockPath: string): void {
  try {
    createPrivate(lockPath);
  } catch (error) {
    if (faultCode(error) !== "ENOENT" || statusOf(dirname(path)) === undefined) throw error;
    throw new RunFileError(
      "read-only",
      `no file can be made beside ${path}`,
      "choose a folder of your own on a local disk",
    );
  }
}

/** Makes an empty file that only its owner can read; leaves one that exists as it is. Answers whether it made it. */
export function createPrivate(path: string): boolean {
  try {
    closeSync(openSync(path, "wx", 0o600));
    return true;
  } catch (error) {
    if (faultCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Takes a file away if it is there. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (faultCode(error) !== "ENOENT") throw error;
  }
}

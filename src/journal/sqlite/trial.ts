/** Tries out in a folder what carrying a run out asks of it: locks, a write-ahead log, and commits that reach the disk. */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { join } from "node:path";
import { pid } from "node:process";
import Database from "better-sqlite3";
import { createPrivate, lockRun, removeFile } from "./lock.ts";
import { makeDurable } from "./open.ts";

/** Throws what stood in the way. Leaves nothing behind. Locks are taken, not contended for: one process cannot. */
export function tryFolder(folder: string): void {
  const path = join(folder, `.handover-trial-${pid}`);
  const names = [path, `${path}-wal`, `${path}-shm`, `${path}-journal`, `${path}.lock`];
  try {
    createPrivate(path);
    const lock = lockRun(path);
    try {
      commitOnce(path);
    } finally {
      lock.release();
    }
    syncFolder(folder);
  } finally {
    for (const name of names) removeFile(name);
  }
}

/** What the driver says of the library it brought along. */
export function sqliteVersion(): string {
  const db = new Database(":memory:");
  try {
    return String(db.prepare("select sqlite_version()").pluck().get());
  } finally {
    db.close();
  }
}

function commitOnce(path: string): void {
  const db = new Database(path, { fileMustExist: true, timeout: 0 });
  try {
    makeDurable(db);
    db.exec("create table trial (one integer)");
  } finally {
    db.close();
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

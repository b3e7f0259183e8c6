/** Which files and folders may hold a run: our own, not a link, not writable by others, not on a network share. */
import { lstatSync, statfsSync } from "node:fs";
import type { Stats } from "node:fs";
import { dirname } from "node:path";
import { geteuid } from "node:process";
import { RunFileError } from "../../model/errors.ts";
import { faultCode, missing, notARun } from "./faults.ts";

/** The `f_type` of file systems whose locks and shared memory a write-ahead log cannot rely on (statfs(2)). */
const networkFileSystems = new Map<number, string>([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
]);

/**
 * Refuses a run file that is missing, a link of either kind, not a plain file, somebody else's, or writable by others.
 * The file is never opened for this: closing a descriptor of a file drops every lock that this process holds on it
 * (POSIX), those of SQLite included.
 */
export function checkRunFile(path: string): Stats {
  const stats = statusOf(path);
  if (stats === undefined) throw missing(path);
  checkStatus(path, stats);
  for (const side of [`${path}-wal`, `${path}-shm`]) {
    const sideStats = statusOf(side);
    if (sideStats !== undefined) checkStatus(side, sideStats);
  }
  return stats;
}

/** Whether `path` still is the file that was checked: guards the moment between the check and the opening. */
export function checkSameFile(path: string, checked: Stats): void {
  const now = statusOf(path);
  if (now === undefined || now.ino !== checked.ino || now.dev !== checked.dev) {
    throw unsafe(path, "was exchanged while it was being opened", "give the command again");
  }
}

/** Refuses a folder on a network share. */
export function checkFolder(path: string): void {
  const system = networkFileSystem(statfsSync(dirname(path)).type);
  if (system !== undefined) {
    throw unsafe(path, `lies on a network share (${system})`, "keep runs on a local disk while they are written");
  }
}

/** Refuses a lock or temporary file that somebody has put there as a link: opening it would reach some other file. */
export function checkNoLink(path: string): void {
  const stats = statusOf(path);
  if (stats !== undefined && !stats.isFile()) {
    throw unsafe(path, "is a link, or no file", "find out who put it there, and take it away");
  }
}

/** The name of a network file system by its `f_type`, or undefined for a local one. */
export function networkFileSystem(type: number): string | undefined {
  return networkFileSystems.get(type >>> 0);
}

/** `lstat`, or undefined when nothing has that name. */
export function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (faultCode(error) === "ENOENT" || faultCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

function checkStatus(path: string, stats: Stats): void {
  if (stats.isSymbolicLink()) throw unsafe(path, "is a symbolic link", "give the file itself");
  if (!stats.isFile()) throw notARun(path);
  // Opened under each of its names, a file would have a log and a lock for each: SQLite loses data that way.
  if (stats.nlink > 1) throw unsafe(path, "has another name as well (a hard link)", "make a copy of its own with cp");
  const user = geteuid?.();
  // Windows has neither owners nor mode bits in this form.
  if (user === undefined) return;
  if (stats.uid !== user) throw unsafe(path, "belongs to another user", "make a copy of your own");
  if ((stats.mode & 0o022) !== 0) throw unsafe(path, "can be written by others", `give the command: chmod 600 ${path}`);
}

function unsafe(path: string, problem: string, remedy: string): RunFileError {
  return new RunFileError("unsafe", `${path} ${problem}`, remedy);
}

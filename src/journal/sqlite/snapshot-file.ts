/** The snapshot file: its tables, and how one is made, opened and recognised. */
import { statSync } from "node:fs";
import Database from "better-sqlite3";
import type { Database as Connection } from "better-sqlite3";
import { RunFileError, UsageError } from "../../model/errors.ts";
import type { SnapshotHeader } from "../../model/inventory.ts";
import type { Digest } from "../../model/run.ts";
import { canonicalJson } from "../../model/canonical.ts";
import { runFileFault } from "./faults.ts";
import { checkFolder, checkRunFile, checkSameFile, statusOf } from "./file-safety.ts";
import { createPrivate } from "./lock.ts";
import { expectAllTexts, instantOf, objectOf } from "../shapes.ts";

/** "Hnds": tells a snapshot from a run and from other SQLite files (`PRAGMA application_id`). */
const applicationId = 0x486e6473;

/** `PRAGMA user_version`. */
const snapshotVersion = 1;

const busyTimeoutMs = 5000;

/**
 * Titles are JSON, because they may hold halves of surrogate pairs, which UTF-8 cannot. `searches` holds a row for each
 * search made to its end, `sightings` who was shown what. Assets lie in order of name, so that reading all of them is
 * one sweep over the file.
 */
const tables = `
  create table header (one integer primary key check (one = 1), body text not null) strict;
  create table stage (one integer primary key check (one = 1), users_listed integer not null, finished_at integer, digest text) strict;
  create table users (
    id integer primary key, email text not null unique, person text not null, reading text not null, reason text
  ) strict;
  create table searches (user integer not null, query integer not null, primary key (user, query)) strict, without rowid;
  create table assets (
    name text primary key, id integer not null, type text not null, title text not null, owner text,
    trashed integer not null, created text, updated text,
    permissions text, read_as text, read_at integer, carried integer not null default 0, unreadable text
  ) strict, without rowid;
  create unique index asset_id on assets (id);
  create index unread on assets (name) where permissions is null and unreadable is null;
  create table sightings (asset integer not null, user integer not null, primary key (asset, user)) strict, without rowid;
  create table principals (email text primary key, body text not null) strict, without rowid;
  create table groups (email text primary key, members text, unreadable text) strict, without rowid;
`;

/** The header of an open file, and how it ended if it has. */
export interface SnapshotState {
  readonly header: SnapshotHeader;
  readonly finished: { readonly at: number; readonly digest: Digest } | undefined;
}

/** Makes an empty snapshot of `header`. Throws UsageError when the name is taken. */
export function makeSnapshot(path: string, header: SnapshotHeader): Connection {
  return inWords(path, () => {
    checkFolder(path);
    if (!createPrivate(path)) throw new UsageError(`${path} exists already`, "choose another name");
    const db = new Database(path, { timeout: busyTimeoutMs });
    makeWritable(db);
    db.transaction(() => {
      db.exec(tables);
      db.prepare("insert into header (one, body) values (1, ?)").run(canonicalJson(header));
      db.prepare("insert into stage (one, users_listed) values (1, 0)").run();
      db.pragma(`application_id = ${applicationId}`);
      db.pragma(`user_version = ${snapshotVersion}`);
    })();
    return db;
  });
}

/** An existing snapshot, to go on with. */
export function connectSnapshot(path: string, access: "read" | "write"): Connection {
  return inWords(path, () => {
    const checked = checkRunFile(path);
    if (access === "write") checkFolder(path);
    const db = new Database(path, { readonly: access === "read", fileMustExist: true, timeout: busyTimeoutMs });
    try {
      checkSameFile(path, checked);
      identify(db, path);
      if (access === "write") makeWritable(db);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** Whether the file at `path` is a snapshot, whatever its name; false when there is none or it is something else. */
export function isSnapshotFile(path: string): boolean {
  if (statusOf(path)?.isFile() !== true || statSync(path).size === 0) return false;
  try {
    const db = new Database(path, { readonly: true, fileMustExist: true });
    try {
      return db.pragma("application_id", { simple: true }) === applicationId;
    } finally {
      db.close();
    }
  } catch {
    return false;
  }
}

export function readState(db: Connection, path: string): SnapshotState {
  return inWords(path, () => {
    const body = db.prepare<[], string>("select body from header").pluck().get();
    const end = db
      .prepare<[], { at: number | null; digest: Digest | null }>("select finished_at as at, digest from stage")
      .get();
    if (body === undefined || end === undefined) throw damaged(path, "it has no header");
    const { at, digest } = end;
    return {
      header: headerIn(body),
      finished: at === null || digest === null ? undefined : { at, digest },
    };
  });
}

/** Throws `SyntaxError` for what no inventory has written. */
function headerIn(body: string): SnapshotHeader {
  const header = objectOf(JSON.parse(body) as SnapshotHeader);
  const { tenant, domains, scope, startedAt } = header;
  expectAllTexts([tenant, objectOf(scope).kind]);
  expectAllTexts(domains);
  instantOf(startedAt);
  return header;
}

/** What went wrong with a snapshot, in words about snapshots. */
export function inWords<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw snapshotFault(error, path);
  }
}

function snapshotFault(error: unknown, path: string): Error {
  const fault = runFileFault(error, path);
  if (error === fault || !(fault instanceof RunFileError)) return fault;
  switch (fault.kind) {
    case "missing":
      return new RunFileError("missing", `there is no snapshot ${path}`, "take one with: handover inventory");
    case "not-a-run":
      return notASnapshot(path);
    case "corrupt":
      return damaged(path, error instanceof Error ? error.message : String(error));
    default:
      return fault;
  }
}

/**
 * A lost commit costs a few reads made again, so commits need not wait for the disk: a power cut leaves the file whole
 * and a little younger.
 */
function makeWritable(db: Connection): void {
  db.pragma("journal_mode = wal");
  db.pragma("synchronous = normal");
  db.pragma("cache_size = -16384");
}

function identify(db: Connection, path: string): void {
  if (db.pragma("application_id", { simple: true }) !== applicationId) throw notASnapshot(path);
  const version = Number(db.pragma("user_version", { simple: true }));
  if (version === snapshotVersion) return;
  throw new RunFileError(
    "newer",
    `${path} has the format ${version}, and this version of handover reads format ${snapshotVersion}`,
    "use the version that made it, or take the inventory again",
  );
}

function notASnapshot(path: string): RunFileError {
  return new RunFileError("not-a-run", `${path} is not a snapshot`, "give a file that handover inventory has made");
}

function damaged(path: string, detail: string): RunFileError {
  return new RunFileError("corrupt", `${path} is damaged (${detail})`, "take the inventory again under another name");
}

/** The tables of a run file: what was approved (run, pages, actors, steps) apart from what happened (the others). */
import { closeSync, openSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { RunFileError } from "../../model/errors.ts";
import { notARun } from "./faults.ts";

/** "Hndo": tells a run from other SQLite files (`PRAGMA application_id`). */
const applicationId = 0x486e646f;

/** `PRAGMA user_version`. Each migration raises it by one. */
export const schemaVersion = 1;

/**
 * `steps` never changes after the run is sealed and is covered by the digest; `progress` holds small rows, so that the
 * many updates of an apply touch few pages. `state` is 0 until the step ends; `gate` is the step waited for, 0 when
 * ready; `audit` is the row of the audit chain that ended the step, which is also where its result is kept.
 * `intents` holds those of steps that have not ended: having one is what makes an open step in-flight, so an attempt
 * costs one insert into a table of a few pages, and finding what a dead process had under way costs nothing.
 * `void` is 0 for a doubtful attempt, 1 for one without effect, 2 for one without effect because of a conflict.
 */
const tables = `
  create table run (one integer primary key check (one = 1), header text not null, digest text not null) strict;
  create table pages (page integer primary key, digest text not null) strict;
  create table actors (id integer primary key, email text not null unique) strict;
  create table steps (
    seq integer primary key, kind integer not null, actor integer not null references actors (id),
    asset text, after integer, unless integer, body text not null
  ) strict;
  create table progress (
    seq integer primary key references steps (seq), actor integer not null references actors (id),
    state integer not null default 0, gate integer not null default 0,
    attempts integer not null default 0, audit integer,
    failure text, reason text, memo text, updated integer
  ) strict;
  create table intents (
    seq integer not null, attempt integer not null, void integer not null default 0,
    at integer not null, body text not null, primary key (seq, attempt)
  ) strict, without rowid;
  create table audit (seq integer primary key, body text not null, hash text not null) strict;
  create table verdicts (
    seq integer primary key references steps (seq), verdict text not null, at integer not null
  ) strict;
  create table kept (name text primary key, body text not null) strict, without rowid;
  create table tail (
    one integer primary key check (one = 1), epoch integer not null, audit_rows integer not null, audit_head text not null
  ) strict;
`;

/**
 * SQLite uses a partial index only when the query repeats its condition word for word: `state = 0 and gate = 0`
 * finds `ready`, `state < 1 and gate = 0` finds nothing. `ready` also lets a query skip from actor to actor.
 */
const indexes = `
  create index ready on progress (actor, seq) where state = 0 and gate = 0;
  create index waiting on progress (gate) where gate > 0;
  create index trouble on progress (state, failure, reason) where failure is not null;
`;

/** Makes the tables in an empty database. */
export function createTables(db: Database): void {
  db.exec(tables);
}

/** Makes the indexes: after the rows are in, which costs a sixth of keeping them up while inserting. */
export function createIndexes(db: Database): void {
  db.exec(indexes);
  db.pragma(`application_id = ${applicationId}`);
  db.pragma(`user_version = ${schemaVersion}`);
}

/** The definitions a run has, with blanks and letter case evened out: SQLite keeps the words of whoever wrote them. */
const definitions: ReadonlySet<string> = new Set(
  (tables + indexes)
    .split(";")
    .map(evenedOut)
    .filter((definition) => definition !== ""),
);

/**
 * The first definition that is missing, or that no run has; undefined when all are as they should be. A view in the
 * place of a table could answer one thing to whoever checks and another to whoever applies; a trigger could write.
 */
export function strangeDefinition(db: Database): string | undefined {
  const found = new Set(
    db
      .prepare<[], string>("select coalesce(sql, type) from sqlite_schema where sql is not null or type <> 'index'")
      .pluck()
      .all()
      .map(evenedOut),
  );
  for (const definition of found) if (!definitions.has(definition)) return definition;
  for (const definition of definitions) if (!found.has(definition)) return definition;
  return undefined;
}

/** Tables and indexes of a run. */
export const definitionCount: number = definitions.size;

function evenedOut(definition: string): string {
  return definition.replace(/\s+/g, " ").trim().toLowerCase();
}

/** Takes a file from version `from` to `from + 1`; runs inside the transaction that raises `user_version`. */
export interface Migration {
  readonly from: number;
  readonly apply: (db: Database) => void;
}

const migrations: readonly Migration[] = [];

/** Refuses what is not a run, or is one of a newer version. Answers the file's version; changes nothing. */
export function identify(db: Database, path: string): number {
  const application = db.pragma("application_id", { simple: true });
  if (application !== applicationId) throw notARun(path);
  const version = Number(db.pragma("user_version", { simple: true }));
  if (version > schemaVersion) {
    throw new RunFileError(
      "newer",
      `${path} has the format ${version}, made by a newer version of handover; this one reads up to ${schemaVersion}`,
      "use the version that made it, or a newer one",
    );
  }
  return version;
}

/**
 * Brings an older file up to `target`, in one transaction, after setting a copy aside as `PATH.v<n>`. Only with the
 * lock held.
 */
export function migrate(
  db: Database,
  path: string,
  steps: readonly Migration[] = migrations,
  target: number = schemaVersion,
): void {
  const found = Number(db.pragma("user_version", { simple: true }));
  if (found === target) return;
  db.pragma("synchronous = full");
  const copy = `${path}.v${found}`;
  closeSync(openSync(copy, "w", 0o600));
  db.prepare("vacuum into ?").run(copy);
  db.transaction(() => {
    for (let version = found; version < target; version += 1) {
      const step = steps.find((candidate) => candidate.from === version);
      if (step === undefined) throw notARun(path);
      step.apply(db);
      db.pragma(`user_version = ${version + 1}`);
    }
  }).immediate();
}

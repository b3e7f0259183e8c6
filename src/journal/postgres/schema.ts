/** The tables of a PostgreSQL journal: what was approved (runs, actors, steps) apart from what happened (the others). */
import type { PoolClient } from "pg";

/** Each migration raises it by one. */
export const schemaVersion = 1;

/**
 * `steps` never changes after the run is sealed and is covered by the digest; `progress` holds small rows. A step that
 * a worker holds has `worker`, the `fence` of its claim and the time until which the lease lasts, all by the clock of
 * the database. The states, gates and intents mean what they mean in a run file. Text that a step's body, an intent or an
 * audit row holds is JSON, in which every character that PostgreSQL cannot keep is escaped; so are `memo` and `kept.body`.
 * `turn` of an actor grows with each of its claims: the one with the smallest comes next. `counts` is by state, for steps
 * that have ended; those still open are in its first place.
 */
const tables = `
  create table runs (
    id bigint generated always as identity primary key,
    name text not null unique, run_id text not null, tenant text not null,
    header text not null, digest text not null, pages text[] not null,
    counts integer[] not null, audit_rows integer not null default 0, audit_head text not null,
    created timestamptz not null default clock_timestamp()
  );
  create table actors (
    run bigint not null references runs on delete cascade, id integer not null, email text not null,
    open integer not null, turn bigint not null default 0,
    primary key (run, id)
  );
  create table steps (
    run bigint not null references runs on delete cascade, seq integer not null,
    kind smallint not null, actor integer not null, asset text, "after" integer, "unless" integer, body text not null,
    primary key (run, seq)
  );
  create table progress (
    run bigint not null references runs on delete cascade, seq integer not null,
    actor integer not null, state smallint not null default 0, gate integer not null default 0,
    worker bigint, fence bigint not null default 0, lease timestamptz,
    attempts integer not null default 0, audit integer, failure text, reason text, memo text, updated bigint,
    primary key (run, seq)
  ) with (fillfactor = 80);
  create table intents (
    run bigint not null references runs on delete cascade, seq integer not null, attempt integer not null,
    void smallint not null default 0, at bigint not null, body text not null,
    primary key (run, seq, attempt)
  );
  create table audit (
    run bigint not null references runs on delete cascade, seq integer not null, body text not null, hash text not null,
    primary key (run, seq)
  );
  create table verdicts (
    run bigint not null references runs on delete cascade, seq integer not null, verdict text not null, at bigint not null,
    primary key (run, seq)
  );
  create table kept (
    run bigint not null references runs on delete cascade, name text not null, body text not null,
    primary key (run, name)
  );
  create table workers (
    id bigint generated always as identity primary key,
    run bigint not null references runs on delete cascade, slice bigint not null default 0,
    started timestamptz not null default clock_timestamp(), seen timestamptz not null default clock_timestamp()
  );
  create table cells (key text primary key, body text) with (fillfactor = 50);
  create sequence fences;
  create sequence turns;
  create index ready on progress (run, actor, seq) where state = 0 and gate = 0;
  create index held on progress (run, actor) where state = 0 and lease is not null;
  create index waiting on progress (run, gate) where gate > 0 and state = 0;
  create index trouble on progress (run, state, failure, reason) where failure is not null;
  create index ends on steps (run, "unless") where "unless" is not null;
`;

/** Makes or upgrades the tables of the schema that the connection uses. One process does so, the others wait. */
export async function migrate(client: PoolClient, schema: string): Promise<void> {
  await client.query("begin");
  await client.query("select pg_advisory_xact_lock(hashtext('handover journal ' || $1))", [schema]);
  await client.query(`create schema if not exists ${quotedName(schema)}`);
  await client.query("create table if not exists journal_version (version integer not null)");
  const { rows } = await client.query<{ version: number }>("select version from journal_version");
  if (rows.length === 0) {
    await client.query(tables);
    await client.query("insert into journal_version values ($1)", [schemaVersion]);
  }
  await client.query("commit");
}

/** The version of the tables there; undefined when there are none. */
export async function foundVersion(client: PoolClient): Promise<number | undefined> {
  const { rows: there } = await client.query<{ found: boolean }>(
    "select to_regclass('journal_version') is not null as found",
  );
  if (there[0]?.found !== true) return undefined;
  const { rows } = await client.query<{ version: number }>("select version from journal_version");
  return rows[0]?.version;
}

export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The tables of a PostgreSQL journal: what was approved (runs, actors, steps) apart from what happened (the others). */
import type { PoolClient } from "pg";
import { JournalError, RunFileError } from "../../model/errors.ts";
import { fleetTables } from "./fleet-tables.ts";

/**
 * `steps` never changes after the run is sealed and is covered by the digest; `progress` holds small rows. A step that
 * a worker holds has `worker`, the `fence` of its claim and the time until which the lease lasts, all by the clock of
 * the database. The states, gates and intents mean what they mean in a run file. Text that a step's body, an intent or an
 * audit row holds is JSON, in which every character that PostgreSQL cannot keep is escaped; so are `memo` and `kept.body`.
 * `turn` of an actor grows with each of its claims: the one with the smallest comes next. `counts` is by state, for steps
 * that have ended; those still open are in its first place.
 */
const first = `
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
  create sequence fences;
  create sequence turns;
  create index ready on progress (run, actor, seq) where state = 0 and gate = 0;
  create index held on progress (run, actor) where state = 0 and lease is not null;
  create index waiting on progress (run, gate) where gate > 0 and state = 0;
  create index trouble on progress (run, state, failure, reason) where failure is not null;
  create index ends on steps (run, "unless") where "unless" is not null;
`;

/** All tables that belong to a tenant. */
const ofTenants = ["runs", "actors", "steps", "progress", "intents", "audit", "verdicts", "kept", "workers"] as const;

/** What is left of runs that were purged. */
const purges = `
  create table purges (
    id bigint generated always as identity primary key,
    name text not null, run_id text not null, digest text not null, audit_rows integer not null, audit_head text not null,
    by text not null, at timestamptz not null default clock_timestamp()
  );`;

/**
 * Each row belongs to a tenant, and a connection sees those of the one it names (`handover.tenant`), its owner included:
 * a statement that forgets to ask whose run it is finds nothing of another tenant. A connection that names none sees no row.
 */
const tenants = `
  alter table runs rename column tenant to domain;
  ${ofTenants.map(ofTenant).join("\n")}
  ${purges}
  ${ofTenant("purges")}
  alter table runs drop constraint runs_name_key;
  alter table runs add constraint runs_name_key unique (tenant, name);
`;

/** The default of the rows there are is a constant, so that the table is not written anew. */
function ofTenant(table: string): string {
  return `
    alter table ${table} add column tenant text not null default 'default';
    alter table ${table} alter column tenant set default current_setting('handover.tenant');
    alter table ${table} enable row level security;
    alter table ${table} force row level security;
    create policy tenant on ${table} using (tenant = current_setting('handover.tenant', true));`;
}

/** The pace is shared by other keys than before: what was kept under the old ones says nothing any more. */
const pacesAnew = "delete from cells;";

/** In order; the place of each is the version that it makes. Only ever added to. */
export const migrations: readonly string[] = [first, tenants, fleetTables(ofTenant), pacesAnew];

const schemaVersion: number = migrations.length;

/** The oldest server whose planner and locks this was measured with (`server_version_num`). */
const serverMin = 120_000;

/**
 * Makes or upgrades the tables of the schema that the connection uses, in one transaction. Processes that start at the
 * same time come one after the other, and the later ones find nothing left to do.
 */
export async function migrate(client: PoolClient, schema: string, shown: string): Promise<void> {
  await expectServer(client, shown);
  if ((await foundVersion(client)) === schemaVersion) return;
  await client.query("begin");
  await client.query("select pg_advisory_xact_lock(hashtext('handover journal ' || $1))", [schema]);
  // Even with `if not exists`, making a schema asks for rights that whoever only uses it need not have.
  const { rows: there } = await client.query("select 1 from pg_namespace where nspname = $1", [schema]);
  if (there.length === 0) await client.query(`create schema ${quotedName(schema)}`);
  await client.query("create table if not exists journal_version (version integer not null)");
  const found = (await foundVersion(client)) ?? 0;
  if (found > schemaVersion) throw newer(found, shown);
  for (const migration of migrations.slice(found)) await client.query(migration);
  if (found < schemaVersion) {
    await client.query("delete from journal_version");
    await client.query("insert into journal_version values ($1)", [schemaVersion]);
  }
  await client.query("commit");
}

/** Throws unless the tables are those of this version. */
export async function expectReady(client: PoolClient, shown: string): Promise<void> {
  await expectServer(client, shown);
  const found = await foundVersion(client);
  if (found === schemaVersion) return;
  if (found === undefined) {
    throw new RunFileError(
      "missing",
      `there are no runs at ${shown}`,
      "make one with: handover plan FILE --journal URL",
    );
  }
  if (found > schemaVersion) throw newer(found, shown);
  throw new RunFileError(
    "older",
    `${shown} has the format ${found}, and this version of handover keeps journals in format ${schemaVersion}`,
    "let workers of the older version end, then bring it up with: handover run list --upgrade",
  );
}

async function expectServer(client: PoolClient, shown: string): Promise<void> {
  const { rows } = await client.query<{ version: string; number: string }>(
    "select current_setting('server_version') as version, current_setting('server_version_num') as number",
  );
  const [server] = rows;
  if (Number(server?.number) >= serverMin) return;
  throw new JournalError(
    "wrong",
    `${shown} is PostgreSQL ${server?.version ?? "of an unknown version"}, and a journal needs ${serverMin / 10_000} or newer`,
    "use a newer server",
  );
}

function newer(found: number, shown: string): RunFileError {
  return new RunFileError(
    "newer",
    `${shown} has the format ${found}, made by a newer version of handover; this one knows up to ${schemaVersion}`,
    "use the version that made it, or a newer one",
  );
}

/** The version of the tables there; undefined when there are none. */
async function foundVersion(client: PoolClient): Promise<number | undefined> {
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

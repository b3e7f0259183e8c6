/** A run kept elsewhere becomes a run in the database, in one transaction; and a run leaves the database, for good. */
import type { PoolClient } from "pg";
import { RunFileError, RunLockedError, UsageError } from "../../model/errors.ts";
import type { RunHeader } from "../../model/run.ts";
import type { Kept } from "../checkpoints.ts";
import { stateCount } from "../codes.ts";
import { dumpedTables } from "../dump.ts";
import type { DumpedRow, RunDump } from "../dump.ts";
import { recordName, recordText } from "../record.ts";
import type { RunRecord } from "../record.ts";
import { canonicalJson } from "../../model/canonical.ts";
import { lockClaims } from "./claims.ts";
import type { JournalDatabase } from "./database.ts";
import { endedByMove } from "./fleet.ts";
import { dumpAt, sourceOn } from "./dump.ts";
import { escaped, keepable } from "./text.ts";
import { writeSlice } from "./writes.ts";
import type { Entry, Write } from "./writes.ts";

/**
 * `kept` takes the place of what the dump keeps. `check` sees the copy before anybody else does, and throws to refuse it.
 * Throws UsageError when the name is taken.
 */
export async function copyToDatabase(
  database: JournalDatabase,
  name: string,
  dump: RunDump,
  kept: readonly Kept[],
  check: (copy: RunDump) => Promise<void>,
): Promise<void> {
  await database.transaction(async (client) => {
    const { header: text, digest, pages, rows: auditRows, head } = dump.frozen;
    const header = JSON.parse(text) as RunHeader;
    const { rows } = await client.query<{ id: string }>(
      `insert into runs (name, run_id, domain, header, digest, pages, counts, audit_rows, audit_head)
       values ($1, $2, $3, $4, $5, $6, '{}', $7, $8) on conflict (tenant, name) do nothing returning id`,
      [name, header.runId, header.tenant, text, digest, pages, auditRows, head],
    );
    const [made] = rows;
    if (made === undefined) {
      throw new UsageError(`there is a run ${name} at ${database.shown} already`, "choose another name");
    }
    const copying = new Copying(client, Number(made.id));
    for (const table of dumpedTables) {
      for await (const some of dump.rows(table)) await copying[table.name](some);
    }
    await copying.finish(kept);
    await check(await dumpAt(sourceOn(database, client), name));
  });
}

/**
 * From here on the run is a record, and says where it went: nobody claims a step of it any more, and what a worker that
 * was thought dead still writes is `lost`; workers that have joined it, and hold nothing, hear that it has ended. Throws RunLockedError while a worker holds any of it.
 */
export async function leaveDatabase(database: JournalDatabase, name: string, record: RunRecord): Promise<void> {
  await database.transaction(async (client) => {
    const { rows } = await client.query<{ id: string }>("select id from runs where tenant = $1 and name = $2", [
      database.tenant,
      name,
    ]);
    const [found] = rows;
    if (found === undefined) throw new RunFileError("missing", `there is no run ${name}`, "handover run list");
    const run = Number(found.id);
    await lockClaims(client, run);
    const { rows: held } = await client.query(
      "select 1 from progress where run = $1 and state = 0 and lease >= clock_timestamp() limit 1",
      [run],
    );
    if (held.length > 0) throw new RunLockedError(`${name} at ${database.shown}`);
    await client.query(
      `update progress set worker = null, lease = null, fence = nextval('fences')
       where run = $1 and state = 0 and worker is not null`,
      [run],
    );
    await client.query(
      `update carrying set ended = '${endedByMove}', reason = $2, ended_at = clock_timestamp()
       where run = $1 and ended is null`,
      [run, `moved to ${record.other}`],
    );
    const note = canonicalJson({ at: record.at, details: { to: record.other }, kind: "note:moved" });
    const writes: readonly Write[] = [
      { kind: "note", body: note },
      { kind: "keep", name: recordName, text: recordText(record) },
    ];
    const none = (): void => undefined;
    const entries = writes.map((write): Entry => ({ write, kept: none, lost: none, failed: none }));
    await writeSlice(client, { run, worker: 0, onHead: none }, entries);
  });
}

class Copying {
  readonly #client: PoolClient;
  readonly #run: number;
  readonly #users = new Map<string, number>();
  readonly #open: number[] = [];
  readonly #counts: number[] = Array.from({ length: stateCount }, () => 0);

  constructor(client: PoolClient, run: number) {
    this.#client = client;
    this.#run = run;
  }

  async steps(rows: readonly DumpedRow[]): Promise<void> {
    await this.#insert("steps", rows, [
      ["seq", "int"],
      ["kind", "smallint"],
      ["actor", "int", (email) => this.#user(String(email))],
      ["asset", "text"],
      ["after", "int"],
      ["unless", "int"],
      ["body", "text"],
    ]);
  }

  async progress(rows: readonly DumpedRow[]): Promise<void> {
    const text = (value: unknown): string | null => (typeof value === "string" ? keepable(value) : null);
    await this.#insert("progress", rows, [
      ["seq", "int"],
      ["actor", "int", (email) => this.#user(String(email))],
      ["state", "smallint"],
      ["gate", "int"],
      ["attempts", "int"],
      ["audit", "int"],
      ["failure", "text", text],
      ["reason", "text", text],
      ["memo", "text", (memo) => (typeof memo === "string" ? escaped(memo) : null)],
      ["updated", "bigint"],
    ]);
    for (const { state, actor } of rows) {
      this.#counts[Number(state)] = (this.#counts[Number(state)] ?? 0) + 1;
      const user = this.#user(String(actor));
      if (state === 0) this.#open[user - 1] = (this.#open[user - 1] ?? 0) + 1;
    }
  }

  async intents(rows: readonly DumpedRow[]): Promise<void> {
    await this.#insert("intents", rows, [
      ["seq", "int"],
      ["attempt", "int"],
      ["void", "smallint"],
      ["at", "bigint"],
      ["body", "text"],
    ]);
  }

  async audit(rows: readonly DumpedRow[]): Promise<void> {
    await this.#insert("audit", rows, [
      ["seq", "int"],
      ["body", "text"],
      ["hash", "text"],
    ]);
  }

  async verdicts(rows: readonly DumpedRow[]): Promise<void> {
    await this.#insert("verdicts", rows, [
      ["seq", "int"],
      ["verdict", "text"],
      ["at", "bigint"],
    ]);
  }

  async finish(kept: readonly Kept[]): Promise<void> {
    const emails = [...this.#users.keys()];
    await this.#client.query(
      "insert into actors (run, id, email, open) select $1, * from unnest($2::int[], $3::text[], $4::int[])",
      [this.#run, emails.map((_, index) => index + 1), emails, this.#open],
    );
    await this.#client.query("update runs set counts = $2 where id = $1", [this.#run, this.#counts]);
    await this.#client.query("insert into kept (run, name, body) select $1, * from unnest($2::text[], $3::text[])", [
      this.#run,
      kept.map(({ name }) => name),
      kept.map(({ body }) => escaped(body)),
    ]);
  }

  async #insert(
    table: string,
    rows: readonly DumpedRow[],
    columns: readonly (readonly [name: string, type: string, as?: (value: unknown) => unknown])[],
  ): Promise<void> {
    const names = columns.map(([name]) => `"${name}"`).join(", ");
    const arrays = columns.map(([, type], index) => `$${index + 2}::${type}[]`).join(", ");
    await this.#client.query(`insert into ${table} (run, ${names}) select $1, * from unnest(${arrays})`, [
      this.#run,
      ...columns.map(([name, , as]) => rows.map((row) => (as === undefined ? row[name] : as(row[name])))),
    ]);
  }

  #user(email: string): number {
    const known = this.#users.get(email);
    if (known !== undefined) return known;
    const id = this.#users.size + 1;
    this.#users.set(email, id);
    this.#open.push(0);
    return id;
  }
}

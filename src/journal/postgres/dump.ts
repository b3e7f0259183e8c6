/** A run in the database read out at one moment, whatever its workers write meanwhile. */
import type { PoolClient } from "pg";
import { RunFileError } from "../../model/errors.ts";
import type { Kept } from "../checkpoints.ts";
import type { DumpedHead, DumpedRow, DumpedTable, RunDump } from "../dump.ts";
import type { JournalDatabase, RowSource } from "./database.ts";
import { databaseFault } from "./faults.ts";
import { PostgresRunReader } from "./reader.ts";
import { readSealedRun } from "./sealed.ts";
import type { SealedRun } from "./sealed.ts";
import { unescaped } from "./text.ts";

const rowsAtOnce = 2000;

/** Whole numbers come as text from columns that may hold large ones; none of these is beyond what a number holds. */
const queries: Readonly<Record<DumpedTable["name"], string>> = {
  steps: `select s.seq, s.kind, a.email as actor, s.asset, s."after", s."unless", s.body
    from steps s join actors a on a.run = s.run and a.id = s.actor where s.run = $1 and s.seq > $2 and $3 >= 0
    order by s.seq limit $4`,
  progress: `select p.seq, a.email as actor, p.state, p.gate, p.attempts, p.audit, p.failure, p.reason, p.memo,
      p.updated::float8 as updated
    from progress p join actors a on a.run = p.run and a.id = p.actor where p.run = $1 and p.seq > $2 and $3 >= 0
    order by p.seq limit $4`,
  intents: `select seq, attempt, void, at::float8 as at, body from intents
    where run = $1 and (seq, attempt) > ($2, $3) order by seq, attempt limit $4`,
  audit: "select seq, body, hash from audit where run = $1 and seq > $2 and $3 >= 0 order by seq limit $4",
  verdicts: `select seq, verdict, at::float8 as at from verdicts where run = $1 and seq > $2 and $3 >= 0
    order by seq limit $4`,
};

/** One moment of the database, on a connection of its own. */
class JournalMoment implements RowSource {
  readonly shown: string;
  readonly tenant: string;
  readonly client: PoolClient;
  readonly #end: () => Promise<void>;

  constructor(database: RowSource, client: PoolClient, end: () => Promise<void>) {
    this.shown = database.shown;
    this.tenant = database.tenant;
    this.client = client;
    this.#end = end;
  }

  async rows<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    try {
      return (await this.client.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw databaseFault(error, this.shown);
    }
  }

  async close(): Promise<void> {
    await this.#end();
  }
}

/** Throws RunFileError. `ownsDatabase`: the database is closed with the dump. */
export async function openPostgresDump(
  database: JournalDatabase,
  name: string,
  options: { readonly ownsDatabase: boolean } = { ownsDatabase: false },
): Promise<RunDump> {
  const moment = await momentOf(database, options.ownsDatabase);
  try {
    return await dumpAt(moment, name);
  } catch (error) {
    await moment.close();
    throw error;
  }
}

/** The dump within a transaction that somebody else ends. */
export async function dumpAt(source: RowSource, name: string): Promise<RunDump> {
  const run = await readSealedRun(source, name);
  const [row] = await source.rows<{ header: string; rows: number; head: string }>(
    "select header, audit_rows as rows, audit_head as head from runs where id = $1",
    [run.id],
  );
  if (row === undefined)
    throw new RunFileError("missing", `${run.place} is gone`, "see what is there: handover run list");
  const { header, rows, head } = row;
  return new PostgresRunDump(source, run, { header, digest: run.digest, pages: run.pages, rows, head });
}

async function momentOf(database: JournalDatabase, ownsDatabase: boolean): Promise<JournalMoment> {
  let release: () => void = () => undefined;
  let held: Promise<void> = Promise.resolve();
  const client = await new Promise<PoolClient>((resolve, reject) => {
    held = database
      .using(async (given) => {
        await given.query("begin isolation level repeatable read, read only");
        resolve(given);
        await new Promise<void>((free) => {
          release = free;
        });
        await given.query("rollback");
      })
      .catch(reject);
  });
  return new JournalMoment(database, client, async () => {
    release();
    await held;
    if (ownsDatabase) await database.close();
  });
}

/** What a transaction that somebody else ends sees. */
export function sourceOn(database: RowSource, client: PoolClient): RowSource {
  return new JournalMoment(database, client, async () => undefined);
}

class PostgresRunDump extends PostgresRunReader implements RunDump {
  readonly frozen: DumpedHead;

  constructor(source: RowSource, run: SealedRun, frozen: DumpedHead) {
    super(source, run, true);
    this.frozen = frozen;
  }

  async *rows(table: DumpedTable): AsyncGenerator<readonly DumpedRow[]> {
    for (let after: readonly [unknown, unknown] = [0, 0]; ;) {
      const rows = await this.database.rows<DumpedRow>(queries[table.name], [this.run.id, ...after, rowsAtOnce]);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield table.name === "progress" ? rows.map((row) => this.#withMemo(row)) : rows;
      after = [last["seq"], last["attempt"] ?? 0];
    }
  }

  async allKept(): Promise<readonly Kept[]> {
    const rows = await this.database.rows<Kept>(
      `select name, body from kept where run = $1 order by name collate "C"`,
      [this.run.id],
    );
    return rows.map(({ name, body }) => ({
      name,
      body: this.readable(() => unescaped(body), `what is kept as ${name}`),
    }));
  }

  #withMemo(row: DumpedRow): DumpedRow {
    const { memo } = row;
    if (typeof memo !== "string") return row;
    return { ...row, memo: this.readable(() => unescaped(memo), `the memo of step ${String(row["seq"])}`) };
  }
}

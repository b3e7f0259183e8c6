/** A run file read out at one moment, table by table. */
import type { Database } from "better-sqlite3";
import type { Kept } from "../checkpoints.ts";
import type { DumpedHead, DumpedRow, DumpedTable, RunDump } from "../dump.ts";
import { readTail } from "./chain.ts";
import { connectForReading, readSealed, runPath } from "./open.ts";
import type { SealedRun } from "./open.ts";
import { SqliteRunReader } from "./reader.ts";

const rowsAtOnce = 500;

const queries: Readonly<Record<DumpedTable["name"], string>> = {
  steps: `select s.seq, s.kind, a.email as actor, s.asset, s.after, s.unless, s.body
    from steps s join actors a on a.id = s.actor order by s.seq`,
  progress: `select p.seq, a.email as actor, p.state, p.gate, p.attempts, p.audit, p.failure, p.reason, p.memo, p.updated
    from progress p join actors a on a.id = p.actor order by p.seq`,
  intents: "select seq, attempt, void, at, body from intents order by seq, attempt",
  audit: "select seq, body, hash from audit order by seq",
  verdicts: "select seq, verdict, at from verdicts order by seq",
};

export class SqliteRunDump extends SqliteRunReader implements RunDump {
  readonly frozen: DumpedHead;

  constructor(db: Database, run: SealedRun) {
    super(db, run, true);
    const header = db.prepare<[], string>("select header from run").pluck().get() ?? "";
    const { rows, head } = readTail(db);
    this.frozen = { header, digest: run.digest, pages: run.pages, rows, head };
  }

  async *rows(table: DumpedTable): AsyncGenerator<readonly DumpedRow[]> {
    let some: DumpedRow[] = [];
    for (const row of this.db.prepare<[], DumpedRow>(queries[table.name]).iterate()) {
      some.push(row);
      if (some.length < rowsAtOnce) continue;
      yield some;
      some = [];
    }
    if (some.length > 0) yield some;
  }

  async allKept(): Promise<readonly Kept[]> {
    return this.reading(() => this.db.prepare<[], Kept>("select name, body from kept order by name").all());
  }
}

/** Throws RunFileError. Never waits for the process that carries the run out. */
export async function openDump(path: string): Promise<RunDump> {
  const full = runPath(path);
  const db = connectForReading(full);
  try {
    // One transaction until it is closed: what is written meanwhile is not seen.
    db.exec("begin");
    return new SqliteRunDump(db, readSealed(db, full));
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A run written out as lines of text, one file a table, so that everything its digest and its chain cover can be checked without SQLite. */
import type { Database } from "better-sqlite3";
import { approvalsName, signersName } from "../../model/signing/kept-approvals.ts";
import { readTail } from "./chain.ts";
import { keptCheckpoints } from "./checkpoints.ts";
import { connectForReading, readSealed, runPath } from "./open.ts";
import type { SealedRun } from "./open.ts";
import { SqliteRunReader } from "./reader.ts";

/** A table as lines: the file it is written to, the columns, and the query that gives them in order. */
export interface DumpedTable {
  readonly file: string;
  readonly columns: readonly string[];
  readonly query: string;
}

/** Members are named instead of numbered: the numbers of actors mean nothing outside the file. */
export const dumpedTables: readonly DumpedTable[] = [
  {
    file: "steps.ndjson",
    columns: ["seq", "kind", "actor", "asset", "after", "unless", "body"],
    query: `select s.seq, s.kind, a.email as actor, s.asset, s.after, s.unless, s.body
      from steps s join actors a on a.id = s.actor order by s.seq`,
  },
  {
    file: "progress.ndjson",
    columns: ["seq", "actor", "state", "gate", "attempts", "audit", "failure", "reason", "memo", "updated"],
    query: `select p.seq, a.email as actor, p.state, p.gate, p.attempts, p.audit, p.failure, p.reason, p.memo, p.updated
      from progress p join actors a on a.id = p.actor order by p.seq`,
  },
  {
    file: "intents.ndjson",
    columns: ["seq", "attempt", "void", "at", "body"],
    query: "select seq, attempt, void, at, body from intents order by seq, attempt",
  },
  { file: "audit.ndjson", columns: ["seq", "body", "hash"], query: "select seq, body, hash from audit order by seq" },
  {
    file: "verdicts.ndjson",
    columns: ["seq", "verdict", "at"],
    query: "select seq, verdict, at from verdicts order by seq",
  },
];

/** What of a run is not in its tables' lines. */
export interface DumpedHead {
  /** The header as stored. */
  readonly header: string;
  readonly digest: string;
  readonly pages: readonly string[];
  readonly rows: number;
  readonly head: string;
}

/** A run at one moment, whatever is written to it meanwhile. */
export class RunDump extends SqliteRunReader {
  readonly frozen: DumpedHead;

  constructor(db: Database, run: SealedRun) {
    super(db, run, true);
    const header = db.prepare<[], string>("select header from run").pluck().get() ?? "";
    const { rows, head } = readTail(db);
    this.frozen = { header, digest: run.digest, pages: run.pages, rows, head };
  }

  /** The lines of a table, some at a time, each with its end. */
  *lines(table: DumpedTable): Generator<string> {
    let piece = "";
    for (const row of this.db.prepare<[], Record<string, unknown>>(table.query).iterate()) {
      piece += `${JSON.stringify(row)}\n`;
      if (piece.length < 65_536) continue;
      yield piece;
      piece = "";
    }
    if (piece !== "") yield piece;
  }

  /** Every checkpoint as it is kept, in the order of rows. */
  checkpoints(): readonly { readonly name: string; readonly body: string }[] {
    return [...keptCheckpoints(this.db)];
  }

  /** The approvals and the signers file as they are kept. */
  async approvals(): Promise<{ readonly approvals: string | undefined; readonly signers: string | undefined }> {
    return { approvals: await this.kept(approvalsName), signers: await this.kept(signersName) };
  }
}

/** Throws RunFileError. Never waits for the process that carries the run out. */
export async function openDump(path: string): Promise<RunDump> {
  const full = runPath(path);
  const db = connectForReading(full);
  try {
    // One transaction until it is closed: what is written meanwhile is not seen.
    db.exec("begin");
    return new RunDump(db, readSealed(db, full));
  } catch (error) {
    db.close();
    throw error;
  }
}

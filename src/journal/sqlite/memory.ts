/** A run that lives in memory only: the same tables and code without a file, for simulations and tests. */
import Database from "better-sqlite3";
import type { Database as Connection, Statement } from "better-sqlite3";
import type { Clock } from "../../model/clock.ts";
import type { Journal, RunWriter } from "../journal.ts";
import { beginJournal } from "./journal.ts";
import { readSealed } from "./open.ts";
import { SqliteRunReader } from "./reader.ts";
import type { SealedRunReader } from "../opening.ts";
import { SqliteRunWriter } from "./writer.ts";

export interface MemoryRun {
  /** Once; seal it before opening the run. */
  readonly writer: RunWriter;
  /**
   * May be called again and again, with or without closing the one before: as after a crash, the earlier journal is
   * answered `lost` from then on, and what it had not committed is gone.
   */
  openJournal(options: { readonly clock: Clock }): Promise<Journal>;
  openReader(): Promise<Omit<SealedRunReader, "head">>;
  /** Frees the memory. */
  dispose(): void;
}

const name = "a run in memory";

export function createMemoryRun(): MemoryRun {
  const db = new Database(":memory:");
  reuseStatements(db);
  const writer = new SqliteRunWriter(db, {
    path: name,
    seal: () => undefined,
    discard: () => db.close(),
  });
  return {
    writer,
    openJournal: (options) => beginJournal(db, readSealed(db, name), options, () => undefined),
    openReader: async () => new SqliteRunReader(db, readSealed(db, name), false),
    dispose: () => {
      db.close();
    },
  };
}

/**
 * Every process of a simulated run, and every look at it, comes by the same connection: compiling its statements each
 * time anew is a fifth of a seed. No two places ask for one text in different shapes (`raw`, `pluck`).
 */
function reuseStatements(db: Connection): void {
  const compile = db.prepare.bind(db);
  const compiled = new Map<string, Statement>();
  const reuse = (sql: string): Statement => {
    const known = compiled.get(sql);
    if (known !== undefined) return known;
    const statement = compile(sql);
    compiled.set(sql, statement);
    return statement;
  };
  Object.defineProperty(db, "prepare", { value: reuse });
}

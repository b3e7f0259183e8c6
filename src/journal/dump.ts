/** A run written out as lines of text, one file a table, so that everything its digest and its chain cover can be checked without its store. */
import type { Kept } from "./checkpoints.ts";
import type { SealedRunReader } from "./opening.ts";

/** A table as lines: the file it is written to, and what stands in each line, in this order. */
export interface DumpedTable {
  readonly name: "steps" | "progress" | "intents" | "audit" | "verdicts";
  readonly file: string;
  readonly columns: readonly string[];
}

export type DumpedRow = Readonly<Record<string, string | number | null>>;

/** In order of `seq`, intents of `attempt` then. Members are named instead of numbered: their numbers mean nothing outside a store. */
export const dumpedTables: readonly DumpedTable[] = [
  table("steps", ["seq", "kind", "actor", "asset", "after", "unless", "body"]),
  table("progress", ["seq", "actor", "state", "gate", "attempts", "audit", "failure", "reason", "memo", "updated"]),
  table("intents", ["seq", "attempt", "void", "at", "body"]),
  table("audit", ["seq", "body", "hash"]),
  table("verdicts", ["seq", "verdict", "at"]),
];

function table(name: DumpedTable["name"], columns: readonly string[]): DumpedTable {
  return { name, file: `${name}.ndjson`, columns };
}

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
export interface RunDump extends SealedRunReader {
  readonly frozen: DumpedHead;
  /** The rows of a table, some at a time. */
  rows(table: DumpedTable): AsyncIterable<readonly DumpedRow[]>;
  /** Everything the run keeps beside its tables, by name. */
  allKept(): Promise<readonly Kept[]>;
}

/** The lines of a table, some at a time, each with its end. */
export async function* dumpedLines(dump: RunDump, of: DumpedTable): AsyncGenerator<string> {
  for await (const rows of dump.rows(of)) yield rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

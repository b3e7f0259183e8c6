/** A run kept elsewhere becomes a run file: written beside its name, checked there, and put in place at once. */
import type { Database as Connection } from "better-sqlite3";
import type { Kept } from "../checkpoints.ts";
import type { RunDump } from "../dump.ts";
import { SqliteRunDump } from "./dump.ts";
import { runFileFault } from "./faults.ts";
import { readSealed } from "./open.ts";
import { fill } from "./rebuild.ts";
import { beginFile } from "./writer.ts";

/**
 * `kept` takes the place of what the dump keeps. `check` sees the copy before it has its name, and throws to refuse it.
 * Throws UsageError when the name is taken.
 */
export async function copyToFile(
  path: string,
  dump: RunDump,
  kept: readonly Kept[],
  check: (copy: RunDump) => Promise<void>,
): Promise<void> {
  const { db, placing } = beginFile(path, false);
  try {
    await fill(db, dump, kept);
    await check(dumpIn(db, placing.path));
    placing.seal(db);
  } catch (error) {
    placing.discard(db);
    throw runFileFault(error, placing.path);
  }
}

function dumpIn(db: Connection, path: string): RunDump {
  return new SqliteRunDump(db, readSealed(db, path));
}

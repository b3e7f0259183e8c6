/** Checkpoints as a run file keeps them, looked at before the run goes on. */
import type { Database } from "better-sqlite3";
import { checkCheckpoint, isCheckpointName } from "../../model/signing/checkpoint.ts";
import type { ChainOf } from "../../model/signing/checkpoint.ts";
import { genesis } from "../chain.ts";
import type { Kept } from "../checkpoints.ts";

/** Everything kept under the name of a checkpoint, in the order of rows. */
export function* keptCheckpoints(db: Database): Generator<Kept> {
  const next = db.prepare<[string], Kept>(
    "select name, body from kept where name > ? and name < 'checkpoint.' order by name limit 1",
  );
  for (let after = "checkpoint-"; ;) {
    const kept = next.get(after);
    if (kept === undefined) return;
    if (isCheckpointName(kept.name)) yield kept;
    after = kept.name;
  }
}

/**
 * The row of the newest checkpoint, -1 for none, and why the chain contradicts it. A chain that was cut or written anew
 * behind a checkpoint must not be gone on with.
 */
export function newestCheckpoint(
  db: Database,
  chain: ChainOf,
): { readonly row: number; readonly flaw: string | undefined } {
  const newest = db
    .prepare<[], Kept>("select name, body from kept where name glob 'checkpoint-[0-9]*' order by name desc limit 1")
    .get();
  if (newest === undefined) return { row: -1, flaw: undefined };
  const checked = checkCheckpoint(newest.body, chain);
  if (!checked.ok) return { row: -1, flaw: `${newest.name}: ${checked.problem}` };
  const { row, hash } = checked.checkpoint.head;
  return hashAt(db, chain, row) === hash
    ? { row, flaw: undefined }
    : {
        row: -1,
        flaw: `row ${row} of the audit chain is not the one that was signed: the chain was cut or written anew`,
      };
}

/** The hash of a row as stored, or what stands before the first. */
export function hashAt(db: Database, chain: ChainOf, row: number): string | undefined {
  return row === 0
    ? genesis(chain.runId, chain.digest)
    : db.prepare<[number], string>("select hash from audit where seq = ?").pluck().get(row);
}

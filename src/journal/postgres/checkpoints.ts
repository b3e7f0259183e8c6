/** Checkpoints as the database keeps them, looked at before the run goes on. */
import { checkCheckpoint } from "../../model/signing/checkpoint.ts";
import type { ChainOf } from "../../model/signing/checkpoint.ts";
import { genesis } from "../chain.ts";
import type { Kept } from "../checkpoints.ts";
import type { RowSource } from "./database.ts";
import { unescaped } from "./text.ts";

/** Everything kept under the name of a checkpoint, in the order of rows. */
async function keptCheckpoints(database: RowSource, run: number): Promise<readonly Kept[]> {
  const rows = await database.rows<Kept>(
    "select name, body from kept where run = $1 and name ~ '^checkpoint-[0-9]+$' order by name collate \"C\"",
    [run],
  );
  return rows.map(({ name, body }) => ({ name, body: unescaped(body) }));
}

/** The row of the newest checkpoint, -1 for none, and why the chain contradicts it, as in a run file. */
export async function newestCheckpoint(
  database: RowSource,
  run: number,
  chain: ChainOf,
): Promise<{ readonly row: number; readonly flaw: string | undefined }> {
  const newest = (await keptCheckpoints(database, run)).at(-1);
  if (newest === undefined) return { row: -1, flaw: undefined };
  const checked = checkCheckpoint(newest.body, chain);
  if (!checked.ok) return { row: -1, flaw: `${newest.name}: ${checked.problem}` };
  const { row, hash } = checked.checkpoint.head;
  const [found] = await database.rows<{ hash: string }>("select hash from audit where run = $1 and seq = $2", [
    run,
    row,
  ]);
  const there = row === 0 ? genesis(chain.runId, chain.digest) : found?.hash;
  if (there === hash) return { row, flaw: undefined };
  return {
    row: -1,
    flaw: `row ${row} of the audit chain is not the one that was signed: the chain was cut or written anew`,
  };
}

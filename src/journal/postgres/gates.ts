/** What the end of a step means for the steps that wait for it: their gates open, or they are skipped with it. */
import type { PoolClient } from "pg";
import { predecessorFailure, skippedReason, skippedText } from "../skipped.ts";
import { stateCode } from "../codes.ts";

export interface EndedStep {
  readonly seq: number;
  readonly succeeded: boolean;
  readonly at: number;
}

/** Steps skipped, with the actor in whose turn each would have been taken. */
export type Skipped = readonly { readonly seq: number; readonly actor: number }[];

/**
 * Inside the transaction that ends the step. A step waits for `after`, which must succeed; a line by hand then waits for
 * the edit in `unless`, which must end. Where both name one edit, its end is enough. `append` puts a row into the audit
 * chain and answers its seq.
 */
export async function passGates(
  client: PoolClient,
  run: number,
  { seq, succeeded, at }: EndedStep,
  append: (body: string) => number,
): Promise<Skipped> {
  const skipped = succeeded ? [] : await skipAfter(client, run, seq, at, append);
  for (const ended of [seq, ...skipped.map((step) => step.seq)]) await openAfter(client, run, ended);
  return skipped;
}

/** Whether anything waits in the run at all. */
export async function anythingWaits(client: PoolClient, run: number): Promise<boolean> {
  const { rows } = await client.query("select 1 from progress where run = $1 and gate > 0 and state = 0 limit 1", [
    run,
  ]);
  return rows.length > 0;
}

async function skipAfter(
  client: PoolClient,
  run: number,
  seq: number,
  at: number,
  append: (body: string) => number,
): Promise<Skipped> {
  const { rows } = await client.query<{ seq: number; actor: number }>(
    `with recursive doomed (seq) as (
       select p.seq from progress p join steps s on s.run = p.run and s.seq = p.seq
         where p.run = $1 and p.gate = $2 and p.gate > 0 and p.state = 0
           and s."after" = $2 and s."after" is distinct from s."unless"
       union
       select p.seq from doomed d join progress p on p.run = $1 and p.gate = d.seq and p.gate > 0 and p.state = 0
         join steps s on s.run = p.run and s.seq = p.seq and s."after" = d.seq and s."after" is distinct from s."unless")
     select d.seq, p.actor from doomed d join progress p on p.run = $1 and p.seq = d.seq order by d.seq`,
    [run, seq],
  );
  if (rows.length === 0) return rows;
  const steps = rows.map((row) => row.seq);
  const row = append(skippedText(at, seq, steps));
  await client.query(
    `update progress set state = $3, gate = 0, failure = $4, audit = $5, reason = $6, updated = $7
     where run = $1 and seq = any ($2)`,
    [run, steps, stateCode("skipped"), predecessorFailure, row, skippedReason(seq), at],
  );
  return rows;
}

async function openAfter(client: PoolClient, run: number, seq: number): Promise<void> {
  await client.query(
    `update progress p set gate = 0 where p.run = $1 and p.gate = $2 and p.gate > 0 and p.state = 0 and not exists (
       select 1 from steps s join progress u on u.run = s.run and u.seq = s."unless"
       where s.run = p.run and s.seq = p.seq and u.seq <> p.gate and u.state = 0)`,
    [run, seq],
  );
  await client.query(
    `update progress p set gate = (select s."unless" from steps s where s.run = p.run and s.seq = p.seq)
     where p.run = $1 and p.gate = $2 and p.gate > 0 and p.state = 0`,
    [run, seq],
  );
}

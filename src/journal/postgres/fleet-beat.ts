/** What a worker tells of itself every second and hears of the run, and what it takes for itself: calls of the budget, the gate. */
import { noCounts } from "../../model/run.ts";
import type { Counts } from "../../model/run.ts";
import { stateName } from "../codes.ts";
import { wishIn } from "./fleet.ts";
import type { FleetWish, HandedRun, Rows } from "./fleet.ts";
import { ms, silent } from "./fleet-workers.ts";
import { goneRun } from "./sealed.ts";

/** What one worker tells of itself. */
export interface Beat {
  readonly worker: number;
  /** Under way. */
  readonly steps: number;
  /** Writes a second that the shared pace permits now. */
  readonly perSecond: number | undefined;
  readonly drifted: readonly number[];
  /** Keeps the gate, where it has it, for so long. */
  readonly leaseMs: number;
}

export interface Standing {
  readonly counts: Counts;
  readonly heldElsewhere: number;
  readonly drifted: number;
  /** The workers that live, and the place of this one among them, from 0. */
  readonly workers: number;
  readonly place: number;
  readonly wish: FleetWish;
  readonly ended: { readonly end: string; readonly reason: string } | undefined;
}

/** Tells that the worker lives and what it found, and answers how the run stands over all workers. */
export async function beat(database: Rows, { run, handedAt }: HandedRun, own: Beat): Promise<Standing> {
  const [row] = await database.rows<{
    counts: readonly number[];
    held: string;
    drifted: string;
    workers: string;
    place: string;
    paused_by: string | null;
    paused_ms: string | null;
    rate: number | null;
    concurrency: number | null;
    draining_by: string | null;
    ended: string | null;
    reason: string | null;
    handed_ms: string | null;
  }>(
    `with own as (
       update workers set seen = clock_timestamp(), steps = $3, per_second = $4 where id = $2),
     found as (
       insert into drifted (run, seq) select $1, unnest($5::int[]) on conflict do nothing returning seq),
     gate as (
       update carrying set gate_until = clock_timestamp() + $6 * interval '1 millisecond'
       where run = $1 and gate_worker = $2 and gate_until > clock_timestamp()),
     live as (
       select id from workers where run = $1 and gone is null and label <> '' and (id = $2 or seen > ${silent}))
     select r.counts, c.paused_by, ${ms("c.paused")} as paused_ms, c.rate, c.concurrency, c.draining_by, c.ended, c.reason,
       ${ms("c.handed")} as handed_ms,
       (select count(*) from progress p
        where p.run = $1 and p.state = 0 and p.lease >= clock_timestamp() and p.worker <> $2) as held,
       (select count(*) from drifted d where d.run = $1) + (select count(*) from found) - coalesce(c.drift_accepted, 0) as drifted,
       (select count(*) from live) as workers, (select count(*) from live where id < $2) as place
     from runs r left join carrying c on c.run = r.id where r.id = $1`,
    [run, own.worker, own.steps, own.perSecond ?? null, own.drifted, own.leaseMs],
  );
  if (row === undefined) throw goneRun("the run");
  // Handed over again, it is to be joined again: other guards and another budget may hold now.
  const isOther = row.handed_ms !== null && Number(row.handed_ms) !== handedAt;
  const ended = isOther
    ? { end: "stopped", reason: "it was handed over again" }
    : row.ended === null && row.handed_ms !== null
      ? undefined
      : { end: row.ended ?? "stopped", reason: row.reason ?? "" };
  return {
    counts: countsIn(row.counts),
    heldElsewhere: Number(row.held),
    drifted: Number(row.drifted),
    workers: Number(row.workers),
    place: Number(row.place),
    wish: wishIn(row),
    ended,
  };
}

/** Asks for `wanted` more calls of the budget; answers how many there are, and how many are left for all. */
export async function takeCalls(
  database: Rows,
  { run, handedAt }: HandedRun,
  wanted: number,
): Promise<{ readonly given: number; readonly left: number }> {
  const [row] = await database.rows<{ given: string; left: string }>(
    `with before as (select calls, calls_max from carrying where run = $1 and ${ms("handed")} = $3 for update)
     update carrying c set calls = greatest(0, least(b.calls_max, b.calls + $2)) from before b where c.run = $1
     returning c.calls - b.calls as given, c.calls_max - c.calls as left`,
    [run, wanted, handedAt],
  );
  return { given: Number(row?.given ?? 0), left: Number(row?.left ?? 0) };
}

/** Whether the worker now has the gate of the run. */
export async function enterGate(
  database: Rows,
  { run, handedAt }: HandedRun,
  worker: number,
  leaseMs: number,
): Promise<boolean> {
  const rows = await database.rows(
    `update carrying set gate_worker = $2, gate_until = clock_timestamp() + $3 * interval '1 millisecond'
     where run = $1 and ${ms("handed")} = $4
       and (gate_worker is null or gate_worker = $2 or gate_until <= clock_timestamp()) returning run`,
    [run, worker, leaseMs, handedAt],
  );
  return rows.length > 0;
}

export async function leaveGate(database: Rows, run: number, worker: number): Promise<void> {
  await database.rows("update carrying set gate_worker = null, gate_until = null where run = $1 and gate_worker = $2", [
    run,
    worker,
  ]);
}

/** By state, as the run keeps them: what is under way counts as planned. */
function countsIn(byState: readonly number[]): Counts {
  const counts = { ...noCounts };
  for (const [code, count] of byState.entries()) {
    const state = stateName(code);
    if (state !== undefined) counts[state] = count;
  }
  return counts;
}

/** Runs handed to workers through the database: handing over, steering, who is at work, and how it ended for all of them. */
import { noCounts } from "../../model/run.ts";
import type { Counts } from "../../model/run.ts";
import { stateName } from "../codes.ts";
import type { RowSource } from "./database.ts";
import { goneRun } from "./sealed.ts";

/** How a run ends that every worker is to leave at once, without waiting for answers. */
export const endedAtOnce = "abort";
/** How a run ends that was moved to another place. */
export const endedByMove = "moved";

/** A database, or one transaction in it. */
type Rows = Pick<RowSource, "rows">;

/** A worker that has not been heard of for so long is taken for dead: longer than a pause of its own takes. */
const silentMs = 15_000;
const silent = `clock_timestamp() - interval '${silentMs / 1000} seconds'`;

export interface Handing {
  readonly settings: string;
  /** Who hands it over, for people. */
  readonly by: string;
  /** Calls that all workers may make; undefined: no budget. */
  readonly callsMax: number | undefined;
  /** Drift found so far is known. */
  readonly acceptsDrift: boolean;
}

/** What somebody wants of a run that is carried out; undefined fields were not asked for. */
export interface FleetWish {
  readonly pausedBy: string | undefined;
  /** Wall ms. */
  readonly pausedAt: number | undefined;
  readonly perSecond: number | undefined;
  /** Steps at once, over all workers. */
  readonly concurrency: number | undefined;
  readonly drainingBy: string | undefined;
}

export interface Carrying extends HandedRun {
  readonly name: string;
  readonly settings: string;
  readonly by: string;
  /** Since it was handed over, by the clock of the database. */
  readonly ageMs: number;
  readonly wish: FleetWish;
  /** Undefined while it is to be carried out. */
  readonly ended: { readonly end: string; readonly reason: string; readonly at: number } | undefined;
}

export interface WorkerRow {
  readonly id: number;
  readonly label: string;
  /** Wall ms by the clock of the database. */
  readonly since: number;
  readonly silentMs: number;
  readonly steps: number;
  readonly perSecond: number | undefined;
}

/** A run as it was handed over once: whoever came for that does not meddle with what is handed over later. */
export interface HandedRun {
  readonly run: number;
  /** Wall ms by the clock of the database. */
  readonly handedAt: number;
}

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

interface CarryingRow {
  readonly run: string;
  readonly name: string;
  readonly settings: string;
  readonly handed_by: string;
  readonly handed_ms: string;
  readonly age_ms: string;
  readonly paused_by: string | null;
  readonly paused_ms: string | null;
  readonly rate: number | null;
  readonly concurrency: number | null;
  readonly draining_by: string | null;
  readonly ended: string | null;
  readonly reason: string | null;
  readonly ended_ms: string | null;
}

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::bigint`;
const carryingColumns = `c.run, r.name, c.settings, c.handed_by, ${ms("c.handed")} as handed_ms,
  ${ms("clock_timestamp() - c.handed")} as age_ms, c.paused_by, ${ms("c.paused")} as paused_ms, c.rate, c.concurrency,
  c.draining_by, c.ended, c.reason, ${ms("c.ended_at")} as ended_ms`;

/** Hands a run over; undefined when it is being carried out already, which then goes on as it was handed over. */
export async function handOver(database: Rows, run: number, handing: Handing): Promise<HandedRun | undefined> {
  const [row] = await database.rows<{ handed_ms: string }>(
    `insert into carrying (run, settings, handed_by, calls_max) values ($1, $2, $3, $4)
     on conflict (run) do update set settings = excluded.settings, handed_by = excluded.handed_by,
       handed = clock_timestamp(), calls_max = excluded.calls_max, calls = 0,
       paused_by = null, paused = null, rate = null, concurrency = null, draining_by = null,
       gate_worker = null, gate_until = null, ended = null, reason = null, ended_at = null,
       drift_accepted = case when $5 then (select count(*) from drifted d where d.run = $1) else carrying.drift_accepted end
     where carrying.ended is not null returning ${ms("handed")} as handed_ms`,
    [run, handing.settings, handing.by, handing.callsMax ?? null, handing.acceptsDrift],
  );
  return row === undefined ? undefined : { run, handedAt: Number(row.handed_ms) };
}

export async function carryingOf(database: Rows, name: string): Promise<Carrying | undefined> {
  const [row] = await database.rows<CarryingRow>(
    `select ${carryingColumns} from carrying c join runs r on r.id = c.run where r.name = $1`,
    [name],
  );
  return row === undefined ? undefined : carryingIn(row);
}

/** Runs that are to be carried out, those with the fewest workers first. */
export async function waitingRuns(database: Rows, only: string | undefined): Promise<readonly Carrying[]> {
  const rows = await database.rows<CarryingRow>(
    `select ${carryingColumns} from carrying c join runs r on r.id = c.run
     where c.ended is null and ($1::text is null or r.name = $1)
     order by (select count(*) from workers w where w.run = c.run and w.gone is null and w.seen > ${silent}), c.handed`,
    [only ?? null],
  );
  return rows.map(carryingIn);
}

/** The run has ended so for all workers; the first word holds, and false says that there was one. */
export async function endForAll(
  database: Rows,
  { run, handedAt }: HandedRun,
  end: string,
  reason: string,
): Promise<boolean> {
  const rows = await database.rows(
    `update carrying set ended = $3, reason = $4, ended_at = clock_timestamp()
     where run = $1 and ${ms("handed")} = $2 and ended is null returning run`,
    [run, handedAt, end, reason],
  );
  return rows.length > 0;
}

/** Undefined fields stay as they are; answers false when the run is not being carried out. */
export async function steer(
  database: Rows,
  run: number,
  wish: {
    readonly pausedBy?: string | null;
    readonly perSecond?: number;
    readonly concurrency?: number;
    readonly drainingBy?: string;
  },
): Promise<boolean> {
  const rows = await database.rows(
    `update carrying set
       paused_by = case when $2 then $3 else paused_by end,
       paused = case when $2 then case when $3::text is null then null else clock_timestamp() end else paused end,
       rate = coalesce($4, rate), concurrency = coalesce($5, concurrency), draining_by = coalesce($6, draining_by)
     where run = $1 and ended is null returning run`,
    [
      run,
      wish.pausedBy !== undefined,
      wish.pausedBy ?? null,
      wish.perSecond ?? null,
      wish.concurrency ?? null,
      wish.drainingBy ?? null,
    ],
  );
  return rows.length > 0;
}

/** Those that live, of one run. */
export async function workersOf(database: Rows, run: number): Promise<readonly WorkerRow[]> {
  const rows = await database.rows<{
    id: string;
    label: string;
    since: string;
    silent: string;
    steps: number;
    per_second: number | null;
  }>(
    `select id, label, ${ms("started")} as since, ${ms("clock_timestamp() - seen")} as silent, steps, per_second
     from workers where run = $1 and gone is null and label <> '' and seen > ${silent} order by id`,
    [run],
  );
  return rows.map(({ id, label, since, silent: silence, steps, per_second: perSecond }) => ({
    id: Number(id),
    label,
    since: Number(since),
    silentMs: Number(silence),
    steps,
    perSecond: perSecond ?? undefined,
  }));
}

/** Worker processes that live and would take this run. */
export async function crewsFor(database: Rows, name: string): Promise<number> {
  const [row] = await database.rows<{ count: string }>(
    `select count(*) as count from crews where seen > ${silent} and (only_run is null or only_run = $1)`,
    [name],
  );
  return Number(row?.count ?? 0);
}

export async function joinCrews(
  database: Rows,
  crew: { readonly label: string; readonly version: string; readonly only: string | undefined },
): Promise<number> {
  // Those that died without a word are of no use any more.
  await database.rows("delete from crews where seen < clock_timestamp() - interval '1 day'");
  const [row] = await database.rows<{ id: string }>(
    "insert into crews (label, version, only_run) values ($1, $2, $3) returning id",
    [crew.label, crew.version, crew.only ?? null],
  );
  return Number(row?.id);
}

export async function beatOfCrew(database: Rows, crew: number): Promise<void> {
  await database.rows("update crews set seen = clock_timestamp() where id = $1", [crew]);
}

export async function leaveCrews(database: Rows, crew: number): Promise<void> {
  await database.rows("delete from crews where id = $1", [crew]);
}

export async function nameWorker(database: Rows, worker: number, label: string): Promise<void> {
  await database.rows("update workers set label = $2 where id = $1", [worker, label]);
}

export async function leaveRun(database: Rows, worker: number): Promise<void> {
  await database.rows("update workers set gone = clock_timestamp(), steps = 0 where id = $1", [worker]);
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

function carryingIn(row: CarryingRow): Carrying {
  return {
    run: Number(row.run),
    name: row.name,
    settings: row.settings,
    by: row.handed_by,
    handedAt: Number(row.handed_ms),
    ageMs: Number(row.age_ms),
    wish: wishIn(row),
    ended: row.ended === null ? undefined : { end: row.ended, reason: row.reason ?? "", at: Number(row.ended_ms ?? 0) },
  };
}

function wishIn(row: Pick<CarryingRow, "paused_by" | "paused_ms" | "rate" | "concurrency" | "draining_by">): FleetWish {
  return {
    pausedBy: row.paused_by ?? undefined,
    pausedAt: row.paused_ms === null ? undefined : Number(row.paused_ms),
    perSecond: row.rate ?? undefined,
    concurrency: row.concurrency ?? undefined,
    drainingBy: row.draining_by ?? undefined,
  };
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

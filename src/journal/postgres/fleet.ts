/** Runs handed to workers through the database: handing over, steering, and how it ended for all of them. */
import type { RowSource } from "./database.ts";
import { ms, silent } from "./fleet-workers.ts";

/** How a run ends that every worker is to leave at once, without waiting for answers. */
export const endedAtOnce = "abort";
/** How a run ends that was moved to another place. */
export const endedByMove = "moved";

/** A database, or one transaction in it. */
export type Rows = Pick<RowSource, "rows">;

export interface Handing {
  readonly settings: string;
  /** Who hands it over, for people. */
  readonly by: string;
  /** Calls that all workers may make; undefined: no budget. */
  readonly callsMax: number | undefined;
  /** Drift found so far is known. */
  readonly acceptsDrift: boolean;
  /** Drift found before the run came into this database, and accepted by nobody. */
  readonly driftBefore: number;
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

/** A run as it was handed over once: whoever came for that does not meddle with what is handed over later. */
export interface HandedRun {
  readonly run: number;
  /** Wall ms by the clock of the database. */
  readonly handedAt: number;
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

const carryingColumns = `c.run, r.name, c.settings, c.handed_by, ${ms("c.handed")} as handed_ms,
  ${ms("clock_timestamp() - c.handed")} as age_ms, c.paused_by, ${ms("c.paused")} as paused_ms, c.rate, c.concurrency,
  c.draining_by, c.ended, c.reason, ${ms("c.ended_at")} as ended_ms`;

/** Hands a run over; undefined when it is being carried out already, which then goes on as it was handed over. */
export async function handOver(database: Rows, run: number, handing: Handing): Promise<HandedRun | undefined> {
  const [row] = await database.rows<{ handed_ms: string }>(
    `insert into carrying (run, settings, handed_by, calls_max, drift_accepted) values ($1, $2, $3, $4, -$6::int)
     on conflict (run) do update set settings = excluded.settings, handed_by = excluded.handed_by,
       handed = clock_timestamp(), calls_max = excluded.calls_max, calls = 0,
       paused_by = null, paused = null, rate = null, concurrency = null, draining_by = null,
       gate_worker = null, gate_until = null, ended = null, reason = null, ended_at = null,
       drift_accepted = case when $5 then (select count(*) from drifted d where d.run = $1) else carrying.drift_accepted end
     where carrying.ended is not null returning ${ms("handed")} as handed_ms`,
    [run, handing.settings, handing.by, handing.callsMax ?? null, handing.acceptsDrift, handing.driftBefore],
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

/** Assets that workers found changed since the plan, and how many of them, and of those found before, count still. */
export async function driftFound(
  database: Rows,
  name: string,
): Promise<{ readonly found: number; readonly counting: number } | undefined> {
  const [row] = await database.rows<{ found: string; accepted: number }>(
    `select (select count(*) from drifted d where d.run = c.run) as found, c.drift_accepted as accepted
     from carrying c join runs r on r.id = c.run where r.name = $1`,
    [name],
  );
  if (row === undefined) return undefined;
  const found = Number(row.found);
  return { found, counting: Math.max(0, found - row.accepted) };
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

/** What is asked for in a row of `carrying`. */
export function wishIn(
  row: Pick<CarryingRow, "paused_by" | "paused_ms" | "rate" | "concurrency" | "draining_by">,
): FleetWish {
  return {
    pausedBy: row.paused_by ?? undefined,
    pausedAt: row.paused_ms === null ? undefined : Number(row.paused_ms),
    perSecond: row.rate ?? undefined,
    concurrency: row.concurrency ?? undefined,
    drainingBy: row.draining_by ?? undefined,
  };
}

/** Who is there to carry runs out: worker processes, and for each run they have joined a row of its own. */
import type { RowSource } from "./database.ts";

type Rows = Pick<RowSource, "rows">;

/** A worker that has not been heard of for so long is taken for dead: longer than a pause of its own takes. */
const silentMs = 15_000;
/** In SQL: heard of last before this, it counts as dead. */
export const silent: string = `clock_timestamp() - interval '${silentMs / 1000} seconds'`;

/** In SQL: a time, or a stretch of it, as whole ms. */
export const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::bigint`;
export interface WorkerRow {
  readonly id: number;
  readonly label: string;
  /** Wall ms by the clock of the database. */
  readonly since: number;
  readonly silentMs: number;
  readonly steps: number;
  readonly perSecond: number | undefined;
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

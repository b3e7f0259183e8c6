/** The runs of a tenant, as they stand now. */
import type { RunHeader } from "../../model/run.ts";
import type { Counts } from "../../model/run.ts";
import { noCounts } from "../../model/run.ts";
import type { StepState } from "../../model/step.ts";
import { stateName } from "../codes.ts";
import { recordName } from "../record.ts";
import type { RowSource } from "./database.ts";

export interface ListedRun {
  readonly name: string;
  /** The domain it was planned for. */
  readonly domain: string;
  readonly createdAt: number;
  readonly counts: Counts;
  /** Since the last time anything of it changed, by the database's clock. */
  readonly ageMs: number;
  /** Workers that hold steps of it at this moment. */
  readonly workers: number;
  readonly isHeld: boolean;
  /** Never carried out here: a copy, or moved away. */
  readonly isRecord: boolean;
}

interface Row {
  readonly name: string;
  readonly header: string;
  readonly counts: readonly number[];
  readonly begun: number;
  readonly age: number;
  readonly record: boolean;
  readonly workers: number;
}

const query = `
  select r.name, r.header, r.counts,
    (select count(distinct seq)::int from intents i where i.run = r.id) as begun,
    (extract(epoch from clock_timestamp()
      - greatest(r.created, (select max(seen) from workers w where w.run = r.id))) * 1000)::float8 as age,
    exists (select 1 from kept k where k.run = r.id and k.name = '${recordName}') as record,
    (select count(distinct worker)::int from progress p
       where p.run = r.id and p.state = 0 and p.lease is not null and p.lease >= clock_timestamp()) as workers
  from runs r where r.tenant = $1`;

/** Newest first. */
export async function listRuns(database: RowSource): Promise<readonly ListedRun[]> {
  const rows = await database.rows<Row>(`${query} order by r.id desc`, [database.tenant]);
  return rows.map(listed);
}

export async function findRun(database: RowSource, name: string): Promise<ListedRun | undefined> {
  const [row] = await database.rows<Row>(`${query} and r.name = $2`, [database.tenant, name]);
  return row === undefined ? undefined : listed(row);
}

function listed({ name, header, counts: byState, begun, age, record, workers }: Row): ListedRun {
  const { tenant, createdAt } = JSON.parse(header) as RunHeader;
  const counts: Record<StepState, number> = { ...noCounts };
  for (const [code, count] of byState.entries()) {
    const state = stateName(code);
    if (state !== undefined) counts[state] += count;
  }
  counts["in-flight"] += begun;
  counts.planned -= begun;
  return { name, domain: tenant, createdAt, counts, ageMs: age, workers, isHeld: workers > 0, isRecord: record };
}

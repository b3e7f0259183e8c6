/** How far a run has come: its steps by state, and how many wait for another one, in one pass over small rows. */
import type { Database } from "better-sqlite3";
import { noCounts } from "../../model/run.ts";
import type { Counts } from "../../model/run.ts";
import type { StepState } from "../../model/step.ts";
import { checkProgress } from "./step-pages.ts";
import { corrupt, tampered } from "./faults.ts";
import { strayGate } from "./gates.ts";
import { stateCode, stateName } from "../codes.ts";

export interface Standing {
  readonly counts: Counts;
  /** Open steps that wait for another step. */
  readonly waiting: number;
}

/**
 * Counted over the table and not over its indexes, which nobody has compared with it. Throws `tampered` when steps and
 * what is known of them are not as many, `corrupt` for a state that is none.
 */
export function standingOf(db: Database, path: string): Standing {
  checkProgress(db, path);
  const counts: Record<StepState, number> = { ...noCounts };
  let waiting = 0;
  const rows = db
    .prepare<[], { state: number; count: number; gated: number }>(
      `select state, count(*) as count, sum(gate <> 0) as gated from progress group by state
       union all select ${stateCode("in-flight")}, count(distinct i.seq), 0 from intents i
         join progress p on p.seq = i.seq where p.state = 0`,
    )
    .all();
  for (const { state: code, count, gated } of rows) {
    const state = stateName(code);
    if (state === undefined) throw corrupt(path, `a step is in the unknown state ${code}`);
    counts[state] += count;
    waiting += gated;
  }
  counts.planned -= counts["in-flight"];
  return { counts, waiting };
}

/** Throws `tampered` when a step waits for what will never end. Looked for only where steps wait at all. */
export function checkWaiting(db: Database, path: string, { waiting }: Standing): void {
  const stray = waiting === 0 ? undefined : strayGate(db);
  if (stray !== undefined) throw tampered(path, `step ${stray} waits for one that will never end`);
}

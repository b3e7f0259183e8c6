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

/** The states that nearly all steps are in: open, or done as planned. */
const usual: readonly StepState[] = ["planned", "applied"];
const isUsual = usual.map((state) => `state is ${stateCode(state)}`);

/**
 * Counted over the table and not over its indexes, which nobody has compared with it. Of 1,000,000 steps the usual states
 * take 60 ms of CPU, a `group by` over all of them 200: it sorts them. Throws `tampered` when steps and what is known of
 * them are not as many, `corrupt` for a state that is none.
 */
export function standingOf(db: Database, path: string): Standing {
  // One transaction, so that no step changes its state between the look-ups.
  return db.transaction(() => {
    const counts: Record<StepState, number> = { ...noCounts };
    const filters = isUsual.map((condition) => `count(*) filter (where ${condition})`);
    const [rows = NaN, waiting = NaN, ...found] =
      db
        .prepare<[], number[]>(
          `select count(*), count(*) filter (where gate <> 0), ${filters.join(", ")} from progress`,
        )
        .raw()
        .get() ?? [];
    checkProgress(db, path, rows);
    for (const [i, state] of usual.entries()) counts[state] = found[i] ?? NaN;
    const isOdd = found.reduce((sum, count) => sum + count, 0) < rows;
    for (const [code, count] of isOdd ? oddStates(db) : []) {
      const state = stateName(code);
      if (state === undefined) throw corrupt(path, `a step is in the unknown state ${code}`);
      counts[state] += count;
    }
    const begun = db
      .prepare<[], number>(
        "select count(distinct i.seq) from intents i join progress p on p.seq = i.seq where p.state = 0",
      )
      .pluck()
      .get();
    counts["in-flight"] += begun ?? 0;
    counts.planned -= counts["in-flight"];
    return { counts, waiting };
  })();
}

function oddStates(db: Database): readonly [state: number, count: number][] {
  return db
    .prepare<[], [number, number]>(
      `select state, count(*) from progress where not (${isUsual.join(" or ")}) group by state`,
    )
    .raw()
    .all();
}

/** Throws `tampered` when a step waits for what will never end. Looked for only where steps wait at all. */
export function checkWaiting(db: Database, path: string, { waiting }: Standing): void {
  const stray = waiting === 0 ? undefined : strayGate(db);
  if (stray !== undefined) throw tampered(path, `step ${stray} waits for one that will never end`);
}

/** How far an apply has come, folded from its events. */
import type { EngineEvent } from "../model/event.ts";
import type { Counts } from "../model/run.ts";

export interface Progress {
  readonly counts: Counts;
  readonly steps: number;
  /** Steps ended by this process. */
  readonly ended: number;
  /** Steps this process found open. */
  readonly openAtStart: number;
  /** Monotonic time, ms. */
  readonly startedAt: number;
  /** Steps ended at some recent moments, oldest first: the basis of the rate. */
  readonly samples: readonly { readonly at: number; readonly ended: number }[];
  readonly pace: { readonly perSecond: number; readonly reason: string } | undefined;
  /** Transfers Google is still working on, by step. */
  readonly transfers: ReadonlyMap<number, string>;
  readonly actorsHalted: number;
  readonly stopping: string | undefined;
}

/** `counts` as the journal holds them when the apply begins; `now` is monotonic, ms. */
export function beginProgress(counts: Counts, now: number): Progress {
  return {
    counts,
    steps: 0,
    ended: 0,
    openAtStart: 0,
    startedAt: now,
    samples: [],
    pace: undefined,
    transfers: new Map(),
    actorsHalted: 0,
    stopping: undefined,
  };
}

export function advance(progress: Progress, event: EngineEvent, now: number): Progress {
  return event.type === "pace" ? { ...progress, startedAt: now } : progress;
}

/** How far an apply has come, folded from its events. */
import type { EngineEvent } from "../model/event.ts";
import type { Counts } from "../model/run.ts";
import type { Slowness } from "../model/slowness.ts";
import type { Outcome } from "../model/step.ts";
import { openOf, totalOf } from "./counts-text.ts";

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
  /** Transfers Google is still working on, with the status it gives, by step. */
  readonly transfers: ReadonlyMap<number, string>;
  readonly actorsHalted: number;
  /** What holds it up; undefined until that is known. */
  readonly slowness: Slowness | undefined;
  /** The wave the run is in. */
  readonly wave: { readonly wave: number; readonly of: number; readonly state: string } | undefined;
  /** Why no more steps are taken. */
  readonly stopping: string | undefined;
}

/** `counts` as the journal holds them when the apply begins; `now` is monotonic, ms. */
export function beginProgress(counts: Counts, now: number): Progress {
  return {
    counts,
    steps: totalOf(counts),
    ended: 0,
    openAtStart: openOf(counts),
    startedAt: now,
    samples: [{ at: now, ended: 0 }],
    pace: undefined,
    transfers: new Map(),
    actorsHalted: 0,
    slowness: undefined,
    wave: undefined,
    stopping: undefined,
  };
}

export function advance(progress: Progress, event: EngineEvent, now: number): Progress {
  switch (event.type) {
    case "step":
      return afterStep(progress, event.seq, event.outcome, now);
    case "transfer":
      return { ...progress, transfers: new Map(progress.transfers).set(event.seq, event.status) };
    case "pace":
      return { ...progress, pace: { perSecond: event.perSecond, reason: event.reason } };
    case "actor-halted":
      return { ...progress, actorsHalted: progress.actorsHalted + 1 };
    case "wave":
      return { ...progress, wave: { wave: event.wave, of: event.of, state: event.state } };
    case "stopping":
      return { ...progress, stopping: event.why };
    case "slowness":
      return { ...progress, slowness: event };
    case "apply-ended":
      return { ...progress, counts: event.counts, transfers: new Map() };
    case "survey":
    case "user-unreadable":
    case "apply-started":
    case "retry":
    case "conflict":
    case "steered":
      return progress;
    default:
      return event satisfies never;
  }
}

/**
 * Follows events. Steps that end within a second of each other are counted, and put in when somebody looks: a copy of
 * everything known for each of them is 0.4 kB.
 */
export class ProgressFold {
  #progress: Progress;
  /** Steps ended that `#progress` does not show yet. */
  readonly #ended = new Map<Outcome, number>();

  constructor(begun: Progress) {
    this.#progress = begun;
  }

  get progress(): Progress {
    for (const [outcome, count] of this.#ended) this.#progress = withEnded(this.#progress, outcome, count);
    this.#ended.clear();
    return this.#progress;
  }

  /** `now` is monotonic, ms. */
  add(event: EngineEvent, now: number): void {
    const { samples, transfers } = this.#progress;
    const isShort = now - (samples.at(-1)?.at ?? -Infinity) < sampleEveryMs;
    if (event.type === "step" && isShort && transfers.size === 0) {
      this.#ended.set(event.outcome, (this.#ended.get(event.outcome) ?? 0) + 1);
    } else this.#progress = advance(this.progress, event, now);
  }
}

function afterStep(progress: Progress, seq: number, outcome: Outcome, now: number): Progress {
  const next = withEnded(progress, outcome, 1);
  return {
    ...next,
    samples: sampled(progress.samples, now, next.ended),
    transfers: progress.transfers.has(seq) ? withoutStep(progress.transfers, seq) : progress.transfers,
  };
}

/** After so many steps more have ended in one way. Those planned are taken for the ones that did, as long as there are any. */
function withEnded(progress: Progress, outcome: Outcome, count: number): Progress {
  const { counts } = progress;
  const planned = Math.max(0, counts.planned - count);
  const inFlight = Math.max(0, counts["in-flight"] - (count - (counts.planned - planned)));
  const open: Counts = { ...counts, planned, "in-flight": inFlight };
  return { ...progress, counts: { ...open, [outcome]: counts[outcome] + count }, ended: progress.ended + count };
}

function withoutStep(transfers: Progress["transfers"], seq: number): Progress["transfers"] {
  const others = new Map(transfers);
  others.delete(seq);
  return others;
}

const sampleEveryMs = 1000;
/** Long enough to smooth a throttle's pauses, short enough to follow the hour. */
const samplesMax = 30;

function sampled(samples: Progress["samples"], at: number, ended: number): Progress["samples"] {
  const last = samples.at(-1);
  if (last !== undefined && at - last.at < sampleEveryMs) return samples;
  return [...samples.slice(1 - samplesMax), { at, ended }];
}

/** Steps ended per second lately; undefined while too little has happened to say. */
export function stepsPerSecond(progress: Progress, now: number): number | undefined {
  const oldest = progress.samples[0];
  if (oldest === undefined || now - oldest.at < sampleEveryMs) return undefined;
  return (1000 * (progress.ended - oldest.ended)) / (now - oldest.at);
}

const shareToGuess = 0.01;

/**
 * Time until the last step ends, ms, at the present rate; undefined before 1 % of the work, at a standstill, while it is
 * paused, and while Google works on a transfer, of which nobody knows how long it takes.
 */
export function timeLeftMs(progress: Progress, now: number): number | undefined {
  if (progress.transfers.size > 0 || progress.slowness?.kind === "paused") return undefined;
  const rate = stepsPerSecond(progress, now);
  if (rate === undefined || rate <= 0 || progress.ended < progress.openAtStart * shareToGuess) return undefined;
  return (1000 * (progress.openAtStart - progress.ended)) / rate;
}

/** How an apply stands at this moment, folded from its events, and what holds it up, decided anew every second. */
import type { Workers } from "../engine/workers.ts";
import type { RetryNotice } from "../google/authorised.ts";
import type { Clock } from "../model/clock.ts";
import type { EngineEvent } from "../model/event.ts";
import type { Counts, Digest, RunHeader } from "../model/run.ts";
import { slownessOf } from "../model/slowness.ts";
import type { Circumstances, Slowness, SlownessKind } from "../model/slowness.ts";
import { openOf } from "../report/counts-text.ts";
import { liveRun } from "../report/live.ts";
import type { LiveRun } from "../report/live.ts";
import { ProgressFold, beginProgress } from "../report/progress.ts";
import type { Progress } from "../report/progress.ts";
import type { Steering } from "./apply-steering.ts";
import type { Commits } from "./commits.ts";
import type { Paced } from "./connect.ts";

export interface LiveOptions {
  readonly clock: Clock;
  readonly runName: string;
  readonly header: RunHeader;
  readonly digest: Digest;
  readonly counts: Counts;
  readonly paced: Pick<Paced, "standings">;
  readonly workers: Workers;
  readonly steering: Pick<Steering, "pausedBy" | "isStopping">;
  readonly commits: Pick<Commits, "share">;
  /** Something else holds it up than before. */
  readonly onChange: (slowness: Slowness) => void;
}

const lookEveryMs = 1_000;
/** Looks in a row that must agree before it is said: what holds a run up may change with every call. */
const looksMin = 3;
/** Figures of the same reason are said anew no more often than this. */
const figuresEveryMs = 5_000;
/** What somebody did, or Google asked for, is so from that moment on. */
const certain: ReadonlySet<SlownessKind> = new Set(["stopping", "paused", "wave", "held"]);

export class ApplyLive {
  readonly #options: LiveOptions;
  /** Calls and steps that wait before they are made again: until when, monotonic ms, and why. */
  readonly #retrying = new Map<string, { readonly until: number; readonly failure: string }>();
  readonly #fold: ProgressFold;
  #slowness: Slowness = { kind: "none" };
  #candidate: SlownessKind = "none";
  #looks = 0;
  #saidAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#fold = new ProgressFold(beginProgress(options.counts, options.clock.monotonic()));
  }

  get progress(): Progress {
    return this.#fold.progress;
  }

  get slowness(): Slowness {
    return this.#slowness;
  }

  begin(): void {
    this.#timer = setInterval(() => this.look(), lookEveryMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  onEvent(event: EngineEvent): void {
    const { clock } = this.#options;
    this.#fold.add(event, clock.monotonic());
    if (event.type === "step" && this.#retrying.size > 0) this.#retrying.delete(`#${event.seq}`);
    if (event.type === "retry") this.#waits(`#${event.seq}`, event.failure, event.waitMs);
    // Whoever has steered is to see at once what came of it.
    if (event.type === "steered") this.look();
  }

  onRetry({ route, actor, failure, waitMs }: RetryNotice): void {
    this.#waits(`${route} ${actor}`, failure, waitMs);
  }

  /** Decides what holds the run up; says so when that is news. */
  look(): void {
    const found = slownessOf(this.#circumstances());
    this.#looks = found.kind === this.#candidate ? this.#looks + 1 : 1;
    this.#candidate = found.kind;
    const now = this.#options.clock.monotonic();
    const isSame = found.kind === this.#slowness.kind;
    if (!isSame && this.#looks < looksMin && !certain.has(found.kind) && !certain.has(this.#slowness.kind)) return;
    const isNews = !isSame || (now - this.#saidAt >= figuresEveryMs && differs(found, this.#slowness));
    if (isSame && !isNews) return;
    this.#slowness = found;
    this.#saidAt = now;
    this.#options.onChange(found);
  }

  document(): LiveRun {
    const { clock, runName, header, digest, paced, workers, steering } = this.#options;
    const found = slownessOf(this.#circumstances());
    return liveRun({
      wall: clock.now(),
      now: clock.monotonic(),
      runName,
      header,
      digest,
      progress: this.#fold.progress,
      isPaused: steering.pausedBy !== undefined,
      isStopping: steering.isStopping || this.#fold.progress.stopping !== undefined,
      underWay: workers.work,
      concurrency: workers.concurrency,
      gates: paced.standings(),
      // Whoever looks is not to wait until it is certain.
      slowness: found.kind === "none" ? this.#slowness : found,
    });
  }

  #circumstances(): Circumstances {
    const { clock, paced, workers, steering, commits } = this.#options;
    const { steps, transfers } = workers.work;
    return {
      now: clock.now(),
      stopping: steering.isStopping || this.#fold.progress.stopping !== undefined,
      paused: steering.pausedBy,
      wave: this.#fold.progress.wave?.state === "checking",
      gates: paced.standings(),
      open: openOf(this.#fold.progress.counts),
      steps,
      transfers,
      concurrency: workers.concurrency,
      storeShare: commits.share(),
      retrying: this.#retries(),
    };
  }

  #waits(what: string, failure: string, waitMs: number): void {
    this.#retrying.set(what, { until: this.#options.clock.monotonic() + waitMs, failure });
  }

  #retries(): Circumstances["retrying"] {
    const now = this.#options.clock.monotonic();
    const failures = new Map<string, number>();
    let soonest = Infinity;
    for (const [what, { until, failure }] of this.#retrying) {
      if (until <= now) {
        this.#retrying.delete(what);
        continue;
      }
      soonest = Math.min(soonest, until);
      failures.set(failure, (failures.get(failure) ?? 0) + 1);
    }
    const [most] = [...failures].toSorted(([, a], [, b]) => b - a);
    if (most === undefined) return undefined;
    const untilMs = this.#options.clock.now() + Math.round(soonest - now);
    return { steps: this.#retrying.size, failure: most[0], untilMs };
  }
}

function differs(a: Slowness, b: Slowness): boolean {
  const isFar = (x = 0, y = 0): boolean => Math.abs(x - y) > 0.1 * Math.max(x, y);
  return a.untilMs !== b.untilMs || a.user !== b.user || a.by !== b.by || isFar(a.perSecond, b.perSecond);
}

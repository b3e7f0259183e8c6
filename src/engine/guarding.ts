/** The guards of an apply under way, as one: what was counted before, when nothing new may begin, and which steps may be taken. */
import type { Claim, Journal } from "../journal/journal.ts";
import type { EngineEvent } from "../model/event.ts";
import type { Setting } from "../model/guard.ts";
import { stricter } from "../model/guard.ts";
import type { Counts } from "../model/run.ts";
import type { StepResult } from "../model/step.ts";
import { thousands } from "../model/text.ts";
import { closedWindow, nextChange } from "../model/window.ts";
import type { WindowRules } from "../model/window.ts";
import type { ApplyGuards, WaveWish } from "./apply-guards.ts";
import { timeText } from "../report/words.ts";
import { Breaker } from "./breaker.ts";
import { DriftWatch, noDrift } from "./drift-watch.ts";
import type { FleetNews } from "./fleet.ts";
import { acceptSoFar, keepGuards, recallGuards } from "./guard-memory.ts";
import type { GuardMemory } from "./guard-memory.ts";
import type { ApplyOptions, Surroundings } from "./verbs.ts";
import type { ApplyEnd } from "../model/apply-end.ts";
import { RunInWaves } from "./waves.ts";
import type { GateVerdict } from "./waves.ts";

/** Under this name a run keeps the calls of a process that may be killed; 0 when the last one ended by itself. */
export const callsName = "calls";

const noWish: WaveWish = { sizes: undefined, pause: false, without: false };

export interface Due {
  readonly end: ApplyEnd;
  readonly reason: string;
}

export class Guarding {
  readonly #s: Surroundings;
  readonly #journal: Journal;
  readonly #guards: ApplyGuards;
  readonly #breaker: Breaker;
  /** A step failed here since all workers' failures were counted: what was known a moment ago will not do. */
  #hasFailed = false;
  readonly #drift: DriftWatch | undefined;
  readonly #waves: RunInWaves | undefined;
  /** Failed steps that somebody has accepted. */
  readonly #accepted: number;
  /** The windows are known to stay as they are until then, wall ms. */
  #openUntil = 0;

  private constructor(
    s: Surroundings,
    journal: Journal,
    guards: ApplyGuards,
    parts: {
      readonly breaker: Breaker;
      readonly drift: DriftWatch | undefined;
      readonly waves: RunInWaves | undefined;
      readonly accepted: number;
    },
  ) {
    this.#s = s;
    this.#journal = journal;
    this.#guards = guards;
    this.#breaker = parts.breaker;
    this.#drift = parts.drift;
    this.#waves = parts.waves;
    this.#accepted = parts.accepted;
  }

  static async begin(s: Surroundings, journal: Journal, options: ApplyOptions, counts: Counts): Promise<Guarding> {
    const guards = options.guards ?? {};
    const { header } = journal;
    let memory = await recallGuards(journal);
    // Among several workers it is accepted once, by whoever handed the run to them, and drift is counted by their store.
    if (s.fleet !== undefined) memory = { ...memory, drift: noDrift };
    else if (guards.accept !== undefined) memory = await acceptSoFar(journal, memory, guards.accept);
    const rules = { failures: failuresMax(journal, options), rate: guards.failureRate };
    const accepted = await failedAmong(journal, memory);
    const breaker = await Breaker.begin(rules, journal, counts.failed - accepted, memory.row);
    const drift =
      guards.drift === undefined
        ? undefined
        : new DriftWatch(guards.drift, header.totals.steps - header.totals.byHand, memory.drift, (found) => {
            if (s.fleet === undefined) keepGuards(journal, { ...memory, drift: found });
          });
    const rate = guards.failureRate;
    const gate = {
      failures: rate === undefined ? { value: 0, from: "by default" } : { value: rate.value.percent, from: rate.from },
      memory,
      acceptsDrift: guards.accept?.drift === true,
      concurrency: options.concurrency,
    };
    const open = counts.planned + counts["in-flight"] > 0;
    const waves = open ? await RunInWaves.begin(s, journal, gate, guards.waves ?? noWish) : undefined;
    return new Guarding(s, journal, guards, { breaker, drift, waves, accepted });
  }

  /** Why nothing new may begin; undefined while it may. */
  due(): Due | undefined {
    const failed = this.#breaker.tripped;
    if (failed !== undefined) return { end: "breaker", reason: failed };
    const drifted = this.#drift?.exceeded;
    if (drifted !== undefined) return { end: "drift", reason: drifted };
    const { calls } = this.#guards;
    if (calls?.isSpentUp === true) {
      return {
        end: "budget",
        reason: `the ${thousands(calls.max.value)} calls allowed are used up (${calls.max.from})`,
      };
    }
    return this.#closed();
  }

  /** Looks at what all workers of the run have done; undefined where this process is the only one. */
  async follow(afresh = false): Promise<FleetNews | undefined> {
    const wanted = afresh || this.#hasFailed;
    this.#hasFailed = false;
    const news = await this.#s.fleet?.look(this.#drift?.takeNews() ?? [], wanted);
    if (news === undefined) return undefined;
    await this.#breaker.follow(news.counts.failed - this.#accepted, this.#journal);
    this.#drift?.standAt(news.drifted);
    return news;
  }

  /** Steps that may be begun besides `held` ones, each of which makes a call at least. */
  room(held: number): number {
    const { calls } = this.#guards;
    return calls === undefined ? Infinity : Math.max(0, calls.left - held);
  }

  /** The steps that may be taken now; undefined: all. */
  get among(): ReadonlySet<number> | undefined {
    return this.#waves?.among;
  }

  /** Ms until the windows close; undefined: not for weeks. */
  get leftMs(): number | undefined {
    const { windows } = this.#guards;
    if (windows === undefined || windows.length === 0) return undefined;
    const now = this.#s.clock.now();
    const closes = nextChange(windows, now);
    return closes === undefined ? undefined : closes - now;
  }

  claimed(claim: Claim): void {
    this.#drift?.claimed(claim);
  }

  see(event: EngineEvent): void {
    if (event.type === "conflict") this.#drift?.conflict(event.seq);
  }

  ended(seq: number, result: StepResult): void {
    if (this.#s.fleet === undefined) this.#breaker.ended(result.outcome);
    else if (result.outcome === "failed") this.#hasFailed = true;
    this.#drift?.ended(seq, result);
    this.#keepCalls();
  }

  /** Nothing that may be taken is left: whether there is more behind a gate. */
  async drained(): Promise<GateVerdict> {
    return (await this.#waves?.ask()) ?? { kind: "last" };
  }

  /** The process ends by itself: the next one has a budget of its own. */
  close(): void {
    if (this.#guards.calls !== undefined && this.#s.fleet === undefined) this.#journal.keep(callsName, "0");
  }

  #keepCalls(): void {
    const { calls } = this.#guards;
    if (calls !== undefined && this.#s.fleet === undefined) this.#journal.keep(callsName, String(calls.spent));
  }

  #closed(): Due | undefined {
    const { windows } = this.#guards;
    const now = this.#s.clock.now();
    if (windows === undefined || now < this.#openUntil) return undefined;
    const closed = closedWindow(windows, now);
    if (closed !== undefined) return { end: "window", reason: closedText(windows, closed, now) };
    // Windows open and close on full minutes.
    this.#openUntil = (Math.floor(now / 60_000) + 1) * 60_000;
    return undefined;
  }
}

/** That a window is closed, who set it, and when the run may go on. */
export function closedText(windows: WindowRules, closed: WindowRules[number], now: number): string {
  const opens = nextChange(windows, now);
  const next = opens === undefined ? "which does not open within two weeks" : `which opens ${timeText(opens)}`;
  return `the run may be carried out only in ${closed.value.map(({ text }) => text).join(" or ")} (${closed.from}), ${next}`;
}

/** The strictest of what the flag, the settings and the run itself say. */
function failuresMax({ header }: Journal, options: ApplyOptions): Setting<number> | undefined {
  const said = (value: number | undefined, from: string): Setting<number> | undefined =>
    value === undefined ? undefined : { value, from };
  const frozen = said(header.limits.failures, header.guards?.limits.failures ?? "the plan");
  return stricter(stricter(options.guards?.failures, said(options.failuresMax, "--max-failures")), frozen);
}

/** How many of the steps accepted failed themselves: those skipped with them are no failures. */
async function failedAmong(journal: Journal, { failed }: GuardMemory): Promise<number> {
  let count = 0;
  for (const seq of failed) if ((await journal.step(seq))?.state === "failed") count += 1;
  return count;
}

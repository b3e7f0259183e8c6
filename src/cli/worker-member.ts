/** A worker's place in the fleet of one run: it tells every second that it lives, hears how the run stands, and obeys. */
import type { CallBudget } from "../engine/call-budget.ts";
import type { Fleet, FleetNews } from "../engine/fleet.ts";
import type { ApplyEnd } from "../model/apply-end.ts";
import type { Workers } from "../engine/workers.ts";
import type { JournalDatabase } from "../journal/postgres/database.ts";
import { endedAtOnce } from "../journal/postgres/fleet.ts";
import { beat, enterGate, leaveGate, takeCalls } from "../journal/postgres/fleet-beat.ts";
import { leaveRun } from "../journal/postgres/fleet-workers.ts";
import type { FleetWish, HandedRun } from "../journal/postgres/fleet.ts";
import type { Standing } from "../journal/postgres/fleet-beat.ts";
import { patiently } from "../journal/postgres/patience.ts";
import type { Clock } from "../model/clock.ts";
import type { Paced } from "./connect.ts";

const beatEveryMs = 1000;
/** What is no older than this is told again without asking. */
const freshMs = 200;
/** Calls of a budget taken at once. */
const callsAtOnce = 64;

export interface MemberOptions {
  readonly database: JournalDatabase;
  readonly clock: Clock;
  readonly run: HandedRun;
  readonly worker: number;
  readonly leaseMs: number;
  readonly budget: CallBudget | undefined;
  readonly workers: Workers;
  /** Steps at once where nobody has said otherwise. */
  readonly concurrency: number;
  readonly paced: Pick<Paced, "pause" | "setRate" | "writesPerSecond">;
  /** Fires when the run is to be left, for whatever reason: what is under way goes on to its end, also during a pause. */
  readonly stop: AbortSignal;
  /** The run is to be left: nothing new is begun. */
  readonly drain: (why: string) => void;
  /** The run is to be left at once: answers are not awaited. */
  readonly abandon: (why: string) => void;
  readonly say: (line: string) => void;
}

export class Member implements Fleet {
  readonly #options: MemberOptions;
  readonly #over = new AbortController();
  #ticking: Promise<void> | undefined;
  #standing: Standing | undefined;
  #heardAt = -Infinity;
  #beating: Promise<Standing> | undefined;
  #found: readonly number[] = [];
  #granted = 0;
  #pause: { readonly over: Promise<void>; readonly end: () => void } | undefined;
  #obeyed: FleetWish | undefined;
  #isDraining = false;
  #isAbandoned = false;

  constructor(options: MemberOptions) {
    this.#options = options;
    options.stop.addEventListener("abort", () => this.#endPause(), { once: true });
  }

  /** Monotonic ms at which the database was last heard of. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Steps under way here. */
  get steps(): number {
    const { steps, transfers } = this.#options.workers.work;
    return steps + transfers;
  }

  /** Settles when steps may be begun again; undefined while they may. */
  readonly paused = (): Promise<void> | undefined => this.#pause?.over;

  begin(): void {
    this.#ticking ??= this.#tick();
  }

  async look(drifted: readonly number[], afresh: boolean): Promise<FleetNews> {
    this.#found = [...this.#found, ...drifted];
    // One that is under way may have been answered already.
    if (afresh) await this.#beating?.catch(() => undefined);
    const isFresh = !afresh && this.#options.clock.monotonic() - this.#heardAt < freshMs && this.#found.length === 0;
    const standing = isFresh && this.#standing !== undefined ? this.#standing : await this.#hear();
    const { counts, heldElsewhere, ended } = standing;
    const end = ended === undefined ? undefined : { end: endOf(ended.end), reason: ended.reason };
    return { counts, heldElsewhere, drifted: standing.drifted, ended: end };
  }

  async enterGate(): Promise<boolean> {
    const { database, run, worker, leaseMs } = this.#options;
    return this.#patiently(() => enterGate(database, run, worker, leaseMs));
  }

  async leaveGate(): Promise<void> {
    const { database, run, worker } = this.#options;
    // Not heard, it ends with its time.
    await leaveGate(database, run.run, worker).catch(() => undefined);
  }

  /** Gives back what is left of the budget, and says that this worker has gone. */
  async leave(): Promise<void> {
    const { database, run, worker, budget } = this.#options;
    this.#over.abort();
    this.#goOn();
    await this.#ticking;
    await this.#beating?.catch(() => undefined);
    try {
      if (budget !== undefined) await takeCalls(database, run, budget.spent - this.#granted);
      await leaveRun(database, worker);
    } catch {
      // Whoever is silent for long is taken for gone.
    }
  }

  async #tick(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#hear().catch(() => undefined);
      await this.#options.clock.sleep(beatEveryMs, this.#over.signal);
    }
  }

  /** One beat at a time; whoever asks meanwhile is told by the same one. */
  async #hear(): Promise<Standing> {
    this.#beating ??= this.#patiently(async () => this.#beat()).finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async #beat(): Promise<Standing> {
    const { database, run, worker, leaseMs, paced, clock } = this.#options;
    const drifted = this.#found;
    const perSecond = paced.writesPerSecond();
    const own = {
      worker,
      steps: this.steps,
      perSecond: perSecond === Infinity ? undefined : perSecond,
      drifted,
      leaseMs,
    };
    const standing = await beat(database, run, own);
    if (standing.ended === undefined) await this.#takeCalls();
    this.#found = this.#found.filter((seq) => !drifted.includes(seq));
    this.#standing = standing;
    this.#heardAt = clock.monotonic();
    this.#obey(standing);
    return standing;
  }

  async #takeCalls(): Promise<void> {
    const { budget, database, run } = this.#options;
    if (budget === undefined || budget.left >= callsAtOnce / 2) return;
    const { given, left } = await takeCalls(database, run, Math.max(0, budget.spent - this.#granted) + callsAtOnce);
    this.#granted += given;
    budget.grant(this.#granted, left > 0);
  }

  #obey({ wish, workers: count, place, ended }: Standing): void {
    const { paced, workers, concurrency, drain, abandon, say, stop } = this.#options;
    if (ended !== undefined || stop.aborted) {
      if (ended?.end === endedAtOnce && !this.#isAbandoned) {
        this.#isAbandoned = true;
        abandon(ended.reason);
      }
      this.#endPause();
      return;
    }
    const before = this.#obeyed;
    this.#obeyed = wish;
    if (wish.perSecond !== undefined && wish.perSecond !== before?.perSecond) paced.setRate(wish.perSecond);
    // Of what all may have under way at once each has its part; a worker without a part waits.
    const part = wish.concurrency === undefined ? concurrency : partOf(wish.concurrency, count, place);
    if (part > 0 && part !== workers.concurrency) workers.permit(part);
    if (wish.pausedBy !== undefined || part === 0) this.#hold();
    else this.#goOn();
    paced.pause(wish.pausedBy !== undefined);
    if (wish.pausedBy !== before?.pausedBy) {
      if (wish.pausedBy !== undefined) say(`paused, as asked by ${wish.pausedBy}: nothing new is sent`);
      else if (before !== undefined) say("going on, as asked");
    }
    if (wish.drainingBy !== undefined && !this.#isDraining) {
      this.#isDraining = true;
      drain(`ending, as asked by ${wish.drainingBy}: what is under way is finished first`);
    }
  }

  #hold(): void {
    if (this.#pause !== undefined) return;
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#pause = { over, end };
  }

  /** Whoever leaves has to send for what is under way. */
  #endPause(): void {
    this.#goOn();
    this.#options.paced.pause(false);
  }

  #goOn(): void {
    this.#pause?.end();
    this.#pause = undefined;
  }

  /** Beats and gates may be asked for twice. */
  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    const { clock, database } = this.#options;
    return patiently(clock, database.shown, ask, this.#over.signal);
  }
}

function partOf(all: number, workers: number, place: number): number {
  return Math.floor(all / Math.max(1, workers)) + (place < all % Math.max(1, workers) ? 1 : 0);
}

const ends: readonly ApplyEnd[] = [
  "finished",
  "stopped",
  "halted",
  "breaker",
  "drift",
  "gate",
  "wave",
  "window",
  "budget",
  "journal",
  "blocked",
];

/** What another worker has written; anything unknown stops. */
export function endOf(text: string): ApplyEnd {
  return ends.find((end) => end === text) ?? "stopped";
}

/** A gate for one kind of call: who waits, and who passes next, when both the project and the user have a slot open. */
import type { Clock } from "../model/clock.ts";
import { ApiError } from "../model/errors.ts";
import { TimeHeap } from "./heap.ts";
import type { Quota } from "./pace.ts";
import { Spacing } from "./spacing.ts";

interface Waiter {
  readonly pass: () => void;
  readonly refuse: (error: ApiError) => void;
  readonly signal: AbortSignal | undefined;
  isGone: boolean;
}

/** The calls of one user that wait, in the order they came. */
interface Lane {
  readonly spacing: Spacing;
  readonly waiters: Waiter[];
  /** While somebody waits for the user's own next slot: when that opens. Else undefined. */
  asleepUntil: number | undefined;
}

const passed: Promise<void> = Promise.resolve();
/** Users remembered before those with nothing to remember are dropped. */
const lanesMax = 4096;

export class Gate {
  /** The slots of the whole project. */
  readonly project: Spacing;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #actorQuota: Quota;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with somebody waiting whose user has a slot open, served in turn. */
  readonly #ready = new Set<Lane>();
  /** Lanes asleep, by when they wake. An entry whose lane wakes at another time by now is stale. */
  readonly #asleep = new TimeHeap<Lane>();
  readonly #bySignal = new Map<AbortSignal, { readonly waiters: Set<Waiter>; readonly onAbort: () => void }>();
  #waiting = 0;
  #isPaused = false;
  #timer: { readonly at: number; readonly cancel: AbortController } | undefined;
  /** Of the last timer that rang: most do, and a new controller costs as much as the rest of the wait. */
  #spare: AbortController | undefined;

  constructor(clock: Clock, quota: Quota, actorQuota: Quota) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.project = new Spacing(quota, this.#startedAt);
    this.#actorQuota = actorQuota;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves when a call as `actor` may be sent; rejects with an `ApiError` (`retry`, `stopped`) when `signal` fires first. */
  take(actor: string, signal: AbortSignal | undefined): Promise<void> {
    const now = this.#clock.monotonic();
    if (!this.#isPaused && this.#waiting === 0 && this.project.opensAt(now) <= now) {
      if (this.#lanes.size === 0 && this.#actorQuota.perMinute === Infinity) {
        this.project.use(now);
        return passed;
      }
      const { spacing } = this.#lane(actor);
      if (spacing.opensAt(now) <= now) {
        this.project.use(now);
        spacing.use(now);
        return passed;
      }
    }
    return signal?.aborted === true ? Promise.reject(stopped()) : this.#wait(this.#lane(actor), signal);
  }

  /** Lets nobody pass until told otherwise. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) this.#cancelTimer();
    else this.reconsider();
  }

  /** Whether no call as `actor` is wanted now, whatever the slots say. */
  isHeldBack(actor: string): boolean {
    if (this.#isPaused) return true;
    const now = this.#clock.monotonic();
    return this.project.serverHold > now || (this.knownActor(actor)?.serverHold ?? now) > now;
  }

  /** What those who wait are waiting for: the slots of the whole project, or those of their own users. */
  get waitsFor(): "project" | "users" | undefined {
    if (this.#waiting === 0) return undefined;
    return this.#ready.size > 0 ? "project" : "users";
  }

  /** The users whose calls wait, with their slots. */
  waitingActors(): readonly (readonly [string, Spacing])[] {
    const lanes = [...this.#lanes].filter(([, { waiters }]) => waiters.some(({ isGone }) => !isGone));
    return lanes.map(([actor, lane]) => [actor, lane.spacing] as const);
  }

  /** The slots of one user. */
  actor(actor: string): Spacing {
    return this.#lane(actor).spacing;
  }

  /** The slots of one user, if there is anything known of them. */
  knownActor(actor: string): Spacing | undefined {
    return this.#lanes.size === 0 ? undefined : this.#lanes.get(actor)?.spacing;
  }

  /** The users whose slots are kept, with their slots. */
  actors(): Iterable<readonly [string, Spacing]> {
    return [...this.#lanes].map(([actor, lane]) => [actor, lane.spacing] as const);
  }

  setActorQuota(quota: Quota): void {
    this.#actorQuota = quota;
    for (const lane of this.#lanes.values()) lane.spacing.setQuota(quota, this.#clock.monotonic());
    this.reconsider();
  }

  /** Looks again at who may pass, after slots have moved. */
  reconsider(): void {
    if (this.#waiting === 0) return;
    const now = this.#clock.monotonic();
    for (const lane of this.#lanes.values()) {
      if (lane.asleepUntil !== undefined) this.#place(lane, now);
    }
    this.#pump();
  }

  /** Sends away everybody who waits, and ends the timer. */
  close(): void {
    for (const lane of this.#lanes.values()) {
      for (const waiter of lane.waiters.splice(0)) this.#dismiss(waiter);
      lane.asleepUntil = undefined;
    }
    this.#ready.clear();
  }

  #lane(actor: string): Lane {
    let lane = this.#lanes.get(actor);
    if (lane === undefined) {
      if (this.#lanes.size >= lanesMax) this.#sweepLanes();
      lane = { spacing: new Spacing(this.#actorQuota, this.#startedAt), waiters: [], asleepUntil: undefined };
      this.#lanes.set(actor, lane);
    }
    return lane;
  }

  #sweepLanes(): void {
    const now = this.#clock.monotonic();
    for (const [actor, lane] of this.#lanes) {
      if (lane.waiters.length === 0 && lane.spacing.isIdle(now)) this.#lanes.delete(actor);
    }
  }

  #wait(lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((pass, refuse) => {
      const waiter = { pass, refuse, signal, isGone: false };
      this.#waiting += 1;
      if (signal !== undefined) this.#listen(waiter, signal);
      // Among others who wait a lane has its place, and the gate its timer; behind those who went away it may have neither.
      if (lane.waiters.push(waiter) > 1 && this.#waiting > 1) return;
      this.#place(lane, this.#clock.monotonic());
      this.#pump();
    });
  }

  /** Puts a lane with waiters where it belongs: ready, or asleep until its user's next slot. */
  #place(lane: Lane, now: number): void {
    const opensAt = lane.spacing.opensAt(now);
    if (opensAt <= now) {
      lane.asleepUntil = undefined;
      this.#ready.add(lane);
    } else if (opensAt !== lane.asleepUntil) {
      lane.asleepUntil = opensAt;
      this.#asleep.push(opensAt, lane);
    }
  }

  /** Lets everybody pass who may, then sleeps until the next slot: one timer, however many wait. */
  #pump(): void {
    if (this.#isPaused) return;
    const now = this.#clock.monotonic();
    for (let at = this.#asleep.nextAt; at <= now; at = this.#asleep.nextAt) {
      const lane = this.#asleep.popDue(now);
      if (lane?.asleepUntil !== at) continue;
      lane.asleepUntil = undefined;
      this.#place(lane, now);
    }
    for (const lane of this.#ready) {
      if (this.project.opensAt(now) > now) break;
      this.#ready.delete(lane);
      // While it waited for the project's turn its user may have been told to wait longer.
      if (lane.spacing.opensAt(now) <= now) this.#passFirst(lane, now);
      // A set keeps insertion order: a lane that is ready again goes to the end, so that users take turns.
      if (lane.waiters.length > 0) this.#place(lane, now);
    }
    const next = this.#ready.size > 0 ? this.project.opensAt(now) : this.#asleep.nextAt;
    if (this.#waiting > 0 && next < Infinity) this.#sleepUntil(next, now);
  }

  #passFirst(lane: Lane, now: number): void {
    for (let waiter = lane.waiters.shift(); waiter !== undefined; waiter = lane.waiters.shift()) {
      if (waiter.isGone) continue;
      this.project.use(now);
      lane.spacing.use(now);
      this.#leave(waiter);
      waiter.pass();
      return;
    }
  }

  #sleepUntil(at: number, now: number): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#cancelTimer();
    this.#timer = { at, cancel: this.#spare ?? new AbortController() };
    this.#spare = undefined;
    void this.#sleep(this.#timer, at - now);
  }

  async #sleep(timer: { readonly at: number; readonly cancel: AbortController }, ms: number): Promise<void> {
    await this.#clock.sleep(Math.ceil(ms), timer.cancel.signal);
    if (this.#timer !== timer) return;
    this.#timer = undefined;
    this.#spare = timer.cancel;
    this.#pump();
  }

  /** A timer that nobody waits for would only hold the process. Without a reason, Node makes an error with a stack: 8 us. */
  #cancelTimer(): void {
    this.#timer?.cancel.abort("nobody waits");
    this.#timer = undefined;
  }

  /** One listener for each signal, not for each waiter: thousands may share one. */
  #listen(waiter: Waiter, signal: AbortSignal): void {
    let group = this.#bySignal.get(signal);
    if (group === undefined) {
      const waiters = new Set<Waiter>();
      group = { waiters, onAbort: () => waiters.forEach((each) => this.#dismiss(each)) };
      this.#bySignal.set(signal, group);
      signal.addEventListener("abort", group.onAbort);
    }
    group.waiters.add(waiter);
  }

  #leave(waiter: Waiter): void {
    waiter.isGone = true;
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#cancelTimer();
    if (waiter.signal === undefined) return;
    const group = this.#bySignal.get(waiter.signal);
    group?.waiters.delete(waiter);
    if (group?.waiters.size !== 0) return;
    waiter.signal.removeEventListener("abort", group.onAbort);
    this.#bySignal.delete(waiter.signal);
  }

  #dismiss(waiter: Waiter): void {
    if (waiter.isGone) return;
    this.#leave(waiter);
    waiter.refuse(stopped());
  }
}

function stopped(): ApiError {
  return new ApiError("stopped while waiting for its turn; nothing was sent", {
    disposition: "retry",
    failure: "stopped",
  });
}

/** One evenly spaced sequence of slots (GCRA on absolute time) with the pace it follows: a project's, or one user's. */
import {
  afterSuccess,
  afterThrottle,
  catchUpMs,
  initialPace,
  intervalMs,
  isEcho,
  mayRise,
  pauseMs,
  resumedPace,
} from "./pace.ts";
import type { Pace, Quota } from "./pace.ts";
import { Tally } from "./tally.ts";
import type { TallyState } from "./tally.ts";

/** How long a trial call may stay without an answer before another one is let out, ms. */
const trialMs = 5000;

/** A call that Google refused for going too fast, as far as it says. */
export interface Refusal {
  readonly now: number;
  readonly sentAt: number;
  readonly quotaPerMinute: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** Whether calls wait at the gate. */
  readonly areWaiting: boolean;
}

/** Everything a sequence goes by, as plain data; times on the clock it was made on, ms. */
export interface SpacingState {
  readonly quota: Quota;
  readonly pace: Pace;
  readonly lastSlot: number;
  readonly startedAt: number;
  readonly serverHold: number;
  readonly ownHold: number;
  readonly tally: TallyState;
}

export class Spacing {
  #quota: Quota;
  #pace: Pace;
  #intervalMs: number;
  /** The slot used last. It begins at the start, so that the first call waits for one interval: a bucket that starts empty. */
  #lastSlot: number;
  readonly #startedAt: number;
  readonly #catchUpMs: number;
  /** Until when the server wants no calls. */
  #serverHold: number;
  /** Until when this side waits of its own accord: the pause after a refusal, or the answer of a trial call. */
  #ownHold: number;
  readonly #tally: Tally;

  constructor(quota: Quota, startedAt: number, catchUp: number = catchUpMs, state?: SpacingState) {
    this.#quota = state?.quota ?? quota;
    this.#pace = state?.pace ?? initialPace(quota, startedAt);
    this.#intervalMs = intervalMs(this.#pace);
    this.#lastSlot = state?.lastSlot ?? startedAt;
    this.#startedAt = state?.startedAt ?? startedAt;
    this.#catchUpMs = catchUp;
    this.#serverHold = state?.serverHold ?? -Infinity;
    this.#ownHold = state?.ownHold ?? -Infinity;
    this.#tally = new Tally(state?.tally);
  }

  get state(): SpacingState {
    return {
      quota: this.#quota,
      pace: this.#pace,
      lastSlot: this.#lastSlot,
      startedAt: this.#startedAt,
      serverHold: this.#serverHold,
      ownHold: this.#ownHold,
      tally: this.#tally.state,
    };
  }

  get quota(): Quota {
    return this.#quota;
  }

  get pace(): Pace {
    return this.#pace;
  }

  /** Monotonic ms before which the server wants no calls. */
  get serverHold(): number {
    return this.#serverHold;
  }

  /** Monotonic ms before which nothing passes, whatever the slots say. */
  get notBefore(): number {
    return Math.max(this.#serverHold, this.#ownHold);
  }

  /** When the next call may pass; not after `now` means at once. */
  opensAt(now: number): number {
    return Math.max(this.#lastSlot + this.#intervalMs, now - this.#catchUpMs, this.#serverHold, this.#ownHold);
  }

  /** Uses the slot that is open at `now`. */
  use(now: number): void {
    this.#lastSlot = this.opensAt(now);
    this.#tally.add(now);
    if (this.#pace.streak > 0) this.#ownHold = now + trialMs;
  }

  /** Calls that passed without a slot, while there was no pace to keep to. */
  counted(calls: number, now: number): void {
    for (let call = 0; call < calls; call += 1) this.#tally.add(now);
  }

  /** Whether forgetting this sequence would change nothing. */
  isIdle(now: number): boolean {
    const isSpent = this.#lastSlot + this.#intervalMs > now - this.#catchUpMs || this.notBefore > now;
    return !isSpent && this.#pace.limit === undefined && this.#pace.slowedAt < now - 60_000;
  }

  /** Slows down. Answers false when the refusal told nothing new. */
  refused(refusal: Refusal): boolean {
    const { now, sentAt, quotaPerMinute, retryAfterMs } = refusal;
    this.#tally.remove(sentAt, now);
    const isLonger = retryAfterMs !== undefined && this.holdUntil(now + retryAfterMs);
    if (isEcho(this.#pace, sentAt)) return isLonger;
    const accepted = this.#tally.total(now);
    const isTelling = refusal.areWaiting && now - this.#startedAt >= 60_000;
    this.#follow(afterThrottle(this.#pace, { now, sentAt, accepted, isTelling, quotaPerMinute }));
    this.#ownHold = retryAfterMs === undefined ? now + pauseMs(this.#pace) : -Infinity;
    return true;
  }

  /** Speeds up again where that is due; answers whether anything changed. */
  succeeded(now: number, sentAt: number, areWaiting: boolean): boolean {
    const { streak } = this.#pace;
    if (streak === 0 && !mayRise(this.#pace, now, areWaiting)) return false;
    const next = afterSuccess(this.#pace, { now, sentAt, areWaiting, accepted: this.#tally.total(now) });
    if (next === this.#pace) return false;
    this.#follow(next);
    if (next.streak === 0) this.#ownHold = -Infinity;
    return true;
  }

  /** Lets nothing pass before `until`; answers whether that is later than what the server asked for before. */
  holdUntil(until: number): boolean {
    if (until <= this.#serverHold) return false;
    this.#serverHold = until;
    return true;
  }

  /** A limit learned from refusals stays: what Google accepts does not follow from what is asked for here. */
  setQuota(quota: Quota, now: number): void {
    const { limit } = this.#pace;
    this.#quota = quota;
    this.#ownHold = -Infinity;
    this.#follow(limit === undefined ? initialPace(quota, now) : resumedPace(quota, limit, now));
  }

  /** Goes on from a limit learned earlier. */
  resume(limit: number, now: number): void {
    this.#follow(resumedPace(this.#quota, limit, now));
  }

  #follow(pace: Pace): void {
    this.#pace = pace;
    this.#intervalMs = intervalMs(pace);
  }
}

/** One evenly spaced sequence of slots (GCRA on absolute time) with the pace it follows: a project's, or one user's. */
import {
  afterSuccess,
  afterThrottle,
  catchUpMs,
  initialPace,
  intervalMs,
  isEcho,
  pauseMs,
  resumedPace,
} from "./pace.ts";
import type { Pace, Quota } from "./pace.ts";
import { Tally } from "./tally.ts";

/** A call that Google refused for going too fast, as far as it says. */
export interface Refusal {
  readonly now: number;
  readonly sentAt: number;
  readonly quotaPerMinute: number | undefined;
  readonly retryAfterMs: number | undefined;
}

export class Spacing {
  #quota: Quota;
  #pace: Pace;
  #intervalMs: number;
  /** The slot used last. It begins at the start, so that the first call waits for one interval: a bucket that starts empty. */
  #lastSlot: number;
  #notBefore = -Infinity;
  #streak = 0;
  readonly #tally = new Tally();

  constructor(quota: Quota, startedAt: number) {
    this.#quota = quota;
    this.#pace = initialPace(quota, startedAt);
    this.#intervalMs = intervalMs(this.#pace);
    this.#lastSlot = startedAt;
  }

  get pace(): Pace {
    return this.#pace;
  }

  /** Monotonic ms before which nothing passes, whatever the slots say. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /** When the next call may pass; not after `now` means at once. */
  opensAt(now: number): number {
    return Math.max(this.#lastSlot + this.#intervalMs, now - catchUpMs, this.#notBefore);
  }

  /** Uses the slot that is open at `now`. */
  use(now: number): void {
    this.#lastSlot = this.opensAt(now);
    this.#tally.add(now);
  }

  /** Whether forgetting this sequence would change nothing. */
  isIdle(now: number): boolean {
    const isSpent = this.#lastSlot + this.#intervalMs > now - catchUpMs || this.#notBefore > now;
    return !isSpent && this.#pace.limit === undefined && this.#pace.slowedAt < now - 60_000;
  }

  /** Slows down. Answers false when the refusal told nothing new. */
  refused(refusal: Refusal): boolean {
    const { now, sentAt, quotaPerMinute, retryAfterMs } = refusal;
    this.#tally.remove(sentAt, now);
    const throttle = { now, sentAt, quotaPerMinute, accepted: this.#tally.total(now) };
    const wasEcho = isEcho(this.#pace, throttle);
    if (!wasEcho) {
      this.#streak += 1;
      this.#follow(afterThrottle(this.#pace, throttle));
    }
    const wait = retryAfterMs ?? (wasEcho ? 0 : pauseMs(this.#streak));
    const isLonger = wait > 0 && this.holdUntil(now + wait);
    return !wasEcho || isLonger;
  }

  succeeded(now: number, areWaiting: boolean): boolean {
    this.#streak = 0;
    const next = afterSuccess(this.#pace, now, areWaiting);
    if (next === this.#pace) return false;
    this.#follow(next);
    return true;
  }

  /** Lets nothing pass before `until`; answers whether that is later than what held before. */
  holdUntil(until: number): boolean {
    if (until <= this.#notBefore) return false;
    this.#notBefore = until;
    return true;
  }

  setQuota(quota: Quota, now: number): void {
    this.#quota = quota;
    this.#follow(initialPace(quota, now));
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

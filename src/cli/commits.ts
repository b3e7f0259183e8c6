/** How much of the time goes into making things durable, and how long each commit takes. */
import type { Clock } from "../model/clock.ts";
import { Distribution } from "../report/metrics-text.ts";

const windowMs = 10_000;
/** Shorter than this nothing can be said. */
const soonestMs = 2_000;

const endsSeconds: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

export class Commits {
  /** Of all commits so far, in seconds. */
  readonly durations: Distribution = new Distribution(endsSeconds);
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #beganAt: number;
  #lately: { readonly at: number; readonly ms: number }[] = [];

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
    this.#beganAt = clock.monotonic();
  }

  readonly took = (ms: number): void => {
    this.durations.add(ms / 1000);
    const now = this.#clock.monotonic();
    // Many a second are kept as one: what is wanted is a sum.
    const last = this.#lately.at(-1);
    if (last !== undefined && now - last.at < 250)
      this.#lately[this.#lately.length - 1] = { at: last.at, ms: last.ms + ms };
    else this.#lately.push({ at: now, ms });
  };

  /** Of the last ten seconds, from 0 to 1. */
  share(): number {
    const now = this.#clock.monotonic();
    this.#lately = this.#lately.filter(({ at }) => now - at <= windowMs);
    const spanMs = Math.min(windowMs, now - this.#beganAt);
    if (spanMs < soonestMs) return 0;
    return Math.min(1, this.#lately.reduce((sum, { ms }) => sum + ms, 0) / spanMs);
  }
}

/** Ends what takes too long: any number of deadlines over one sleeping timer, so that a request costs no timer of its own. */
import type { Clock } from "../model/clock.ts";

export interface Deadline {
  /** Monotonic ms. */
  readonly at: number;
  readonly expire: () => void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #open = new Set<Deadline>();
  #timer: { readonly at: number; readonly cancel: AbortController } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `expire` after `ms` unless the deadline is removed before that. */
  add(ms: number, expire: () => void): Deadline {
    const deadline = { at: this.#clock.monotonic() + ms, expire };
    this.#open.add(deadline);
    if (this.#timer === undefined || deadline.at < this.#timer.at) this.#sleepUntil(deadline.at);
    return deadline;
  }

  remove(deadline: Deadline): void {
    this.#open.delete(deadline);
  }

  /** Forgets every deadline and ends the timer, which would otherwise hold the process for as long as it sleeps. */
  close(): void {
    this.#open.clear();
    this.#timer?.cancel.abort();
    this.#timer = undefined;
  }

  #sleepUntil(at: number): void {
    this.#timer?.cancel.abort();
    this.#timer = { at, cancel: new AbortController() };
    void this.#wait(this.#timer);
  }

  async #wait(timer: { readonly at: number; readonly cancel: AbortController }): Promise<void> {
    await this.#clock.sleep(Math.ceil(timer.at - this.#clock.monotonic()), timer.cancel.signal);
    if (this.#timer === timer) this.#sweep();
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    let next = Infinity;
    for (const deadline of this.#open) {
      if (deadline.at > now) {
        next = Math.min(next, deadline.at);
        continue;
      }
      this.#open.delete(deadline);
      deadline.expire();
    }
    if (next < Infinity) this.#sleepUntil(next);
  }
}

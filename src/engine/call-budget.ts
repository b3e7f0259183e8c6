/** The budget of calls: every attempt made at Google is counted, and once it is used up nothing new is sent. */
import type { Setting } from "../model/guard.ts";

export class CallBudget {
  readonly max: Setting<number>;
  readonly #spentUp = new AbortController();
  #spent: number;

  /** `spent`: by processes that were killed before they could end by themselves. */
  constructor(max: Setting<number>, spent: number) {
    this.max = max;
    this.#spent = spent;
    this.#look();
  }

  /** A call was made. */
  called(): void {
    this.#spent += 1;
    this.#look();
  }

  get spent(): number {
    return this.#spent;
  }

  /** Calls that may still be made. */
  get left(): number {
    return Math.max(0, this.max.value - this.#spent);
  }

  /** Fires when none is left: a write that has not had its turn does not leave any more. */
  get spentUp(): AbortSignal {
    return this.#spentUp.signal;
  }

  #look(): void {
    if (this.left === 0) this.#spentUp.abort();
  }
}

/** The budget of calls: every attempt made at Google is counted, and once it is used up nothing new is sent. */
import { setMaxListeners } from "node:events";
import type { Setting } from "../model/guard.ts";

export class CallBudget {
  readonly max: Setting<number>;
  readonly #spentUp = new AbortController();
  #spent: number;
  /** How many of them this process may make, and whether it may yet be given more: where several share a budget. */
  #granted: number;
  #mayGrow = false;

  /** `spent`: by processes that were killed before they could end by themselves. */
  constructor(max: Setting<number>, spent: number) {
    this.max = max;
    this.#spent = spent;
    this.#granted = max.value;
    this.#look();
  }

  /** A part of a budget that several workers share, none of it handed out yet. */
  static shared(max: Setting<number>): CallBudget {
    const budget = new CallBudget(max, 0);
    budget.grant(0, true);
    return budget;
  }

  /** From now on so many in all, of which `mayGrow` says whether they are the last. */
  grant(granted: number, mayGrow: boolean): void {
    this.#granted = granted;
    this.#mayGrow = mayGrow;
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
    return Math.max(0, this.#granted - this.#spent);
  }

  get isSpentUp(): boolean {
    return this.left === 0 && !this.#mayGrow;
  }

  /** Fires when none is left: a write that has not had its turn does not leave any more. */
  get spentUp(): AbortSignal {
    return this.#spentUp.signal;
  }

  /** Fires when `stop` does, or when no call is left. */
  stopsWith(stop: AbortSignal): AbortSignal {
    const either = AbortSignal.any([stop, this.spentUp]);
    // Every step that waits listens to it: hundreds at once are no leak.
    setMaxListeners(0, either);
    return either;
  }

  #look(): void {
    if (this.isSpentUp) this.#spentUp.abort();
  }
}

/** Which users cannot be acted as any more in this process, and when so many fail that the credentials must be at fault. */
import type { Email } from "../model/email.ts";
import type { ApiError, FailureClass } from "../model/errors.ts";
import type { OnEvent } from "../model/event.ts";

/** Distinct users that must fail with nothing done in between before the run halts (reliability.md 2.4). */
const inRowMax = 5;

export interface HaltedActor {
  readonly actor: Email;
  readonly failure: FailureClass;
  readonly reason: string;
}

export class Actors {
  readonly #halted = new Map<Email, HaltedActor>();
  readonly #onEvent: OnEvent;
  #inRow = 0;

  constructor(onEvent: OnEvent) {
    this.#onEvent = onEvent;
  }

  /** Why the user cannot be acted as; undefined if nothing is known against it. */
  why(actor: Email): HaltedActor | undefined {
    return this.#halted.get(actor);
  }

  /** Whether nothing is known against anybody. */
  get noneHalted(): boolean {
    return this.#halted.size === 0;
  }

  /** Those of `actors` that may still be tried, in order. */
  usable(actors: readonly Email[]): readonly Email[] {
    return actors.filter((actor) => !this.#halted.has(actor));
  }

  halt(actor: Email, error: ApiError): void {
    if (this.#halted.has(actor)) return;
    const halted = { actor, failure: error.failure, reason: error.message };
    this.#halted.set(actor, halted);
    this.#inRow += 1;
    this.#onEvent({ type: "actor-halted", ...halted });
  }

  /** A step was carried out: the credentials as such work. */
  worked(): void {
    this.#inRow = 0;
  }

  /** Set once too many users in a row could not be acted as. */
  get allSeemLost(): number | undefined {
    return this.#inRow >= inRowMax ? this.#inRow : undefined;
  }
}

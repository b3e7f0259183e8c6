/** Everybody who listens to an apply: each is told in turn, and none can hold it up. */
import type { RetryNotice } from "../google/authorised.ts";
import type { CallRecord } from "../google/send.ts";
import type { Clock } from "../model/clock.ts";
import type { EngineEvent } from "../model/event.ts";
import type { ExitCode } from "./exit-code.ts";

/** The last of an apply. */
export interface ApplyLast {
  readonly code: ExitCode;
  /** How it ended, in a sentence. */
  readonly ending: string;
  /** The summary as its stream has it; undefined when it ended with an error. */
  readonly line: string | undefined;
}

export interface Listener {
  /** `at` is wall time, ms. */
  onEvent?(event: EngineEvent, at: number): void;
  /** An attempt of a call has ended. */
  onCall?(call: CallRecord): void;
  /** A read, or a request for a token, is made again. */
  onRetry?(notice: RetryNotice): void;
  close?(last: ApplyLast): Promise<void> | void;
}

export class Listeners {
  readonly #clock: Pick<Clock, "now">;
  readonly #listeners: Listener[] = [];

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  add(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** `at`: wall ms at which it happened, where that is known otherwise than by its coming. */
  readonly onEvent = (event: EngineEvent, at: number = this.#clock.now()): void => {
    for (const listener of this.#listeners) listener.onEvent?.(event, at);
  };

  readonly onCall = (call: CallRecord): void => {
    for (const listener of this.#listeners) listener.onCall?.(call);
  };

  readonly onRetry = (notice: RetryNotice): void => {
    for (const listener of this.#listeners) listener.onRetry?.(notice);
  };

  /** Those who came last leave first. */
  async close(last: ApplyLast): Promise<void> {
    for (const listener of this.#listeners.toReversed()) await listener.close?.(last);
  }
}

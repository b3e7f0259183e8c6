/** Repeats what may be repeated: reads and token requests, until they succeed, are refused, or the attempts are used up. */
import pRetry from "p-retry";
import type { Clock, Random } from "../model/clock.ts";
import { ApiError } from "../model/errors.ts";
import type { FailureClass } from "../model/errors.ts";
import { backoffMs } from "./backoff.ts";

export interface RepeatNotice {
  readonly failure: FailureClass;
  /** Failures so far, from 1. */
  readonly failures: number;
  /** Before the next attempt, not counting its turn at the pacer. */
  readonly waitMs: number;
}

export interface RepeatOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly attemptsMax: number;
  /** Ends the waiting at once; what is under way is finished. */
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: ((notice: RepeatNotice) => void) | undefined;
}

/**
 * Runs `attempt` again while it throws an `ApiError` of `retry` or `throttle`; any other error ends it at once, and so
 * does the signal. p-retry counts; all waiting is the clock's, so that a simulation can drive it.
 */
export function repeat<T>(attempt: () => Promise<T>, options: RepeatOptions): Promise<T> {
  const { clock, random, attemptsMax, signal, onRetry } = options;
  return pRetry(attempt, {
    retries: attemptsMax - 1,
    minTimeout: 0,
    maxTimeout: 0,
    shouldRetry: async ({ error, attemptNumber }) => {
      if (!isRepeatable(error) || signal?.aborted === true) return false;
      const waitMs = Math.max(backoffMs(attemptNumber, error.disposition, random), error.retryAfterMs ?? 0);
      onRetry?.({ failure: error.failure, failures: attemptNumber, waitMs });
      await clock.sleep(waitMs, signal);
      return !isAborted(signal);
    },
  });
}

function isRepeatable(error: Error): error is ApiError {
  if (!(error instanceof ApiError) || error.failure === "stopped") return false;
  return error.disposition === "retry" || error.disposition === "throttle";
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

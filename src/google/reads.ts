/** Repeats what may be repeated: reads and token requests, until they succeed, are refused, or the attempts are used up. */
import pRetry from "p-retry";
import type { Clock, Random } from "../model/clock.ts";
import { ApiError } from "../model/errors.ts";
import type { FailureClass } from "../model/errors.ts";
import { backoffMs } from "./backoff.ts";

export interface RepeatNotice {
  readonly failure: FailureClass;
  /** What was answered, or why nothing was; safe to print. */
  readonly problem: string;
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
 * does the signal, as `stopped`. p-retry counts, from the first failure on, because it costs as much as a fifth of a call; all
 * waiting is the clock's, so that a simulation can drive it.
 */
export async function repeat<T>(attempt: () => Promise<T>, options: RepeatOptions): Promise<T> {
  let firstFailure: unknown;
  try {
    return await attempt();
  } catch (error) {
    firstFailure = error;
  }
  try {
    return await pRetry(
      async (attemptNumber) => {
        if (attemptNumber === 1) throw firstFailure;
        return attempt();
      },
      {
        retries: options.attemptsMax - 1,
        minTimeout: 0,
        maxTimeout: 0,
        shouldRetry: ({ error, attemptNumber }) => waitForNext(error, attemptNumber, options),
      },
    );
  } catch (error) {
    throw isAborted(options.signal) && error instanceof Error && isRepeatable(error) ? stopped(error) : error;
  }
}

/** It would have been made again: that it was not is the user's wish, and no verdict on the call. */
function stopped(cause: ApiError): ApiError {
  const { disposition, status, call } = cause;
  return new ApiError(`stopped before it was made again: ${cause.message}`, {
    disposition,
    failure: "stopped",
    status,
    call,
    cause,
  });
}

/** Waits until the next attempt is due; answers whether there is to be one. */
async function waitForNext(error: Error, failures: number, options: RepeatOptions): Promise<boolean> {
  const { clock, random, signal, onRetry } = options;
  if (!isRepeatable(error) || isAborted(signal)) return false;
  const waitMs = Math.max(backoffMs(failures, error.disposition, random), error.retryAfterMs ?? 0);
  onRetry?.({ failure: error.failure, problem: error.message, failures, waitMs });
  await clock.sleep(waitMs, signal);
  return !isAborted(signal);
}

function isRepeatable(error: Error): error is ApiError {
  if (!(error instanceof ApiError) || error.failure === "stopped") return false;
  return error.disposition === "retry" || error.disposition === "throttle";
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** Time, chance and identifiers as the inner layers see them: always handed in, so that a simulation can drive them. */

export interface Clock {
  /** Wall time in whole milliseconds since 1970, for records and token claims. */
  now(): number;
  /** Milliseconds that never go back, for deadlines and pacing. */
  monotonic(): number;
  /** Resolves after `ms`, or early, without an error, when `signal` fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A number in [0, 1). */
export type Random = () => number;

/** An instant as RFC 3339 UTC with milliseconds. */
export function instantText(ms: number): string {
  return new Date(ms).toISOString();
}

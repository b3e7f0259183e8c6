/** Time, chance and identifiers as the inner layers see them: always handed in, so that a simulation can drive them. */

export interface Clock {
  /** Wall time in whole milliseconds since 1970, for records and token claims. */
  now(): number;
  /** Milliseconds that never go back, for deadlines and pacing. */
  monotonic(): number;
  /** Resolves after `ms`, or early, without an error, when `signal` fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const dayMs = 86_400_000;

/** A number in [0, 1). */
export type Random = () => number;

/** An instant as RFC 3339 UTC with milliseconds. */
export function instantText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Whether a text is a day such as `2026-11-30`. `2026-02-30` is none: it would be read as the second of March. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

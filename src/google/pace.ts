/** How many calls a minute a gate permits, and how that changes: pure policy, without a clock, a queue or a timer. */

/** What is known of a quota before the first call. */
export interface Quota {
  /** Calls a minute; Infinity for no pacing at all. */
  readonly perMinute: number;
  /** True: the real limit, never exceeded in any minute. False: a first guess, which success may raise. */
  readonly known: boolean;
}

export type PaceReason =
  /** As configured. */
  | "configured"
  /** The server named its limit. */
  | "told"
  /** The calls of the last minute that were accepted. */
  | "measured"
  /** Refused again soon after slowing down. */
  | "cut"
  /** Rising after success. */
  | "rising";

export interface Pace {
  /** Calls permitted per minute now. */
  readonly perMinute: number;
  /** Never more than this. */
  readonly ceiling: number;
  /** The limit last told or measured. */
  readonly limit: number | undefined;
  readonly reason: PaceReason;
  /** Monotonic ms of the last slowing down. */
  readonly slowedAt: number;
  /** Monotonic ms before which success raises nothing. */
  readonly raiseAt: number;
  /** The fraction by which the next raise goes up. */
  readonly step: number;
}

export interface Throttle {
  /** Monotonic ms. */
  readonly now: number;
  /** When the refused call was sent; one sent before the last slowing down tells nothing new. */
  readonly sentAt: number;
  /** Calls of the last minute that were not refused. */
  readonly accepted: number;
  /** The limit as the server names it. */
  readonly quotaPerMinute: number | undefined;
}

/** The share of a limit that is used. With `catchUpMs` it keeps every sliding minute within the limit. */
const share = 0.99;
/** How far behind its slots a gate may be and still make up for it. */
export const catchUpMs = 250;
/** Refusals this close after slowing down mean that the limit lies much lower. */
const repeatMs = 15_000;
const repeatedCut = 0.7;
const holdMs = 45_000;
const holdAfterCutMs = 10_000;
const raiseEveryMs = 5000;
const stepMin = 0.01;
const stepMax = 0.08;

export function initialPace(quota: Quota, now: number): Pace {
  const perMinute = quota.perMinute * share;
  return {
    perMinute,
    ceiling: quota.known ? perMinute : Infinity,
    limit: undefined,
    reason: "configured",
    slowedAt: -Infinity,
    raiseAt: now + raiseEveryMs,
    step: stepMin,
  };
}

/** A pace that goes on from a limit learned earlier. */
export function resumedPace(quota: Quota, limit: number, now: number): Pace {
  const fresh = initialPace(quota, now);
  return {
    ...fresh,
    perMinute: Math.min(fresh.ceiling, limit * share),
    limit,
    reason: "measured",
    raiseAt: now + holdMs,
  };
}

/** Whether `t` is the echo of a pace already given up: refusals of calls that were under way then. */
export function isEcho(pace: Pace, t: Throttle): boolean {
  return t.sentAt <= pace.slowedAt;
}

/**
 * Slows down after a refusal: to the limit the server names; else to what it has just accepted in a minute; and by a
 * fixed factor when that was tried a moment ago. One refusal of many under way counts once.
 */
export function afterThrottle(pace: Pace, t: Throttle): Pace {
  if (isEcho(pace, t)) return pace;
  const slowed = { ...pace, slowedAt: t.now, step: stepMin };
  if (t.quotaPerMinute !== undefined && pace.perMinute > t.quotaPerMinute * share) {
    const perMinute = atLeastOne(t.quotaPerMinute * share);
    const ceiling = Math.min(pace.ceiling, perMinute);
    return { ...slowed, perMinute, ceiling, limit: t.quotaPerMinute, reason: "told", raiseAt: t.now + holdMs };
  }
  if (t.now - pace.slowedAt < repeatMs) {
    const perMinute = atLeastOne(finite(pace.perMinute, t.accepted) * repeatedCut);
    return { ...slowed, perMinute, reason: "cut", raiseAt: t.now + holdAfterCutMs };
  }
  const limit = measuredLimit(pace, t);
  const perMinute = atLeastOne(Math.min(pace.perMinute, limit * share));
  return { ...slowed, perMinute, limit, reason: "measured", raiseAt: t.now + holdMs };
}

/** Speeds up again: gently near a limit once met, in growing steps far from it, and only when calls are waiting. */
export function afterSuccess(pace: Pace, now: number, areWaiting: boolean): Pace {
  if (now < pace.raiseAt || !areWaiting || pace.perMinute >= pace.ceiling) return pace;
  const perMinute = Math.min(pace.ceiling, pace.perMinute * (1 + pace.step));
  const isNear = pace.limit !== undefined && perMinute > pace.limit * 0.9 && perMinute < pace.limit * 1.05;
  const step = isNear ? stepMin : Math.min(stepMax, pace.step * 2);
  return { ...pace, perMinute, step, reason: "rising", raiseAt: now + raiseEveryMs };
}

/** The pause after the n-th refusal in a row (from 1) that names none itself, ms. */
export function pauseMs(streak: number): number {
  return Math.min(30_000, 1000 * 2 ** (streak - 1));
}

/** The ms between two calls. */
export function intervalMs(pace: Pace): number {
  return 60_000 / pace.perMinute;
}

/** What was accepted in a minute; but a gate that was hardly used has not found the limit, only met somebody else there. */
function measuredLimit(pace: Pace, t: Throttle): number {
  if (pace.perMinute === Infinity) return atLeastOne(t.accepted);
  return Math.max(t.accepted, pace.perMinute / 2);
}

function finite(perMinute: number, otherwise: number): number {
  return perMinute === Infinity ? otherwise : perMinute;
}

function atLeastOne(perMinute: number): number {
  return Math.max(1, perMinute);
}

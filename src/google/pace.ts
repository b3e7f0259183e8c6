/** How many calls a minute a gate permits, and how that changes: pure policy, without a clock, a queue or a timer. */

import type { RateSource } from "../model/slowness.ts";

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
  /** What the server accepted in a minute. */
  | "measured"
  /** Refused again soon after it had recovered. */
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
  /** Monotonic ms of the last refusal that counted. */
  readonly slowedAt: number;
  /** Refusals since the last success that was sent after one: above 0, calls go out one at a time, to try. */
  readonly streak: number;
  /** Refusals since things last went well for a while: the longer the row, the longer the pauses. */
  readonly level: number;
  /** Calls accepted in the minute before the last refusal. */
  readonly acceptedThen: number;
  /** Monotonic ms at which the last streak ended. */
  readonly recoveredAt: number;
  /** Monotonic ms before which success raises nothing. */
  readonly raiseAt: number;
  /** The fraction by which the next raise goes up. */
  readonly step: number;
}

export interface Throttle {
  /** Monotonic ms. */
  readonly now: number;
  /** When the refused call was sent; one sent before the last refusal tells nothing new. */
  readonly sentAt: number;
  /** Calls of the last minute that were not refused. */
  readonly accepted: number;
  /**
   * Whether `accepted` tells the limit: it covers a whole minute, and calls were waiting all the while. If not, the limit
   * may be much higher, and somebody else have used it.
   */
  readonly isTelling: boolean;
  /** The limit as the server names it. */
  readonly quotaPerMinute: number | undefined;
}

export interface Success {
  readonly now: number;
  readonly sentAt: number;
  readonly accepted: number;
  /** Whether calls wait: only then is the pace what holds them up. */
  readonly areWaiting: boolean;
}

/** The share of a limit that is used. With `catchUpMs` it keeps every sliding minute within the limit. */
const share = 0.99;
/** How far behind its slots a gate may be and still make up for it. */
export const catchUpMs = 250;
/** A refusal this close after recovering means that the limit lies lower than was thought. */
const relapseMs = 15_000;
const relapseCut = 0.7;
/** Calls a minute that are tried where nothing else is known: an unlucky first call must not end in a crawl. */
const firstGuess = 300;
const holdMs = 45_000;
const shortHoldMs = 10_000;
const raiseEveryMs = 5000;
/**
 * Calls that pass in those times at the least, once a limit was met: each time it is met again costs some refusals, which
 * are a large share of few calls. Below 360 and 540 a minute the times are the longer for it.
 */
const holdCalls = 280;
const raiseEveryCalls = 45;
const pauseMaxMs = 30_000;
const stepMin = 0.01;
const stepMax = 0.08;
/** While no limit was ever met. */
const stepMaxUnmet = 0.16;
/** Refusals in a row (7 s of pauses and more) after which a minute used up is told from a limit that fell. */
const streakLong = 4;

export function initialPace(quota: Quota, now: number): Pace {
  const perMinute = quota.perMinute * share;
  return {
    perMinute,
    ceiling: quota.known ? perMinute : Infinity,
    limit: undefined,
    reason: "configured",
    slowedAt: -Infinity,
    streak: 0,
    level: 0,
    acceptedThen: 0,
    recoveredAt: -Infinity,
    raiseAt: now + raiseEveryMs,
    step: stepMin,
  };
}

/** A pace that goes on from a limit learned earlier; never so slow that a damaged memory could stop a run. */
export function resumedPace(quota: Quota, limit: number, now: number): Pace {
  const fresh = initialPace(quota, now);
  return {
    ...fresh,
    perMinute: Math.min(fresh.ceiling, atLeastOne(limit * share)),
    limit,
    reason: "measured",
    raiseAt: now + holdMs,
  };
}

/** Whether a call's answer is the echo of what is known already: it was under way when the last refusal came. */
export function isEcho(pace: Pace, sentAt: number): boolean {
  return sentAt <= pace.slowedAt;
}

/**
 * Slows down after a refusal: to the limit the server names; else to what it has just accepted in a minute. Further
 * refusals of a streak say nothing about the pace, because a minute's quota that is used up refuses everything until
 * the minute is over; they only make the pauses longer.
 */
export function afterThrottle(pace: Pace, t: Throttle): Pace {
  if (isEcho(pace, t.sentAt)) return pace;
  const isRelapse = t.now - pace.recoveredAt < relapseMs;
  const level = isRelapse || pace.streak > 0 ? pace.level + 1 : 1;
  const slowed = { ...pace, slowedAt: t.now, acceptedThen: t.accepted, streak: pace.streak + 1, level, step: stepMin };
  if (t.quotaPerMinute !== undefined && pace.perMinute > t.quotaPerMinute * share) {
    const perMinute = atLeastOne(t.quotaPerMinute * share);
    const ceiling = Math.min(pace.ceiling, perMinute);
    return { ...slowed, perMinute, ceiling, limit: t.quotaPerMinute, reason: "told", raiseAt: t.now + holdMs };
  }
  if (pace.streak > 0) return slowed;
  if (isRelapse) return relapsed(slowed, t);
  const limit = measuredLimit(pace, t.accepted, t.isTelling);
  const perMinute = atLeastOne(Math.min(pace.perMinute, limit * share));
  if (!t.isTelling) return { ...slowed, perMinute, reason: "measured", raiseAt: t.now + shortHoldMs, step: stepMax };
  return { ...slowed, perMinute, limit, reason: "measured", raiseAt: t.now + lasting(holdMs, holdCalls, perMinute) };
}

/** Refused again soon after recovering: as long as a minute still accepts what was measured, the minute is merely full. */
function relapsed(slowed: Pace, t: Throttle): Pace {
  if (slowed.limit !== undefined && t.accepted >= slowed.limit * 0.95) return slowed;
  const before = slowed.perMinute === Infinity ? t.accepted : slowed.perMinute;
  const perMinute = atLeastOne(Math.min(before, Math.max(before * relapseCut, t.accepted * share)));
  return { ...slowed, perMinute, reason: "cut", raiseAt: t.now + shortHoldMs };
}

/**
 * Ends a streak, after a long one at what a minute around it accepted; else speeds up again: gently near a limit once
 * met, in growing steps far from it, and only when calls are waiting.
 */
export function afterSuccess(pace: Pace, s: Success): Pace {
  if (pace.streak > 0) return isEcho(pace, s.sentAt) ? pace : recovered(pace, s);
  if (!mayRise(pace, s.now, s.areWaiting)) return pace;
  const perMinute = Math.min(pace.ceiling, pace.perMinute * (1 + pace.step));
  const far = isFar(pace, s.accepted);
  const step = far ? Math.min(pace.limit === undefined ? stepMaxUnmet : stepMax, pace.step * 2) : stepMin;
  const restMs = far ? raiseEveryMs : lasting(raiseEveryMs, raiseEveryCalls, perMinute);
  return { ...pace, perMinute, step, reason: "rising", raiseAt: s.now + restMs };
}

/** Whether a success could raise the pace: asked at every call, so that nothing else need be worked out. */
export function mayRise(pace: Pace, now: number, areWaiting: boolean): boolean {
  return areWaiting && now >= pace.raiseAt && pace.perMinute < pace.ceiling;
}

/** Where the permitted rate comes from: what was set, what was learned from refusals, or neither yet. */
export function rateSource({ reason, limit, ceiling }: Pace): RateSource {
  if (reason === "configured") return ceiling < Infinity ? "set" : "guess";
  return reason === "rising" && limit === undefined ? "guess" : "learned";
}

/**
 * The pause after a refusal that names none itself, ms. Where calls are few the pauses grow longer: a minute that is used
 * up refuses every call tried in it, and of sixty calls each is more than is to be refused in all.
 */
export function pauseMs({ level, perMinute }: Pick<Pace, "level" | "perMinute">): number {
  if (level > 20) return pauseMaxMs;
  const longest = Math.min(pauseMaxMs, Math.max(4000, (8 * 60_000) / perMinute));
  return Math.min(longest, 1000 * 2 ** (level - 1));
}

/** The ms between two calls. */
export function intervalMs(pace: Pace): number {
  return 60_000 / pace.perMinute;
}

function recovered(pace: Pace, s: Success): Pace {
  const ended = { ...pace, streak: 0, recoveredAt: s.now };
  if (pace.streak < streakLong || pace.reason === "told") return ended;
  // What was accepted before the last refusal was too much, what is accepted by now is not: the limit lies between, and
  // near the former, unless that was sent in one burst which has passed out of the minute since.
  const between = (pace.acceptedThen + s.accepted) / 2;
  const limit = measuredLimit(pace, Math.max(between, pace.acceptedThen * 0.92), false);
  const perMinute = atLeastOne(Math.min(pace.perMinute, limit * share));
  return { ...ended, perMinute, limit, reason: "measured", raiseAt: s.now + lasting(holdMs, holdCalls, perMinute) };
}

/** Whether the pace is certainly below the limit: none was met, or more than it has been accepted since. */
function isFar(pace: Pace, accepted: number): boolean {
  return pace.limit === undefined || accepted > pace.limit * 1.05 || pace.perMinute < pace.limit * 0.9;
}

/** What was accepted in a minute; where that is not telling, no less than half the pace or what one begins with unasked. */
function measuredLimit(pace: Pace, accepted: number, isTelling: boolean): number {
  if (isTelling) return atLeastOne(accepted);
  return Math.max(accepted, Math.min(pace.perMinute / 2, firstGuess));
}

function lasting(ms: number, calls: number, perMinute: number): number {
  return Math.max(ms, (calls * 60_000) / perMinute);
}

function atLeastOne(perMinute: number): number {
  return Math.max(1, perMinute);
}

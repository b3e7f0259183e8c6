/** How an apply goes about its steps where nobody says otherwise: how often it tries, how long it waits, how many at once. */
import type { ApplyOptions } from "../engine/verbs.ts";

/** Steps at once. */
export const concurrencyDefault = 16;
/** Of those as one user, at Google, whose quotas for one user are unknown. */
const perActorAtGoogle = 2;
/** How long a request whose answer was lost may still arrive: beyond a request's own deadline, or without a network. */
const settleAtGoogleMs = 90_000;
const settleNearMs = 10_000;

/** What somebody may have said. */
type Asked = Pick<ApplyOptions, "concurrency" | "perActor"> &
  Partial<Pick<ApplyOptions, "failuresMax" | "durationMs" | "guards">>;

/** Steps at once as one user; undefined, for what stands in for Google near by: as many as in all. */
export function perActorOf(asked: number | undefined, isNear: boolean): number | undefined {
  return asked ?? (isNear ? undefined : perActorAtGoogle);
}

export function engineOptions(asked: Asked, isNear: boolean): ApplyOptions {
  return {
    concurrency: asked.concurrency,
    perActor: asked.perActor,
    failuresMax: asked.failuresMax,
    attemptsMax: 30,
    conflictsMax: 8,
    settleMs: isNear ? settleNearMs : settleAtGoogleMs,
    transferPollMs: 2000,
    transferPollMaxMs: 60_000,
    transferWaitMs: 6 * 3_600_000,
    durationMs: asked.durationMs,
    guards: asked.guards,
  };
}

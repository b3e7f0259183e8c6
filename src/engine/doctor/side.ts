/** What the checks about Google look at and with, and what a call that failed means wherever it was made. */
import type { Observations } from "../../google/observed.ts";
import type { Probe } from "../../google/probe.ts";
import type { Access } from "../../google/scopes.ts";
import type { CheckFinding } from "../../model/doctor.ts";
import { unknown, unknownBecause } from "../../model/doctor.ts";
import type { Email } from "../../model/email.ts";
import { ApiError } from "../../model/errors.ts";
import { durationText } from "../../report/words.ts";

/** How it is proved who is calling. */
export type CredentialsMode = "key" | "keyless" | "oauth" | "token";

/** Whether a token holds what its person once agreed to, whatever is asked for: then it is looked at, and nothing wider asked for. */
export function isPersonal(mode: CredentialsMode): boolean {
  return mode === "oauth" || mode === "token";
}

/** Who is calling, as far as that is known without asking. */
export interface CallerFacts {
  readonly mode: CredentialsMode;
  /** The service account, or the person who signed in. */
  readonly identity: Email | undefined;
  readonly clientId: string | undefined;
  /** The one user that can be acted as; undefined where any can. */
  readonly onlyActor: Email | undefined;
}

export interface GoogleSide {
  readonly probe: Probe;
  readonly observations: Observations;
  readonly caller: () => Promise<CallerFacts>;
  readonly admin: Email;
  /** Whether the grants are to be right for reading alone, or for everything. */
  readonly access: Access;
  /** Calls a second that settings permit; undefined: the careful defaults. */
  readonly rate: number | undefined;
  /** Set where an address stands in for Google, or where a proxy is named that is not used. */
  readonly endpoint: string | undefined;
  readonly unusedProxy: string | undefined;
  /** Refusals for being too fast, in the order they came. */
  readonly throttles: string[];
}

/** What is done once, by whoever comes first. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => {
    begun ??= work();
    return begun;
  };
}

/**
 * What a failed call tells of the thing it was made for. Being slowed down, a wrong clock and no answer are nothing of
 * that thing's own; for everything else, `own` says what it is. Throws what is no answer of Google's.
 */
export function troubled(error: unknown, side: GoogleSide, own: (error: ApiError) => CheckFinding): CheckFinding {
  if (!(error instanceof ApiError)) throw error;
  if (error.disposition === "throttle" || error.failure === "daily-limit") {
    const wait = error.retryAfterMs === undefined ? "" : `; it asks to wait ${durationText(error.retryAfterMs)}`;
    const limit =
      error.quotaPerMinute === undefined ? "" : `; it permits ${Math.floor(error.quotaPerMinute)} calls a minute`;
    side.throttles.push(`${error.message}${limit}${wait}`);
    return unknownBecause("quota", "not told: Google asked to slow down");
  }
  if (error.failure === "clock-skew")
    return unknownBecause("clock", "not told: Google does not trust this machine's clock");
  if (error.failure === "stopped") return unknown("not looked at: stopped on request");
  if (error.disposition === "retry") {
    return unknown(error.message, { action: "try again in a few minutes: Google itself did not answer as it should" });
  }
  return own(error);
}

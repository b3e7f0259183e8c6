/** What the token endpoint's refusals mean: whether one user cannot be acted as, or nobody can. */
import type { TokenFailure } from "../model/errors.ts";
import { serverDateMs } from "./error-body.ts";
import type { ErrorBody } from "./error-body.ts";
import type { ResponseHeaders } from "./exchange.ts";
import type { Judgement } from "./verdict.ts";

/** The clocks may differ by this much before a refusal is put down to them. */
const skewMs = 4 * 60_000;

const clientErrors: ReadonlyMap<string, TokenFailure> = new Map([
  ["unauthorized_client", "unauthorized-client"],
  ["invalid_scope", "invalid-scope"],
  ["invalid_client", "invalid-client"],
  ["deleted_client", "invalid-client"],
  ["disabled_client", "invalid-client"],
  ["unsupported_grant_type", "invalid-client"],
]);

const userErrors: ReadonlyMap<string, TokenFailure> = new Map([
  ["access_denied", "access-denied"],
  ["invalid_account", "account-forbidden"],
  ["account_restricted", "account-forbidden"],
]);

/** What `invalid_grant` is about, by Google's words for it; the first that fits counts (api.md 4.1). */
const grants: readonly (readonly [RegExp, Judgement])[] = [
  [
    /short-lived token|timeframe|check your iat|token used too early|clock/i,
    { disposition: "halt-run", failure: "clock-skew" },
  ],
  [/signature/i, { disposition: "halt-run", failure: "bad-signature" }],
  [/issuer|no valid verifier|grant: account not found/i, { disposition: "halt-run", failure: "unknown-issuer" }],
  [/invalid jwt|invalid assertion/i, { disposition: "halt-run", failure: "bad-assertion" }],
  [/reauth|rapt/i, { disposition: "halt-actor", failure: "reauthentication" }],
  [/deleted/i, { disposition: "halt-actor", failure: "account-deleted" }],
  [/suspended|disabled|restricted/i, { disposition: "halt-actor", failure: "account-forbidden" }],
  [/invalid email|valid email|user id/i, { disposition: "halt-actor", failure: "no-such-user" }],
];

/** Judges an answer of the token endpoint. Asking for a token changes nothing, so that no answer is ambiguous. */
export function classifyToken(status: number, headers: ResponseHeaders, body: ErrorBody, wallMs: number): Judgement {
  if (
    status === 429 ||
    /^\s*request rate higher than configured|rate_limit_exceeded/i.test(body.text + body.tokenError)
  ) {
    return { disposition: "throttle", failure: "throttled" };
  }
  if (status < 400 || status >= 600) {
    const failure = status >= 300 && status < 400 ? "redirected" : "unreadable-answer";
    return { disposition: "retry", failure };
  }
  if (status >= 500 || status === 408 || body.tokenError === "internal_failure") {
    return { disposition: "retry", failure: "server-error" };
  }
  const ofClient = clientErrors.get(body.tokenError);
  if (ofClient !== undefined) return { disposition: "halt-run", failure: ofClient };
  const ofUser = userErrors.get(body.tokenError);
  if (ofUser !== undefined) return { disposition: "halt-actor", failure: ofUser };
  // What the revocation endpoint says of a token it does not know any more.
  if (body.tokenError === "invalid_token") return { disposition: "halt-actor", failure: "token-unknown" };
  if (body.tokenError === "invalid_grant") return grantFinding(headers, body, wallMs);
  if (body.tokenError === "invalid_request") {
    const isAboutUser = /impersonation|prn|sub\b/i.test(body.text);
    return isAboutUser
      ? { disposition: "halt-actor", failure: "no-such-user" }
      : { disposition: "halt-run", failure: "bad-assertion" };
  }
  // Google's token endpoint knows its own address: whoever answers so is something else.
  if (body.tokenError === "" && (status === 404 || status === 405)) {
    return { disposition: "halt-run", failure: "not-google" };
  }
  return { disposition: "halt-actor", failure: "token-refused" };
}

function grantFinding(headers: ResponseHeaders, body: ErrorBody, wallMs: number): Judgement {
  const known = grants.find(([pattern]) => pattern.test(body.text))?.[1];
  const isWrongClock = Math.abs(clockSkewMs(headers, wallMs) ?? 0) > skewMs;
  if (isWrongClock && (known === undefined || known.failure === "bad-assertion")) {
    return { disposition: "halt-run", failure: "clock-skew" };
  }
  return known ?? { disposition: "halt-actor", failure: "token-refused" };
}

/** How far this clock is ahead of the server's, ms; negative when it is behind. */
export function clockSkewMs(headers: ResponseHeaders, wallMs: number): number | undefined {
  const server = serverDateMs(headers);
  return server === undefined ? undefined : wallMs - server;
}

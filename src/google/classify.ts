/** What an answer, or its absence, means: the only place in the product that reads an HTTP status. */
import type { FailureClass } from "../model/errors.ts";
import { classifyToken, clockSkewMs } from "./classify-token.ts";
import { readErrorBody, retryAfterMs, shown } from "./error-body.ts";
import type { ErrorBody } from "./error-body.ts";
import { headerOf } from "./exchange.ts";
import type { NetworkError, ResponseHeaders, Service } from "./exchange.ts";
import type { Judgement, Verdict } from "./verdict.ts";

/** Everything known about a call that did not end in a readable success: `network` is set when no whole answer came. */
export interface Unsuccessful {
  readonly service: Service;
  /** Whether repeating the call blindly could do its work twice. */
  readonly isWrite: boolean;
  readonly status?: number | undefined;
  readonly headers?: ResponseHeaders | undefined;
  readonly body?: string | undefined;
  readonly network?: NetworkError | undefined;
}

/**
 * Judges a call (api.md 2 and 4.1, reliability.md 2.4). Total: any status, headers and body give a verdict, and none is
 * ever a success. A 2xx comes here only when its body was not what it should be. `wallMs` is for `Retry-After` dates.
 */
export function classify(call: Unsuccessful, wallMs: number): Verdict {
  const headers = call.headers ?? {};
  const body = readErrorBody(call.body ?? "");
  const finding = findingOf(call, headers, body, wallMs);
  const { disposition, failure } = finding;
  return {
    disposition,
    failure,
    message: messageOf(call, body, finding) + skewRemark(finding, headers, wallMs),
    retryAfterMs: retryAfterMs(headers, wallMs),
    quotaPerMinute: finding.disposition === "throttle" ? body.quota?.perMinute : undefined,
    quotaOf: body.reasons.has("userRateLimitExceeded") || body.quota?.perUser === true ? "actor" : "project",
  };
}

function findingOf(call: Unsuccessful, headers: ResponseHeaders, body: ErrorBody, wallMs: number): Judgement {
  if (call.network !== undefined) return unanswered(call.network, call.isWrite);
  const status = call.status ?? 0;
  if (call.service === "token") return classifyToken(status, headers, body, wallMs);
  if (status >= 200 && status < 300) return doubtful(call, "unreadable-answer");
  if (status >= 300 && status < 400) return doubtful(call, "redirected");
  if (status >= 400 && (status < 500 || status === 503)) {
    if (isDailyLimit(status, body)) return dailyLimit(body);
    if (isThrottle(status, body)) return { disposition: "throttle", failure: "throttled" };
  }
  if (status >= 400 && status < 500 && status !== 408) return refused(status, call, headers, body);
  // Google documents 503 as its way of saying "quota" for transfers (api.md 2.3), but a write may have been begun.
  if (status === 503 && call.service === "data-transfer" && !call.isWrite) {
    return { disposition: "throttle", failure: "throttled" };
  }
  return doubtful(call, status === 408 || (status >= 500 && status < 600) ? "server-error" : "unknown-status");
}

function unanswered(network: NetworkError, isWrite: boolean): Judgement {
  if (!network.sent && untrustedCodes.test(network.code))
    return { disposition: "halt-run", failure: "untrusted-server" };
  if (!network.sent) return { disposition: "retry", failure: "unreachable" };
  const failure = unreadableCodes.has(network.code) ? "unreadable-answer" : "no-answer";
  return { disposition: isWrite ? "ambiguous" : "retry", failure };
}

/** Node's names for a certificate that does not hold, and for a server that does not speak TLS: waiting mends neither. */
const untrustedCodes = /CERT|^UNABLE_TO_(?:GET|VERIFY)|^HOSTNAME_MISMATCH$|^INVALID_CA$|^ERR_SSL_WRONG_VERSION_NUMBER$/;

const unreadableCodes: ReadonlySet<string> = new Set(["TOO_LARGE", "BAD_ENCODING", "BAD_UTF8"]);

function doubtful(call: Unsuccessful, failure: FailureClass): Judgement {
  return { disposition: call.isWrite ? "ambiguous" : "retry", failure };
}

const dailyReasons: readonly string[] = ["dailyLimitExceeded", "dailyLimitExceededUnreg"];
const throttleReasons: readonly string[] = [
  "rateLimitExceeded",
  "userRateLimitExceeded",
  "sharingRateLimitExceeded",
  "quotaExceeded",
  "RATE_LIMIT_EXCEEDED",
  "RESOURCE_EXHAUSTED",
];
const throttleTexts =
  /^\s*(?:request rate higher than configured|quota exceeded for (?:quota metric|the current request))/i;

function isDailyLimit(status: number, body: ErrorBody): boolean {
  if (dailyReasons.some((reason) => body.reasons.has(reason))) return true;
  return body.quota?.perDay === true && isThrottle(status, body);
}

/** A day's quota of the whole project stops everybody; any other stops the user who ran into it. */
function dailyLimit(body: ErrorBody): Judgement {
  const ofProject = body.quota?.perDay === true && !body.quota.perUser;
  return { disposition: ofProject ? "halt-run" : "halt-actor", failure: "daily-limit" };
}

function isThrottle(status: number, body: ErrorBody): boolean {
  if (status === 429) return true;
  if (throttleTexts.test(body.text) || body.status === "RESOURCE_EXHAUSTED") return true;
  return throttleReasons.some((reason) => body.reasons.has(reason));
}

const scopeReasons: readonly string[] = ["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientPermissions"];
const serviceReasons: readonly string[] = ["SERVICE_DISABLED", "accessNotConfigured"];
const projectReasons: readonly string[] = [
  "CONSUMER_INVALID",
  "CONSUMER_SUSPENDED",
  "BILLING_DISABLED",
  "USER_PROJECT_DENIED",
  "domainCannotUseApis",
];

/** 4xx: a definite no, which had no effect. */
function refused(status: number, call: Unsuccessful, headers: ResponseHeaders, body: ErrorBody): Judgement {
  const says = (reasons: readonly string[]): boolean => reasons.some((reason) => body.reasons.has(reason));
  if (call.service === "iam") return refusedToSign(status, says(serviceReasons));
  if (status === 401) return { disposition: "halt-actor", failure: "unauthenticated" };
  if (/owner is not allowed to be modified/i.test(body.text)) {
    return { disposition: "refuse", failure: "owner-not-modifiable" };
  }
  if (isConflict(status, call, body)) {
    // A read has no etag to be stale: the server gave way to somebody else's write.
    return call.isWrite
      ? { disposition: "conflict", failure: call.service === "data-studio" ? "stale-etag" : "conflict" }
      : { disposition: "retry", failure: "server-error" };
  }
  if (status === 403) {
    const challenge = headerOf(headers, "www-authenticate") ?? "";
    if (/insufficient_scope/i.test(challenge) || says(scopeReasons)) {
      return { disposition: "halt-run", failure: "insufficient-scope" };
    }
    if (says(serviceReasons)) return { disposition: "halt-run", failure: "service-disabled" };
    if (says(projectReasons) || /domain cannot use apis/i.test(body.text)) {
      return { disposition: "halt-run", failure: "project-refused" };
    }
    return { disposition: "refuse", failure: "permission-denied" };
  }
  if (status === 404 || status === 410) return { disposition: "refuse", failure: "not-found" };
  if (status === 400) {
    const isPrecondition = body.status === "FAILED_PRECONDITION" || body.reasons.has("failedPrecondition");
    return { disposition: "refuse", failure: isPrecondition ? "failed-precondition" : "invalid-argument" };
  }
  return { disposition: "refuse", failure: "rejected" };
}

/** Whoever asks to have something signed is the same for every user, so that a no is a no for the whole run (api.md 4.2). */
function refusedToSign(status: number, isDisabled: boolean): Judgement {
  if (isDisabled) return { disposition: "halt-run", failure: "iam-disabled" };
  const failures: Readonly<Record<number, FailureClass>> = {
    401: "source-credentials",
    403: "sign-denied",
    404: "no-such-service-account",
  };
  return { disposition: "halt-run", failure: failures[status] ?? "sign-refused" };
}

/**
 * Which answers say that the etag moved: nobody public shows the real one (api.md 7.1), so all that are known from
 * Google's other policy services count. A conflict costs one read and is bounded, so guessing wrong is harmless.
 */
function isConflict(status: number, call: Unsuccessful, body: ErrorBody): boolean {
  if (status === 409 || status === 412 || body.status === "ABORTED") return true;
  if (status !== 400 || !call.isWrite) return false;
  return call.service === "data-studio" && body.status === "FAILED_PRECONDITION";
}

function skewRemark(finding: Judgement, headers: ResponseHeaders, wallMs: number): string {
  const skew = finding.failure === "clock-skew" ? clockSkewMs(headers, wallMs) : undefined;
  if (skew === undefined) return "";
  return ` (the clock of this machine is ${Math.round(Math.abs(skew) / 1000)} s ${skew < 0 ? "behind" : "ahead of"} Google's)`;
}

/** OpenSSL's own lines name its source files, which helps nobody; other messages often hold their code already. */
function networkWords({ code, message }: NetworkError): string {
  if (code.startsWith("ERR_SSL_")) return shown(code);
  return message.includes(code) ? shown(message) : `${shown(code)}: ${shown(message)}`;
}

function messageOf(call: Unsuccessful, body: ErrorBody, finding: Judgement): string {
  if (call.network !== undefined) {
    const certainty = call.network.sent ? "no whole answer came" : "nothing was sent";
    return `${certainty} (${networkWords(call.network)})`;
  }
  const code = body.tokenError || body.status || [...body.reasons][0] || "";
  const words = shown(body.text) || `the answer gives no reason (${finding.failure})`;
  const label = [call.status === undefined ? "" : String(call.status), shown(code)].filter((part) => part !== "");
  const isSuccess = call.status !== undefined && call.status >= 200 && call.status < 300;
  return `${label.join(" ")}: ${isSuccess ? "the answer is not what this call answers" : words}`;
}

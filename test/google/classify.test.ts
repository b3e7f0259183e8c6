/** Every answer the API notes name, and what it means; and that no answer at all is ever taken for a success. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classify } from "../../src/google/classify.ts";
import type { Unsuccessful } from "../../src/google/classify.ts";
import { NetworkError } from "../../src/google/exchange.ts";
import { firstForbiddenCharacter } from "../../src/model/text.ts";

const wallMs = Date.UTC(2026, 10, 21, 9);

/** The v2 envelope (api.md 2.1). */
function v2(code: number, status: string, message: string, ...details: readonly object[]): string {
  return JSON.stringify({ error: { code, message, status, details } });
}

/** The v1 envelope of the Admin SDK. */
function v1(code: number, reason: string, message: string): string {
  return JSON.stringify({ error: { code, message, errors: [{ domain: "global", reason, message }] } });
}

function errorInfo(reason: string, metadata: object = {}): object {
  return { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "googleapis.com", metadata };
}

const htmlPage = "<!DOCTYPE html><html><title>Error 502 (Server Error)!!1</title></html>";
const read = { service: "data-studio", isWrite: false } as const;
const write = { service: "data-studio", isWrite: true } as const;
const directory = { service: "directory", isWrite: false } as const;
const transferRead = { service: "data-transfer", isWrite: false } as const;
const transferWrite = { service: "data-transfer", isWrite: true } as const;
const token = { service: "token", isWrite: false } as const;

type Row = [name: string, call: Unsuccessful, disposition: string, failure: string];

function judged(rows: readonly Row[]): void {
  it.each(rows)("%s", (_name, call, disposition, failure) => {
    const verdict = classify(call, wallMs);
    expect({ disposition: verdict.disposition, failure: verdict.failure }).toEqual({ disposition, failure });
  });
}

describe("without an answer", () => {
  const unsent = (code: string): NetworkError => new NetworkError(code, false, "connect failed");
  const sent = (code: string): NetworkError => new NetworkError(code, true, "lost");
  judged([
    [
      "a write that was refused a connection can be sent again",
      { ...write, network: unsent("ECONNREFUSED") },
      "retry",
      "unreachable",
    ],
    [
      "a write whose name did not resolve can be sent again",
      { ...write, network: unsent("ENOTFOUND") },
      "retry",
      "unreachable",
    ],
    [
      "a write that failed in TLS can be sent again",
      { ...write, network: unsent("CERT_HAS_EXPIRED") },
      "retry",
      "unreachable",
    ],
    [
      "a read that was refused a connection can be sent again",
      { ...read, network: unsent("ECONNREFUSED") },
      "retry",
      "unreachable",
    ],
    ["a reset leaves a write in doubt", { ...write, network: sent("ECONNRESET") }, "ambiguous", "no-answer"],
    ["a broken pipe leaves a write in doubt", { ...write, network: sent("EPIPE") }, "ambiguous", "no-answer"],
    ["a timeout leaves a write in doubt", { ...write, network: sent("TIMEOUT") }, "ambiguous", "no-answer"],
    ["a cut body leaves a write in doubt", { ...write, network: sent("UND_ERR_SOCKET") }, "ambiguous", "no-answer"],
    [
      "an oversize answer leaves a write in doubt",
      { ...write, network: sent("TOO_LARGE") },
      "ambiguous",
      "unreadable-answer",
    ],
    [
      "an undecodable answer leaves a write in doubt",
      { ...write, network: sent("BAD_ENCODING") },
      "ambiguous",
      "unreadable-answer",
    ],
    ["a reset read is repeated", { ...read, network: sent("ECONNRESET") }, "retry", "no-answer"],
    ["an oversize read is repeated", { ...read, network: sent("TOO_LARGE") }, "retry", "unreadable-answer"],
    [
      "a lost transfer request is in doubt",
      { ...transferWrite, network: sent("ECONNRESET") },
      "ambiguous",
      "no-answer",
    ],
    ["a lost token request is repeated", { ...token, network: sent("ECONNRESET") }, "retry", "no-answer"],
  ]);
});

describe("an answer of the server's own trouble", () => {
  judged([
    ...[500, 502, 503, 504, 501, 599, 408].flatMap((status): Row[] => [
      [`${status} leaves a write in doubt`, { ...write, status, body: htmlPage }, "ambiguous", "server-error"],
      [
        `${status} lets a read be repeated`,
        { ...read, status, body: v2(status, "INTERNAL", "Internal error encountered.") },
        "retry",
        "server-error",
      ],
    ]),
    [
      "an unreadable success leaves a write in doubt",
      { ...write, status: 200, body: "<html>" },
      "ambiguous",
      "unreadable-answer",
    ],
    [
      "an unreadable success lets a read be repeated",
      { ...read, status: 200, body: "{}" },
      "retry",
      "unreadable-answer",
    ],
    ["an empty success leaves a write in doubt", { ...write, status: 204 }, "ambiguous", "unreadable-answer"],
    ["a redirect leaves a write in doubt", { ...write, status: 302 }, "ambiguous", "redirected"],
    ["a redirect lets a read be repeated", { ...read, status: 302 }, "retry", "redirected"],
    ["a status nobody knows leaves a write in doubt", { ...write, status: 777 }, "ambiguous", "unknown-status"],
    ["a status below 200 leaves a write in doubt", { ...write, status: 0 }, "ambiguous", "unknown-status"],
  ]);
});

describe("an answer that asks to slow down", () => {
  judged([
    ["429", { ...write, status: 429, body: v2(429, "RESOURCE_EXHAUSTED", "Quota exceeded") }, "throttle", "throttled"],
    ["429 without a word", { ...read, status: 429 }, "throttle", "throttled"],
    [
      "403 RESOURCE_EXHAUSTED",
      { ...write, status: 403, body: v2(403, "RESOURCE_EXHAUSTED", "x") },
      "throttle",
      "throttled",
    ],
    ...["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "sharingRateLimitExceeded"].map(
      (reason): Row => [
        `403 ${reason}`,
        { ...directory, status: 403, body: v1(403, reason, "slow") },
        "throttle",
        "throttled",
      ],
    ),
    [
      "403 with ErrorInfo",
      { ...write, status: 403, body: v2(403, "PERMISSION_DENIED", "x", errorInfo("RATE_LIMIT_EXCEEDED")) },
      "throttle",
      "throttled",
    ],
    [
      "403 in plain words",
      { ...read, status: 403, body: "Request rate higher than configured" },
      "throttle",
      "throttled",
    ],
    [
      "403 in other plain words",
      { ...write, status: 403, body: "Quota exceeded for quota metric 'Writes'" },
      "throttle",
      "throttled",
    ],
    [
      "503 in plain words",
      { ...write, status: 503, body: "Quota exceeded for the current request" },
      "throttle",
      "throttled",
    ],
    ["503 of a transfer read", { ...transferRead, status: 503, body: "" }, "throttle", "throttled"],
    [
      "403 dailyLimitExceeded halts the user",
      { ...directory, status: 403, body: v1(403, "dailyLimitExceeded", "x") },
      "halt-actor",
      "daily-limit",
    ],
    [
      "429 of a user's day halts the user",
      {
        ...read,
        status: 429,
        body: v2(
          429,
          "RESOURCE_EXHAUSTED",
          "x",
          errorInfo("RATE_LIMIT_EXCEEDED", { quota_limit: "ReadsPerDayPerUser" }),
        ),
      },
      "halt-actor",
      "daily-limit",
    ],
    [
      "429 of the project's day halts the run",
      {
        ...read,
        status: 429,
        body: v2(
          429,
          "RESOURCE_EXHAUSTED",
          "x",
          errorInfo("RATE_LIMIT_EXCEEDED", { quota_limit: "ReadsPerDayPerProject" }),
        ),
      },
      "halt-run",
      "daily-limit",
    ],
  ]);

  it("503 of a transfer write stays in doubt, whatever the documentation says of quotas", () => {
    expect(classify({ ...transferWrite, status: 503 }, wallMs).disposition).toBe("ambiguous");
  });

  it.each([
    [{ quota_limit_value: "600" }, 600, "project"],
    [{ quota_limit_value: "60", quota_limit: "WritesPerMinutePerUser" }, 60, "actor"],
    [{ quota_limit_value: "60", quota_unit: "1/min/{project}/{user}" }, 60, "actor"],
    [{ quota_limit_value: "1000", quota_limit: "ReadsPer100SecondsPerProject" }, 600, "project"],
    [{ quota_limit_value: "10", quota_limit: "defaultPerSecondPerProject" }, 600, "project"],
    [{ quota_limit_value: "0" }, undefined, "project"],
    [{ quota_limit_value: "-5" }, undefined, "project"],
    [{ quota_limit_value: "1e9" }, undefined, "project"],
    [{}, undefined, "project"],
  ])("the quota in %j is %s a minute, of the %s", (metadata, quotaPerMinute, quotaOf) => {
    const body = v2(429, "RESOURCE_EXHAUSTED", "x", errorInfo("RATE_LIMIT_EXCEEDED", metadata));
    expect(classify({ ...write, status: 429, body }, wallMs)).toMatchObject({ quotaPerMinute, quotaOf });
  });

  it("userRateLimitExceeded is about the user", () => {
    const body = v1(403, "userRateLimitExceeded", "x");
    expect(classify({ ...directory, status: 403, body }, wallMs).quotaOf).toBe("actor");
  });
});

describe("a definite no", () => {
  judged([
    [
      "409 ABORTED says that the etag moved",
      { ...write, status: 409, body: v2(409, "ABORTED", "There were concurrent policy changes.") },
      "conflict",
      "stale-etag",
    ],
    ["409 without a word says the same", { ...write, status: 409 }, "conflict", "stale-etag"],
    ["412 says the same", { ...write, status: 412, body: v1(412, "conditionNotMet", "x") }, "conflict", "stale-etag"],
    [
      "400 FAILED_PRECONDITION says the same of a write",
      { ...write, status: 400, body: v2(400, "FAILED_PRECONDITION", "etag mismatch") },
      "conflict",
      "stale-etag",
    ],
    ["400 ABORTED says the same", { ...write, status: 400, body: v2(400, "ABORTED", "x") }, "conflict", "stale-etag"],
    [
      "409 of a transfer is a conflict",
      { ...transferWrite, status: 409, body: v1(409, "duplicate", "x") },
      "conflict",
      "conflict",
    ],
    [
      "409 of a read lets it be repeated",
      { ...read, status: 409, body: v2(409, "ABORTED", "The operation was aborted") },
      "retry",
      "server-error",
    ],
    [
      "400 FAILED_PRECONDITION of a read is final",
      { ...read, status: 400, body: v2(400, "FAILED_PRECONDITION", "Precondition check failed.") },
      "refuse",
      "failed-precondition",
    ],
    [
      "401 halts the user",
      { ...write, status: 401, body: v2(401, "UNAUTHENTICATED", "x", errorInfo("ACCESS_TOKEN_EXPIRED")) },
      "halt-actor",
      "unauthenticated",
    ],
    [
      "401 authError halts the user",
      { ...transferRead, status: 401, body: v1(401, "authError", "Active session is invalid. Error code: 4") },
      "halt-actor",
      "unauthenticated",
    ],
    [
      "403 for the owner",
      { ...write, status: 403, body: v2(403, "PERMISSION_DENIED", "Owner is not allowed to be modified") },
      "refuse",
      "owner-not-modifiable",
    ],
    [
      "400 for the owner",
      { ...write, status: 400, body: v2(400, "FAILED_PRECONDITION", "Owner is not allowed to be modified.") },
      "refuse",
      "owner-not-modifiable",
    ],
    [
      "403 PERMISSION_DENIED",
      { ...read, status: 403, body: v2(403, "PERMISSION_DENIED", "The caller does not have permission") },
      "refuse",
      "permission-denied",
    ],
    [
      "403 of the Directory",
      { ...directory, status: 403, body: v1(403, "forbidden", "Not Authorized to access this resource/api") },
      "refuse",
      "permission-denied",
    ],
    ["403 of a page without a word", { ...write, status: 403, body: htmlPage }, "refuse", "permission-denied"],
    [
      "403 SERVICE_DISABLED halts the run",
      {
        ...read,
        status: 403,
        body: v2(403, "PERMISSION_DENIED", "Data Studio API has not been used", errorInfo("SERVICE_DISABLED")),
      },
      "halt-run",
      "service-disabled",
    ],
    [
      "403 accessNotConfigured halts the run",
      { ...directory, status: 403, body: v1(403, "accessNotConfigured", "x") },
      "halt-run",
      "service-disabled",
    ],
    [
      "403 insufficient_scope halts the run",
      { ...read, status: 403, headers: { "www-authenticate": 'Bearer realm="x", error="insufficient_scope"' } },
      "halt-run",
      "insufficient-scope",
    ],
    [
      "403 ACCESS_TOKEN_SCOPE_INSUFFICIENT halts the run",
      { ...read, status: 403, body: v2(403, "PERMISSION_DENIED", "x", errorInfo("ACCESS_TOKEN_SCOPE_INSUFFICIENT")) },
      "halt-run",
      "insufficient-scope",
    ],
    [
      "403 Domain cannot use apis halts the run",
      { ...directory, status: 403, body: v1(403, "forbidden", "Domain cannot use apis.") },
      "halt-run",
      "project-refused",
    ],
    [
      "404",
      { ...read, status: 404, body: v2(404, "NOT_FOUND", "Requested entity was not found.") },
      "refuse",
      "not-found",
    ],
    [
      "404 of the Directory",
      { ...directory, status: 404, body: v1(404, "notFound", "Resource Not Found: userKey") },
      "refuse",
      "not-found",
    ],
    ["410", { ...read, status: 410 }, "refuse", "not-found"],
    [
      "400 INVALID_ARGUMENT",
      {
        ...write,
        status: 400,
        body: v2(400, "INVALID_ARGUMENT", "Policy contains invalid member prefix anna@acme.example"),
      },
      "refuse",
      "invalid-argument",
    ],
    ["400 of a page without a word", { ...write, status: 400, body: htmlPage }, "refuse", "invalid-argument"],
    ["418", { ...write, status: 418 }, "refuse", "rejected"],
  ]);
});

describe("the token endpoint", () => {
  const says = (error: string, description = ""): string => JSON.stringify({ error, error_description: description });
  judged([
    [
      "an unknown user",
      { ...token, status: 400, body: says("invalid_grant", "Invalid email or User ID") },
      "halt-actor",
      "no-such-user",
    ],
    [
      "an address that is none",
      { ...token, status: 400, body: says("invalid_grant", "Not a valid email") },
      "halt-actor",
      "no-such-user",
    ],
    [
      "a deleted user",
      { ...token, status: 400, body: says("invalid_grant", "The account has been deleted") },
      "halt-actor",
      "account-deleted",
    ],
    [
      "no more than Bad Request",
      { ...token, status: 400, body: says("invalid_grant", "Bad Request") },
      "halt-actor",
      "token-refused",
    ],
    [
      "reauthentication",
      { ...token, status: 400, body: says("invalid_grant", "reauth related error (invalid_rapt)") },
      "halt-actor",
      "reauthentication",
    ],
    [
      "a suspended user",
      { ...token, status: 403, body: says("access_denied", "Account restricted") },
      "halt-actor",
      "access-denied",
    ],
    [
      "a client not authorised for the user",
      { ...token, status: 403, body: says("access_denied", "Requested client not authorized") },
      "halt-actor",
      "access-denied",
    ],
    [
      "a forbidden account",
      { ...token, status: 403, body: says("invalid_account", "Forbidden") },
      "halt-actor",
      "account-forbidden",
    ],
    [
      "an impossible user",
      { ...token, status: 400, body: says("invalid_request", 'Invalid impersonation "sub" field.') },
      "halt-actor",
      "no-such-user",
    ],
    [
      "an impossible user in older words",
      { ...token, status: 400, body: says("invalid_request", "Invalid impersonation prn email address.") },
      "halt-actor",
      "no-such-user",
    ],
    [
      "no delegation",
      {
        ...token,
        status: 401,
        body: says(
          "unauthorized_client",
          "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
        ),
      },
      "halt-run",
      "unauthorized-client",
    ],
    [
      "no delegation, in other words",
      { ...token, status: 400, body: says("unauthorized_client", "Unauthorized client or scope in request.") },
      "halt-run",
      "unauthorized-client",
    ],
    [
      "a scope that is not granted",
      { ...token, status: 400, body: says("invalid_scope", "x") },
      "halt-run",
      "invalid-scope",
    ],
    [
      "an issuer nobody knows",
      { ...token, status: 400, body: says("invalid_grant", "Invalid JWT: No valid verifier found for issuer.") },
      "halt-run",
      "unknown-issuer",
    ],
    [
      "a service account that is gone",
      { ...token, status: 400, body: says("invalid_grant", "Invalid grant: account not found") },
      "halt-run",
      "unknown-issuer",
    ],
    [
      "a wrong signature",
      { ...token, status: 400, body: says("invalid_grant", "Invalid JWT Signature.") },
      "halt-run",
      "bad-signature",
    ],
    [
      "a wrong clock",
      {
        ...token,
        status: 400,
        body: says(
          "invalid_grant",
          "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
        ),
      },
      "halt-run",
      "clock-skew",
    ],
    [
      "an assertion that is none",
      { ...token, status: 400, body: says("invalid_request", "assertion is missing") },
      "halt-run",
      "bad-assertion",
    ],
    [
      "a client that is gone",
      { ...token, status: 401, body: says("invalid_client", "x") },
      "halt-run",
      "invalid-client",
    ],
    [
      "its own trouble",
      { ...token, status: 400, body: says("internal_failure", "Backend Error") },
      "retry",
      "server-error",
    ],
    ["503", { ...token, status: 503, body: htmlPage }, "retry", "server-error"],
    ["429", { ...token, status: 429 }, "throttle", "throttled"],
    [
      "too fast, in plain words",
      { ...token, status: 403, body: "Request rate higher than configured." },
      "throttle",
      "throttled",
    ],
    ["a success without a token", { ...token, status: 200, body: "{}" }, "retry", "unreadable-answer"],
    ["a redirect", { ...token, status: 302 }, "retry", "redirected"],
    ["a refusal nobody knows", { ...token, status: 400, body: says("new_error", "x") }, "halt-actor", "token-refused"],
    ["a page without a word", { ...token, status: 403, body: htmlPage }, "halt-actor", "token-refused"],
  ]);

  it("names how far the clocks differ when a refusal comes with the server's time", () => {
    const headers = { date: new Date(wallMs - 600_000).toUTCString() };
    const verdict = classify({ ...token, status: 400, headers, body: says("invalid_grant", "Bad Request") }, wallMs);
    expect(verdict).toMatchObject({ disposition: "halt-run", failure: "clock-skew" });
    expect(verdict.message).toContain("600 s ahead of Google's");
  });
});

describe("Retry-After", () => {
  it.each([
    ["30", 30_000],
    ["0", 1000],
    ["0.2", 1000],
    ["86400", 3_600_000],
    [new Date(wallMs + 90_000).toUTCString(), 90_000],
    [new Date(wallMs - 90_000).toUTCString(), 1000],
    ["Saturday, 21-Nov-26 09:00:30 GMT", 30_000],
    ["Sat Nov 21 09:00:30 2026", 30_000],
    ["soon", undefined],
    ["-1", undefined],
    ["1", 1000],
    ["2026", 2_026_000],
    ["Sat, 99 Foo 2026", undefined],
    ["", undefined],
  ])("%j means %s ms", (text, retryAfterMs) => {
    expect(classify({ ...read, status: 429, headers: { "retry-after": text } }, wallMs).retryAfterMs).toBe(
      retryAfterMs,
    );
  });

  it("as a date is measured against the server's clock when that is known", () => {
    const server = wallMs + 7 * 3_600_000;
    const headers = { date: new Date(server).toUTCString(), "retry-after": new Date(server + 60_000).toUTCString() };
    expect(classify({ ...read, status: 503, headers }, wallMs).retryAfterMs).toBe(60_000);
  });
});

describe("the message", () => {
  it("holds the server's words, on one line and without anything that steers a terminal", () => {
    const body = v2(400, "INVALID_ARGUMENT", "bad\r\n\u001b[31mred\u202e");
    const { message } = classify({ ...write, status: 400, body }, wallMs);
    expect(message).toBe("400 INVALID_ARGUMENT: bad \\u{1b}[31mred\\u{202e}");
  });

  it.each(["ya29.a0AfH6SMBx-secret", "Bearer abc.def-secret", "eyJhbGciOi.eyJpc3Mi.secret_sig"])(
    "never holds %s",
    (secret) => {
      const { message } = classify({ ...write, status: 400, body: v2(400, "X", `token ${secret} is bad`) }, wallMs);
      expect(message).not.toContain("secret");
    },
  );

  it("says what is known of a page of HTML, not the page", () => {
    expect(classify({ ...read, status: 502, body: htmlPage }, wallMs).message).toBe(
      "502: the answer gives no reason (server-error)",
    );
  });
});

describe("any answer at all", () => {
  const headerText = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.date({ noInvalidDate: true }).map((d) => d.toUTCString()),
  );
  const anyCall = fc.record(
    {
      service: fc.constantFrom("data-studio", "directory", "data-transfer", "token"),
      isWrite: fc.boolean(),
      status: fc.oneof(fc.integer({ min: 100, max: 599 }), fc.integer(), fc.constant(Number.NaN)),
      headers: fc.dictionary(
        fc.constantFrom("retry-after", "date", "www-authenticate", "__proto__", "x"),
        fc.oneof(headerText, fc.array(headerText)),
      ),
      body: fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((inner) => `{"error":${inner}}`),
        fc
          .json()
          .map(
            (inner) =>
              `{"error":{"details":[{"reason":"x","metadata":${inner}}],"errors":${inner},"message":${inner}}}`,
          ),
      ),
      network: fc
        .record({ code: fc.string(), sent: fc.boolean() })
        .map(({ code, sent }) => new NetworkError(code, sent, code)),
    },
    { requiredKeys: ["service", "isWrite"] },
  );
  const dispositions = ["retry", "throttle", "conflict", "ambiguous", "refuse", "halt-actor", "halt-run"];

  it("gives a verdict, never a success, and never calls a doubtful write definite", () => {
    fc.assert(
      fc.property(anyCall, (call) => {
        const verdict = classify(call, wallMs);
        expect(dispositions).toContain(verdict.disposition);
        expect(verdict.failure).toMatch(/^[a-z-]+$/);
        expect(firstForbiddenCharacter(verdict.message)).toBeUndefined();
        const wait = verdict.retryAfterMs ?? 1000;
        expect(wait >= 1000 && wait <= 3_600_000).toBe(true);
        const quota = verdict.quotaPerMinute ?? 1;
        expect(quota > 0 && quota < Infinity).toBe(true);
        const isAnswered = call.network === undefined;
        const isServerFault =
          isAnswered && !((call.status ?? 0) >= 400 && (call.status ?? 0) < 500) && call.status !== 503;
        if (call.isWrite && call.service !== "token" && (isServerFault || call.network?.sent === true)) {
          expect(verdict.disposition).toBe("ambiguous");
        }
        if (!call.isWrite) expect(verdict.disposition).not.toBe("ambiguous");
      }),
      { numRuns: 3000 },
    );
  });
});

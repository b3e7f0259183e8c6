/** Refusals: any status, headers and body, for every service, reading and writing. */
import { classify } from "../../../src/google/classify.ts";
import { NetworkError } from "../../../src/google/exchange.ts";
import type { Service } from "../../../src/google/exchange.ts";
import type { Verdict } from "../../../src/google/verdict.ts";
import { inert } from "../oracle.ts";
import { mustHold } from "../target.ts";
import type { Target } from "../target.ts";
import { replyOf, replyText, replyWords } from "./reply.ts";

const wallMs = Date.UTC(2026, 10, 21, 9);
const services: readonly Service[] = ["data-studio", "directory", "data-transfer", "token"];

/** What says for certain that nothing was written. */
const definite: ReadonlySet<string> = new Set(["retry", "refuse", "conflict", "halt-actor", "halt-run"]);

const quota = {
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason: "RATE_LIMIT_EXCEEDED",
  metadata: { quota_limit: "WritesPerMinutePerProject", quota_limit_value: "300", quota_unit: "1/min/{project}" },
};

export const verdict = async (): Promise<Target> => ({
  corpus: [
    replyText(429, { error: { code: 429, message: "Quota exceeded", status: "RESOURCE_EXHAUSTED", details: [quota] } }),
    replyText(503, "<html>503</html>", { "Retry-After": "30", Date: "Sat, 21 Nov 2026 09:00:00 GMT" }),
    replyText(
      403,
      { error: { code: 403, message: "x", errors: [{ domain: "usageLimits", reason: "userRateLimitExceeded" }] } },
      { "Retry-After": "Sat, 21 Nov 2026 09:05:00 GMT", Date: "Sat, 21 Nov 2026 16:00:00 GMT" },
    ),
    replyText(400, '[{"error":{"code":400,"message":"bad","status":"FAILED_PRECONDITION"}}]'),
    replyText(400, { error: "invalid_grant", error_description: "Invalid email or User ID" }),
    replyText(401, "", { "WWW-Authenticate": 'Bearer error="insufficient_scope"' }),
    replyText(500, "Bearer ya29.secretsecret eyJhbGciOi.eyJpc3Mi.sig -----BEGIN PRIVATE KEY-----abc"),
  ],
  dictionary: [
    ...replyWords,
    "rateLimitExceeded",
    "dailyLimitExceeded",
    "quotaExceeded",
    "accessNotConfigured",
    "SERVICE_DISABLED",
    "ABORTED",
    "FAILED_PRECONDITION",
    "RESOURCE_EXHAUSTED",
    "owner is not allowed to be modified",
    "Bearer ya29.secretsecret",
    '"quota_limit_value":"0"',
    '"quota_limit":"PerDayPerUser"',
    "per_100_seconds",
    "invalid_grant",
    "clock",
    "CERT",
    "-----BEGIN",
  ],
  run: async (input) => {
    const { status, headers, body } = replyOf(input);
    for (const service of services) {
      for (const isWrite of [false, true]) {
        const found = classify({ service, isWrite, status, headers, body }, wallMs);
        judge(found, isWrite);
        if (isWrite && service !== "token" && status >= 500 && status !== 503) {
          mustHold(!definite.has(found.disposition), "a server's fault on a write counts as without effect");
        }
        const network = new NetworkError(body.slice(0, 40), status % 2 === 0, body.slice(0, 400));
        judge(classify({ service, isWrite, network }, wallMs), isWrite);
      }
    }
  },
});

function judge(found: Verdict, isWrite: boolean): void {
  inert([found.message], "a verdict's message");
  mustHold(
    !/\bya29\.secretsecret|\beyJhbGciOi\.eyJpc3Mi\.sig|-----BEGIN PRIVATE KEY-----abc/.test(found.message),
    "a message shows a credential",
  );
  mustHold(found.message.length < 2000, "a message is very long");
  mustHold(isWrite || found.disposition !== "ambiguous", "a read is ambiguous");
  mustHold(/^[a-z-]+$/.test(found.failure), "a failure is not one word");
  const wait = found.retryAfterMs ?? 1000;
  mustHold(wait >= 1000 && wait <= 3_600_000, "a wait is out of bounds");
  const perMinute = found.quotaPerMinute ?? 1;
  mustHold(perMinute > 0 && perMinute < Infinity, "a quota is no number");
}

/** Every fault the emulator knows, each in the forms that mean something different. */
import type { Fault } from "../../src/emulator/fault-rules.ts";

export type Verb = "plan" | "apply" | "verify" | "undo";

/** Which of the requests of a route are struck. */
export type When = "first" | "second" | "ever";

/** How a verb ends, for the kinds of fault that matter to it; under all others it ends as usual. */
export interface FaultCase {
  readonly verb: Verb;
  readonly route: string;
  readonly when: When;
  readonly ends: readonly (readonly [string, readonly string[]])[];
}

function status(code: number, more: Partial<Extract<Fault, { kind: "status" }>> = {}): Fault {
  return { kind: "status", status: code, ...more };
}

const limit = { message: "Rate Limit Exceeded" };

/** No answer comes, or not the whole of it. */
export const silent: readonly string[] = [
  "delay of 90 s",
  "hang",
  "hang, applied",
  "hang, landing after 65 s",
  "reset",
  "reset, applied",
  "truncate",
];
export const broken: readonly string[] = ["500", "500, applied", "408", "html", "html, applied", "sticky 500"];
export const unavailable: readonly string[] = ["503", "503 with Retry-After"];
export const conflicts: readonly string[] = ["409", "412"];
export const throttles: readonly string[] = ["429", "429 with Retry-After", "429 with a date", "quotaText"];
/** Only where Google gives reasons beside the status: the Data Studio API says 429 instead. */
export const rateLimits: readonly string[] = ["403 rateLimitExceeded", "403 userRateLimitExceeded"];
export const nonsense: readonly string[] = ["nonsense", "nonsense, not applied"];
export const forbidden: readonly string[] = ["403", "sticky 403"];
/** The request takes effect, and no answer says so. */
export const applied: readonly string[] = [
  "500, applied",
  "html, applied",
  "hang, applied",
  "hang, landing after 65 s",
  "reset, applied",
  "truncate",
  "nonsense",
  "delay of 90 s",
];

export const faultKinds: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ["500", status(500)],
  ["500, applied", status(500, { applied: true })],
  ["503", status(503)],
  ["503 with Retry-After", status(503, { retryAfterS: 20 })],
  ["408", status(408)],
  ["429", status(429)],
  ["429 with Retry-After", status(429, { retryAfterS: 20 })],
  ["429 with a date", status(429, { retryAfterS: 20, retryAfterAs: "date" })],
  ["403 rateLimitExceeded", status(403, { reason: "rateLimitExceeded", ...limit })],
  ["403 userRateLimitExceeded", status(403, { reason: "userRateLimitExceeded", ...limit })],
  ["403 dailyLimitExceeded", status(403, { reason: "dailyLimitExceeded", message: "Daily Limit Exceeded" })],
  ["400", status(400)],
  ["401", status(401)],
  ["403", status(403)],
  ["404", status(404)],
  ["409", status(409)],
  ["412", status(412)],
  ["html", { kind: "html" }],
  ["html, applied", { kind: "html", applied: true }],
  ["quotaText", { kind: "quotaText" }],
  ["delay of 5 s", { kind: "delay", ms: 5000 }],
  ["delay of 90 s", { kind: "delay", ms: 90_000 }],
  ["hang", { kind: "hang" }],
  ["hang, applied", { kind: "hang", applied: true }],
  ["hang, landing after 65 s", { kind: "hang", lateMs: 65_000 }],
  ["reset", { kind: "reset" }],
  ["reset, applied", { kind: "reset", applied: true }],
  ["truncate", { kind: "truncate" }],
  ["nonsense", { kind: "nonsense" }],
  ["nonsense, not applied", { kind: "nonsense", applied: false }],
  ["oversize", { kind: "oversize", bytes: 100_000 }],
  ["sticky 500", { kind: "sticky" }],
  ["sticky 403", { kind: "sticky", status: 403 }],
  ["concurrentEditor", { kind: "concurrentEditor" }],
  ["concurrentTrash", { kind: "concurrentTrash" }],
  ["revokeDelegation", { kind: "revokeDelegation" }],
  ["revokeDelegation, tokens kept", { kind: "revokeDelegation", keepTokens: true }],
  ["expireTokens", { kind: "expireTokens" }],
  ["transfer stuck", { kind: "transfer", outcome: "stuck" }],
  ["transfer failed", { kind: "transfer", outcome: "failed" }],
  ["transfer partial", { kind: "transfer", outcome: "partial" }],
  ["searchLag", { kind: "searchLag", ms: 5000 }],
]);

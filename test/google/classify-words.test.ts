/** What of an answer is shown, where the bounds of each status lie, and which bodies say nothing. */
import { describe, expect, it } from "vitest";
import { classify } from "../../src/google/classify.ts";
import type { Unsuccessful } from "../../src/google/classify.ts";
import { NetworkError } from "../../src/google/exchange.ts";
import {
  directory,
  errorInfo,
  judged,
  read,
  token,
  transferRead,
  transferWrite,
  v1,
  v2,
  wallMs,
  write,
} from "./judging.ts";

const full = "Quota exceeded for quota metric 'Writes'";
const precondition = v2(400, "FAILED_PRECONDITION", "x");

describe("at the bounds of what a status means", () => {
  judged([
    ["199 is unknown", { ...write, status: 199, body: full }, "ambiguous", "unknown-status"],
    ["299 is a success that cannot be read", { ...write, status: 299 }, "ambiguous", "unreadable-answer"],
    ["300 is a redirect", { ...write, status: 300 }, "ambiguous", "redirected"],
    ["399 is one, too, whatever it says", { ...write, status: 399, body: full }, "ambiguous", "redirected"],
    ["400 may ask to slow down", { ...write, status: 400, body: full }, "throttle", "throttled"],
    ["499 may as well", { ...write, status: 499, body: full }, "throttle", "throttled"],
    ["500 leaves in doubt whatever it says", { ...write, status: 500, body: full }, "ambiguous", "server-error"],
    ["500 of a transfer read is trouble, no quota", { ...transferRead, status: 500 }, "retry", "server-error"],
    ["600 is unknown", { ...write, status: 600, body: full }, "ambiguous", "unknown-status"],
    [
      "400 FAILED_PRECONDITION of a transfer is no stale etag",
      { ...transferWrite, status: 400, body: precondition },
      "refuse",
      "failed-precondition",
    ],
    [
      "400 failedPrecondition of the Directory is the same in older words",
      { ...directory, status: 400, body: v1(400, "failedPrecondition", "x") },
      "refuse",
      "failed-precondition",
    ],
    [
      "403 FAILED_PRECONDITION of a write is no stale etag",
      { ...write, status: 403, body: precondition },
      "refuse",
      "permission-denied",
    ],
  ]);
});

describe("the message", () => {
  const unanswered = (code: string, sent: boolean, words: string): Unsuccessful => ({
    ...write,
    network: new NetworkError(code, sent, words),
  });
  const says = (body: unknown, status = 502): Unsuccessful => ({ ...read, status, body: JSON.stringify(body) });
  const nothingSaid = "502: the answer gives no reason (server-error)";

  it.each<[string, Unsuccessful, string]>([
    [
      "tells an error of the network by code and words",
      unanswered("ECONNREFUSED", false, "connect failed"),
      "nothing was sent (ECONNREFUSED: connect failed)",
    ],
    ["tells a code once", unanswered("ECONNRESET", true, "read ECONNRESET"), "no whole answer came (read ECONNRESET)"],
    [
      "leaves out the words of OpenSSL",
      unanswered("ERR_SSL_X", false, "0A:error:../deps/ssl/record.c:1"),
      "nothing was sent (ERR_SSL_X)",
    ],
    ["names the state", { ...read, status: 404, body: v2(404, "NOT_FOUND", "Gone.") }, "404 NOT_FOUND: Gone."],
    ["else the first reason", says({ error: { message: "x", errors: [{}, { reason: "dup" }] } }, 409), "409 dup: x"],
    [
      "else the token endpoint's error",
      { ...token, status: 400, body: '{"error":"invalid_scope","error_description":"Bad."}' },
      "400 invalid_scope: Bad.",
    ],
    [
      "does not repeat what a success says",
      { ...read, status: 200, body: v2(200, "OK", "fine") },
      "200 OK: the answer is not what this call answers",
    ],
    ["repeats what a redirect says", { ...read, status: 300, body: "moved" }, "300: moved"],
    ["repeats what is below a success", { ...read, status: 199, body: "early" }, "199: early"],
    [
      "says nothing of clocks where they are not at fault",
      { ...read, status: 404, body: "gone", headers: { date: new Date(wallMs - 600_000).toUTCString() } },
      "404: gone",
    ],
    [
      "is on one line, with one blank where there were several",
      { ...read, status: 502, body: "  a \n\t b " },
      "502: a b",
    ],
    ["hides what looks like a credential", { ...read, status: 502, body: "a ya29.x-y b" }, "502: a [hidden] b"],
    ["leaves out a page that begins with words", { ...read, status: 502, body: "Error <HTML>x" }, nothingSaid],
    ["leaves out a page after blanks", { ...read, status: 502, body: " \n <p>x" }, nothingSaid],
    ["repeats JSON that is no object", says([1]), "502: [1]"],
    ["repeats a list of nothing", says([null]), "502: [null]"],
    ["repeats JSON that does not end", { ...read, status: 502, body: '{"error":' }, '502: {"error":'],
    ["reads an object in a list", says([{ error: { status: "INTERNAL", message: "x" } }]), "502 INTERNAL: x"],
    ["reads an object after blanks", { ...read, status: 502, body: ' {"error":{"message":"x"}}' }, "502: x"],
    ["knows an error that is nothing", says({ error: null }), nothingSaid],
    ["knows an object without an error", says({}), nothingSaid],
    ["knows an error of other shapes", says({ error: { status: true, errors: "x", details: {} } }), nothingSaid],
    ["takes a number for its digits", says({ error: { status: 7, message: 5 } }), "502 7: 5"],
  ])("%s", (_, call, expected) => {
    expect(classify(call, wallMs).message).toBe(expected);
  });

  it("is cut where the words go on for long", () => {
    const { message } = classify({ ...read, status: 502, body: `${" ".repeat(4000)}late` }, wallMs);
    expect(message).toBe(nothingSaid);
    expect(classify({ ...read, status: 502, body: "x".repeat(9000) }, wallMs).message.length).toBeLessThan(310);
  });
});

describe("Retry-After", () => {
  it.each([
    [" 30 ", 30_000],
    ["2.25", 2250],
    ["30s", undefined],
    ["in 30", undefined],
    ["30.", undefined],
    ["1234567890123456", undefined],
    ["21 Nov 2026 09:00:30 GMT", undefined],
    ["on Sat, 21 Nov 2026 09:00:30 GMT", undefined],
  ])("%j means %s ms", (text, expected) => {
    const call = { ...read, status: 429, headers: { "retry-after": text } };
    expect(classify(call, wallMs).retryAfterMs).toBe(expected);
  });

  it("is undefined where the server does not say", () => {
    expect(classify({ ...read, status: 429 }, wallMs).retryAfterMs).toBeUndefined();
  });
});

describe("a quota", () => {
  const hit = (status: number, reason: string, ...metadata: readonly object[]): Unsuccessful => ({
    ...write,
    status,
    body: v2(status, "X", "x", ...metadata.map((each) => errorInfo(reason, each))),
  });

  it.each<[string, Unsuccessful, number | undefined, string]>([
    ["is found behind details that name none", hit(429, "X", {}, { quota_limit_value: "60" }), 60, "project"],
    ["may be a number", hit(429, "X", { quota_limit_value: 60 }), 60, "project"],
    ["may name nothing but its limit", hit(429, "X", { quota_limit: "WritesPerMinutePerUser" }), undefined, "actor"],
    ["may name nothing but its unit", hit(429, "X", { quota_unit: "1/min/{project}/{user}" }), undefined, "actor"],
    ["may be for an hour", hit(429, "X", { quota_limit: "PerHour", quota_limit_value: "600" }), 10, "project"],
    [
      "of a day has no minutes",
      hit(429, "X", { quota_unit: "1/d/{project}", quota_limit_value: "9" }),
      undefined,
      "project",
    ],
    ["counts only where it was hit", hit(403, "OTHER", { quota_limit_value: "60" }), undefined, "project"],
  ])("%s", (_, call, quotaPerMinute, quotaOf) => {
    expect(classify(call, wallMs)).toMatchObject({ quotaPerMinute, quotaOf });
  });
});

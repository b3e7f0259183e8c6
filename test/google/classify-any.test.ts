/** How long to wait, what may be shown, and that no answer at all is ever taken for a success. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classify } from "../../src/google/classify.ts";
import { NetworkError } from "../../src/google/exchange.ts";
import { firstForbiddenCharacter } from "../../src/model/text.ts";
import { htmlPage, read, v2, wallMs, write } from "./judging.ts";

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

  it("leaves a write in doubt that the server may have begun, unless it says in words that a quota stopped it", () => {
    const quotaWords = /quota|rate|limit|exhausted/i;
    const answered = fc.record({
      service: fc.constantFrom("data-studio" as const, "data-transfer" as const),
      isWrite: fc.constant(true),
      status: fc.oneof(fc.integer({ min: 500, max: 599 }), fc.constantFrom(408, 503)),
      headers: fc.dictionary(fc.constantFrom("retry-after", "date"), headerText),
      body: fc
        .oneof(
          fc.string(),
          fc.json(),
          fc.json().map((inner) => `{"error":{"errors":[{"reason":${inner}}],"status":${inner}}}`),
        )
        .filter((body) => !quotaWords.test(body)),
    });
    const lost = fc
      .record({ code: fc.constantFrom("TIMEOUT", "ECONNRESET", "EPIPE", "ABORTED", "TOO_LARGE"), message: fc.string() })
      .map(({ code, message }) => ({
        service: "data-studio" as const,
        isWrite: true,
        network: new NetworkError(code, true, message),
      }));
    fc.assert(
      fc.property(fc.oneof(answered, lost), (call) => {
        expect(classify(call, wallMs).disposition).toBe("ambiguous");
      }),
      { numRuns: 1000 },
    );
  });
});

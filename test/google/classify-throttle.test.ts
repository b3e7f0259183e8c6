/** Every way in which Google asks to slow down, and what else such an answer tells. */
import { describe, expect, it } from "vitest";
import { classify } from "../../src/google/classify.ts";
import { directory, errorInfo, judged, read, transferRead, transferWrite, v1, v2, wallMs, write } from "./judging.ts";
import type { Row } from "./judging.ts";

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

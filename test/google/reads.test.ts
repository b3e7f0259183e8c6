/** What is repeated, how often, and after how long a wait. */
import { describe, expect, it } from "vitest";
import { backoffMs } from "../../src/google/backoff.ts";
import { repeat } from "../../src/google/reads.ts";
import type { RepeatNotice, RepeatOptions } from "../../src/google/reads.ts";
import { ApiError } from "../../src/model/errors.ts";
import type { Disposition } from "../../src/model/errors.ts";
import { ManualClock, settle } from "../support/clock.ts";

const failing = (disposition: Disposition, retryAfterMs?: number): ApiError =>
  new ApiError("no", { disposition, failure: "rejected", retryAfterMs });

function options(clock: ManualClock, other: Partial<RepeatOptions> = {}): RepeatOptions {
  return { clock, random: () => 0.5, attemptsMax: 10, ...other };
}

describe("the wait before a repetition", () => {
  it.each<[Disposition, number, number]>([
    ["retry", 1, 500],
    ["retry", 2, 1000],
    ["retry", 7, 32_000],
    ["retry", 8, 60_000],
    ["retry", 2000, 60_000],
    ["throttle", 1, 1000],
    ["throttle", 6, 32_000],
    ["throttle", 7, 60_000],
  ])("after a %s and %i failures is anything up to %i ms", (disposition, failures, most) => {
    expect(backoffMs(failures, disposition, () => 0)).toBe(0);
    expect(backoffMs(failures, disposition, () => 0.5)).toBe(most / 2);
    expect(backoffMs(failures, disposition, () => 0.999_999)).toBeLessThan(most);
  });
});

describe("a read", () => {
  it("is repeated until it succeeds, waiting on the clock that was handed in", async () => {
    const clock = new ManualClock();
    const notices: RepeatNotice[] = [];
    let attempts = 0;
    const attempt = async (): Promise<string> => {
      attempts += 1;
      if (attempts === 1) throw failing("retry");
      if (attempts === 2) throw failing("throttle", 20_000);
      return "done";
    };
    const result = repeat(attempt, options(clock, { onRetry: (notice) => notices.push(notice) }));
    await settle();
    expect(attempts).toBe(1);
    expect(await clock.drive(result)).toBe("done");
    expect(clock.monotonic()).toBe(250 + 20_000);
    expect(notices).toEqual([
      { failure: "rejected", problem: "no", failures: 1, waitMs: 250 },
      { failure: "rejected", problem: "no", failures: 2, waitMs: 20_000 },
    ]);
  });

  it("is given up after its attempts, with the last answer", async () => {
    const clock = new ManualClock();
    let attempts = 0;
    const attempt = async (): Promise<never> => {
      attempts += 1;
      throw new ApiError(`answer ${attempts}`, { disposition: "retry", failure: "server-error" });
    };
    await expect(clock.drive(repeat(attempt, options(clock)))).rejects.toMatchObject({
      message: "answer 10",
      failure: "server-error",
    });
    expect(attempts).toBe(10);
  });

  it.each<Disposition>(["conflict", "ambiguous", "refuse", "halt-actor", "halt-run"])(
    "that is answered with %s is not repeated",
    async (disposition) => {
      let attempts = 0;
      const attempt = async (): Promise<never> => {
        attempts += 1;
        throw failing(disposition);
      };
      await expect(repeat(attempt, options(new ManualClock()))).rejects.toMatchObject({ disposition });
      expect(attempts).toBe(1);
    },
  );

  it("that fails by a fault of this program is not repeated", async () => {
    let attempts = 0;
    const attempt = async (): Promise<never> => {
      attempts += 1;
      throw new TypeError("a bug");
    };
    await expect(repeat(attempt, options(new ManualClock()))).rejects.toThrow("a bug");
    expect(attempts).toBe(1);
  });

  it("that ended because its call was stopped is not repeated", async () => {
    let attempts = 0;
    const stopped = new ApiError("stopped", { disposition: "retry", failure: "stopped" });
    const attempt = async (): Promise<never> => {
      attempts += 1;
      throw stopped;
    };
    await expect(repeat(attempt, options(new ManualClock()))).rejects.toBe(stopped);
    expect(attempts).toBe(1);
  });

  it.each([
    ["refused", failing("refuse")],
    ["ended by a fault of this program", new TypeError("a bug")],
    ["stopped while it waited for its turn", new ApiError("stopped", { disposition: "retry", failure: "stopped" })],
  ])("that is %s while the user stops says so itself", async (_, failure) => {
    const stop = new AbortController();
    const attempt = async (): Promise<never> => {
      stop.abort();
      throw failure;
    };
    await expect(repeat(attempt, options(new ManualClock(), { signal: stop.signal }))).rejects.toBe(failure);
  });

  it("that failed while the user stopped is called stopped, and says what was answered", async () => {
    const stop = new AbortController();
    const cause = new ApiError("busy", { disposition: "retry", failure: "server-error", status: 503 });
    const attempt = async (): Promise<never> => {
      stop.abort();
      throw cause;
    };
    await expect(repeat(attempt, options(new ManualClock(), { signal: stop.signal }))).rejects.toMatchObject({
      message: "stopped before it was made again: busy",
      disposition: "retry",
      failure: "stopped",
      status: 503,
      cause,
    });
  });

  it("stops waiting at once when the signal fires", async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    let attempts = 0;
    const attempt = async (): Promise<never> => {
      attempts += 1;
      throw failing("throttle", 3_600_000);
    };
    const result = repeat(attempt, options(clock, { signal: stop.signal }));
    await settle();
    stop.abort();
    await expect(result).rejects.toMatchObject({ disposition: "throttle", failure: "stopped" });
    expect({ attempts, at: clock.monotonic(), asleep: clock.sleeping }).toEqual({ attempts: 1, at: 0, asleep: 0 });
  });
});

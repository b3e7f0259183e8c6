/** The pacer in a closed loop with servers that count calls in the ways Google is known to: what it uses, and what is refused. */
import { describe, expect, it } from "vitest";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import type { PacedCall } from "../../src/google/pacer.ts";
import type { Quota } from "../../src/google/pace.ts";
import { ManualClock, startOfTest } from "../support/clock.ts";

const minute = 60_000;
const call: PacedCall = { service: "data-studio", kind: "write", actor: "anna@acme.example" };

/** Whether a call at `now` is within `limit` a minute; counts it if so. */
type Meter = (now: number, limit: number) => boolean;

const meters: Readonly<Record<string, () => Meter>> = {
  "the minute of the clock": () => {
    let current = -1;
    let used = 0;
    return (now, limit) => {
      if (Math.floor(now / minute) !== current) {
        current = Math.floor(now / minute);
        used = 0;
      }
      used += 1;
      return used <= limit;
    };
  },
  "any sliding minute": () => {
    const times: number[] = [];
    return (now, limit) => {
      while (times.length > 0 && (times[0] ?? 0) <= now - minute) times.shift();
      if (times.length >= limit) return false;
      times.push(now);
      return true;
    };
  },
  "a bucket of ten seconds' worth": () => {
    let tokens = 0;
    let filledAt = 0;
    return (now, limit) => {
      tokens = Math.min(limit / 6, tokens + ((now - filledAt) * limit) / minute);
      filledAt = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    };
  },
};

interface Loop {
  readonly meter: Meter;
  /** Calls a minute the server permits, at a time. */
  readonly limitAt: (now: number) => number;
  readonly quota: Quota;
  readonly tellsLimit?: boolean;
  readonly minutes: number;
}

/** Sixteen workers that send as fast as they may, each call taking 80 ms; what became of the calls after the first minute. */
async function inLoop(loop: Loop): Promise<{ readonly used: number; readonly refused: number }> {
  const clock = new ManualClock(startOfTest, 1);
  const pacer = new Pacer(clock, { ...noRates, project: { ...noRates.project, writes: loop.quota } });
  const end = loop.minutes * minute;
  let accepted = 0;
  let refused = 0;
  const work = async (): Promise<void> => {
    while (clock.monotonic() < end) {
      await pacer.take(call);
      const sentAt = clock.monotonic();
      const isFirstMinute = sentAt < minute;
      await clock.sleep(40);
      const limit = loop.limitAt(clock.monotonic());
      const isPermitted = loop.meter(clock.monotonic(), limit);
      await clock.sleep(40);
      if (isPermitted) pacer.succeeded(call, sentAt);
      else {
        const quotaPerMinute = loop.tellsLimit === true ? limit : undefined;
        pacer.throttled(call, { sentAt, retryAfterMs: undefined, quotaPerMinute, quotaOf: "project" });
      }
      if (!isFirstMinute && isPermitted) accepted += 1;
      if (!isFirstMinute && !isPermitted) refused += 1;
    }
  };
  for (let worker = 0; worker < 16; worker += 1) work().catch(() => undefined);
  await clock.advance(end);
  pacer.close();
  let permitted = 0;
  for (let at = minute; at < end; at += 1000) permitted += loop.limitAt(at) / 60;
  return { used: accepted / permitted, refused: refused / (accepted + refused) };
}

describe.each(Object.entries(meters))("a server that counts %s", (_name, makeMeter) => {
  const steady = { meter: undefined, limitAt: (): number => 600, minutes: 6 };

  it("of a known quota is used to 98.5 % and refuses nothing", async () => {
    const { used, refused } = await inLoop({ ...steady, meter: makeMeter(), quota: { perMinute: 600, known: true } });
    expect(used).toBeGreaterThan(0.985);
    expect(refused).toBe(0);
  });

  it.each([
    ["guessed too high", 2000, false],
    ["guessed too low", 300, false],
    ["not paced at first", Infinity, false],
    ["guessed too high, when the server says its limit", 2000, true],
  ])("of an unknown quota, %s, is used to 95 % and refuses under 1 %", async (_case, perMinute, tellsLimit) => {
    const { used, refused } = await inLoop({
      ...steady,
      meter: makeMeter(),
      quota: { perMinute, known: false },
      tellsLimit,
      minutes: 15,
    });
    expect(used).toBeGreaterThan(0.95);
    expect(refused).toBeLessThan(0.01);
  });

  it("of a quota that swings between 600 and 300 is used to 80 % and refuses under 1 %", async () => {
    const limitAt = (now: number): number => (Math.floor(now / (5 * minute)) % 2 === 0 ? 600 : 300);
    const { used, refused } = await inLoop({
      meter: makeMeter(),
      limitAt,
      quota: { perMinute: 600, known: false },
      minutes: 20,
    });
    expect(used).toBeGreaterThan(0.8);
    expect(refused).toBeLessThan(0.01);
  });
});

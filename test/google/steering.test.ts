/** A pace in the hands of a person: held, let go, and given another rate while calls wait; quotas and deadlines stand. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import type { PacedCall, Rates } from "../../src/google/pacer.ts";
import { ManualClock, settle } from "../support/clock.ts";

const write: PacedCall = { service: "data-studio", kind: "write", actor: "a" };
const token: PacedCall = { service: "token", kind: "read", actor: "a" };

function writesAt(perMinute: number): Rates {
  return { ...noRates, project: { ...noRates.project, writes: { perMinute, known: true } } };
}

function take(pacer: Pacer, clock: ManualClock, call: PacedCall, count: number): number[] {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    void pacer.take(call).then(
      () => times.push(clock.monotonic()),
      () => undefined,
    );
  }
  return times;
}

describe("a paused pacer", () => {
  it.each([
    ["with a quota", writesAt(60)],
    ["without one", noRates],
  ])("lets nothing pass, whoever comes and however long it takes, and all of it afterwards: %s", async (_, rates) => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, rates);
    pacer.pause(true);
    const [writes, tokens] = [take(pacer, clock, write, 3), take(pacer, clock, token, 3)];
    await clock.advance(3_600_000);
    expect([writes, tokens]).toEqual([[], []]);
    expect(clock.sleeping).toBe(0);
    pacer.pause(false);
    await clock.advance(5_000);
    expect([writes.length, tokens.length]).toEqual([3, 3]);
  });

  it("holds those back as well whose turn was given and who have not left", async () => {
    const pacer = new Pacer(new ManualClock(), noRates);
    await pacer.take(write);
    pacer.pause(true);
    expect(pacer.isHeldBack(write)).toBe(true);
    pacer.pause(false);
    expect(pacer.isHeldBack(write)).toBe(false);
  });

  it("makes up for nothing: what was not sent meanwhile does not come at once", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, writesAt(60));
    const times = take(pacer, clock, write, 40);
    await clock.advance(10_000);
    pacer.pause(true);
    await clock.advance(600_000);
    pacer.pause(false);
    const before = times.length;
    await clock.advance(10_000);
    expect(times.length - before).toBeLessThanOrEqual(11);
  });

  it("does not shorten what the server asked for", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, noRates);
    pacer.throttled(write, { sentAt: 0, retryAfterMs: 60_000, quotaPerMinute: undefined, quotaOf: "project" });
    const times = take(pacer, clock, write, 1);
    pacer.pause(true);
    await clock.advance(20_000);
    pacer.pause(false);
    pacer.setRate("writes", 6000);
    await clock.advance(39_000);
    expect(times).toEqual([]);
    await clock.advance(2_000);
    expect(times).toHaveLength(1);
  });

  it("sends those away who wait when they are told to stop", async () => {
    const pacer = new Pacer(new ManualClock(), noRates);
    pacer.pause(true);
    const stop = new AbortController();
    const taking = pacer.take(write, stop.signal);
    stop.abort();
    await expect(taking).rejects.toMatchObject({ failure: "stopped" });
    await settle();
  });
});

describe("another rate", () => {
  it("is never exceeded in a sliding minute: no more than the highest rate that stood in it", async () => {
    const changes = fc.array(
      fc.record({
        afterMs: fc.integer({ min: 0, max: 45_000 }),
        perMinute: fc.integer({ min: 2, max: 240 }),
        isPaused: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const clock = new ManualClock(undefined, 1);
        const pacer = new Pacer(clock, writesAt(30));
        const stood: { readonly from: number; readonly perMinute: number }[] = [{ from: 0, perMinute: 30 }];
        const times = take(pacer, clock, write, 2000);
        for (const { afterMs, perMinute, isPaused } of list) {
          await clock.advance(afterMs);
          pacer.pause(isPaused);
          pacer.setRate("writes", perMinute);
          stood.push({ from: clock.monotonic(), perMinute });
        }
        await clock.advance(60_000);
        pacer.close();
        for (const at of times) {
          const sent = times.filter((time) => time > at - 60_000 && time <= at).length;
          const rates = stood.filter(
            ({ from }, index) => from <= at && (stood[index + 1]?.from ?? Infinity) >= at - 60_000,
          );
          expect(sent).toBeLessThanOrEqual(Math.max(...rates.map(({ perMinute }) => perMinute)));
        }
      }),
      { numRuns: 60 },
    );
  });

  it("above what Google has taught does not unteach it", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, noRates);
    await pacer.take(write);
    await clock.advance(1000);
    pacer.throttled(write, { sentAt: 500, retryAfterMs: undefined, quotaPerMinute: 60, quotaOf: "project" });
    pacer.setRate("writes", 6000);
    const writes = pacer.state().gates.find(({ gate }) => gate === "writes");
    expect(writes?.perMinute).toBeLessThanOrEqual(60);
    expect(pacer.remember().gates).toMatchObject([{ gate: "writes", limitPerMinute: 60 }]);
  });
});

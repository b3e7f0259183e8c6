/** What a run keeps of its calls: sums that are right however it is cut, a size that stays, and no trust in what was kept. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTelemetry, telemetryText } from "../../src/model/telemetry-text.ts";
import { Telemetry } from "../../src/model/telemetry.ts";
import type { CallBucket, TelemetryView } from "../../src/model/telemetry.ts";

const start = Date.UTC(2026, 10, 21, 9);

function sum({ buckets }: TelemetryView, of: (bucket: CallBucket) => number): number {
  return buckets.reduce((total, bucket) => total + of(bucket), 0);
}

const calls = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 2_000_000 }),
    ms: fc.integer({ min: 0, max: 90_000 }),
    isWrite: fc.boolean(),
    isThrottle: fc.boolean(),
  }),
  { maxLength: 1500 },
);

type Made = readonly {
  readonly at: number;
  readonly ms: number;
  readonly isWrite: boolean;
  readonly isThrottle: boolean;
}[];

function recorded(list: Made): Telemetry {
  const telemetry = new Telemetry();
  for (const { at, ms, isWrite, isThrottle } of list) telemetry.called(start + at, ms, isWrite, isThrottle);
  return telemetry;
}

describe("the calls of a run", () => {
  it("are all counted, in at most 600 stretches of time, however many and however far apart", () => {
    fc.assert(
      fc.property(calls, (list) => {
        const view = recorded(list).view();
        expect(view.buckets.length).toBeLessThanOrEqual(600);
        expect(sum(view, (bucket) => bucket.calls)).toBe(list.length);
        expect(sum(view, ({ writes }) => writes)).toBe(list.filter(({ isWrite }) => isWrite).length);
        expect(sum(view, ({ throttles }) => throttles)).toBe(list.filter(({ isThrottle }) => isThrottle).length);
        for (const bucket of view.buckets) {
          const within = list.filter(({ at }) => start + at >= bucket.at && start + at < bucket.at + view.bucketMs);
          expect(bucket.calls).toBe(within.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("are the same whether one process counts them, or a later one goes on from what was kept", () => {
    fc.assert(
      fc.property(calls, fc.nat(), (list, cut) => {
        const at = list.length === 0 ? 0 : cut % list.length;
        const first = recorded(list.slice(0, at));
        const later = parseTelemetry(telemetryText(first));
        const merged = recorded(list.slice(at));
        merged.merge(first);
        for (const { at: when, ms, isWrite, isThrottle } of list.slice(at)) {
          later?.called(start + when, ms, isWrite, isThrottle);
        }
        expect(later?.view()).toEqual(recorded(list).view());
        const widest = merged.view();
        expect(sum(widest, (bucket) => bucket.calls)).toBe(list.length);
      }),
      { numRuns: 60 },
    );
  });

  it("cost their place only: two days of quiet between them make no stretch", () => {
    const telemetry = recorded([]);
    telemetry.called(start, 10, true, false);
    telemetry.called(start + 2 * 86_400_000, 10, true, false);
    expect(telemetry.view()).toMatchObject({ bucketMs: 1000, buckets: [{ calls: 1 }, { calls: 1 }] });
  });

  it.each([
    [[5, 5, 5, 5], 5],
    [[...Array.from<number>({ length: 95 }).fill(40), 2000, 2000, 2000, 2000, 2000], 50],
    [[120_000], 60_000],
  ])("%j are within a slot of %d ms for 95 of 100", (times, most) => {
    const telemetry = new Telemetry();
    for (const ms of times) telemetry.called(start, ms, false, false);
    const { p95Ms = Number.NaN } = telemetry.view().buckets[0] ?? {};
    expect(p95Ms).toBeLessThanOrEqual(most);
    expect(p95Ms).toBeGreaterThanOrEqual(most * 0.6);
  });
});

describe("what was permitted", () => {
  it("stands in every stretch from the first on, until it changes; no rate at all is none", () => {
    const telemetry = new Telemetry();
    telemetry.expects(5);
    telemetry.called(start, 10, true, false);
    telemetry.permits(start + 1000, 2);
    telemetry.called(start + 2000, 10, true, false);
    telemetry.permits(start + 3000, Infinity);
    expect(telemetry.view().buckets.map(({ permittedPerSecond }) => permittedPerSecond)).toEqual([5, 2, 2, undefined]);
  });
});

describe("spans while the server wanted no calls", () => {
  it("that touch are one, those that are over before they begin are none, and 200 are the most", () => {
    const telemetry = new Telemetry();
    telemetry.held(start, start + 1000.5, "slow down");
    telemetry.held(start + 900, start + 5000, "slow down");
    telemetry.held(start + 100, start + 50, "never");
    expect(telemetry.view().held).toEqual([{ from: start, to: start + 5000, reason: "slow down" }]);
    for (let index = 1; index <= 1000; index += 1) {
      telemetry.held(start + index * 10_000, start + index * 10_000 + 1, "again");
    }
    const { held } = telemetry.view();
    expect(held).toHaveLength(200);
    expect([held[0]?.from, held.at(-1)?.to]).toEqual([start, start + 10_000_001]);
  });
});

it("the twenty slowest steps are kept, each once, the slowest first", () => {
  const telemetry = new Telemetry();
  for (let seq = 1; seq <= 100; seq += 1) telemetry.ended({ seq, asset: `a${seq}`, ms: seq, calls: 1 });
  telemetry.ended({ seq: 7, asset: "a7", ms: 5000, calls: 9 });
  const { slowest } = telemetry.view();
  expect(slowest).toHaveLength(20);
  expect(slowest.slice(0, 3).map(({ seq, ms }) => [seq, ms])).toEqual([
    [7, 5000],
    [100, 100],
    [99, 99],
  ]);
});

describe("what was kept", () => {
  const whole = recorded([{ at: 0, ms: 5, isWrite: true, isThrottle: false }]);
  whole.held(start, start + 10, "slow down");
  whole.ended({ seq: 1, asset: "a", ms: 5, calls: 1 });
  const kept = JSON.parse(telemetryText(whole)) as Record<string, unknown> & { readonly buckets: unknown[][] };
  const [bucket = []] = kept.buckets;

  it("comes back as it was", () => {
    expect(parseTelemetry(telemetryText(whole))?.view()).toEqual(whole.view());
  });

  it.each<[string, unknown]>([
    ["no text", undefined],
    ["no JSON", "{"],
    ["a list", []],
    ["another version", { ...kept, version: 2 }],
    ["a width that is none", { ...kept, widthMs: 1500 }],
    ["a width beyond all bounds", { ...kept, widthMs: 1000 * 2 ** 40 }],
    ["no lists", { ...kept, held: "x" }],
    ["a count below nothing", { ...kept, buckets: [bucket.with(1, -1)] }],
    ["a count that is a text", { ...kept, buckets: [bucket.with(2, "9")] }],
    ["a time beyond all dates", { ...kept, buckets: [bucket.with(0, Number.MAX_SAFE_INTEGER)] }],
    ["too few slots", { ...kept, buckets: [bucket.with(6, [1])] }],
    ["a reason that is a number", { ...kept, held: [[1, 2, 3]] }],
    ["a step without a number", { ...kept, slowest: [["1", "a", 1, 1]] }],
  ])("is nothing when it is %s", (_, text) => {
    expect(
      parseTelemetry(typeof text === "string" || text === undefined ? text : JSON.stringify(text)),
    ).toBeUndefined();
  });
});

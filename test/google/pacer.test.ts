/** The gates on a hand-driven clock: evenly spaced, fair, never over a known quota, and quick to learn an unknown one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pacer, defaultRates, noRates } from "../../src/google/pacer.ts";
import type { GateName, PaceChange, PacedCall, Rates } from "../../src/google/pacer.ts";
import type { Quota } from "../../src/google/pace.ts";
import { ApiError } from "../../src/model/errors.ts";
import { ManualClock, settle } from "../support/clock.ts";

const knownAt = (perMinute: number): Quota => ({ perMinute, known: true });
const writeAs = (actor: string): PacedCall => ({ service: "data-studio", kind: "write", actor });
const readAs = (actor: string): PacedCall => ({ service: "data-studio", kind: "read", actor });

function rates(project: Partial<Rates["project"]>, actor: Partial<Rates["actor"]> = {}): Rates {
  return { project: { ...noRates.project, ...project }, actor: { ...noRates.actor, ...actor } };
}

/** Takes `count` turns at once and notes when each came. */
function take(pacer: Pacer, clock: ManualClock, call: PacedCall, count: number, times: number[] = []): number[] {
  for (let index = 0; index < count; index += 1) {
    void pacer.take(call).then(
      () => times.push(clock.monotonic()),
      () => undefined,
    );
  }
  return times;
}

describe("a gate", () => {
  it("starts empty, and then lets one call pass per interval", async () => {
    const clock = new ManualClock();
    const times = take(new Pacer(clock, rates({ writes: knownAt(60) })), clock, writeAs("a"), 4);
    await clock.advance(10_000);
    const interval = 60_000 / 59.4;
    expect(times).toEqual([1, 2, 3, 4].map((slot) => Math.ceil(slot * interval)));
  });

  it("makes up for a quarter of a second, and for no more", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, rates({ writes: knownAt(6000) }));
    await clock.advance(60_000);
    const times = take(pacer, clock, writeAs("a"), 100);
    await settle();
    expect(times.length).toBe(25);
  });

  it("answers at once, without a timer, when nothing is paced", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, noRates);
    expect(take(pacer, clock, writeAs("a"), 1000)).toHaveLength(0);
    await settle();
    expect(clock.sleeping).toBe(0);
    expect(pacer.state().limiting).toBeUndefined();
  });

  it("keeps one timer, however many wait", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, rates({ writes: knownAt(600) }, { writes: knownAt(60) }));
    for (let user = 0; user < 500; user += 1) take(pacer, clock, writeAs(`user${user}`), 10);
    await settle();
    expect(clock.sleeping).toBe(1);
    expect(pacer.state().limiting).toMatchObject({ gate: "writes", waiting: 5000 });
    pacer.close();
    await settle();
    expect(clock.sleeping).toBe(0);
  });

  it("lets users take turns", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, rates({ writes: knownAt(600) }));
    const order: string[] = [];
    const enqueue = (actor: string, count: number): void => {
      for (let index = 0; index < count; index += 1) void pacer.take(writeAs(actor)).then(() => order.push(actor));
    };
    enqueue("many", 50);
    enqueue("few", 3);
    await clock.advance(800);
    expect(order.filter((actor) => actor === "few")).toHaveLength(3);
  });

  it("does not let one user's quota hold up the others", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, rates({ writes: knownAt(600) }, { writes: knownAt(6) }));
    const slow = take(pacer, clock, writeAs("one"), 20);
    const others: number[] = [];
    for (let user = 0; user < 20; user += 1) take(pacer, clock, writeAs(`other${user}`), 1, others);
    await clock.advance(20_000);
    expect(slow).toHaveLength(1);
    expect(others).toHaveLength(20);
  });

  it("is apart for reads, writes, tokens, Directory and transfers", async () => {
    const clock = new ManualClock();
    const slow = knownAt(1);
    const pacer = new Pacer(
      clock,
      rates({ reads: slow, writes: slow, tokens: slow, directory: slow, transfers: slow }),
    );
    const calls: PacedCall[] = [
      readAs("a"),
      writeAs("a"),
      { service: "token", kind: "read", actor: "a" },
      { service: "directory", kind: "read", actor: "a" },
      { service: "data-transfer", kind: "write", actor: "a" },
    ];
    const times = calls.map((call) => take(pacer, clock, call, 1));
    await clock.advance(61_000);
    expect(times.flat()).toHaveLength(5);
  });

  it("sends away who waits when the signal fires, without using a slot up, and keeps no timer for nobody", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, rates({ writes: knownAt(60) }));
    const stop = new AbortController();
    const refused = Promise.allSettled(Array.from({ length: 100 }, () => pacer.take(writeAs("a"), stop.signal)));
    await clock.advance(500);
    stop.abort();
    const outcomes = await refused;
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { failure: "stopped", disposition: "retry" } });
    }
    await settle();
    expect(clock.sleeping).toBe(0);
    await expect(pacer.take(writeAs("a"), stop.signal)).rejects.toBeInstanceOf(ApiError);
    const times = take(pacer, clock, writeAs("b"), 1);
    await clock.advance(600);
    expect(times).toHaveLength(1);
  });

  it("takes a new rate at once, for those who wait already", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, rates({ writes: knownAt(1) }, { writes: knownAt(1) }));
    const times = take(pacer, clock, writeAs("a"), 10);
    await clock.advance(1000);
    pacer.setRate("writes", 6000);
    pacer.setRate("writes", 6000, "actor");
    await clock.advance(1000);
    expect(times).toHaveLength(10);
    expect(() => pacer.setRate("writes", 0)).toThrow(RangeError);
  });
});

describe("a known quota", () => {
  it("is never exceeded in any sliding minute, whatever arrives when, for the project and for each user", async () => {
    const arrivals = fc.array(
      fc.record({
        waitMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 20_000 })),
        count: fc.integer({ min: 1, max: 30 }),
        user: fc.integer({ min: 0, max: 2 }),
      }),
      { minLength: 1, maxLength: 15 },
    );
    const quota = fc.integer({ min: 1, max: 120 });
    await fc.assert(
      fc.asyncProperty(quota, quota, arrivals, async (project, user, batches) => {
        const clock = new ManualClock();
        const pacer = new Pacer(clock, rates({ writes: knownAt(project) }, { writes: knownAt(user) }));
        const byUser = [0, 1, 2].map((): number[] => []);
        for (const batch of batches) {
          await clock.advance(batch.waitMs);
          take(pacer, clock, writeAs(`user${batch.user}`), batch.count, byUser[batch.user]);
        }
        await clock.advance(100_000);
        pacer.setRate("writes", 1e9);
        pacer.setRate("writes", 1e9, "actor");
        const all = byUser.flat().toSorted((a, b) => a - b);
        expect(mostInAMinute(all)).toBeLessThanOrEqual(project);
        for (const times of byUser) expect(mostInAMinute(times)).toBeLessThanOrEqual(user);
      }),
      { numRuns: 40 },
    );
  });
});

/** The most calls in any closed window of 60 s. */
function mostInAMinute(times: readonly number[]): number {
  let most = 0;
  let first = 0;
  times.forEach((time, index) => {
    while ((times[first] ?? 0) < time - 60_000) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return most;
}

describe("a refusal", () => {
  const refusal = { retryAfterMs: undefined, quotaPerMinute: undefined, quotaOf: "project" } as const;

  it("with Retry-After closes the gate till then, and then lets calls pass one by one", async () => {
    const clock = new ManualClock();
    const changes: PaceChange[] = [];
    const pacer = new Pacer(clock, rates({ writes: knownAt(600) }));
    pacer.onChange((change) => changes.push(change));
    await clock.advance(1000);
    pacer.throttled(writeAs("a"), { ...refusal, sentAt: 900, retryAfterMs: 30_000 });
    const times = take(pacer, clock, writeAs("b"), 3);
    const reads = take(pacer, clock, readAs("b"), 1);
    expect(pacer.state().gates.find(({ gate }) => gate === "writes")).toMatchObject({
      blockedUntilMs: clock.now() + 30_000,
      reason: "Google asked to slow down",
    });
    await clock.advance(29_999);
    expect(times).toEqual([]);
    expect(reads).toHaveLength(1);
    await clock.advance(1000);
    expect(times).toEqual([31_000]);
    pacer.succeeded(writeAs("b"), 31_000);
    await clock.advance(1000);
    expect(times).toHaveLength(3);
    expect(changes[0]).toMatchObject({ gate: "writes", actor: undefined, untilMs: expect.any(Number) as number });
  });

  it("is obeyed as long as the longest Retry-After says", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, noRates);
    pacer.throttled(writeAs("a"), { ...refusal, sentAt: 0, retryAfterMs: 60_000 });
    pacer.throttled(writeAs("a"), { ...refusal, sentAt: 0, retryAfterMs: 5000 });
    pacer.heldBack(writeAs("a"), 70_000);
    const times = take(pacer, clock, writeAs("a"), 1);
    await clock.advance(80_000);
    expect(times).toEqual([70_000]);
  });

  it("of a user's quota slows only that user", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, noRates);
    pacer.throttled(writeAs("hasty"), {
      ...refusal,
      sentAt: 0,
      quotaOf: "actor",
      quotaPerMinute: 60,
      retryAfterMs: 5000,
    });
    const hasty = take(pacer, clock, writeAs("hasty"), 10);
    const others = take(pacer, clock, writeAs("other"), 10);
    await clock.advance(4999);
    expect(others).toHaveLength(10);
    expect(hasty).toHaveLength(0);
    await clock.advance(100);
    expect(hasty).toEqual([5000]);
    pacer.succeeded(writeAs("hasty"), 5000);
    await clock.advance(3000);
    expect(hasty).toHaveLength(4);
    expect(pacer.state().gates.find(({ gate }) => gate === "writes")?.actorsSlowed).toBe(1);
  });

  it("of a user's quota also holds back who waits for the project's turn", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, noRates);
    pacer.throttled(writeAs("a"), { ...refusal, sentAt: 0 });
    const times = take(pacer, clock, writeAs("hasty"), 1);
    pacer.throttled(writeAs("hasty"), { ...refusal, sentAt: 0, quotaOf: "actor", retryAfterMs: 5000 });
    await clock.advance(4999);
    expect(times).toEqual([]);
    await clock.advance(1);
    expect(times).toEqual([5000]);
  });

  it("of many calls under way counts once", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, rates({ writes: { perMinute: 600, known: false } }));
    const times = take(pacer, clock, writeAs("a"), 300);
    await clock.advance(20_000);
    for (let index = 0; index < 20; index += 1) pacer.throttled(writeAs("a"), { ...refusal, sentAt: 19_900 });
    const writes = pacer.state().gates.find(({ gate }) => gate === "writes");
    expect(writes?.perMinute).toBeGreaterThan(180);
    expect(writes?.blockedUntilMs).toBe(clock.now() + 1000);
    expect(times.length).toBeGreaterThan(150);
  });
});

describe("what is remembered", () => {
  it("is gone on with by the next process: limits learned and waits asked for, of the project and of users", async () => {
    const clock = new ManualClock();
    const first = new Pacer(clock, rates({ writes: { perMinute: 600, known: false } }));
    const common = { sentAt: 0, retryAfterMs: undefined } as const;
    first.throttled(writeAs("a"), { ...common, quotaOf: "project", quotaPerMinute: 60 });
    first.throttled(readAs("b"), { ...common, quotaOf: "actor", quotaPerMinute: undefined, retryAfterMs: 90_000 });
    const memory: unknown = JSON.parse(JSON.stringify(first.remember()));

    const later = new ManualClock(clock.now() + 30_000);
    const second = new Pacer(later, rates({ writes: { perMinute: 600, known: false } }));
    second.recall(memory);
    const writes = take(second, later, writeAs("a"), 5);
    const reads = take(second, later, readAs("b"), 1);
    await later.advance(59_000);
    expect(reads).toEqual([]);
    await later.advance(2000);
    expect(reads).toHaveLength(1);
    expect(writes).toHaveLength(5);
    expect(second.state().gates[1]?.perMinute).toBeCloseTo(59.4);
  });

  it.each([undefined, null, 7, "x", {}, { gates: [{ gate: 1 }] }, { gates: [{ gate: "other", limitPerMinute: 1 }] }])(
    "is ignored when it is %j",
    (memory) => {
      const pacer = new Pacer(new ManualClock());
      pacer.recall(memory);
      expect(pacer.state().gates.map(({ perMinute }) => perMinute)).toEqual(
        (["reads", "writes", "directory", "transfers", "tokens"] as GateName[]).map(
          (gate) => defaultRates.project[gate].perMinute * 0.99,
        ),
      );
    },
  );

  it("cannot stop a run for more than an hour, should the clock have been turned back", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, noRates);
    pacer.recall({ gates: [{ gate: "writes", notBeforeMs: clock.now() + 1e12 }] });
    const times = take(pacer, clock, writeAs("a"), 1);
    await clock.advance(3_600_000);
    expect(times).toEqual([3_600_000]);
  });
});

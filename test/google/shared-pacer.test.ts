/** Gates shared by several workers, on one hand-driven clock: one quota between them, one slow-down, and nothing without a slot. */
import { describe, expect, it } from "vitest";
import { noRates } from "../../src/google/pacer.ts";
import type { PacedCall, Rates } from "../../src/google/pacer.ts";
import { SharedPacer } from "../../src/google/shared-pacer.ts";
import { ApiError } from "../../src/model/errors.ts";
import { CellsInMemory } from "../support/cells.ts";
import { ManualClock, settle } from "../support/clock.ts";

const writeAs = (actor: string): PacedCall => ({ service: "data-studio", kind: "write", actor });

function known(perMinute: number, perActor = Infinity): Rates {
  return {
    project: { ...noRates.project, writes: { perMinute, known: true } },
    actor: { ...noRates.actor, writes: { perMinute: perActor, known: perActor < Infinity } },
  };
}

interface Fleet {
  readonly clock: ManualClock;
  readonly cells: CellsInMemory;
  readonly pacers: readonly SharedPacer[];
  /** When each call passed, in order. */
  readonly passed: number[];
  /** Calls wait at every worker all the while. */
  readonly keepAsking: (worker: number, actor: string, atOnce: number) => void;
}

function fleet(rates: Rates, workers = 4, delayMs = 3): Fleet {
  const clock = new ManualClock();
  const cells = new CellsInMemory(clock, 86_400_000, delayMs);
  const passed: number[] = [];
  const pacers = Array.from({ length: workers }, () => new SharedPacer({ clock, cells, scope: "project", rates }));
  const keepAsking = (worker: number, actor: string, atOnce: number): void => {
    const again = async (): Promise<void> => {
      for (;;) {
        await pacers[worker]?.take(writeAs(actor));
        passed.push(clock.monotonic());
      }
    };
    for (let index = 0; index < atOnce; index += 1) void again().catch(() => undefined);
  };
  return { clock, cells, pacers, passed, keepAsking };
}

/** The most calls in any stretch of `ms`. */
function most(passed: readonly number[], ms: number): number {
  let first = 0;
  let max = 0;
  for (const [index, at] of passed.entries()) {
    while ((passed[first] ?? 0) <= at - ms) first += 1;
    max = Math.max(max, index - first + 1);
  }
  return max;
}

describe("gates shared by four workers", () => {
  it.each([60, 600, 3000])("never exceed %i a minute in any minute, and use nearly all of it", async (perMinute) => {
    const { clock, passed, keepAsking } = fleet(known(perMinute));
    for (const worker of [0, 1, 2, 3]) keepAsking(worker, `user${worker}`, 8);
    const minutes = 2;
    await clock.advance(minutes * 60_000);
    expect(most(passed, 60_000)).toBeLessThanOrEqual(perMinute);
    expect(passed.length).toBeGreaterThanOrEqual(0.97 * minutes * perMinute);
  });

  it("start empty, and after all have died go on where they were", async () => {
    const first = fleet(known(600));
    first.keepAsking(0, "a", 4);
    await first.clock.advance(99);
    expect(first.passed).toHaveLength(0);
    await first.clock.advance(1000);
    for (const pacer of first.pacers) pacer.close();
    const { clock, cells, passed } = first;
    const later = new SharedPacer({ clock, cells, scope: "project", rates: known(600) });
    for (let call = 0; call < 50; call += 1) void later.take(writeAs("b")).then(() => passed.push(clock.monotonic()));
    await clock.advance(2000);
    expect(most(passed, 1000)).toBeLessThanOrEqual(12);
  });

  it("keep to the limit of one user wherever he is acted as, and let others pass meanwhile", async () => {
    const { clock, pacers } = fleet(known(600, 60));
    const byActor = new Map<string, number[]>([
      ["slow", []],
      ["quick", []],
    ]);
    for (const pacer of pacers) {
      for (const [actor, times] of byActor) {
        void (async () => {
          for (;;) {
            await pacer.take(writeAs(actor));
            times.push(clock.monotonic());
          }
        })().catch(() => undefined);
      }
    }
    await clock.advance(120_000);
    for (const times of byActor.values()) {
      expect(most(times, 60_000)).toBeLessThanOrEqual(60);
      expect(times.length).toBeGreaterThan(110);
    }
  });

  it("all wait as long as the server has asked one of them to", async () => {
    const { clock, pacers, passed, keepAsking } = fleet(known(600));
    for (const worker of [0, 1, 2, 3]) keepAsking(worker, "a", 4);
    await clock.advance(5000);
    const sentAt = clock.monotonic();
    pacers[2]?.throttled(writeAs("a"), { sentAt, retryAfterMs: 30_000, quotaPerMinute: undefined, quotaOf: "project" });
    expect(pacers[2]?.isHeldBack(writeAs("a"))).toBe(true);
    // What the others have in hand reaches a second ahead.
    await clock.advance(1200);
    const before = passed.length;
    await clock.advance(28_000);
    expect(passed.length).toBe(before);
    await clock.advance(10_000);
    expect(passed.length).toBeGreaterThan(before);
  });

  it("slow down together when one of them is refused, and speed up again", async () => {
    const rates = { ...noRates, project: { ...noRates.project, writes: { perMinute: 6000, known: false } } };
    const { clock, pacers, passed, keepAsking } = fleet(rates);
    for (const worker of [0, 1, 2, 3]) keepAsking(worker, "a", 4);
    await clock.advance(2000);
    const sentAt = clock.monotonic();
    pacers[0]?.throttled(writeAs("a"), { sentAt, retryAfterMs: 1000, quotaPerMinute: 600, quotaOf: "project" });
    await clock.advance(2000);
    for (const pacer of pacers) pacer.succeeded(writeAs("a"), clock.monotonic());
    await clock.advance(2000);
    const before = passed.length;
    await clock.advance(10_000);
    expect(passed.length - before).toBeLessThanOrEqual(100);
    expect(passed.length - before).toBeGreaterThan(90);
    expect(pacers[3]?.standings().find(({ gate }) => gate === "writes")?.perMinute).toBeCloseTo(594);
  });

  it("take the rate that is set by hand from all of them", async () => {
    const { clock, pacers, passed, keepAsking } = fleet(known(6000));
    for (const worker of [0, 1, 2, 3]) keepAsking(worker, "a", 8);
    await clock.advance(3000);
    pacers[1]?.setRate("writes", 60);
    await clock.advance(1500);
    const before = passed.length;
    await clock.advance(20_000);
    expect(passed.length - before).toBeLessThanOrEqual(21);
  });

  it.each([0, -1, NaN])("take no rate of %d", (perMinute) => {
    const { pacers } = fleet(known(600), 1);
    expect(() => pacers[0]?.setRate("writes", perMinute)).toThrow(
      new RangeError(`a rate of ${perMinute} a minute lets nothing pass`),
    );
  });

  it("say where a rate set by hand comes from, and tell whoever listens, for as long as they do", async () => {
    const { clock, pacers } = fleet(noRates, 2);
    const told: (readonly [string, number])[] = [];
    const off = pacers[0]?.onChange(({ gate, perSecond }) => told.push([gate, perSecond]));
    void pacers[0]?.take(writeAs("a"));
    await clock.advance(100);
    pacers[0]?.setRate("writes", 600);
    await clock.advance(1000);
    expect(pacers[0]?.standings().find(({ gate }) => gate === "writes")).toMatchObject({
      perMinute: 594,
      rateSource: "set",
    });
    off?.();
    pacers[0]?.setRate("writes", 60);
    await clock.advance(1000);
    expect(told).toEqual([["writes", 9.9]]);
  });

  it("hold back calls of one kind alone when the server asks for a wait, at each worker as soon as it looks", async () => {
    const { clock, pacers, passed } = fleet(noRates, 2);
    const read: PacedCall = { ...writeAs("a"), kind: "read" };
    const take = (worker: number, call: PacedCall): void =>
      void pacers[worker]?.take(call).then(() => passed.push(clock.monotonic()));
    pacers[0]?.heldBack(writeAs("a"), 5000);
    expect([pacers[0]?.isHeldBack(writeAs("b")), pacers[0]?.isHeldBack(read)]).toEqual([true, false]);
    take(0, writeAs("a"));
    take(1, writeAs("a"));
    take(0, read);
    await clock.advance(4900);
    expect(passed).toHaveLength(1);
    await clock.advance(200);
    expect(passed).toHaveLength(3);
  });

  it("let nothing of a worker pass that is paused, of any kind, and the others go on", async () => {
    const { clock, pacers } = fleet(noRates, 2);
    const passed: string[] = [];
    const calls: readonly PacedCall[] = [writeAs("a"), { ...writeAs("a"), kind: "read" }];
    pacers[0]?.pause(true);
    for (const worker of [0, 1])
      for (const call of calls) void pacers[worker]?.take(call).then(() => passed.push(`${worker} ${call.kind}`));
    await clock.advance(10_000);
    expect(passed.toSorted()).toEqual(["1 read", "1 write"]);
    pacers[0]?.pause(false);
    await clock.advance(100);
    expect(passed.slice(2).toSorted()).toEqual(["0 read", "0 write"]);
  });

  it("keep to the stricter of two workers' settings", async () => {
    const { clock, cells, passed, keepAsking } = fleet(known(6000));
    keepAsking(0, "a", 8);
    await clock.advance(2000);
    const newcomer = new SharedPacer({ clock, cells, scope: "project", rates: known(120) });
    void newcomer.take(writeAs("b"));
    await clock.advance(1500);
    const before = passed.length;
    await clock.advance(10_000);
    expect(passed.length - before).toBeLessThanOrEqual(21);
  });

  it("let nothing pass while the store cannot be reached, and go on afterwards", async () => {
    const { clock, cells, passed, keepAsking } = fleet(known(600));
    keepAsking(0, "a", 8);
    await clock.advance(3000);
    cells.isDown = true;
    await clock.advance(1500);
    const before = passed.length;
    await clock.advance(60_000);
    expect(passed.length).toBe(before);
    cells.isDown = false;
    await clock.advance(10_000);
    expect(passed.length).toBeGreaterThan(before);
    expect(most(passed, 60_000)).toBeLessThanOrEqual(600);
  });

  it("ask rarely where nothing is paced", async () => {
    const { clock, cells, pacers } = fleet(noRates, 1);
    for (let call = 0; call < 1000; call += 1) {
      void pacers[0]?.take(writeAs("a"));
      await settle(1);
    }
    await clock.advance(500);
    expect(cells.changes).toBeLessThan(20);
  });

  it("send away whoever is asked to stop", async () => {
    const { clock, pacers } = fleet(known(1));
    const stop = new AbortController();
    const turn = pacers[0]?.take(writeAs("a"), stop.signal);
    await clock.advance(100);
    stop.abort();
    await expect(turn).rejects.toThrow(ApiError);
    const other = pacers[1]?.take(writeAs("a"));
    pacers[1]?.close();
    await expect(other).rejects.toThrow("nothing was sent");
  });

  it("learn again from cells that nobody can read", async () => {
    const { clock, cells, passed, keepAsking } = fleet(known(600));
    keepAsking(0, "a", 4);
    await clock.advance(2000);
    for (const key of cells.texts.keys()) cells.texts.set(key, "{");
    const before = passed.length;
    await clock.advance(2000);
    expect(passed.length).toBeGreaterThan(before);
  });
});

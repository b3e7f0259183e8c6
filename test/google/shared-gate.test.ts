/** One gate of one worker over cells that others share: who is held back, what is told, and what is known of those who wait. */
import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import type { PaceChange } from "../../src/google/pacer.ts";
import type { Quota } from "../../src/google/pace.ts";
import { SharedGate } from "../../src/google/shared-gate.ts";
import type { SharedGateOptions } from "../../src/google/shared-gate.ts";
import { CellsInMemory } from "../support/cells.ts";
import { ManualClock, startOfTest } from "../support/clock.ts";

const unlimited: Quota = { perMinute: Infinity, known: false };
const tenASecond: Quota = { perMinute: 606.06, known: true };

interface World {
  readonly clock: ManualClock;
  readonly cells: CellsInMemory;
  readonly changes: PaceChange[];
  readonly gate: SharedGate;
  /** Another worker's, over the same cells. */
  readonly another: (more?: Partial<SharedGateOptions>) => SharedGate;
  /** `actor` for each call that passed. */
  readonly passed: string[];
  readonly ask: (actor: string, calls?: number, gate?: SharedGate) => void;
}

function world(more: Partial<SharedGateOptions> & { readonly delayMs?: number } = {}): World {
  const { delayMs = 0, ...options } = more;
  const clock = new ManualClock();
  const cells = new CellsInMemory(clock, 5_000_000, delayMs);
  const changes: PaceChange[] = [];
  const another: World["another"] = (other = {}) =>
    new SharedGate({
      name: "writes",
      clock,
      cells,
      scope: "project",
      quota: unlimited,
      actorQuota: unlimited,
      announce: (change) => changes.push(change),
      ...options,
      ...other,
    });
  const passed: string[] = [];
  const gate = another();
  const ask: World["ask"] = (actor, calls = 1, of = gate) => {
    for (let call = 0; call < calls; call += 1)
      of.take(actor, undefined).then(
        () => passed.push(actor),
        () => undefined,
      );
  };
  return { clock, cells, changes, gate, another, passed, ask };
}

const refusal = (clock: ManualClock, more: object = {}): Parameters<SharedGate["throttled"]>[1] => ({
  sentAt: clock.monotonic(),
  retryAfterMs: 2000,
  quotaPerMinute: undefined,
  quotaOf: "project",
  ...more,
});

describe("a call", () => {
  it("passes at once, and asks the store once a second, where nothing is paced", async () => {
    const { clock, cells, passed, ask } = world();
    ask("a");
    await clock.advance(0);
    expect([passed.length, cells.changes]).toEqual([1, 1]);
    ask("a", 50);
    await clock.advance(999);
    expect([passed.length, cells.changes]).toEqual([51, 1]);
    await clock.advance(1);
    ask("a");
    await clock.advance(0);
    expect([passed.length, cells.changes]).toEqual([52, 2]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    "that comes %i turns of the queue after another passed is served",
    async (turns) => {
      const { clock, gate, passed, ask } = world({ quota: { perMinute: 6000, known: true } });
      await clock.advance(1000);
      void gate.take("a", undefined).then(async () => {
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        ask("b");
      });
      await clock.advance(1000);
      expect(passed).toEqual(["b"]);
    },
  );

  it("waits for its slot where there is a limit", async () => {
    const { clock, passed, ask } = world({ quota: tenASecond });
    ask("a", 30);
    await clock.advance(99);
    expect(passed).toHaveLength(0);
    await clock.advance(2);
    expect(passed).toHaveLength(1);
    await clock.advance(1000);
    expect(passed).toHaveLength(11);
  });

  it("waits for its user's slot where users are limited, and others pass meanwhile", async () => {
    const { clock, passed, ask } = world({ actorQuota: tenASecond });
    ask("a", 3);
    ask("b", 1);
    await clock.advance(105);
    expect(passed).toEqual(["a"]);
    await clock.advance(105);
    expect(passed.toSorted()).toEqual(["a", "a", "b"]);
    await clock.advance(105);
    expect(passed).toHaveLength(4);
  });

  it("is refused at once by who asked to stop before, and once the gate is closed", async () => {
    const { gate, cells } = world();
    const stop = new AbortController();
    stop.abort();
    await expect(gate.take("a", stop.signal)).rejects.toMatchObject({ disposition: "retry", failure: "stopped" });
    gate.close();
    await expect(gate.take("a", undefined)).rejects.toMatchObject({ failure: "stopped" });
    expect(cells.changes).toBe(0);
  });

  it("that is stopped while it waits is sent away, and its slot goes to nobody", async () => {
    const { clock, gate, passed, ask } = world({ quota: tenASecond });
    const stop = new AbortController();
    const turn = gate.take("a", stop.signal);
    ask("b");
    await clock.advance(50);
    stop.abort();
    await expect(turn).rejects.toMatchObject({ failure: "stopped" });
    await clock.advance(60);
    expect([passed, gate.standing().waiting]).toEqual([[], 1]);
    await clock.advance(100);
    expect(passed).toEqual(["b"]);
  });

  it("that has passed leaves nothing behind that listens to the stop", async () => {
    const { clock, gate } = world({ quota: tenASecond });
    const stop = new AbortController();
    const turn = gate.take("a", stop.signal);
    expect(getEventListeners(stop.signal, "abort")).toHaveLength(1);
    await clock.advance(200);
    await turn;
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  });

  it("that has passed minds no stop", async () => {
    const { clock, gate } = world({ quota: tenASecond });
    const stop = new AbortController();
    const turn = gate.take("a", stop.signal);
    await clock.advance(200);
    stop.abort();
    await expect(turn).resolves.toBeUndefined();
  });

  it("does not use a slot whose time went by on the way from the store", async () => {
    const { clock, passed, ask, cells } = world({ quota: tenASecond, delayMs: 400 });
    ask("a", 2);
    await clock.advance(800);
    // Due 100 ms after the look, told 400 ms after it.
    expect(passed).toHaveLength(0);
    expect(cells.changes).toBeGreaterThan(0);
  });

  it.each([
    ["used a little late", 140, 1],
    ["used as late as may be", 150, 1],
    ["lost when it is too late", 160, 0],
  ])("has its slot %s", async (_what, delayMs, calls) => {
    const { clock, passed, ask, cells } = world({ delayMs });
    ask("a");
    await clock.advance(2 * delayMs);
    expect([passed.length, cells.changes]).toEqual([calls, 1]);
  });
});

describe("a gate that is paused", () => {
  it("lets nothing pass, asks for nothing, and goes on where it was", async () => {
    const { clock, cells, gate, passed, ask } = world();
    ask("a");
    await clock.advance(0);
    gate.pause(true);
    const before = cells.changes;
    ask("a", 3);
    await clock.advance(60_000);
    expect([passed.length, cells.changes, gate.isHeldBack("a")]).toEqual([1, before, true]);
    gate.pause(false);
    await clock.advance(0);
    expect([passed.length, gate.isHeldBack("a")]).toEqual([4, false]);
  });

  it("gives up the slots in hand", async () => {
    const { clock, gate, passed, ask } = world({ quota: tenASecond });
    ask("a");
    await clock.advance(50);
    gate.pause(true);
    await clock.advance(5000);
    expect(passed).toHaveLength(0);
    gate.pause(false);
    await clock.advance(1000);
    expect(passed).toHaveLength(1);
  });
});

describe("a refusal", () => {
  it("of the project holds everybody back for as long as Google asks, other workers from their next look on", async () => {
    const { clock, gate, another, passed, ask } = world();
    const other = another();
    ask("a", 1, other);
    await clock.advance(1000);
    gate.throttled("a", refusal(clock));
    expect([gate.isHeldBack("a"), gate.isHeldBack("b"), other.isHeldBack("a")]).toEqual([true, true, false]);
    ask("b");
    ask("b", 1, other);
    await clock.advance(1999);
    expect([passed, gate.isHeldBack("b"), other.isHeldBack("a")]).toEqual([["a"], true, true]);
    await clock.advance(1);
    expect([gate.isHeldBack("b"), other.isHeldBack("a")]).toEqual([false, false]);
    await clock.advance(10_000);
    expect(passed).toHaveLength(3);
  });

  it("of one user holds that one back, and nobody else", async () => {
    const { clock, gate, passed, ask } = world();
    gate.throttled("a", refusal(clock, { quotaOf: "actor" }));
    expect([gate.isHeldBack("a"), gate.isHeldBack("b")]).toEqual([true, false]);
    ask("a");
    ask("b");
    await clock.advance(1500);
    expect(passed).toEqual(["b"]);
    await clock.advance(1500);
    expect(passed).toEqual(["b", "a"]);
  });

  it("is told to whoever listens: the gate, the user, how fast it goes on, and until when nothing passes", async () => {
    const { clock, gate, changes } = world({ quota: { perMinute: 6000, known: false } });
    gate.throttled("a", refusal(clock, { quotaPerMinute: 600 }));
    await clock.advance(10);
    expect(changes).toEqual([
      {
        gate: "writes",
        actor: undefined,
        perSecond: 9.9,
        reason: "writes: Google asked to slow down",
        untilMs: startOfTest + 2000,
        asked: false,
      },
    ]);
    gate.throttled("a", refusal(clock, { quotaOf: "actor" }));
    await clock.advance(10);
    expect(changes[1]).toMatchObject({ actor: "a", untilMs: startOfTest + 2010 });
  });

  it("that tells nothing new is told to nobody", async () => {
    const { clock, gate, changes } = world();
    const first = refusal(clock);
    await clock.advance(10);
    gate.throttled("a", first);
    await clock.advance(10);
    gate.throttled("a", { ...first, retryAfterMs: 1 });
    await clock.advance(10);
    expect(changes).toHaveLength(1);
  });

  it("takes a slot in hand away, of those it is about", async () => {
    const { clock, gate, passed, ask } = world({ quota: tenASecond });
    ask("a");
    ask("b");
    await clock.advance(50);
    gate.throttled("a", refusal(clock, { quotaOf: "actor" }));
    await clock.advance(1000);
    expect(passed).toEqual(["b"]);
  });

  it.each([
    ["a second", 1000, 1000],
    ["two seconds", 2000, 2000],
    ["nothing", undefined, 1000],
  ])(
    "is followed by one call to try, %s after it, whatever slots were in hand",
    async (_what, retryAfterMs, pauseMs) => {
      const { clock, gate } = world({ quota: { perMinute: 6000, known: false } });
      const passed: number[] = [];
      const take = (): void =>
        void gate.take("a", undefined).then(
          () => passed.push(clock.monotonic()),
          () => undefined,
        );
      for (let call = 0; call < 400; call += 1) take();
      await clock.advance(1000);
      gate.throttled("a", refusal(clock, { retryAfterMs }));
      const before = passed.length;
      await clock.advance(5999);
      const since = passed.slice(before).map((at) => at - 1000);
      // The next is tried only when that one has not been answered for five seconds.
      expect(since).toHaveLength(1);
      expect(since[0]).toBeGreaterThanOrEqual(pauseMs);
      expect(since[0]).toBeLessThan(pauseMs + 10);
    },
  );

  it("of one user leaves the others the slots they have", async () => {
    const { clock, gate, passed, ask } = world({ quota: tenASecond });
    ask("a");
    ask("b");
    await clock.advance(50);
    gate.throttled("a", refusal(clock, { quotaOf: "actor" }));
    await clock.advance(160);
    expect(passed).toEqual(["b"]);
  });

  it("of the project is nothing that users are limited by one by one", async () => {
    const { clock, cells, gate, ask } = world({ quota: tenASecond });
    gate.throttled("a", refusal(clock));
    ask("a");
    ask("b");
    await clock.advance(10);
    expect(cells.texts.size).toBe(1);
    gate.throttled("a", refusal(clock, { quotaOf: "actor" }));
    await clock.advance(10);
    expect(cells.texts.size).toBe(3);
  });

  it("holds back calls that nothing else limits, also once the store knows of it", async () => {
    const { clock, gate, passed, ask } = world();
    ask("a");
    await clock.advance(0);
    gate.throttled("a", refusal(clock));
    await clock.advance(500);
    ask("b", 3);
    await clock.advance(1499);
    expect(passed).toEqual(["a"]);
  });

  it("that asks for less than the one before shortens nothing", async () => {
    const { clock, gate } = world();
    for (const quotaOf of ["project", "actor"]) {
      gate.throttled("a", refusal(clock, { quotaOf, retryAfterMs: 5000 }));
      gate.throttled("a", refusal(clock, { quotaOf, retryAfterMs: 1000 }));
    }
    await clock.advance(4999);
    expect(gate.isHeldBack("a")).toBe(true);
    await clock.advance(1);
    expect(gate.isHeldBack("a")).toBe(false);
  });

  it("goes by the calls that passed while nothing limited them", async () => {
    const { clock, cells, gate, ask } = world();
    for (let second = 0; second < 60; second += 1) {
      cells.isDown = second % 7 === 1;
      ask("a", 20);
      await clock.advance(1000);
    }
    gate.throttled("a", refusal(clock));
    await clock.advance(10);
    // About 1,200 in the last minute; with nothing to go by it would begin with 300.
    expect(gate.standing().perMinute).toBeGreaterThan(1000);
    expect(gate.standing().perMinute).toBeLessThan(1250);
  });

  it("is told also while the gate is paused", async () => {
    const { clock, gate, changes, passed, ask } = world();
    gate.pause(true);
    ask("a");
    gate.throttled("a", refusal(clock));
    await clock.advance(10);
    expect([changes.length, passed.length]).toEqual([1, 0]);
  });

  it("met again by a call that was sent since slows down further", async () => {
    const { clock, gate, changes, ask } = world({ quota: { perMinute: 6000, known: false } });
    ask("a", 10_000);
    for (let round = 0; round < 2; round += 1) {
      await clock.advance(1000);
      gate.throttled("a", refusal(clock, { retryAfterMs: 1000 }));
      await clock.advance(1500);
      gate.succeeded("a", clock.monotonic());
    }
    const rates = changes.map(({ perSecond }) => Math.round(perSecond * 100) / 100);
    expect(rates.at(-1)).toBeLessThan(rates[0] ?? 0);
    expect(new Set(changes.map(({ actor }) => actor))).toEqual(new Set([undefined]));
  });

  it("without a wait still slows the gate down", async () => {
    const { clock, gate, changes } = world({ quota: { perMinute: 6000, known: false } });
    gate.throttled("a", refusal(clock, { retryAfterMs: undefined }));
    await clock.advance(10);
    expect(changes).toHaveLength(1);
    expect(changes[0]?.untilMs).toBeGreaterThan(startOfTest);
  });

  it("is over when a call that was sent after it is answered", async () => {
    const { clock, gate, changes, passed, ask } = world({ quota: { perMinute: 6000, known: false } });
    gate.throttled("a", refusal(clock, { retryAfterMs: 1000 }));
    ask("a", 20);
    await clock.advance(1500);
    // One at a time, to try.
    expect(passed).toHaveLength(1);
    gate.succeeded("a", clock.monotonic());
    await clock.advance(1000);
    expect(passed.length).toBeGreaterThan(2);
    expect(changes.at(-1)).toMatchObject({ actor: undefined, asked: false });
  });
});

describe("a success", () => {
  /** Met a limit of 600 a minute, recovered, and two minutes have passed in which every call succeeded. */
  async function recovered(waiting: number): Promise<World> {
    const given = world({ quota: { perMinute: 6000, known: false } });
    const { clock, gate, ask } = given;
    gate.throttled("a", refusal(clock, { retryAfterMs: 1000 }));
    for (let step = 0; step < 600; step += 1) {
      const missing = waiting - gate.standing().waiting;
      if (step % 10 === 0 || waiting > 1) ask("a", Math.max(waiting > 1 ? 0 : 1, missing));
      await clock.advance(200);
      gate.succeeded("a", clock.monotonic());
    }
    return given;
  }

  it("raises the rate while calls wait, which is told each time, of the project alone", async () => {
    const { gate, changes } = await recovered(20);
    const rates = changes.map(({ perSecond }) => perSecond);
    expect(rates.length).toBeGreaterThan(5);
    expect(rates).toEqual(rates.toSorted((a, b) => a - b));
    expect(new Set(changes.map(({ actor }) => actor))).toEqual(new Set([undefined]));
    expect(gate.standing()).toMatchObject({ perMinute: expect.closeTo(60 * (rates.at(-1) ?? 0)) as number });
    expect(changes.at(-1)?.untilMs).toBeUndefined();
  });

  it("raises nothing, and asks the store for nothing, while nobody waits", async () => {
    const { clock, cells, gate, changes } = world({ quota: { perMinute: 6000, known: false } });
    await clock.advance(120_000);
    const before = cells.changes;
    for (let call = 0; call < 100; call += 1) {
      gate.succeeded("a", clock.monotonic());
      await clock.advance(100);
    }
    expect([changes, cells.changes - before, gate.standing().perMinute]).toEqual([[], 0, 6000]);
  });
});

describe("a wait that Google asks for without a refusal", () => {
  it("holds everybody back, is told, and reaches the other workers", async () => {
    const { clock, gate, another, changes, passed, ask } = world();
    gate.heldBack(3000);
    expect([gate.isHeldBack("a"), gate.isHeldBack("b")]).toEqual([true, true]);
    await clock.advance(10);
    expect(changes).toMatchObject([{ gate: "writes", actor: undefined, untilMs: startOfTest + 3000 }]);
    const other = another();
    ask("a", 1, other);
    await clock.advance(2989);
    expect([passed.length, other.isHeldBack("a")]).toEqual([0, true]);
    await clock.advance(20);
    expect([passed.length, gate.isHeldBack("a")]).toEqual([1, false]);
  });

  it("holds back the worker's own calls that nothing else limits, also once the store knows of it", async () => {
    const { clock, gate, passed, ask } = world();
    gate.heldBack(3000);
    await clock.advance(500);
    ask("a", 3);
    await clock.advance(2499);
    expect(passed).toEqual([]);
    await clock.advance(100);
    expect(passed).toHaveLength(3);
  });

  it("that is shorter than the one before is told to nobody", async () => {
    const { clock, gate, changes } = world();
    gate.heldBack(3000);
    await clock.advance(10);
    gate.heldBack(1000);
    await clock.advance(10);
    expect(changes).toHaveLength(1);
    await clock.advance(1500);
    expect(gate.isHeldBack("a")).toBe(true);
  });
});

describe("a rate set by hand", () => {
  it("is told as such, holds from then on, and for the others as well", async () => {
    const { clock, gate, another, changes, passed, ask } = world();
    ask("a");
    await clock.advance(0);
    gate.setQuota(tenASecond);
    await clock.advance(0);
    expect(changes).toMatchObject([{ actor: undefined, asked: true, untilMs: undefined }]);
    expect(changes[0]?.perSecond).toBeCloseTo(10);
    const before = passed.length;
    ask("a", 10);
    ask("b", 10, another({ quota: tenASecond }));
    await clock.advance(1000);
    expect(passed.length - before).toBeLessThanOrEqual(11);
    expect(passed.length - before).toBeGreaterThanOrEqual(9);
  });

  it("lets no call pass freely from that moment on, however far the store is", async () => {
    const { clock, gate, passed, ask } = world({ delayMs: 40 });
    ask("a");
    await clock.advance(100);
    gate.setQuota(tenASecond);
    ask("a", 5);
    await clock.advance(50);
    expect(passed).toHaveLength(1);
  });

  it("that is in force already is told to nobody", async () => {
    const { clock, gate, changes } = world({ quota: tenASecond });
    gate.setQuota({ ...tenASecond });
    await clock.advance(10);
    expect(changes).toEqual([]);
  });
});

describe("how a gate stands", () => {
  it("is that calls wait for the project as soon as they do, and later where its rate comes from", async () => {
    const { clock, gate, ask } = world({ quota: { perMinute: 6000, known: false } });
    ask("a");
    expect(gate.standing()).toMatchObject({ waiting: 1, waitsFor: "project", rateSource: "set" });
    await clock.advance(100);
    expect(gate.standing().rateSource).toBe("guess");
    gate.throttled("a", refusal(clock));
    await clock.advance(100);
    expect(gate.standing().rateSource).toBe("learned");
  });

  it("is idle, at the rate it was given, before anybody asks", () => {
    const { gate } = world({ quota: tenASecond, actorQuota: { perMinute: 60, known: true } });
    expect(gate.standing()).toEqual({
      gate: "writes",
      waiting: 0,
      waitsFor: undefined,
      perMinute: 606.06,
      rateSource: "set",
      serverUntilMs: undefined,
      users: 0,
      user: undefined,
      usersUntilMs: undefined,
      usersPerMinute: 60,
      usersRateSource: "set",
    });
  });

  it("is that calls wait, for the project and until when, and as whom", async () => {
    const { clock, gate, ask } = world();
    gate.heldBack(5000);
    ask("a", 2);
    await clock.advance(10);
    expect(gate.standing()).toMatchObject({
      waiting: 2,
      waitsFor: "project",
      perMinute: Infinity,
      serverUntilMs: startOfTest + 5000,
      users: 1,
      user: "a",
      usersUntilMs: undefined,
      usersRateSource: "guess",
    });
    ask("b");
    expect(gate.standing()).toMatchObject({ waiting: 3, users: 2, user: undefined });
  });

  it("is that calls wait for their users, where all of those are held back, until the first is not", async () => {
    const { clock, gate, ask } = world();
    gate.throttled("a", refusal(clock, { quotaOf: "actor", retryAfterMs: 9000 }));
    gate.throttled("b", refusal(clock, { quotaOf: "actor", retryAfterMs: 4000 }));
    ask("a");
    ask("b");
    await clock.advance(10);
    expect(gate.standing()).toMatchObject({
      waiting: 2,
      waitsFor: "users",
      users: 2,
      usersUntilMs: startOfTest + 4000,
      serverUntilMs: undefined,
    });
    await clock.advance(5000);
    expect(gate.standing()).toMatchObject({ waiting: 1, user: "a", usersUntilMs: startOfTest + 9000 });
  });
});

describe("the cells", () => {
  it("are not shared with other projects, nor with other gates", async () => {
    const { clock, gate, another, passed, ask } = world();
    gate.heldBack(60_000);
    await clock.advance(10);
    ask("other project", 1, another({ scope: "other" }));
    ask("other gate", 1, another({ name: "reads" }));
    ask("same", 1, another());
    await clock.advance(1000);
    expect(passed.toSorted()).toEqual(["other gate", "other project"]);
  });

  it("name nobody", async () => {
    const { clock, cells, ask } = world({ actorQuota: tenASecond });
    ask("anna@acme.example");
    await clock.advance(10);
    expect(cells.texts.size).toBe(2);
    expect(JSON.stringify([...cells.texts])).not.toContain("anna");
  });

  it("that cannot be reached let nothing pass; what was to be told is told as soon as they can be", async () => {
    const { clock, cells, gate, changes, passed, ask } = world({ quota: tenASecond });
    cells.isDown = true;
    ask("a", 2);
    gate.heldBack(100);
    await clock.advance(30_000);
    expect([passed.length, changes.length]).toEqual([0, 0]);
    cells.isDown = false;
    await clock.advance(6000);
    expect([passed.length, changes.length]).toEqual([2, 1]);
  });

  it("that cannot be reached are asked less and less often, down to every five seconds", async () => {
    const { clock, cells, ask } = world();
    const asked: number[] = [];
    const change = cells.change.bind(cells);
    cells.change = (keys, work) => {
      asked.push(clock.monotonic());
      return change(keys, work);
    };
    cells.isDown = true;
    ask("a");
    await clock.advance(30_000);
    const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
    expect(pauses.slice(0, 8)).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000]);
    expect(new Set(pauses.slice(8))).toEqual(new Set([5000]));
  });

  it("are not asked any more by a gate that is closed, which sends everybody away", async () => {
    const { clock, cells, gate } = world({ quota: tenASecond });
    const turns = ["a", "b"].map((actor) => gate.take(actor, undefined));
    gate.close();
    for (const turn of turns) await expect(turn).rejects.toMatchObject({ failure: "stopped" });
    await clock.advance(0);
    const before = cells.changes;
    gate.heldBack(1000);
    gate.throttled("a", refusal(clock));
    await clock.advance(10_000);
    expect([cells.changes, gate.standing().waiting]).toEqual([before, 0]);
  });
});

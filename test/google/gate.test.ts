/** One gate, call by call: who passes when, who is woken for nothing, and what is left behind when nobody waits. */
import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { Gate } from "../../src/google/gate.ts";
import type { Quota } from "../../src/google/pace.ts";
import { ManualClock, settle } from "../support/clock.ts";

const unlimited: Quota = { perMinute: Infinity, known: false };
/** One slot a second; of a known quota, one in a hundred is left. */
const eachSecond: Quota = { perMinute: 60 / 0.99, known: true };
const eachTenSeconds: Quota = { perMinute: 6 / 0.99, known: true };

interface Trial {
  readonly clock: ManualClock;
  readonly gate: Gate;
  /** `who at ms`, in the order in which they passed. */
  readonly passed: string[];
  readonly refused: string[];
  readonly take: (who: string, signal?: AbortSignal) => void;
}

function trial(project: Quota = unlimited, actor: Quota = unlimited): Trial {
  const clock = new ManualClock(undefined, 1);
  const gate = new Gate(clock, project, actor);
  const passed: string[] = [];
  const refused: string[] = [];
  const take = (who: string, signal?: AbortSignal): void => {
    gate.take(who, signal).then(
      () => passed.push(`${who} at ${clock.monotonic()}`),
      () => refused.push(`${who} at ${clock.monotonic()}`),
    );
  };
  return { clock, gate, passed, refused, take };
}

describe("a call", () => {
  it("that nothing paces passes at once, and nothing is kept of its user", async () => {
    const { gate, passed, take } = trial();
    take("a");
    await settle();
    expect([passed, gate.waiting, [...gate.actors()], gate.knownActor("a")]).toEqual([["a at 0"], 0, [], undefined]);
  });

  it("uses up a slot of the project and one of its user", async () => {
    const { clock, gate, passed, take } = trial(eachSecond, eachTenSeconds);
    await clock.advance(60_000);
    take("a");
    take("a");
    take("b");
    await settle();
    expect(passed).toEqual(["a at 60000"]);
    expect(gate.project.opensAt(60_000)).toBe(60_750);
    expect(gate.actor("a").opensAt(60_000)).toBe(69_750);
    expect(gate.waiting).toBe(2);
    expect([...gate.actors()].map(([actor]) => actor)).toEqual(["a", "b"]);
    await clock.advance(10_000);
    expect(passed).toEqual(["a at 60000", "b at 60750", "a at 69750"]);
  });

  it("passes when its slot is open although its user has stopped, and is refused where it would have to wait", async () => {
    const { gate, passed, refused, take } = trial(eachSecond);
    const stopped = AbortSignal.abort();
    take("a", stopped);
    await settle();
    expect([passed, refused, gate.waiting]).toEqual([[], ["a at 0"], 0]);
    const open = trial();
    open.take("a", stopped);
    await settle();
    expect(open.passed).toEqual(["a at 0"]);
  });

  it("does not overtake those who wait, though a slot is open for it", async () => {
    const { clock, gate, passed, take } = trial(unlimited, unlimited);
    gate.pause(true);
    take("a");
    await settle();
    expect(gate.waiting).toBe(1);
    take("b");
    gate.pause(false);
    await clock.advance(0);
    expect(passed).toEqual(["a at 0", "b at 0"]);
  });
});

describe("those who wait", () => {
  it("pass one by one, users in turn, each user's calls in order", async () => {
    const { clock, passed, take } = trial(eachSecond);
    for (const who of ["a", "a", "a", "b", "c", "c"]) take(who);
    await clock.advance(10_000);
    expect(passed).toEqual([1, 2, 3, 4, 5, 6].map((second, index) => `${"abcaca"[index]} at ${second * 1000}`));
  });

  it("wait for their own user alone where the project has slots", async () => {
    const { clock, passed, take } = trial(unlimited, eachTenSeconds);
    for (const who of ["a", "a", "b"]) take(who);
    await clock.advance(25_000);
    expect(passed).toEqual(["a at 10000", "b at 10000", "a at 20000"]);
    // A user's slots are counted from the start of the gate, also for who comes late.
    take("c");
    await settle();
    expect(passed.at(-1)).toBe("c at 25000");
  });

  it("take up no slot once they have gone away", async () => {
    const { clock, gate, passed, refused, take } = trial(eachSecond);
    const stop = new AbortController();
    take("a", stop.signal);
    take("a");
    take("b", stop.signal);
    take("b");
    await clock.advance(500);
    stop.abort();
    await clock.advance(0);
    expect(refused).toEqual(["a at 500", "b at 500"]);
    expect(gate.waiting).toBe(2);
    await clock.advance(5000);
    expect(passed).toEqual(["a at 1000", "b at 2000"]);
  });

  it("leave a user's turn to the next when all of that user have gone away", async () => {
    const { clock, passed, take } = trial(eachSecond);
    const stop = new AbortController();
    take("a", stop.signal);
    take("b");
    stop.abort();
    await clock.advance(5000);
    expect(passed).toEqual(["b at 1000"]);
    take("a");
    await clock.advance(5000);
    expect(passed.at(-1)).toBe("a at 5000");
  });

  it("are woken in their turn although all who came before them have gone away", async () => {
    const { clock, gate, passed, take } = trial(eachSecond);
    const stop = new AbortController();
    take("a", stop.signal);
    stop.abort();
    await clock.advance(0);
    take("a");
    await clock.advance(5000);
    expect([passed, gate.waiting]).toEqual([["a at 1000"], 0]);
  });

  it("listen to a signal once, however many they are, and not any longer than they wait", async () => {
    const { clock, gate, passed, take } = trial(eachSecond);
    const { signal } = new AbortController();
    const listeners = (): number => getEventListeners(signal, "abort").length;
    for (const who of ["a", "b", "a"]) take(who, signal);
    expect(listeners()).toBe(1);
    await clock.advance(2000);
    expect([listeners(), passed.length]).toEqual([1, 2]);
    await clock.advance(1000);
    expect([listeners(), passed.length]).toEqual([0, 3]);
    for (let call = 0; call < 3; call += 1) take("a", signal);
    expect(listeners()).toBe(1);
    gate.close();
    expect(listeners()).toBe(0);
  });

  it("share one timer, which is as early as the first of them, and goes when the last has gone", async () => {
    const { clock, gate, take } = trial(unlimited, eachTenSeconds);
    const stop = new AbortController();
    take("a", stop.signal);
    await settle();
    expect([clock.sleeping, clock.nextWake]).toEqual([1, 10_000]);
    await clock.advance(1000);
    gate.setActorQuota(eachSecond);
    await clock.advance(0);
    take("b", stop.signal);
    await settle();
    expect(clock.sleeping).toBeLessThanOrEqual(1);
    take("a", stop.signal);
    await settle();
    stop.abort();
    await settle();
    expect([clock.sleeping, gate.waiting]).toEqual([0, 0]);
  });

  it("are all sent away when the gate closes, and others may come after them", async () => {
    const { clock, gate, passed, refused, take } = trial(eachSecond, eachTenSeconds);
    for (const who of ["a", "a", "b"]) take(who);
    await clock.advance(500);
    gate.close();
    await clock.advance(0);
    expect([refused.length, gate.waiting, clock.sleeping]).toEqual([3, 0, 0]);
    take("a");
    await clock.advance(20_000);
    expect(passed).toEqual(["a at 10000"]);
  });
});

describe("a pace that changes", () => {
  it("lets those pass earlier whose user's slots have moved, once and in their order", async () => {
    const { clock, gate, passed, take } = trial(unlimited, eachTenSeconds);
    for (const who of ["a", "b", "a"]) take(who);
    await clock.advance(2000);
    gate.setActorQuota(eachSecond);
    await clock.advance(100);
    expect(passed).toEqual(["a at 2000", "b at 2000"]);
    await clock.advance(30_000);
    expect(passed).toEqual(["a at 2000", "b at 2000", "a at 2750"]);
  });

  it("lets those pass later whose user is told to wait while they wait for the project", async () => {
    const { clock, gate, passed, take } = trial(eachSecond, unlimited);
    take("a");
    take("b");
    gate.actor("a").holdUntil(5500);
    await clock.advance(5000);
    expect(passed).toEqual(["b at 1000"]);
    await clock.advance(1000);
    expect(passed).toEqual(["b at 1000", "a at 5500"]);
  });

  it("is asked again when the slots of the project have moved", async () => {
    const { clock, gate, passed, take } = trial(eachTenSeconds);
    take("a");
    await clock.advance(3000);
    gate.project.setQuota(eachSecond, clock.monotonic());
    gate.reconsider();
    await clock.advance(0);
    expect(passed).toEqual(["a at 3000"]);
  });

  it("wakes nobody before the project may go on, however early the timer was", async () => {
    const { clock, gate, passed, take } = trial(eachSecond);
    take("a");
    await clock.advance(500);
    gate.project.holdUntil(7000);
    await clock.advance(6000);
    expect(passed).toEqual([]);
    await clock.advance(1000);
    expect(passed).toEqual(["a at 7000"]);
  });

  it("of a user is that of users to come as well", async () => {
    const { gate } = trial(unlimited, eachTenSeconds);
    expect(gate.actor("a").pace.perMinute).toBeCloseTo(6);
    gate.setActorQuota(eachSecond);
    expect([gate.actor("a"), gate.actor("b")].map(({ pace }) => Math.round(pace.perMinute))).toEqual([60, 60]);
  });
});

describe("a call that Google does not want now", () => {
  it.each([
    ["the server wants no calls of the project", (gate: Gate) => gate.project.holdUntil(500), "b"],
    ["the server wants no calls of the user", (gate: Gate) => gate.actor("a").holdUntil(500), "a"],
  ])("is one that comes while %s", async (_, hold, who) => {
    const { clock, gate } = trial();
    expect(gate.isHeldBack(who)).toBe(false);
    hold(gate);
    expect(gate.isHeldBack(who)).toBe(true);
    await clock.advance(499);
    expect(gate.isHeldBack(who)).toBe(true);
    await clock.advance(1);
    expect(gate.isHeldBack(who)).toBe(false);
  });

  it("is not one of another user, nor one that only waits for a slot", () => {
    const { gate } = trial(eachSecond);
    gate.actor("a").holdUntil(500);
    expect(gate.isHeldBack("b")).toBe(false);
    gate.pause(true);
    expect(gate.isHeldBack("b")).toBe(true);
  });
});

describe("a pause", () => {
  it("keeps no timer, and starts one again when it ends", async () => {
    const { clock, gate, passed, take } = trial(eachSecond);
    take("a");
    await settle();
    gate.pause(true);
    await clock.advance(10_000);
    expect([passed, clock.sleeping]).toEqual([[], 0]);
    take("b");
    await settle();
    expect(clock.sleeping).toBe(0);
    gate.pause(false);
    await clock.advance(750);
    expect(passed).toEqual(["a at 10000", "b at 10750"]);
  });
});

it("once there are very many users, those of whom nothing need be remembered make room for others", async () => {
  const { clock, gate } = trial();
  gate.pause(true);
  void gate.take("waiting", undefined);
  gate.actor("held").holdUntil(1e9);
  for (let user = 2; user < 4096; user += 1) gate.actor(`user${user}`);
  await clock.advance(250);
  gate.actor("user5");
  expect([...gate.actors()]).toHaveLength(4096);
  // Those who wait, and those who are held back, stay.
  gate.actor("one-more");
  expect([...gate.actors()].map(([actor]) => actor)).toEqual(["waiting", "held", "one-more"]);
});

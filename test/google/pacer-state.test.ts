/** What the pacer says of itself - how each gate stands, why, and when that changes - and what it makes of calls that wait. */
import { describe, expect, it } from "vitest";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import type { GateName, GateState, PaceChange, PacedCall, Rates } from "../../src/google/pacer.ts";
import { parsePacerMemory } from "../../src/google/pacer-memory.ts";
import type { Quota } from "../../src/google/pace.ts";
import { ManualClock, settle } from "../support/clock.ts";

const write: PacedCall = { service: "data-studio", kind: "write", actor: "a" };
const none = { retryAfterMs: undefined, quotaPerMinute: undefined, quotaOf: "project" } as const;

interface Trial {
  readonly clock: ManualClock;
  readonly pacer: Pacer;
  readonly changes: PaceChange[];
  readonly gate: (name?: GateName) => GateState;
}

function trial(writes: Quota = { perMinute: Infinity, known: false }, actor: Quota = noRates.actor.writes): Trial {
  const clock = new ManualClock(undefined, 1);
  const rates: Rates = { project: { ...noRates.project, writes }, actor: { ...noRates.actor, writes: actor } };
  const pacer = new Pacer(clock, rates);
  const changes: PaceChange[] = [];
  pacer.onChange((change) => changes.push(change));
  const gate = (name: GateName = "writes"): GateState =>
    pacer.state().gates.find((each) => each.gate === name) ?? expect.fail();
  return { clock, pacer, changes, gate };
}

describe("a gate as it stands", () => {
  it("is open and unpaced, or paced as configured, when nothing has happened", () => {
    const { gate } = trial({ perMinute: 100, known: true });
    expect(gate("reads")).toEqual({
      gate: "reads",
      perMinute: Infinity,
      waiting: 0,
      blockedUntilMs: undefined,
      actorsSlowed: 0,
      reason: "not paced",
    });
    expect([gate().perMinute, gate().reason]).toEqual([99, "as configured"]);
  });

  it("tells how many wait, and the gate most wait at is the one that limits", async () => {
    const { pacer, gate } = trial();
    expect(pacer.state().limiting).toBeUndefined();
    pacer.pause(true);
    void pacer.take(write);
    void pacer.take({ ...write, kind: "read" });
    expect(pacer.state().limiting).toEqual(gate("reads"));
    void pacer.take(write);
    expect([gate().waiting, pacer.state().limiting]).toEqual([2, gate()]);
    pacer.pause(false);
    await settle();
    expect([gate().waiting, pacer.state().limiting]).toEqual([0, undefined]);
  });

  it("says until when Google wants no calls, and no longer", async () => {
    const { clock, pacer, gate } = trial();
    const until = clock.now() + 500;
    pacer.heldBack(write, 500);
    expect([gate().blockedUntilMs, gate().reason]).toEqual([until, "Google asked to slow down"]);
    await clock.advance(499);
    expect(gate().blockedUntilMs).toBe(until);
    await clock.advance(1);
    expect([gate().blockedUntilMs, gate().reason]).toEqual([undefined, "not paced"]);
  });

  it("counts the users who are held to less, or held back", async () => {
    const { clock, pacer, gate } = trial();
    for (const actor of ["a", "b"]) {
      pacer.throttled({ ...write, actor }, { ...none, sentAt: 1, quotaOf: "actor", retryAfterMs: 100 });
    }
    expect(gate().actorsSlowed).toBe(2);
    await clock.advance(100);
    expect(gate().actorsSlowed).toBe(2);
    const held = new Pacer(clock, noRates);
    held.recall({ gates: [{ gate: "writes", actor: "a", notBeforeMs: clock.now() + 100 }] });
    const slowed = (): number | undefined => held.state().gates[1]?.actorsSlowed;
    expect(slowed()).toBe(1);
    await clock.advance(100);
    expect(slowed()).toBe(0);
  });

  it("gives the reason of its pace, whatever it is", async () => {
    const { clock, pacer, gate } = trial({ perMinute: 600, known: false });
    const reasons: string[] = [];
    const note = async (): Promise<void> => {
      await clock.advance(4000);
      reasons.push(gate().reason);
    };
    await clock.advance(1000);
    pacer.throttled(write, { ...none, sentAt: 900, quotaPerMinute: 300 });
    await note();
    pacer.succeeded(write, clock.monotonic());
    pacer.throttled(write, { ...none, sentAt: clock.monotonic() });
    await note();
    pacer.succeeded(write, clock.monotonic());
    await clock.advance(60_000);
    for (let call = 0; call < 500; call += 1) void pacer.take(write);
    await settle();
    pacer.succeeded(write, clock.monotonic());
    await note();
    await clock.advance(200_000);
    pacer.throttled(write, { ...none, sentAt: clock.monotonic() });
    await note();
    expect(reasons).toEqual([
      "Google named its limit",
      "Google refused again",
      "speeding up again",
      "held to what Google accepted in a minute",
    ]);
  });
});

describe("a change", () => {
  it("is told with the gate, the pace and the reason, whom it concerns and until when", async () => {
    const { clock, pacer, changes } = trial();
    await clock.advance(1000);
    pacer.throttled(write, { ...none, sentAt: 500, quotaPerMinute: 60, retryAfterMs: 700 });
    pacer.throttled(write, { ...none, sentAt: 500, quotaOf: "actor", quotaPerMinute: 60 });
    expect(changes).toEqual([
      {
        gate: "writes",
        actor: undefined,
        asked: false,
        perSecond: 0.99,
        reason: "writes: Google asked to slow down",
        untilMs: clock.now() + 700,
      },
      {
        gate: "writes",
        actor: "a",
        asked: false,
        perSecond: 0.99,
        reason: "writes: Google asked to slow down",
        untilMs: clock.now() + 1000,
      },
    ]);
    await clock.advance(1000);
    pacer.setRate("writes", 30);
    expect(changes.at(-1)).toMatchObject({ gate: "writes", perSecond: 0.495, untilMs: undefined });
    expect(changes.at(-1)?.reason).toBe("writes: held to what Google accepted in a minute");
  });

  it("is no news when a refusal tells nothing new, or a success changes nothing", async () => {
    const { clock, pacer, changes } = trial();
    await clock.advance(1000);
    pacer.throttled(write, { ...none, sentAt: 900 });
    pacer.throttled(write, { ...none, sentAt: 900 });
    pacer.succeeded(write, 900);
    pacer.heldBack(write, 5000);
    pacer.heldBack(write, 4000);
    expect(changes).toHaveLength(2);
    pacer.succeeded(write, 1001);
    expect(changes).toHaveLength(3);
  });

  it("of one user's quota by hand is told to nobody, that of a gate is, and only as long as somebody listens", () => {
    const { pacer, changes } = trial();
    const heard: PaceChange[] = [];
    const unlisten = pacer.onChange((change) => heard.push(change));
    pacer.setRate("writes", 60, "actor");
    expect([changes.length, heard.length]).toEqual([0, 0]);
    pacer.setRate("writes", 60);
    unlisten();
    pacer.setRate("writes", Infinity);
    expect([changes.map(({ perSecond }) => perSecond), heard.length]).toEqual([[0.99, Infinity], 1]);
  });
});

describe("a rate set by hand", () => {
  it("counts as known, so that success does not raise it", async () => {
    const { clock, pacer, gate } = trial();
    pacer.setRate("writes", 60);
    for (let call = 0; call < 100; call += 1) void pacer.take(write);
    await clock.advance(30_000);
    pacer.succeeded(write, clock.monotonic());
    expect(gate().perMinute).toBeCloseTo(59.4);
  });

  it("of users holds each of them, and not the gate", async () => {
    const { clock, pacer, gate } = trial();
    pacer.setRate("writes", 60, "actor");
    let passed = 0;
    for (const actor of ["a", "a", "b"]) void pacer.take({ ...write, actor }).then(() => (passed += 1));
    await clock.advance(1100);
    expect([passed, gate().perMinute]).toEqual([2, Infinity]);
  });

  it.each([0, -1, Number.NaN])("must let something pass: %d does not", (perMinute) => {
    expect(() => trial().pacer.setRate("writes", perMinute)).toThrow(RangeError);
  });
});

describe("calls that wait", () => {
  it("are why a success raises an unknown pace, of the gate and of the user", async () => {
    const quota = { perMinute: 60, known: false };
    for (const isWaiting of [true, false]) {
      const { clock, pacer, gate } = trial(quota, quota);
      await clock.advance(60_000);
      await pacer.take(write);
      if (isWaiting) void pacer.take(write);
      pacer.succeeded(write, 60_000);
      expect(gate().perMinute).toBeCloseTo(isWaiting ? 59.4 * 1.01 : 59.4);
    }
  });

  it("make a refusal after a minute tell the limit, and it is not told where none waits", async () => {
    for (const isWaiting of [true, false]) {
      const { clock, pacer } = trial({ perMinute: 60, known: false });
      await clock.advance(60_000);
      await pacer.take(write);
      if (isWaiting) void pacer.take(write);
      pacer.throttled(write, { ...none, sentAt: 60_000, quotaOf: "project" });
      const [memory] = pacer.remember().gates;
      expect(memory?.limitPerMinute).toBe(isWaiting ? 1 : undefined);
    }
  });

  it("of a user nobody has seen are no reason to remember the user", () => {
    const { pacer } = trial();
    pacer.succeeded({ ...write, actor: "stranger" }, 0);
    expect(pacer.remember()).toEqual({ gates: [] });
  });
});

describe("what a later process must know", () => {
  it("is each limit and each wait, of the gate and of users, in wall time", async () => {
    const { clock, pacer } = trial();
    await clock.advance(5000);
    pacer.throttled(write, { ...none, sentAt: 4000, quotaPerMinute: 60 });
    pacer.throttled({ ...write, actor: "b" }, { ...none, sentAt: 4000, quotaOf: "actor", retryAfterMs: 700 });
    pacer.throttled({ ...write, actor: "c" }, { ...none, sentAt: 4000, quotaOf: "actor", retryAfterMs: 600 });
    await clock.advance(600);
    expect(pacer.remember()).toEqual({
      gates: [
        { gate: "writes", actor: undefined, limitPerMinute: 60, notBeforeMs: clock.now() + 400 },
        { gate: "writes", actor: "b", limitPerMinute: undefined, notBeforeMs: clock.now() + 100 },
      ],
    });
  });

  it("is gone on with for the gate or the user it is of, and a wait that is over is none", () => {
    const { clock, pacer, gate } = trial();
    pacer.recall({
      gates: [
        { gate: "writes", actor: "a", limitPerMinute: 60, notBeforeMs: clock.now() },
        { gate: "reads", notBeforeMs: clock.now() - 1 },
        { gate: "tokens", notBeforeMs: clock.now() + 1 },
      ],
    });
    expect([gate().perMinute, gate("reads").blockedUntilMs]).toEqual([Infinity, undefined]);
    expect(gate("tokens").blockedUntilMs).toBe(clock.now() + 1);
    expect(pacer.remember().gates).toEqual([
      { gate: "writes", actor: "a", limitPerMinute: 60, notBeforeMs: undefined },
      { gate: "tokens", actor: undefined, limitPerMinute: undefined, notBeforeMs: clock.now() + 1 },
    ]);
  });

  it.each([undefined, null, [], { gates: 1 }, { gates: [{ gate: "writes", limitPerMinute: 0 }] }])(
    "is nothing when it is %j",
    (remembered) => expect(parsePacerMemory(remembered)).toEqual([]),
  );
});

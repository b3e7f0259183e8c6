/** Slots handed out to one worker of several: who gets which, how far ahead, and when the rest asks again. */
import { describe, expect, it } from "vitest";
import { handOut, wantsMax } from "../../src/google/slots.ts";
import type { Slots } from "../../src/google/slots.ts";
import { Spacing } from "../../src/google/spacing.ts";

/** Of a limit one in a hundred is left. */
const interval = (perMinute: number): number => 60_000 / (0.99 * perMinute);
const now = 100_000;

/** A sequence whose next slot is due right now, unless it was begun a moment ago. */
function sequence(perMinute: number, startedAt = 0): Spacing {
  return new Spacing({ perMinute, known: true }, startedAt, 0);
}

const nobodys = (): undefined => undefined;

function handed(project: Spacing, wants: number, ownOf: (actor: string) => Spacing | undefined = nobodys): Slots {
  return handOut(
    project,
    ownOf,
    Array.from({ length: wants }, () => "a"),
    now,
  );
}

describe("slots", () => {
  it("are for everybody at once where nothing is paced", () => {
    expect(handed(sequence(Infinity), 3)).toEqual({ waits: [0, 0, 0], againMs: 0, waitsFor: undefined });
    expect(handed(sequence(Infinity), 0)).toEqual({ waits: [], againMs: 0, waitsFor: undefined });
  });

  it("are never more than a worker may ask for at once", () => {
    const { waits } = handed(sequence(Infinity), wantsMax + 1);
    expect(waits.filter((wait) => wait !== undefined)).toHaveLength(wantsMax);
  });

  it.each([
    [60, 1],
    [400, 1],
    [500, 2],
    [6000, 24],
  ])("of %d a minute are handed out as a quarter of a second takes them: %d", (perMinute, block) => {
    const { waits, waitsFor } = handed(sequence(perMinute), 64);
    expect(waits.filter((wait) => wait !== undefined)).toHaveLength(block);
    expect([waits.indexOf(undefined), waitsFor]).toEqual([block, "project"]);
  });

  it("lie one interval apart, the first of them at once where it is due", () => {
    const { waits } = handed(sequence(1200), 4);
    expect(waits.map((wait) => wait?.toFixed(3))).toEqual([0, 1, 2, 3].map((n) => (n * interval(1200)).toFixed(3)));
  });

  it("are all there is to hand out when as many are asked for: nobody asks again", () => {
    expect(handed(sequence(1200), 2)).toMatchObject({ againMs: 0, waitsFor: undefined });
  });

  it("reach a second ahead, and no further", () => {
    const justWithin = sequence(61, now);
    expect(handed(justWithin, 1).waits[0]).toBeCloseTo(interval(61));
    const beyond = sequence(60, now);
    const slots = handed(beyond, 1);
    expect(slots).toMatchObject({ waits: [undefined], waitsFor: "project" });
    expect(slots.againMs).toBeCloseTo(interval(60) - 500);
    expect(beyond.opensAt(now)).toBeCloseTo(now + interval(60));
  });

  it("are asked for again in good time before those in hand are used, and not sooner than a moment", () => {
    const slow = handed(sequence(66, now), 2);
    expect(slow.againMs).toBeCloseTo(2 * interval(66) - 500 - interval(66) / 2);
    const quick = handed(sequence(6000), 64);
    expect(quick.againMs).toBeCloseTo((23 * interval(6000)) / 2);
    expect(handed(sequence(600), 3).againMs).toBeCloseTo(interval(600) / 2);
    expect(handed(sequence(5_000_000), 65).againMs).toBe(10);
  });

  it("are one at a time while it is being tried whether the server accepts calls again", () => {
    const project = sequence(6000);
    const telling = { quotaPerMinute: 3000, retryAfterMs: 1, areWaiting: true };
    project.refused({ now: now - 1000, sentAt: now - 1001, ...telling });
    const { waits, againMs, waitsFor } = handed(project, 5);
    expect(waits).toEqual([0, undefined, undefined, undefined, undefined]);
    expect(waitsFor).toBe("project");
    // The trial may stay five seconds without an answer.
    expect(againMs).toBe(4500);
  });
});

describe("slots of users with sequences of their own", () => {
  const tight = (): Spacing => sequence(60, now);

  it("go to those whose turn it is, and the others do not hold them up", () => {
    const own = new Map([["slow", tight()]]);
    const slots = handOut(sequence(6000), (actor) => own.get(actor), ["slow", "quick", "slow", "quick"], now);
    expect(slots.waits.map((wait) => wait !== undefined)).toEqual([false, true, false, true]);
    expect(slots.waitsFor).toBe("users");
    // Until the slow one's turn, less half the way of what is in hand.
    expect(slots.againMs).toBeCloseTo(interval(60) - interval(6000) / 2);
  });

  it("are used in both sequences", () => {
    const own = new Map([["a", sequence(600)]]);
    const project = sequence(6000);
    const slots = handOut(project, (actor) => own.get(actor), ["a", "a"], now);
    expect(slots.waits).toEqual([0, undefined]);
    expect(own.get("a")?.opensAt(now)).toBeCloseTo(now + interval(600));
    expect(project.opensAt(now)).toBeCloseTo(now + interval(6000));
    expect(slots.waitsFor).toBe("users");
    expect(slots.againMs).toBeCloseTo(interval(600));
  });

  it("are asked for again at the earliest of their turns", () => {
    const own = new Map([
      ["slow", sequence(30, now)],
      ["less slow", tight()],
    ]);
    const slots = handOut(sequence(6000), (actor) => own.get(actor), ["slow", "less slow", "slow"], now);
    expect(slots).toMatchObject({ waits: [undefined, undefined, undefined], waitsFor: "users" });
    expect(slots.againMs).toBeCloseTo(interval(60));
  });

  it("may open with the project's slot, though not yet now", () => {
    const own = new Map([["a", sequence(600, now - interval(600) / 2)]]);
    const project = sequence(300, now - interval(300) / 4);
    expect(handOut(project, (actor) => own.get(actor), ["a"], now).waits[0]).toBeCloseTo((3 * interval(300)) / 4);
  });

  it("wait for the project where that is what is used up", () => {
    const own = new Map([["slow", tight()]]);
    const used = sequence(400);
    expect(handOut(used, (actor) => own.get(actor), ["slow", "quick", "quick"], now).waitsFor).toBe("project");
    const away = sequence(6000);
    away.holdUntil(now + 2000);
    expect(handOut(away, (actor) => own.get(actor), ["slow"], now)).toEqual({
      waits: [undefined],
      againMs: 1500,
      waitsFor: "project",
    });
  });
});

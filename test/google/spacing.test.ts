/** One sequence of slots, to the millisecond: when it opens, what a refusal and a success do to it, when it may be forgotten. */
import { describe, expect, it } from "vitest";
import { Spacing } from "../../src/google/spacing.ts";
import type { Refusal } from "../../src/google/spacing.ts";
import type { Quota } from "../../src/google/pace.ts";

const known: Quota = { perMinute: 600, known: true };
const unknown: Quota = { perMinute: 600, known: false };
const unpaced: Quota = { perMinute: Infinity, known: false };
/** Of 600 a minute, one in a hundred is left. */
const interval = 60_000 / 594;

const refusal = (now: number, other: Partial<Refusal> = {}): Refusal => ({
  now,
  sentAt: now - 1,
  quotaPerMinute: undefined,
  retryAfterMs: undefined,
  areWaiting: false,
  ...other,
});

describe("the next slot", () => {
  it("opens one interval after the start, and after each slot used, however late it was used", () => {
    const spacing = new Spacing(known, 5000);
    expect(spacing.opensAt(5000)).toBeCloseTo(5000 + interval);
    spacing.use(5150);
    expect(spacing.opensAt(5150)).toBeCloseTo(5000 + 2 * interval);
  });

  it("is made up for when it opened within the last quarter of a second, and lost when earlier", () => {
    const spacing = new Spacing(known, 0);
    expect(spacing.opensAt(10_000)).toBe(9750);
    spacing.use(10_000);
    expect(spacing.opensAt(10_000)).toBeCloseTo(9750 + interval);
  });

  it("is open at any time when nothing is paced", () => {
    const spacing = new Spacing(unpaced, 7);
    for (let call = 0; call < 3; call += 1) {
      expect(spacing.opensAt(7)).toBe(7);
      spacing.use(7);
    }
  });

  it("does not open before the server wants calls again: the latest instant it named", () => {
    const spacing = new Spacing(unpaced, 0);
    expect(spacing.notBefore).toBe(-Infinity);
    expect([500, 400, 500, 501].map((until) => spacing.holdUntil(until))).toEqual([true, false, false, true]);
    expect([spacing.serverHold, spacing.notBefore, spacing.opensAt(0)]).toEqual([501, 501, 501]);
  });
});

describe("a refusal", () => {
  it("without a wait makes this side wait of its own accord, and is news", () => {
    const spacing = new Spacing(unpaced, 0);
    expect(spacing.refused(refusal(100))).toBe(true);
    expect([spacing.serverHold, spacing.notBefore, spacing.opensAt(100)]).toEqual([-Infinity, 1100, 1100]);
    expect(spacing.pace).toMatchObject({ slowedAt: 100, streak: 1 });
  });

  it("with a wait is obeyed instead of a pause of one's own", () => {
    const spacing = new Spacing(unpaced, 0);
    spacing.refused(refusal(100));
    expect(spacing.refused(refusal(200, { retryAfterMs: 300 }))).toBe(true);
    expect([spacing.serverHold, spacing.notBefore]).toEqual([500, 500]);
  });

  it("of a call sent before the last refusal slows nothing, and is news only when it names a longer wait", () => {
    const spacing = new Spacing(unpaced, 0);
    spacing.refused(refusal(100, { retryAfterMs: 1000 }));
    const { pace } = spacing;
    const echo = (retryAfterMs: number | undefined): boolean =>
      spacing.refused(refusal(200, { sentAt: 100, retryAfterMs }));
    expect([echo(undefined), echo(900), echo(901)]).toEqual([false, false, true]);
    expect(spacing.pace).toBe(pace);
    expect(spacing.notBefore).toBe(1101);
  });

  it("lets one call out at a time, to try, until one is answered well", () => {
    const spacing = new Spacing(unpaced, 0);
    spacing.refused(refusal(100));
    spacing.use(1100);
    expect(spacing.opensAt(1100)).toBe(6100);
    expect(spacing.succeeded(1200, 100, false)).toBe(false);
    expect(spacing.notBefore).toBe(6100);
    expect(spacing.succeeded(1200, 1100, false)).toBe(true);
    expect([spacing.notBefore, spacing.pace.streak]).toEqual([-Infinity, 0]);
    spacing.use(1300);
    expect(spacing.notBefore).toBe(-Infinity);
  });

  it.each([
    ["after a minute in which calls waited", 60_000, true, 9],
    ["after less than a minute", 59_999, true, undefined],
    ["when none waited", 60_000, false, undefined],
  ])("tells the limit, which is what was accepted, %s: %i, %s", (_, age, areWaiting, limit) => {
    const spacing = new Spacing(unknown, 1000);
    const now = 1000 + age;
    for (let call = 0; call < 10; call += 1) spacing.use(now - 50);
    spacing.refused(refusal(now, { sentAt: now - 50, areWaiting }));
    expect([spacing.pace.limit, spacing.pace.acceptedThen]).toEqual([limit, 9]);
  });

  it("takes the limit that the server names, and spaces calls by it", () => {
    const spacing = new Spacing(unpaced, 0);
    spacing.refused(refusal(100, { quotaPerMinute: 60, retryAfterMs: 1 }));
    spacing.use(2000);
    spacing.succeeded(2000, 2000, false);
    expect(spacing.opensAt(2000) - 1750).toBeCloseTo(60_000 / 59.4);
  });
});

describe("a success", () => {
  it.each([
    ["calls wait and the time has come", 5000, true, true],
    ["no call waits", 5000, false, false],
    ["it is too early", 4999, true, false],
  ])("raises the pace when %s: at %i", (_, now, areWaiting, isRaised) => {
    const spacing = new Spacing(unknown, 0);
    const { pace } = spacing;
    expect(spacing.succeeded(now, now - 1, areWaiting)).toBe(isRaised);
    expect(spacing.pace.perMinute).toBeCloseTo(isRaised ? 594 * 1.01 : 594);
    expect(spacing.pace === pace).toBe(!isRaised);
    spacing.use(now);
    expect(spacing.opensAt(now) - (now - 250)).toBeCloseTo(interval / (isRaised ? 1.01 : 1));
  });

  it("rises faster once more has been accepted than the limit that was met", () => {
    const raised = (calls: number): number => {
      const spacing = new Spacing(unknown, 0);
      spacing.resume(100, 0);
      for (let call = 0; call < calls; call += 1) spacing.use(44_000);
      spacing.succeeded(45_000, 44_900, true);
      return spacing.pace.step;
    };
    expect([raised(105), raised(106)]).toEqual([0.01, 0.02]);
  });
});

describe("a sequence of slots that may be forgotten", () => {
  it("is one whose slots are all open again, and not before", () => {
    const spacing = new Spacing(unpaced, 100);
    expect([spacing.isIdle(349), spacing.isIdle(350)]).toEqual([false, true]);
    spacing.use(1000);
    expect([spacing.isIdle(999), spacing.isIdle(1000)]).toEqual([false, true]);
  });

  it("is waited for by nobody", () => {
    const spacing = new Spacing(unpaced, 0);
    spacing.holdUntil(9000);
    expect([spacing.isIdle(8999), spacing.isIdle(9000)]).toEqual([false, true]);
  });

  it("was not slowed within a minute", () => {
    const spacing = new Spacing(unpaced, 0);
    spacing.refused(refusal(1000));
    expect([spacing.isIdle(61_000), spacing.isIdle(61_001)]).toEqual([false, true]);
  });

  it("has learned no limit", () => {
    const spacing = new Spacing(unpaced, 0);
    spacing.resume(60, 0);
    expect(spacing.isIdle(1e9)).toBe(false);
  });
});

describe("another quota", () => {
  it("ends the pause of one's own, and not what the server asked for", () => {
    const spacing = new Spacing(unpaced, 0);
    spacing.refused(refusal(100));
    spacing.holdUntil(700);
    spacing.setQuota(known, 200);
    expect(spacing.notBefore).toBe(700);
    expect(spacing.pace).toMatchObject({ perMinute: 594, limit: undefined, raiseAt: 5200 });
    expect(new Spacing(known, 0).pace.raiseAt).toBe(5000);
  });

  it("does not unteach a limit, which is gone on from in a later process too", () => {
    const spacing = new Spacing(unpaced, 0);
    spacing.refused(refusal(100, { quotaPerMinute: 60 }));
    spacing.setQuota(known, 200);
    expect(spacing.pace).toMatchObject({ limit: 60, reason: "measured", ceiling: 594, raiseAt: 45_200 });
    spacing.use(5000);
    expect(spacing.opensAt(5000) - 4750).toBeCloseTo(60_000 / 59.4);
    const later = new Spacing(known, 0);
    later.resume(60, 300);
    expect(later.pace).toMatchObject({ limit: 60, ceiling: 594, raiseAt: 45_300 });
    expect(later.opensAt(0)).toBeCloseTo(60_000 / 59.4);
  });
});

/** The pace as a table: what each answer of the server does to the number of calls permitted. */
import { describe, expect, it } from "vitest";
import { afterSuccess, afterThrottle, initialPace, pauseMs, resumedPace } from "../../src/google/pace.ts";
import type { Pace, Throttle } from "../../src/google/pace.ts";
import { Tally } from "../../src/google/tally.ts";

const guess = initialPace({ perMinute: 600, known: false }, 0);
const known = initialPace({ perMinute: 600, known: true }, 0);
const unpaced = initialPace({ perMinute: Infinity, known: false }, 0);

describe("the first pace", () => {
  it.each([
    ["a known quota is a ceiling a hair below it", known, 594, 594],
    ["a guess has no ceiling", guess, 594, Infinity],
    ["no quota is no pacing", unpaced, Infinity, Infinity],
    ["a limit learned earlier is gone on with", resumedPace({ perMinute: 600, known: false }, 200, 0), 198, Infinity],
    [
      "a limit learned earlier does not lift a known quota",
      resumedPace({ perMinute: 600, known: true }, 900, 0),
      594,
      594,
    ],
  ])("%s", (_name, pace, perMinute, ceiling) => {
    expect(pace).toMatchObject({ perMinute, ceiling });
  });
});

describe("a refusal", () => {
  const at = (throttle: Partial<Throttle>): Throttle => ({
    now: 100_000,
    sentAt: 99_900,
    accepted: 590,
    quotaPerMinute: undefined,
    ...throttle,
  });
  const slowedBefore = (now: number): Pace => ({ ...guess, slowedAt: now });

  it.each([
    ["slows down to the limit the server names", guess, at({ quotaPerMinute: 300 }), 297, "told"],
    ["slows down to the limit the server names, from no pacing", unpaced, at({ quotaPerMinute: 300 }), 297, "told"],
    ["slows down to what was accepted", guess, at({ accepted: 500 }), 495, "measured"],
    ["slows down to what was accepted, from no pacing", unpaced, at({ accepted: 500 }), 495, "measured"],
    ["halves at most when little was asked for", guess, at({ accepted: 20 }), 294.03, "measured"],
    ["of the first call of all leaves one a minute", unpaced, at({ accepted: 0 }), 1, "measured"],
    ["soon after another cuts", slowedBefore(95_000), at({}), 415.8, "cut"],
    ["long after another measures again", slowedBefore(50_000), at({ accepted: 500 }), 495, "measured"],
    [
      "at the limit named before cuts",
      { ...slowedBefore(95_000), perMinute: 297 },
      at({ quotaPerMinute: 300 }),
      207.9,
      "cut",
    ],
    ["never stops a gate for good", { ...slowedBefore(95_000), perMinute: 1 }, at({}), 1, "cut"],
  ])("%s", (_name, pace, throttle, perMinute, reason) => {
    const slowed = afterThrottle(pace, throttle);
    expect(slowed.perMinute).toBeCloseTo(perMinute, 6);
    expect(slowed).toMatchObject({ reason, slowedAt: 100_000 });
  });

  it("of a call that was sent before the last slowing down changes nothing", () => {
    const pace = slowedBefore(99_900);
    expect(afterThrottle(pace, at({ sentAt: 99_900 }))).toBe(pace);
  });

  it("that names a limit sets a ceiling, which success does not pass", () => {
    let pace = afterThrottle(guess, at({ quotaPerMinute: 300 }));
    for (let now = 100_000; now < 4_000_000; now += 1000) pace = afterSuccess(pace, now, true);
    expect(pace.perMinute).toBe(297);
  });

  it("that names none pauses for longer each time in a row", () => {
    expect([1, 2, 3, 5, 6, 20].map(pauseMs)).toEqual([1000, 2000, 4000, 16_000, 30_000, 30_000]);
  });
});

describe("success", () => {
  it.each([
    ["changes nothing before its time", guess, 4999, true, guess.perMinute],
    ["changes nothing when nobody waits", guess, 5000, false, guess.perMinute],
    ["changes nothing at a known quota", known, 5000, true, known.perMinute],
    ["changes nothing without pacing", unpaced, 5000, true, Infinity],
    ["raises a guess a little", guess, 5000, true, 594 * 1.01],
  ])("%s", (_name, pace, now, areWaiting, perMinute) => {
    expect(afterSuccess(pace, now, areWaiting).perMinute).toBe(perMinute);
  });

  it("raises in growing steps far from a limit, and gently near it", () => {
    let pace: Pace = { ...guess, perMinute: 300, limit: 600 };
    const steps: number[] = [];
    for (let now = 5000; now <= 120_000; now += 5000) {
      const next = afterSuccess(pace, now, true);
      steps.push(Math.round((next.perMinute / pace.perMinute - 1) * 100));
      pace = next;
    }
    expect(steps.slice(0, 5)).toEqual([1, 2, 4, 8, 8]);
    expect(Math.max(...steps)).toBe(8);
    expect(steps.slice(11, 20)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1].slice(0, 9));
  });
});

describe("the tally of the last minute", () => {
  it("counts to the second, forgets after a minute, and takes back what was refused", () => {
    const tally = new Tally();
    tally.add(500);
    tally.add(30_000);
    tally.add(59_999);
    expect(tally.total(59_999)).toBe(3);
    expect(tally.total(60_000)).toBe(2);
    tally.remove(30_000, 61_000);
    expect(tally.total(61_000)).toBe(1);
    tally.remove(30_000, 61_000);
    tally.remove(1000, 61_500);
    expect(tally.total(61_500)).toBe(1);
    expect(tally.total(10_000_000)).toBe(0);
  });
});

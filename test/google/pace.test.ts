/** The pace as a table: what each answer of the server does to the number of calls permitted. */
import { describe, expect, it } from "vitest";
import { afterSuccess, afterThrottle, initialPace, pauseMs, resumedPace } from "../../src/google/pace.ts";
import type { Pace, Success, Throttle } from "../../src/google/pace.ts";
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
    ["a damaged memory stops nothing", resumedPace({ perMinute: 600, known: false }, 1e-9, 0), 1, Infinity],
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

function success(now: number, other: Partial<Success> = {}): Success {
  return { now, sentAt: now, accepted: 0, areWaiting: true, ...other };
}

describe("a refusal", () => {
  const at = (throttle: Partial<Throttle>): Throttle => ({
    now: 100_000,
    sentAt: 99_900,
    accepted: 590,
    isTelling: true,
    quotaPerMinute: undefined,
    ...throttle,
  });
  const recovered = (recoveredAt: number): Pace => ({ ...guess, recoveredAt });

  it.each([
    ["slows down to the limit the server names", guess, at({ quotaPerMinute: 300 }), 297, "told"],
    ["slows down to the limit the server names, from no pacing", unpaced, at({ quotaPerMinute: 300 }), 297, "told"],
    ["slows down to what was accepted", guess, at({ accepted: 500 }), 495, "measured"],
    ["slows down to what was accepted, from no pacing", unpaced, at({ accepted: 500 }), 495, "measured"],
    [
      "halves at most when what was accepted tells little",
      guess,
      at({ accepted: 20, isTelling: false }),
      294.03,
      "measured",
    ],
    ["of the first call of all ends in no crawl", unpaced, at({ accepted: 0, isTelling: false }), 297, "measured"],
    ["in a row changes the pauses, not the pace", { ...guess, streak: 1 }, at({ accepted: 20 }), 594, "configured"],
    ["in a row that names a limit is believed", { ...guess, streak: 1 }, at({ quotaPerMinute: 300 }), 297, "told"],
    [
      "soon after recovering slows down as much as what was accepted did",
      recovered(95_000),
      at({ accepted: 500 }),
      495,
      "cut",
    ],
    ["soon after recovering cuts by no more than three tenths", recovered(95_000), at({ accepted: 100 }), 415.8, "cut"],
    [
      "soon after recovering changes nothing while a minute accepts its limit",
      { ...recovered(95_000), limit: 600 },
      at({}),
      594,
      "configured",
    ],
    ["long after recovering measures again", recovered(50_000), at({ accepted: 500 }), 495, "measured"],
    [
      "at the limit named before is cut",
      { ...recovered(95_000), perMinute: 297 },
      at({ quotaPerMinute: 300, accepted: 250 }),
      247.5,
      "cut",
    ],
    ["never stops a gate for good", { ...recovered(95_000), perMinute: 1 }, at({ accepted: 0 }), 1, "cut"],
  ])("%s", (_name, pace, throttle, perMinute, reason) => {
    const slowed = afterThrottle(pace, throttle);
    expect(slowed.perMinute).toBeCloseTo(perMinute, 6);
    expect(slowed).toMatchObject({ reason, slowedAt: 100_000 });
  });

  it("of a call that was sent before the last slowing down changes nothing", () => {
    const pace = { ...guess, slowedAt: 99_900 };
    expect(afterThrottle(pace, at({ sentAt: 99_900 }))).toBe(pace);
  });

  it("that names a limit sets a ceiling, which success does not pass", () => {
    let pace = afterThrottle(guess, at({ quotaPerMinute: 300 }));
    for (let now = 100_001; now < 4_000_000; now += 1000) pace = afterSuccess(pace, success(now));
    expect(pace.perMinute).toBe(297);
  });

  it.each([
    ["any pace", 600, [1000, 2000, 4000, 4000, 4000, 30_000]],
    ["sixty a minute", 60, [1000, 2000, 4000, 8000, 8000, 30_000]],
    ["five a minute", 5, [1000, 2000, 4000, 8000, 30_000, 30_000]],
    ["no pace at all", Infinity, [1000, 2000, 4000, 4000, 4000, 30_000]],
  ])("that names none pauses for longer each time in a row, at %s", (_, perMinute, pauses) => {
    expect([1, 2, 3, 4, 20, 21].map((level) => pauseMs({ level, perMinute }))).toEqual(pauses);
  });

  it("makes the row longer until things have gone well for a while", () => {
    const first = afterThrottle(guess, at({}));
    const second = afterThrottle(first, at({ now: 102_000, sentAt: 101_000 }));
    const well = afterSuccess(second, success(103_000));
    const relapse = afterThrottle(well, at({ now: 110_000, sentAt: 109_000 }));
    const later = afterThrottle(well, at({ now: 130_000, sentAt: 129_000 }));
    expect([first, second, relapse, later].map(({ level }) => level)).toEqual([1, 2, 3, 1]);
  });
});

describe("success", () => {
  it.each([
    ["changes nothing before its time", guess, success(4999), guess.perMinute],
    ["changes nothing when nobody waits", guess, success(5000, { areWaiting: false }), guess.perMinute],
    ["changes nothing at a known quota", known, success(5000), known.perMinute],
    ["changes nothing without pacing", unpaced, success(5000), Infinity],
    ["raises a guess a little", guess, success(5000), 594 * 1.01],
  ])("%s", (_name, pace, s, perMinute) => {
    expect(afterSuccess(pace, s).perMinute).toBe(perMinute);
  });

  it("raises in growing steps far from a limit, and gently near it, until more than the limit is accepted", () => {
    let pace: Pace = { ...guess, perMinute: 300, limit: 600 };
    const steps: number[] = [];
    for (let now = 5000; now <= 120_000; now += 5000) {
      const next = afterSuccess(pace, success(now, { accepted: now > 110_000 ? 640 : 500 }));
      steps.push(Math.round((next.perMinute / pace.perMinute - 1) * 100));
      pace = next;
    }
    expect(steps).toEqual([1, 2, 4, 8, 8, 8, 8, 8, 8, 8, 8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
  });

  const inStreak = (streak: number): Pace => ({ ...guess, streak, slowedAt: 1000, acceptedThen: 400 });
  it.each([
    ["of a call sent before the last refusal ends no streak", inStreak(5), success(2000, { sentAt: 900 }), 5, 594],
    ["ends a short streak at the same pace", inStreak(3), success(2000), 0, 594],
    ["ends a long one at what was accepted", inStreak(4), success(2000, { accepted: 380 }), 0, 386.1],
    ["ends a long one no lower for a burst that is over", inStreak(4), success(2000, { accepted: 0 }), 0, 364.32],
    ["ends a long one at no less than half", { ...inStreak(4), acceptedThen: 10 }, success(2000), 0, 294.03],
  ])("%s", (_name, pace, s, streak, perMinute) => {
    const next = afterSuccess(pace, s);
    expect(next.streak).toBe(streak);
    expect(next.perMinute).toBeCloseTo(perMinute, 6);
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

/** The pace to the last field: what is kept of each answer for the next one, and where each rule begins and ends. */
import { describe, expect, it } from "vitest";
import {
  afterSuccess,
  afterThrottle,
  initialPace,
  intervalMs,
  isEcho,
  mayRise,
  resumedPace,
} from "../../src/google/pace.ts";
import type { Pace, Success, Throttle } from "../../src/google/pace.ts";
import { Tally } from "../../src/google/tally.ts";

const guess = initialPace({ perMinute: 600, known: false }, 0);

const refusedAt = (throttle: Partial<Throttle> = {}): Throttle => ({
  now: 100_000,
  sentAt: 99_900,
  accepted: 590,
  isTelling: true,
  quotaPerMinute: undefined,
  ...throttle,
});

const succeededAt = (now: number, other: Partial<Success> = {}): Success => {
  return { now, sentAt: now, accepted: 0, areWaiting: true, ...other };
};

describe("a pace begins", () => {
  it("as configured, with nothing known", () => {
    expect(initialPace({ perMinute: 600, known: true }, 7000)).toEqual({
      perMinute: 594,
      ceiling: 594,
      limit: undefined,
      reason: "configured",
      slowedAt: -Infinity,
      streak: 0,
      level: 0,
      acceptedThen: 0,
      recoveredAt: -Infinity,
      raiseAt: 12_000,
      step: 0.01,
    });
  });

  it("with what an earlier process learned, and rises late", () => {
    const resumed = resumedPace({ perMinute: 600, known: false }, 200, 7000);
    expect(resumed).toMatchObject({ perMinute: 198, limit: 200, reason: "measured", raiseAt: 52_000 });
    expect(intervalMs(resumed)).toBeCloseTo(60_000 / 198, 9);
  });
});

describe("after a refusal", () => {
  const kept = { slowedAt: 100_000, streak: 1, level: 1, acceptedThen: 590, step: 0.01 };
  const recovered: Partial<Pace> = { recoveredAt: 95_000 };

  it.each<[string, Partial<Pace>, Partial<Throttle>, Partial<Pace>]>([
    [
      "a limit that is named holds for long",
      {},
      { quotaPerMinute: 300 },
      { ...kept, perMinute: 297, ceiling: 297, limit: 300, reason: "told", raiseAt: 145_000 },
    ],
    ["a limit that is named never stops everything", {}, { quotaPerMinute: 0.5 }, { perMinute: 1, ceiling: 1 }],
    [
      "a ceiling that is lower already stays",
      { ceiling: 200 },
      { quotaPerMinute: 300 },
      { perMinute: 297, ceiling: 200 },
    ],
    [
      "a limit that is kept to already is not why, so that it is measured",
      {},
      { quotaPerMinute: 600, accepted: 500 },
      { perMinute: 495, limit: 500, reason: "measured", ceiling: Infinity },
    ],
    [
      "a limit that was measured holds for long",
      {},
      { accepted: 500 },
      { ...kept, acceptedThen: 500, perMinute: 495, limit: 500, reason: "measured", raiseAt: 145_000 },
    ],
    [
      "a low limit that was measured holds for 280 calls",
      {},
      { accepted: 60 },
      { limit: 60, reason: "measured", raiseAt: 100_000 + (280 * 60_000) / (60 * 0.99) },
    ],
    [
      "a limit is never measured above the pace",
      {},
      { accepted: 900 },
      { perMinute: 594, limit: 900, reason: "measured" },
    ],
    ["nothing accepted in a telling minute is a limit of one", {}, { accepted: 0 }, { perMinute: 1, limit: 1 }],
    [
      "what tells little is no limit, and is risen from soon and in large steps",
      {},
      { accepted: 20, isTelling: false },
      { ...kept, acceptedThen: 20, limit: undefined, reason: "measured", raiseAt: 110_000, step: 0.08 },
    ],
    [
      "what tells little counts where it is more than half the pace",
      {},
      { accepted: 400, isTelling: false },
      { perMinute: 396, limit: undefined },
    ],
    [
      "another in a row makes the row longer, and nothing else",
      { streak: 1, level: 3, step: 0.08 },
      {},
      { ...kept, streak: 2, level: 4, perMinute: 594, limit: undefined, reason: "configured", raiseAt: 5000 },
    ],
    [
      "a relapse cuts, makes the row longer, and is risen from soon",
      { ...recovered, level: 2 },
      { accepted: 500 },
      { ...kept, acceptedThen: 500, level: 3, perMinute: 495, reason: "cut", raiseAt: 110_000 },
    ],
    [
      "a relapse changes nothing while nearly the limit is accepted",
      { ...recovered, limit: 600 },
      { accepted: 570 },
      { perMinute: 594, reason: "configured" },
    ],
    [
      "a relapse cuts as soon as less is accepted",
      { ...recovered, limit: 600 },
      { accepted: 569 },
      { perMinute: 569 * 0.99, reason: "cut" },
    ],
    [
      "a relapse never speeds up",
      { ...recovered, perMinute: 300 },
      { accepted: 590 },
      { perMinute: 300, reason: "cut" },
    ],
    [
      "a quarter of a minute after recovering there is no relapse any more",
      { recoveredAt: 85_000, level: 2 },
      { accepted: 500 },
      { level: 1, reason: "measured" },
    ],
    ["just before that there is", { recoveredAt: 85_001, level: 2 }, { accepted: 500 }, { level: 3, reason: "cut" }],
  ])("%s", (_, changes, throttle, expected) => {
    expect(afterThrottle({ ...guess, ...changes }, refusedAt(throttle))).toMatchObject(expected);
  });

  it("a relapse without pacing goes on with a little less than what was accepted", () => {
    const cut = afterThrottle({ ...guess, perMinute: Infinity, ...recovered }, refusedAt({ accepted: 500 }));
    expect(cut.perMinute).toBe(495);
  });
});

describe("after a success", () => {
  const streak: Partial<Pace> = { streak: 4, slowedAt: 1000, acceptedThen: 400, level: 4 };

  it.each<[string, Partial<Pace>, Success, Partial<Pace>]>([
    [
      "a short row ends, and when is kept",
      { ...streak, streak: 3 },
      succeededAt(2000, { accepted: 300 }),
      { streak: 0, recoveredAt: 2000, perMinute: 594, limit: undefined, reason: "configured", level: 4 },
    ],
    [
      "a long row ends at a limit between, which holds for long",
      streak,
      succeededAt(2000, { accepted: 380 }),
      { streak: 0, recoveredAt: 2000, perMinute: 390 * 0.99, limit: 390, reason: "measured", raiseAt: 47_000 },
    ],
    [
      "a long row under a limit that was named ends at that",
      { ...streak, reason: "told", perMinute: 297, limit: 300 },
      succeededAt(2000, { accepted: 10 }),
      { streak: 0, perMinute: 297, limit: 300, reason: "told" },
    ],
    ["a long row never ends faster", { ...streak, acceptedThen: 900 }, succeededAt(2000), { perMinute: 594 }],
    [
      "the pace rises, and again after a while in a larger step",
      {},
      succeededAt(5000),
      { perMinute: 594 * 1.01, step: 0.02, reason: "rising", raiseAt: 10_000 },
    ],
    ["steps grow up to a sixth where no limit was met", { step: 0.12 }, succeededAt(5000), { step: 0.16 }],
    ["steps grow up to a twelfth where one was", { step: 0.06, limit: 900 }, succeededAt(5000), { step: 0.08 }],
    ["steps are small at nine tenths of a limit", { step: 0.08, limit: 660 }, succeededAt(5000), { step: 0.01 }],
    [
      "steps are small while a twentieth more than a limit is accepted",
      { step: 0.04, limit: 600 },
      succeededAt(5000, { accepted: 630 }),
      { step: 0.01 },
    ],
    [
      "steps grow again when more than that is",
      { step: 0.04, limit: 600 },
      succeededAt(5000, { accepted: 631 }),
      { step: 0.08 },
    ],
    [
      "near a low limit forty-five calls pass between raises",
      { perMinute: 100, limit: 100 },
      succeededAt(5000, { accepted: 100 }),
      { perMinute: 101, raiseAt: 5000 + (45 * 60_000) / 101 },
    ],
    [
      "far below one they come as often as ever",
      { perMinute: 60, limit: 100 },
      succeededAt(5000, { accepted: 60 }),
      { perMinute: 60.6, raiseAt: 10_000 },
    ],
    ["nothing rises above a ceiling", { ceiling: 596 }, succeededAt(5000), { perMinute: 596 }],
  ])("%s", (_, changes, success, expected) => {
    const next = afterSuccess({ ...guess, ...changes }, success);
    for (const [key, value] of Object.entries(expected)) {
      const found: unknown = Reflect.get(next, key);
      if (typeof value === "number") expect(found, key).toBeCloseTo(value, 9);
      else expect(found, key).toBe(value);
    }
  });

  it("of a call under way at the last refusal nothing changes", () => {
    const pace = { ...guess, ...streak };
    expect(afterSuccess(pace, succeededAt(2000, { sentAt: 1000 }))).toBe(pace);
    expect([isEcho(pace, 1000), isEcho(pace, 1001)]).toEqual([true, false]);
  });

  it.each([
    ["its time has come and calls wait", 5000, true, 600, true],
    ["its time has not come", 4999, true, 600, false],
    ["no call waits", 5000, false, 600, false],
    ["it is at its ceiling", 5000, true, 594, false],
  ])("a pace may rise when %s", (_, now, areWaiting, ceiling, expected) => {
    expect(mayRise({ ...guess, ceiling }, now, areWaiting)).toBe(expected);
  });
});

describe("the tally", () => {
  it("takes nothing back that it does not hold", () => {
    const tally = new Tally();
    tally.add(60_500);
    tally.remove(500, 60_500);
    expect(tally.total(60_500)).toBe(1);
    tally.remove(61_000, 60_500);
    expect(tally.total(60_500)).toBe(1);
    tally.remove(1500, 60_500);
    expect(tally.total(60_500)).toBe(1);
    tally.remove(60_999, 60_500);
    expect(tally.total(60_500)).toBe(0);
  });

  it("takes back the oldest second it still holds, and forgets seconds one by one", () => {
    const tally = new Tally();
    for (const at of [1000, 1500, 2000, 30_000]) tally.add(at);
    expect(tally.total(60_999)).toBe(4);
    tally.remove(1200, 60_999);
    expect(tally.total(60_999)).toBe(3);
    expect(tally.total(61_000)).toBe(2);
    expect(tally.total(62_000)).toBe(1);
    tally.add(62_500);
    expect(tally.total(90_000)).toBe(1);
    expect(tally.total(89_000)).toBe(1);
    expect(tally.total(122_000)).toBe(0);
  });

  it("does not count what a long silence has put behind it", () => {
    const tally = new Tally();
    for (let second = 0; second < 60; second += 1) tally.add(second * 1000);
    expect(tally.total(59_000)).toBe(60);
    expect(tally.total(59_000 + 600_000)).toBe(0);
    tally.add(660_000);
    expect(tally.total(660_000)).toBe(1);
  });
});

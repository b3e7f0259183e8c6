/** A sequence of slots kept as text: it goes on as it was left, and what nobody could have left stops nobody for long. */
import { describe, expect, it } from "vitest";
import type { Quota } from "../../src/google/pace.ts";
import { Spacing } from "../../src/google/spacing.ts";
import type { SpacingState } from "../../src/google/spacing.ts";
import { spacingOf, spacingText } from "../../src/google/spacing-text.ts";

const known: Quota = { perMinute: 600, known: true };
const guess: Quota = { perMinute: 600, known: false };
const hourMs = 3_600_000;
const interval = 60_000 / 594;

function used(quota: Quota, at: number): Spacing {
  const spacing = new Spacing(quota, at - 1000);
  spacing.use(at);
  return spacing;
}

/** Read again `later` ms after it was left, by somebody who has met it unless told otherwise. */
function again(spacing: Spacing, now: number, quota: Quota = spacing.quota, isNewcomer = false): Spacing {
  return spacingOf(spacingText(spacing), quota, now, isNewcomer);
}

/** A second without a call is one with none. */
function plain({ state }: Spacing): SpacingState {
  return { ...state, tally: { ...state.tally, counts: state.tally.counts.map((count) => count ?? 0) } };
}

describe("a sequence kept as text", () => {
  const refused = used(guess, 90_000);
  refused.refused({ now: 90_100, sentAt: 90_000, quotaPerMinute: 120, retryAfterMs: 2000, areWaiting: true });

  it.each([
    ["of a limit that is known", used(known, 5000)],
    ["of a guess", used(guess, 5000)],
    ["that is not paced", used({ perMinute: Infinity, known: false }, 5000)],
    ["that was refused", refused],
  ])("%s goes on as it was left", (_what, spacing) => {
    expect(plain(again(spacing, 90_200))).toEqual(plain(spacing));
  });

  it.each([
    ["nothing", undefined],
    ["no JSON", "{"],
    ["another thing", "[]"],
    ["half of it", JSON.stringify({ quota: { perMinute: 600, known: true } })],
    ["a pace for which there is no reason", spacingText(refused).replace('"told"', '"because"')],
    ["a figure that is a text", spacingText(refused).replace(/"lastSlot":\d+(\.\d+)?/, '"lastSlot":"1"')],
  ])("begins anew, and empty, where there is %s", (_what, text) => {
    const spacing = spacingOf(text, known, 7000, false);
    expect(spacing.state).toEqual(new Spacing(known, 7000).state);
    expect(spacing.opensAt(7000)).toBeCloseTo(7000 + interval);
  });

  it("makes up for a tenth of a second and no more, among several", () => {
    for (const spacing of [spacingOf(undefined, known, 0, false), again(used(known, 1000), 1000)])
      expect(spacing.opensAt(50_000)).toBe(49_900);
  });
});

describe("times that nobody can have left", () => {
  const from = (state: Partial<SpacingState>): Spacing =>
    new Spacing(known, 0, 100, { ...used(known, 1000).state, ...state });

  it.each<readonly [string, Partial<SpacingState>, keyof SpacingState, number]>([
    ["a slot used in an hour", { lastSlot: hourMs }, "lastSlot", 61_000],
    ["a slot used in a minute", { lastSlot: 61_000 }, "lastSlot", 61_000],
    ["a server that wants no calls for two hours", { serverHold: 2 * hourMs }, "serverHold", hourMs + 1000],
    ["a server that wants no calls for an hour", { serverHold: hourMs }, "serverHold", hourMs],
    ["a pause of one's own for an hour", { ownHold: hourMs }, "ownHold", 61_000],
    ["a pause of one's own for half a minute", { ownHold: 31_000 }, "ownHold", 31_000],
  ])("are taken for what is possible: %s", (_what, state, field, expected) => {
    expect(again(from(state), 1000).state[field]).toBe(expected);
  });
});

describe("another quota than the one that is kept", () => {
  const stricter: Quota = { perMinute: 300, known: true };
  const laxer: Quota = { perMinute: 900, known: true };
  const strictGuess: Quota = { perMinute: 300, known: false };

  it.each<readonly [string, Quota, Quota, number, boolean, Quota]>([
    ["holds when a newcomer is stricter", known, stricter, 0, true, stricter],
    ["holds when a newcomer knows what was a guess", guess, laxer, 0, true, laxer],
    ["does not hold when a newcomer is laxer", known, laxer, 0, true, known],
    ["does not hold when a newcomer merely guesses", known, strictGuess, 0, true, known],
    ["does not hold for who has met it: a rate set by hand stays", known, stricter, 0, false, known],
    ["holds when nobody has used it for a minute", known, laxer, 60_001, false, laxer],
    ["does not hold a moment before", known, laxer, 60_000, false, known],
    ["that is the same changes nothing, however long nobody has used it", known, known, hourMs, true, known],
  ])("%s", (_what, kept, quota, idleMs, isNewcomer, expected) => {
    const spacing = new Spacing(kept, 0, 100, { ...used(kept, 1000).state, lastSlot: 1000 });
    const read = again(spacing, 1000 + idleMs, quota, isNewcomer);
    expect(read.quota).toEqual(expected);
    expect(read.pace.perMinute).toBeCloseTo(expected.perMinute * 0.99);
  });
});

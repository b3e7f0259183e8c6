/** The small words: places, instants, and the states a step can be in. */
import { describe, expect, it } from "vitest";
import { instantText } from "../../src/model/clock.ts";
import { placeText } from "../../src/model/diagnostic.ts";
import { noCounts } from "../../src/model/run.ts";
import { hazardsToAllow, outcomes } from "../../src/model/step.ts";

describe("a place", () => {
  it.each([
    [{ file: "moves.csv", line: 14, column: 3 }, "moves.csv:14:3"],
    [{ file: "moves.csv", line: 14, column: 0 }, "moves.csv:14"],
  ])("%j is written %s", (place, expected) => {
    expect(placeText(place)).toBe(expected);
  });
});

describe("an instant", () => {
  it("is written in UTC with milliseconds", () => {
    expect(instantText(0)).toBe("1970-01-01T00:00:00.000Z");
    expect(instantText(Date.UTC(2026, 1, 3, 4, 5, 6, 7))).toBe("2026-02-03T04:05:06.007Z");
  });
});

describe("a step", () => {
  it("is planned, in flight, or ended in exactly one of the outcomes", () => {
    expect(Object.keys(noCounts)).toEqual(["planned", "in-flight", ...outcomes]);
    expect(new Set(outcomes).size).toBe(outcomes.length);
    expect(Object.values(noCounts).every((count) => count === 0)).toBe(true);
  });

  it("that cannot be taken back must be allowed by name", () => {
    expect(hazardsToAllow.has("whole-user-transfer")).toBe(true);
    expect(hazardsToAllow.has("keeps-credentials")).toBe(false);
  });
});

/** The simulation itself: some seeds at every run of the tests, that everything it is for happens in them, and that a seed is the same twice. */
import { describe, expect, it } from "vitest";
import { switchSpecs } from "../../src/emulator/switches.ts";
import { missingFrom } from "./coverage.ts";
import { parseFlags } from "./flags.ts";
import { regressions } from "./regressions.ts";
import { runSeed } from "./seed.ts";
import { drawnPositions, notMet } from "./switches.ts";

const seeds = 400;

describe("the simulation", () => {
  it(
    `finds nothing wrong in its first ${seeds} seeds, and meets in them all it is for`,
    { timeout: 300_000 },
    async () => {
      const wrong: string[] = [];
      const seen = new Set<string>();
      for (let seed = 1; seed <= seeds; seed += 1) {
        const outcome = await runSeed(seed);
        for (const name of outcome.seen) seen.add(name);
        wrong.push(...outcome.violations.map((violation) => `npm run sim -- --seed ${seed} --trace: ${violation}`));
      }
      expect(wrong).toEqual([]);
      expect(missingFrom(seen), "never happened").toEqual([]);
    },
  );

  it.each(regressions)("finds nothing in seed %i any more, in a %s store: %s", async (seed, store) => {
    expect((await runSeed(seed, { store })).violations).toEqual([]);
  });

  it.each([3, 6, 8, 16, 42, 97])("goes the same way twice with seed %i", async (seed) => {
    expect((await runSeed(seed)).hash).toBe((await runSeed(seed)).hash);
  });

  it("goes another way with another seed", async () => {
    expect((await runSeed(11)).hash).not.toBe((await runSeed(12)).hash);
  });

  it("draws every position of every switch of the stand-in that a run can meet", () => {
    const drawn = new Set(drawnPositions.map(([name, position]) => `${name} ${position}`));
    const always = new Set(["dataStudioApi enabled", "adminApi enabled"]);
    const met = switchSpecs.filter(({ name }) => !notMet.includes(name));
    const all = met.flatMap(({ name, positions = [] }) => positions.map((position) => `${name} ${position}`));
    expect(all.filter((position) => !drawn.has(position) && !always.has(position))).toEqual([]);
    const numbers = met.filter((spec) => spec.positions === undefined).map((spec) => spec.name);
    expect(numbers.filter((name) => !drawnPositions.some(([other]) => other === name))).toEqual([]);
  });
});

describe("the simulation's command line", () => {
  it.each([
    [["--seeds", "many"], "--seeds is a whole number"],
    [["--seeds", "0"], "--seeds is a whole number of at least 1"],
    [["--from", "-1"], "--from"],
    [["--store", "paper"], "--store is model, sqlite or remote"],
    [["--trace"], "--trace shows one seed"],
    [["--sed", "1"], "--sed"],
    [["7"], "7"],
  ])("refuses %j with a sentence", (args, sentence) => {
    expect(parseFlags(args)).toEqual(expect.stringContaining(sentence));
  });

  it("takes one seed, or many from one on", () => {
    expect(parseFlags(["--seed", "42", "--trace"])).toMatchObject({ seed: 42, trace: true });
    expect(parseFlags(["--seeds", "20", "--from", "100"])).toMatchObject({ seed: undefined, seeds: 20, from: 100 });
  });
});

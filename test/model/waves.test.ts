/** How a run is divided into waves, and how that is kept. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAmount } from "../../src/model/guard.ts";
import type { Amount } from "../../src/model/guard.ts";
import { chooseWaves, parseWaves, presentWave, wavesText, wavesView } from "../../src/model/waves.ts";
import type { Candidate, Waves } from "../../src/model/waves.ts";

function sizes(text: string): readonly Amount[] {
  return text.split(",").map((size) => parseAmount(size) ?? expect.fail(size));
}

/** Steps 1 to n; owners by turns of `each`. */
function steps(count: number, each: number): readonly Candidate[] {
  return Array.from({ length: count }, (_, index) => ({
    seq: index + 1,
    owner: `owner-${Math.floor(index / each)}`,
    after: undefined,
    begun: false,
  }));
}

describe("waves are chosen", () => {
  it.each([
    ["1,5%,100%", 100, [1, 4]],
    ["1,5%", 100, [1, 4]],
    ["10,20%,50%", 100, [10, 10, 30]],
    ["1,5%,100%", 10, [1]],
    ["100%", 10, []],
    ["50", 10, []],
    ["10%", 3, [1]],
    ["1%", 0, []],
  ])("%s of %d steps as %j and the rest", (text, count, expected) => {
    expect(chooseWaves(steps(count, 5), sizes(text)).map((wave) => wave.length)).toEqual(expected);
  });

  it("from every owner in turn", () => {
    expect(chooseWaves(steps(12, 4), sizes("3,6"))).toEqual([
      [1, 5, 9],
      [2, 6, 10],
    ]);
  });

  it("with what is under way first, whatever the size", () => {
    const candidates = steps(9, 3).map((each) => ({ ...each, begun: each.seq === 6 || each.seq === 9 }));
    expect(chooseWaves(candidates, sizes("1,4"))).toEqual([
      [6, 9],
      [1, 4],
    ]);
  });

  it("with no step before the one it waits for, while others go on", () => {
    const candidates = [...steps(3, 3), { seq: 4, owner: "heir", after: 3, begun: false }, ...steps(5, 1).slice(4)];
    expect(chooseWaves(candidates, sizes("3,4"))).toEqual([[1, 5, 2], [3]]);
    expect(chooseWaves(candidates.slice(0, 4), sizes("3"))).toEqual([[1, 2, 3]]);
  });

  const anySteps = fc
    .array(fc.record({ owner: fc.integer({ min: 0, max: 4 }), after: fc.nat(), begun: fc.boolean() }), {
      maxLength: 40,
    })
    .map((drafts): readonly Candidate[] =>
      drafts.map(({ owner, after, begun }, index) => ({
        seq: index + 1,
        owner: `owner-${owner}`,
        after: index > 0 && after % 3 === 0 ? 1 + (after % index) : undefined,
        begun: begun && after % 3 !== 0 && index % 4 === 0,
      })),
    );
  const anySizes = fc.array(
    fc.oneof(
      fc.integer({ min: 1, max: 50 }).map((count): Amount => ({ count })),
      fc.integer({ min: 1, max: 100 }).map((percent): Amount => ({ percent })),
    ),
    { minLength: 1, maxLength: 4 },
  );

  it("so that no step comes twice, none before the one it waits for, none is empty, and always alike", () => {
    fc.assert(
      fc.property(anySteps, anySizes, (candidates, wanted) => {
        const chosen = chooseWaves(candidates, wanted);
        const waveOf = new Map(chosen.flatMap((seqs, wave) => seqs.map((seq) => [seq, wave] as const)));
        const count = chosen.reduce((sum, seqs) => sum + seqs.length, 0);
        expect(waveOf.size).toBe(count);
        expect(chosen.every((seqs) => seqs.length > 0)).toBe(true);
        expect(chosen.length === 0 || count < candidates.length).toBe(true);
        for (const { seq, after, begun } of candidates) {
          if (after !== undefined && !begun && !candidates[after - 1]?.begun) {
            expect(waveOf.get(after) ?? Infinity).toBeLessThanOrEqual(waveOf.get(seq) ?? Infinity);
          }
          if (begun && chosen.length > 0) expect(waveOf.get(seq)).toBe(0);
        }
        expect(chooseWaves(candidates, wanted)).toEqual(chosen);
      }),
    );
  });
});

describe("what a run keeps of its waves", () => {
  const waves: Waves = { sizes: ["1", "5 %"], chosen: [[3], [1, 2]], passed: 1, problems: [], dropped: false };

  it("is read as it was written, and says where the run is", () => {
    expect(parseWaves(wavesText(waves))).toEqual(waves);
    expect(presentWave(waves)).toEqual([1, 2]);
    expect(presentWave({ ...waves, passed: 2 })).toBeUndefined();
    expect(presentWave({ ...waves, dropped: true })).toBeUndefined();
    expect(presentWave(undefined)).toBeUndefined();
    expect(wavesView(waves)).toMatchObject({ wave: 2, steps: [1, 2] });
    expect(wavesView({ ...waves, dropped: true }).wave).toBe(3);
  });

  it.each([
    "",
    "{",
    "null",
    "[]",
    '{"sizes":["1"],"chosen":[["1"]],"passed":0,"problems":[],"dropped":false}',
    '{"sizes":["1"],"chosen":[[1]],"passed":-1,"problems":[],"dropped":false}',
    '{"sizes":["1"],"chosen":[[1]],"passed":0.5,"problems":[],"dropped":false}',
    '{"sizes":["1"],"chosen":[[1]],"passed":0,"problems":[1],"dropped":false}',
    '{"sizes":["1"],"chosen":[[1]],"passed":0,"problems":[]}',
  ])("is not read from %s", (text) => {
    expect(parseWaves(text)).toBeUndefined();
  });
});

/** The sweeps: a part of a plan's life is ended at every boundary it comes to, and at every two of them. */
import type { Boundary, Doom } from "./life.ts";
import type { Attempt, Phase } from "./phases.ts";

/** How much later than usual a write of a dead process lands: amid what its successor does, and long after. */
const lateMs: readonly number[] = [15, 35, 65_000];

export interface Swept {
  readonly boundaries: number;
  readonly runs: number;
  readonly violations: readonly string[];
}

/** Every boundary; where a write is under way just then, once more for each time at which it may land. */
export async function sweepSingles(phase: Phase): Promise<Swept> {
  const violations: string[] = [];
  const { boundaries } = await phase.live([]);
  let runs = 0;
  for (const [index, { writing }] of boundaries.entries()) {
    for (const late of writing ? [0, ...lateMs] : [0]) {
      const dooms = [{ boundary: index + 1, lateMs: late }];
      runs += 1;
      violations.push(...(await lived(phase, dooms, boundaries)));
    }
  }
  return { boundaries: boundaries.length, runs, violations };
}

/** Every boundary of the first life with every boundary of the one that follows it. */
export async function sweepPairs(phase: Phase): Promise<Swept> {
  const violations: string[] = [];
  const { boundaries } = await phase.live([]);
  let runs = 0;
  for (let first = 1; first <= boundaries.length; first += 1) {
    for (let second = 1, met = 2; met === 2; second += 1) {
      const dooms = [
        { boundary: first, lateMs: 0 },
        { boundary: second, lateMs: 0 },
      ];
      const attempt = await attempted(phase, dooms);
      met = attempt.met;
      if (met === 2) runs += 1;
      violations.push(...attempt.violations.map((violation) => `${where(dooms, boundaries)}: ${violation}`));
    }
  }
  return { boundaries: boundaries.length, runs, violations };
}

async function lived(
  phase: Phase,
  dooms: readonly Doom[],
  boundaries: readonly Boundary[],
): Promise<readonly string[]> {
  const { met, violations } = await attempted(phase, dooms);
  const all = met === dooms.length || violations.length > 0 ? violations : ["it was not killed there"];
  return all.map((violation) => `${where(dooms, boundaries)}: ${violation}`);
}

/** What throws is a violation, after which the next boundary has its turn. */
async function attempted(phase: Phase, dooms: readonly Doom[]): Promise<Omit<Attempt, "boundaries">> {
  try {
    return await phase.live(dooms);
  } catch (error) {
    return { met: 0, violations: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  }
}

function where(dooms: readonly Doom[], boundaries: readonly Boundary[]): string {
  return dooms
    .map(({ boundary, lateMs: late }, index) => {
      const label = index === 0 ? ` (${boundaries[boundary - 1]?.label ?? "?"})` : "";
      return `killed at ${boundary}${label}${late > 0 ? `, landing ${late} ms late` : ""}`;
    })
    .join(" and ");
}

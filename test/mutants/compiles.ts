/** Which bugs are no programs any more: what does not compile is not found by anything that runs. */
import { join } from "node:path";
import { runCommand } from "./command.ts";
import type { Mutant } from "./mutant.ts";
import type { Workshop } from "./workshop.ts";

const checkMsMax = 120_000;

/** What the compiler says against the copy as it is. */
export async function typesProblem(folder: string): Promise<string | undefined> {
  const tsc = join(folder, "node_modules/.bin/tsc");
  const { code, out, err } = await runCommand(tsc, ["-p", "tsconfig.build.json", "--noEmit"], folder, checkMsMax);
  return code === 0 ? undefined : ((out || err).split("\n")[0] ?? "");
}

/**
 * What the compiler says against each of `mutants`. It is asked about one bug of every file at once, and about single ones
 * only where it complains: a dozen times instead of hundreds.
 */
export async function illTyped(workshop: Workshop, mutants: readonly Mutant[]): Promise<ReadonlyMap<Mutant, string>> {
  const found = new Map<Mutant, string>();
  for (const round of inRounds(mutants)) {
    if ((await problemOf(workshop, round)) === undefined) continue;
    for (const mutant of round) {
      const problem = await problemOf(workshop, [mutant]);
      if (problem !== undefined) found.set(mutant, problem);
    }
  }
  return found;
}

function problemOf(workshop: Workshop, mutants: readonly Mutant[]): Promise<string | undefined> {
  return workshop.with(mutants, () => typesProblem(workshop.folder));
}

/** Rounds in which every file has one bug at most. */
function inRounds(mutants: readonly Mutant[]): readonly (readonly Mutant[])[] {
  const rounds: Mutant[][] = [];
  const seen = new Map<string, number>();
  for (const mutant of mutants) {
    const round = seen.get(mutant.file) ?? 0;
    seen.set(mutant.file, round + 1);
    (rounds[round] ??= []).push(mutant);
  }
  return rounds;
}

/** What a mutant is: one deliberate bug as a change to one file, and where it must be found. */

/** Where a bug is looked for: in the simulation, seed after seed, or in one test file. */
export type Hunt = "sim" | `test/${string}.test.ts`;

export interface Mutant {
  /** By which `--only` picks it. */
  readonly name: string;
  /** What a user would suffer from it. */
  readonly breaks: string;
  readonly file: `src/${string}.ts`;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly hunt: Hunt;
}

/** The text with the bug in it; undefined when the place is not there exactly once, so that the mutant is stale. */
export function mutate(text: string, mutant: Pick<Mutant, "find" | "replace">): string | undefined {
  const at = text.indexOf(mutant.find);
  if (at < 0 || text.indexOf(mutant.find, at + 1) >= 0) return undefined;
  return text.slice(0, at) + mutant.replace + text.slice(at + mutant.find.length);
}

/** Chance for a simulation: one seed, and an independent stream for each use, so that a new draw in one moves no other. */
import { seededRandom } from "../../src/emulator/random.ts";
import type { Random } from "../../src/model/clock.ts";

/** FNV-1a over the name, mixed with the seed. */
function streamSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  return hash | 0;
}

export class Chance {
  readonly random: Random;

  constructor(seed: number, name: string) {
    this.random = seededRandom(streamSeed(seed, name));
  }

  /** True with chance `p`. */
  hits(p: number): boolean {
    return this.random() < p;
  }

  between(low: number, high: number): number {
    return low + this.random() * (high - low);
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  pick<T>(from: readonly T[]): T {
    const found = from[Math.floor(this.random() * from.length)];
    if (found === undefined) throw new Error("nothing to pick from");
    return found;
  }

  /** Each of `from` with chance `p`, in order. */
  some<T>(from: readonly T[], p: number): readonly T[] {
    return from.filter(() => this.hits(p));
  }
}

/** The model against SQLite: whichever keeps the runs of a seed, everything that can be seen from outside is the same. */
import { expect, it } from "vitest";
import { runSeed } from "../seed.ts";
import type { Outcome } from "../seed.ts";
import type { StoreKind } from "../setting.ts";

const blocks = 10;
const seedsPerBlock = 10;

function seenFromOutside({ hash, ends, requests, commits, foreign, kills, violations }: Outcome): object {
  return { hash, ends, requests, commits, foreign, kills, violations };
}

it.each(Array.from({ length: blocks }, (_, block) => [1 + block * seedsPerBlock]))(
  "ten seeds from %i on take the same course over the model as over SQLite",
  async (first) => {
    for (let seed = first; seed < first + seedsPerBlock; seed += 1) {
      const over = async (store: StoreKind): Promise<object> => ({
        seed,
        ...seenFromOutside(await runSeed(seed, { store })),
      });
      expect(await over("model")).toEqual(await over("sqlite"));
    }
  },
);

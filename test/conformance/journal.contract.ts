/** What every journal must do, whatever store stands behind it. */
import { afterEach, beforeEach, describe } from "vitest";
import { JournalBench } from "./journal-bench.ts";
import type { JournalStore } from "./journal-bench.ts";
import { claimsContract } from "./journal-claims.ts";
import { outcomesContract } from "./journal-outcomes.ts";

/** `makeStore` is called for each test; its store is disposed of after it. */
export function journalContract(name: string, makeStore: () => Promise<JournalStore>): void {
  describe(`${name} keeps the contract of a journal`, () => {
    let bench: JournalBench;
    beforeEach(async () => {
      bench = new JournalBench(await makeStore());
    });
    afterEach(async () => {
      await bench.store.dispose();
    });
    claimsContract(() => bench);
    outcomesContract(() => bench);
  });
}

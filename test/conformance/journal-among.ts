/** A part of the contract for journals that runs in waves are kept in: claims of chosen steps only. */
import { describe, expect, it } from "vitest";
import { ben, edits, intent } from "../journal/samples.ts";
import { JournalBench, all, seqs, sorted } from "./journal-bench.ts";
import type { JournalStore } from "./journal-bench.ts";

export function amongContract(name: string, makeStore: () => Promise<JournalStore>): void {
  describe(`claims among chosen steps, of ${name},`, () => {
    const withBench = async (work: (bench: JournalBench) => Promise<void>): Promise<void> => {
      const bench = new JournalBench(await makeStore());
      try {
        await bench.begin([...edits(4), ...edits(4, { actor: ben })]);
        await work(bench);
      } finally {
        await bench.store.dispose();
      }
    };

    it("take no others, and another choice, or none, makes those to be had again", () =>
      withBench(async (bench) => {
        const among = new Set([3, 6, 8]);
        expect(seqs(await bench.journal.claim({ ...all, max: 2, among }))).toEqual([3, 6]);
        expect(seqs(await bench.journal.claim({ ...all, among }))).toEqual([8]);
        expect(await bench.journal.claim({ ...all, among })).toEqual([]);
        expect(seqs(await bench.journal.claim({ ...all, among: new Set([1, 3]) }))).toEqual([1]);
        expect(sorted(await bench.journal.claim(all))).toEqual([2, 4, 5, 7]);
      }));

    it("take what a dead process had begun all the same", () =>
      withBench(async (bench) => {
        const claims = await bench.journal.claim({ ...all, max: 1 });
        await bench.durable(Promise.all(claims.map((claim) => bench.journal.intent(claim, intent(1)))));
        await bench.reopen();
        expect(seqs(await bench.journal.claim({ ...all, among: new Set([7]) }))).toEqual([1, 7]);
      }));
  });
}

import { expect, test } from "vitest";
import { noCounts } from "../../src/model/run.ts";
import { countFacts, openOf, totalOf } from "../../src/report/counts-text.ts";
import { pagesOf } from "../../src/report/rows.ts";
import type { PageSource, StepProgress } from "../../src/report/rows.ts";
import { plainStyle } from "../../src/report/style.ts";
import { edit, progressOf } from "./sample.ts";

/** A run whose steps have gaps in their numbers, as filtered ones do. */
function source(seqs: readonly number[], asked: unknown[]): PageSource {
  return {
    page: async (filter, after, max) => {
      asked.push({ filter, after, max });
      return seqs
        .filter((seq) => seq > after)
        .slice(0, max)
        .map((seq) => progressOf(edit({ seq })));
    },
  };
}

async function seqsOf(pages: AsyncIterable<readonly StepProgress[]>): Promise<number[][]> {
  const seqs: number[][] = [];
  for await (const page of pages) seqs.push(page.map((row) => row.step.seq));
  return seqs;
}

test("pages go through a run once, in order, whatever the gaps", async () => {
  const asked: unknown[] = [];
  expect(await seqsOf(pagesOf(source([2, 5, 9, 10, 40], asked), { kinds: ["edit"] }, 2))).toEqual([
    [2, 5],
    [9, 10],
    [40],
  ]);
  expect(asked).toEqual([0, 5, 10, 40].map((after) => ({ filter: { kinds: ["edit"] }, after, max: 2 })));
});

test("a run without steps has no pages", async () => {
  expect(await seqsOf(pagesOf(source([], [])))).toEqual([]);
});

test("counts leave out states without steps", () => {
  const counts = { ...noCounts, applied: 1204, "in-flight": 2, planned: 3 };
  expect(countFacts(counts, plainStyle)).toEqual(["1,204 applied", "2 in flight", "3 planned"]);
  expect([totalOf(counts), openOf(counts)]).toEqual([1209, 5]);
});

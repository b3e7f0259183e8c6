/** Progress folded a second at a time shows, whenever somebody looks, what it shows folded event by event. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EngineEvent } from "../../src/model/event.ts";
import { outcomes } from "../../src/model/step.ts";
import { ProgressFold, advance, beginProgress } from "../../src/report/progress.ts";

const counts = {
  planned: 20,
  "in-flight": 3,
  applied: 4,
  confirmed: 0,
  unchanged: 0,
  "by-hand": 0,
  skipped: 0,
  failed: 0,
  cancelled: 0,
};

const step = fc
  .record({ seq: fc.integer({ min: 1, max: 6 }), outcome: fc.constantFrom(...outcomes) })
  .map(({ seq, outcome }): EngineEvent => ({
    type: "step",
    seq,
    outcome,
    failure: undefined,
    reason: undefined,
    asset: undefined,
  }));
const transfer = fc
  .integer({ min: 1, max: 6 })
  .map((seq): EngineEvent => ({ type: "transfer", seq, transferId: `t${seq}`, status: "inProgress", attached: false }));
const stopping = fc.constant<EngineEvent>({ type: "stopping", why: "stopped on request" });

const story = fc.array(
  fc.record({
    event: fc.oneof({ weight: 12, arbitrary: step }, transfer, stopping),
    afterMs: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 3000 })),
    isLookedAt: fc.boolean(),
  }),
  { maxLength: 60 },
);

describe("the progress of an apply", () => {
  it("is the same whether steps are put in one by one or many at once", () => {
    fc.assert(
      fc.property(story, (events) => {
        let now = 5;
        let each = beginProgress(counts, now);
        const fold = new ProgressFold(beginProgress(counts, now));
        for (const { event, afterMs, isLookedAt } of events) {
          now += afterMs;
          each = advance(each, event, now);
          fold.add(event, now);
          if (isLookedAt) expect(fold.progress).toEqual(each);
        }
        expect(fold.progress).toEqual(each);
      }),
    );
  });
});

/** The second half of the contract: how steps end, what that means for others, and what can be read afterwards. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Claim, RunReader } from "../../src/journal/journal.ts";
import { noCounts } from "../../src/model/run.ts";
import type { Outcome, Step, StepDraft } from "../../src/model/step.ts";
import { ben, byHand, edit, edits, failed, intent, result, transfer } from "../journal/samples.ts";
import { all, seqs, sorted } from "./journal-bench.ts";
import type { JournalBench } from "./journal-bench.ts";

export function outcomesContract(benchNow: () => JournalBench): void {
  let bench: JournalBench;
  beforeEach(() => {
    bench = benchNow();
  });

  describe("memos", () => {
    it("stay with a step over a crash, the latest one wins", async () => {
      await bench.begin([transfer()]);
      const claim = await bench.claimOne();
      await bench.durable(bench.journal.remember(claim, "job-1"));
      expect(await bench.durable(bench.journal.remember(claim, "job-2 \u0000 é"))).toBe("ok");
      await bench.reopen();
      expect((await bench.claimOne()).memo).toBe("job-2 \u0000 é");
      expect((await bench.journal.step(1))?.memo).toBe("job-2 \u0000 é");
    });
  });

  describe("gates", () => {
    const chain = (): readonly StepDraft[] => [transfer(), edit({ after: 1, actor: ben }), edit({ after: 1 }), edit()];

    it.each<Outcome>(["applied", "confirmed", "unchanged"])("open when the step before was %s", async (outcome) => {
      await bench.begin(chain());
      const claims = await bench.journal.claim(all);
      expect(sorted(claims)).toEqual([1, 4]);
      expect(await bench.journal.open()).toEqual({ ready: 2, waiting: 2 });
      const before = claims.find((claim) => claim.step.seq === 1) as Claim;
      await bench.durable(bench.journal.result(before, result({ outcome })));
      expect(await bench.journal.open()).toEqual({ ready: 3, waiting: 0 });
      expect(sorted(await bench.journal.claim(all))).toEqual([2, 3]);
    });

    it.each<Outcome>(["failed", "skipped", "by-hand", "cancelled"])(
      "take everything behind them along when the step before was %s",
      async (outcome) => {
        await bench.begin([...chain(), edit({ after: 3 }), edit({ after: 5 })]);
        const before = (await bench.journal.claim(all)).find((claim) => claim.step.seq === 1) as Claim;
        await bench.durable(bench.journal.result(before, { ...failed(), outcome }));
        const rows = await bench.journal.page({ states: ["skipped"] }, 1, 10);
        expect(rows.map((row) => row.step.seq)).toEqual([2, 3, 5, 6]);
        expect(rows[3]?.result).toMatchObject({
          outcome: "skipped",
          failure: "predecessor",
          evidence: "none",
          calls: 0,
        });
        expect(await bench.journal.open()).toEqual({ ready: 1, waiting: 0 });
        expect(await bench.journal.claim(all)).toEqual([]);
        const rowsOfAudit = await bench.journal.audit(0, 10);
        expect(rowsOfAudit.map((row) => JSON.parse(row.body).kind)).toEqual(["ended", "skipped"]);
        expect(JSON.parse(rowsOfAudit[1]?.body ?? "")).toMatchObject({ because: 1, count: 4, steps: "2-3,5-6" });
        expect(await bench.journal.firstBadAuditRow()).toBeUndefined();
      },
    );

    it("stay shut over a restart", async () => {
      await bench.begin(chain());
      await bench.journal.claim(all);
      await bench.reopen();
      expect(sorted(await bench.journal.claim(all))).toEqual([1, 4]);
    });

    it("open for steps of an actor whose turn is long over", async () => {
      await bench.begin([transfer(), edit({ after: 1 }), ...edits(70)]);
      const claims = await bench.journal.claim(all);
      expect(claims).toHaveLength(71);
      await bench.durable(bench.journal.result(claims.find(({ step }) => step.seq === 1) as Claim, result()));
      expect(seqs(await bench.journal.claim(all))).toEqual([2]);
    });

    it.each<Outcome>(["applied", "failed", "skipped"])(
      "of a line by hand open when its edit has ended as %s",
      async (outcome) => {
        await bench.begin([edit(), byHand({ unless: 1 })]);
        const [claim] = await bench.journal.claim(all);
        expect(await bench.journal.claim(all)).toEqual([]);
        await bench.durable(bench.journal.result(claim as Claim, { ...failed(), outcome }));
        expect(seqs(await bench.journal.claim(all))).toEqual([2]);
      },
    );

    it("of a line by hand open when its edit was skipped with its transfer", async () => {
      await bench.begin([transfer(), edit({ after: 1 }), byHand({ unless: 2 }), byHand({ after: 1, unless: 2 })]);
      const [claim] = await bench.journal.claim(all);
      await bench.durable(bench.journal.result(claim as Claim, failed()));
      expect(await bench.journal.counts()).toEqual({ ...noCounts, planned: 1, skipped: 2, failed: 1 });
      expect(seqs(await bench.journal.claim(all))).toEqual([3]);
    });

    it("of a line by hand wait for the transfer first and the edit then", async () => {
      await bench.begin([
        transfer(),
        edit({ after: 1 }),
        byHand({ after: 1, unless: 2 }),
        byHand({ after: 2, unless: 2 }),
      ]);
      const [claim] = await bench.journal.claim(all);
      await bench.durable(bench.journal.result(claim as Claim, result()));
      expect(await bench.journal.open()).toEqual({ ready: 1, waiting: 2 });
      const next = await bench.journal.claim(all);
      expect(seqs(next)).toEqual([2]);
      await bench.durable(bench.journal.result(next[0] as Claim, failed()));
      expect(seqs(await bench.journal.claim(all))).toEqual([3, 4]);
    });
  });

  describe("results", () => {
    it("are kept whole, with their audit row", async () => {
      await bench.begin([edit()]);
      const written = failed("not-found", 'gone: \u2028 "quoted"');
      await bench.durable(bench.journal.result(await bench.claimOne(), written));
      expect(await bench.journal.step(1)).toMatchObject({ state: "failed", updatedAt: bench.clock.now() });
      expect((await bench.journal.step(1))?.result).toEqual(written);
      const [row] = await bench.journal.audit(0, 5);
      expect(row).toMatchObject({ seq: 1, at: bench.clock.now() });
      expect(JSON.parse(row?.body ?? "")).toMatchObject({ kind: "ended", step: 1, outcome: "failed" });
    });

    it("are counted by state, for the journal and for a reader beside it", async () => {
      await bench.begin([...edits(4), byHand()]);
      const claims = await bench.journal.claim(all);
      const outcomes: readonly Outcome[] = ["applied", "confirmed", "failed", "skipped", "by-hand"];
      const writes = outcomes.map((outcome, index) =>
        bench.journal.result(claims[index] as Claim, result({ outcome })),
      );
      await bench.durable(Promise.all(writes));
      const expected = { ...noCounts, applied: 1, confirmed: 1, failed: 1, skipped: 1, "by-hand": 1 };
      expect(await bench.journal.counts()).toEqual(expected);
      expect(await (await bench.store.reader()).counts()).toEqual(expected);
    });

    it("that failed are grouped by class and reason, most frequent first", async () => {
      await bench.begin(edits(7));
      const claims = await bench.journal.claim(all);
      const results = [
        failed("not-found", "gone"),
        failed("permission-denied", "no right"),
        failed("permission-denied", "no right"),
        result(),
        { ...failed("drift", "another owner"), outcome: "skipped" as const },
        failed("permission-denied", "other reason"),
        { ...failed(), failure: undefined, reason: undefined },
      ];
      await bench.durable(Promise.all(results.map((one, index) => bench.journal.result(claims[index] as Claim, one))));
      expect(await bench.journal.failures(3)).toEqual([
        { outcome: "failed", failure: "permission-denied", reason: "no right", count: 2, seq: 2 },
        { outcome: "failed", failure: "not-found", reason: "gone", count: 1, seq: 1 },
        { outcome: "skipped", failure: "drift", reason: "another owner", count: 1, seq: 5 },
      ]);
      expect(await bench.journal.failures(10)).toHaveLength(5);
    });

    it("survive a crash once they are answered", async () => {
      await bench.begin(edits(20));
      const claims = await bench.journal.claim({ ...all, max: 9 });
      await bench.durable(Promise.all(claims.map((claim) => bench.journal.result(claim, result()))));
      await bench.reopen();
      expect(await bench.journal.counts()).toEqual({ ...noCounts, planned: 11, applied: 9 });
      expect(await bench.journal.claim(all)).toHaveLength(11);
    });
  });

  describe("pages", () => {
    it("come in order, filtered by state and kind, and an empty one ends", async () => {
      await bench.begin([edit(), transfer(), byHand(), edit(), edit({ after: 2 })]);
      const first = (await bench.journal.claim(all)).find(({ step }) => step.seq === 1) as Claim;
      await bench.durable(bench.journal.result(first, result()));
      const find = async (
        states: Parameters<RunReader["page"]>[0]["states"],
        kinds: readonly Step["kind"][] | undefined,
        after = 0,
        max = 10,
      ): Promise<readonly number[]> => {
        const filter = { ...(states && { states }), ...(kinds && { kinds }) };
        return (await bench.journal.page(filter, after, max)).map((row) => row.step.seq);
      };
      expect(await find(undefined, undefined)).toEqual([1, 2, 3, 4, 5]);
      expect(await find(undefined, undefined, 2, 2)).toEqual([3, 4]);
      expect(await find(undefined, undefined, 5)).toEqual([]);
      expect(await find(["applied"], undefined)).toEqual([1]);
      expect(await find(["planned"], ["edit", "by-hand"])).toEqual([3, 4, 5]);
      expect(await find([], undefined)).toEqual([]);
      expect(await bench.journal.step(6)).toBeUndefined();
    });
  });

  describe("notes and verdicts", () => {
    it("put a note of the run itself into the audit chain", async () => {
      await bench.begin([edit()]);
      const details = JSON.parse('{"z":1,"__proto__":"kept","a":true}') as Record<string, string>;
      await bench.durable(bench.journal.note("started", details));
      const [row] = await bench.journal.audit(0, 5);
      expect(row?.body).toBe(
        `{"at":${bench.clock.now()},"details":{"__proto__":"kept","a":true,"z":1},"kind":"note:started"}`,
      );
      expect(await bench.journal.firstBadAuditRow()).toBeUndefined();
    });

    it("sum up the last verdict of each step", async () => {
      await bench.begin(edits(3));
      expect(await bench.journal.verification()).toBeUndefined();
      await bench.durable(bench.journal.verified(1, "drifted", 50));
      await bench.durable(
        Promise.all([
          bench.journal.verified(1, "verified", 100),
          bench.journal.verified(2, "drifted", 102),
          bench.journal.verified(3, "unreadable", 101),
        ]),
      );
      const expected = { at: 102, verified: 1, drifted: 1, unreadable: 1 };
      expect(await bench.journal.verification()).toEqual(expected);
      expect(await (await bench.store.reader()).verification()).toEqual(expected);
    });
  });

  it("flush waits for nothing but the store", async () => {
    await bench.begin(edits(2));
    const [claim] = await bench.journal.claim(all);
    const written = bench.journal.intent(claim as Claim, intent(1));
    await bench.journal.flush();
    expect(await written).toBe("ok");
  });

  it("close makes durable what was handed over", async () => {
    await bench.begin(edits(2));
    const [claim] = await bench.journal.claim(all);
    const written = bench.journal.result(claim as Claim, result());
    await bench.journal.close();
    expect(await written).toBe("ok");
    await bench.journal.close();
    expect(await (await bench.store.reader()).counts()).toEqual({ ...noCounts, planned: 1, applied: 1 });
  });
}

/** What every journal must do, whatever store stands behind it. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Claim, Journal, RunReader, RunWriter } from "../../src/journal/journal.ts";
import type { Email } from "../../src/model/email.ts";
import { noCounts } from "../../src/model/run.ts";
import type { Outcome, Step, StepDraft } from "../../src/model/step.ts";
import {
  anna,
  ben,
  byHand,
  cleo,
  edit,
  edits,
  failed,
  header,
  intent,
  oddRoles,
  result,
  transfer,
} from "../journal/samples.ts";
import { ManualClock } from "../support/clock.ts";

/** One place where one run is kept. */
export interface JournalStore {
  writer(): Promise<RunWriter>;
  open(clock: ManualClock): Promise<Journal>;
  reader(): Promise<RunReader>;
  /** As if the process that has `journal` had died: what is not durable is gone, and the next `open` succeeds. */
  crash(journal: Journal): Promise<void>;
  dispose(): Promise<void>;
}

const nobody: ReadonlySet<Email> = new Set();
const all = { max: 1000, perActor: 1000, halted: nobody };

export function journalContract(name: string, makeStore: () => Promise<JournalStore>): void {
  describe(`${name} keeps the contract of a journal`, () => {
    let store: JournalStore;
    let clock: ManualClock;
    let journal: Journal;

    beforeEach(async () => {
      store = await makeStore();
      clock = new ManualClock();
    });
    afterEach(async () => {
      await store.dispose();
    });

    async function begin(drafts: readonly StepDraft[]): Promise<void> {
      const writer = await store.writer();
      await writer.add(drafts);
      await writer.seal(header());
      journal = await store.open(clock);
    }

    /** Waits for something durable, moving the clock as far as that takes. */
    function durable<T>(work: Promise<T>): Promise<T> {
      return clock.drive(work);
    }

    async function claimOne(): Promise<Claim> {
      const [claim] = await journal.claim({ ...all, max: 1 });
      if (claim === undefined) throw new Error("there is nothing to claim");
      return claim;
    }

    async function reopen(): Promise<void> {
      await store.crash(journal);
      journal = await store.open(clock);
    }

    const seqs = (claims: readonly Claim[]): readonly number[] => claims.map((claim) => claim.step.seq);
    const sorted = (claims: readonly Claim[]): readonly number[] => seqs(claims).toSorted((a, b) => a - b);

    describe("steps", () => {
      it("come back as they were written, roles named __proto__ included", async () => {
        const drafts = [
          edit({
            base: { etag: undefined, roles: oddRoles },
            attemptOwner: ben,
            alternates: [ben, cleo],
            owner: undefined,
          }),
          edit({
            base: undefined,
            hazards: ["new-external", "keeps-credentials"],
            delta: {
              add: [{ role: "__proto__", member: 'x:"\\\u0000' as never }],
              remove: [{ role: "VIEWER", member: "allUsers" as never }],
            },
            asset: { name: "n" as never, assetType: "__proto__", title: "\ud800 \u202e ' \" \n" },
          }),
          transfer(),
          byHand({ unless: 1 }),
          edit({ after: 3 }),
        ];
        await begin(drafts);
        const rows = await journal.page({}, 0, 10);
        expect(rows.map((row) => row.step)).toEqual(drafts.map((draft, index) => ({ ...draft, seq: index + 1 })));
        const [first] = rows.flatMap(({ step }) => (step.kind === "edit" ? [step.base?.roles ?? []] : []));
        expect([...(first ?? [])]).toEqual([...oddRoles]);
      });

      it("are numbered over several pages, and each page is told its first number", async () => {
        const writer = await store.writer();
        expect(await writer.add(edits(3))).toBe(1);
        expect(await writer.add(edits(2))).toBe(4);
        await writer.seal(header());
      });

      it("may not wait for a step that does not come before them", async () => {
        const writer = await store.writer();
        await expect(writer.add([edit({ after: 1 })])).rejects.toThrow("does not come before");
        await writer.discard();
      });

      it("keep the header, and the same run gives the same digest", async () => {
        await begin([edit()]);
        expect(journal.header).toEqual(header());
        expect(journal.digest).toMatch(/^[0-9a-f]{64}$/);
        await journal.close();
        expect((await store.reader()).digest).toBe(journal.digest);
      });
    });

    describe("claims", () => {
      it("never hand out a step twice", async () => {
        await begin([...edits(40), ...edits(40, { actor: ben })]);
        const taken: number[] = [];
        for (let page = await journal.claim({ ...all, max: 7 }); page.length > 0;) {
          taken.push(...seqs(page));
          page = await journal.claim({ ...all, max: 7 });
        }
        expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
      });

      it("give actors their turns, however many steps one of them has", async () => {
        await begin([...edits(500), ...edits(20, { actor: ben }), ...edits(20, { actor: cleo })]);
        const claims = await journal.claim({ ...all, max: 30 });
        const perActor = [anna, ben, cleo].map((actor) => claims.filter((claim) => claim.step.actor === actor).length);
        expect(perActor).toEqual([10, 10, 10]);
      });

      it("stay fair over a thousand claims and come to an end", async () => {
        await begin(["a", "b", "c", "d"].flatMap((who) => edits(300, { actor: `${who}@acme.example` as Email })));
        const taken = new Map<string, number>();
        for (let round = 0; round < 1000; round += 1) {
          const claim = await claimOne();
          taken.set(claim.step.actor, (taken.get(claim.step.actor) ?? 0) + 1);
        }
        expect([...taken.values()]).toEqual([250, 250, 250, 250]);
        expect(await journal.claim(all)).toHaveLength(200);
        expect(await journal.claim(all)).toHaveLength(0);
      });

      it("hold back an actor who has as many as permitted, until one of them ends", async () => {
        await begin([...edits(5), ...edits(1, { actor: ben })]);
        const rule = { max: 10, perActor: 2, halted: nobody };
        const claims = await journal.claim(rule);
        expect(seqs(claims)).toEqual([1, 6, 2]);
        expect(await journal.claim(rule)).toHaveLength(0);
        const [first] = claims;
        expect(await durable(journal.result(first as Claim, result()))).toBe("ok");
        expect(seqs(await journal.claim(rule))).toEqual([3]);
        expect(seqs(await journal.claim({ ...rule, perActor: 3 }))).toEqual([4]);
      });

      it("pass halted actors over, and come back to them when they are not halted any more", async () => {
        await begin([...edits(2), ...edits(2, { actor: ben })]);
        expect(seqs(await journal.claim({ ...all, halted: new Set([anna]) }))).toEqual([3, 4]);
        expect(await journal.claim({ ...all, halted: new Set([anna, ben]) })).toHaveLength(0);
        expect(seqs(await journal.claim(all))).toEqual([1, 2]);
      });

      it("take what a dead process had begun first, within the same bounds", async () => {
        await begin([...edits(4), ...edits(4, { actor: ben })]);
        const claims = await journal.claim({ max: 6, perActor: 3, halted: nobody });
        const begun = claims.filter((claim) => [2, 3, 6].includes(claim.step.seq));
        await durable(Promise.all(begun.map((claim) => journal.intent(claim, intent(1)))));
        await reopen();
        expect(seqs(await journal.claim({ max: 10, perActor: 1, halted: new Set([ben]) }))).toEqual([2]);
        expect(seqs(await journal.claim({ ...all, max: 2 }))).toEqual([3, 6]);
        expect(sorted(await journal.claim(all))).toEqual([1, 4, 5, 7, 8]);
      });

      it("find nothing in a run without steps", async () => {
        await begin([]);
        expect(await journal.claim(all)).toEqual([]);
        expect(await journal.open()).toEqual({ ready: 0, waiting: 0 });
      });
    });

    describe("fences", () => {
      it("grow with every claim of a step, restarts included", async () => {
        await begin([edit()]);
        const fences: number[] = [];
        for (let round = 0; round < 3; round += 1) {
          const claim = await claimOne();
          fences.push(claim.fence);
          if (round === 1) await reopen();
          else await durable(journal.release(claim));
        }
        expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
      });

      it.each([
        ["intent", (claim: Claim) => journal.intent(claim, intent(1))],
        ["memo", (claim: Claim) => journal.remember(claim, "job-1")],
        ["result", (claim: Claim) => journal.result(claim, failed())],
      ])("lose the %s of a claim that was given back", async (_, write) => {
        await begin([edit()]);
        const old = await claimOne();
        await durable(journal.release(old));
        const fresh = await claimOne();
        expect(await durable(write(old))).toBe("lost");
        await durable(journal.release(old));
        expect(await durable(journal.result(fresh, result()))).toBe("ok");
        expect(await journal.step(1)).toMatchObject({ state: "applied", attempts: 0, memo: undefined });
      });

      it("lose a second result, and everything after the first", async () => {
        await begin([edit()]);
        const claim = await claimOne();
        const both = await durable(Promise.all([journal.result(claim, result()), journal.result(claim, failed())]));
        expect(both).toEqual(["ok", "lost"]);
        expect(await durable(journal.result(claim, failed()))).toBe("lost");
        expect(await durable(journal.intent(claim, intent(1)))).toBe("lost");
        expect((await journal.step(1))?.state).toBe("applied");
        expect(await journal.audit(0, 10)).toHaveLength(1);
      });

      it("leave renewed only the claims that are still held", async () => {
        await begin(edits(3));
        const claims = await journal.claim(all);
        await durable(journal.result(claims[0] as Claim, result()));
        await durable(journal.release(claims[1] as Claim));
        expect(seqs(await journal.renew(claims))).toEqual([3]);
      });
    });

    describe("intents", () => {
      it("come back exactly as they were written after a crash", async () => {
        await begin([edit()]);
        const claim = await claimOne();
        const written = intent(1, { before: oddRoles, newOwner: ben, etag: undefined });
        expect(await durable(journal.intent(claim, written))).toBe("ok");
        await reopen();
        const again = await claimOne();
        expect(again).toMatchObject({ attempts: 1, conflicts: 0 });
        expect(again.intent).toEqual(written);
        expect([...(again.intent?.before ?? [])]).toEqual([...oddRoles]);
        expect(again.doubtful).toEqual([written]);
      });

      it("are no longer doubtful once they surely had no effect; conflicts are counted", async () => {
        await begin([edit()]);
        const claim = await claimOne();
        for (let attempt = 1; attempt <= 4; attempt += 1) {
          await durable(journal.intent(claim, intent(attempt)));
          if (attempt === 1) journal.noEffect(claim, 1, true);
          if (attempt === 3) journal.noEffect(claim, 3, false);
        }
        journal.noEffect(claim, 1, true);
        await journal.flush();
        await reopen();
        const again = await claimOne();
        expect(again.doubtful.map(({ attempt }) => attempt)).toEqual([2, 4]);
        expect(again).toMatchObject({ attempts: 4, conflicts: 1, intent: { attempt: 4 } });
        journal.noEffect(again, 4, true);
        await durable(journal.release(again));
        expect(await claimOne()).toMatchObject({ attempts: 4, conflicts: 2, intent: { attempt: 2 } });
      });

      it("keep the budgets of a step over any number of crashes", async () => {
        await begin([edit()]);
        for (let attempt = 1; attempt <= 5; attempt += 1) {
          const claim = await claimOne();
          expect(claim).toMatchObject({ attempts: attempt - 1, conflicts: attempt - 1 });
          await durable(journal.intent(claim, intent(attempt)));
          journal.noEffect(claim, attempt, true);
          await journal.flush();
          await reopen();
        }
        const claim = await claimOne();
        expect(claim).toMatchObject({ attempts: 5, conflicts: 5, intent: undefined, doubtful: [] });
        await durable(journal.result(claim, failed("contention", "given up")));
        expect(await journal.step(1)).toMatchObject({ state: "failed", attempts: 5 });
      });

      it("must follow one another", async () => {
        await begin([edit()]);
        const claim = await claimOne();
        await expect(journal.intent(claim, intent(2))).rejects.toThrow("does not follow");
        expect(await durable(journal.intent(claim, intent(1)))).toBe("ok");
      });

      it("make a step in-flight, and giving it back leaves it so", async () => {
        await begin(edits(2));
        const claim = await claimOne();
        await durable(journal.intent(claim, intent(1)));
        expect(await journal.counts()).toEqual({ ...noCounts, planned: 1, "in-flight": 1 });
        await durable(journal.release(claim));
        expect(await journal.step(1)).toMatchObject({ state: "in-flight", attempts: 1, updatedAt: intent(1).at });
        expect((await journal.page({ states: ["in-flight"] }, 0, 9)).map(({ step }) => step.seq)).toEqual([1]);
        expect((await journal.page({ states: ["planned"] }, 0, 9)).map(({ step }) => step.seq)).toEqual([2]);
        expect((await claimOne()).intent).toEqual(intent(1));
      });

      it("are answered only once a crash cannot take them back", async () => {
        await begin(edits(2));
        const [first] = await journal.claim(all);
        let answered = false;
        void journal.intent(first as Claim, intent(1)).then(() => (answered = true));
        expect(answered).toBe(false);
        await reopen();
        expect(await journal.counts()).toEqual({ ...noCounts, planned: 2 });
      });
    });

    describe("memos", () => {
      it("stay with a step over a crash, the latest one wins", async () => {
        await begin([transfer()]);
        const claim = await claimOne();
        await durable(journal.remember(claim, "job-1"));
        expect(await durable(journal.remember(claim, "job-2 \u0000 é"))).toBe("ok");
        await reopen();
        expect((await claimOne()).memo).toBe("job-2 \u0000 é");
        expect((await journal.step(1))?.memo).toBe("job-2 \u0000 é");
      });
    });

    describe("gates", () => {
      const chain = (): readonly StepDraft[] => [
        transfer(),
        edit({ after: 1, actor: ben }),
        edit({ after: 1 }),
        edit(),
      ];

      it.each<Outcome>(["applied", "confirmed", "unchanged"])("open when the step before was %s", async (outcome) => {
        await begin(chain());
        const claims = await journal.claim(all);
        expect(sorted(claims)).toEqual([1, 4]);
        expect(await journal.open()).toEqual({ ready: 2, waiting: 2 });
        const before = claims.find((claim) => claim.step.seq === 1) as Claim;
        await durable(journal.result(before, result({ outcome })));
        expect(await journal.open()).toEqual({ ready: 3, waiting: 0 });
        expect(sorted(await journal.claim(all))).toEqual([2, 3]);
      });

      it.each<Outcome>(["failed", "skipped", "by-hand", "cancelled"])(
        "take everything behind them along when the step before was %s",
        async (outcome) => {
          await begin([...chain(), edit({ after: 3 }), edit({ after: 5 })]);
          const before = (await journal.claim(all)).find((claim) => claim.step.seq === 1) as Claim;
          await durable(journal.result(before, { ...failed(), outcome }));
          const rows = await journal.page({ states: ["skipped"] }, 1, 10);
          expect(rows.map((row) => row.step.seq)).toEqual([2, 3, 5, 6]);
          expect(rows[3]?.result).toMatchObject({
            outcome: "skipped",
            failure: "predecessor",
            evidence: "none",
            calls: 0,
          });
          expect(await journal.open()).toEqual({ ready: 1, waiting: 0 });
          expect(await journal.claim(all)).toEqual([]);
          const rowsOfAudit = await journal.audit(0, 10);
          expect(rowsOfAudit.map((row) => JSON.parse(row.body).kind)).toEqual(["ended", "skipped"]);
          expect(JSON.parse(rowsOfAudit[1]?.body ?? "")).toMatchObject({ because: 1, count: 4, steps: "2-3,5-6" });
          expect(await journal.firstBadAuditRow()).toBeUndefined();
        },
      );

      it("stay shut over a restart", async () => {
        await begin(chain());
        await journal.claim(all);
        await reopen();
        expect(sorted(await journal.claim(all))).toEqual([1, 4]);
      });

      it("open for steps of an actor whose turn is long over", async () => {
        await begin([transfer(), edit({ after: 1 }), ...edits(70)]);
        const claims = await journal.claim(all);
        expect(claims).toHaveLength(71);
        await durable(journal.result(claims.find(({ step }) => step.seq === 1) as Claim, result()));
        expect(seqs(await journal.claim(all))).toEqual([2]);
      });

      it.each<Outcome>(["applied", "failed", "skipped"])(
        "of a line by hand open when its edit has ended as %s",
        async (outcome) => {
          await begin([edit(), byHand({ unless: 1 })]);
          const [claim] = await journal.claim(all);
          expect(await journal.claim(all)).toEqual([]);
          await durable(journal.result(claim as Claim, { ...failed(), outcome }));
          expect(seqs(await journal.claim(all))).toEqual([2]);
        },
      );

      it("of a line by hand open when its edit was skipped with its transfer", async () => {
        await begin([transfer(), edit({ after: 1 }), byHand({ unless: 2 }), byHand({ after: 1, unless: 2 })]);
        const [claim] = await journal.claim(all);
        await durable(journal.result(claim as Claim, failed()));
        expect(await journal.counts()).toEqual({ ...noCounts, planned: 1, skipped: 2, failed: 1 });
        expect(seqs(await journal.claim(all))).toEqual([3]);
      });

      it("of a line by hand wait for the transfer first and the edit then", async () => {
        await begin([transfer(), edit({ after: 1 }), byHand({ after: 1, unless: 2 }), byHand({ after: 2, unless: 2 })]);
        const [claim] = await journal.claim(all);
        await durable(journal.result(claim as Claim, result()));
        expect(await journal.open()).toEqual({ ready: 1, waiting: 2 });
        const next = await journal.claim(all);
        expect(seqs(next)).toEqual([2]);
        await durable(journal.result(next[0] as Claim, failed()));
        expect(seqs(await journal.claim(all))).toEqual([3, 4]);
      });
    });

    describe("results", () => {
      it("are kept whole, with their audit row", async () => {
        await begin([edit()]);
        const written = failed("not-found", 'gone: \u2028 "quoted"');
        await durable(journal.result(await claimOne(), written));
        expect(await journal.step(1)).toMatchObject({ state: "failed", updatedAt: clock.now() });
        expect((await journal.step(1))?.result).toEqual(written);
        const [row] = await journal.audit(0, 5);
        expect(row).toMatchObject({ seq: 1, at: clock.now() });
        expect(JSON.parse(row?.body ?? "")).toMatchObject({ kind: "ended", step: 1, outcome: "failed" });
      });

      it("are counted by state, for the journal and for a reader beside it", async () => {
        await begin([...edits(4), byHand()]);
        const claims = await journal.claim(all);
        const outcomes: readonly Outcome[] = ["applied", "confirmed", "failed", "skipped", "by-hand"];
        const writes = outcomes.map((outcome, index) => journal.result(claims[index] as Claim, result({ outcome })));
        await durable(Promise.all(writes));
        const expected = { ...noCounts, applied: 1, confirmed: 1, failed: 1, skipped: 1, "by-hand": 1 };
        expect(await journal.counts()).toEqual(expected);
        expect(await (await store.reader()).counts()).toEqual(expected);
      });

      it("that failed are grouped by class and reason, most frequent first", async () => {
        await begin(edits(7));
        const claims = await journal.claim(all);
        const results = [
          failed("not-found", "gone"),
          failed("permission-denied", "no right"),
          failed("permission-denied", "no right"),
          result(),
          { ...failed("drift", "another owner"), outcome: "skipped" as const },
          failed("permission-denied", "other reason"),
          { ...failed(), failure: undefined, reason: undefined },
        ];
        await durable(Promise.all(results.map((one, index) => journal.result(claims[index] as Claim, one))));
        expect(await journal.failures(3)).toEqual([
          { outcome: "failed", failure: "permission-denied", reason: "no right", count: 2, seq: 2 },
          { outcome: "failed", failure: "not-found", reason: "gone", count: 1, seq: 1 },
          { outcome: "skipped", failure: "drift", reason: "another owner", count: 1, seq: 5 },
        ]);
        expect(await journal.failures(10)).toHaveLength(5);
      });

      it("survive a crash once they are answered", async () => {
        await begin(edits(20));
        const claims = await journal.claim({ ...all, max: 9 });
        await durable(Promise.all(claims.map((claim) => journal.result(claim, result()))));
        await reopen();
        expect(await journal.counts()).toEqual({ ...noCounts, planned: 11, applied: 9 });
        expect(await journal.claim(all)).toHaveLength(11);
      });
    });

    describe("pages", () => {
      it("come in order, filtered by state and kind, and an empty one ends", async () => {
        await begin([edit(), transfer(), byHand(), edit(), edit({ after: 2 })]);
        const first = (await journal.claim(all)).find(({ step }) => step.seq === 1) as Claim;
        await durable(journal.result(first, result()));
        const find = async (
          states: Parameters<RunReader["page"]>[0]["states"],
          kinds: readonly Step["kind"][] | undefined,
          after = 0,
          max = 10,
        ): Promise<readonly number[]> => {
          const filter = { ...(states && { states }), ...(kinds && { kinds }) };
          return (await journal.page(filter, after, max)).map((row) => row.step.seq);
        };
        expect(await find(undefined, undefined)).toEqual([1, 2, 3, 4, 5]);
        expect(await find(undefined, undefined, 2, 2)).toEqual([3, 4]);
        expect(await find(undefined, undefined, 5)).toEqual([]);
        expect(await find(["applied"], undefined)).toEqual([1]);
        expect(await find(["planned"], ["edit", "by-hand"])).toEqual([3, 4, 5]);
        expect(await find([], undefined)).toEqual([]);
        expect(await journal.step(6)).toBeUndefined();
      });
    });

    describe("notes and verdicts", () => {
      it("put a note of the run itself into the audit chain", async () => {
        await begin([edit()]);
        const details = JSON.parse('{"z":1,"__proto__":"kept","a":true}') as Record<string, string>;
        await durable(journal.note("started", details));
        const [row] = await journal.audit(0, 5);
        expect(row?.body).toBe(
          `{"at":${clock.now()},"details":{"__proto__":"kept","a":true,"z":1},"kind":"note:started"}`,
        );
        expect(await journal.firstBadAuditRow()).toBeUndefined();
      });

      it("sum up the last verdict of each step", async () => {
        await begin(edits(3));
        expect(await journal.verification()).toBeUndefined();
        await durable(journal.verified(1, "drifted", 50));
        await durable(
          Promise.all([
            journal.verified(1, "verified", 100),
            journal.verified(2, "drifted", 102),
            journal.verified(3, "unreadable", 101),
          ]),
        );
        const expected = { at: 102, verified: 1, drifted: 1, unreadable: 1 };
        expect(await journal.verification()).toEqual(expected);
        expect(await (await store.reader()).verification()).toEqual(expected);
      });
    });

    it("flush waits for nothing but the store", async () => {
      await begin(edits(2));
      const [claim] = await journal.claim(all);
      const written = journal.intent(claim as Claim, intent(1));
      await journal.flush();
      expect(await written).toBe("ok");
    });

    it("close makes durable what was handed over", async () => {
      await begin(edits(2));
      const [claim] = await journal.claim(all);
      const written = journal.result(claim as Claim, result());
      await journal.close();
      expect(await written).toBe("ok");
      await journal.close();
      expect(await (await store.reader()).counts()).toEqual({ ...noCounts, planned: 1, applied: 1 });
    });
  });
}

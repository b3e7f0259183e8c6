/** The first half of the contract: what is claimed, in which order, by whom, and what is known of earlier attempts. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Claim } from "../../src/journal/journal.ts";
import type { Email } from "../../src/model/email.ts";
import { noCounts } from "../../src/model/run.ts";
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
import { all, seqs, sorted } from "./journal-bench.ts";
import type { JournalBench } from "./journal-bench.ts";

const nobody: ReadonlySet<Email> = new Set();

export function claimsContract(benchNow: () => JournalBench): void {
  let bench: JournalBench;
  beforeEach(() => {
    bench = benchNow();
  });

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
      await bench.begin(drafts);
      const rows = await bench.journal.page({}, 0, 10);
      expect(rows.map((row) => row.step)).toEqual(drafts.map((draft, index) => ({ ...draft, seq: index + 1 })));
      const [first] = rows.flatMap(({ step }) => (step.kind === "edit" ? [step.base?.roles ?? []] : []));
      expect([...(first ?? [])]).toEqual([...oddRoles]);
    });

    it("are numbered over several pages, and each page is told its first number", async () => {
      const writer = await bench.store.writer();
      expect(await writer.add(edits(3))).toBe(1);
      expect(await writer.add(edits(2))).toBe(4);
      await writer.seal(header());
    });

    it("may not wait for a step that does not come before them", async () => {
      const writer = await bench.store.writer();
      await expect(writer.add([edit({ after: 1 })])).rejects.toThrow("does not come before");
      await writer.discard();
    });

    it("keep the header, and the same run gives the same digest", async () => {
      await bench.begin([edit()]);
      expect(bench.journal.header).toEqual(header());
      expect(bench.journal.digest).toMatch(/^[0-9a-f]{64}$/);
      await bench.journal.close();
      expect((await bench.store.reader()).digest).toBe(bench.journal.digest);
    });
  });

  describe("claims", () => {
    it("never hand out a step twice", async () => {
      await bench.begin([...edits(40), ...edits(40, { actor: ben })]);
      const taken: number[] = [];
      for (let page = await bench.journal.claim({ ...all, max: 7 }); page.length > 0;) {
        taken.push(...seqs(page));
        page = await bench.journal.claim({ ...all, max: 7 });
      }
      expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
    });

    it("give actors their turns, however many steps one of them has", async () => {
      await bench.begin([...edits(500), ...edits(20, { actor: ben }), ...edits(20, { actor: cleo })]);
      const claims = await bench.journal.claim({ ...all, max: 30 });
      const perActor = [anna, ben, cleo].map((actor) => claims.filter((claim) => claim.step.actor === actor).length);
      expect(perActor).toEqual([10, 10, 10]);
    });

    it("stay fair over a thousand claims and come to an end", async () => {
      await bench.begin(["a", "b", "c", "d"].flatMap((who) => edits(300, { actor: `${who}@acme.example` as Email })));
      const taken = new Map<string, number>();
      // Not a multiple of the actors, so that each claim goes on where the last one stopped.
      for (let round = 0; round < 100; round += 1) {
        for (const { step } of await bench.journal.claim({ ...all, max: 10 })) {
          taken.set(step.actor, (taken.get(step.actor) ?? 0) + 1);
        }
      }
      expect([...taken.values()]).toEqual([250, 250, 250, 250]);
      expect(await bench.journal.claim(all)).toHaveLength(200);
      expect(await bench.journal.claim(all)).toHaveLength(0);
      // A thousand commits one after the other take their time where the disk is busy.
    }, 300_000);

    it("hold back an actor who has as many as permitted, until one of them ends", async () => {
      await bench.begin([...edits(5), ...edits(1, { actor: ben })]);
      const rule = { max: 10, perActor: 2, halted: nobody };
      const claims = await bench.journal.claim(rule);
      expect(seqs(claims)).toEqual([1, 6, 2]);
      expect(await bench.journal.claim(rule)).toHaveLength(0);
      const [first] = claims;
      expect(await bench.durable(bench.journal.result(first as Claim, result()))).toBe("ok");
      expect(seqs(await bench.journal.claim(rule))).toEqual([3]);
      expect(seqs(await bench.journal.claim({ ...rule, perActor: 3 }))).toEqual([4]);
    });

    it("pass halted actors over, and come back to them when they are not halted any more", async () => {
      await bench.begin([...edits(2), ...edits(2, { actor: ben })]);
      expect(seqs(await bench.journal.claim({ ...all, halted: new Set([anna]) }))).toEqual([3, 4]);
      expect(await bench.journal.claim({ ...all, halted: new Set([anna, ben]) })).toHaveLength(0);
      expect(seqs(await bench.journal.claim(all))).toEqual([1, 2]);
    });

    it("take what a dead process had begun first, within the same bounds", async () => {
      await bench.begin([...edits(4), ...edits(4, { actor: ben })]);
      const claims = await bench.journal.claim({ max: 6, perActor: 3, halted: nobody });
      const begun = claims.filter((claim) => [2, 3, 6].includes(claim.step.seq));
      await bench.durable(Promise.all(begun.map((claim) => bench.journal.intent(claim, intent(1)))));
      await bench.reopen();
      expect(seqs(await bench.journal.claim({ max: 10, perActor: 1, halted: new Set([ben]) }))).toEqual([2]);
      expect(seqs(await bench.journal.claim({ ...all, max: 2 }))).toEqual([3, 6]);
      expect(sorted(await bench.journal.claim(all))).toEqual([1, 4, 5, 7, 8]);
    });

    it("find nothing in a run without steps", async () => {
      await bench.begin([]);
      expect(await bench.journal.claim(all)).toEqual([]);
      expect(await bench.journal.open()).toEqual({ ready: 0, waiting: 0 });
    });
  });

  describe("fences", () => {
    it("grow with every claim of a step, restarts included", async () => {
      await bench.begin([edit()]);
      const fences: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        const claim = await bench.claimOne();
        fences.push(claim.fence);
        if (round === 1) await bench.reopen();
        else await bench.durable(bench.journal.release(claim));
      }
      expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
    });

    it.each([
      ["intent", (claim: Claim) => bench.journal.intent(claim, intent(1))],
      ["memo", (claim: Claim) => bench.journal.remember(claim, "job-1")],
      ["result", (claim: Claim) => bench.journal.result(claim, failed())],
    ])("lose the %s of a claim that was given back", async (_, write) => {
      await bench.begin([edit()]);
      const old = await bench.claimOne();
      await bench.durable(bench.journal.release(old));
      const fresh = await bench.claimOne();
      expect(await bench.durable(write(old))).toBe("lost");
      await bench.durable(bench.journal.release(old));
      expect(await bench.durable(bench.journal.result(fresh, result()))).toBe("ok");
      expect(await bench.journal.step(1)).toMatchObject({ state: "applied", attempts: 0, memo: undefined });
    });

    it("lose a second result, and everything after the first", async () => {
      await bench.begin([edit()]);
      const claim = await bench.claimOne();
      const both = await bench.durable(
        Promise.all([bench.journal.result(claim, result()), bench.journal.result(claim, failed())]),
      );
      expect(both).toEqual(["ok", "lost"]);
      expect(await bench.durable(bench.journal.result(claim, failed()))).toBe("lost");
      expect(await bench.durable(bench.journal.intent(claim, intent(1)))).toBe("lost");
      expect((await bench.journal.step(1))?.state).toBe("applied");
      expect(await bench.journal.audit(0, 10)).toHaveLength(1);
    });

    it("leave renewed only the claims that are still held", async () => {
      await bench.begin(edits(3));
      const claims = await bench.journal.claim(all);
      await bench.durable(bench.journal.result(claims[0] as Claim, result()));
      await bench.durable(bench.journal.release(claims[1] as Claim));
      expect(seqs(await bench.journal.renew(claims))).toEqual([3]);
    });
  });

  describe("intents", () => {
    it("come back exactly as they were written after a crash", async () => {
      await bench.begin([edit()]);
      const claim = await bench.claimOne();
      const written = intent(1, { before: oddRoles, newOwner: ben, etag: undefined });
      expect(await bench.durable(bench.journal.intent(claim, written))).toBe("ok");
      await bench.reopen();
      const again = await bench.claimOne();
      expect(again).toMatchObject({ attempts: 1, conflicts: 0 });
      expect(again.intent).toEqual(written);
      expect([...(again.intent?.before ?? [])]).toEqual([...oddRoles]);
      expect(again.doubtful).toEqual([written]);
    });

    it("are no longer doubtful once they surely had no effect; conflicts are counted", async () => {
      await bench.begin([edit()]);
      const claim = await bench.claimOne();
      for (let attempt = 1; attempt <= 4; attempt += 1) {
        await bench.durable(bench.journal.intent(claim, intent(attempt)));
        if (attempt === 1) bench.journal.noEffect(claim, 1, true);
        if (attempt === 3) bench.journal.noEffect(claim, 3, false);
      }
      bench.journal.noEffect(claim, 1, true);
      await bench.journal.flush();
      await bench.reopen();
      const again = await bench.claimOne();
      expect(again.doubtful.map(({ attempt }) => attempt)).toEqual([2, 4]);
      expect(again).toMatchObject({ attempts: 4, conflicts: 1, intent: { attempt: 4 } });
      bench.journal.noEffect(again, 4, true);
      await bench.durable(bench.journal.release(again));
      expect(await bench.claimOne()).toMatchObject({ attempts: 4, conflicts: 2, intent: { attempt: 2 } });
    });

    it("keep the budgets of a step over any number of crashes", async () => {
      await bench.begin([edit()]);
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        const claim = await bench.claimOne();
        expect(claim).toMatchObject({ attempts: attempt - 1, conflicts: attempt - 1 });
        await bench.durable(bench.journal.intent(claim, intent(attempt)));
        bench.journal.noEffect(claim, attempt, true);
        await bench.journal.flush();
        await bench.reopen();
      }
      const claim = await bench.claimOne();
      expect(claim).toMatchObject({ attempts: 5, conflicts: 5, intent: undefined, doubtful: [] });
      await bench.durable(bench.journal.result(claim, failed("contention", "given up")));
      expect(await bench.journal.step(1)).toMatchObject({ state: "failed", attempts: 5 });
    });

    it("must follow one another", async () => {
      await bench.begin([edit()]);
      const claim = await bench.claimOne();
      await expect(bench.journal.intent(claim, intent(2))).rejects.toThrow("does not follow");
      expect(await bench.durable(bench.journal.intent(claim, intent(1)))).toBe("ok");
    });

    it("make a step in-flight, and giving it back leaves it so", async () => {
      await bench.begin(edits(2));
      const claim = await bench.claimOne();
      await bench.durable(bench.journal.intent(claim, intent(1)));
      expect(await bench.journal.counts()).toEqual({ ...noCounts, planned: 1, "in-flight": 1 });
      await bench.durable(bench.journal.release(claim));
      expect(await bench.journal.step(1)).toMatchObject({ state: "in-flight", attempts: 1, updatedAt: intent(1).at });
      expect((await bench.journal.page({ states: ["in-flight"] }, 0, 9)).map(({ step }) => step.seq)).toEqual([1]);
      expect((await bench.journal.page({ states: ["planned"] }, 0, 9)).map(({ step }) => step.seq)).toEqual([2]);
      expect((await bench.claimOne()).intent).toEqual(intent(1));
    });

    it("stay in the step that is set aside: this opening does not hand it out again, the next one does", async () => {
      await bench.begin(edits(2));
      const claim = await bench.claimOne();
      await bench.durable(bench.journal.intent(claim, intent(1)));
      await bench.durable(bench.journal.setAside(claim));
      const rest = await bench.journal.claim(all);
      expect(rest.map(({ step }) => step.seq)).toEqual([2]);
      await bench.durable(bench.journal.release(rest[0] as Claim));
      expect((await bench.journal.claim(all)).map(({ step }) => step.seq)).toEqual([2]);
      await bench.reopen();
      expect((await bench.claimOne()).intent).toEqual(intent(1));
    });

    it("leave room for text kept under a name, which the next process finds, and every reader", async () => {
      await bench.begin(edits(1));
      bench.journal.keep("pacer", "one");
      bench.journal.keep("pacer", "two");
      await bench.journal.flush();
      await bench.reopen();
      expect([await bench.journal.kept("pacer"), await bench.journal.kept("other")]).toEqual(["two", undefined]);
      const reader = await bench.store.reader();
      expect([await reader.kept("pacer"), await reader.kept("other")]).toEqual(["two", undefined]);
    });

    it("are answered only once a crash cannot take them back", async () => {
      await bench.begin(edits(2));
      const [first] = await bench.journal.claim(all);
      let answered = false;
      void bench.journal.intent(first as Claim, intent(1)).then(() => (answered = true));
      expect(answered).toBe(false);
      await bench.reopen();
      expect(await bench.journal.counts()).toEqual({ ...noCounts, planned: 2 });
    });
  });
}

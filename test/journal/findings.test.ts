/** The findings of an audit while they wait to be shown: their order, and what is new, known and fixed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FindingStore } from "../../src/journal/findings.ts";
import { openFindings } from "../../src/journal/sqlite/findings.ts";
import type { AssetName } from "../../src/model/asset.ts";
import { severities } from "../../src/model/finding.ts";
import type { Acceptance, Finding, StoredFinding } from "../../src/model/finding.ts";
import { member } from "../../src/model/member.ts";

function finding(asset: string, rule = "stale", more: Partial<Finding> = {}): Finding {
  return {
    rule,
    severity: "info",
    asset: { name: asset as AssetName, assetType: "REPORT", title: `of ${asset}`, owner: undefined },
    member: undefined,
    role: undefined,
    text: "found",
    fix: undefined,
    ...more,
  };
}

const open = (...found: readonly Finding[]): { finding: Finding; accepted: Acceptance | undefined }[] =>
  found.map((each) => ({ finding: each, accepted: undefined }));

async function all(store: FindingStore, max = 2): Promise<readonly StoredFinding[]> {
  const listed: StoredFinding[] = [];
  for (;;) {
    const page = await store.page(listed.at(-1)?.order ?? 0, max);
    if (page.length === 0) return listed;
    listed.push(...page);
  }
}

async function withStore<T>(work: (store: FindingStore) => Promise<T>): Promise<T> {
  const store = await openFindings();
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const named = (listed: readonly StoredFinding[]): readonly string[] =>
  listed.map(({ finding: { rule, asset }, change }) => [rule, asset?.name, change].filter(Boolean).join(" "));

describe("the findings of an audit", () => {
  it("are listed from worst to least, rule by rule, asset by asset", async () => {
    await withStore(async (store) => {
      const bad: Partial<Finding> = { severity: "critical" };
      await store.add("new", open(finding("a"), finding("a", "z-link", bad), finding("a", "b-link", bad)));
      await store.add("new", open(finding("b"), finding("b", "b-link", bad)));
      await store.settle(false);
      expect(named(await all(store))).toEqual(["b-link a", "b-link b", "z-link a", "stale a", "stale b"]);
    });
  });

  it("are the same list however the grants of one asset were ordered", async () => {
    const grants = ["user:a@x.example", "user:b@x.example", "user:c@x.example"].map((who) =>
      finding("a", "external-editor", { member: member(who), role: "EDITOR" }),
    );
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(grants, { minLength: 3 }), async (shuffled) => {
        const members = await withStore(async (store) => {
          await store.add("new", open(...shuffled));
          await store.settle(false);
          return (await all(store)).map((each) => each.finding.member);
        });
        expect(members).toEqual(["user:a@x.example", "user:b@x.example", "user:c@x.example"]);
      }),
      { numRuns: 6 },
    );
  });

  it("come back as they were, plan row and halves of surrogate pairs included", async () => {
    const given = finding("a", "close", {
      member: member("user:é\uD800@x.example"),
      role: "EDITOR",
      text: "\u0000\uDC00 '\"",
      fix: new Map([
        ["action", "close-link"],
        ["asset", "a"],
      ]),
    });
    await withStore(async (store) => {
      await store.add("new", [{ finding: given, accepted: { reason: "so", until: "2027-03-31" } }]);
      await store.settle(false);
      const [back] = await all(store);
      expect(back?.finding).toEqual(given);
      expect(back?.accepted).toEqual({ reason: "so", until: "2027-03-31" });
      expect(back?.change).toBeUndefined();
    });
  });

  it("are new, known or fixed against an earlier side, and those that are fixed come last", async () => {
    await withStore(async (store) => {
      await store.add("new", open(finding("a"), finding("b", "link", { severity: "high" })));
      await store.add("old", open(finding("a"), finding("c", "link", { severity: "critical" })));
      await store.settle(true);
      expect(named(await all(store))).toEqual(["link b new", "stale a known", "link c fixed"]);
    });
  });

  it("are all new against an earlier side that is empty", async () => {
    await withStore(async (store) => {
      await store.add("new", open(finding("a")));
      await store.settle(true);
      expect(named(await all(store))).toEqual(["stale a new"]);
    });
  });

  it("are counted as they are listed, accepted ones apart", async () => {
    await withStore(async (store) => {
      const accepted = { reason: "so", until: undefined };
      await store.add("new", [...open(finding("a"), finding("b")), { finding: finding("c"), accepted }]);
      await store.add("old", open(finding("a"), finding("d")));
      await store.settle(true);
      const counts = (await store.counts()).map(({ change, accepted: isAccepted, count }) => ({
        change,
        isAccepted,
        count,
      }));
      expect(counts).toHaveLength(4);
      expect(counts).toEqual(
        expect.arrayContaining([
          { change: "known", isAccepted: false, count: 1 },
          { change: "new", isAccepted: false, count: 1 },
          { change: "new", isAccepted: true, count: 1 },
          { change: "fixed", isAccepted: false, count: 1 },
        ]),
      );
      expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe((await all(store)).length);
    });
  });

  it("are listed once each, in an order without gaps, whatever was found", async () => {
    const some = fc.array(
      fc.record({
        rule: fc.constantFrom("a", "b"),
        severity: fc.constantFrom(...severities),
        asset: fc.constantFrom("x", "y", "z"),
        role: fc.constantFrom("EDITOR", "VIEWER"),
      }),
    );
    await fc.assert(
      fc.asyncProperty(some, some, async (now, then) => {
        const made = (given: typeof now): Finding[] =>
          given
            .toSorted((a, b) => (a.asset < b.asset ? -1 : 1))
            .map(({ rule, severity, asset, role }) => finding(asset, rule, { severity, role }));
        await withStore(async (store) => {
          await store.add("new", open(...made(now)));
          await store.add("old", open(...made(then)));
          await store.settle(true);
          const listed = await all(store, 3);
          expect(listed.map((each) => each.order)).toEqual(listed.map((_, index) => index + 1));
          expect(listed.filter((each) => each.change !== "fixed").length).toBe(now.length);
        });
      }),
      { numRuns: 30 },
    );
  });
});

/** The sweeps of an audit: every asset once, the earlier snapshot beside it, and what was accepted counted apart. */
import { describe, expect, it } from "vitest";
import type { Rule } from "../../src/audit/rule.ts";
import { factsOf } from "../../src/engine/audit-facts.ts";
import { auditSnapshot, auditedAssets } from "../../src/engine/audit.ts";
import type { AuditOptions, AuditSummary } from "../../src/engine/audit.ts";
import { readinessOf } from "../../src/engine/readiness.ts";
import { openFindings } from "../../src/journal/sqlite/findings.ts";
import type { SnapshotReader } from "../../src/journal/snapshot.ts";
import type { Acceptance } from "../../src/model/finding.ts";
import { findingKey } from "../../src/model/finding.ts";
import type { AssetName } from "../../src/model/asset.ts";
import { startOfTest } from "../support/clock.ts";
import { address } from "../support/rig.ts";
import { inPagesOf, person, snapshotOf } from "./snapshots.ts";
import type { Sample, SampleAsset } from "./snapshots.ts";

const shared: Rule = {
  id: "shared",
  severity: "high",
  title: "Shared",
  rationale: "",
  remedy: "",
  check: ({ pairs }) => pairs.map(({ role, member }) => ({ role, member, text: `${member} holds ${role}` })),
};
const unreadable: Rule = {
  ...shared,
  id: "dark",
  severity: "low",
  check: ({ record }) => (record.unreadable === undefined ? [] : [{ text: record.unreadable }]),
};

const plain: AuditOptions = {
  rules: [shared, unreadable],
  trusted: new Set(),
  staleAfterMs: 1,
  editorsMax: 1,
  baseline: new Map(),
  earlier: undefined,
  changes: false,
};

async function withSnapshot<T>(sample: Sample, work: (snapshot: SnapshotReader) => Promise<T>): Promise<T> {
  const store = await snapshotOf(sample);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const byBen = { EDITOR: ["user:ben@acme.example"] };
const asset = (name: string, more: Omit<SampleAsset, "name"> = {}): SampleAsset => ({
  name,
  owner: "ana",
  access: byBen,
  ...more,
});
/** `rule asset`, with how it compares and `accepted` where it is. */
async function audited(
  snapshot: SnapshotReader,
  options: Partial<AuditOptions> = {},
): Promise<AuditSummary & { readonly list: readonly string[] }> {
  const findings = await openFindings();
  const summary = await auditSnapshot(snapshot, findings, { ...plain, ...options });
  const page = await findings.page(0, 1000);
  await findings.close();
  const list = page.map(({ finding, accepted, change }) =>
    [finding.rule, finding.asset?.name, change, accepted?.reason].filter(Boolean).join(" "),
  );
  return { ...summary, list };
}

describe("an audit", () => {
  it.each([1, 2, 1000])("asks every rule of every asset, in pages of %i", async (size) => {
    const assets = [asset("c"), asset("a", { access: "no" }), asset("b"), asset("d", { access: {} })];
    await withSnapshot({ assets }, async (snapshot) => {
      const { list, sums, unused } = await audited(inPagesOf(size, snapshot));
      expect(list).toEqual(["shared b", "shared c", "dark a"]);
      expect([sums.assets, unused]).toEqual([4, []]);
      expect(sums.risks).toMatchObject([{ owner: "ana@acme.example", assets: 4, findings: { high: 2, low: 1 } }]);
    });
  });

  it("lists what was accepted, leaves it out of the sums, and names acceptances that stand for nothing", async () => {
    const ben = { rule: "shared", member: "user:ben@acme.example" as never, role: "EDITOR" };
    const keyOf = (name: string): string => findingKey({ ...ben, asset: { name: name as AssetName } as never });
    const known: Acceptance = { until: undefined, reason: "known" };
    const baseline = new Map([
      [keyOf("a"), known],
      [keyOf("gone"), known],
    ]);
    await withSnapshot({ assets: [asset("a"), asset("b"), asset("c")] }, async (snapshot) => {
      const { list, sums, unused } = await audited(snapshot, { baseline });
      expect(list).toEqual(["shared a known", "shared b", "shared c"]);
      expect(sums.risks).toMatchObject([{ findings: { high: 2 } }]);
      expect(unused).toEqual([keyOf("gone")]);
    });
  });

  it.each([1, 2, 1000])("compares with an earlier snapshot beside it, in pages of %i", async (size) => {
    const before = [asset("a"), asset("c"), asset("e", { owner: "eve" }), asset("g"), asset("h", { owner: "eve" })];
    const now = [asset("b"), asset("c"), asset("d"), asset("e"), asset("f"), asset("h"), asset("i")];
    await withSnapshot({ assets: before }, (earlier) =>
      withSnapshot({ assets: now }, async (snapshot) => {
        const both = { earlier: inPagesOf(size, earlier), changes: true };
        const { list } = await audited(inPagesOf(size, snapshot), both);
        expect(list).toEqual([
          ...["b new", "c known", "d new", "e known", "f new", "h known", "i new"].map((each) => `shared ${each}`),
          "owner-changed e new",
          "owner-changed h new",
          "shared a fixed",
          "shared g fixed",
        ]);
      }),
    );
  });

  it("tells of changes only where they are wanted, and of news either way", async () => {
    await withSnapshot({ assets: [asset("a", { owner: "eve" })] }, (earlier) =>
      withSnapshot({ assets: [asset("a"), asset("b")] }, async (snapshot) => {
        expect((await audited(snapshot, { earlier })).list).toEqual(["shared a known", "shared b new"]);
        expect((await audited(snapshot, { changes: true })).list).toEqual(["shared a", "shared b"]);
      }),
    );
  });

  it("judges the earlier snapshot by what was known then, and honours no acceptance in it", async () => {
    const fromOwner: Rule = {
      ...shared,
      check: ({ record }, facts) =>
        facts.principal(record.asset.owner ?? address("x"))?.kind === "user" ? [] : [{ text: "no user" }],
    };
    const key = findingKey({ rule: "shared", asset: { name: "a" } as never, member: undefined, role: undefined });
    const baseline = new Map([[key, { until: undefined, reason: "known" }]]);
    const users = [{ person: person("eve") }];
    await withSnapshot({ users, assets: [asset("a")] }, (earlier) =>
      withSnapshot({ assets: [asset("a")] }, async (snapshot) => {
        const { list, unused } = await audited(snapshot, { rules: [fromOwner], earlier, baseline });
        expect([list, unused]).toEqual([["shared a fixed"], [key]]);
      }),
    );
  });

  it("lists its assets page by page", async () => {
    const names: string[][] = [];
    await withSnapshot({ assets: ["c", "a", "b"].map((name) => asset(name)) }, async (snapshot) => {
      for await (const page of auditedAssets(inPagesOf(2, snapshot), plain)) {
        names.push(page.map((row) => `${row.asset.name} ${row.ownerState} ${row.editors}`));
      }
    });
    expect(names).toEqual([["a active 1", "b active 1"], ["c active 1"]]);
  });
});

describe("what an audit knows", () => {
  const group = (
    name: string,
  ): { readonly kind: "group"; readonly id: string; readonly email: ReturnType<typeof address> } => ({
    kind: "group",
    id: name,
    email: address(name),
  });
  const sample: Sample = {
    users: ["ana", "ben", "cleo"].map((name) => ({ person: person(name) })),
    principals: {
      team: group("team"),
      "team-alias": group("team"),
      inner: group("inner"),
      unread: group("unread"),
      ana: { kind: "missing", email: address("ana") },
      eve: { kind: "deleted", person: person("eve") },
    },
    groups: {
      team: [
        { email: address("inner"), type: "GROUP" },
        { email: address("ana"), type: "USER" },
        { email: undefined, type: "CUSTOMER" },
      ],
      inner: [
        { email: address("team"), type: "GROUP" },
        { email: address("ben"), type: "USER" },
        { email: address("x@far.example"), type: "EXTERNAL" },
      ],
    },
  };

  it.each([1, 1000])("is who is who, the listing before all else, in pages of %i", async (size) => {
    await withSnapshot(sample, async (snapshot) => {
      const facts = await factsOf(inPagesOf(size, snapshot), plain);
      const kinds = ["ana", "cleo", "eve", "team", "nobody"].map((name) => facts.principal(address(name))?.kind);
      expect(kinds).toEqual(["user", "user", "deleted", "group", undefined]);
    });
  });

  it("is who was deleted among those listed", async () => {
    const users = [{ person: person("ana", { deletionTime: "2026-11-01T00:00:00Z" }) }];
    await withSnapshot({ users }, async (snapshot) => {
      expect((await factsOf(snapshot, plain)).principal(address("ana"))?.kind).toBe("deleted");
    });
  });

  it("is who is in which group, through other groups, those that hold each other too", async () => {
    await withSnapshot(sample, async (snapshot) => {
      const facts = await factsOf(snapshot, plain);
      const inside = (name: string): readonly string[] =>
        ["ana", "ben", "cleo", "x@far.example", "team", "inner"].filter((who) =>
          facts.isIn(address(name), address(who)),
        );
      expect(inside("team")).toEqual(["ana", "ben", "x@far.example"]);
      expect(inside("team-alias")).toEqual(["ana", "ben", "x@far.example"]);
      expect(inside("inner")).toEqual(["ana", "ben", "x@far.example"]);
      expect([inside("unread"), inside("nobody")]).toEqual([[], []]);
    });
  });

  it("is the tenant with its domains, and when the snapshot was finished or, failing that, begun", async () => {
    const options = { trusted: new Set(["far.example"]) as never, staleAfterMs: 7, editorsMax: 9 };
    await withSnapshot({}, async (snapshot) => {
      expect(await factsOf(snapshot, options)).toMatchObject({
        ...options,
        at: startOfTest + 1000,
        tenant: { primaryDomain: "acme.example", domains: new Set(["acme.example", "acme-labs.example"]) },
      });
    });
    await withSnapshot({ isFinished: false }, async (snapshot) => {
      expect((await factsOf(snapshot, options)).at).toBe(startOfTest);
    });
  });
});

describe("the readiness of leavers", () => {
  const days = { suspendedOn: undefined, deletedOn: "2026-12-01" };
  const sample: Sample = {
    users: [
      { person: person("ana", { aliases: [address("a.n.a")] }) },
      { person: person("ben"), reading: "failed", reason: "no" },
    ],
    assets: [asset("b"), asset("a", { owner: "eve" }), asset("c"), asset("d", { owner: "ben" })],
    principals: {
      "a.n.a": { kind: "user", person: person("ana") },
      "e.v.e": { kind: "deleted", person: person("eve") },
      team: { kind: "group", id: "g", email: address("other") },
    },
  };

  it.each([1, 1000])("is read in one sweep, aliases standing for their people, in pages of %i", async (size) => {
    await withSnapshot(sample, async (snapshot) => {
      const listed = [
        { ...days, email: address("a.n.a"), heir: address("a.n.a") },
        { ...days, email: address("ben"), heir: undefined },
        { ...days, email: address("e.v.e"), heir: address("e.v.e") },
        { ...days, email: address("team"), heir: undefined },
        { ...days, email: address("who"), heir: address("nobody") },
      ];
      const { leavers, rows } = await readinessOf(inPagesOf(size, snapshot), listed);
      expect(leavers).toMatchObject([
        {
          email: "ana@acme.example",
          reports: 2,
          wasRead: true,
          heir: { email: "ana@acme.example" },
          deletedOn: "2026-12-01",
        },
        { email: "ben@acme.example", reports: 1, wasRead: false, heir: undefined },
        { email: "eve@acme.example", reports: 1, wasRead: false, heir: { email: "eve@acme.example" } },
        { email: "team@acme.example", reports: 0, wasRead: false },
        { email: "who@acme.example", reports: 0, heir: { email: "nobody@acme.example", isActive: false } },
      ]);
      expect([...new Set(rows.map((row) => row.asset.name))].toSorted()).toEqual(["a", "b", "c", "d"]);
    });
  });
});

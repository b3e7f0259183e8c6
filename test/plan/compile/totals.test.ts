/** The sums over a plan: what is counted as what, what stands out, and which limits that breaks. */
import { describe, expect, it } from "vitest";
import { member } from "../../../src/model/member.ts";
import type { Limits, Request } from "../../../src/model/request.ts";
import type { Refusal } from "../../../src/model/run.ts";
import type { AssetRecord } from "../../../src/model/snapshot.ts";
import type { AssetVerdict } from "../../../src/plan/compile/asset.ts";
import type { PlannedTransfer } from "../../../src/plan/compile/context.ts";
import { PlanTotals, breaches } from "../../../src/plan/compile/totals.ts";
import { World, email, named, row, transfer, written } from "./world.ts";

const noTotals = new PlanTotals(new World().tenant).totals(0, 0);

function oneAsset(
  roles: Record<string, readonly string[]> = {},
  assetType: "REPORT" | "DATA_SOURCE" = "REPORT",
): World {
  return new World()
    .user("leaver")
    .user("heir")
    .user("ana")
    .asset("r1", "leaver", roles, { assetType })
    .asset("r2", "leaver");
}

const grant = (name: string, role = "EDITOR") =>
  row({ action: "grant", select: named("r1"), member: written(name), role });

/** The totals over one asset, compiled from `requests`. */
function totalsOf(world: World, requests: readonly Request[], carried = false): PlanTotals {
  const totals = new PlanTotals(world.tenant);
  const { edits, byHand, refusals } = world.compile(...requests);
  const verdict: AssetVerdict = {
    edit: edits[0],
    byHand: byHand[0],
    refusals,
    diagnostics: [],
    rolesAfter: undefined,
  };
  totals.asset(world.assets[0] ?? expect.fail(), verdict, carried);
  return totals;
}

const someTransfer: PlannedTransfer = {
  from: {
    id: "1",
    email: email("leaver"),
    aliases: [],
    suspended: false,
    archived: false,
  },
  to: { id: "2", email: email("heir"), aliases: [], suspended: false, archived: false },
  requests: [],
  live: 7,
  trashed: 0,
  liveDataSources: 0,
  unnamed: 0,
  complete: true,
};

const refusal: Refusal = { rule: "in-trash", places: [], problem: "in the trash", remedy: "restore it" };

describe("an asset counts", () => {
  it.each<[string, () => PlanTotals, object]>([
    [
      "as edited, with each pair as a change",
      () =>
        totalsOf(oneAsset({ VIEWER: ["user:ana@acme.example"] }), [
          row({ action: "set-role", select: named("r1"), member: written("ana@acme.example"), role: "EDITOR" }),
        ]),
      { steps: 1, assetsEdited: 1, edits: 2, changes: 2, assetsTouched: 1 },
    ],
    [
      "as edited and by hand where the owner cannot be changed through the API",
      () => totalsOf(oneAsset(), [transfer("leaver", "heir", { select: named("r1") })]),
      { steps: 2, assetsEdited: 1, edits: 1, changes: 1, byHand: 1, assetsTouched: 1 },
    ],
    [
      "as one more change where the new owner is tried",
      () => totalsOf(oneAsset(), [transfer("leaver", "heir", { select: named("r1"), ownerChange: "attempt" })]),
      { steps: 2, assetsEdited: 1, edits: 1, changes: 2, byHand: 1, assetsTouched: 1 },
    ],
    [
      "as by hand alone where the heir edits already",
      () =>
        totalsOf(oneAsset({ EDITOR: ["user:heir@acme.example"] }), [
          transfer("leaver", "heir", { select: named("r1") }),
        ]),
      { steps: 1, byHand: 1 },
    ],
    [
      "as so already",
      () => totalsOf(oneAsset({ EDITOR: ["user:ana@acme.example"] }), [grant("ana@acme.example")]),
      { alreadySo: 1 },
    ],
    [
      "as refused, and then not as so already",
      () => totalsOf(oneAsset(), [grant("nobody-known@acme.example")]),
      { refused: 1 },
    ],
    [
      "as newly open to somebody outside",
      () => totalsOf(oneAsset(), [grant("guest@partner.example"), grant("ana@acme.example")]),
      { steps: 1, assetsEdited: 1, edits: 2, changes: 2, assetsTouched: 1, newExternal: 1 },
    ],
    [
      "as newly public",
      () =>
        totalsOf(oneAsset(), [
          row({ action: "set-link", select: named("r1"), role: "LINK_VIEWER", member: member("allUsers") }),
        ]),
      { steps: 1, assetsEdited: 1, edits: 1, changes: 1, assetsTouched: 1, newPublic: 1 },
    ],
  ])("%s", (_, make, counted) => {
    const most = "changes" in counted ? { owner: "leaver@acme.example", changes: counted.changes } : undefined;
    expect(make().totals(0, 0)).toEqual({ ...noTotals, ...counted, mostOfOneOwner: most });
  });

  it("once, when a transfer carries it and an edit follows", () => {
    const totals = totalsOf(oneAsset(), [grant("ana@acme.example")], true);
    expect(totals.totals(0, 0)).toMatchObject({ assetsEdited: 1, assetsTouched: 1 });
    totals.transfer(someTransfer);
    expect(totals.totals(3, 1)).toEqual({
      ...noTotals,
      steps: 2,
      transfers: 1,
      assetsTransferred: 7,
      assetsEdited: 1,
      edits: 1,
      changes: 8,
      assetsTouched: 7,
      mostOfOneOwner: { owner: "leaver@acme.example", changes: 8 },
      rows: 3,
      duplicateRows: 1,
    });
  });
});

describe("refusals", () => {
  it("are all counted, and a thousand of them kept with their words", () => {
    const totals = new PlanTotals(new World().tenant);
    for (let n = 0; n < 1001; n += 1) totals.refused(refusal);
    expect(totals.totals(0, 0).refused).toBe(1001);
    expect(totals.refusals).toHaveLength(1000);
    expect(totals.refusals[0]).toBe(refusal);
  });
});

describe("hazards", () => {
  it.each<[string, Partial<PlannedTransfer>, Readonly<Record<string, number>>]>([
    ["that is plain", {}, { "whole-user-transfer": 1 }],
    ["that moves assets no row names", { unnamed: 3 }, { "whole-user-transfer": 1, "moves-unnamed-assets": 3 }],
    ["of a user nobody can search as", { complete: false }, { "whole-user-transfer": 1, "moves-unseen-assets": 1 }],
    ["of data sources", { liveDataSources: 2 }, { "whole-user-transfer": 1, "keeps-credentials": 2 }],
    ["of assets in the trash", { trashed: 4 }, { "whole-user-transfer": 1, "leaves-trash": 4 }],
  ])("of a transfer %s are counted by what they are about", (_, more, found) => {
    const totals = new PlanTotals(new World().tenant);
    totals.transfer({ ...someTransfer, ...more });
    expect(Object.fromEntries(totals.hazards.map(({ name, count }) => [name, count]))).toEqual(found);
  });

  it("add up over transfers and assets, with a sentence for each", () => {
    const totals = totalsOf(oneAsset({}, "DATA_SOURCE"), [transfer("leaver", "heir", { select: named("r1") })]);
    totals.transfer({ ...someTransfer, liveDataSources: 2 });
    totals.transfer(someTransfer);
    expect(totals.hazards.map(({ name, count }) => [name, count])).toEqual([
      ["keeps-credentials", 3],
      ["whole-user-transfer", 2],
    ]);
    expect(totals.hazards[0]?.text).toContain("3 data sources keep the old owner's credentials");
    expect(totals.hazards[1]?.text).toContain("2 transfers of everything");
  });

  it("of a line on the hand-over sheet count once with its edit, and also without one", () => {
    const lineAlone = totalsOf(oneAsset({ EDITOR: ["user:heir@acme.example"] }, "DATA_SOURCE"), [
      transfer("leaver", "heir", { select: named("r1") }),
    ]);
    expect(lineAlone.hazards.map(({ name, count }) => [name, count])).toEqual([["keeps-credentials", 1]]);
  });

  it.each<[string, Record<string, readonly string[]>, Request, readonly string[]]>([
    ["an outsider without any role", {}, grant("guest@partner.example"), ["new-external"]],
    [
      "an outsider who may view already",
      { VIEWER: ["user:guest@partner.example"] },
      grant("guest@partner.example"),
      [],
    ],
    ["a colleague", {}, grant("ana@acme.example"), []],
    [
      "anyone with the link",
      { LINK_VIEWER: ["domain:acme.example"] },
      row({ action: "set-link", select: named("r1"), role: "LINK_VIEWER", member: member("allUsers") }),
      ["new-public"],
    ],
    [
      "anyone with the link, where it was open so",
      { LINK_VIEWER: ["allUsers"] },
      row({ action: "set-link", select: named("r1"), role: "LINK_EDITOR", member: member("allUsers") }),
      [],
    ],
    [
      "nobody, and takes the last editor away",
      { EDITOR: ["user:ana@acme.example"] },
      row({ action: "revoke", select: named("r1"), member: written("ana@acme.example"), role: "EDITOR" }),
      ["removes-last-editor"],
    ],
    [
      "nobody, and takes the last editor beside the owner away",
      { EDITOR: ["user:ana@acme.example", "user:leaver@acme.example"] },
      row({ action: "revoke", select: named("r1"), member: written("ana@acme.example"), role: "EDITOR" }),
      ["removes-last-editor"],
    ],
    [
      "nobody, and takes one of two editors away",
      { EDITOR: ["user:ana@acme.example", "user:heir@acme.example"] },
      row({ action: "revoke", select: named("r1"), member: written("ana@acme.example"), role: "EDITOR" }),
      [],
    ],
    [
      "nobody, and takes the last viewer away",
      { VIEWER: ["user:ana@acme.example"] },
      row({ action: "revoke", select: named("r1"), member: written("ana@acme.example"), role: "VIEWER" }),
      [],
    ],
  ])("of a step that lets in %s are these", (_, roles, request, found) => {
    const { edits } = oneAsset(roles).compile(request);
    expect(edits[0]?.hazards).toEqual(found);
  });
});

describe("exposure", () => {
  const rolesOf = (roles: Record<string, readonly string[]>): NonNullable<AssetRecord["permissions"]>["roles"] =>
    oneAsset(roles).assets[0]?.permissions?.roles ?? expect.fail();
  it.each<[string, Record<string, readonly string[]>, object]>([
    ["a link for anyone", { LINK_VIEWER: ["allUsers"] }, { publicLinks: 1 }],
    ["a link with which anyone may edit", { LINK_EDITOR: ["allUsers"] }, { publicLinks: 1 }],
    ["a link for the domain", { LINK_VIEWER: ["domain:acme.example"] }, { wholeDomainLinks: 1 }],
    ["an outsider who may edit", { EDITOR: ["user:x@partner.example"] }, { externalEditors: 1 }],
    [
      "an outsider among colleagues",
      { VIEWER: ["user:ana@acme.example", "user:x@partner.example"] },
      { externalViewers: 1 },
    ],
    ["colleagues alone", { EDITOR: ["user:ana@acme.example"], VIEWER: ["user:heir@acme.example"] }, {}],
    [
      "two outsiders who may view, as one asset",
      { VIEWER: ["user:x@partner.example", "user:y@partner.example"] },
      { externalViewers: 1 },
    ],
  ])("counts %s", (_, roles, counted) => {
    const closed = { publicLinks: 0, wholeDomainLinks: 0, externalEditors: 0, externalViewers: 0 };
    const totals = new PlanTotals(oneAsset().tenant);
    totals.exposure(rolesOf(roles), rolesOf({}));
    expect([totals.exposureBefore, totals.exposureAfter]).toEqual([{ ...closed, ...counted }, closed]);
    totals.exposure(rolesOf({}), rolesOf(roles));
    expect([totals.exposureBefore, totals.exposureAfter]).toEqual([
      { ...closed, ...counted },
      { ...closed, ...counted },
    ]);
  });
});

describe("a limit", () => {
  const found = { ...noTotals, changes: 10, assetsTouched: 1, newExternal: 2, newPublic: 3 };
  it.each<[string, Limits, number, readonly unknown[]]>([
    ["that nobody set is never broken", {}, 1, []],
    ["that is met to the dot holds", { changes: 10, percentOfAssets: 25, newExternal: 2, newPublic: 3 }, 4, []],
    ["of changes is broken by one more", { changes: 9 }, 3, [{ limit: "changes", allowed: 9, found: 10 }]],
    ["of outsiders is broken by one more", { newExternal: 1 }, 3, [{ limit: "newExternal", allowed: 1, found: 2 }]],
    ["of public links is broken by one more", { newPublic: 2 }, 3, [{ limit: "newPublic", allowed: 2, found: 3 }]],
    [
      "in percent is broken by a hundredth more, and says so rounded",
      { percentOfAssets: 33.32 },
      3,
      [{ limit: "percentOfAssets", allowed: 33.32, found: 33.33 }],
    ],
    [
      "in percent is broken by less than a hundredth more, and says so with what that takes",
      { percentOfAssets: 12.5 },
      7.9999,
      [{ limit: "percentOfAssets", allowed: 12.5, found: 100 / 7.9999 }],
    ],
    [
      "of no asset at all is broken by one of thirty thousand",
      { percentOfAssets: 0 },
      32_000,
      [{ limit: "percentOfAssets", allowed: 0, found: 0.003125 }],
    ],
    ["in percent holds where no asset was read", { percentOfAssets: 0 }, 0, []],
  ])("%s", (_, limits, assetsRead, broken) => {
    expect(breaches(limits, found, assetsRead)).toEqual(broken);
  });
});

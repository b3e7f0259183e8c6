/** Every rule of the audit over small assets: each plants what one rule looks for, and no other rule may speak up. */
import { describe, expect, it } from "vitest";
import { checkAsset } from "../../src/audit/check.ts";
import { auditRules } from "../../src/audit/rules.ts";
import { severities } from "../../src/model/finding.ts";
import { editor, factsWith, inventoryAsset } from "./assets.ts";

interface Case {
  readonly name: string;
  readonly asset: Parameters<typeof inventoryAsset>[0];
  /** `rule member role fix` of each finding. */
  readonly finds: readonly string[];
}

/** A second editor keeps `no-second-editor` quiet. */
const shared = { EDITOR: [editor] };

const cases: readonly Case[] = [
  { name: "an asset that two people of the tenant edit", asset: { roles: shared }, finds: [] },
  {
    name: "a public link to edit",
    asset: { roles: { ...shared, LINK_EDITOR: ["allUsers"] } },
    finds: ["public-link-edit allUsers LINK_EDITOR close-link,a1"],
  },
  {
    name: "a public link to view",
    asset: { roles: { ...shared, LINK_VIEWER: ["allUsers"] } },
    finds: ["public-link-view allUsers LINK_VIEWER close-link,a1"],
  },
  {
    name: "an editor outside",
    asset: { roles: { EDITOR: [editor, "user:eve@partner.example"] } },
    finds: ["external-editor user:eve@partner.example EDITOR revoke,a1,user:eve@partner.example,EDITOR"],
  },
  {
    name: "a group outside that edits",
    asset: { roles: { EDITOR: [editor, "group:team@partner.example"] } },
    finds: ["external-editor group:team@partner.example EDITOR revoke,a1,group:team@partner.example,EDITOR"],
  },
  {
    name: "a link for another organisation to edit",
    asset: { roles: { ...shared, LINK_EDITOR: ["domain:partner.example"] } },
    finds: ["external-editor domain:partner.example LINK_EDITOR close-link,a1"],
  },
  {
    name: "a viewer outside",
    asset: { roles: { ...shared, VIEWER: ["user:eve@partner.example"] } },
    finds: ["external-viewer user:eve@partner.example VIEWER revoke,a1,user:eve@partner.example,VIEWER"],
  },
  {
    name: "somebody outside in a role of no known name",
    asset: { roles: { ...shared, COMMENTER: ["user:eve@partner.example"] } },
    finds: ["external-viewer user:eve@partner.example COMMENTER -"],
  },
  {
    name: "a viewer of a kind that nobody knows",
    asset: { roles: { ...shared, VIEWER: ["principalSet:everybody-at-work"] } },
    finds: ["external-viewer principalSet:everybody-at-work VIEWER -"],
  },
  {
    name: "somebody of a trusted domain",
    asset: { roles: { EDITOR: [editor, "user:tom@trusted.example"], VIEWER: ["group:g@trusted.example"] } },
    finds: [],
  },
  {
    name: "a private account that views",
    asset: { roles: { ...shared, VIEWER: ["user:eve@gmail.com"] } },
    finds: [
      "external-viewer user:eve@gmail.com VIEWER revoke,a1,user:eve@gmail.com,VIEWER",
      "consumer-account user:eve@gmail.com VIEWER revoke,a1,user:eve@gmail.com,VIEWER",
    ],
  },
  {
    name: "a link for the whole domain to edit",
    asset: { roles: { ...shared, LINK_EDITOR: ["domain:acme.example"] } },
    finds: ["domain-link-edit domain:acme.example LINK_EDITOR set-link,a1,LINK_VIEWER,domain:acme.example"],
  },
  {
    name: "the whole domain as editor",
    asset: { roles: { EDITOR: [editor, "domain:acme.example"] } },
    finds: ["domain-link-edit domain:acme.example EDITOR -"],
  },
  {
    name: "a link for the whole domain to view",
    asset: { roles: { ...shared, LINK_VIEWER: ["domain:acme.example"] } },
    finds: ["domain-link-view domain:acme.example LINK_VIEWER close-link,a1"],
  },
  {
    name: "a suspended owner, whose asset somebody else edits",
    asset: { owner: "sam@acme.example", roles: shared },
    finds: ["owner-suspended user:sam@acme.example OWNER transfer,sam@acme.example,ed@acme.example,a1"],
  },
  {
    name: "an archived owner, whose asset a group edits",
    asset: { owner: "arc@acme.example", roles: { EDITOR: ["group:crew@acme.example"] } },
    finds: ["owner-suspended user:arc@acme.example OWNER -"],
  },
  {
    name: "a deleted owner",
    asset: { owner: "del@acme.example", roles: shared },
    finds: ["owner-deleted user:del@acme.example OWNER -"],
  },
  {
    name: "an owner nobody has heard of",
    asset: { owner: "who@acme.example", roles: shared },
    finds: ["owner-deleted user:who@acme.example OWNER -"],
  },
  { name: "no owner at all", asset: { owner: undefined, roles: shared }, finds: ["owner-deleted - - -"] },
  {
    name: "an owner outside",
    asset: { owner: "eve@partner.example", roles: shared },
    finds: ["owner-outside user:eve@partner.example OWNER -"],
  },
  { name: "an owner of a trusted domain", asset: { owner: "tom@trusted.example", roles: shared }, finds: [] },
  { name: "nobody but the owner", asset: { roles: {} }, finds: ["no-second-editor - - -"] },
  {
    name: "a second editor who is suspended",
    asset: { roles: { EDITOR: ["user:sam@acme.example"] } },
    finds: ["no-second-editor - - -"],
  },
  { name: "a group as second editor", asset: { roles: { EDITOR: ["group:crew@acme.example"] } }, finds: [] },
  {
    name: "a role of a deleted person",
    asset: { roles: { ...shared, VIEWER: ["user:del@acme.example", "deleted:user:x@acme.example?uid=1"] } },
    finds: [
      "deleted-principal user:del@acme.example VIEWER revoke,a1,user:del@acme.example,VIEWER",
      "deleted-principal deleted:user:x@acme.example?uid=1 VIEWER -",
    ],
  },
  {
    name: "a shared asset in the trash",
    asset: { trashed: true, roles: { ...shared, LINK_EDITOR: ["allUsers"] } },
    finds: ["trashed-shared - - -"],
  },
  { name: "an asset in the trash that nobody else holds a role on", asset: { trashed: true, roles: {} }, finds: [] },
  {
    name: "an asset nobody has changed for a year",
    asset: { updateTime: "2025-11-21T08:00:00Z", roles: shared },
    finds: ["stale - - -"],
  },
  { name: "an asset changed within the year", asset: { updateTime: "2025-11-23T08:00:00Z", roles: shared }, finds: [] },
  {
    name: "more editors than the limit",
    asset: { roles: { EDITOR: [editor, "user:e1@acme.example", "user:e2@acme.example", "user:e3@acme.example"] } },
    finds: ["many-editors - EDITOR -"],
  },
  {
    name: "a person whose group holds the same role",
    asset: { roles: { EDITOR: [editor, "group:crew@acme.example"] } },
    finds: ["person-and-group user:ed@acme.example EDITOR revoke,a1,user:ed@acme.example,EDITOR"],
  },
  {
    name: "a viewer whose group edits",
    asset: { roles: { EDITOR: ["group:crew@acme.example"], VIEWER: [editor] } },
    finds: ["person-and-group user:ed@acme.example VIEWER revoke,a1,user:ed@acme.example,VIEWER"],
  },
  {
    name: "an editor whose group views",
    asset: { roles: { ...shared, VIEWER: ["group:crew@acme.example"] } },
    finds: [],
  },
  {
    name: "a service account that edits",
    asset: { roles: { EDITOR: [editor, "serviceAccount:bot@p.iam.gserviceaccount.com"] } },
    finds: [
      "service-account-editor serviceAccount:bot@p.iam.gserviceaccount.com EDITOR revoke,a1,serviceAccount:bot@p.iam.gserviceaccount.com,EDITOR",
    ],
  },
  {
    name: "a service account that views",
    asset: { roles: { ...shared, VIEWER: ["serviceAccount:b@p.iam.gserviceaccount.com"] } },
    finds: [],
  },
  { name: "unreadable permissions", asset: { roles: undefined }, finds: ["permissions-unreadable - - -"] },
  {
    name: "unreadable permissions in the trash",
    asset: { trashed: true, roles: undefined },
    finds: ["permissions-unreadable - - -"],
  },
];

describe("the audit", () => {
  it.each(cases)("of $name", ({ asset, finds }) => {
    const found = checkAsset(inventoryAsset(asset), factsWith({ editorsMax: 3 }), auditRules);
    expect(
      found.map(({ rule, member = "-", role = "-", fix }) =>
        [rule, member, role, fix === undefined ? "-" : [...fix.values()].join(",")].join(" "),
      ),
    ).toEqual(finds);
  });

  it("has a case for every rule", () => {
    const spoken = new Set(cases.flatMap(({ finds }) => finds.map((found) => found.split(" ")[0])));
    expect(auditRules.map((rule) => rule.id).filter((id) => !spoken.has(id))).toEqual([]);
  });

  it("lists its rules from worst to least, each with an id of its own and what to do", () => {
    const ranks = auditRules.map((rule) => severities.indexOf(rule.severity));
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    expect(new Set(auditRules.map((rule) => rule.id)).size).toBe(auditRules.length);
    for (const rule of auditRules) {
      expect(rule.id).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
      for (const text of [rule.rationale, rule.remedy]) expect(text).toMatch(/^[A-Z].*\.$/);
    }
  });

  it.each([
    ["2026-11-20T09:00:00Z", "2026-12-10", "18 days"],
    ["2026-11-02T10:00:00Z", "2026-11-22", "less than a day"],
    ["2026-10-20T09:00:00Z", "could be restored until 2026-11-09", ""],
  ])("counts the 20 days from a deletion at %s", (deletionTime, day, days) => {
    const [found] = checkAsset(
      inventoryAsset({ owner: "del@acme.example", roles: shared }),
      factsWith({ deletionTime }),
      auditRules,
    );
    expect(found?.text).toContain(day);
    expect(found?.text).toContain(days);
  });
});

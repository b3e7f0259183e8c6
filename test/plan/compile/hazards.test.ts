/** The sentence that goes with each hazard, and what an unread asset may be said to break. */
import { describe, expect, it } from "vitest";
import { member } from "../../../src/model/member.ts";
import type { HazardName } from "../../../src/model/step.ts";
import { editHazards, hazardTotal } from "../../../src/plan/compile/hazards.ts";
import { World } from "./world.ts";

const noFacts = { attemptsOwner: false, movesReport: false, keepsCredentials: false };
const { tenant } = new World();

describe("a hazard", () => {
  it.each<[HazardName, string]>([
    ["whole-user-transfer", "2 transfers of everything a user owns"],
    ["moves-unnamed-assets", "2 assets that no row names"],
    ["moves-unseen-assets", "2 transfers of users who cannot be searched as"],
    ["owner-change-attempt", "2 assets whose new owner is also written directly"],
    ["new-external", "2 assets newly open to somebody outside the tenant"],
    ["new-public", "2 assets newly open to anyone with the link"],
    ["removes-last-editor", "2 assets left with the owner as the only one who can edit"],
    ["keeps-credentials", "2 data sources keep the old owner's credentials"],
    ["leaves-data-sources", "2 reports whose data sources do not move along"],
    ["leaves-trash", "2 assets in the trash"],
  ])("(%s) is said in words of its own", (name, words) => {
    expect(hazardTotal(name, 2)).toMatchObject({ name, count: 2 });
    expect(hazardTotal(name, 2).text.startsWith(words)).toBe(true);
  });
});

describe("a single one", () => {
  it.each<[HazardName, string]>([
    ["moves-unnamed-assets", "1 asset that no row names goes along"],
    ["keeps-credentials", "1 data source keeps the old owner's credentials"],
  ])("(%s) has its verb in the singular", (name, words) => {
    expect(hazardTotal(name, 1).text.startsWith(words)).toBe(true);
  });
});

describe("an asset nobody has read", () => {
  it("is taken for one that lets nobody in yet, and says nothing of its editors", () => {
    const guest = member("user:guest@partner.example");
    const delta = {
      add: [
        { role: "VIEWER", member: guest },
        { role: "LINK_VIEWER", member: member("allUsers") },
      ],
      remove: [{ role: "EDITOR", member: guest }],
    };
    expect(editHazards(tenant, undefined, delta, noFacts)).toEqual(["new-external", "new-public"]);
  });

  it("still says what the step itself is known to leave", () => {
    const delta = { add: [], remove: [] };
    const all = { attemptsOwner: true, movesReport: true, keepsCredentials: true };
    expect(editHazards(tenant, undefined, delta, all)).toEqual([
      "owner-change-attempt",
      "keeps-credentials",
      "leaves-data-sources",
    ]);
  });
});

describe("the last editor", () => {
  const editors = (...names: readonly string[]) =>
    new Map([
      ["OWNER", [member("user:leaver@acme.example")]],
      ["EDITOR", names.map((name) => member(`user:${name}@acme.example`))],
    ]);
  const removing = (role: string, name: string) => ({
    add: [],
    remove: [
      { role: "VIEWER", member: member("user:x@acme.example") },
      { role, member: member(`user:${name}@acme.example`) },
    ],
  });

  it.each<[string, ReturnType<typeof editors>, ReturnType<typeof removing>, readonly string[]]>([
    [
      "is taken away also when a viewer goes with him",
      editors("ana"),
      removing("EDITOR", "ana"),
      ["removes-last-editor"],
    ],
    ["stays where only viewers go", editors("ana"), removing("VIEWER", "ana"), []],
    ["was not there where nobody could edit before", editors(), removing("EDITOR", "ana"), []],
  ])("%s", (_, roles, delta, found) => {
    expect(editHazards(tenant, roles, delta, noFacts)).toEqual(found);
  });
});

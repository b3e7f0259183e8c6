/** What leavers take with them: each concern on a small asset, who would take over, and the last day to bring them back. */
import { describe, expect, it } from "vitest";
import { Readiness } from "../../src/audit/readiness.ts";
import type { Leaver } from "../../src/audit/readiness.ts";
import type { Email } from "../../src/model/email.ts";
import type { InventoryAsset } from "../../src/model/inventory.ts";
import type { LeaverReadiness, ReadinessRow } from "../../src/model/readiness.ts";
import { factsWith, inventoryAsset } from "./assets.ts";

const leaver = (email: string, more: Partial<Leaver> = {}): Leaver => ({
  email: email as Email,
  suspendedOn: undefined,
  deletedOn: undefined,
  heir: undefined,
  wasRead: true,
  ...more,
});

function judged(
  leavers: readonly Leaver[],
  assets: readonly InventoryAsset[],
): { readonly leavers: readonly LeaverReadiness[]; readonly rows: readonly ReadinessRow[] } {
  const readiness = new Readiness(leavers, factsWith());
  for (const asset of assets) readiness.add(asset);
  return readiness.end();
}

const own = leaver("own@acme.example");
const source = (asset: InventoryAsset): InventoryAsset => ({
  ...asset,
  asset: { ...asset.asset, assetType: "DATA_SOURCE" },
});

describe("the readiness of a leaver", () => {
  it.each([
    ["nobody else has access", { roles: {} }, "only-reachable ownership"],
    ["others only view", { roles: { VIEWER: ["user:ed@acme.example"] } }, "sole-editor ownership"],
    ["somebody else edits", { roles: { EDITOR: ["user:ed@acme.example"] } }, "ownership"],
    ["a group edits", { roles: { EDITOR: ["group:crew@acme.example"] } }, "ownership"],
    ["only somebody suspended edits", { roles: { EDITOR: ["user:sam@acme.example"] } }, "only-reachable ownership"],
    ["only somebody deleted edits", { roles: { EDITOR: ["user:del@acme.example"] } }, "only-reachable ownership"],
    ["only another leaver edits", { roles: { EDITOR: ["user:e1@acme.example"] } }, "only-reachable ownership"],
    ["anyone with the link edits", { roles: { LINK_EDITOR: ["allUsers"] } }, "ownership"],
    ["permissions are unread", { roles: undefined }, "unreadable ownership"],
  ])("where %s notes what must happen", (_, asset, concerns) => {
    const { rows } = judged([own, leaver("e1@acme.example")], [inventoryAsset(asset)]);
    expect(rows.filter((row) => row.leaver === own.email).map((row) => row.concerns.join(" "))).toEqual([concerns]);
  });

  it("counts data sources, whose credentials stay behind, and what lies in the trash", () => {
    const { leavers } = judged(
      [own],
      [
        source(inventoryAsset({ roles: { EDITOR: ["user:ed@acme.example"] } })),
        inventoryAsset({ name: "t", trashed: true, roles: {} }),
      ],
    );
    expect(leavers[0]).toMatchObject({
      dataSources: 1,
      reports: 0,
      trashed: 1,
      concerns: { credentials: 1, ownership: 1 },
    });
  });

  it("notes what others own and only the leaver can edit", () => {
    const edits = { EDITOR: ["user:ed@acme.example"] };
    const { leavers, rows } = judged(
      [leaver("ed@acme.example")],
      [inventoryAsset({ owner: "sam@acme.example", roles: edits }), inventoryAsset({ name: "b", roles: edits })],
    );
    expect(leavers[0]?.editsOfOthers).toBe(2);
    expect(rows.map((row) => [row.asset.name, row.concerns])).toEqual([["a1", ["sole-editor"]]]);
    expect(leavers[0]).toMatchObject({ concerns: { "sole-editor": 1 }, soleEditorOfOwn: 0 });
  });

  it("counts apart what nobody else can edit and the leaver owns", () => {
    const { leavers } = judged([own], [inventoryAsset({ roles: { VIEWER: ["user:ed@acme.example"] } })]);
    expect(leavers[0]).toMatchObject({ concerns: { "sole-editor": 1 }, soleEditorOfOwn: 1 });
  });

  it("suggests as heirs who edits most of it today and stays", () => {
    const edited = (name: string, ...who: readonly string[]): InventoryAsset =>
      inventoryAsset({ name, roles: { EDITOR: who.map((each) => `user:${each}@acme.example`) } });
    const { leavers } = judged(
      [own, leaver("e3@acme.example")],
      [edited("1", "e1", "e2", "sam", "e3"), edited("2", "e2", "e3"), edited("3", "e3")],
    );
    expect(leavers[0]?.heirs).toEqual([
      { email: "e2@acme.example", edits: 2 },
      { email: "e1@acme.example", edits: 1 },
    ]);
  });

  it.each([
    ["a deletion that is planned", own.email, "2026-12-31", "2027-01-20"],
    ["a deletion that has happened, whatever was planned", "del@acme.example", "2027-12-31", "2026-12-10"],
    ["no deletion", own.email, undefined, undefined],
  ])("ends 20 days after %s", (_, email, deletedOn, lastDay) => {
    expect(judged([leaver(email, { deletedOn })], []).leavers[0]?.lastDay).toBe(lastDay);
  });

  it("says whether the heir who was named can sign in", () => {
    const heirs = ["ed@acme.example", "sam@acme.example", "who@acme.example"].map((heir) =>
      leaver(`l-${heir}`, { heir: heir as Email }),
    );
    expect(judged(heirs, []).leavers.map(({ heir }) => heir?.isActive)).toEqual([true, false, false]);
  });
});

/** Verifying edits: what is read back, and what is no longer as the run left it. */
import { describe, expect, it } from "vitest";
import type { Delta } from "../../src/model/permissions.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const cause = { at: 0, actor: "somebody", via: "person" };
const other = { role: "EDITOR", member: "user:other@acme.example" as never };

async function applied(): Promise<{ readonly rig: Rig; readonly run: MemoryRun }> {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver", roles: { VIEWER: ["user:ana@acme.example"] } });
  world.addAsset({ name: "r2", owner: "leaver" });
  const rig = new Rig(world);
  const run = await rig.made([
    row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "EDITOR" }),
    row({ action: "revoke", select: named("r1"), member: written("ana@acme.example"), role: undefined }),
    row({ action: "grant", select: named("r2"), member: written("other@acme.example"), role: "EDITOR" }),
  ]);
  await rig.apply(run);
  return { rig, run };
}

describe("verifying an edit", () => {
  it.each<[string, Delta, Delta]>([
    ["a grant taken back", { add: [], remove: [other] }, { add: [other], remove: [] }],
    [
      "a revoke taken back",
      { add: [{ role: "VIEWER", member: "user:ana@acme.example" as never }], remove: [] },
      { add: [], remove: [{ role: "VIEWER", member: "user:ana@acme.example" as never }] },
    ],
  ])("finds %s by somebody else", async (_, theirs, missing) => {
    const { rig, run } = await applied();
    rig.emulator.state.edit("r1", theirs, cause);
    expect(await rig.verify(run)).toMatchObject({ verified: 1, drifted: 1, drifts: [{ seq: 1, missing }] });
  });

  it("does not mind what others have changed besides", async () => {
    const { rig, run } = await applied();
    rig.emulator.state.edit("r1", { add: [{ ...other, role: "VIEWER" }], remove: [] }, cause);
    expect(await rig.verify(run)).toMatchObject({ verified: 2, drifted: 0, unreadableCount: 0 });
  });

  it("counts what nobody listed can read any more as unreadable, and not as verified", async () => {
    const { rig, run } = await applied();
    rig.emulator.setFaults([{ route: "assets.getPermissions", asset: "r2", fault: { kind: "status", status: 404 } }]);
    expect(await rig.verify(run)).toMatchObject({ checked: 2, verified: 1, drifted: 0, unreadableCount: 1 });
  });

  it("behind a transfer finds an asset that has gone on to a third person", async () => {
    const world = smallTenant();
    world.addAsset({ name: "r1", owner: "leaver" });
    const rig = new Rig(world);
    const run = await rig.made([transfer("leaver", "heir")]);
    await rig.apply(run);
    const asset = rig.emulator.state.assets.get("r1") ?? expect.fail();
    const roles = new Map([...asset.roles, ["OWNER", ["user:other@acme.example" as never]] as const]);
    const editors = new Map([
      ...roles,
      ["EDITOR", [...(roles.get("EDITOR") ?? []), "user:heir@acme.example" as never]],
    ]);
    rig.emulator.state.setRoles(asset, editors, cause);
    const summary = await rig.verify(run);
    expect(summary).toMatchObject({ verified: 1, drifted: 1 });
    expect(summary.drifts[0]?.problem).toContain("belongs to other@acme.example");
  });
});

/** An owner change that works, where Google lets the old owner in no more: the run, its check and its undo go on as the new owner. */
import { expect, it } from "vitest";
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import { named, transfer } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

function rigWith(onceApplied: readonly FaultRule[]): Rig {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver" });
  world.addAsset({ name: "r2", owner: "leaver" });
  const rig = new Rig(world, { switches: { patchOwnerChanged: "apply" } });
  rig.onceApplied = onceApplied;
  return rig;
}

const wish = [transfer("leaver", "heir", { select: named("r1"), ownerChange: "attempt" })];

it("an owner change whose answer is lost is seen by a look as the new owner", async () => {
  const rig = rigWith([{ route: "assets.updatePermissions", nth: 1, fault: { kind: "reset", applied: true } }]);
  const run = await rig.made(wish);
  expect((await rig.apply(run)).end).toBe("finished");
  expect(await rig.outcomes(run)).toEqual(["1 confirmed", "2 unchanged"]);
  expect(rig.roles("r1")).toEqual(["EDITOR user:heir@acme.example", "OWNER user:heir@acme.example"]);
});

it("an owner change that nobody may look at any more stays open", async () => {
  const rig = rigWith([
    { route: "assets.updatePermissions", nth: 1, fault: { kind: "reset", applied: true } },
    { route: "assets.getPermissions", fault: { kind: "status", status: 403 } },
  ]);
  const run = await rig.made(wish);
  expect((await rig.apply(run)).end).toBe("blocked");
  rig.emulator.setFaults([]);
  expect((await rig.apply(run)).end).toBe("finished");
  expect(await rig.outcomes(run)).toEqual(["1 confirmed", "2 unchanged"]);
});

it("verify reads as the new owner, and undo gives the asset back as him", async () => {
  const rig = rigWith([]);
  const run = await rig.made(wish);
  await rig.apply(run);
  expect(await rig.verify(run)).toMatchObject({ verified: 1, drifted: 0, unreadableCount: 0 });
  const undo = await rig.undo(run);
  await rig.apply(undo.run);
  expect(await rig.outcomes(undo.run)).toEqual(["1 applied"]);
  expect(rig.roles("r1")).toEqual(["OWNER user:leaver@acme.example"]);
});

/** Undo: where it may be made, and that it takes back what only a later look has shown. */
import { expect, it } from "vitest";
import { GuardError } from "../../src/model/errors.ts";
import { emptyTenant } from "../../src/emulator/world.ts";
import { named, row, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const grant = row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "EDITOR" });

function rigOfOne(): Rig {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver" });
  return new Rig(world);
}

it("a change whose answer was lost is undone like any other", async () => {
  const rig = rigOfOne();
  const before = rig.roles("r1");
  rig.onceApplied = [{ route: "assets.updatePermissions", nth: 1, fault: { kind: "reset", applied: true } }];
  const run = await rig.made([grant]);
  await rig.apply(run);
  expect(await rig.outcomes(run)).toEqual(["1 confirmed"]);
  const { run: undo } = await rig.undo(run);
  expect(await rig.apply(undo)).toMatchObject({ end: "finished", counts: { applied: 1 } });
  expect(rig.roles("r1")).toEqual(before);
});

it("an undo is refused with the credentials of another tenant", async () => {
  const rig = rigOfOne();
  const run = await rig.made([grant]);
  await rig.apply(run);
  const elsewhere = emptyTenant("globex.example");
  elsewhere.addDomain("acme.example");
  elsewhere.addUser({ email: "admin@acme.example", isAdmin: true });
  const error = await new Rig(elsewhere).undo(run).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GuardError);
  expect(String(error)).toContain("acme.example");
});

/** Undo: where it may be made. */
import { expect, it } from "vitest";
import { GuardError } from "../../src/model/errors.ts";
import { emptyTenant } from "../../src/emulator/world.ts";
import { named, row, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

it("an undo is refused with the credentials of another tenant", async () => {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver" });
  const rig = new Rig(world);
  const grant = row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "EDITOR" });
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

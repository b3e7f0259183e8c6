/** What is out of sight for a while is not taken for what is not there. */
import { expect, it } from "vitest";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

function rig(): Rig {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver", roles: { VIEWER: ["user:other@acme.example"] } });
  return new Rig(world, { transferPace: { startMs: 1000, perAssetMs: 500 } });
}

it.each([500, 503, 429, 403])("a plan is not made when every search is answered with %i", async (status) => {
  const tenant = rig();
  tenant.emulator.setFaults([{ route: "assets.search", fault: { kind: "status", status } }]);
  await expect(tenant.plan([transfer("leaver", "heir", { keep: "none" })])).rejects.toThrow(String(status));
});

it("a plan is made when one user's search fails, and says so", async () => {
  const tenant = rig();
  const fault = { kind: "status", status: 500 } as const;
  tenant.emulator.setFaults([{ route: "assets.search", actor: "ana@acme.example", fault }]);
  const grant = { action: "grant", select: named("r1"), member: written("ana@acme.example"), role: "EDITOR" } as const;
  const { outcome } = await tenant.plan([row(grant)]);
  expect(outcome).toMatchObject({
    kind: "made",
    header: { coverage: { usersFailed: [{ user: "ana@acme.example" }] } },
  });
});

it("a job that is not found by its id, and is in the list, is waited for", async () => {
  const tenant = rig();
  const run = await tenant.made([transfer("leaver", "heir", { keep: "none" })]);
  tenant.onceApplied = [{ route: "transfers.get", fault: { kind: "status", status: 404 } }];
  expect((await tenant.apply(run)).end).toBe("finished");
  expect(await tenant.outcomes(run)).toEqual(["1 applied", "2 applied"]);
});

it("a job that is in no list either is called unknown", async () => {
  const tenant = rig();
  const run = await tenant.made([transfer("leaver", "heir", { keep: "none" })]);
  tenant.onceApplied = [
    { route: "transfers.get", fault: { kind: "status", status: 404 } },
    { route: "transfers.list", from: 2, fault: { kind: "status", status: 200, body: {} } },
  ];
  await tenant.apply(run);
  expect(await tenant.outcomes(run)).toEqual(["1 failed transfer-unknown", "2 skipped predecessor"]);
});

/** Requests that arrive late, or are remembered from long ago: what they may be taken for. */
import { describe, expect, it } from "vitest";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const patch = "assets.updatePermissions";
const insert = "transfers.insert";

function rigOfOne(switches: Readonly<Record<string, string>> = {}): Rig {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver" });
  return new Rig(world, { switches });
}

describe("a write without an answer", () => {
  it("is given time to land even when an earlier one has been given it", async () => {
    const rig = rigOfOne();
    rig.onceApplied = [
      { route: patch, nth: 1, fault: { kind: "hang" } },
      { route: patch, nth: 2, fault: { kind: "status", status: 403 } },
      { route: patch, nth: 3, fault: { kind: "hang", lateMs: 100_000 } },
      { route: patch, from: 4, fault: { kind: "status", status: 403 } },
    ];
    const grant = row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "EDITOR" });
    const run = await rig.made([grant]);
    await rig.apply(run);
    await rig.clock.advance(600_000);
    expect(rig.roles("r1")).toContain("EDITOR user:other@acme.example");
    expect(await rig.outcomes(run)).toEqual(["1 confirmed"]);
  });

  it("that changed the owner is known by what is read, and nobody is asked to do it by hand", async () => {
    const rig = rigOfOne({ patchOwnerChanged: "apply" });
    rig.onceApplied = [{ route: patch, nth: 1, fault: { kind: "reset", applied: true } }];
    const run = await rig.made([transfer("leaver", "heir", { select: named("r1"), ownerChange: "attempt" })]);
    await rig.apply(run);
    expect(await rig.outcomes(run)).toEqual(["1 confirmed", "2 unchanged"]);
    expect(rig.roles("r1")).toContain("OWNER user:heir@acme.example");
  });
});

describe("a try at the owner without an answer", () => {
  it("is given time to land although the next one is refused and nothing else is left to do", async () => {
    const world = smallTenant();
    world.addAsset({ name: "r1", owner: "leaver", roles: new Map([["EDITOR", ["user:heir@acme.example"]]]) });
    const rig = new Rig(world, { switches: { patchOwnerChanged: "apply" } });
    rig.onceApplied = [
      { route: patch, nth: 1, fault: { kind: "hang", lateMs: 100_000 } },
      { route: patch, nth: 2, fault: { kind: "status", status: 403 } },
    ];
    const run = await rig.made([transfer("leaver", "heir", { select: named("r1"), ownerChange: "attempt" })]);
    await rig.apply(run);
    await rig.clock.advance(600_000);
    expect(rig.roles("r1")).toContain("OWNER user:heir@acme.example");
    expect(await rig.outcomes(run)).toEqual(["1 confirmed", "2 unchanged"]);
  });
});

describe("a job of the same two people that ended long ago", () => {
  it("is not taken for the one whose answer was lost", async () => {
    const rig = rigOfOne();
    const everything = transfer("leaver", "heir");
    await rig.apply(await rig.made([everything]));
    const asset = rig.emulator.state.assets.get("r1") ?? expect.fail();
    const roles = new Map([...asset.roles, ["OWNER", ["user:leaver@acme.example" as never]] as const]);
    rig.emulator.state.setRoles(asset, roles, { at: rig.clock.now(), actor: "x", via: "person" });
    await rig.clock.advance(86_400_000);
    rig.onceApplied = [{ route: insert, nth: 1, fault: { kind: "reset", applied: false } }];
    const run = await rig.made([everything]);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { failed: 0, skipped: 0 } });
    expect(rig.emulator.transfers.jobs.size).toBe(2);
    expect(rig.roles("r1")).toContain("OWNER user:heir@acme.example");
  });
});

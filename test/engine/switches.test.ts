/** Every position of every emulator switch, against the engine: whatever Google turns out to do, nothing is lost or doubled. */
import { describe, expect, it } from "vitest";
import { switchSpecs } from "../../src/emulator/switches.ts";
import type { Request } from "../../src/model/request.ts";
import { everything, named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const numbers: Readonly<Record<string, readonly string[]>> = {
  maxPageSize: ["1000", "1"],
  maxMembersPerCall: ["∞", "10"],
  searchLagMs: ["0", "5000"],
};

/** What a plan over everything may come to, where a position leaves less than all of it possible. */
const lesser: Readonly<Record<string, string>> = {
  "patchOmittedRole=keep": "a role emptied by a revoke stays, and the step says it had no effect",
  "etagMismatch=ignore": "nothing guards a write any more",
  "transferApplication=absent": "no plan",
  "dataStudioApi=disabled": "no plan",
  "adminApi=disabled": "no plan",
  "outsideSubject=issue": "no difference",
};

function scene(): Rig {
  const world = smallTenant();
  for (let n = 1; n <= 3; n += 1)
    world.addAsset({ name: `r${n}`, owner: "leaver", roles: { VIEWER: ["user:other@acme.example"] } });
  world.addAsset({
    name: "h1",
    owner: "heir",
    roles: { EDITOR: ["user:guest@partner.example"], LINK_VIEWER: ["allUsers"] },
  });
  world.addAsset({ name: "s1", owner: "sam", roles: { EDITOR: ["user:ana@acme.example"] } });
  world.addAsset({ name: "o1", owner: "other" });
  return new Rig(world);
}

function rows(): readonly Request[] {
  return [
    transfer("leaver", "heir", { keep: "none" }),
    transfer("other", "ana", { select: named("o1"), ownerChange: "attempt", trashed: "exclude" }),
    row({ action: "revoke", select: named("h1"), member: written("guest@partner.example"), role: undefined }),
    row({ action: "close-link", select: named("h1") }),
    row({ action: "grant", select: named("h1"), member: written("ana@acme.example"), role: "EDITOR" }),
    row({ action: "set-role", select: named("s1"), member: written("other@acme.example"), role: "VIEWER" }),
    row({
      action: "grant",
      select: { ...everything, audience: "external" },
      member: written("other@acme.example"),
      role: "VIEWER",
    }),
  ];
}

const positions = switchSpecs.flatMap((spec) =>
  (spec.positions ?? numbers[spec.name] ?? expect.fail(`no positions for ${spec.name}`)).map(
    (position) => [spec.name, position] as const,
  ),
);

describe.each(positions)("with %s=%s", (name, position) => {
  it("a plan is applied whole, or says what could not be done; owners stay single and nothing else changes", async () => {
    const rig = scene();
    rig.emulator.setSwitches({ [name]: position });
    const why = lesser[`${name}=${position}`];
    const planned = await rig.plan(rows()).catch((error: unknown) => error);
    if (why === "no plan") {
      expect(rig.emulator.log.writes).toBe(0);
      expect(planned instanceof Error || (planned as Awaited<ReturnType<Rig["plan"]>>).outcome.kind === "refused").toBe(
        true,
      );
      return;
    }
    if (planned instanceof Error) throw planned;
    const { outcome, run } = planned as Awaited<ReturnType<Rig["plan"]>>;
    expect(outcome.kind).toBe("made");
    rig.emulator.setFaults([
      {
        route: "assets.updatePermissions",
        nth: 1,
        fault: { kind: "concurrentEditor", add: [{ role: "VIEWER", member: "user:late@partner.example" }] },
      },
      { route: "assets.updatePermissions", nth: 3, fault: { kind: "reset", applied: true } },
    ]);
    const summary = await rig.apply(run);
    expect(summary.end).toBe("finished");
    for (const asset of rig.emulator.state.assets.values()) expect(asset.roles.get("OWNER")).toHaveLength(1);
    if (why === undefined) {
      expect(await rig.outcomes(run)).not.toContainEqual(expect.stringMatching(/failed|skipped/));
      const late = rig.emulator.history.filter(
        (change) => change.via === "concurrentEditor" || change.via === "person",
      );
      for (const { asset } of late) expect(rig.roles(asset)).toContain("VIEWER user:late@partner.example");
      expect(await rig.verify(run)).toMatchObject({ drifted: 0 });
    }
  });
});

/** What a step may say when it cannot know: cases in which doubt was once settled too early. */
import { describe, expect, it } from "vitest";
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import type { Exchange } from "../../src/google/exchange.ts";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const read = "assets.getPermissions";
const patch = "assets.updatePermissions";
const grantOther = row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "EDITOR" });
const cause = { at: 0, actor: "somebody", via: "person" };

function rigWith(faults: readonly FaultRule[], switches: Readonly<Record<string, string>> = {}): Rig {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver" });
  const rig = new Rig(world, { switches, transferPace: { startMs: 1000, perAssetMs: 500 } });
  rig.onceApplied = faults;
  return rig;
}

describe("a step", () => {
  it("that got no answer to its first read stays open, because nothing shows that it failed", async () => {
    const rig = rigWith([{ route: read, fault: { kind: "status", status: 500 } }]);
    const run = await rig.made([transfer("leaver", "heir", { keep: "none" })]);
    expect(await rig.apply(run)).toMatchObject({ end: "blocked", counts: { applied: 1, planned: 1, failed: 0 } });
    rig.emulator.setFaults([]);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { applied: 2 } });
  });

  it("whose first actor is told that there is no such asset is carried out by the next one listed", async () => {
    const rig = rigWith([], { noAccess: "404" });
    rig.emulator.world.addAsset({ name: "r2", owner: "leaver", roles: { EDITOR: ["user:ana@acme.example"] } });
    const run = await rig.made([row({ ...grantOther, select: named("r2") })]);
    rig.emulator.setFaults([
      { route: "assets.*", actor: "leaver@acme.example", fault: { kind: "status", status: 404 } },
    ]);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { applied: 1 } });
  });

  it("refused to one actor has failed when the next one listed cannot be acted as", async () => {
    const rig = rigWith([]);
    rig.emulator.world.addAsset({ name: "r2", owner: "leaver", roles: { EDITOR: ["user:ana@acme.example"] } });
    const run = await rig.made([row({ ...grantOther, select: named("r2") })]);
    rig.emulator.world.changeUser("ana", { suspended: true });
    rig.emulator.setFaults([
      { route: "assets.*", actor: "leaver@acme.example", fault: { kind: "status", status: 403 } },
    ]);
    expect(await rig.apply(run)).toMatchObject({ end: "finished" });
    expect(await rig.outcomes(run)).toEqual(["1 failed permission-denied"]);
  });

  it("whose token is rejected after the stop is not sent again", async () => {
    const rig = rigWith([{ route: patch, nth: 1, fault: { kind: "status", status: 401 } }]);
    const run = await rig.made([grantOther]);
    const stop = new AbortController();
    const exchange = (inner: Exchange): Exchange => {
      return async (request) => {
        if (request.method === "PATCH") stop.abort();
        return inner(request);
      };
    };
    expect(await rig.apply(run, {}, { exchange }, stop.signal)).toMatchObject({ end: "stopped" });
    expect(rig.count(patch)).toBe(1);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { applied: 1 } });
  });

  it("whose asset goes out of sight after a lost answer counts the write as made, so that undo takes it back", async () => {
    const faults: readonly FaultRule[] = [
      { route: patch, fault: { kind: "reset", applied: true } },
      { route: read, nth: 1, fault: { kind: "concurrentTrash" } },
    ];
    const rig = rigWith(faults, { readTrashed: "404" });
    const run = await rig.made([grantOther]);
    await rig.apply(run);
    expect(await rig.outcomes(run)).toEqual(["1 failed not-found"]);
    rig.emulator.setFaults([]);
    const asset = rig.emulator.state.assets.get("r1");
    if (asset === undefined) throw new Error("the asset is gone");
    rig.emulator.state.setTrashed(asset, false, cause);
    const undo = await rig.undo(run);
    await rig.apply(undo.run);
    expect(rig.roles("r1")).toEqual(["OWNER user:leaver@acme.example"]);
  });

  it("whose asset goes out of sight is not ended while its write can still land", async () => {
    const faults: readonly FaultRule[] = [
      { route: patch, fault: { kind: "hang", lateMs: 100_000 } },
      { route: read, nth: 1, fault: { kind: "concurrentTrash" } },
    ];
    const rig = rigWith(faults, { readTrashed: "404" });
    const run = await rig.made([grantOther]);
    await rig.apply(run);
    const [ended] = await (await run.openReader()).page({}, 0, 1);
    const landed = rig.emulator.history.findLast((change) => change.via === patch);
    expect(landed?.at).toBeLessThan(ended?.updatedAt ?? 0);
  });
});

describe("an undo", () => {
  it("does not ask for an asset back that somebody else has given away since", async () => {
    const rig = rigWith([], { patchOwnerChanged: "apply" });
    rig.emulator.world.addAsset({ name: "r2", owner: "leaver" });
    const run = await rig.made([transfer("leaver", "heir", { select: named("r1"), ownerChange: "attempt" })]);
    await rig.apply(run);
    expect(rig.roles("r1")).toContain("OWNER user:heir@acme.example");
    const pair = (name: string) => ({ role: "OWNER", member: written(`${name}@acme.example`).member });
    const editor = { role: "EDITOR", member: pair("leaver").member };
    rig.emulator.state.edit("r1", { add: [pair("ana"), editor], remove: [pair("heir")] }, cause);
    const undo = await rig.undo(run);
    const rows = await (await undo.run.openReader()).page({}, 0, 10);
    expect(rows.map(({ step }) => step.kind === "edit" && step.attemptOwner)).toEqual([undefined]);
  });
});

describe("a transfer", () => {
  it("of a user who owns nothing but trash is carried out when the rows include the trash", async () => {
    const rig = rigWith([]);
    rig.emulator.world.addAsset({ name: "t1", owner: "other", trashed: true });
    const run = await rig.made([transfer("other", "heir", { keep: "none", trashed: "include" })]);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { applied: 2 } });
    expect(rig.roles("t1")).toEqual(["OWNER user:heir@acme.example"]);
  });

  it("asked for right before a crash is given time to arrive before it is asked for again", async () => {
    const rig = rigWith([]);
    const run = await rig.made([transfer("leaver", "heir")]);
    let sent: () => void = () => undefined;
    const leaves = new Promise<void>((resolve) => {
      sent = resolve;
    });
    const exchange = (inner: Exchange): Exchange => {
      return async (request) => {
        if (request.method !== "POST" || !request.url.includes("/transfers")) return inner(request);
        void rig.clock.sleep(30_000).then(() => inner(request));
        sent();
        return new Promise<never>(() => undefined);
      };
    };
    await Promise.race([rig.apply(run, {}, { exchange }), leaves]);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { failed: 0 } });
    expect([...rig.emulator.transfers.jobs.values()]).toHaveLength(1);
  });
});

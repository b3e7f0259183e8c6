/** Data Transfer jobs: started once, waited for, believed only when a search shows it. */
import { describe, expect, it } from "vitest";
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, address, smallTenant } from "../support/rig.ts";

/** Nothing has to be written down first. */
const atOnce = async (): Promise<void> => undefined;

const insert = "transfers.insert";

function rigWith(faults: readonly FaultRule[] = [], switches: Readonly<Record<string, string>> = {}): Rig {
  const world = smallTenant();
  for (let n = 1; n <= 5; n += 1) {
    world.addAsset({
      name: `r${n}`,
      owner: "leaver",
      type: n > 3 ? "DATA_SOURCE" : "REPORT",
      roles: { VIEWER: ["user:other@acme.example"] },
    });
  }
  world.addAsset({ name: "h1", owner: "heir" });
  const rig = new Rig(world, { switches });
  rig.onceApplied = faults;
  return rig;
}

const everything = transfer("leaver", "heir", { keep: "none" });

function owners(rig: Rig): readonly string[] {
  return ["r1", "r2", "r3", "r4", "r5"].map((name) => rig.roles(name).find((pair) => pair.startsWith("OWNER")) ?? "");
}

describe("a whole-user transfer", () => {
  it("moves every asset, keeps the shares, and then carries out what the old owner keeps", async () => {
    const rig = rigWith();
    const run = await rig.made([everything]);
    const summary = await rig.apply(run);
    expect(summary).toMatchObject({ end: "finished", counts: { applied: 6, failed: 0 } });
    expect(new Set(owners(rig))).toEqual(new Set(["OWNER user:heir@acme.example"]));
    expect(rig.roles("r1")).toEqual(["OWNER user:heir@acme.example", "VIEWER user:other@acme.example"]);
    expect(rig.count(insert)).toBe(1);
    expect(await rig.verify(run)).toMatchObject({ verified: 6, drifted: 0 });
  });

  it("merges other rows about the same assets into the edits that follow, as the new owner", async () => {
    const rig = rigWith();
    const grant = row({ action: "grant", select: named("r1"), member: written("ana@acme.example"), role: "EDITOR" });
    const run = await rig.made([everything, grant]);
    await rig.apply(run);
    expect(rig.roles("r1")).toContain("EDITOR user:ana@acme.example");
    expect(rig.emulator.history.filter((change) => change.asset === "r1")).toHaveLength(2);
    expect(rig.emulator.history.at(-1)).toMatchObject({ actor: "heir@acme.example" });
  });

  it.each<[string, FaultRule["fault"]]>([
    ["is lost after the job was started", { kind: "reset", applied: true }],
    ["is lost before the job was started", { kind: "reset", applied: false }],
    ["is a 503 although the job was started", { kind: "status", status: 503, applied: true }],
    ["is throttled", { kind: "status", status: 503 }],
  ])("whose first answer %s becomes exactly one job", async (_, fault) => {
    const rig = rigWith([{ route: insert, nth: 1, fault }]);
    const run = await rig.made([everything]);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { applied: 6 } });
    expect([...rig.emulator.transfers.jobs.values()]).toHaveLength(1);
  });

  it("attaches to a job that an administrator has started already", async () => {
    const rig = rigWith();
    const run = await rig.made([everything]);
    const api = rig.api();
    const directory = rig.emulator.world;
    await rig.clock.drive(api.dataTransfer.insert(directory.person("leaver").id, directory.person("heir").id, atOnce));
    await rig.apply(run);
    expect([...rig.emulator.transfers.jobs.values()]).toHaveLength(1);
    expect(rig.events).toContainEqual(expect.objectContaining({ type: "transfer", attached: true }));
    expect(new Set(owners(rig))).toEqual(new Set(["OWNER user:heir@acme.example"]));
  });

  it("does not start while another job moves the same user's assets to somebody else", async () => {
    const rig = rigWith([{ route: insert, nth: 1, fault: { kind: "transfer", outcome: "stuck" } }]);
    const run = await rig.made([everything]);
    rig.emulator.setFaults(rig.onceApplied);
    rig.onceApplied = [];
    const directory = rig.emulator.world;
    await rig.clock.drive(
      rig.api().dataTransfer.insert(directory.person("leaver").id, directory.person("other").id, atOnce),
    );
    const summary = await rig.apply(run);
    expect(summary.counts).toMatchObject({ failed: 1, skipped: 5 });
    expect((await rig.outcomes(run))[0]).toBe("1 failed transfer-conflict");
  });

  it("that Google reports as failed fails, and the edits that wait for it are skipped", async () => {
    const rig = rigWith([{ route: insert, fault: { kind: "transfer", outcome: "failed" } }]);
    const run = await rig.made([everything]);
    const summary = await rig.apply(run);
    expect(summary).toMatchObject({ end: "finished", counts: { failed: 1, skipped: 5 } });
    expect((await rig.outcomes(run))[0]).toBe("1 failed transfer-failed");
  });

  it("reported as completed with assets left behind is not success", async () => {
    const rig = rigWith([{ route: insert, fault: { kind: "transfer", outcome: "partial" } }]);
    const run = await rig.made([everything]);
    await rig.apply(run);
    expect((await rig.outcomes(run))[0]).toBe("1 failed transfer-incomplete");
  });

  it("that never ends outlasts its wait as a named end, and goes on waiting with the next apply", async () => {
    const rig = rigWith([{ route: insert, fault: { kind: "transfer", outcome: "stuck" } }]);
    const run = await rig.made([everything]);
    const first = await rig.apply(run, { transferWaitMs: 60_000 });
    expect(first).toMatchObject({ end: "budget", counts: { "in-flight": 1, planned: 5 } });
    const second = await rig.apply(run, { transferWaitMs: 60_000 });
    expect(second.end).toBe("budget");
    expect(rig.count(insert)).toBe(1);
    expect(rig.count("transfers.list")).toBe(1);
  });

  it("finds a search that lags behind caught up before it calls anything left behind", async () => {
    const rig = rigWith([], { searchLagMs: "8000" });
    const run = await rig.made([everything]);
    expect(await rig.apply(run)).toMatchObject({ counts: { applied: 6, failed: 0 } });
  });

  it("of a user who owns nothing any more is unchanged and sends no write", async () => {
    const rig = rigWith();
    const run = await rig.made([transfer("leaver", "heir", { keep: "none" })]);
    const directory = rig.emulator.world;
    await rig.clock.drive(
      rig.api().dataTransfer.insert(directory.person("leaver").id, directory.person("heir").id, atOnce),
    );
    await rig.clock.advance(60_000);
    rig.emulator.log.clear();
    await rig.apply(run);
    expect((await rig.outcomes(run))[0]).toBe("1 unchanged");
    expect(rig.count(insert)).toBe(0);
  });

  it("of a suspended user works, and is checked as the heir", async () => {
    const rig = rigWith();
    rig.emulator.world.addAsset({ name: "s1", owner: "sam", roles: { EDITOR: ["user:ana@acme.example"] } });
    const run = await rig.made([transfer("sam", "heir")]);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { failed: 0 } });
    expect(rig.roles("s1")).toContain("OWNER user:heir@acme.example");
    expect(await rig.verify(run)).toMatchObject({ drifted: 0, unreadableCount: 0 });
    const [moved] = await (await run.openReader()).page({ kinds: ["transfer"] }, 0, 1);
    expect(moved?.result?.reason).toContain("checked as heir@acme.example");
  });
});

describe("verifying a transfer", () => {
  it.each([
    ["an asset given back to the old owner, which the heir cannot even read any more", "r1", 4],
    ["an asset of somebody else's given to the old owner", "h1", 5],
  ])("finds %s", async (_, name, verified) => {
    const rig = rigWith();
    const run = await rig.made([everything]);
    await rig.apply(run);
    const asset = rig.emulator.state.assets.get(name) ?? expect.fail();
    const roles = new Map([...asset.roles, ["OWNER", ["user:leaver@acme.example" as never]] as const]);
    rig.emulator.state.setRoles(asset, roles, { at: rig.clock.now(), actor: "x", via: "person" });
    expect(await rig.verify(run)).toMatchObject({ verified, drifted: 1 });
  });
});

describe("a chain", () => {
  it("moves each asset once: the heir's own departure comes first", async () => {
    const rig = rigWith();
    const run = await rig.made([transfer("leaver", "heir"), transfer("heir", "other")]);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { failed: 0, skipped: 0 } });
    expect(rig.roles("h1")).toContain("OWNER user:other@acme.example");
    expect(await rig.verify(run)).toMatchObject({ verified: 8, drifted: 0 });
    expect(new Set(owners(rig))).toEqual(new Set(["OWNER user:heir@acme.example"]));
  });
});

describe("undo", () => {
  it("takes back the edits after a transfer, and says that the transfer itself stays", async () => {
    const rig = rigWith();
    const grant = row({ action: "grant", select: named("h1"), member: written("ana@acme.example"), role: "EDITOR" });
    const run = await rig.made([everything, grant]);
    await rig.apply(run);
    const { outcome, run: undo } = await rig.undo(run);
    expect(outcome.header.remarks.join("\n")).toContain("cannot be taken back");
    await rig.apply(undo);
    expect(rig.roles("h1")).not.toContain("EDITOR user:ana@acme.example");
    expect(rig.roles("r1")).toContain("EDITOR user:leaver@acme.example");
    expect(rig.roles("r1")).toContain(`OWNER user:${address("heir")}`);
    expect(await rig.verify(undo)).toMatchObject({ drifted: 0 });
  });

  it("takes back only the pairs the run changed, and leaves what others did since", async () => {
    const rig = rigWith();
    const select = named("h1");
    const held = { role: "VIEWER", member: "user:sam@acme.example" as never };
    rig.emulator.state.edit("h1", { add: [held], remove: [] }, { at: 0, actor: "x", via: "person" });
    const before = rig.roles("h1");
    const run = await rig.made([
      row({ action: "grant", select, member: written("ana@acme.example"), role: "EDITOR" }),
      row({ action: "grant", select, member: written("other@acme.example"), role: "VIEWER" }),
      row({ action: "revoke", select, member: written("sam@acme.example"), role: undefined }),
    ]);
    await rig.apply(run);
    const later = { role: "VIEWER", member: "user:leaver@acme.example" as never };
    const gone = { role: "VIEWER", member: "user:other@acme.example" as never };
    rig.emulator.state.edit("h1", { add: [later], remove: [gone] }, { at: 0, actor: "x", via: "person" });
    const { outcome, run: undo } = await rig.undo(run);
    expect(outcome.header.totals).toMatchObject({ edits: 2 });
    await rig.apply(undo);
    expect(rig.roles("h1")).toEqual([...before, "VIEWER user:leaver@acme.example"].toSorted());
  });

  it("of a run that changed nothing has nothing to do", async () => {
    const rig = rigWith();
    const run = await rig.made([
      row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "VIEWER" }),
    ]);
    await rig.apply(run);
    const { outcome } = await rig.undo(run);
    expect(outcome).toMatchObject({ kind: "made", header: { totals: { steps: 0 } } });
  });
});

describe("many transfers", () => {
  it("are all under way at once, and keep no edit of others waiting", async () => {
    const world = smallTenant();
    for (let n = 0; n < 12; n += 1) {
      world.addUser({ email: `gone${n}` });
      world.addAsset({ name: `g${n}`, owner: `gone${n}` });
    }
    world.addAsset({ name: "x1", owner: "other" });
    const rig = new Rig(world);
    rig.onceApplied = [{ route: insert, fault: { kind: "transfer", outcome: "stuck" } }];
    const leavers = Array.from({ length: 12 }, (_, n) => transfer(`gone${n}`, "heir"));
    const grant = row({ action: "grant", select: named("x1"), member: written("ana@acme.example"), role: "EDITOR" });
    const run = await rig.made([...leavers, grant]);
    const summary = await rig.apply(run, { concurrency: 2, perActor: 2, transferWaitMs: 60_000 });
    expect(rig.count(insert)).toBe(12);
    expect(summary).toMatchObject({ end: "budget", counts: { applied: 1, "in-flight": 12 } });
  });
});

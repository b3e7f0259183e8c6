/** Taking an inventory: everything once, whoever fails is a line of the coverage, and a kill changes nothing of the result. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { takeInventory } from "../../src/engine/inventory.ts";
import type { InventoryOptions, InventorySummary } from "../../src/engine/inventory.ts";
import { generateTenant } from "../../src/emulator/generate.ts";
import type { World } from "../../src/emulator/world.ts";
import type { SnapshotReader } from "../../src/journal/snapshot.ts";
import { openSnapshot } from "../../src/journal/sqlite/snapshot-reader.ts";
import { openSnapshotStore } from "../../src/journal/sqlite/snapshot-store.ts";
import type { Domain } from "../../src/model/email.ts";
import { isWhole } from "../../src/model/inventory.ts";
import type { InventoryScope, SnapshotHeader } from "../../src/model/inventory.ts";
import { Rig, address, smallTenant } from "../support/rig.ts";

function newPath(): string {
  return join(mkdtempSync(join(tmpdir(), "inventory-")), "a.snapshot");
}

function headerAt(rig: Rig, scope: InventoryScope, refreshOf: SnapshotHeader["refreshOf"]): SnapshotHeader {
  const domain = "acme.example" as Domain;
  return {
    snapshotId: "01TESTSNAPSHOT0000000000000",
    toolVersion: "0.0.0",
    tenant: domain,
    domains: [domain],
    admin: address("admin"),
    scope,
    startedAt: rig.clock.now(),
    refreshOf,
  };
}

interface Taking extends Partial<InventoryOptions> {
  readonly scope?: InventoryScope;
  readonly path?: string;
  readonly stop?: AbortSignal;
}

async function take(
  rig: Rig,
  taking: Taking = {},
): Promise<{ readonly path: string; readonly summary: InventorySummary }> {
  const path = taking.path ?? newPath();
  const from = taking.refresh?.from;
  const refreshOf =
    from?.finished === undefined ? undefined : { snapshotId: from.header.snapshotId, digest: from.finished.digest };
  const { store } = await openSnapshotStore(path, headerAt(rig, taking.scope ?? { kind: "everybody" }, refreshOf));
  try {
    const surroundings = rig.surroundings(rig.api({}, "read", taking.stop), taking.stop);
    const options = { concurrency: 4, listed: undefined, refresh: undefined, readersMax: 20, ...taking };
    return { path, summary: await rig.clock.drive(takeInventory(surroundings, store, options), 1e9) };
  } finally {
    await store.close();
  }
}

function tenant(): World {
  const world = smallTenant();
  world.addGroup({ email: "inner", members: ["ana", "x@partner.example"] });
  world.addGroup({ email: "outer", members: ["inner", "other"] });
  world.addAsset({ name: "r1", owner: "leaver", roles: { EDITOR: ["group:outer@acme.example"] } });
  world.addAsset({ name: "r2", owner: "heir", roles: { LINK_VIEWER: ["allUsers"], VIEWER: ["user:eve@far.example"] } });
  world.addAsset({ name: "d1", owner: "heir", type: "DATA_SOURCE", roles: { EDITOR: ["user:leaver@acme.example"] } });
  world.addAsset({ name: "t1", owner: "ana", trashed: true });
  world.addAsset({ name: "s1", owner: "sam", roles: { EDITOR: ["user:ana@acme.example"] } });
  world.addAsset({ name: "s2", owner: "sam", roles: { VIEWER: ["user:ana@acme.example"] } });
  return world;
}

async function read<T>(path: string, work: (snapshot: SnapshotReader) => Promise<T>): Promise<T> {
  const snapshot = await openSnapshot(path);
  try {
    return await work(snapshot);
  } finally {
    await snapshot.close();
  }
}

describe("an inventory", () => {
  it("finds every asset, live and trashed, and reads the permissions of each once", async () => {
    const rig = new Rig(tenant());
    const { path, summary } = await take(rig);
    expect(summary.end).toBe("finished");
    const names = await read(path, async (snapshot) => (await snapshot.assets("", 100)).map(({ asset }) => asset.name));
    expect(names).toEqual(["d1", "r1", "r2", "s1", "s2", "t1"]);
    expect(rig.emulator.log.writes).toBe(0);
    const reads = rig.emulator.log
      .entries()
      .filter((entry) => entry.route === "assets.getPermissions" && entry.status === 200);
    expect(reads.length).toBe(5);
    expect(summary.coverage.queries).toEqual([
      { assetType: "REPORT", trashed: false, users: 5, assets: 4 },
      { assetType: "DATA_SOURCE", trashed: false, users: 5, assets: 1 },
      { assetType: "REPORT", trashed: true, users: 5, assets: 1 },
      { assetType: "DATA_SOURCE", trashed: true, users: 5, assets: 0 },
    ]);
  });

  it("says whom it skipped, and which permissions nobody may read", async () => {
    const { summary } = await take(new Rig(tenant()));
    expect(summary.coverage).toMatchObject({
      usersTotal: 6,
      usersRead: 5,
      usersSkipped: [{ user: "sam@acme.example", reason: "suspended" }],
      usersFailed: [],
      permissionsRead: 5,
      permissionsUnreadable: 1,
      permissionsPending: 0,
    });
    expect(isWhole(summary.coverage)).toBe(false);
  });

  it("resolves nested groups, people outside and people it cannot act as", async () => {
    const { path, summary } = await take(new Rig(tenant()));
    expect(summary.coverage.groupsRead).toBe(2);
    await read(path, async (snapshot) => {
      expect(await snapshot.groupMembers(address("outer"))).toEqual([
        { email: "inner@acme.example", type: "GROUP" },
        { email: "other@acme.example", type: "USER" },
      ]);
      expect((await snapshot.groupMembers(address("inner")))?.map((each) => each.email)).toContain("ana@acme.example");
      expect(await snapshot.principal(address("eve@far.example"))).toMatchObject({ kind: "external" });
      expect(await snapshot.principal(address("x@partner.example"))).toMatchObject({ kind: "external" });
    });
  });

  it("takes one user's lasting failure as a line of the coverage", async () => {
    const rig = new Rig(tenant());
    rig.emulator.setFaults([
      { route: "assets.search", actor: "heir@acme.example", fault: { kind: "sticky", status: 500 } },
    ]);
    const { summary } = await take(rig);
    expect(summary.end).toBe("finished");
    expect(summary.coverage.usersFailed.map((each) => each.user)).toEqual(["heir@acme.example"]);
    expect(summary.coverage.usersRead).toBe(4);
  });

  it("does without the members of groups where that scope was not granted, and says so", async () => {
    const rig = new Rig(tenant());
    rig.emulator.tokens.delegate("1001", [
      "https://www.googleapis.com/auth/datastudio.readonly",
      "https://www.googleapis.com/auth/admin.directory.user.readonly",
      "https://www.googleapis.com/auth/admin.directory.group.readonly",
      "https://www.googleapis.com/auth/admin.directory.domain.readonly",
    ]);
    const { summary } = await take(rig);
    expect(summary.end).toBe("finished");
    expect(summary.coverage.groupsUnreadable.map((each) => each.group)).toEqual(["outer@acme.example"]);
  });

  it("reads as an organisational unit and those below it", async () => {
    const world = smallTenant();
    world.addUser({ email: "em", orgUnitPath: "/Sales/EMEA" });
    world.addUser({ email: "sal", orgUnitPath: "/Sales" });
    const rig = new Rig(world);
    const { summary } = await take(rig, { scope: { kind: "org-unit", path: "/Sales" } });
    expect(summary.coverage).toMatchObject({ usersTotal: 2, usersRead: 2 });
  });
});

describe("an inventory that is interrupted", () => {
  const world = (): World => generateTenant({ domain: "acme.example", seed: 5, users: 20, assets: 100 });
  const whole = async (): Promise<string | undefined> => (await take(new Rig(world()))).summary.digest;

  it.each([1, 5, 20, 90, 150, 200])("after %i calls goes on, and has the digest of an unbroken one", async (calls) => {
    const rig = new Rig(world());
    const path = newPath();
    const stop = new AbortController();
    let seen = 0;
    const surroundings = rig.surroundings(
      rig.api({
        exchange: (inner) => async (request) => {
          seen += 1;
          if (seen > calls) throw new Error("killed");
          return inner(request);
        },
      }),
      stop.signal,
    );
    const { store } = await openSnapshotStore(path, headerAt(rig, { kind: "everybody" }, undefined));
    const options = { concurrency: 4, listed: undefined, refresh: undefined, readersMax: 20 };
    await expect(rig.clock.drive(takeInventory(surroundings, store, options), 1e9)).rejects.toThrow("killed");
    await store.close();
    const { summary } = await take(rig, { path });
    expect(summary.digest).toBe(await whole());
  });

  it("asks nothing twice that it knows", async () => {
    const rig = new Rig(world());
    const stop = new AbortController();
    const path = newPath();
    const halfway = rig.surroundings(rig.api({}, "read", stop.signal), stop.signal);
    const { store } = await openSnapshotStore(path, headerAt(rig, { kind: "everybody" }, undefined));
    const counting = {
      ...halfway,
      onEvent: (): void => {
        if (rig.count("assets.getPermissions") >= 10) stop.abort();
      },
    };
    const options = { concurrency: 2, listed: undefined, refresh: undefined, readersMax: 20 };
    const first = await rig.clock.drive(takeInventory(counting, store, options), 1e9);
    await store.close();
    expect(first.end).toBe("stopped");
    const searches = rig.count("assets.search");
    await take(rig, { path });
    expect(rig.count("assets.search")).toBe(searches);
    const granted = rig.emulator.log.entries().filter((e) => e.route === "assets.getPermissions" && e.status === 200);
    expect(new Set(granted.map((entry) => entry.asset)).size).toBe(granted.length);
  });
});

describe("a refreshed inventory", () => {
  it("takes over what has not changed, reads the rest, and says how much it took over", async () => {
    const rig = new Rig(tenant());
    const { path } = await take(rig);
    const asset = rig.emulator.state.assets.get("r2");
    if (asset === undefined) throw new Error("r2 is gone");
    asset.title = "another title";
    const before = rig.count("assets.getPermissions");
    await read(path, async (from) => {
      const { summary } = await take(rig, { refresh: { from, maxAgeMs: 1e9 } });
      expect(summary.coverage).toMatchObject({ permissionsRead: 5, permissionsCarriedOver: 4 });
      expect(rig.count("assets.getPermissions") - before).toBe(2);
      expect(summary.digest).not.toBe(from.finished?.digest);
    });
  });

  it("reads again what is older than it may be", async () => {
    const rig = new Rig(tenant());
    const { path } = await take(rig);
    await rig.clock.advance(10_000);
    await read(path, async (from) => {
      const { summary } = await take(rig, { refresh: { from, maxAgeMs: 5000 } });
      expect(summary.coverage.permissionsCarriedOver).toBe(0);
    });
  });
});

describe("a snapshot", () => {
  it("that is finished is not written again", async () => {
    const rig = new Rig(tenant());
    const { path } = await take(rig);
    await expect(take(rig, { path })).rejects.toThrow("is a finished snapshot");
  });

  it("has a digest that anybody can make again, and that moves with any asset", async () => {
    const rig = new Rig(tenant());
    const { path } = await take(rig);
    await read(path, async (snapshot) => {
      expect(await snapshot.contentDigest()).toBe(snapshot.finished?.digest);
    });
    rig.emulator.state.assets.delete("r1");
    expect((await take(rig)).summary.digest).not.toBe(await read(path, async (s) => s.finished?.digest));
  });
});

/** An inventory, call by call: as whom it searches, through whom it reads, what it takes over, and what failures come to. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { resolveListed, takeInventory } from "../../src/engine/inventory.ts";
import type { InventoryOptions, InventorySummary } from "../../src/engine/inventory.ts";
import { openSnapshotStore } from "../../src/journal/sqlite/snapshot-store.ts";
import type { SnapshotStore } from "../../src/journal/snapshot.ts";
import type { AssetName } from "../../src/model/asset.ts";
import type { Domain } from "../../src/model/email.ts";
import type { InventoryScope } from "../../src/model/inventory.ts";
import { address } from "../support/rig.ts";
import { permissionsOf, person, snapshotOf } from "./snapshots.ts";
import { TinyGoogle, no } from "./tiny-google.ts";
import type { TinyTenant } from "./tiny-google.ts";

const tiny: TinyTenant = {
  people: [
    person("ana", { aliases: [address("a.n.a")], orgUnit: "/Sales" }),
    person("ben", { orgUnit: "/Sales/EMEA" }),
    person("sam", { suspended: true }),
    person("old", { archived: true }),
    person("gone", { deletionTime: "2026-11-01T00:00:00Z", suspended: true }),
  ],
  assets: [
    { name: "a1", owner: "ana", seenBy: ["ben"] },
    { name: "a2", owner: "ana", trashed: true },
    { name: "b1", owner: "ben", assetType: "DATA_SOURCE", seenBy: ["ana"] },
    { name: "s1", owner: "sam", seenBy: ["ben", "ana"] },
  ],
};

interface Taken {
  readonly summary: InventorySummary;
  readonly google: TinyGoogle;
  readonly store: SnapshotStore;
}

interface Taking {
  readonly tenant?: Partial<TinyTenant>;
  readonly options?: Partial<InventoryOptions>;
  readonly scope?: InventoryScope;
  readonly before?: (google: TinyGoogle) => void;
  /** An inventory to go on with. */
  readonly store?: SnapshotStore;
}

async function newStore(scope: InventoryScope = { kind: "everybody" }): Promise<SnapshotStore> {
  const path = join(mkdtempSync(join(tmpdir(), "inventory-answers-")), "a.snapshot");
  const { store } = await openSnapshotStore(path, {
    snapshotId: "01TESTSNAPSHOT0000000000000",
    toolVersion: "0.0.0",
    tenant: "acme.example" as Domain,
    domains: ["acme-labs.example" as Domain],
    admin: address("admin"),
    scope,
    startedAt: 0,
    refreshOf: undefined,
  });
  return store;
}

async function take(taking: Taking = {}): Promise<Taken> {
  const google = new TinyGoogle({ ...tiny, ...taking.tenant });
  taking.before?.(google);
  const store = taking.store ?? (await newStore(taking.scope));
  const options = { concurrency: 1, listed: undefined, refresh: undefined, readersMax: 20, ...taking.options };
  return { summary: await takeInventory(google.surroundings, store, options), google, store };
}

const named = (text: string): AssetName => text as AssetName;
/** The user stops at the first call that begins so. */
const stoppingAt =
  (beginning: string) =>
  (google: TinyGoogle): void => {
    google.before = (call) => {
      if (call.startsWith(beginning)) google.stop.abort();
    };
  };
const kinds = ["REPORT", "DATA_SOURCE", "REPORT in the trash", "DATA_SOURCE in the trash"];

describe("the users of an inventory", () => {
  it("are listed page by page, and those who cannot be acted as are named with the reason", async () => {
    const { summary, google, store } = await take({ tenant: { pageSize: 2 } });
    expect(google.asked("users")).toEqual(["0", "2", "4"]);
    expect(summary.coverage).toMatchObject({ usersTotal: 5, usersRead: 2, usersPending: 0 });
    expect(summary.coverage.usersSkipped).toEqual([
      { user: "gone@acme.example", reason: "deleted" },
      { user: "old@acme.example", reason: "archived" },
      { user: "sam@acme.example", reason: "suspended" },
    ]);
    expect(await store.principal(address("a.n.a"))).toMatchObject({ kind: "user", person: { id: "id-ana" } });
  });

  it("are those of an organisational unit where that is the scope", async () => {
    const { summary, google } = await take({ scope: { kind: "org-unit", path: "/Sales" } });
    expect(google.asked("users")).toEqual(["0 /Sales"]);
    expect(summary.coverage.usersTotal).toBe(2);
  });

  it("are those of a list where there is one, and nobody is listed", async () => {
    const { summary, google } = await take({ options: { listed: [person("ben")] } });
    expect(google.asked("users")).toEqual([]);
    expect(summary.coverage.usersTotal).toBe(1);
  });

  it("are not listed again by the process that goes on", async () => {
    const first = await take({ before: stoppingAt("search ana REPORT") });
    expect(first.summary).toMatchObject({ end: "stopped", digest: undefined });
    const second = await take({ store: first.store });
    expect([second.summary.end, second.google.asked("users")]).toEqual(["finished", []]);
    expect(second.summary.coverage).toMatchObject({ usersRead: 2, permissionsRead: 4 });
  });

  it("are listed from the beginning by the next process when the listing was cut short", async () => {
    const first = await take({ tenant: { pageSize: 2 }, before: stoppingAt("users 2") });
    expect([first.summary.end, first.google.asked("users")]).toEqual(["stopped", ["0", "2"]]);
    expect(first.google.asked("search")).toEqual([]);
    const second = await take({ store: first.store });
    expect([second.google.asked("users"), second.summary.coverage.usersTotal]).toEqual([["0"], 5]);
  });
});

describe("the searches of an inventory", () => {
  it("are four as each user, live and trashed, each to its last page", async () => {
    const { google, summary } = await take({ tenant: { pageSize: 1 } });
    expect(google.asked("search ana")).toEqual(["REPORT", "REPORT", ...kinds.slice(1)]);
    expect(google.asked("search ben")).toEqual(["REPORT", "REPORT", ...kinds.slice(1)]);
    expect(summary.coverage.queries.map(({ users, assets }) => [users, assets])).toEqual([
      [2, 2],
      [2, 1],
      [2, 1],
      [2, 0],
    ]);
  });

  it("are not made again where they were made to their end", async () => {
    const first = await take({ before: stoppingAt("search ana REPORT in the trash") });
    const second = await take({ store: first.store });
    // The page that was under way was kept.
    expect(second.google.asked("search ana")).toEqual([kinds[3]]);
    expect(second.google.asked("search ben")).toEqual(kinds);
  });

  it("are made again where they were cut short between two pages", async () => {
    const first = await take({ tenant: { pageSize: 1 }, before: stoppingAt("search ana REPORT") });
    expect(first.google.asked("search")).toEqual(["ana REPORT"]);
    const second = await take({ store: first.store });
    expect(second.google.asked("search ana")).toEqual(kinds);
    expect(second.summary.coverage).toMatchObject({ usersRead: 2, permissionsRead: 4 });
  });

  it("that fail make the user a line of the coverage, and others go on", async () => {
    const { summary, google } = await take({ tenant: { fails: { "search ana DATA": no("refuse", "not ana") } } });
    expect(summary.end).toBe("finished");
    expect(summary.coverage.usersFailed).toEqual([{ user: "ana@acme.example", reason: "not ana" }]);
    expect(google.events.filter(({ type }) => type === "user-unreadable")).toEqual([
      { type: "user-unreadable", user: "ana@acme.example", reason: "not ana" },
    ]);
    // Nobody reads as a user who could not be searched as.
    expect(google.asked("read ana")).toEqual([]);
  });

  it.each([
    ["the credentials", no("halt-run", "all is lost")],
    ["a fault of this program", new TypeError("all is lost")],
  ])("that fail by %s end the inventory", async (_, failure) => {
    await expect(take({ tenant: { fails: { search: failure } } })).rejects.toThrow("all is lost");
    await expect(take({ tenant: { fails: { read: failure } } })).rejects.toThrow("all is lost");
    await expect(take({ tenant: { fails: { users: failure } } })).rejects.toThrow("all is lost");
  });

  it.each(["users", "search", "read"])("that are stopped on their way to %s end it in peace", async (beginning) => {
    const failure = no("retry", "stopped", "stopped");
    const { summary, google } = await take({
      tenant: { fails: { [beginning]: failure } },
      before: stoppingAt(beginning),
    });
    expect([summary.end, summary.digest]).toEqual(["stopped", undefined]);
    expect(summary.coverage).toMatchObject({ usersFailed: [], permissionsUnreadable: 0 });
    expect(google.events.map(({ type }) => type)).not.toContain("user-unreadable");
  });

  it("that fail while the user stops blame nobody", async () => {
    const { summary } = await take({ tenant: { fails: { search: no("refuse") } }, before: stoppingAt("search") });
    expect(summary).toMatchObject({ end: "stopped", coverage: { usersFailed: [], usersPending: 2 } });
  });

  it("are told as they come, with the assets found and the users done", async () => {
    const { google } = await take();
    const told = google.events.filter(({ type }) => type === "survey");
    expect(told[0]).toEqual({ type: "survey", usersDone: 0, usersTotal: 2, assets: 2, permissions: 0 });
    expect(told.at(-1)).toEqual({ type: "survey", usersDone: 2, usersTotal: 2, assets: 7, permissions: 4 });
    expect(told).toHaveLength(2 * (4 + 1) + 4);
  });

  it("are counted on from what an earlier process had", async () => {
    const first = await take({ before: stoppingAt("read ben b1") });
    const second = await take({ store: first.store });
    expect(second.google.events.filter(({ type }) => type === "survey").map((event) => event)).toEqual([
      { type: "survey", usersDone: 0, usersTotal: 0, assets: 4, permissions: 4 },
    ]);
  });
});

describe("the permissions of an inventory", () => {
  it("are read once, as the owner, or else as the first who was shown the asset and can be acted as", async () => {
    const { google, store, summary } = await take();
    expect(google.asked("read")).toEqual(["ana a1", "ana a2", "ben b1", "ana s1"]);
    expect(await store.asset(named("s1"))).toMatchObject({
      readAs: "ana@acme.example",
      readAt: google.clock.now(),
      carriedOver: false,
      permissions: permissionsOf("sam"),
    });
    expect(summary.digest).toBe(await store.contentDigest());
  });

  it("are tried through others where one may not, up to as many as is said", async () => {
    const fails = { "read ana": no("refuse", "not as ana"), "read ben s1": no("retry", "not as ben") };
    const { google, store } = await take({ tenant: { fails } });
    expect(google.asked("read").filter((call) => !call.endsWith("b1"))).toEqual([
      "ana a1",
      "ben a1",
      "ana a2",
      "ana s1",
      "ben s1",
    ]);
    expect((await store.asset(named("s1")))?.unreadable).toBe("not as ben");
    expect((await store.asset(named("a1")))?.readAs).toBe("ben@acme.example");
    const few = await take({ tenant: { fails }, options: { readersMax: 1 } });
    expect(few.google.asked("read")).toEqual(["ana a1", "ana a2", "ben b1", "ana s1"]);
    expect((await few.store.asset(named("a1")))?.unreadable).toBe("not as ana");
  });

  it("are asked for through as many others as is said although the owner is among those who were shown it", async () => {
    const assets = [{ name: "z1", owner: "zoe", seenBy: ["ana", "ben"] }];
    const people = [...tiny.people, person("zoe")];
    const fails = { "read zoe": no("refuse", "no"), "read ana": no("refuse", "no") };
    const { google } = await take({ tenant: { assets, people, fails }, options: { readersMax: 3 } });
    expect(google.asked("read")).toEqual(["zoe z1", "ana z1", "ben z1"]);
  });

  it("are not tried through a user found out of reach", async () => {
    const { google, store, summary } = await take({ tenant: { fails: { "read ana": no("halt-actor", "out") } } });
    expect(google.asked("read")).toEqual(["ana a1", "ben a1", "ben b1", "ben s1"]);
    expect((await store.asset(named("a2")))?.unreadable).toBe("nobody who was shown the asset can be acted as");
    expect(summary.coverage).toMatchObject({ permissionsRead: 3, permissionsUnreadable: 1 });
  });

  it("are not asked for any more once the user has stopped", async () => {
    const { google, summary } = await take({
      tenant: { fails: { "read ana a1": no("refuse") } },
      before: stoppingAt("read ana a1"),
    });
    expect([google.asked("read"), summary.end]).toEqual([["ana a1"], "stopped"]);
    expect(summary.coverage).toMatchObject({ permissionsPending: 4 });
  });
});

describe("a refresh", () => {
  const earlier = { isFinished: true, users: [{ person: person("ana") }] };
  const updateTime = "2026-11-01T00:00:00Z";

  it.each<[string, object, string | undefined, number, boolean]>([
    ["the asset is as it was", {}, undefined, 0, true],
    ["it was read long ago, and is as it was", {}, undefined, 5000, true],
    ["it was read too long ago", {}, undefined, 5001, false],
    ["it has another title", { title: "other" }, undefined, 0, false],
    ["it has another owner", { owner: "ben" }, undefined, 0, false],
    ["it was changed since", { updateTime }, undefined, 0, false],
    ["it was in the trash", { trashed: true }, undefined, 0, false],
    ["it could not be read then", {}, "no", 0, false],
    ["it was not there then", { name: "other" }, undefined, 0, false],
  ])("takes over what was read where %s: %o %s after %i ms: %s", async (_, then, unreadable, age, isTaken) => {
    const one = { name: "a1", owner: "ana", title: "t", access: unreadable ?? {}, ...then };
    const from = await snapshotOf({ ...earlier, assets: [one] });
    const google = new TinyGoogle({ ...tiny, assets: [{ name: "a1", owner: "ana", title: "t" }] });
    await google.clock.advance(age);
    const store = await newStore();
    const options = { concurrency: 1, listed: undefined, refresh: { from, maxAgeMs: 5000 }, readersMax: 20 };
    const { coverage } = await takeInventory(google.surroundings, store, options);
    expect([coverage.permissionsCarriedOver, google.asked("read").length]).toEqual(isTaken ? [1, 0] : [0, 1]);
    const record = await store.asset(named("a1"));
    expect([record?.readAt, record?.carriedOver]).toEqual([google.clock.now() - (isTaken ? age : 0), isTaken]);
    expect(google.events.at(-1)).toMatchObject({ permissions: 1 });
    await from.close();
  });
});

describe("whoever an asset names", () => {
  const grants = {
    EDITOR: ["user:ana@acme.example", "group:outer@acme.example", "user:x@far.example"],
    VIEWER: ["user:who@acme.example", "domain:far.example", "allUsers"],
  };
  const assets = [{ name: "a1", owner: "ana", grants }];
  const groups = {
    outer: [
      { email: address("inner"), type: "GROUP" },
      { email: address("ben"), type: "USER" },
      { email: undefined, type: "CUSTOMER" },
    ],
    inner: [
      { email: address("outer"), type: "GROUP" },
      { email: address("y@far.example"), type: "USER" },
    ],
  };
  const tenant = { assets, groups };

  it("is looked up once, but for those who were listed, and groups are read to their last member", async () => {
    const { google, store, summary } = await take({ tenant: { ...tenant, pageSize: 2 } });
    expect(google.asked("user").filter((call) => !call.startsWith("s"))).toEqual(["outer", "who", "inner"]);
    expect(google.asked("members")).toEqual(["outer 0", "outer 2", "inner 0"]);
    const kindOf = async (name: string): Promise<string | undefined> => (await store.principal(address(name)))?.kind;
    expect(await Promise.all(["outer", "who", "x@far.example", "y@far.example", "inner", "ana"].map(kindOf))).toEqual([
      "group",
      "missing",
      "external",
      "external",
      "group",
      undefined,
    ]);
    expect(await store.groupMembers(address("outer"))).toHaveLength(3);
    expect(summary.coverage).toMatchObject({ groupsRead: 2, groupsUnreadable: [] });
  });

  it("is also an owner who was not listed, where the permissions cannot be read", async () => {
    const shared = [{ name: "f1", owner: "left", seenBy: ["ana"] }];
    const fails = { "read ana f1": no("refuse", "not for ana") };
    const { google, store } = await take({ tenant: { assets: [...assets, ...shared], groups, fails } });
    expect(google.asked("user")).toContain("left");
    expect(await store.principal(address("left"))).toMatchObject({ kind: "missing" });
  });

  it("is a line of the coverage where a group cannot be read", async () => {
    const { summary } = await take({ tenant: { ...tenant, groups: { ...groups, inner: no("refuse", "not yours") } } });
    expect(summary.coverage).toMatchObject({
      groupsRead: 1,
      groupsUnreadable: [{ group: "inner@acme.example", reason: "not yours" }],
    });
  });

  it("is nobody's line where reading a group was stopped, and the inventory is not finished", async () => {
    const inner = no("retry", "stopped", "stopped");
    const { summary } = await take({ tenant: { ...tenant, groups: { ...groups, inner } } });
    expect(summary).toMatchObject({ end: "stopped", digest: undefined, coverage: { groupsUnreadable: [] } });
  });

  it("is not read past a fault of this program", async () => {
    const inner = new TypeError("a bug");
    await expect(take({ tenant: { ...tenant, groups: { ...groups, inner } } })).rejects.toThrow("a bug");
  });

  it("is looked up by the next process, when one ended between a group and those in it", async () => {
    const first = await take({ tenant, before: stoppingAt("members outer") });
    expect(first.summary.end).toBe("stopped");
    const second = await take({ tenant, store: first.store });
    expect([second.summary.end, second.google.asked("members")]).toEqual(["finished", ["inner 0"]]);
    expect(await second.store.principal(address("y@far.example"))).toMatchObject({ kind: "external" });
    expect(second.google.asked("user")).toEqual(["inner"]);
  });

  it("is nobody once the user has stopped", async () => {
    const { google } = await take({ tenant, before: stoppingAt("read ana a1") });
    expect([google.asked("user "), google.asked("members")]).toEqual([[], []]);
  });
});

describe("a list of people to read as", () => {
  it("is resolved to people, each once, and says what the others are", async () => {
    const google = new TinyGoogle({ ...tiny, deleted: [person("left")], groups: { team: [] } });
    const names = ["ben", "a.n.a", "ana", "left", "team", "who", "x@far.example", "x@acme-labs.example"];
    const { people, strange } = await resolveListed(google.surroundings, names.map(address));
    expect(people.map(({ email }) => email)).toEqual(["ben", "ana", "left"].map(address));
    expect(strange).toEqual([
      { email: address("team"), kind: "group" },
      { email: address("who"), kind: "missing" },
      { email: address("x@far.example"), kind: "external" },
      { email: address("x@acme-labs.example"), kind: "missing" },
    ]);
  });

  it("says what it can of those who could not be looked up any more", async () => {
    const google = new TinyGoogle(tiny);
    google.stop.abort();
    const { strange } = await resolveListed(google.surroundings, [address("ana"), address("x@far.example")]);
    expect(strange.map(({ kind }) => kind)).toEqual(["missing", "external"]);
  });
});

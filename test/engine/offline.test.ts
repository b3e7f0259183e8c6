/** A snapshot in Google's place: what it holds and no more, refused where it was dark, and never written to. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { offlineApi } from "../../src/engine/offline.ts";
import type { SnapshotStore } from "../../src/journal/snapshot.ts";
import type { Api } from "../../src/model/api.ts";
import type { AssetName } from "../../src/model/asset.ts";
import type { Principal } from "../../src/model/tenant.ts";
import { address } from "../support/rig.ts";
import { inPagesOf, permissionsOf, person, snapshotOf } from "./snapshots.ts";

const ana = person("ana", { aliases: [address("a.n.a")] });
const gone = person("gone", { deletionTime: "2026-11-01T00:00:00Z" });
const named = (text: string): AssetName => text as AssetName;
const sales: readonly { readonly email: ReturnType<typeof address>; readonly type: string }[] = [
  { email: address("ana"), type: "USER" },
];
const principals: Readonly<Record<string, Principal>> = {
  "sales-team": { kind: "group", id: "g1", email: address("sales") },
  a: { kind: "missing", email: address("a") },
  gone: { kind: "deleted", person: gone },
  z: { kind: "missing", email: address("z") },
  zoe: { kind: "deleted", person: person("zoe") },
};

let store: SnapshotStore;
let api: Api;
beforeAll(async () => {
  store = await snapshotOf({
    users: [
      { person: ana },
      { person: person("ben"), reading: "failed", reason: "ben cannot be acted as" },
      { person: person("sam", { suspended: true }), reading: "skipped", reason: "suspended" },
      { person: person("eve") },
    ],
    assets: [
      { name: "r1", owner: "ana", access: { VIEWER: ["allUsers"] } },
      { name: "r2", owner: "ben", access: "nobody may read it" },
      { name: "r3", owner: "ana" },
      { name: "d1", owner: "ana", assetType: "DATA_SOURCE" },
      { name: "t1", owner: "ana", trashed: true },
      ...Array.from({ length: 1000 }, (_, index) => ({ name: `many-${1000 + index}`, owner: "eve", seenAs: "eve" })),
    ],
    principals,
    groups: { sales },
  });
});
beforeEach(() => {
  api = offlineApi(inPagesOf(2, store));
});
afterAll(() => store.close());

const halted = { disposition: "halt-actor", failure: "account-unusable" };

describe("a search", () => {
  const live = { assetType: "REPORT", trashed: false } as const;
  const names = async (...search: Parameters<Api["dataStudio"]["search"]>): Promise<readonly string[]> =>
    (await api.dataStudio.search(...search)).assets.map(({ name }) => name);

  it("shows what that kind of search showed as that user", async () => {
    expect(await names(ana.email, live)).toEqual(["r1", "r2", "r3"]);
    expect(await names(ana.email, { ...live, assetType: "DATA_SOURCE" })).toEqual(["d1"]);
    expect(await names(ana.email, { ...live, trashed: true })).toEqual(["t1"]);
    expect(await names(ana.email, { ...live, owner: address("ben") })).toEqual(["r2"]);
  });

  it("comes in pages, of which the last may be empty", async () => {
    const first = await api.dataStudio.search(address("eve"), live);
    expect([first.assets.length, typeof first.nextPageToken]).toEqual([1000, "string"]);
    const second = await api.dataStudio.search(address("eve"), live, first.nextPageToken);
    expect(second).toEqual({ assets: [], nextPageToken: undefined });
    expect((await api.dataStudio.search(ana.email, live)).nextPageToken).toBeUndefined();
  });

  it("of everything as several users shows each asset with those who were shown it, in the order of the users", async () => {
    const shared = await snapshotOf({
      users: [{ person: ana }, { person: person("ben") }, { person: person("eve") }],
      assets: [
        { name: "b", owner: "ana" },
        { name: "c", owner: "ben", seenAs: "ben", assetType: "DATA_SOURCE" },
        { name: "a", owner: "ana", seenAs: "eve" },
        { name: "b", owner: "ana", seenAs: "ben" },
        { name: "b", owner: "ana", seenAs: "eve" },
        { name: "t", owner: "ana", trashed: true },
        { name: "o", owner: "ana", assetType: "OTHER" },
      ],
    });
    const shown = async (users: readonly string[], trashed: boolean): Promise<unknown> => {
      const found: unknown[] = [];
      const { searchAsEach } = offlineApi(inPagesOf(2, shared)).dataStudio;
      for await (const page of searchAsEach?.(users.map(address), trashed) ?? []) {
        for (const { asset, seenBy } of page) found.push([asset.name, ...seenBy]);
      }
      return found;
    };
    expect(await shown(["eve", "ana"], false)).toEqual([
      ["a", address("eve")],
      ["b", address("eve"), address("ana")],
    ]);
    expect(await shown(["ana", "ben", "eve"], true)).toEqual([
      ["a", address("eve")],
      ["b", address("ana"), address("ben"), address("eve")],
      ["c", address("ben")],
      ["t", address("ana")],
    ]);
    await shared.close();
  });

  it.each([
    ["ben", "ben cannot be acted as"],
    ["sam", "suspended"],
    ["nobody", "the snapshot was not read as this user"],
  ])("as %s is refused: %s", async (name, reason) => {
    await expect(api.dataStudio.search(address(name), live)).rejects.toMatchObject({ ...halted, message: reason });
    await expect(api.authenticate(address(name))).rejects.toMatchObject({ ...halted, message: reason });
  });
});

describe("permissions", () => {
  it("are as they were read, for whoever was read", async () => {
    await expect(api.authenticate(ana.email)).resolves.toBeUndefined();
    expect(await api.dataStudio.getPermissions(ana.email, named("r1"))).toEqual(
      permissionsOf("ana", { VIEWER: ["allUsers"] }),
    );
    await expect(api.dataStudio.getPermissions(address("sam"), named("r1"))).rejects.toMatchObject(halted);
  });

  it.each([
    ["of an asset that no search showed", "r9", "not-found", "the snapshot holds no asset r9"],
    ["that could not be read", "r2", "permission-denied", "nobody may read it"],
    ["that were never read", "r3", "permission-denied", "the snapshot does not hold its permissions"],
  ])("%s are refused, whoever asks", async (_, name, failure, message) => {
    for (const who of [ana.email, address("sam")]) {
      await expect(api.dataStudio.getPermissions(who, named(name))).rejects.toMatchObject({
        disposition: "refuse",
        failure,
        message,
      });
    }
  });
});

describe("a snapshot", () => {
  it("takes no writes", async () => {
    const refused = { disposition: "refuse", failure: "permission-denied" };
    const unsent = (): never => expect.fail();
    await expect(
      api.dataStudio.patchPermissions(ana.email, named("r1"), permissionsOf("ana"), unsent),
    ).rejects.toMatchObject(refused);
    await expect(api.dataTransfer.insert("1", "2", unsent)).rejects.toMatchObject(refused);
    await api.close();
  });

  it("knows no transfer, and leaves it to the apply whether they are offered", async () => {
    expect(await api.dataTransfer.offersDataStudio()).toBe(true);
    expect([await api.dataTransfer.get("1"), await api.dataTransfer.list("1")]).toEqual([undefined, []]);
  });
});

describe("the Directory of a snapshot", () => {
  it("has the domains of the tenant", async () => {
    expect(await api.directory.domains()).toEqual({ primary: "acme.example", all: ["acme-labs.example"] });
  });

  it.each([
    ["by address", "ana@acme.example", ana.email],
    ["by another address", "a.n.a@acme.example", ana.email],
    ["by id", "id-ana", ana.email],
    ["a suspended one too", "sam@acme.example", address("sam")],
    ["and nobody who was deleted", "gone@acme.example", undefined],
    ["and no group", "sales-team@acme.example", undefined],
    ["and nobody unknown", "who@acme.example", undefined],
    ["and nobody by what is no address", "id-who", undefined],
  ])("finds users %s", async (_, key, email) => {
    const whole = offlineApi(store);
    expect((await whole.directory.user(key))?.email).toBe(email);
  });

  it("finds groups, and nobody else among them", async () => {
    expect(await api.directory.group("sales-team@acme.example")).toEqual({ id: "g1", email: address("sales") });
    expect(await api.directory.group("a@acme.example")).toBeUndefined();
    expect(await offlineApi(store).directory.group(ana.email)).toBeUndefined();
  });

  it("lists everybody once, and apart from them who was deleted, however the pages fall", async () => {
    const { people, nextPageToken } = await offlineApi(store).directory.users();
    expect(people.map(({ email }) => email)).toEqual(["ana", "ben", "eve", "sam"].map(address));
    expect(nextPageToken).toBeUndefined();
    expect((await api.directory.deletedUsers()).map(({ email }) => email)).toEqual([gone.email, address("zoe")]);
  });

  it("knows who is in a group that was read, and nobody in one that was not", async () => {
    expect(await api.directory.groupMembers(address("sales"))).toEqual({ members: sales, nextPageToken: undefined });
    expect((await api.directory.groupMembers(address("other"))).members).toEqual([]);
  });
});

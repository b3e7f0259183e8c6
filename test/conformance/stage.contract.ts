/** What every stage must do: requests in file order, assets in order of name, each with what names it and who has seen it. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Stage } from "../../src/journal/stage.ts";
import type { Asset, AssetName } from "../../src/model/asset.ts";
import { etag } from "../../src/model/brand.ts";
import type { Email } from "../../src/model/email.ts";
import { allUsers } from "../../src/model/member.ts";
import { addressesOf } from "../../src/model/request.ts";
import type { Request, Selector } from "../../src/model/request.ts";
import { anna, ben, cleo, oddRoles } from "../journal/samples.ts";

/** An asset of which only what matters is said. */
export function stagedAsset(name: string, changes: Partial<Asset> = {}): Asset {
  return {
    name: name as AssetName,
    assetType: "REPORT",
    title: `Title of ${name}`,
    owner: anna,
    trashed: false,
    ...changes,
  };
}

let lines = 1;

function request(select: Partial<Selector>): Request {
  lines += 1;
  return {
    action: "grant",
    place: { file: "a.csv", line: lines, column: 1 },
    select: { types: [], ...select },
    trashed: "exclude",
    note: "why \u0000 not",
    member: { member: allUsers, bare: false },
    role: "__proto__",
  };
}

const named = (name: string): Request => request({ asset: name as AssetName });

/** `makeStage` is called for each test; its stage is closed after it. */
export function stageContract(stageName: string, makeStage: () => Promise<Stage>): void {
  describe(`${stageName} keeps the contract of a stage`, () => {
    let stage: Stage;
    beforeEach(async () => {
      stage = await makeStage();
    });
    afterEach(async () => {
      await stage.close();
    });

    it("keeps requests without an asset in file order, whole", async () => {
      const broad = [request({ owner: ben }), request({ title: "Q?*" })];
      await stage.addRequests([...broad.slice(0, 1), named("x"), ...broad.slice(1)]);
      expect(await stage.broadRequests()).toEqual(broad);
    });

    it("pages assets by name, each with the requests that name it, in file order", async () => {
      const requests = [named("b"), named("d"), named("b"), named("nowhere"), request({})];
      await stage.addRequests(requests);
      await stage.addAssets(
        ["d", "B", "a", "b", "c"].map((name) => stagedAsset(name)),
        ben,
      );
      const page = await stage.assets("", 3);
      expect(page.map(({ record }) => record.asset.name)).toEqual(["B", "a", "b"]);
      expect(page.map((one) => one.requests)).toEqual([[], [], [requests[0], requests[2]]]);
      const rest = await stage.assets("b", 3);
      expect(rest.map(({ record, requests: own }) => [record.asset.name, own.length])).toEqual([
        ["c", 0],
        ["d", 1],
      ]);
      expect(await stage.assets("d", 3)).toEqual([]);
      expect(await stage.assetCount()).toBe(5);
    });

    it("pages the assets that nobody has tried to read, and tells which are named", async () => {
      await stage.addRequests([named("b"), request({})]);
      await stage.addAssets(
        ["d", "c", "b", "a"].map((name) => stagedAsset(name)),
        ben,
      );
      await stage.setPermissions("a" as AssetName, { unreadable: "nobody may" });
      const unread = async (after: string, max: number): Promise<unknown> =>
        (await stage.unread(after, max)).map(({ record, isNamed }) => [record.asset.name, record.seenBy, isNamed]);
      const first = [
        ["b", [ben], true],
        ["c", [ben], false],
      ];
      expect(await unread("", 2)).toEqual(first);
      await stage.setPermissions("b" as AssetName, { permissions: { roles: oddRoles, etag: undefined }, readAs: ben });
      expect(await unread("", 9)).toEqual([
        ["c", [ben], false],
        ["d", [ben], false],
      ]);
      expect(await unread("d", 9)).toEqual([]);
    });

    it("knows what is asked for, whom requests for one asset name, and whose it is said to be", async () => {
      expect([...(await stage.actions())]).toEqual([]);
      const broad = request({});
      const owned = { ...named("b"), select: { ...named("b").select, owner: cleo } };
      await stage.addRequests([broad]);
      expect((await stage.named()).addresses.size).toBe(0);
      await stage.addRequests([named("a"), owned, named("a")]);
      expect([...(await stage.actions())]).toEqual([broad.action]);
      const { addresses, owners } = await stage.named();
      expect([...addresses].toSorted()).toEqual(
        [...new Set([...addressesOf(owned), ...addressesOf(broad)])].toSorted(),
      );
      expect([...owners]).toEqual(expect.arrayContaining([cleo]));
    });

    it("names the assets that requests name and the snapshot does not hold", async () => {
      const requests = ["z", "y", "x", "z"].map(named);
      await stage.addRequests(requests);
      await stage.addAssets([stagedAsset("y")], ben);
      expect(await stage.unresolved("", 1)).toEqual([{ name: "x", requests: [requests[2]] }]);
      expect(await stage.unresolved("x", 5)).toEqual([{ name: "z", requests: [requests[0], requests[3]] }]);
      expect(await stage.unresolved("z", 5)).toEqual([]);
      await stage.addAssets([stagedAsset("z")], ben);
      await stage.addRequests([named("w")]);
      expect((await stage.unresolved("", 5)).map(({ name }) => name)).toEqual(["w", "x"]);
    });

    it("merges what several users see, and keeps the first eight of them", async () => {
      const users = Array.from({ length: 12 }, (_nothing, index) => `u${index}@acme.example` as Email);
      for (const user of [...users, ...users]) await stage.addAssets([stagedAsset("a")], user);
      const record = await stage.asset("a" as AssetName);
      expect(record?.seenBy).toEqual(users.slice(0, 8));
      expect(await stage.assetCount()).toBe(1);
    });

    it("pages the requests that name assets by name, whole for each asset, whether there is such an asset or not", async () => {
      const requests = ["b", "d", "b", "nowhere", "a"].map((name) => named(name));
      const [b, d, again, nowhere, a] = requests;
      await stage.addRequests([request({}), ...requests]);
      await stage.addAssets([stagedAsset("b")], ben);
      expect(await stage.naming("", undefined, 9)).toEqual([
        { name: "a", requests: [a] },
        { name: "b", requests: [b, again] },
        { name: "d", requests: [d] },
        { name: "nowhere", requests: [nowhere] },
      ]);
      expect((await stage.naming("a", "d" as AssetName, 9)).map(({ name }) => name)).toEqual(["b", "d"]);
      expect((await stage.naming("a", undefined, 1))[0]).toEqual({ name: "b", requests: [b, again] });
      expect(await stage.naming("d", "m" as AssetName, 9)).toEqual([]);
      const seen: string[] = [];
      for (let after = ""; ; after = seen.at(-1) ?? "") {
        const page = await stage.naming(after, undefined, 2);
        if (page.length === 0) break;
        seen.push(...page.map(({ name }) => name));
      }
      expect(seen).toEqual(["a", "b", "d", "nowhere"]);
      expect([await stage.isNamed("b" as AssetName), await stage.isNamed("c" as AssetName)]).toEqual([true, false]);
    });

    it("takes what the last search says, and keeps what it leaves out", async () => {
      const first = stagedAsset("a", { createTime: "2026-01-01T00:00:00Z", updateTime: "2026-01-02T00:00:00Z" });
      await stage.addAssets([first], anna);
      await stage.addAssets(
        [stagedAsset("a", { title: "new \ud800", owner: undefined, trashed: true, updateTime: "t3" })],
        ben,
      );
      expect(await stage.asset("a" as AssetName)).toEqual({
        asset: { ...first, title: "new \ud800", trashed: true, updateTime: "t3" },
        permissions: undefined,
        readAs: undefined,
        unreadable: undefined,
        seenBy: [anna, ben],
      });
    });

    it("keeps permissions byte for byte, or why there are none; the later word counts", async () => {
      const name = "a" as AssetName;
      await stage.addAssets([stagedAsset(name)], anna);
      await stage.setPermissions(name, { unreadable: "nobody may" });
      expect(await stage.asset(name)).toMatchObject({ unreadable: "nobody may", permissions: undefined });
      await stage.setPermissions(name, { permissions: { roles: oddRoles, etag: etag('"e"') }, readAs: cleo });
      const record = await stage.asset(name);
      expect(record).toMatchObject({ readAs: cleo, unreadable: undefined, permissions: { etag: '"e"' } });
      expect([...(record?.permissions?.roles ?? [])]).toEqual([...oddRoles]);
      await stage.addAssets([stagedAsset(name, { title: "again" })], ben);
      expect((await stage.asset(name))?.permissions?.etag).toBe('"e"');
      await expect(stage.setPermissions("none" as AssetName, { unreadable: "x" })).rejects.toThrow("no asset none");
      expect(await stage.asset("none" as AssetName)).toBeUndefined();
    });

    it("counts the assets of each owner, live and in the trash", async () => {
      await stage.addAssets(
        [
          stagedAsset("a"),
          stagedAsset("b", { trashed: true }),
          stagedAsset("c", { owner: ben }),
          stagedAsset("d", { owner: undefined }),
        ],
        cleo,
      );
      expect(await stage.owners()).toEqual([
        { owner: anna, live: 1, trashed: 1 },
        { owner: ben, live: 1, trashed: 0 },
      ]);
    });
  });
}

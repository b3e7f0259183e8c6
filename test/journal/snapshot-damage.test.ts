/** A snapshot in which somebody changed a letter is damaged, and says so: whatever is read of it, and never as a fault of ours. */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { SnapshotReader } from "../../src/journal/snapshot.ts";
import { openSnapshot } from "../../src/journal/sqlite/snapshot-reader.ts";
import { openSnapshotStore } from "../../src/journal/sqlite/snapshot-store.ts";
import type { Asset, AssetName } from "../../src/model/asset.ts";
import type { Domain } from "../../src/model/email.ts";
import { permissionsOf, person } from "../engine/snapshots.ts";
import { startOfTest } from "../support/clock.ts";
import { address } from "../support/rig.ts";

const name = "r1" as AssetName;
const ana = person("ana");
const asset: Asset = {
  name,
  assetType: "REPORT",
  title: "Sales",
  owner: ana.email,
  trashed: false,
  createTime: undefined,
  updateTime: undefined,
};
let folder: string;
let original: string;
let copies = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-snapshot-"));
  original = join(folder, "a.snapshot");
  const { store } = await openSnapshotStore(original, {
    snapshotId: "01TESTSNAPSHOT0000000000000",
    toolVersion: "0.0.0",
    tenant: "acme.example" as Domain,
    domains: [],
    admin: address("admin"),
    scope: { kind: "everybody" },
    startedAt: startOfTest,
    refreshOf: undefined,
  });
  await store.addUsers([{ person: ana, skipped: undefined }]);
  await store.addPage(ana.email, { assetType: "REPORT", trashed: false }, [asset], true);
  const read = { permissions: permissionsOf("ana"), readAs: ana.email, at: startOfTest, carriedOver: false };
  await store.setPermissions(name, read);
  await store.addPrincipal(address("ben"), { kind: "user", person: person("ben") });
  await store.setGroup(address("team"), { members: [{ email: ana.email, type: "USER" }] });
  await store.endUser(ana.email, "read", undefined);
  await store.finish(startOfTest);
  await store.close();
});
afterAll(() => rm(folder, { recursive: true }));

const everything: readonly ((snapshot: SnapshotReader) => Promise<unknown>)[] = [
  (snapshot) => snapshot.coverage(),
  (snapshot) => snapshot.assets("", 10),
  (snapshot) => snapshot.asset(name),
  (snapshot) => snapshot.permissions(name),
  (snapshot) => snapshot.seenAs(ana.email, { assetType: "REPORT", trashed: false }, 0, 10),
  (snapshot) => snapshot.sightings("", 10),
  (snapshot) => snapshot.users("", 10),
  (snapshot) => snapshot.user(ana.email),
  (snapshot) => snapshot.principals("", 10),
  (snapshot) => snapshot.principal(address("ben")),
  (snapshot) => snapshot.groupMembers(address("team")),
  (snapshot) => snapshot.contentDigest(),
];

/** What each way to read the changed file throws. */
async function thrownBy(sql: string): Promise<readonly unknown[]> {
  copies += 1;
  const path = join(folder, `copy-${copies}.snapshot`);
  await copyFile(original, path);
  const db = new Database(path);
  db.exec(sql);
  db.close();
  const found: unknown[] = [];
  let snapshot: SnapshotReader;
  try {
    snapshot = await openSnapshot(path);
  } catch (error) {
    return [error];
  }
  for (const read of everything) await read(snapshot).catch((error: unknown) => found.push(error));
  await snapshot.close();
  return found;
}

it("nothing is wrong with it as it was written", async () => {
  expect(await thrownBy("select 1")).toEqual([]);
});

it.each([
  ["a header that is no JSON", "update header set body = 'x'"],
  ["a header that is nothing", "update header set body = 'null'"],
  ["a header without domains", "update header set body = json_remove(body, '$.domains')"],
  ["a header begun at no time", "update header set body = json_set(body, '$.startedAt', 'soon')"],
  ["a title that is no JSON", "update assets set title = 'Sales'"],
  ["permissions that are no JSON", "update assets set permissions = '{'"],
  ["permissions without roles", `update assets set permissions = '{"etag":"e"}'`],
  ["a user who is nothing", "update users set person = 'null'"],
  ["a user with an address of numbers", "update users set person = json_set(person, '$.email', 7)"],
  ["a user without aliases", "update users set person = json_remove(person, '$.aliases')"],
  ["a principal that is a list", "update principals set body = '[]'"],
  ["a principal of a new kind", "update principals set body = json_set(body, '$.kind', 'robot')"],
  ["members that are no list", "update groups set members = '{}'"],
  ["a member that is no pair", "update groups set members = '[7]'"],
])("%s is damage", async (_, sql) => {
  const thrown = await thrownBy(sql);
  expect(thrown.length).toBeGreaterThan(0);
  for (const error of thrown) {
    expect(error).toMatchObject({
      name: "RunFileError",
      kind: "corrupt",
      message: expect.stringContaining("is damaged"),
      remedy: expect.stringContaining("take the inventory again"),
    });
  }
});

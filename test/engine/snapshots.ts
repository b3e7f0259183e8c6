/** Small snapshots as the engine reads them: real files, filled by hand, and read in pages as short as a test likes. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SnapshotReader, SnapshotStore } from "../../src/journal/snapshot.ts";
import { openSnapshotStore } from "../../src/journal/sqlite/snapshot-store.ts";
import type { Asset, AssetName } from "../../src/model/asset.ts";
import { etag } from "../../src/model/brand.ts";
import type { Domain } from "../../src/model/email.ts";
import type { GroupMember, UserReading } from "../../src/model/inventory.ts";
import { member } from "../../src/model/member.ts";
import type { Permissions } from "../../src/model/permissions.ts";
import type { Person, Principal } from "../../src/model/tenant.ts";
import { startOfTest } from "../support/clock.ts";
import { address } from "../support/rig.ts";

export function person(name: string, more: Partial<Person> = {}): Person {
  return { id: `id-${name}`, email: address(name), aliases: [], suspended: false, archived: false, ...more };
}

/** Who holds what beside the owner, such as `{ EDITOR: ["user:ana@acme.example"] }`. */
export type Grants = Readonly<Record<string, readonly string[]>>;

export function permissionsOf(owner: string, grants: Grants = {}): Permissions {
  const all = { OWNER: [`user:${address(owner)}`], ...grants };
  return {
    roles: new Map(Object.entries(all).map(([role, members]) => [role, members.map(member)])),
    etag: etag("e1"),
  };
}

export interface SampleUser {
  readonly person: Person;
  readonly reading?: Exclude<UserReading, "pending">;
  readonly reason?: string;
}

export interface SampleAsset extends Partial<Omit<Asset, "name" | "owner">> {
  readonly name: string;
  readonly owner?: string;
  /** `undefined`: never read; a text: why it could not be read. */
  readonly access?: Grants | string | undefined;
  /** Whose search showed it; the first user when nothing is said. */
  readonly seenAs?: string;
}

export interface Sample {
  readonly users?: readonly SampleUser[];
  readonly assets?: readonly SampleAsset[];
  readonly principals?: Readonly<Record<string, Principal>>;
  readonly groups?: Readonly<Record<string, readonly GroupMember[]>>;
  readonly isFinished?: boolean;
  readonly finishedAt?: number;
}

const domain = "acme.example" as Domain;

const ana = address("ana");

/** A store with all of it in; close it when done. */
export async function snapshotOf(sample: Sample): Promise<SnapshotStore> {
  const path = join(mkdtempSync(join(tmpdir(), "engine-snapshot-")), "a.snapshot");
  const { store } = await openSnapshotStore(path, {
    snapshotId: "01TESTSNAPSHOT0000000000000",
    toolVersion: "0.0.0",
    tenant: domain,
    domains: ["acme-labs.example" as Domain],
    admin: address("admin"),
    scope: { kind: "everybody" },
    startedAt: startOfTest,
    refreshOf: undefined,
  });
  const users = sample.users ?? [{ person: person("ana") }];
  await store.addUsers(users.map((user) => ({ person: user.person, skipped: undefined })));
  for (const { name, owner, access, seenAs, ...more } of sample.assets ?? []) {
    const asset: Asset = {
      name: name as AssetName,
      assetType: "REPORT",
      title: `of ${name}`,
      owner: owner === undefined ? undefined : address(owner),
      trashed: false,
      createTime: undefined,
      updateTime: undefined,
      ...more,
    };
    const viewer = seenAs === undefined ? users[0]?.person.email : address(seenAs);
    const query = { assetType: asset.assetType as "REPORT", trashed: asset.trashed };
    await store.addPage(viewer ?? ana, query, [asset], false);
    if (access === undefined) continue;
    const read =
      typeof access === "string"
        ? { unreadable: access }
        : { permissions: permissionsOf(owner ?? "ana", access), readAs: ana, at: startOfTest, carriedOver: false };
    await store.setPermissions(asset.name, read);
  }
  for (const { person: one, reading, reason } of users) await store.endUser(one.email, reading ?? "read", reason);
  for (const [email, principal] of Object.entries(sample.principals ?? {})) {
    await store.addPrincipal(address(email), principal);
  }
  for (const [group, members] of Object.entries(sample.groups ?? {})) await store.setGroup(address(group), { members });
  if (sample.isFinished !== false) await store.finish(sample.finishedAt ?? startOfTest + 1000);
  return store;
}

/** The same snapshot, read in pages of no more than `size`. */
export function inPagesOf(size: number, snapshot: SnapshotReader): SnapshotReader {
  const least = (max: number): number => Math.min(size, max);
  return {
    header: snapshot.header,
    finished: snapshot.finished,
    coverage: () => snapshot.coverage(),
    assets: (after, max) => snapshot.assets(after, least(max)),
    asset: (name) => snapshot.asset(name),
    permissions: (name) => snapshot.permissions(name),
    assetCount: () => snapshot.assetCount(),
    seers: (name, max) => snapshot.seers(name, max),
    seenAs: (user, query, after, max) => snapshot.seenAs(user, query, after, max),
    sightings: (after, max, besides) => snapshot.sightings(after, least(max), besides),
    users: (after, max) => snapshot.users(after, least(max)),
    user: (email) => snapshot.user(email),
    principals: (after, max) => snapshot.principals(after, least(max)),
    principal: (email) => snapshot.principal(email),
    groupMembers: (group) => snapshot.groupMembers(group),
    contentDigest: () => snapshot.contentDigest(),
    close: () => snapshot.close(),
  };
}

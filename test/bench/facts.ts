/** A snapshot of the benchmark's tenant, and plan files about it: planning then asks nobody, and is measured alone. */
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { openSnapshotStore } from "../../src/journal/sqlite/snapshot-store.ts";
import type { Domain, Email } from "../../src/model/email.ts";
import { etag } from "../../src/model/brand.ts";
import { inventoryQueries } from "../../src/model/inventory.ts";
import { member } from "../../src/model/member.ts";
import type { Person } from "../../src/model/tenant.ts";
import { assetName, foundAsset, ownerCount, ownerOf, rolesBefore } from "./tenant.ts";

const pageSize = 1000;
const chunk = 1000;

function person(email: string, id: number): Person {
  return { id: String(100_000 + id), email: email as Email, aliases: [], suspended: false, archived: false };
}

/** Every user's assets, each with its permissions read. */
export async function makeFacts(path: string, assets: number): Promise<void> {
  const { store } = await openSnapshotStore(path, {
    snapshotId: "01JDBENCHFACTS000000000000",
    toolVersion: "0.1.0",
    tenant: "acme.example" as Domain,
    domains: ["acme.example" as Domain],
    admin: "admin@acme.example" as Email,
    scope: { kind: "everybody" },
    startedAt: Date.now(),
    refreshOf: undefined,
  });
  const others = ["admin@acme.example", "heir@acme.example"];
  const people = [...Array.from({ length: ownerCount }, (_, i) => ownerOf(i)), ...others].map(person);
  await store.addUsers(people.map((each) => ({ person: each, skipped: undefined })));
  await store.markUsersListed();
  await store.addPrincipal("bi-team@acme.example" as Email, {
    kind: "group",
    id: "g1",
    email: "bi-team@acme.example" as Email,
  });
  for (const [number, { email }] of people.entries()) {
    if (number < ownerCount) await addAssetsOf(store, number, assets);
    for (const query of inventoryQueries) await store.addPage(email, query, [], true);
    await store.endUser(email, "read", undefined);
  }
  await store.finish(Date.now());
  await store.close();
}

async function addAssetsOf(
  store: Awaited<ReturnType<typeof openSnapshotStore>>["store"],
  owner: number,
  assets: number,
): Promise<void> {
  const email = ownerOf(owner);
  const query = { assetType: "REPORT", trashed: false } as const;
  for (let from = owner; from < assets; from += ownerCount * pageSize) {
    const page = [];
    for (let i = from; i < assets && page.length < pageSize; i += ownerCount) page.push(i);
    await store.addPage(email, query, page.map(foundAsset), false);
    for (const i of page) {
      const roles = new Map(rolesBefore(i).map(([role, members]) => [role, members.map((each) => member(each))]));
      const permissions = { roles, etag: etag("BwYx0aQ7vXA=") };
      await store.setPermissions(assetName(i), { permissions, readAs: email, at: Date.now(), carriedOver: false });
    }
  }
}

/** One grant a row, each on an asset of its own. */
export function csvPlan(path: string, rows: number): Promise<void> {
  return written(path, "action,asset,member,role,note\n", rows, (i) => {
    return `grant,${assetName(i)},heir@acme.example,EDITOR,ticket ${1000 + (i % 977)}\n`;
  });
}

/** One move an item, each on an asset of its own. */
export function yamlPlan(path: string, moves: number): Promise<void> {
  return written(path, "version: 1\nmoves:\n", moves, (i) => {
    return `  - grant: heir@acme.example\n    role: EDITOR\n    asset: ${assetName(i)}\n    note: ticket ${1000 + (i % 977)}\n`;
  });
}

async function written(path: string, head: string, count: number, line: (i: number) => string): Promise<void> {
  const file = createWriteStream(path);
  file.write(head);
  for (let from = 0; from < count; from += chunk) {
    const lines = Array.from({ length: Math.min(chunk, count - from) }, (_, i) => line(from + i));
    if (!file.write(lines.join(""))) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
}

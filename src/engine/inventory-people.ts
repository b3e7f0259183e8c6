/** The second half of an inventory: everybody whom an asset names is looked up once, and every group read to its last member. */
import { eachPage } from "../google/pages.ts";
import type { SnapshotStore } from "../journal/snapshot.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { GroupMember } from "../model/inventory.ts";
import { memberEmail } from "../model/member.ts";
import type { Tenant } from "../model/tenant.ts";
import { inParallel } from "./parallel.ts";
import { People } from "./people.ts";
import type { Surroundings } from "./verbs.ts";

const pageSize = 1000;

/** Looks up owners and members of every asset, then the members of the groups among them, nested ones too. Throws ApiError. */
export async function lookUpNamed(
  surroundings: Surroundings,
  store: SnapshotStore,
  concurrency: number,
): Promise<void> {
  if (surroundings.stop.aborted) return;
  const { tenant, domains } = store.header;
  const known: Tenant = { primaryDomain: tenant, domains: new Set([tenant, ...domains]) };
  const people = new People(surroundings.api.directory, known);
  const listed = await listedUsers(store);
  const lookUp = async (emails: Iterable<Email>): Promise<void> => {
    const unknown = [];
    for (const email of new Set(emails)) {
      if (!listed.has(email) && (await store.principal(email)) === undefined) unknown.push(email);
    }
    await people.lookUp(unknown, concurrency, surroundings.stop);
    for (const email of unknown) {
      const principal = people.principal(email);
      if (principal !== undefined) await store.addPrincipal(email, principal);
    }
  };
  const named = await namedInAssets(store);
  await lookUp(named);
  await readGroups(surroundings, store, concurrency, lookUp);
}

async function listedUsers(store: SnapshotStore): Promise<ReadonlySet<Email>> {
  const found = new Set<Email>();
  let after = "";
  for (;;) {
    const page = await store.users(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return found;
    after = last.person.email;
    for (const { person } of page) found.add(person.email);
  }
}

/** As many addresses as there are people, however many assets name them. */
async function namedInAssets(store: SnapshotStore): Promise<ReadonlySet<Email>> {
  const found = new Set<Email>();
  let after = "";
  for (;;) {
    const page = await store.assets(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return found;
    after = last.asset.name;
    for (const { asset, permissions } of page) {
      if (asset.owner !== undefined) found.add(asset.owner);
      for (const members of permissions?.roles.values() ?? []) {
        for (const m of members) {
          const email = memberEmail(m);
          if (email !== undefined) found.add(email);
        }
      }
    }
  }
}

/** Ring by ring: the groups that assets name, then the groups inside those. A group that holds itself is read once. */
async function readGroups(
  surroundings: Surroundings,
  store: SnapshotStore,
  concurrency: number,
  lookUp: (emails: Iterable<Email>) => Promise<void>,
): Promise<void> {
  // An earlier process may have ended between reading a group and looking up who is in it.
  for (const group of await store.groupsKnown()) await lookUp(addressesIn((await store.groupMembers(group)) ?? []));
  for (;;) {
    const read = await store.groupsKnown();
    const ring = (await groupsNamed(store)).filter((group) => !read.has(group));
    if (ring.length === 0 || surroundings.stop.aborted) return;
    const inside = new Set<Email>();
    await inParallel(ring, concurrency, surroundings.stop, async (group) => {
      for (const email of addressesIn(await readGroup(surroundings, store, group))) inside.add(email);
    });
    await lookUp(inside);
  }
}

function addressesIn(members: readonly GroupMember[]): readonly Email[] {
  return members.flatMap(({ email }) => email ?? []);
}

async function groupsNamed(store: SnapshotStore): Promise<readonly Email[]> {
  const found = new Set<Email>();
  let after = "";
  for (;;) {
    const page = await store.principals(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return [...found];
    after = last.email;
    for (const { principal } of page) if (principal.kind === "group") found.add(principal.email);
  }
}

/** A group that cannot be read is a line of the coverage: also where the scope for members was not granted. */
async function readGroup(
  surroundings: Surroundings,
  store: SnapshotStore,
  group: Email,
): Promise<readonly GroupMember[]> {
  const members: GroupMember[] = [];
  const { directory } = surroundings.api;
  try {
    for await (const page of eachPage((pageToken) => directory.groupMembers(group, pageToken))) {
      for (const found of page.members) members.push(found);
    }
  } catch (error) {
    if (!(error instanceof ApiError) || error.failure === "stopped") throw error;
    await store.setGroup(group, { unreadable: error.message });
    return [];
  }
  await store.setGroup(group, { members });
  return members;
}

/** Google as a snapshot remembers it: the same calls, answered from the file, so that planning needs no network. */
import type { SnapshotReader } from "../journal/snapshot.ts";
import type { Api, AssetQuery, DataStudioApi, DirectoryApi, Sighting } from "../model/api.ts";
import { assetTypes } from "../model/asset.ts";
import type { Asset } from "../model/asset.ts";
import { emailOrUndefined } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { Permissions } from "../model/permissions.ts";
import type { Person, Principal } from "../model/tenant.ts";

const pageSize = 1000;
/** Assets walked over at once. With 1,000 they live long enough to be promoted: a fifth more CPU, and 50 MB. */
const walkedAtOnce = 200;

/**
 * What the snapshot holds and no more: an asset that no search showed does not exist, and permissions that could not be
 * read are refused with the reason that was noted. A user who was not read cannot be acted as. Writes are refused.
 */
export function offlineApi(snapshot: SnapshotReader): Api {
  const directory = offlineDirectory(snapshot);
  const readAs = rememberingReaders(snapshot);
  return {
    dataStudio: offlineDataStudio(snapshot, readAs),
    directory,
    dataTransfer: {
      // Whether transfers are offered is asked when the run is applied.
      offersDataStudio: async () => true,
      insert: async () => refuse("a snapshot takes no transfer"),
      get: async () => undefined,
      list: async () => [],
    },
    authenticate: async (actor) => {
      await readAs(actor);
    },
    close: async () => undefined,
  };
}

function offlineDataStudio(snapshot: SnapshotReader, readAs: ReadAs): DataStudioApi {
  return {
    search: async (actor, query, pageToken) => {
      await readAs(actor);
      const { assets, nextPageToken } = await page(snapshot, actor, query, Number(pageToken ?? 0));
      return { assets, nextPageToken };
    },
    searchAsEach: (users, trashed, besides) => searchAsEach(snapshot, users, trashed, besides),
    getPermissions: async (actor, name): Promise<Permissions> => {
      const found = await snapshot.permissions(name);
      if (found === undefined) return refuse(`the snapshot holds no asset ${name}`, "not-found");
      const permissions = permissionsIn(found.permissions, found.unreadable);
      await readAs(actor);
      return permissions;
    },
    patchPermissions: async () => refuse("a snapshot cannot be written to"),
  };
}

/**
 * One walk over the assets as they lie in the file. Searching as one user after the other jumps all over it: 5 us of CPU
 * an asset more, and a read of the disk for each where the file does not fit in memory.
 */
async function* searchAsEach(
  snapshot: SnapshotReader,
  users: readonly Email[],
  trashed: boolean,
  besides: ReadonlySet<Email> | undefined,
): AsyncGenerator<readonly Sighting[]> {
  const rank = new Map(users.map((user, index) => [user, index]));
  const byRank = (a: Email, b: Email): number => (rank.get(a) ?? 0) - (rank.get(b) ?? 0);
  const types = new Set<string>(assetTypes);
  for (let after = ""; ;) {
    const walked = await snapshot.sightings(after, walkedAtOnce, besides);
    const last = walked.at(-1);
    if (last === undefined) return;
    after = last.asset.name;
    const shown: Sighting[] = [];
    for (const known of walked) {
      const { asset, seenBy } = known;
      if (!types.has(asset.assetType) || (asset.trashed && !trashed)) continue;
      const seers = seenBy.every((user) => rank.has(user)) ? seenBy : seenBy.filter((user) => rank.has(user));
      if (seers.length === 0) continue;
      const inOrder = seers.length === 1 ? seers : seers.toSorted(byRank);
      shown.push({ asset, seenBy: inOrder, permissions: () => permissionsIn(known.permissions(), known.unreadable) });
    }
    yield shown;
  }
}

function permissionsIn(permissions: Permissions | undefined, unreadable: string | undefined): Permissions {
  return permissions ?? refuse(unreadable ?? "the snapshot does not hold its permissions", "permission-denied");
}

/** Assets of one owner are picked out of the page; a page may then be short, or empty, before the last one. */
async function page(
  snapshot: SnapshotReader,
  actor: Email,
  { owner, ...query }: AssetQuery,
  after: number,
): Promise<{ readonly assets: readonly Asset[]; readonly nextPageToken: string | undefined }> {
  const sightings = await snapshot.seenAs(actor, query, after, pageSize);
  const last = sightings.at(-1);
  const assets = sightings.map(({ asset }) => asset);
  return {
    assets: owner === undefined ? assets : assets.filter((asset) => asset.owner === owner),
    nextPageToken: last === undefined || sightings.length < pageSize ? undefined : String(last.at),
  };
}

function offlineDirectory(snapshot: SnapshotReader): DirectoryApi {
  let everyone: Promise<ReadonlyMap<string, Person>> | undefined;
  const people = (): Promise<ReadonlyMap<string, Person>> => (everyone ??= peopleByKey(snapshot));
  const principal = async (key: string): Promise<Principal | undefined> => {
    const person = (await people()).get(key);
    if (person !== undefined) return { kind: "user", person };
    const email = emailOrUndefined(key);
    return email === undefined ? undefined : snapshot.principal(email);
  };
  return {
    domains: async () => ({ primary: snapshot.header.tenant, all: snapshot.header.domains }),
    user: async (key) => {
      const found = await principal(key);
      return found?.kind === "user" ? found.person : undefined;
    },
    group: async (key) => {
      const found = await principal(key);
      return found?.kind === "group" ? { id: found.id, email: found.email } : undefined;
    },
    deletedUsers: async () => deletedUsers(snapshot),
    users: async () => ({ people: [...new Set((await people()).values())], nextPageToken: undefined }),
    groupMembers: async (group) => ({ members: (await snapshot.groupMembers(group)) ?? [], nextPageToken: undefined }),
  };
}

/** By address, alias and id. */
async function peopleByKey(snapshot: SnapshotReader): Promise<ReadonlyMap<string, Person>> {
  const found = new Map<string, Person>();
  for (let after = ""; ;) {
    const users = await snapshot.users(after, pageSize);
    const last = users.at(-1);
    if (last === undefined) return found;
    after = last.person.email;
    for (const { person } of users) {
      for (const key of [person.id, person.email, ...person.aliases]) found.set(key, person);
    }
  }
}

async function deletedUsers(snapshot: SnapshotReader): Promise<readonly Person[]> {
  const found: Person[] = [];
  let after = "";
  for (;;) {
    const principals = await snapshot.principals(after, pageSize);
    const last = principals.at(-1);
    if (last === undefined) return found;
    after = last.email;
    for (const { principal } of principals) if (principal.kind === "deleted") found.push(principal.person);
  }
}

/** Throws ApiError (`halt-actor`) for a user the snapshot was not read as. */
type ReadAs = (actor: Email) => Promise<void>;

/** Asked for every asset, and there are few users beside assets. */
function rememberingReaders(snapshot: SnapshotReader): ReadAs {
  const known = new Set<Email>();
  return async (actor) => {
    if (known.has(actor)) return;
    const user = await snapshot.user(actor);
    if (user?.reading !== "read") {
      const reason = user?.reason ?? "the snapshot was not read as this user";
      throw new ApiError(reason, { disposition: "halt-actor", failure: "account-unusable" });
    }
    known.add(actor);
  };
}

function refuse(message: string, failure: "not-found" | "permission-denied" = "permission-denied"): never {
  throw new ApiError(message, { disposition: "refuse", failure });
}

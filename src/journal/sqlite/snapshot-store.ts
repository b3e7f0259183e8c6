/** Writes a snapshot file while an inventory is taken, and goes on with one that was interrupted. */
import type { Database as Connection, Statement } from "better-sqlite3";
import type { Asset, AssetName } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";
import { UsageError } from "../../model/errors.ts";
import type { GroupMember, InventoryQuery, SnapshotHeader, UserReading } from "../../model/inventory.ts";
import type { Digest } from "../../model/run.ts";
import type { Person, Principal } from "../../model/tenant.ts";
import type { SnapshotStore } from "../snapshot.ts";
import { canonicalJson } from "../../model/canonical.ts";
import { permissionsText } from "../codec.ts";
import { lockRun } from "./lock.ts";
import type { RunLock } from "./lock.ts";
import { putAtRest } from "./open.ts";
import { connectSnapshot, inWords, makeSnapshot, readState } from "./snapshot-file.ts";
import type { SnapshotState } from "./snapshot-file.ts";
import { SqliteSnapshotReader, queryCode, queryOf } from "./snapshot-reader.ts";
import { statusOf } from "./file-safety.ts";

/** Users to a page of the listing that is kept in memory. */
const pendingMax = 1_000_000;

/**
 * Begins the inventory `header` at `path`; or, when a file of that name holds one that was interrupted, goes on with
 * that. Throws UsageError when the file is a finished snapshot, RunLockedError when another process is at it,
 * RunFileError for anything else.
 */
export async function openSnapshotStore(
  path: string,
  header: SnapshotHeader,
): Promise<{ readonly store: SnapshotStore; readonly resumed: boolean }> {
  const lock = inWords(path, () => lockRun(path));
  try {
    const resumed = statusOf(path) !== undefined;
    const db = resumed ? connectSnapshot(path, "write") : makeSnapshot(path, header);
    try {
      const state = readState(db, path);
      if (state.finished !== undefined) {
        throw new UsageError(
          `${path} is a finished snapshot`,
          `choose another name, or take a new one that starts from it: add --refresh ${path} -o NEW`,
        );
      }
      return { store: new SqliteSnapshotStore(db, path, state, lock), resumed };
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

class SqliteSnapshotStore extends SqliteSnapshotReader implements SnapshotStore {
  readonly #lock: RunLock;
  readonly #userIds = new Map<string, number>();
  readonly #merge: Statement<(string | number | null)[]>;
  readonly #sight: Statement<[string, number]>;
  readonly #setPermissions: Statement<(string | number | null)[]>;
  #nextAsset: number;
  #ended: { readonly at: number; readonly digest: Digest } | undefined;

  constructor(db: Connection, path: string, state: SnapshotState, lock: RunLock) {
    super(db, path, state);
    this.#lock = lock;
    this.#nextAsset = Number(db.prepare("select coalesce(max(id), 0) from assets").pluck().get());
    // The later search tells how an asset is now; what it leaves out is kept.
    this.#merge = db.prepare(`
      insert into assets (name, id, type, title, owner, trashed, created, updated) values (?, ?, ?, ?, ?, ?, ?, ?)
      on conflict (name) do update set
        type = excluded.type, title = excluded.title, trashed = excluded.trashed,
        owner = coalesce(excluded.owner, owner), created = coalesce(excluded.created, created),
        updated = coalesce(excluded.updated, updated)
    `);
    this.#sight = db.prepare(
      "insert or ignore into sightings (asset, user) values ((select id from assets where name = ?), ?)",
    );
    this.#setPermissions = db.prepare(
      "update assets set permissions = ?, read_as = ?, read_at = ?, carried = ?, unreadable = ? where name = ?",
    );
  }

  override get finished(): { readonly at: number; readonly digest: Digest } | undefined {
    return this.#ended ?? super.finished;
  }

  async addUsers(users: readonly { readonly person: Person; readonly skipped: string | undefined }[]): Promise<void> {
    const insert = this.db.prepare(
      "insert into users (email, person, reading, reason) values (?, ?, ?, ?) on conflict (email) do nothing",
    );
    this.#writing(() => {
      for (const { person, skipped } of users) {
        insert.run(person.email, canonicalJson(person), skipped === undefined ? "pending" : "skipped", skipped ?? null);
      }
    });
  }

  async usersListed(): Promise<boolean> {
    return this.all<{ listed: number }>("select users_listed as listed from stage")[0]?.listed === 1;
  }

  async markUsersListed(): Promise<void> {
    this.#writing(() => this.db.exec("update stage set users_listed = 1"));
  }

  async pendingUsers(): Promise<readonly Email[]> {
    return this.all<{ email: Email }>(
      "select email from users where reading = 'pending' order by email limit ?",
      pendingMax,
    ).map((row) => row.email);
  }

  async queriesDone(user: Email): Promise<readonly InventoryQuery[]> {
    const rows = this.all<{ query: number }>("select query from searches where user = ?", this.#userId(user));
    return rows.map((row) => queryOf(row.query));
  }

  async addPage(user: Email, query: InventoryQuery, assets: readonly Asset[], isLast: boolean): Promise<void> {
    const userId = this.#userId(user);
    this.#writing(() => {
      for (const asset of assets) {
        const { name, assetType, owner = null, trashed, createTime = null, updateTime = null } = asset;
        this.#nextAsset += 1;
        const title = JSON.stringify(asset.title);
        this.#merge.run(name, this.#nextAsset, assetType, title, owner, trashed ? 1 : 0, createTime, updateTime);
        this.#sight.run(name, userId);
      }
      if (isLast) {
        this.db.prepare("insert or ignore into searches (user, query) values (?, ?)").run(userId, queryCode(query));
      }
    });
  }

  async endUser(user: Email, reading: Exclude<UserReading, "pending">, reason: string | undefined): Promise<void> {
    this.#writing(() =>
      this.db.prepare("update users set reading = ?, reason = ? where email = ?").run(reading, reason ?? null, user),
    );
  }

  async setPermissions(name: AssetName, read: Parameters<SnapshotStore["setPermissions"]>[1]): Promise<void> {
    const values =
      "unreadable" in read
        ? [null, null, null, 0, read.unreadable]
        : [permissionsText(read.permissions), read.readAs, read.at, read.carriedOver ? 1 : 0, null];
    const { changes } = inWords(this.path, () => this.#setPermissions.run(...values, name));
    if (changes === 0) throw new Error(`the snapshot holds no asset ${name}`);
  }

  async addPrincipal(email: Email, principal: Principal): Promise<void> {
    this.#writing(() =>
      this.db
        .prepare("insert or replace into principals (email, body) values (?, ?)")
        .run(email, canonicalJson(principal)),
    );
  }

  async setGroup(
    group: Email,
    read: { readonly members: readonly GroupMember[] } | { readonly unreadable: string },
  ): Promise<void> {
    const members = "members" in read ? membersText(read.members) : null;
    const unreadable = "unreadable" in read ? read.unreadable : null;
    this.#writing(() =>
      this.db
        .prepare("insert or replace into groups (email, members, unreadable) values (?, ?, ?)")
        .run(group, members, unreadable),
    );
  }

  async groupsKnown(): Promise<ReadonlySet<Email>> {
    return new Set(this.all<{ email: Email }>("select email from groups").map((row) => row.email));
  }

  async finish(at: number): Promise<Digest> {
    const digest = await this.contentDigest();
    this.#writing(() => {
      this.db.exec("create index seen_by on sightings (user, asset)");
      this.db.prepare("update stage set finished_at = ?, digest = ?").run(at, digest);
    });
    this.#ended = { at, digest };
    return digest;
  }

  override async close(): Promise<void> {
    try {
      putAtRest(this.db);
      await super.close();
    } finally {
      this.#lock.release();
    }
  }

  #userId(email: Email): number {
    const known = this.#userIds.get(email);
    if (known !== undefined) return known;
    const id = this.all<{ id: number }>("select id from users where email = ?", email)[0]?.id;
    if (id === undefined) throw new Error(`the snapshot knows no user ${email}`);
    this.#userIds.set(email, id);
    return id;
  }

  #writing(work: () => unknown): void {
    inWords(this.path, this.db.transaction(work));
  }
}

/** In order of address, because the Directory states none. */
function membersText(members: readonly GroupMember[]): string {
  const rows = members.map(({ email, type }) => [email ?? null, type] as const);
  return JSON.stringify(rows.toSorted((a, b) => (`${a[0]} ${a[1]}` < `${b[0]} ${b[1]}` ? -1 : 1)));
}

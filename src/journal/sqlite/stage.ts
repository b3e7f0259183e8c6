/** The stage over a temporary SQLite database, which the operating system forgets with the process. */
import Database from "better-sqlite3";
import type { Database as Connection, Statement } from "better-sqlite3";
import type { Asset, AssetName } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";
import type { Permissions } from "../../model/permissions.ts";
import type { Request } from "../../model/request.ts";
import type { AssetRecord } from "../../model/snapshot.ts";
import type { OwnerCount, Stage, StagedAsset } from "../stage.ts";
import { permissionsOfText, permissionsText } from "../codec.ts";
import { withFaults } from "./faults.ts";

const seenByMax = 8;

/** What errors call it. */
const place = "the temporary file of the plan";

/**
 * `seen` holds the numbers of users as `,1,2,`, so that one statement can tell whether a user is in it. Titles are JSON:
 * they may hold halves of surrogate pairs, which UTF-8 cannot.
 */
const tables = `
  create table requests (id integer primary key, asset text, body text not null) strict;
  create table assets (
    name text primary key, type text not null, title text not null, owner text, trashed integer not null,
    created text, updated text, seen text not null, seen_count integer not null default 1,
    permissions text, read_as text, unreadable text
  ) strict, without rowid;
`;

interface AssetRow {
  readonly name: AssetName;
  readonly type: string;
  readonly title: string;
  readonly owner: Email | null;
  readonly trashed: number;
  readonly created: string | null;
  readonly updated: string | null;
  readonly seen: string;
  readonly permissions: string | null;
  readonly readAs: Email | null;
  readonly unreadable: string | null;
}

interface RequestRow {
  readonly asset: AssetName;
  readonly body: string;
}

const columns = "name, type, title, owner, trashed, created, updated, seen, permissions, read_as as readAs, unreadable";

/**
 * Opens an empty stage. In a file that no folder lists and that is gone when the process ends, however it ends; or, for
 * small plans and simulations, in memory. Throws RunFileError (`full`).
 */
export async function openStage(options: { readonly memory?: boolean } = {}): Promise<Stage> {
  // SQLite makes a private temporary file for the empty name, and spills to it what exceeds the cache.
  const db = new Database(options.memory === true ? ":memory:" : "");
  db.pragma("journal_mode = off");
  db.pragma("synchronous = off");
  db.pragma("cache_size = -32768");
  db.exec(tables);
  // Never committed: nobody else reads this file, and it goes with the process. A commit for each asset read would write
  // its pages out each time, and take two fifths of a plan.
  db.exec("begin");
  return new SqliteStage(db);
}

class SqliteStage implements Stage {
  readonly #db: Connection;
  readonly #users = new Map<Email, number>();
  readonly #emails = new Map<number, Email>();
  readonly #insertRequest: Statement<[string | null, string]>;
  readonly #merge: Statement<[string, string, string, string | null, number, string | null, string | null, string]>;
  readonly #setPermissions: Statement<[string | null, string | null, string | null, string]>;
  readonly #one: Statement<[string], AssetRow>;
  #requestsIndexed = false;

  constructor(db: Connection) {
    this.#db = db;
    this.#insertRequest = db.prepare("insert into requests (asset, body) values (?, ?)");
    this.#setPermissions = db.prepare("update assets set permissions = ?, read_as = ?, unreadable = ? where name = ?");
    this.#one = db.prepare(`select ${columns} from assets where name = ?`);
    // The later search tells how an asset is now; what it leaves out is kept.
    this.#merge = db.prepare(`
      insert into assets (name, type, title, owner, trashed, created, updated, seen)
      values (?, ?, ?, ?, ?, ?, ?, ?)
      on conflict (name) do update set
        type = excluded.type, title = excluded.title, trashed = excluded.trashed,
        owner = coalesce(excluded.owner, owner), created = coalesce(excluded.created, created),
        updated = coalesce(excluded.updated, updated),
        seen = iif(seen_count >= ${seenByMax} or instr(seen, excluded.seen) > 0, seen, seen || substr(excluded.seen, 2)),
        seen_count = seen_count + iif(seen_count >= ${seenByMax} or instr(seen, excluded.seen) > 0, 0, 1)
    `);
  }

  async addRequests(requests: readonly Request[]): Promise<void> {
    withFaults(place, () => {
      for (const request of requests) this.#insertRequest.run(request.select.asset ?? null, JSON.stringify(request));
    });
  }

  async broadRequests(): Promise<readonly Request[]> {
    return this.#all<RequestRow>("select asset, body from requests where asset is null order by id").map(requestOf);
  }

  async addAssets(assets: readonly Asset[], seenBy: Email): Promise<void> {
    withFaults(place, () => {
      const seen = `,${this.#userId(seenBy)},`;
      for (const asset of assets) {
        const { name, assetType, owner = null, trashed, createTime = null, updateTime = null } = asset;
        const title = JSON.stringify(asset.title);
        this.#merge.run(name, assetType, title, owner, trashed ? 1 : 0, createTime, updateTime, seen);
      }
    });
  }

  async setPermissions(
    name: AssetName,
    read: { readonly permissions: Permissions; readonly readAs: Email } | { readonly unreadable: string },
  ): Promise<void> {
    const { changes } = withFaults(place, () =>
      "unreadable" in read
        ? this.#setPermissions.run(null, null, read.unreadable, name)
        : this.#setPermissions.run(permissionsText(read.permissions), read.readAs, null, name),
    );
    if (changes === 0) throw new Error(`the stage holds no asset ${name}`);
  }

  async asset(name: AssetName): Promise<AssetRecord | undefined> {
    const row = this.#one.get(name);
    return row === undefined ? undefined : this.#record(row);
  }

  async assets(after: string, max: number, onlyNamed = false): Promise<readonly StagedAsset[]> {
    this.#indexRequests();
    const named = onlyNamed ? "and exists (select 1 from requests r where r.asset = assets.name)" : "";
    const rows = this.#all<AssetRow>(
      `select ${columns} from assets where name > ? ${named} order by name limit ?`,
      after,
      max,
    );
    const requests = this.#requestsBetween(after, rows.at(-1)?.name);
    return rows.map((row) => ({ record: this.#record(row), requests: requests.get(row.name) ?? [] }));
  }

  async unresolved(
    after: string,
    max: number,
  ): Promise<readonly { readonly name: AssetName; readonly requests: readonly Request[] }[]> {
    this.#indexRequests();
    const rows = this.#all<{ name: AssetName }>(
      `select distinct asset as name from requests where asset > ?
       and not exists (select 1 from assets a where a.name = requests.asset) order by asset limit ?`,
      after,
      max,
    );
    const names = rows.map((row) => row.name);
    const requests = this.#requestsBetween(after, names.at(-1));
    return names.map((name) => ({ name, requests: requests.get(name) ?? [] }));
  }

  async owners(): Promise<readonly OwnerCount[]> {
    return this.#all<OwnerCount>(
      `select owner, sum(1 - trashed) as live, sum(trashed) as trashed from assets
       where owner is not null group by owner order by owner`,
    );
  }

  async assetCount(): Promise<number> {
    return this.#all<{ n: number }>("select count(*) as n from assets")[0]?.n ?? 0;
  }

  async close(): Promise<void> {
    this.#db.close();
  }

  #record(row: AssetRow): AssetRecord {
    return {
      asset: {
        name: row.name,
        assetType: row.type,
        title: JSON.parse(row.title) as string,
        owner: row.owner ?? undefined,
        trashed: row.trashed === 1,
        createTime: row.created ?? undefined,
        updateTime: row.updated ?? undefined,
      },
      permissions: row.permissions === null ? undefined : permissionsOfText(row.permissions),
      readAs: row.readAs ?? undefined,
      unreadable: row.unreadable ?? undefined,
      seenBy: row.seen.split(",").flatMap((id) => this.#emails.get(Number(id)) ?? []),
    };
  }

  /** Requests that name assets after `after` and up to `last`, in file order. */
  #requestsBetween(after: string, last: AssetName | undefined): ReadonlyMap<AssetName, readonly Request[]> {
    const byAsset = new Map<AssetName, Request[]>();
    if (last === undefined) return byAsset;
    const sql = "select asset, body from requests where asset > ? and asset <= ? order by asset, id";
    for (const row of this.#all<RequestRow>(sql, after, last)) {
      const requests = byAsset.get(row.asset);
      if (requests === undefined) byAsset.set(row.asset, [requestOf(row)]);
      else requests.push(requestOf(row));
    }
    return byAsset;
  }

  /** Built once the bulk is in: kept up while inserting, it would cost six times as much. */
  #indexRequests(): void {
    if (this.#requestsIndexed) return;
    withFaults(place, () => this.#db.exec("create index named on requests (asset, id) where asset is not null"));
    this.#requestsIndexed = true;
  }

  #userId(email: Email): number {
    const known = this.#users.get(email);
    if (known !== undefined) return known;
    const id = this.#users.size + 1;
    this.#users.set(email, id);
    this.#emails.set(id, email);
    return id;
  }

  #all<R>(sql: string, ...parameters: readonly (string | number)[]): R[] {
    return withFaults(place, () => this.#db.prepare<unknown[], R>(sql).all(...parameters));
  }
}

function requestOf(row: RequestRow): Request {
  return JSON.parse(row.body) as Request;
}

/** The stage over a temporary SQLite database, which the operating system forgets with the process. */
import Database from "better-sqlite3";
import type { Database as Connection, Statement } from "better-sqlite3";
import type { Asset, AssetName } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";
import type { Permissions } from "../../model/permissions.ts";
import { addressesOf, ownerNamed } from "../../model/request.ts";
import type { Action, Request } from "../../model/request.ts";
import type { AssetRecord } from "../../model/snapshot.ts";
import { seenByMax } from "../stage.ts";
import type { NamingRequests, OwnerCount, Stage, StagedAsset } from "../stage.ts";
import { jsonText } from "../../model/json-text.ts";
import { permissionsOfText, permissionsText } from "../codec.ts";
import { foundIn } from "./asset-row.ts";
import type { FoundCells } from "./asset-row.ts";
import { withFaults } from "./faults.ts";
import { RequestRows } from "./request-rows.ts";
import type { RequestCells } from "./request-rows.ts";

/** What errors call it. */
const place = "the temporary file of the plan";

/**
 * `seen` holds the numbers of users as `,1,2,`, so that one statement can tell whether a user is in it. Titles are JSON:
 * they may hold halves of surrogate pairs, which UTF-8 cannot. What searches show is put into `arrivals` and sorted into
 * `assets` before anybody reads those: each user's assets lie all over the names, and a page of the file for every one
 * of them would be read and written again for every user.
 */
const tables = `
  create table requests (
    id integer primary key, asset text, line integer, form integer, note text, body text
  ) strict;
  create table arrivals (
    id integer primary key, name text not null, type text not null, title text not null, owner text,
    trashed integer not null, created text, updated text, seen text not null
  ) strict;
  create table reads (name text primary key, permissions text, read_as text, unreadable text) strict, without rowid;
  create table assets (
    name text primary key, type text not null, title text not null, owner text, trashed integer not null,
    created text, updated text, seen text not null, seen_count integer not null default 1
  ) strict, without rowid;
`;

/** The later search tells how an asset is now; what it leaves out is kept. */
const merge = `
  insert into assets (name, type, title, owner, trashed, created, updated, seen)
  select name, type, title, owner, trashed, created, updated, seen from arrivals where true order by name, id
  on conflict (name) do update set
    type = excluded.type, title = excluded.title, trashed = excluded.trashed,
    owner = coalesce(excluded.owner, owner), created = coalesce(excluded.created, created),
    updated = coalesce(excluded.updated, updated),
    seen = iif(seen_count >= ${seenByMax} or instr(seen, excluded.seen) > 0, seen, seen || substr(excluded.seen, 2)),
    seen_count = seen_count + iif(seen_count >= ${seenByMax} or instr(seen, excluded.seen) > 0, 0, 1)
`;

/** In the order of `columns`. */
type AssetCells = [
  ...FoundCells,
  seen: string,
  permissions: string | null,
  readAs: Email | null,
  unreadable: string | null,
];

type NamingCells = [asset: AssetName, ...RequestCells];

const naming = "select asset, line, form, note, body from requests";

const columns = "a.name, type, title, owner, trashed, created, updated, seen, permissions, read_as, unreadable";
/** Two tables: each is written from its first name to its last, while rows that grow in place cost twice as much. */
const withReads = "assets a left join reads r on r.name = a.name";

/**
 * Opens an empty stage. In a file that no folder lists and that is gone when the process ends, however it ends; or, for
 * small plans and simulations, in memory. Throws RunFileError (`full`).
 */
export async function openStage(options: { readonly memory?: boolean } = {}): Promise<Stage> {
  // SQLite makes a private temporary file for the empty name, and spills to it what exceeds the cache.
  const db = new Database(options.memory === true ? ":memory:" : "");
  db.pragma("journal_mode = off");
  db.pragma("synchronous = off");
  // Written and read from end to end: with four times as much it is no quicker, and takes 12 MB more.
  db.pragma("cache_size = -4096");
  db.exec(tables);
  // Never committed: nobody else reads this file, and it goes with the process. A commit for each asset read would write
  // its pages out each time, and take two fifths of a plan.
  db.exec("begin");
  return new SqliteStage(db);
}

class SqliteStage implements Stage {
  readonly #db: Connection;
  readonly #rows = new RequestRows((request) => this.#note(request));
  readonly #users = new Map<Email, number>();
  readonly #emails = new Map<number, Email>();
  readonly #insertRequest: Statement<[string | null, ...RequestCells]>;
  readonly #arrive: Statement<[string, string, string, string | null, number, string | null, string | null, string]>;
  readonly #setPermissions: Statement<[string | null, string | null, string | null, string]>;
  readonly #one: Statement<[string], AssetCells>;
  readonly #prepared = new Map<string, Statement>();
  readonly #actions = new Set<Action>();
  readonly #addresses = new Set<Email>();
  readonly #owners = new Set<Email>();
  #requestsIndexed = false;
  #haveArrived = false;

  constructor(db: Connection) {
    this.#db = db;
    this.#insertRequest = db.prepare("insert into requests (asset, line, form, note, body) values (?, ?, ?, ?, ?)");
    this.#setPermissions = db.prepare(
      "insert or replace into reads (name, permissions, read_as, unreadable) select name, ?, ?, ? from assets where name = ?",
    );
    this.#one = db.prepare<[string], AssetCells>(`select ${columns} from ${withReads} where a.name = ?`).raw();
    this.#arrive = db.prepare(
      "insert into arrivals (name, type, title, owner, trashed, created, updated, seen) values (?, ?, ?, ?, ?, ?, ?, ?)",
    );
  }

  async addRequests(requests: readonly Request[]): Promise<void> {
    withFaults(place, () => {
      for (const request of requests) {
        const { asset } = request.select;
        if (asset === undefined) {
          this.#actions.add(request.action);
          this.#insertRequest.run(null, null, null, null, JSON.stringify(request));
          continue;
        }
        const [line, form, note, body] = this.#rows.cellsOf(request);
        this.#insertRequest.run(asset, line, form, note, body);
      }
    });
  }

  async actions(): Promise<ReadonlySet<Action>> {
    return this.#actions;
  }

  async named(): Promise<{ readonly addresses: ReadonlySet<Email>; readonly owners: ReadonlySet<Email> }> {
    return { addresses: this.#addresses, owners: this.#owners };
  }

  async broadRequests(): Promise<readonly Request[]> {
    const bodies = this.#all<[string]>("select body from requests where asset is null order by id");
    return bodies.map(([body]) => JSON.parse(body) as Request);
  }

  async addAssets(assets: readonly Asset[], seenBy: Email): Promise<void> {
    withFaults(place, () => {
      const seen = `,${this.#userId(seenBy)},`;
      for (const asset of assets) {
        const { name, assetType, owner = null, trashed, createTime = null, updateTime = null } = asset;
        const title = jsonText(asset.title);
        this.#arrive.run(name, assetType, title, owner, trashed ? 1 : 0, createTime, updateTime, seen);
      }
      this.#haveArrived ||= assets.length > 0;
    });
  }

  async setPermissions(
    name: AssetName,
    read: { readonly permissions: Permissions; readonly readAs: Email } | { readonly unreadable: string },
  ): Promise<void> {
    this.#settle();
    const { changes } = withFaults(place, () =>
      "unreadable" in read
        ? this.#setPermissions.run(null, null, read.unreadable, name)
        : this.#setPermissions.run(permissionsText(read.permissions), read.readAs, null, name),
    );
    if (changes === 0) throw new Error(`the stage holds no asset ${name}`);
  }

  async asset(name: AssetName): Promise<AssetRecord | undefined> {
    this.#settle();
    const row = this.#one.get(name);
    return row === undefined ? undefined : this.#record(row);
  }

  async assets(after: string, max: number): Promise<readonly StagedAsset[]> {
    this.#settle();
    const rows = this.#all<AssetCells>(
      `select ${columns} from ${withReads} where a.name > ? order by a.name limit ?`,
      after,
      max,
    );
    const requests = this.#requestsBetween(after, rows.at(-1)?.[0]);
    return rows.map((row) => ({ record: this.#record(row), requests: requests.get(row[0]) ?? [] }));
  }

  async unread(
    after: string,
    max: number,
  ): Promise<readonly { readonly record: AssetRecord; readonly isNamed: boolean }[]> {
    this.#settle();
    const rows = this.#all<[...AssetCells, named: number]>(
      `select ${columns}, exists (select 1 from requests q where q.asset = a.name) as named from ${withReads}
       where a.name > ? and r.name is null order by a.name limit ?`,
      after,
      max,
    );
    return rows.map((row) => ({ record: this.#record(row), isNamed: row[11] === 1 }));
  }

  async naming(after: string, last: AssetName | undefined, max: number): Promise<readonly NamingRequests[]> {
    this.#settle();
    const rows = this.#all<NamingCells>(
      `${naming} where asset > ?${last === undefined ? "" : " and asset <= ?"} order by asset, id limit ?`,
      after,
      ...(last === undefined ? [max] : [last, max]),
    );
    const end = rows.at(-1)?.[0];
    if (end === undefined || rows.length < max) return this.#byAsset(rows);
    const whole = rows.filter(([asset]) => asset !== end);
    if (whole.length > 0) return this.#byAsset(whole);
    return this.#byAsset(this.#all<NamingCells>(`${naming} where asset = ? order by id`, end));
  }

  async isNamed(name: AssetName): Promise<boolean> {
    this.#settle();
    return this.#all("select 1 from requests where asset = ? limit 1", name).length > 0;
  }

  async unresolved(after: string, max: number): Promise<readonly NamingRequests[]> {
    this.#settle();
    const rows = this.#all<[name: AssetName]>(
      `select distinct asset as name from requests where asset > ?
       and not exists (select 1 from assets a where a.name = requests.asset) order by asset limit ?`,
      after,
      max,
    );
    const names = rows.map(([name]) => name);
    const requests = this.#requestsBetween(after, names.at(-1));
    return names.map((name) => ({ name, requests: requests.get(name) ?? [] }));
  }

  async owners(): Promise<readonly OwnerCount[]> {
    this.#settle();
    return this.#all<[owner: Email, live: number, trashed: number]>(
      `select owner, sum(1 - trashed), sum(trashed) from assets
       where owner is not null group by owner order by owner`,
    ).map(([owner, live, trashed]) => ({ owner, live, trashed }));
  }

  async assetCount(): Promise<number> {
    this.#settle();
    return this.#all<[number]>("select count(*) from assets")[0]?.[0] ?? 0;
  }

  async close(): Promise<void> {
    this.#db.close();
  }

  /** Noted on the way in: to find them afterwards, every request would be read once more. */
  #note(request: Request): void {
    this.#actions.add(request.action);
    for (const address of addressesOf(request)) this.#addresses.add(address);
    const owner = ownerNamed(request);
    if (owner !== undefined) this.#owners.add(owner);
  }

  #record(row: readonly [...AssetCells, ...unknown[]]): AssetRecord {
    const permissions = row[8];
    return {
      asset: foundIn(row),
      permissions: permissions === null ? undefined : permissionsOfText(permissions),
      readAs: row[9] ?? undefined,
      unreadable: row[10] ?? undefined,
      seenBy: this.#seers(row[7]),
    };
  }

  #seers(seen: string): readonly Email[] {
    // One, mostly: the owner.
    const only = this.#emails.get(Number(seen.slice(1, -1)));
    return only === undefined ? seen.split(",").flatMap((id) => this.#emails.get(Number(id)) ?? []) : [only];
  }

  /** Requests that name assets after `after` and up to `last`, in file order. */
  #requestsBetween(after: string, last: AssetName | undefined): ReadonlyMap<AssetName, readonly Request[]> {
    if (last === undefined) return new Map();
    const sql = `${naming} where asset > ? and asset <= ? order by asset, id`;
    const found = this.#byAsset(this.#all<NamingCells>(sql, after, last));
    return new Map(found.map(({ name, requests }) => [name, requests]));
  }

  /**
   * Sorts in what has arrived. The index of requests is built once the bulk is in: kept up while inserting, it would cost
   * six times as much. It holds whole rows, so that they are read in order: to fetch each from its place in the table
   * takes five times as long.
   */
  #settle(): void {
    if (!this.#requestsIndexed) {
      withFaults(place, () =>
        this.#db.exec("create index named on requests (asset, id, line, form, note, body) where asset is not null"),
      );
      this.#requestsIndexed = true;
    }
    if (!this.#haveArrived) return;
    withFaults(place, () => this.#db.exec(`${merge}; delete from arrivals`));
    this.#haveArrived = false;
  }

  /** Of rows in order of asset. */
  #byAsset(rows: readonly NamingCells[]): readonly NamingRequests[] {
    const found: { readonly name: AssetName; readonly requests: Request[] }[] = [];
    for (const [name, line, form, note, body] of rows) {
      const request = this.#rows.requestOf(name, [line, form, note, body]);
      const last = found.at(-1);
      if (last?.name === name) last.requests.push(request);
      else found.push({ name, requests: [request] });
    }
    return found;
  }

  #userId(email: Email): number {
    const known = this.#users.get(email);
    if (known !== undefined) return known;
    const id = this.#users.size + 1;
    this.#users.set(email, id);
    this.#emails.set(id, email);
    return id;
  }

  /** Rows as arrays: with objects of this many columns, reading a page back costs half as much again. */
  #all<R>(sql: string, ...parameters: readonly (string | number)[]): R[] {
    return withFaults(place, () => {
      let statement = this.#prepared.get(sql);
      if (statement === undefined) this.#prepared.set(sql, (statement = this.#db.prepare(sql).raw()));
      return statement.all(...parameters) as R[];
    });
  }
}

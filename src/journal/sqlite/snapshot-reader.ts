/** Reads a snapshot file, page by page. */
import type { Database as Connection, Statement } from "better-sqlite3";
import type { AssetName } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";
import { inventoryQueries } from "../../model/inventory.ts";
import type {
  GroupMember,
  InventoryAsset,
  InventoryCoverage,
  InventoryQuery,
  SnapshotHeader,
  UserReading,
  UserRecord,
} from "../../model/inventory.ts";
import type { Digest } from "../../model/run.ts";
import type { Person, Principal } from "../../model/tenant.ts";
import type { KnownAsset, Listed, SnapshotReader } from "../snapshot.ts";
import { permissionsOfText } from "../codec.ts";
import { expectAllTexts, expectLists, expectTexts, objectOf } from "../shapes.ts";
import { foundColumns, foundIn, foundOf } from "./asset-row.ts";
import type { FoundCells, FoundRow } from "./asset-row.ts";
import { snapshotCoverage } from "./snapshot-coverage.ts";
import { snapshotDigest } from "./snapshot-digest.ts";
import { connectSnapshot, inWords, readState } from "./snapshot-file.ts";
import type { SnapshotState } from "./snapshot-file.ts";

interface AssetRow extends FoundRow {
  readonly permissions: string | null;
  readonly readAs: Email | null;
  readonly readAt: number | null;
  readonly carried: number;
  readonly unreadable: string | null;
}

interface UserRow {
  readonly person: string;
  readonly reading: UserReading;
  readonly reason: string | null;
}

interface PrincipalRow {
  readonly email: Email;
  readonly body: string;
}

type KnownCells = [...FoundCells, seen: string | null, permissions: string | null, unreadable: string | null];

/** Of the table `assets a`, in the order of KnownCells. */
const knownColumns = `${foundColumns}, (select group_concat(user) from sightings where asset = a.id), permissions, unreadable`;
const lookedAtMax = 1000;

const columns = `${foundColumns}, permissions, read_as as readAs, read_at as readAt, carried, unreadable`;

/** Opens a snapshot, finished or in the making. Throws RunFileError. */
export async function openSnapshot(path: string): Promise<SnapshotReader> {
  const db = connectSnapshot(path, "read");
  try {
    const state = readState(db, path);
    // What is finished never changes: one look for all reads. Locking and unlocking for each costs more than reading.
    if (state.finished !== undefined) db.exec("begin");
    db.pragma("cache_size = -16384");
    return new SqliteSnapshotReader(db, path, state);
  } catch (error) {
    db.close();
    throw error;
  }
}

export class SqliteSnapshotReader implements SnapshotReader {
  protected readonly db: Connection;
  protected readonly path: string;
  readonly #state: SnapshotState;
  readonly #prepared = new Map<string, Statement>();
  readonly #preparedCells = new Map<string, Statement>();
  #emails: ReadonlyMap<number, Email> | undefined;

  constructor(db: Connection, path: string, state: SnapshotState) {
    this.db = db;
    this.path = path;
    this.#state = state;
  }

  get header(): SnapshotHeader {
    return this.#state.header;
  }

  get finished(): { readonly at: number; readonly digest: Digest } | undefined {
    return this.#state.finished;
  }

  async coverage(): Promise<InventoryCoverage> {
    return inWords(this.path, () => snapshotCoverage(this.db));
  }

  async assets(after: string, max: number): Promise<readonly InventoryAsset[]> {
    const sql = `select ${columns} from assets where name > ? order by name limit ?`;
    return this.#reading(() => this.all<AssetRow>(sql, after, max).map(assetOf));
  }

  async pendingAssets(after: string, max: number): Promise<readonly InventoryAsset[]> {
    const sql = `select ${columns} from assets where permissions is null and unreadable is null and name > ? order by name limit ?`;
    return this.#reading(() => this.all<AssetRow>(sql, after, max).map(assetOf));
  }

  async asset(name: AssetName): Promise<InventoryAsset | undefined> {
    const sql = `select ${columns} from assets where name = ?`;
    return this.#reading(() => this.all<AssetRow>(sql, name).map(assetOf)[0]);
  }

  async permissions(name: AssetName): Promise<Pick<InventoryAsset, "permissions" | "unreadable"> | undefined> {
    const sql = "select permissions, unreadable from assets where name = ?";
    type Cells = [permissions: string | null, unreadable: string | null];
    const [row] = this.#cells<Cells>(sql, name);
    return this.#reading(() => (row === undefined ? undefined : readOf({ permissions: row[0], unreadable: row[1] })));
  }

  async assetCount(): Promise<number> {
    return this.all<{ n: number }>("select count(*) as n from assets")[0]?.n ?? 0;
  }

  async seers(name: AssetName, max: number): Promise<readonly Email[]> {
    const rows = this.all<{ email: Email }>(
      `select u.email from assets a join sightings s on s.asset = a.id join users u on u.id = s.user
       where a.name = ? order by u.email limit ?`,
      name,
      max,
    );
    return rows.map((row) => row.email);
  }

  async seenAs(user: Email, query: InventoryQuery, after: number, max: number): Promise<readonly Listed[]> {
    // In the order of the index: by name, each page would look at everything the user sees and sort it.
    const rows = this.#cells<[...FoundCells, at: number]>(
      `select ${foundColumns}, s.asset from users u cross join sightings s cross join assets a
       where u.email = ? and s.user = u.id and s.asset > ? and a.id = s.asset and type = ? and trashed = ?
       order by s.asset limit ?`,
      user,
      after,
      query.assetType,
      query.trashed ? 1 : 0,
      max,
    );
    return this.#reading(() => rows.map((row) => ({ at: row[7], asset: foundIn(row) })));
  }

  async sightings(after: string, max: number, besides?: ReadonlySet<Email>): Promise<readonly KnownAsset[]> {
    if (besides !== undefined) return this.#besides(besides, after, max);
    const sql = `select ${knownColumns} from assets a where name > ? order by name limit ?`;
    return this.#reading(() => this.#cells<KnownCells>(sql, after, max).map((row) => this.#known(row)));
  }

  /** Looks at three columns of each asset only, and takes up the whole row of those that are left: mostly none are. */
  #besides(owners: ReadonlySet<Email>, after: string, max: number): readonly KnownAsset[] {
    const found: KnownAsset[] = [];
    type Owned = [name: AssetName, owner: Email | null, unread: number];
    const whole = `select ${knownColumns} from assets a where name = ?`;
    const sql = "select name, owner, permissions is null from assets where name > ? order by name limit ?";
    for (let last = after; found.length < max;) {
      const rows = this.#cells<Owned>(sql, last, lookedAtMax);
      for (const [name, owner, unread] of rows) {
        if (unread === 0 && owner !== null && owners.has(owner)) continue;
        const [row] = this.#cells<KnownCells>(whole, name);
        if (row !== undefined) found.push(this.#reading(() => this.#known(row)));
        if (found.length === max) break;
      }
      const end = rows.at(-1)?.[0];
      if (end === undefined) break;
      last = end;
    }
    return found;
  }

  #known(row: KnownCells): KnownAsset {
    this.#emails ??= new Map(this.#cells<[id: number, email: Email]>("select id, email from users"));
    const emails = this.#emails;
    const seen = row[7] ?? "";
    const only = emails.get(Number(seen));
    const text = row[8];
    return {
      asset: foundIn(row),
      // One, mostly: the owner.
      seenBy: only === undefined ? seen.split(",").flatMap((id) => emails.get(Number(id)) ?? []) : [only],
      permissions: () => (text === null ? undefined : inWords(this.path, () => permissionsOfText(text))),
      unreadable: row[9] ?? undefined,
    };
  }

  async users(after: string, max: number): Promise<readonly UserRecord[]> {
    const sql = "select person, reading, reason from users where email > ? order by email limit ?";
    return this.#reading(() => this.all<UserRow>(sql, after, max).map(userOf));
  }

  async user(email: Email): Promise<UserRecord | undefined> {
    const sql = "select person, reading, reason from users where email = ?";
    return this.#reading(() => this.all<UserRow>(sql, email).map(userOf)[0]);
  }

  async principals(
    after: string,
    max: number,
  ): Promise<readonly { readonly email: Email; readonly principal: Principal }[]> {
    const rows = this.all<PrincipalRow>(
      "select email, body from principals where email > ? order by email limit ?",
      after,
      max,
    );
    return this.#reading(() => rows.map(({ email, body }) => ({ email, principal: principalOf(body) })));
  }

  async principal(email: Email): Promise<Principal | undefined> {
    const [row] = this.all<PrincipalRow>("select email, body from principals where email = ?", email);
    return row === undefined ? undefined : this.#reading(() => principalOf(row.body));
  }

  async groupMembers(group: Email): Promise<readonly GroupMember[] | undefined> {
    const [row] = this.all<{ members: string | null }>("select members from groups where email = ?", group);
    const members = row?.members ?? undefined;
    return members === undefined ? undefined : this.#reading(() => membersOf(members));
  }

  async contentDigest(): Promise<Digest> {
    return snapshotDigest(this.db, this.header).catch((error: unknown) =>
      this.#reading(() => {
        throw error;
      }),
    );
  }

  async close(): Promise<void> {
    this.db.close();
  }

  /** Rows as arrays, for what is asked once for every asset. */
  #cells<R>(sql: string, ...parameters: readonly (string | number)[]): R[] {
    return inWords(this.path, () => {
      let statement = this.#preparedCells.get(sql);
      if (statement === undefined) this.#preparedCells.set(sql, (statement = this.db.prepare(sql).raw()));
      return statement.all(...parameters) as R[];
    });
  }

  /** What cannot be read of a row is damage to the file. */
  #reading<T>(work: () => T): T {
    return inWords(this.path, work);
  }

  protected all<R>(sql: string, ...parameters: readonly (string | number)[]): R[] {
    return inWords(this.path, () => {
      let statement = this.#prepared.get(sql);
      if (statement === undefined) {
        statement = this.db.prepare(sql);
        this.#prepared.set(sql, statement);
      }
      return statement.all(...parameters) as R[];
    });
  }
}

/** The number under which a search is kept. */
export function queryCode(query: InventoryQuery): number {
  return inventoryQueries.findIndex(
    ({ assetType, trashed }) => assetType === query.assetType && trashed === query.trashed,
  );
}

export function queryOf(code: number): InventoryQuery {
  const query = inventoryQueries[code];
  if (query === undefined) throw new RangeError(`there is no search ${code}`);
  return query;
}

function userOf({ person, reading, reason }: UserRow): UserRecord {
  return { person: personOf(JSON.parse(person)), reading, reason: reason ?? undefined };
}

function personOf(read: unknown): Person {
  const person = objectOf(read as Person);
  expectAllTexts([person.id, person.email]);
  expectAllTexts(person.aliases);
  expectTexts(person.deletionTime, person.orgUnit);
  return person;
}

function principalOf(body: string): Principal {
  const principal = objectOf(JSON.parse(body) as Principal);
  switch (principal.kind) {
    case "user":
    case "deleted":
      return { kind: principal.kind, person: personOf(principal.person) };
    case "group":
      expectAllTexts([principal.id, principal.email]);
      return principal;
    case "serviceAccount":
    case "external":
    case "missing":
      expectAllTexts([principal.email]);
      return principal;
    default:
      throw new SyntaxError("somebody is of no known kind");
  }
}

function membersOf(text: string): readonly GroupMember[] {
  const members = JSON.parse(text) as readonly (readonly [Email | null, string])[];
  expectLists(members);
  expectLists(...members);
  return members.map(([email, type]) => {
    expectAllTexts([type]);
    expectTexts(email ?? undefined);
    return { email: email ?? undefined, type };
  });
}

function readOf({
  permissions,
  unreadable,
}: Pick<AssetRow, "permissions" | "unreadable">): Pick<InventoryAsset, "permissions" | "unreadable"> {
  return {
    permissions: permissions === null ? undefined : permissionsOfText(permissions),
    unreadable: unreadable ?? undefined,
  };
}

function assetOf(row: AssetRow): InventoryAsset {
  return {
    asset: foundOf(row),
    ...readOf(row),
    readAs: row.readAs ?? undefined,
    readAt: row.readAt ?? undefined,
    carriedOver: row.carried === 1,
    seenBy: [],
  };
}

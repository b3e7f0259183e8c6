/** How much of the tenant a snapshot covers, counted over its rows. */
import type { Database as Connection } from "better-sqlite3";
import type { Email } from "../../model/email.ts";
import { inventoryQueries } from "../../model/inventory.ts";
import type { InventoryCoverage, UserReading } from "../../model/inventory.ts";

/** Reasons why permissions could not be read that are told apart; the others are one line. */
const reasonsMax = 20;

export function snapshotCoverage(db: Connection): InventoryCoverage {
  const readings = new Map(
    db
      .prepare<[], [UserReading, number]>("select reading, count(*) from users group by reading")
      .raw()
      .all() as readonly (readonly [UserReading, number])[],
  );
  const count = (reading: UserReading): number => readings.get(reading) ?? 0;
  const usersOf = (reading: UserReading): readonly { user: Email; reason: string }[] =>
    db
      .prepare<[string], { user: Email; reason: string }>(
        "select email as user, coalesce(reason, '') as reason from users where reading = ? order by email",
      )
      .all(reading);
  const permissions = db
    .prepare<[], { assets: number; read: number; unreadable: number; carried: number; oldest: number | null }>(
      `select count(*) as assets, count(permissions) as read, count(unreadable) as unreadable,
              coalesce(sum(carried), 0) as carried, min(read_at) as oldest from assets`,
    )
    .get() ?? { assets: 0, read: 0, unreadable: 0, carried: 0, oldest: null };
  return {
    usersTotal: [...readings.values()].reduce((sum, each) => sum + each, 0),
    usersPending: count("pending"),
    usersTried: count("read") + count("failed"),
    usersRead: count("read"),
    usersFailed: usersOf("failed"),
    usersSkipped: usersOf("skipped"),
    queries: queryCounts(db),
    assetsRead: permissions.assets,
    permissionsRead: permissions.read,
    permissionsUnreadable: permissions.unreadable,
    permissionsPending: permissions.assets - permissions.read - permissions.unreadable,
    permissionsCarriedOver: permissions.carried,
    oldestReadAt: permissions.oldest ?? undefined,
    unreadable: db
      .prepare<[number], { reason: string; count: number }>(
        `select unreadable as reason, count(*) as count from assets where unreadable is not null
         group by unreadable order by count(*) desc, unreadable limit ?`,
      )
      .all(reasonsMax),
    trashedRead: true,
    groupsRead: Number(db.prepare("select count(*) from groups where members is not null").pluck().get()),
    groupsUnreadable: db
      .prepare<[], { group: Email; reason: string }>(
        `select email as "group", unreadable as reason from groups where unreadable is not null order by email`,
      )
      .all(),
  };
}

function queryCounts(db: Connection): InventoryCoverage["queries"] {
  const users = new Map(
    db.prepare("select query, count(*) from searches group by query").raw().all() as readonly (readonly [
      number,
      number,
    ])[],
  );
  const assets = db
    .prepare<[], { type: string; trashed: number; count: number }>(
      "select type, trashed, count(*) as count from assets group by type, trashed",
    )
    .all();
  return inventoryQueries.map(({ assetType, trashed }, code) => ({
    assetType,
    trashed,
    users: users.get(code) ?? 0,
    assets: assets.find((row) => row.type === assetType && (row.trashed === 1) === trashed)?.count ?? 0,
  }));
}

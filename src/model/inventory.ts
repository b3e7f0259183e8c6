/** An inventory: the snapshot of a whole tenant, and who was asked for it, who answered, and what stayed dark. */
import type { AssetType } from "./asset.ts";
import type { Domain, Email } from "./email.ts";
import type { Digest } from "./run.ts";
import type { AssetRecord, Coverage } from "./snapshot.ts";
import type { Person } from "./tenant.ts";

/** Whose assets an inventory looks for. */
export type InventoryScope =
  | { readonly kind: "everybody" }
  /** Users in an organisational unit and those below it, such as `/Sales`. */
  | { readonly kind: "org-unit"; readonly path: string }
  /** Users a file lists; `name` is the file's. */
  | { readonly kind: "listed"; readonly name: string };

/** What is settled when an inventory begins. */
export interface SnapshotHeader {
  /** A ULID. */
  readonly snapshotId: string;
  readonly toolVersion: string;
  readonly tenant: Domain;
  readonly domains: readonly Domain[];
  /** The administrator acted as for the Directory. */
  readonly admin: Email;
  readonly scope: InventoryScope;
  /** Wall time, ms. */
  readonly startedAt: number;
  /** The snapshot whose permissions were carried over where nothing says that they changed. */
  readonly refreshOf: { readonly snapshotId: string; readonly digest: Digest } | undefined;
}

/** A user is `skipped` when nobody can act as them: suspended, archived. */
export type UserReading = "pending" | "read" | "failed" | "skipped";

export interface UserRecord {
  readonly person: Person;
  readonly reading: UserReading;
  /** Why the user was not read, for people. */
  readonly reason: string | undefined;
}

/** One of the four searches made as each user: live or trashed, reports or data sources. */
export interface InventoryQuery {
  readonly assetType: AssetType;
  readonly trashed: boolean;
}

export const inventoryQueries: readonly InventoryQuery[] = [
  { assetType: "REPORT", trashed: false },
  { assetType: "DATA_SOURCE", trashed: false },
  { assetType: "REPORT", trashed: true },
  { assetType: "DATA_SOURCE", trashed: true },
];

/** An asset of an inventory. `seenBy` is left empty: ask the snapshot for it. */
export interface InventoryAsset extends AssetRecord {
  /** When the permissions were read, wall ms. */
  readonly readAt: number | undefined;
  /** Read for an earlier snapshot, and taken from there. */
  readonly carriedOver: boolean;
}

/** A member of a group, as the Directory lists it. */
export interface GroupMember {
  /** Undefined for `CUSTOMER`: everybody in the tenant. */
  readonly email: Email | undefined;
  /** `USER`, `GROUP`, `CUSTOMER`, `EXTERNAL`, or anything else (api.md 5). */
  readonly type: string;
}

/** How much of the tenant a snapshot covers; part of the data and of every view of it. */
export interface InventoryCoverage extends Coverage {
  readonly usersTotal: number;
  readonly usersPending: number;
  readonly usersSkipped: readonly { readonly user: Email; readonly reason: string }[];
  /** Each search, with how many users it was made as to its end, and how many assets of that kind are known. */
  readonly queries: readonly (InventoryQuery & { readonly users: number; readonly assets: number })[];
  /** Why permissions could not be read, most frequent first. */
  readonly unreadable: readonly { readonly reason: string; readonly count: number }[];
  /** Assets whose permissions nobody has asked for yet. */
  readonly permissionsPending: number;
  readonly permissionsCarriedOver: number;
  /** Wall ms of the oldest permissions. */
  readonly oldestReadAt: number | undefined;
  readonly groupsRead: number;
  readonly groupsUnreadable: readonly { readonly group: Email; readonly reason: string }[];
}

/** Whether nothing that could have been seen stayed dark. */
export function isWhole(coverage: InventoryCoverage): boolean {
  return (
    coverage.usersPending === 0 &&
    coverage.permissionsPending === 0 &&
    coverage.usersFailed.length === 0 &&
    coverage.permissionsUnreadable === 0 &&
    coverage.groupsUnreadable.length === 0
  );
}

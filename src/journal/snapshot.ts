/** The snapshot file: an inventory in the making, and what anybody may read of it. */
import type { Asset, AssetName } from "../model/asset.ts";
import type { Email } from "../model/email.ts";
import type {
  GroupMember,
  InventoryAsset,
  InventoryCoverage,
  InventoryQuery,
  SnapshotHeader,
  UserReading,
  UserRecord,
} from "../model/inventory.ts";
import type { Permissions } from "../model/permissions.ts";
import type { Digest } from "../model/run.ts";
import type { Person, Principal } from "../model/tenant.ts";

/** An asset that a search showed, with its place in that order. */
export interface Listed {
  readonly at: number;
  readonly asset: Asset;
}

/** An asset with everybody whose search showed it, and what was read of its permissions, made out when asked for. */
export interface KnownAsset {
  readonly asset: Asset;
  readonly seenBy: readonly Email[];
  readonly permissions: () => Permissions | undefined;
  readonly unreadable: string | undefined;
}

/** Pages are in order of name or address; an empty page ends. Throws RunFileError. */
export interface SnapshotReader {
  readonly header: SnapshotHeader;
  /** Undefined while the inventory is in the making. */
  readonly finished: { readonly at: number; readonly digest: Digest } | undefined;
  coverage(): Promise<InventoryCoverage>;
  assets(after: string, max: number): Promise<readonly InventoryAsset[]>;
  asset(name: AssetName): Promise<InventoryAsset | undefined>;
  /** Of that asset no more than what was read of its permissions. */
  permissions(name: AssetName): Promise<Pick<InventoryAsset, "permissions" | "unreadable"> | undefined>;
  assetCount(): Promise<number>;
  /** Users whose search showed the asset, in order of address. */
  seers(name: AssetName, max: number): Promise<readonly Email[]>;
  /** Assets that a search as the user showed, in the order in which they were found: those that follow `after`, 0 at first. */
  seenAs(user: Email, query: InventoryQuery, after: number, max: number): Promise<readonly Listed[]>;
  /** Assets with name > `after`. `besides` leaves out those that have been read and belong to one of these owners. */
  sightings(after: string, max: number, besides?: ReadonlySet<Email>): Promise<readonly KnownAsset[]>;
  users(after: string, max: number): Promise<readonly UserRecord[]>;
  user(email: Email): Promise<UserRecord | undefined>;
  principals(after: string, max: number): Promise<readonly { readonly email: Email; readonly principal: Principal }[]>;
  principal(email: Email): Promise<Principal | undefined>;
  /** Direct members; undefined when the group was not read. */
  groupMembers(group: Email): Promise<readonly GroupMember[] | undefined>;
  /** Over what the file holds now: every asset, user, principal and group, and neither times nor who read what. */
  contentDigest(): Promise<Digest>;
  close(): Promise<void>;
}

/** The one process that takes the inventory. Each method is a transaction; what has resolved outlives a kill. */
export interface SnapshotStore extends SnapshotReader {
  /** Users who cannot be acted as are `skipped` with a reason from the start. */
  addUsers(users: readonly { readonly person: Person; readonly skipped: string | undefined }[]): Promise<void>;
  /** Whether the users were listed to the end, and saying so. */
  usersListed(): Promise<boolean>;
  markUsersListed(): Promise<void>;
  pendingUsers(): Promise<readonly Email[]>;
  /** The searches made as the user to their end. */
  queriesDone(user: Email): Promise<readonly InventoryQuery[]>;
  /** One page of a search; repeated assets are merged. `isLast` ends the search. */
  addPage(user: Email, query: InventoryQuery, assets: readonly Asset[], isLast: boolean): Promise<void>;
  endUser(user: Email, reading: Exclude<UserReading, "pending">, reason: string | undefined): Promise<void>;
  /** Assets whose permissions were neither read nor found unreadable. */
  pendingAssets(after: string, max: number): Promise<readonly InventoryAsset[]>;
  setPermissions(
    name: AssetName,
    read:
      | {
          readonly permissions: Permissions;
          readonly readAs: Email;
          readonly at: number;
          readonly carriedOver: boolean;
        }
      | { readonly unreadable: string },
  ): Promise<void>;
  addPrincipal(email: Email, principal: Principal): Promise<void>;
  setGroup(
    group: Email,
    read: { readonly members: readonly GroupMember[] } | { readonly unreadable: string },
  ): Promise<void>;
  groupsKnown(): Promise<ReadonlySet<Email>>;
  /** Seals the snapshot: nothing can be added to it any more. */
  finish(at: number): Promise<Digest>;
}

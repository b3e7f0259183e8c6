/** The stage: where a plan in the making keeps its requests and the snapshot it reads, off the heap. */
import type { Asset, AssetName } from "../model/asset.ts";
import type { Email } from "../model/email.ts";
import type { Permissions } from "../model/permissions.ts";
import type { Action, Request } from "../model/request.ts";
import type { AssetRecord } from "../model/snapshot.ts";

/** An asset of the snapshot with the requests that name it by id, in file order. */
export interface StagedAsset {
  readonly record: AssetRecord;
  readonly requests: readonly Request[];
}

/** The requests that name one asset by id, in file order. */
export interface NamingRequests {
  readonly name: AssetName;
  readonly requests: readonly Request[];
}

export interface OwnerCount {
  readonly owner: Email;
  readonly live: number;
  readonly trashed: number;
}

/** Users kept of those whose searches showed an asset. */
export const seenByMax = 8;

/** Temporary; gone when closed. Pages are in order of asset name; an empty page ends. */
export interface Stage {
  addRequests(requests: readonly Request[]): Promise<void>;
  /** What requests there are ask for. */
  actions(): Promise<ReadonlySet<Action>>;
  /** Everybody whom requests with an asset id name, and whose asset they say that it is. */
  named(): Promise<{ readonly addresses: ReadonlySet<Email>; readonly owners: ReadonlySet<Email> }>;
  /** Requests without an asset id, in file order. */
  broadRequests(): Promise<readonly Request[]>;
  /**
   * Requests that name an asset after `after` and up to `last`, or to the end; some `max` of them, and never a part of
   * those for one asset. In order of name; an empty page ends.
   */
  naming(after: string, last: AssetName | undefined, max: number): Promise<readonly NamingRequests[]>;
  isNamed(name: AssetName): Promise<boolean>;
  /** Assets a search showed to `seenBy`; repeated ones are merged, keeping the first `seenByMax` users who see each. */
  addAssets(assets: readonly Asset[], seenBy: Email): Promise<void>;
  setPermissions(
    name: AssetName,
    read: { readonly permissions: Permissions; readonly readAs: Email } | { readonly unreadable: string },
  ): Promise<void>;
  asset(name: AssetName): Promise<AssetRecord | undefined>;
  /** Snapshot assets with name > `after`, each with the requests that name it. */
  assets(after: string, max: number): Promise<readonly StagedAsset[]>;
  /** Those whose permissions were neither read nor found unreadable, and whether any request names them. */
  unread(after: string, max: number): Promise<readonly { readonly record: AssetRecord; readonly isNamed: boolean }[]>;
  /** Requests that name an asset the snapshot does not hold, by asset name > `after`. */
  unresolved(after: string, max: number): Promise<readonly NamingRequests[]>;
  /** Owners of snapshot assets with how many each has; assets without an owner are not counted. */
  owners(): Promise<readonly OwnerCount[]>;
  assetCount(): Promise<number>;
  close(): Promise<void>;
}

/** A snapshot: what the API said when it was read, and how much of the tenant that covers. */
import type { Asset } from "./asset.ts";
import type { Email } from "./email.ts";
import type { Permissions } from "./permissions.ts";

/** One asset as read. */
export interface AssetRecord {
  readonly asset: Asset;
  /** Undefined until read, or when nobody who sees the asset may read them. */
  readonly permissions: Permissions | undefined;
  /** The user the permissions were read as. */
  readonly readAs: Email | undefined;
  /** Why the permissions could not be read, for people. */
  readonly unreadable: string | undefined;
  /** Users whose search showed the asset, the first few; a non-owner in it is a candidate to act as. */
  readonly seenBy: readonly Email[];
}

/** Users whose assets were searched for, and how that went. */
export interface Coverage {
  readonly usersTried: number;
  readonly usersRead: number;
  readonly usersFailed: readonly { readonly user: Email; readonly reason: string }[];
  readonly assetsRead: number;
  readonly permissionsRead: number;
  readonly permissionsUnreadable: number;
  /** Whether trashed assets were searched for as well. */
  readonly trashedRead: boolean;
}

/** Who can get in from outside, counted over the assets whose permissions were read. */
export interface Exposure {
  readonly publicLinks: number;
  readonly wholeDomainLinks: number;
  /** Assets with an EDITOR outside the tenant. */
  readonly externalEditors: number;
  readonly externalViewers: number;
}

export const noExposure: Exposure = { publicLinks: 0, wholeDomainLinks: 0, externalEditors: 0, externalViewers: 0 };

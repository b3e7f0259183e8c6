/** Google as the engine sees it: three services, each call made as one user. */
import type { Asset, AssetType } from "./asset.ts";
import type { AssetName } from "./asset.ts";
import type { Domain, Email } from "./email.ts";
import type { GroupMember } from "./inventory.ts";
import type { Permissions } from "./permissions.ts";
import type { Person } from "./tenant.ts";

export interface AssetQuery {
  readonly assetType: AssetType;
  readonly owner?: Email | undefined;
  /** True asks for trashed assets only (api.md 0.4); answers are filtered on `trashed` either way. */
  readonly trashed: boolean;
}

/** An asset with those whose searches show it. */
export interface Sighting {
  readonly asset: Asset;
  readonly seenBy: readonly Email[];
  /** What reading its permissions answers whoever may; they are made only when asked for. Throws ApiError. */
  readonly permissions: () => Permissions;
}

/**
 * The Data Studio API (api.md 1). Every method throws `ApiError`. Reads are repeated inside until they succeed, are
 * refused, or the attempts are used up; `patchPermissions` is exactly one request.
 */
export interface DataStudioApi {
  /** One page; `nextPageToken` undefined at the end. */
  search(
    actor: Email,
    query: AssetQuery,
    pageToken?: string,
  ): Promise<{ readonly assets: readonly Asset[]; readonly nextPageToken: string | undefined }>;
  /**
   * What searches for everything show, made as each of `users`, whose order counts; without the trash unless `trashed`.
   * Only where one look shows all of it, as in a snapshot, and always the same. None of the users may be one who cannot
   * be searched as. In order of name; `besides` leaves out the assets of these owners that have been read.
   */
  readonly searchAsEach?: (
    users: readonly Email[],
    trashed: boolean,
    besides?: ReadonlySet<Email>,
  ) => AsyncIterable<readonly Sighting[]>;
  getPermissions(actor: Email, name: AssetName): Promise<Permissions>;
  /**
   * Replaces the roles, guarded by `permissions.etag`; answers what the server holds afterwards. `beforeSend` is waited
   * for when the request's turn has come, right before it leaves; what it throws is thrown on, and nothing is sent.
   */
  patchPermissions(
    actor: Email,
    name: AssetName,
    permissions: Permissions,
    beforeSend: () => Promise<void>,
  ): Promise<Permissions>;
}

/** The Admin SDK Directory API (api.md 5), called as an administrator. Reads only. */
export interface DirectoryApi {
  /** Every domain and domain alias; `primary` names the tenant. */
  domains(): Promise<{ readonly primary: Domain; readonly all: readonly Domain[] }>;
  /** By primary address, alias or id; undefined when there is no such user. */
  user(key: string): Promise<Person | undefined>;
  group(key: string): Promise<{ readonly id: string; readonly email: Email } | undefined>;
  /** Users deleted in the last 20 days. */
  deletedUsers(): Promise<readonly Person[]>;
  /** One page of the tenant's users; of those in an organisational unit (`/Sales`) and below it, when one is given. */
  users(
    pageToken?: string,
    orgUnit?: string,
  ): Promise<{ readonly people: readonly Person[]; readonly nextPageToken: string | undefined }>;
  /** One page of a group's direct members. */
  groupMembers(
    group: Email,
    pageToken?: string,
  ): Promise<{ readonly members: readonly GroupMember[]; readonly nextPageToken: string | undefined }>;
}

/** A Data Transfer job (api.md 3.1). Status values are open strings. */
export interface TransferJob {
  readonly id: string;
  readonly oldOwnerUserId: string;
  readonly newOwnerUserId: string;
  /** `inProgress`, `completed`, `failed`, or anything else. */
  readonly status: string;
  readonly applicationIds: readonly string[];
  /** RFC 3339. */
  readonly requestTime: string | undefined;
}

/** The Admin SDK Data Transfer API, called as an administrator. `insert` is exactly one request. */
export interface DataTransferApi {
  /** Whether the tenant offers transfers for Data Studio (by application id, never by name). */
  offersDataStudio(): Promise<boolean>;
  /** `beforeSend` as with `patchPermissions`. */
  insert(oldOwnerUserId: string, newOwnerUserId: string, beforeSend: () => Promise<void>): Promise<TransferJob>;
  get(id: string): Promise<TransferJob | undefined>;
  /** Jobs of one old owner, newest first as far as the server says. */
  list(oldOwnerUserId: string): Promise<readonly TransferJob[]>;
}

export interface Api {
  readonly dataStudio: DataStudioApi;
  readonly directory: DirectoryApi;
  readonly dataTransfer: DataTransferApi;
  /** Whether a token can be had for `actor`; throws `ApiError` (`halt-actor`, `halt-run`) if not. */
  authenticate(actor: Email): Promise<void>;
  /** Drops sockets and tokens. */
  close(): Promise<void>;
}

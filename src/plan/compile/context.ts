/** What the compiler knows while it works: the tenant, who is who, the rows, and what has been decided so far. */
import type { AssetType } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";
import type { Member } from "../../model/member.ts";
import type { Role } from "../../model/permissions.ts";
import type {
  CloseLinkRequest,
  GrantRequest,
  ProtectRule,
  ReplaceMemberRequest,
  RevokeRequest,
  SetLinkRequest,
  SetRoleRequest,
  TransferRequest,
} from "../../model/request.ts";
import type { Person, Principal, Tenant } from "../../model/tenant.ts";

export interface CompileContext {
  readonly tenant: Tenant;
  readonly admin: Email;
  readonly protections: readonly Protection[];
  /** What the Directory says of every address the rows and permissions name; undefined when it was not asked. */
  readonly principal: (email: Email) => Principal | undefined;
  /** Whether a token could be had for the user; users nobody tried count as reachable. */
  readonly reachable: (email: Email) => boolean;
}

/** A test of a title; undefined where every title will do. */
export type TitleTest = ((title: string) => boolean) | undefined;

/** A rule of `protect:` ready to be asked: its owner by primary address, its title as a test. */
export interface Protection {
  readonly rule: ProtectRule;
  readonly owner: Email | undefined;
  readonly title: TitleTest;
  /** The address of its member, by primary address. */
  readonly member?: Email | undefined;
}

/** A request whose addresses stand for somebody: aliases rewritten, bare members told apart, refused ones gone. */
export type Resolved = { readonly title: TitleTest } & ResolvedAction;

/** What a resolved request does; `forms` is every way a member may stand in a permission. */
export type ResolvedAction =
  | {
      readonly action: "transfer";
      readonly request: TransferRequest;
      readonly owner: Email;
      readonly from: Person;
      readonly to: Person;
    }
  | {
      readonly action: "grant";
      readonly request: GrantRequest;
      readonly owner: Email | undefined;
      readonly member: Member;
    }
  | {
      readonly action: "revoke";
      readonly request: RevokeRequest;
      readonly owner: Email | undefined;
      readonly forms: readonly Member[];
    }
  | {
      readonly action: "set-role";
      readonly request: SetRoleRequest;
      readonly owner: Email | undefined;
      readonly member: Member;
      readonly forms: readonly Member[];
    }
  | {
      readonly action: "replace-member";
      readonly request: ReplaceMemberRequest;
      readonly owner: Email | undefined;
      readonly forms: readonly Member[];
      readonly member: Member;
      readonly roles: readonly Role[];
    }
  | { readonly action: "set-link"; readonly request: SetLinkRequest; readonly owner: Email | undefined }
  | { readonly action: "close-link"; readonly request: CloseLinkRequest; readonly owner: Email | undefined };

/** A whole-user transfer that has been decided on. */
export interface PlannedTransfer {
  readonly from: Person;
  readonly to: Person;
  readonly requests: readonly TransferRequest[];
  /** Assets of `from` by search at plan time. */
  readonly live: number;
  readonly trashed: number;
  readonly liveDataSources: number;
  /** Live or trashed assets that go along although no row names them. */
  readonly unnamed: number;
  /** False when `from` could not be searched as: there may be more assets than counted. */
  readonly complete: boolean;
}

/** Whether a selector that names types means all there are. */
export function namesEveryType(types: readonly AssetType[]): boolean {
  return types.includes("REPORT") && types.includes("DATA_SOURCE");
}

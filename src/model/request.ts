/** Requests: one wish each, as plan files express them, whichever format they came from. */
import type { AssetName, AssetType } from "./asset.ts";
import type { Place } from "./diagnostic.ts";
import type { Domain, Email } from "./email.ts";
import { memberEmail } from "./member.ts";
import type { Member } from "./member.ts";
import type { Role } from "./permissions.ts";

/** Who sees an asset beyond named people of the tenant; a selector of YAML moves. */
export type Audience = "public" | "external" | "domain";

/** Which assets a request is about. Conditions are combined with "and"; none means every asset in reach. */
export interface Selector {
  readonly asset?: AssetName | undefined;
  readonly owner?: Email | undefined;
  /** A glob over the whole title: `*` any run of characters, `?` one; case counts. */
  readonly title?: string | undefined;
  readonly types: readonly AssetType[];
  readonly audience?: Audience | undefined;
}

/** What the old owner keeps once ownership has moved. */
export type Keep = "editor" | "viewer" | "none";

/** Whether assets in the trash are within reach of selectors. */
export type Trashed = "exclude" | "include";

interface Common {
  /** The row or move this came from. */
  readonly place: Place;
  readonly select: Selector;
  readonly trashed: Trashed;
  readonly note?: string | undefined;
}

/** A member as written: `bare` addresses are users until the Directory says otherwise. */
export interface WrittenMember {
  readonly member: Member;
  readonly bare: boolean;
}

export interface TransferRequest extends Common {
  readonly action: "transfer";
  readonly from: Email;
  readonly to: Email;
  readonly keep: Keep;
  /** `attempt`: also try to write the new OWNER (experimental, api.md 0.2). */
  readonly ownerChange: "compile" | "attempt";
}
export interface GrantRequest extends Common {
  readonly action: "grant";
  readonly member: WrittenMember;
  readonly role: Role;
}
export interface RevokeRequest extends Common {
  readonly action: "revoke";
  readonly member: WrittenMember;
  /** Undefined: in every role held, except OWNER. */
  readonly role: Role | undefined;
}
/** The member ends up in exactly this one of EDITOR and VIEWER. */
export interface SetRoleRequest extends Common {
  readonly action: "set-role";
  readonly member: WrittenMember;
  readonly role: Role;
}
/** `to` takes the place of `from` in each of `roles` that `from` holds. */
export interface ReplaceMemberRequest extends Common {
  readonly action: "replace-member";
  readonly from: WrittenMember;
  readonly to: WrittenMember;
  readonly roles: readonly Role[];
}
/** Link sharing becomes exactly this role for this audience. */
export interface SetLinkRequest extends Common {
  readonly action: "set-link";
  readonly role: Role;
  readonly member: Member;
}
export interface CloseLinkRequest extends Common {
  readonly action: "close-link";
}

export type Request =
  | TransferRequest
  | GrantRequest
  | RevokeRequest
  | SetRoleRequest
  | ReplaceMemberRequest
  | SetLinkRequest
  | CloseLinkRequest;

export type Action = Request["action"];

/** Every address a request names, for looking up beforehand. */
export function addressesOf(request: Request): readonly Email[] {
  const found: (Email | undefined)[] = [request.select.owner];
  switch (request.action) {
    case "transfer":
      found.push(request.from, request.to);
      break;
    case "grant":
    case "revoke":
    case "set-role":
      found.push(memberEmail(request.member.member));
      break;
    case "replace-member":
      found.push(memberEmail(request.from.member), memberEmail(request.to.member));
      break;
    case "set-link":
    case "close-link":
      break;
  }
  return found.filter((email) => email !== undefined);
}

/** Whose assets the request says it is about. */
export function ownerNamed(request: Request): Email | undefined {
  return request.action === "transfer" ? request.from : request.select.owner;
}

/**
 * A rule of `protect:`: assets that match every given condition are not touched. With a member, on those assets (or on
 * all) only the roles of that member are not.
 */
export interface ProtectRule {
  /** Such as `protect[0]`, with the place where it stands. */
  readonly id: string;
  readonly place: Place;
  readonly owner?: Email | undefined;
  readonly title?: string | undefined;
  readonly asset?: AssetName | undefined;
  readonly member?: Member | undefined;
}

/** Ceilings a plan must stay under; undefined means no ceiling. */
export interface Limits {
  /** Pairs added and removed, plus one per asset whose owner changes. */
  readonly changes?: number | undefined;
  /** Share of the assets read that a plan may touch, in percent. */
  readonly percentOfAssets?: number | undefined;
  /** Changes to the assets of any one owner. */
  readonly perOwner?: number | undefined;
  /** Pairs that newly let someone outside the tenant in. */
  readonly newExternal?: number | undefined;
  /** Pairs that newly open an asset to anyone with the link. */
  readonly newPublic?: number | undefined;
  /** Failed steps after which a run stops. */
  readonly failures?: number | undefined;
}

export type LimitName = keyof Limits;

/** Where each limit was set: `moves.yaml:4:12`, `handover.yaml:7:3`, `--max-changes`. */
export type LimitPlaces = { readonly [name in LimitName]?: string | undefined };

/** What a plan file says beside its rows; the merge over several files is the strictest of each. */
export interface PlanSettings {
  /** Primary domain the file is meant for. */
  readonly tenant: Domain | undefined;
  readonly protect: readonly ProtectRule[];
  readonly limits: Limits;
  readonly limitsFrom?: LimitPlaces | undefined;
}

/** Rights: what a caller may do with an asset, from direct roles, groups, domains and link sharing. */
import { EDITOR, LINK_EDITOR, LINK_VIEWER, OWNER } from "../model/permissions.ts";
import type { RoleMap } from "../model/permissions.ts";
import type { PersonRecord } from "./directory-state.ts";
import type { StoredAsset, TenantState } from "./state.ts";

/** Ordered: each level can do what the ones before it can. `link` is access by link sharing only. */
export type AccessLevel = "none" | "link" | "viewer" | "editor" | "owner";

/** Who calls: a person of the organisation, or a service account acting as itself. */
export type Caller =
  | { readonly kind: "person"; readonly person: PersonRecord; readonly email: string }
  | { readonly kind: "serviceAccount"; readonly email: string };

const noPrincipals: ReadonlySet<string> = new Set();

function principalsOf(state: TenantState, caller: Caller): ReadonlySet<string> {
  if (caller.kind === "person") return state.directory.principals(caller.person);
  return caller.email === "" ? noPrincipals : new Set([`serviceAccount:${caller.email}`.toLowerCase()]);
}

/** The strongest access `caller` has under `roles`. A role that is not known counts as a viewer's. */
export function accessLevel(state: TenantState, roles: RoleMap, caller: Caller): AccessLevel {
  const principals = principalsOf(state, caller);
  let editor = false;
  let viewer = false;
  let link = false;
  for (const [role, members] of roles) {
    if (role === LINK_EDITOR || role === LINK_VIEWER) {
      link ||= members.some((member) => member === "allUsers" || principals.has(member.toLowerCase()));
      continue;
    }
    if (!members.some((member) => principals.has(member.toLowerCase()))) continue;
    if (role === OWNER) return "owner";
    if (role === EDITOR) editor = true;
    else viewer = true;
  }
  if (editor) return "editor";
  if (viewer) return "viewer";
  return link ? "link" : "none";
}

/** Owners may read and write permissions, editors too unless the owner has switched that off (api.md 1.4). */
export function mayManage(state: TenantState, asset: StoredAsset, roles: RoleMap, caller: Caller): boolean {
  const level = accessLevel(state, roles, caller);
  return level === "owner" || (level === "editor" && asset.editorsMayShare);
}

/** Assets whose policy names the caller directly, through a group or through a domain, in any role. */
export function candidates(state: TenantState, caller: Caller): ReadonlySet<StoredAsset> {
  const found = new Set<StoredAsset>();
  for (const principal of principalsOf(state, caller)) {
    for (const asset of state.withMember(principal)) found.add(asset);
  }
  return found;
}

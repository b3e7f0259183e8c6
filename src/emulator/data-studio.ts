/** The Data Studio API: permissions, trash and purge of one asset, with its rights and refusals (api.md 1.1, 1.4). */
import { memberDomain, memberEmail, memberKind, userMember } from "../model/member.ts";
import type { Member } from "../model/member.ts";
import { emailOrUndefined } from "../model/email.ts";
import { OWNER } from "../model/permissions.ts";
import type { Role, RoleMap } from "../model/permissions.ts";
import { accessLevel, mayManage } from "./access.ts";
import { memberList, object, readBody, rolesOf, sentEtag, textOf } from "./body.ts";
import { causeOf, param } from "./call.ts";
import type { Call } from "./call.ts";
import type { MemberFacts } from "./policy.ts";
import { patchedRoles, rolesWithAdded, rolesWithout, sameRoles } from "./policy.ts";
import { failedPrecondition, invalidArgument, notFound, permissionDenied, Refusal } from "./refusal.ts";
import { assetJson } from "./search.ts";
import { etagText } from "./state.ts";
import type { StoredAsset, TenantState } from "./state.ts";

/** assets.get. */
export function getAsset(call: Call): object {
  if (call.switches.assetsGet === "404") throw notFound();
  const asset = visibleAsset(call, param(call, 0));
  return assetJson(asset, asset, call);
}

/** assets.getPermissions. */
export function getPermissions(call: Call): object {
  const asset = manageableAsset(call, param(call, 0));
  if (asset.trashed && call.switches.readTrashed === "404") throw notFound();
  return permissionsJson(shownRoles(call, asset), asset);
}

/** assets.updatePermissions: replaces the role map, guarded by the etag when one is sent. */
export function updatePermissions(call: Call): object {
  const body = readBody(call.body, ["name", "permissions", "updateMask"]);
  if (body["permissions"] === undefined) throw invalidArgument();
  const outer = object(body["permissions"], "permissions", ["permissions", "etag"]);
  const sent = rolesOf(outer["permissions"]);
  const etag = sentEtag(outer["etag"]);
  const asset = writableAsset(call);
  checkEtag(call, asset, etag);
  const held = shownRoles(call, asset);
  const mayOwn = accessLevel(call.state, asset.roles, call.caller) === "owner";
  const next = patchedRoles(held, sent, mayOwn, call.switches, memberFacts(call.state));
  return write(call, asset, held, next);
}

/** assets.permissions.addMembers: takes no etag. */
export function addMembers(call: Call): object {
  const body = readBody(call.body, ["name", "role", "members"]);
  const role: Role = textOf(body["role"], "role");
  const members = memberList(body["members"], "members");
  const asset = writableAsset(call);
  const held = shownRoles(call, asset);
  return write(call, asset, held, rolesWithAdded(held, role, members, call.switches, memberFacts(call.state)));
}

/** assets.permissions.revokeAllPermissions: 200 for every well-formed request; owners and the caller stay. */
export function revokeAllPermissions(call: Call): object {
  const body = readBody(call.body, ["name", "members"]);
  const members = memberList(body["members"], "members");
  const asset = writableAsset(call);
  const held = shownRoles(call, asset);
  const { caller } = call;
  const own = caller.kind === "person" ? call.state.directory.addresses(caller.person) : [caller.email];
  const self = new Set(own.map((address) => `${caller.kind === "person" ? "user" : "serviceaccount"}:${address}`));
  return write(call, asset, held, rolesWithout(held, members, self, call.switches));
}

/** assets.delete: puts the asset in the trash. */
export function trashAsset(call: Call): object {
  return changeTrash(call, true);
}

/** assets.undelete: takes it out again. */
export function undeleteAsset(call: Call): object {
  return changeTrash(call, false);
}

/** assets.purge: a dry run unless `force`; one asset, named by the filter. */
export function purgeAssets(call: Call): object {
  const body = readBody(call.body, ["filter", "force"]);
  const name = /^\s*name\s*=\s*"assets\/([^"/]+)"\s*$/.exec(textOf(body["filter"], "filter"))?.[1];
  if (name === undefined) throw invalidArgument();
  const asset = visibleAsset(call, name);
  checkTrashRights(call, asset);
  if (!asset.trashed && call.switches.purgeLive === "400") throw failedPrecondition();
  if (body["force"] === true) call.state.remove(asset, causeOf(call));
  const types = "type.googleapis.com/google.analytics.datastudio.v1";
  return {
    name: `operations/purge-${asset.name}`,
    metadata: { "@type": `${types}.PurgeAssetsMetadata` },
    done: true,
    response: { "@type": `${types}.PurgeAssetsResponse`, purgeCount: 1, purgeSample: [`assets/${asset.name}`] },
  };
}

function changeTrash(call: Call, trashed: boolean): object {
  const asset = visibleAsset(call, param(call, 0));
  checkTrashRights(call, asset);
  if (asset.trashed !== trashed) call.state.setTrashed(asset, trashed, causeOf(call));
  else if (call.switches.trashAgain === "400") throw failedPrecondition();
  return assetJson(asset, asset, call);
}

function checkTrashRights(call: Call, asset: StoredAsset): void {
  const level = accessLevel(call.state, asset.roles, call.caller);
  const enough = level === "owner" || (level === "editor" && call.switches.deleteRights === "editor");
  if (!enough) throw permissionDenied();
}

function visibleAsset(call: Call, name: string): StoredAsset {
  const asset = call.state.assets.get(name);
  if (asset === undefined) throw notFound();
  if (accessLevel(call.state, asset.roles, call.caller) === "none") {
    throw call.switches.noAccess === "404" ? notFound() : permissionDenied();
  }
  return asset;
}

function manageableAsset(call: Call, name: string): StoredAsset {
  const asset = visibleAsset(call, name);
  if (!mayManage(call.state, asset, asset.roles, call.caller)) throw permissionDenied();
  return asset;
}

function writableAsset(call: Call): StoredAsset {
  const asset = manageableAsset(call, param(call, 0));
  if (asset.trashed && call.switches.patchTrashed === "404") throw notFound();
  if (asset.trashed && call.switches.patchTrashed === "400") throw failedPrecondition();
  return asset;
}

function checkEtag(call: Call, asset: StoredAsset, sent: string | undefined): void {
  if (sent === undefined || sent === etagText(asset.etagMicros).replace(/=+$/, "")) return;
  const message =
    "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.";
  switch (call.switches.etagMismatch) {
    case "409_ABORTED":
      throw new Refusal({ code: 409, status: "ABORTED", message });
    case "412":
      throw new Refusal({ code: 412, status: "FAILED_PRECONDITION", message });
    case "400_FAILED_PRECONDITION":
      throw failedPrecondition(message);
    case "ignore":
      return;
  }
}

function write(call: Call, asset: StoredAsset, held: RoleMap, next: RoleMap): object {
  if (call.switches.noopWriteMovesEtag === "false" && sameRoles(held, next)) return permissionsJson(held, asset);
  call.state.setRoles(asset, storedRoles(asset, held, next), causeOf(call));
  return permissionsJson(shownRoles(call, asset), asset);
}

/** The roles to store: an owner that is merely shown differently stays as it is held. */
function storedRoles(asset: StoredAsset, held: RoleMap, next: RoleMap): RoleMap {
  const owner = asset.roles.get(OWNER);
  const untouched = sameRoles(onlyOwner(held), onlyOwner(next));
  if (owner === undefined || !untouched || held.get(OWNER) === owner) return next;
  const stored = new Map<Role, readonly Member[]>([[OWNER, owner]]);
  for (const [role, members] of next) if (role !== OWNER) stored.set(role, members);
  return stored;
}

function onlyOwner(roles: RoleMap): RoleMap {
  return new Map([...roles].filter(([role]) => role === OWNER));
}

/** The roles as the API shows them: the owner of an orphaned asset depends on `orphanOwner`. */
function shownRoles(call: Call, asset: StoredAsset): RoleMap {
  if (call.switches.orphanOwner === "keep") return asset.roles;
  const owner = asset.roles.get(OWNER)?.[0];
  const email = owner === undefined ? undefined : memberEmail(owner);
  const deleted = email === undefined ? undefined : call.state.directory.deletedPerson(email);
  if (owner === undefined || deleted === undefined) return asset.roles;
  const shown = new Map(asset.roles);
  if (call.switches.orphanOwner === "empty") shown.delete(OWNER);
  else shown.set(OWNER, [`deleted:${owner}?uid=${deleted.id}` as Member]);
  return shown;
}

function permissionsJson(roles: RoleMap, asset: StoredAsset): object {
  const shown: Record<string, { readonly members: readonly Member[] }> = Object.create(null) as Record<
    string,
    { readonly members: readonly Member[] }
  >;
  for (const [role, members] of roles) if (members.length > 0) shown[role] = { members };
  return { permissions: shown, etag: etagText(asset.etagMicros) };
}

/** What policies may ask about members of this organisation. */
function memberFacts(state: TenantState): MemberFacts {
  const { directory } = state;
  return {
    isOutside: (member) => {
      const domain = memberDomain(member);
      return domain !== undefined && memberKind(member) !== "serviceAccount" && !directory.isOwnDomain(domain);
    },
    exists: (member) => {
      const domain = memberDomain(member);
      if (domain === undefined || memberKind(member) === "serviceAccount") return true;
      if (!directory.isOwnDomain(domain)) return memberKind(member) !== "domain";
      const email = memberEmail(member);
      if (email === undefined) return true;
      return memberKind(member) === "group"
        ? directory.group(email) !== undefined
        : directory.person(email) !== undefined;
    },
    resolved: (member) => {
      const email = memberKind(member) === "user" ? memberEmail(member) : undefined;
      const primary = email === undefined ? undefined : emailOrUndefined(directory.person(email)?.email);
      return primary === undefined ? member : userMember(primary);
    },
  };
}

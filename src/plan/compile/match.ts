/** Which requests are about an asset: those that name it, and those whose selector it meets. */
import type { Asset } from "../../model/asset.ts";
import { allUsers, memberEmail, memberKind } from "../../model/member.ts";
import type { Member } from "../../model/member.ts";
import { linkRoles } from "../../model/permissions.ts";
import type { Delta, Permissions } from "../../model/permissions.ts";
import type { Audience, ProtectRule } from "../../model/request.ts";
import { isExternal } from "../../model/tenant.ts";
import type { Tenant } from "../../model/tenant.ts";
import type { Protection, Resolved } from "./context.ts";

/**
 * Whether the parts of a selector that search answers decide hold, in a request without an asset id: owner, title, type,
 * trash. The audience is not looked at, because it needs the permissions.
 */
export function mayConcern({ request, owner, title }: Resolved, asset: Asset): boolean {
  const { select } = request;
  if (asset.trashed && request.trashed === "exclude") return false;
  if (owner !== undefined && asset.owner !== owner) return false;
  if (!select.types.some((type) => type === asset.assetType)) return false;
  return title === undefined || title(asset.title);
}

/**
 * Whether a request without an asset id is about this asset. Where that depends on permissions nobody could read, it is
 * not: the coverage says how many assets that leaves open.
 */
export function concerns(
  tenant: Tenant,
  resolved: Resolved,
  asset: Asset,
  permissions: Permissions | undefined,
): boolean {
  if (!mayConcern(resolved, asset)) return false;
  const { audience } = resolved.request.select;
  if (audience !== undefined && (permissions === undefined || !isSeenBy(tenant, audience, permissions))) return false;
  if (resolved.action !== "replace-member") return true;
  if (permissions === undefined) return false;
  return resolved.roles.some((role) => permissions.roles.get(role)?.some((m) => resolved.forms.includes(m)) ?? false);
}

function isSeenBy(tenant: Tenant, audience: Audience, permissions: Permissions): boolean {
  switch (audience) {
    case "public":
      return linkRoles.some((role) => permissions.roles.get(role)?.includes(allUsers) ?? false);
    case "domain":
      return [...permissions.roles.values()].some((members) =>
        members.some((m) => memberKind(m) === "domain" && !isExternal(tenant, m)),
      );
    case "external":
      return [...permissions.roles.values()].some((members) => members.some((m) => isExternal(tenant, m)));
  }
}

/** The first rule of `protect:` that covers the asset whole. */
export function protectedBy(
  protections: readonly Protection[],
  asset: Pick<Asset, "name" | "title" | "owner">,
): ProtectRule | undefined {
  return protections.find((protection) => protection.rule.member === undefined && covers(protection, asset))?.rule;
}

/** The first rule that covers a member the delta names, with that member. */
export function memberProtectedBy(
  protections: readonly Protection[],
  asset: Pick<Asset, "name" | "title" | "owner">,
  delta: Delta,
): { readonly rule: ProtectRule; readonly member: Member } | undefined {
  for (const protection of protections) {
    const { rule, member } = protection;
    if (rule.member === undefined || !covers(protection, asset)) continue;
    const pair = [...delta.add, ...delta.remove].find(
      (each) => each.member === rule.member || (member !== undefined && memberEmail(each.member) === member),
    );
    if (pair !== undefined) return { rule, member: pair.member };
  }
  return undefined;
}

/** Whether every condition of the rule holds, leaving its member aside. */
export function covers({ rule, owner, title }: Protection, asset: Pick<Asset, "name" | "title" | "owner">): boolean {
  return (
    (owner === undefined || asset.owner === owner) &&
    (title === undefined || title(asset.title)) &&
    (rule.asset === undefined || rule.asset === asset.name)
  );
}

/** Permissions as JSON, both ways: whatever roles and members the server names come back to it byte for byte. */
import { etag } from "../model/brand.ts";
import type { AssetName } from "../model/asset.ts";
import { jsonField, jsonText, jsonTexts } from "../model/json-text.ts";
import { member } from "../model/member.ts";
import type { Member } from "../model/member.ts";
import type { Permissions, Role } from "../model/permissions.ts";
import { ShapeError } from "./send.ts";

/**
 * Reads `{permissions: {ROLE: {members}}, etag}` (api.md 1.4). Strict inside a role, because a field that is not
 * understood there could not be written back. Throws `ShapeError` or `SyntaxError`.
 */
export function parsePermissions(body: string): Permissions {
  const holder: unknown = JSON.parse(body);
  if (!isObject(holder)) throw new ShapeError("the permissions are not an object");
  const version = Object.hasOwn(holder, "etag") ? Reflect.get(holder, "etag") : undefined;
  if (version !== undefined && typeof version !== "string") throw new ShapeError("the etag is not text");
  const byRole: unknown = Object.hasOwn(holder, "permissions") ? Reflect.get(holder, "permissions") : {};
  if (!isObject(byRole)) throw new ShapeError("the roles are not an object");
  const roles = new Map<Role, readonly Member[]>();
  for (const role of Object.keys(byRole)) roles.set(role, parseMembers(Reflect.get(byRole, role)));
  if (roles.size === 0 && version === undefined) throw new ShapeError("the permissions are empty");
  return { roles, etag: version === undefined ? undefined : etag(version) };
}

/** The body of a PATCH, with its double nesting (api.md 1.1). Put together as text: no object can hold every role's name. */
export function patchBody(name: AssetName, permissions: Permissions): string {
  let roles = "";
  for (const [role, members] of permissions.roles) {
    roles += `${roles === "" ? "" : ","}${jsonText(role)}:{"members":${jsonTexts(members)}}`;
  }
  const version = jsonField("etag", permissions.etag);
  return `{"name":${jsonText(name)},"permissions":{"permissions":{${roles}}${version}}}`;
}

function parseMembers(entry: unknown): readonly Member[] {
  if (!isObject(entry)) throw new ShapeError("a role is not an object");
  const members: Member[] = [];
  for (const key of Object.keys(entry)) {
    const value: unknown = Reflect.get(entry, key);
    if (key !== "members" || !Array.isArray(value)) throw new ShapeError("a role holds more than a list of members");
    for (const each of value as readonly unknown[]) {
      if (typeof each !== "string") throw new ShapeError("a member is not text");
      members.push(member(each));
    }
  }
  return members;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

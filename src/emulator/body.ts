/** Request bodies and query parameters, checked the way Google's front end checks them against the message's fields. */
import { member } from "../model/member.ts";
import type { Member } from "../model/member.ts";
import type { Role, RoleMap } from "../model/permissions.ts";
import { badField } from "./refusal.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** The body as an object holding only `known` fields; an empty body is an empty object. */
export function readBody(text: string, known: readonly string[]): JsonObject {
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badField("", "Invalid JSON payload received. Unexpected token.");
  }
  return object(value, "", known);
}

/** `value` as an object; a field outside `known` is refused with Google's words. */
export function object(value: unknown, path: string, known: readonly string[] | undefined): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badField(path, `Invalid value at '${path}', an object was expected`);
  }
  for (const name of Object.keys(value)) {
    if (known !== undefined && !known.includes(name)) {
      const where = path === "" ? "" : ` at '${path}'`;
      throw badField(path, `Invalid JSON payload received. Unknown name "${name}"${where}: Cannot find field.`);
    }
  }
  return value as JsonObject;
}

export function textOf(value: unknown, path: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw badField(path, `Invalid value at '${path}' (TYPE_STRING), ${shown(value)}`);
  return value;
}

/** A repeated text field; a single text counts as a list of one, as proto3 JSON allows. */
export function textList(value: unknown, path: string): readonly string[] {
  if (value === undefined || value === null) return [];
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.map((item, index) => textOf(item, `${path}[${index}]`));
}

export function memberList(value: unknown, path: string): readonly Member[] {
  return textList(value, path).map(member);
}

/** The inner map of a permissions body: role to `{members}` (api.md 1.1, doubly nested). */
export function rolesOf(value: unknown): RoleMap {
  const roles = new Map<Role, readonly Member[]>();
  if (value === undefined || value === null) return roles;
  const path = "permissions.permissions";
  for (const [role, entry] of Object.entries(object(value, path, undefined))) {
    const fields = object(entry, `${path}[0].value`, ["members"]);
    roles.set(role, memberList(fields["members"], `${path}[0].value.members`));
  }
  return roles;
}

/** An etag in one spelling, or undefined where none was sent; refuses what is not base64. */
export function sentEtag(value: unknown): string | undefined {
  const sent = textOf(value, "permissions.etag");
  if (sent === "") return undefined;
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(sent)) {
    throw badField(
      "permissions.etag",
      `Invalid value at 'permissions.etag' (TYPE_BYTES), Base64 decoding failed for "${sent}"`,
    );
  }
  return sent.replace(/-/g, "+").replace(/_/g, "/").replace(/=+$/, "");
}

function shown(value: unknown): string {
  return JSON.stringify(value).slice(0, 80);
}

export function flag(value: string | null, path: string): boolean {
  if (value === null || value === "" || value === "false") return false;
  if (value === "true") return true;
  throw badField(path, `Invalid value at '${path}' (TYPE_BOOL), "${value}"`);
}

/** A whole number of at least 0; absent is undefined. */
export function wholeNumber(value: string | null, path: string): number | undefined {
  if (value === null || value === "") return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw badField(path, `Invalid value at '${path}' (TYPE_INT32), "${value}"`);
}

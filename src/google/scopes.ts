/** The least that each kind of use asks for: a token is refused as a whole when one of its scopes is not granted (api.md 4.1). */

/** Space-separated scopes, as the token request carries them. */
export type Scopes = string;

/** `read` for verbs that never write; `write` for those that do. */
export type Access = "read" | "write";

const base = "https://www.googleapis.com/auth/";

/** Data Studio assets and their permissions (api.md 1). */
export const dataStudioScopes: Readonly<Record<Access, Scopes>> = {
  read: `${base}datastudio.readonly`,
  write: `${base}datastudio`,
};

/** Data Transfer jobs (api.md 3.1). */
export const dataTransferScopes: Readonly<Record<Access, Scopes>> = {
  read: `${base}admin.datatransfer.readonly`,
  write: `${base}admin.datatransfer`,
};

/** Users, groups and domains; never written (api.md 5). */
export const directoryScopes: Scopes = (["user", "group", "domain"] as const).map(directoryScopeOf).join(" ");

/** The one of them that is about `kind`. */
export function directoryScopeOf(kind: "user" | "group" | "domain"): string {
  return `${base}admin.directory.${kind}.readonly`;
}

/** Members of groups. Apart from the others, because only an inventory asks for it, and does without where it is not granted. */
export const directoryMemberScopes: Scopes = `${base}admin.directory.group.member.readonly`;

/** Every scope that `access` asks for, one by one, as they are entered in the Admin console. */
export function scopesOf(access: Access): readonly string[] {
  return [dataStudioScopes[access], dataTransferScopes[access], ...directoryScopes.split(" ")];
}

/** A scope and the verbs that ask for it. */
export interface ScopeUse {
  readonly scope: string;
  readonly access: Access;
  readonly verbs: readonly string[];
  /** False: the verbs do without it, and say what is missing. */
  readonly isNeeded: boolean;
}

const readers = ["inventory", "audit", "plan", "verify", "undo"];
/** The verbs that ask Google anything, but for this examination. */
export const everyVerb: readonly string[] = ["inventory", "audit", "plan", "apply", "verify", "undo"];

/** Every scope any verb asks for, least first: what the delegation table holds, and nothing else. */
export const scopeUses: readonly ScopeUse[] = [
  { scope: dataStudioScopes.read, access: "read", verbs: readers, isNeeded: true },
  ...directoryScopes.split(" ").map((scope) => ({ scope, access: "read" as const, verbs: everyVerb, isNeeded: true })),
  { scope: directoryMemberScopes, access: "read", verbs: ["inventory", "audit"], isNeeded: false },
  { scope: dataTransferScopes.read, access: "read", verbs: ["plan", "verify"], isNeeded: true },
  { scope: dataStudioScopes.write, access: "write", verbs: ["apply"], isNeeded: true },
  { scope: dataTransferScopes.write, access: "write", verbs: ["apply"], isNeeded: true },
];

/**
 * Scopes beside those in use that are granted by mistake: the writing twins of what is only read, and those that open
 * everything. No verb asks for them.
 */
export const widerScopes: readonly string[] = [
  ...["user", "group", "group.member", "domain", "customer"].map((kind) => `${base}admin.directory.${kind}`),
  `${base}cloud-platform`,
  `${base}drive`,
  "https://mail.google.com/",
];

/** Such as `datastudio.readonly`: as scopes are named in lists. */
export function scopeName(scope: string): string {
  return scope.startsWith(base) ? scope.slice(base.length) : scope;
}

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
export const directoryScopes: Scopes = ["user", "group", "domain"]
  .map((kind) => `${base}admin.directory.${kind}.readonly`)
  .join(" ");

/** Members of groups. Apart from the others, because only an inventory asks for it, and does without where it is not granted. */
export const directoryMemberScopes: Scopes = `${base}admin.directory.group.member.readonly`;

/** Every scope that `access` asks for, one by one, as they are entered in the Admin console. */
export function scopesOf(access: Access): readonly string[] {
  return [dataStudioScopes[access], dataTransferScopes[access], ...directoryScopes.split(" ")];
}

/** The routes: which method and path is which call, what scope it asks for, and whether it writes (api.md 1.1, 3.1, 5). */

export type Service = "datastudio" | "directory" | "datatransfer" | "token" | "iamcredentials";

export interface Route {
  /** The method's name in Google's reference, such as `assets.updatePermissions`. */
  readonly id: string;
  readonly method: string;
  readonly service: Service;
  readonly write: boolean;
  /** Any one of these is enough; empty: no bearer token is asked for. */
  readonly scopes: readonly string[];
  /** The name in error metadata and audit logs. */
  readonly rpc: string;
}

export interface Match {
  readonly route: Route;
  /** Path parameters in order, decoded. */
  readonly params: readonly string[];
}

export const scopeRoot = "https://www.googleapis.com/auth/";
const cloudScopes = [`${scopeRoot}iam`, `${scopeRoot}cloud-platform`];
const studioRpc = "google.analytics.datastudio.v1.DataStudioService.";

function route(
  service: Service,
  id: string,
  method: string,
  kind: "read" | "write",
  scopes: readonly string[],
  rpc: string,
): Route {
  return { id, method, service, write: kind === "write", scopes, rpc };
}

function studio(id: string, method: string, kind: "read" | "write", rpc: string): Route {
  const scopes = [`${scopeRoot}datastudio`, ...(kind === "read" ? [`${scopeRoot}datastudio.readonly`] : [])];
  return route("datastudio", id, method, kind, scopes, `${studioRpc}${rpc}`);
}

function directory(id: string, scope: string): Route {
  const scopes = [`${scopeRoot}admin.directory.${scope}.readonly`, `${scopeRoot}admin.directory.${scope}`];
  return route("directory", id, "GET", "read", scopes, `ccc.hosted.frontend.directory.v1.DirectoryService.${id}`);
}

function member(id: string): Route {
  const base = directory(id, "group.member");
  const groups = directory(id, "group");
  return { ...base, scopes: [...base.scopes, ...groups.scopes] };
}

function transfer(id: string, method: string, kind: "read" | "write"): Route {
  const read = kind === "read" ? [`${scopeRoot}admin.datatransfer.readonly`] : [];
  const scopes = [`${scopeRoot}admin.datatransfer`, ...read];
  return route("datatransfer", id, method, kind, scopes, `ccc.hosted.frontend.datatransfer.v1.${id}`);
}

function iam(method: string): Route {
  const rpc = `google.iam.credentials.v1.IAMCredentials.${method}`;
  return route("iamcredentials", `serviceAccounts.${method}`, "POST", "read", cloudScopes, rpc);
}

type RouteKey =
  | "token"
  | "tokenInfo"
  | "search"
  | "get"
  | "getPermissions"
  | "updatePermissions"
  | "addMembers"
  | "revoke"
  | "trash"
  | "undelete"
  | "purge"
  | "usersGet"
  | "usersList"
  | "groupsGet"
  | "groupsList"
  | "membersList"
  | "membersGet"
  | "hasMember"
  | "domainsList"
  | "customersGet"
  | "applicationsList"
  | "applicationsGet"
  | "transfersInsert"
  | "transfersGet"
  | "transfersList"
  | "signJwt"
  | "generateAccessToken"
  | "authorize"
  | "revokeToken"
  | "stsToken"
  | "metadataToken";

export const routes: Readonly<Record<RouteKey, Route>> = {
  token: route("token", "token", "POST", "read", [], "google.oauth2.token"),
  tokenInfo: route("token", "tokeninfo", "POST", "read", [], "google.oauth2.tokeninfo"),
  search: studio("assets.search", "GET", "read", "SearchAssets"),
  get: studio("assets.get", "GET", "read", "GetAsset"),
  getPermissions: studio("assets.getPermissions", "GET", "read", "GetPermissions"),
  updatePermissions: studio("assets.updatePermissions", "PATCH", "write", "UpdatePermissions"),
  addMembers: studio("assets.permissions.addMembers", "POST", "write", "AddMembers"),
  revoke: studio("assets.permissions.revokeAllPermissions", "POST", "write", "RevokeAllPermissions"),
  trash: studio("assets.delete", "DELETE", "write", "DeleteAsset"),
  undelete: studio("assets.undelete", "POST", "write", "UndeleteAsset"),
  purge: studio("assets.purge", "POST", "write", "PurgeAssets"),
  usersGet: directory("users.get", "user"),
  usersList: directory("users.list", "user"),
  groupsGet: directory("groups.get", "group"),
  groupsList: directory("groups.list", "group"),
  membersList: member("members.list"),
  membersGet: member("members.get"),
  hasMember: member("members.hasMember"),
  domainsList: directory("domains.list", "domain"),
  customersGet: directory("customers.get", "customer"),
  applicationsList: transfer("applications.list", "GET", "read"),
  applicationsGet: transfer("applications.get", "GET", "read"),
  transfersInsert: transfer("transfers.insert", "POST", "write"),
  transfersGet: transfer("transfers.get", "GET", "read"),
  transfersList: transfer("transfers.list", "GET", "read"),
  signJwt: iam("signJwt"),
  generateAccessToken: iam("generateAccessToken"),
  authorize: route("token", "authorize", "GET", "read", [], "google.oauth2.authorize"),
  revokeToken: route("token", "revoke", "POST", "read", [], "google.oauth2.revoke"),
  stsToken: route("token", "sts.token", "POST", "read", [], "google.identity.sts.v1.ExchangeToken"),
  metadataToken: route("token", "metadata.token", "GET", "read", [], "computeMetadata.v1.token"),
};

const none: readonly string[] = [];

/** Hosts of Google's that have one path each here. */
const lonePaths: ReadonlyMap<string, Route> = new Map([
  ["token", routes.token],
  ["tokeninfo", routes.tokenInfo],
  ["revoke", routes.revokeToken],
  ["v1/token", routes.stsToken],
  ["o/oauth2/v2/auth", routes.authorize],
  ["computeMetadata/v1/instance/service-accounts/default/token", routes.metadataToken],
]);

/** The call a method and a path (without query) mean, or undefined. Throws `URIError` for broken percent-encoding. */
export function matchRoute(method: string, path: string): Match | undefined {
  const written = path.split("/").slice(1);
  const segments = path.includes("%") ? written.map(decodeURIComponent) : written;
  const found = matchSegments(method, segments);
  return found !== undefined && found.route.method === method ? found : undefined;
}

function matchSegments(method: string, segments: readonly string[]): Match | undefined {
  const [first, second, third] = segments;
  const alone = first === "v1" && segments.length > 2 ? undefined : lonePaths.get(segments.join("/"));
  if (alone !== undefined) return { route: alone, params: none };
  if (first === "v1" && second === "projects") return matchAccount(segments);
  if (first === "v1") return matchAsset(method, segments);
  if (first !== "admin" || third !== "v1") return undefined;
  if (second === "directory") return matchDirectory(segments.slice(3));
  return second === "datatransfer" ? matchTransfer(method, segments.slice(3)) : undefined;
}

function matchAsset(method: string, segments: readonly string[]): Match | undefined {
  const [, collection, id, tail] = segments;
  if (segments.length === 2) {
    if (collection === "assets:search") return { route: routes.search, params: none };
    return collection === "assets:purge" ? { route: routes.purge, params: none } : undefined;
  }
  if (collection !== "assets" || id === undefined || id === "") return undefined;
  if (segments.length === 3) {
    if (id.endsWith(":undelete")) return { route: routes.undelete, params: [id.slice(0, -":undelete".length)] };
    return { route: method === "DELETE" ? routes.trash : routes.get, params: [id] };
  }
  if (segments.length !== 4) return undefined;
  const params = [id];
  switch (tail) {
    case "permissions":
      return { route: method === "PATCH" ? routes.updatePermissions : routes.getPermissions, params };
    case "permissions:addMembers":
      return { route: routes.addMembers, params };
    case "permissions:revokeAllPermissions":
      return { route: routes.revoke, params };
    default:
      return undefined;
  }
}

function matchAccount(segments: readonly string[]): Match | undefined {
  const [, , project, collection, account = ""] = segments;
  if (segments.length !== 5 || project !== "-" || collection !== "serviceAccounts") return undefined;
  for (const found of [routes.signJwt, routes.generateAccessToken]) {
    const method = found.id.replace("serviceAccounts.", ":");
    if (account.endsWith(method)) return { route: found, params: [account.slice(0, -method.length)] };
  }
  return undefined;
}

function matchDirectory(segments: readonly string[]): Match | undefined {
  const [collection, key, sub, subKey] = segments;
  const params = key === undefined ? none : subKey === undefined ? [key] : [key, subKey];
  switch (`${collection}/${segments.length}${sub === undefined ? "" : `/${sub}`}`) {
    case "users/1":
      return { route: routes.usersList, params };
    case "users/2":
      return { route: routes.usersGet, params };
    case "groups/1":
      return { route: routes.groupsList, params };
    case "groups/2":
      return { route: routes.groupsGet, params };
    case "groups/3/members":
      return { route: routes.membersList, params };
    case "groups/4/members":
      return { route: routes.membersGet, params };
    case "groups/4/hasMember":
      return { route: routes.hasMember, params };
    case "customer/3/domains":
      return { route: routes.domainsList, params };
    case "customers/2":
      return { route: routes.customersGet, params };
    default:
      return undefined;
  }
}

function matchTransfer(method: string, segments: readonly string[]): Match | undefined {
  const [collection, id] = segments;
  const params = id === undefined ? none : [id];
  if (segments.length > 2) return undefined;
  if (collection === "applications") {
    return { route: id === undefined ? routes.applicationsList : routes.applicationsGet, params };
  }
  if (collection !== "transfers") return undefined;
  if (id !== undefined) return { route: routes.transfersGet, params };
  return { route: method === "POST" ? routes.transfersInsert : routes.transfersList, params };
}

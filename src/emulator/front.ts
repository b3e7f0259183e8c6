/** The door every call passes: token, account, service, scope and query parameters, in Google's order (api.md 2.2). */
import type { Caller } from "./access.ts";
import type { EmulatorRequest } from "./exchange.ts";
import { badField, errorInfo, failedPrecondition, invalidArgument, permissionDenied, Refusal } from "./refusal.ts";
import type { Envelope } from "./refusal.ts";
import type { Route } from "./routes.ts";
import { scopeRoot } from "./routes.ts";
import type { TenantState } from "./state.ts";
import type { Switches } from "./switches.ts";
import type { Grant, TokenService } from "./token.ts";

/** The access token a request carries, or empty. */
export function bearerOf(request: EmulatorRequest, query: URLSearchParams): string {
  const header = request.headers["authorization"] ?? "";
  if (/^bearer /i.test(header)) return header.slice("bearer ".length).trim();
  return query.get("access_token") ?? "";
}

/** The envelope of a service's refusals; `$.xgafv` asks for the other one. */
export function envelopeOf(route: Route, query: URLSearchParams): Envelope {
  if (route.service === "token") return "token";
  const asked = query.get("$.xgafv");
  if (asked === "1") return "v1";
  if (asked === "2") return "v2";
  return route.service === "directory" || route.service === "datatransfer" ? "v1" : "v2";
}

/** What the token stands for, once it is known to be good for this route. */
export function authenticate(
  tokens: TokenService,
  route: Route,
  token: string,
  now: number,
  switches: Switches,
): Grant {
  if (token === "") throw unauthenticated(route, "CREDENTIALS_MISSING");
  const found = tokens.lookup(token, now);
  if (found.kind === "expired") throw unauthenticated(route, "ACCESS_TOKEN_EXPIRED");
  if (found.kind === "unknown") throw unauthenticated(route, "ACCESS_TOKEN_TYPE_UNSUPPORTED");
  const { grant } = found;
  if (enabledApi(route, switches) === "disabled") throw serviceDisabled(route, grant.projectId);
  if (!route.scopes.some((scope) => grant.scopes.has(scope))) throw insufficientScope(route);
  return grant;
}

function enabledApi({ service }: Route, switches: Switches): "enabled" | "disabled" {
  if (service === "iamcredentials") return switches.iamCredentialsApi;
  return service === "datastudio" ? switches.dataStudioApi : switches.adminApi;
}

/** Who the token's subject is now; refuses people who are gone, suspended, or without the service. */
export function callerOf(state: TenantState, route: Route, grant: Grant, switches: Switches): Caller {
  if (grant.serviceAccount) {
    if (route.service !== "iamcredentials") throw permissionDenied();
    return { kind: "serviceAccount", email: grant.subject };
  }
  const person = state.directory.person(grant.subject);
  const locked = person !== undefined && (person.suspended || person.archived) && switches.suspendedToken !== "issue";
  if (person === undefined || locked) throw unauthenticated(route, "ACCOUNT_STATE_INVALID");
  if (person.serviceOff && route.service === "datastudio") throw failedPrecondition();
  return { kind: "person", person, email: person.email };
}

const messages: Readonly<Record<string, string>> = {
  CREDENTIALS_MISSING:
    "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
};
const badCredentials =
  "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";

function metadata(route: Route): Readonly<Record<string, string>> {
  return { method: route.rpc, service: serviceName(route) };
}

function serviceName(route: Route): string {
  return route.service === "directory" || route.service === "datatransfer"
    ? "admin.googleapis.com"
    : `${route.service}.googleapis.com`;
}

function unauthenticated(route: Route, reason: string): Refusal {
  const missing = reason === "CREDENTIALS_MISSING";
  return new Refusal({
    code: 401,
    status: "UNAUTHENTICATED",
    message: messages[reason] ?? badCredentials,
    reason: missing ? "required" : "authError",
    location: "Authorization",
    headers: {
      "www-authenticate": `Bearer realm="https://accounts.google.com/"${missing ? "" : ', error="invalid_token"'}`,
    },
    details: [errorInfo(reason, metadata(route))],
  });
}

function insufficientScope(route: Route): Refusal {
  return new Refusal({
    code: 403,
    status: "PERMISSION_DENIED",
    message: "Request had insufficient authentication scopes.",
    reason: "insufficientPermissions",
    headers: {
      "www-authenticate": `Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="${route.scopes.join(" ")}"`,
    },
    details: [errorInfo("ACCESS_TOKEN_SCOPE_INSUFFICIENT", metadata(route))],
  });
}

function serviceDisabled(route: Route, project: string): Refusal {
  const service = serviceName(route);
  const url = `https://console.developers.google.com/apis/api/${service}/overview?project=${project}`;
  return new Refusal({
    code: 403,
    status: "PERMISSION_DENIED",
    message: `The API ${service} has not been used in project ${project} before or it is disabled. Enable it by visiting ${url} then retry.`,
    reason: "accessNotConfigured",
    errorDomain: "usageLimits",
    details: [errorInfo("SERVICE_DISABLED", { consumer: `projects/${project}`, service, activationUrl: url })],
  });
}

const standardParameters = [
  "$.xgafv",
  "access_token",
  "alt",
  "callback",
  "fields",
  "key",
  "oauth_token",
  "prettyPrint",
  "quotaUser",
  "uploadType",
  "upload_protocol",
];
const searchParameters = ["assetTypes", "title", "owner", "includeTrashed", "orderBy", "pageSize", "pageToken"];
const known: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["assets.search", new Set([...standardParameters, ...searchParameters])],
  ["assets.getPermissions", new Set([...standardParameters, "role"])],
]);
const standardOnly: ReadonlySet<string> = new Set(standardParameters);

/** Data Studio refuses query parameters its messages do not have; the Admin SDK passes them over. */
export function checkParameters(route: Route, query: URLSearchParams): void {
  if (query.size === 0) return;
  const alt = query.get("alt") ?? "";
  if (alt !== "" && alt !== "json") throw invalidArgument(`Invalid value "${alt}" for parameter alt`);
  if (route.service !== "datastudio") return;
  const allowed = known.get(route.id) ?? standardOnly;
  for (const name of query.keys()) {
    if (allowed.has(name)) continue;
    throw badField(
      name,
      `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${name}' could not be found in request message.`,
    );
  }
}

/** Every scope the emulator knows: what an administrator would enter in the delegation table. */
export const allScopes: readonly string[] = [
  "datastudio",
  "datastudio.readonly",
  "userinfo.profile",
  "userinfo.email",
  "iam",
  "cloud-platform",
  "admin.datatransfer",
  "admin.datatransfer.readonly",
  ...["user", "group", "group.member", "domain", "customer"].flatMap((noun) => [
    `admin.directory.${noun}`,
    `admin.directory.${noun}.readonly`,
  ]),
].map((scope) => `${scopeRoot}${scope}`);

/** Which function answers which route. */
import type { Call } from "./call.ts";
import {
  addMembers,
  getAsset,
  getPermissions,
  purgeAssets,
  revokeAllPermissions,
  trashAsset,
  undeleteAsset,
  updatePermissions,
} from "./data-studio.ts";
import type { TransferFate, TransferService } from "./data-transfer.ts";
import {
  getCustomer,
  getGroup,
  getMember,
  getUser,
  hasMember,
  listDomains,
  listGroups,
  listMembers,
  listUsers,
} from "./directory.ts";
import { textOf, readBody } from "./body.ts";
import { param } from "./call.ts";
import { routes } from "./routes.ts";
import type { Search } from "./search.ts";
import type { TokenService } from "./token.ts";
import { checkCreator } from "./workload.ts";
import type { WorkloadService } from "./workload.ts";

/** The parts with a memory of their own. */
export interface Services {
  readonly tokens: TokenService;
  readonly transfers: TransferService;
  readonly search: Search;
  readonly workloads: WorkloadService;
}

type Handler = (call: Call, services: Services, fate: TransferFate) => object;

const handlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  [routes.search.id, (call, { search }) => search.page(call)],
  [routes.get.id, getAsset],
  [routes.getPermissions.id, getPermissions],
  [routes.updatePermissions.id, updatePermissions],
  [routes.addMembers.id, addMembers],
  [routes.revoke.id, revokeAllPermissions],
  [routes.trash.id, trashAsset],
  [routes.undelete.id, undeleteAsset],
  [routes.purge.id, purgeAssets],
  [routes.usersGet.id, getUser],
  [routes.usersList.id, listUsers],
  [routes.groupsGet.id, getGroup],
  [routes.groupsList.id, listGroups],
  [routes.membersList.id, listMembers],
  [routes.membersGet.id, getMember],
  [routes.hasMember.id, hasMember],
  [routes.domainsList.id, listDomains],
  [routes.customersGet.id, getCustomer],
  [routes.applicationsList.id, (call, { transfers }) => transfers.listApplications(call)],
  [routes.applicationsGet.id, (call, { transfers }) => transfers.getApplication(call)],
  [routes.transfersInsert.id, (call, { transfers }, fate) => transfers.insert(call, fate)],
  [routes.transfersGet.id, (call, { transfers }) => transfers.get(call)],
  [routes.transfersList.id, (call, { transfers }) => transfers.list(call)],
  [routes.signJwt.id, signJwt],
  [routes.generateAccessToken.id, generateAccessToken],
]);

/** The answer to a call that has passed the front; throws `Refusal`. */
export function dispatch(call: Call, services: Services, fate: TransferFate): object {
  const handler = handlers.get(call.route.id);
  if (handler === undefined) throw new Error(`nothing answers ${call.route.id}`);
  return handler(call, services, fate);
}

/** serviceAccounts.signJwt of the IAM credentials API (api.md 4.2). */
function signJwt(call: Call, { tokens }: Services): object {
  const body = readBody(call.body, ["payload", "delegates"]);
  checkCreator(call.switches, "signJwt");
  return tokens.signJwt(param(call, 0), textOf(body["payload"], "payload"));
}

/** serviceAccounts.generateAccessToken of the same API. */
function generateAccessToken(call: Call, { workloads }: Services): object {
  const body = readBody(call.body, ["scope", "delegates", "lifetime"]);
  checkCreator(call.switches, "getAccessToken");
  const scopes = Array.isArray(body["scope"]) ? body["scope"].map((scope) => textOf(scope, "scope")) : [];
  return workloads.generate(param(call, 0), scopes, call.now);
}

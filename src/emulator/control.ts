/** The control routes under `/_emulator/`: faults, switches, quotas, time, log, history and state while it runs. */
import { z } from "zod";
import { instantText } from "../model/clock.ts";
import { UsageError } from "../model/errors.ts";
import { member } from "../model/member.ts";
import type { RoleMap } from "../model/permissions.ts";
import type { Emulator } from "./emulator.ts";
import { jsonHeaders } from "./exchange.ts";
import type { EmulatorReply, EmulatorRequest } from "./exchange.ts";
import { parseFaultRules } from "./fault-rules.ts";
import { parseQuotas } from "./quota.ts";
import { etagText } from "./state.ts";
import { switchTexts } from "./switches.ts";

export const controlPrefix = "/_emulator";

const pairs = z.array(z.strictObject({ role: z.string(), member: z.string() })).default([]);
const editSchema = z.strictObject({
  asset: z.string(),
  by: z.string(),
  add: pairs,
  remove: pairs,
  title: z.string().optional(),
  trashed: z.boolean().optional(),
});
const personSchema = z.strictObject({
  email: z.string(),
  suspended: z.boolean().optional(),
  archived: z.boolean().optional(),
  isAdmin: z.boolean().optional(),
  serviceOff: z.boolean().optional(),
  deleted: z.boolean().optional(),
});
const flagsSchema = z.strictObject({ delegationRevoked: z.boolean().optional(), expireTokens: z.boolean().optional() });
const advanceSchema = z.strictObject({ ms: z.number() });

type Action = (emulator: Emulator, body: unknown, query: URLSearchParams, rest: string) => unknown;

const actions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["GET ", (emulator) => summary(emulator)],
  ["GET faults", (emulator) => ({ faults: emulator.faults.rules })],
  ["PUT faults", (emulator, body) => emulator.setFaults(parseFaultRules(body))],
  ["POST faults", (emulator, body) => emulator.setFaults(parseFaultRules(body), "append")],
  ["DELETE faults", (emulator) => emulator.setFaults([])],
  ["GET switches", (emulator) => switchTexts(emulator.switches)],
  ["PATCH switches", (emulator, body) => emulator.setSwitches(z.record(z.string(), z.string()).parse(body))],
  ["GET quotas", (emulator) => emulator.quotas.config],
  ["PUT quotas", (emulator, body) => emulator.setQuotas(parseQuotas(body))],
  ["POST advance", (emulator, body) => emulator.advance(advanceSchema.parse(body).ms)],
  ["GET log", (emulator, _body, query) => logPage(emulator, query)],
  ["DELETE log", (emulator) => emulator.log.clear()],
  ["GET counts", (emulator) => counts(emulator)],
  ["GET history", (emulator, _body, query) => historyPage(emulator, query)],
  ["GET state", (emulator) => emulator.exportState()],
  ["PUT state", (emulator, body) => emulator.importState(JSON.stringify(body))],
  ["GET assets", (emulator, _body, _query, name) => assetView(emulator, name)],
  ["POST edit", (emulator, body) => edit(emulator, editSchema.parse(body))],
  ["PATCH person", (emulator, body) => changePerson(emulator, personSchema.parse(body))],
  ["PATCH flags", (emulator, body) => setFlags(emulator, flagsSchema.parse(body))],
]);

/** Such as `GET faults`. */
export const controlRoutes: readonly string[] = [...actions.keys()];

/** Answers a control request: 200 with JSON, 204 where there is nothing to say, 400 with the problem, 404. */
export function control(emulator: Emulator, request: EmulatorRequest): EmulatorReply {
  const [pathname = "", query = ""] = request.path.split("?");
  const [, , name = "", rest = ""] = pathname.split("/");
  const action = actions.get(`${request.method} ${name}`);
  if (action === undefined) return problem(404, `there is no ${request.method} ${pathname} here`);
  emulator.settle();
  try {
    const body: unknown = request.body === "" ? undefined : JSON.parse(request.body);
    const answer = action(emulator, body, new URLSearchParams(query), decodeURIComponent(rest));
    if (answer === undefined) return { status: 204, headers: {}, body: "" };
    return { status: 200, headers: jsonHeaders, body: typeof answer === "string" ? answer : JSON.stringify(answer) };
  } catch (error) {
    if (error instanceof UsageError) return problem(400, `${error.message}; ${error.remedy}`);
    if (error instanceof z.ZodError) return problem(400, z.prettifyError(error));
    if (error instanceof SyntaxError) return problem(400, "the body is not JSON");
    throw error;
  }
}

function problem(status: number, text: string): EmulatorReply {
  return { status, headers: jsonHeaders, body: JSON.stringify({ problem: text }) };
}

function summary(emulator: Emulator): object {
  const { directory, assets } = emulator.state;
  return {
    domain: directory.primaryDomain,
    users: directory.people.size,
    groups: directory.groups.size,
    assets: assets.size,
    now: instantText(emulator.now()),
    requests: emulator.log.total,
    writes: emulator.log.writes,
    changes: emulator.state.changes,
  };
}

function counts(emulator: Emulator): object {
  return { total: emulator.log.total, writes: emulator.log.writes, routes: emulator.log.counts };
}

function logPage(emulator: Emulator, query: URLSearchParams): object {
  const wanted = (value: string, name: string): boolean => (query.get(name) ?? value) === value;
  const entries = emulator.log
    .entries(Number(query.get("after") ?? "0"))
    .filter((entry) => wanted(entry.route, "route") && wanted(entry.actor, "actor") && wanted(entry.asset, "asset"));
  return { total: emulator.log.total, dropped: emulator.log.dropped, entries };
}

function historyPage(emulator: Emulator, query: URLSearchParams): object {
  const after = Number(query.get("after") ?? "0");
  const asset = query.get("asset");
  const changes = emulator.history
    .filter((change) => change.seq > after && (asset === null || change.asset === asset))
    .slice(0, 10_000)
    .map((change) => ({ ...change, before: rolesView(change.before), after: rolesView(change.after) }));
  return { total: emulator.state.changes, changes };
}

/** Roles as pairs, so that no name of a role is lost. */
function rolesView(roles: RoleMap): readonly (readonly [string, readonly string[]])[] {
  return [...roles];
}

function assetView(emulator: Emulator, name: string): object {
  const asset = emulator.state.assets.get(name);
  if (asset === undefined) throw new UsageError(`there is no asset ${JSON.stringify(name)}`, "name one that exists");
  return { ...asset, roles: rolesView(asset.roles), etag: etagText(asset.etagMicros) };
}

function edit(emulator: Emulator, wish: z.infer<typeof editSchema>): object {
  const asset = emulator.state.assets.get(wish.asset);
  if (asset === undefined) throw new UsageError(`there is no asset ${wish.asset}`, "name one that exists");
  const cause = { at: emulator.now(), actor: wish.by, via: "person" };
  const written = (list: z.infer<typeof pairs>): { role: string; member: ReturnType<typeof member> }[] =>
    list.map((pair) => ({ role: pair.role, member: member(pair.member) }));
  if (wish.add.length + wish.remove.length > 0) {
    emulator.state.edit(asset.name, { add: written(wish.add), remove: written(wish.remove) }, cause);
  }
  if (wish.title !== undefined) emulator.state.setTitle(asset, wish.title, cause.at);
  if (wish.trashed !== undefined) emulator.state.setTrashed(asset, wish.trashed, cause);
  return assetView(emulator, wish.asset);
}

function changePerson(emulator: Emulator, wish: z.infer<typeof personSchema>): void {
  const { email, deleted, ...flags } = wish;
  const { directory } = emulator.state;
  const person = directory.person(email) ?? directory.deletedPerson(email);
  if (person === undefined) throw new UsageError(`there is no user ${email}`, "name one that exists");
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const deletedAt = deleted === undefined ? {} : { deletedAt: deleted ? emulator.now() : undefined };
  directory.changePerson(person, { ...given, ...deletedAt });
}

function setFlags(emulator: Emulator, flags: z.infer<typeof flagsSchema>): void {
  if (flags.delegationRevoked !== undefined) emulator.tokens.delegationRevoked = flags.delegationRevoked;
  if (flags.expireTokens === true) emulator.tokens.expireAll();
}

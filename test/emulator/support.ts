/** What the emulator's tests share: a small tenant, an emulator over it in process, and calls made as somebody. */
import { Emulator } from "../../src/emulator/emulator.ts";
import type { EmulatorOptions } from "../../src/emulator/emulator.ts";
import type { EmulatorReply } from "../../src/emulator/exchange.ts";
import { seededRandom } from "../../src/emulator/random.ts";
import { emptyTenant } from "../../src/emulator/world.ts";
import type { World } from "../../src/emulator/world.ts";
import { ManualClock } from "../support/clock.ts";

export const scopes = {
  studio: "https://www.googleapis.com/auth/datastudio",
  studioRead: "https://www.googleapis.com/auth/datastudio.readonly",
  users: "https://www.googleapis.com/auth/admin.directory.user.readonly",
  groups: "https://www.googleapis.com/auth/admin.directory.group.readonly",
  members: "https://www.googleapis.com/auth/admin.directory.group.member.readonly",
  domains: "https://www.googleapis.com/auth/admin.directory.domain.readonly",
  customer: "https://www.googleapis.com/auth/admin.directory.customer.readonly",
  transfer: "https://www.googleapis.com/auth/admin.datatransfer",
  transferRead: "https://www.googleapis.com/auth/admin.datatransfer.readonly",
};
export const everyScope: readonly string[] = Object.values(scopes);

/** The address of somebody in the small tenant. */
export function at(name: string): string {
  return `${name}@acme.example`;
}

/** A tenant with an administrator, a few people, two nested groups and no assets. */
export function smallWorld(): World {
  const world = emptyTenant("acme.example");
  world.addDomain("acme-labs.example");
  world.addDomainAlias("acme.test");
  world.addUser({ email: "admin", isAdmin: true });
  for (const email of ["anna", "ben", "carl", "dora", "heir"]) world.addUser({ email });
  world.addUser({ email: "leaver", aliases: ["leaver.alias"] });
  world.addUser({ email: "sam", suspended: true });
  world.addUser({ email: "lab@acme-labs.example" });
  world.addGroup({ email: "team", members: ["carl", "guest@partner.example"] });
  world.addGroup({ email: "all-teams", members: ["team", "dora"] });
  return world;
}

export interface Stage {
  readonly emulator: Emulator;
  readonly world: World;
  readonly clock: ManualClock;
}

export function stage(options: Partial<Omit<EmulatorOptions, "clock" | "random">> = {}): Stage {
  const clock = new ManualClock();
  const world = options.world ?? smallWorld();
  return { emulator: new Emulator({ clock, random: seededRandom(1), ...options, world }), world, clock };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // Tests look into answers of many shapes.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any;
  readonly reply: EmulatorReply;
}

export interface Extra {
  readonly body?: unknown;
  readonly scopes?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Makes a call as `who`: `get(…)`-like text such as `GET /v1/assets:search?assetTypes=REPORT`. */
export function call(emulator: Emulator, who: string, line: string, extra: Extra = {}): Answer {
  const [method = "", path = ""] = line.split(" ");
  const token = emulator.mint(who.includes("@") ? who : at(who), extra.scopes ?? everyScope);
  return send(emulator, method, path, extra.body, { authorization: `Bearer ${token}`, ...extra.headers });
}

export function send(
  emulator: Emulator,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const reply = emulator.handle({ method, path, headers, body: text });
  return { status: reply.status, headers: reply.headers, json: parsed(reply.body), reply };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Permissions as the API sends them, from members by role. */
export function rolesJson(roles: Readonly<Record<string, readonly string[]>>): object {
  return Object.fromEntries(Object.entries(roles).map(([role, members]) => [role, { members }]));
}

/** A PATCH body. */
export function patchBody(roles: Readonly<Record<string, readonly string[]>>, etag?: string): object {
  return { permissions: { permissions: rolesJson(roles), ...(etag === undefined ? {} : { etag }) } };
}

/** Members by role as the server holds them. */
export function held(emulator: Emulator, name: string): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(emulator.state.assets.get(name)?.roles ?? []);
}

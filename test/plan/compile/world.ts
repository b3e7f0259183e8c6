/** A small tenant described in a few lines, and the compiler run over it: facts in, steps and refusals out. */
import type { Asset, AssetName, AssetType } from "../../../src/model/asset.ts";
import { etag } from "../../../src/model/brand.ts";
import { parseDomain, parseEmail } from "../../../src/model/email.ts";
import type { Domain, Email } from "../../../src/model/email.ts";
import { member, parseMember } from "../../../src/model/member.ts";
import type { Place } from "../../../src/model/diagnostic.ts";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import type { Permissions } from "../../../src/model/permissions.ts";
import type { ProtectRule, Request, Selector, WrittenMember } from "../../../src/model/request.ts";
import type { Refusal } from "../../../src/model/run.ts";
import type { AssetRecord } from "../../../src/model/snapshot.ts";
import type { Person, Principal, Tenant } from "../../../src/model/tenant.ts";
import { isInside } from "../../../src/model/tenant.ts";
import { compileAsset } from "../../../src/plan/compile/asset.ts";
import type { AssetVerdict, Carrier } from "../../../src/plan/compile/asset.ts";
import { BroadRequests } from "../../../src/plan/compile/broad.ts";
import type { CompileContext, PlannedTransfer, Resolved } from "../../../src/plan/compile/context.ts";
import { canonical, protectionsOf, resolveRequest } from "../../../src/plan/compile/resolve.ts";
import { TransferCensus } from "../../../src/plan/compile/transfers.ts";

export function email(text: string): Email {
  const parsed = parseEmail(text.includes("@") ? text : `${text}@acme.example`);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export function written(text: string): WrittenMember {
  const parsed = parseMember(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

/** Line numbers in the order in which rows are made, as in a file with a header. */
let line = 1;
function place(): Place {
  line += 1;
  return { file: "moves.csv", line, column: 1 };
}

export const everything: Selector = { types: ["REPORT", "DATA_SOURCE"] };

export function named(name: string): Selector {
  return { ...everything, asset: name as AssetName };
}

type Unplaced<T> = T extends Request
  ? Omit<T, "place" | "trashed"> & { readonly trashed?: "include" | "exclude" }
  : never;

export function row(request: Unplaced<Request>): Request {
  return { trashed: "exclude", ...request, place: place() };
}

export function transfer(
  from: string,
  to: string,
  more: Partial<Extract<Request, { action: "transfer" }>> = {},
): Request {
  const owner = email(from);
  const select = { ...(more.select ?? everything), owner };
  return row({
    action: "transfer",
    from: owner,
    to: email(to),
    keep: "editor",
    ownerChange: "compile",
    ...more,
    select,
  });
}

export interface Compiled {
  readonly transfers: readonly PlannedTransfer[];
  readonly after: ReadonlyMap<PlannedTransfer, PlannedTransfer>;
  readonly edits: readonly NonNullable<AssetVerdict["edit"]>[];
  readonly byHand: readonly NonNullable<AssetVerdict["byHand"]>[];
  readonly refusals: readonly Refusal[];
  readonly diagnostics: readonly Diagnostic[];
  readonly alreadySo: number;
}

export class World {
  readonly tenant: Tenant = {
    primaryDomain: domain("acme.example"),
    domains: new Set([domain("acme.example"), domain("acme-labs.example")]),
  };
  readonly principals: Map<Email, Principal> = new Map<Email, Principal>();
  readonly assets: AssetRecord[] = [];
  readonly unreachable: Set<Email> = new Set<Email>();
  protect: readonly ProtectRule[] = [];

  user(name: string, more: Partial<Person> = {}): this {
    const address = email(name);
    const person: Person = {
      id: `1${this.principals.size}`,
      email: address,
      aliases: [],
      suspended: false,
      archived: false,
      ...more,
    };
    for (const known of [address, ...person.aliases]) this.principals.set(known, { kind: "user", person });
    if (person.suspended) this.unreachable.add(address);
    return this;
  }

  deleted(name: string): this {
    const address = email(name);
    const person: Person = {
      id: "d1",
      email: address,
      aliases: [],
      suspended: false,
      archived: false,
      deletionTime: "2026-11-10T00:00:00Z",
    };
    this.principals.set(address, { kind: "deleted", person });
    return this;
  }

  group(name: string): this {
    this.principals.set(email(name), { kind: "group", id: `g${this.principals.size}`, email: email(name) });
    return this;
  }

  /** `roles` as `{EDITOR: ["user:ana@…"]}`; the owner is added. */
  asset(name: string, owner: string, roles: Record<string, readonly string[]> = {}, more: Partial<Asset> = {}): this {
    const asset: Asset = {
      name: name as AssetName,
      assetType: "REPORT" satisfies AssetType,
      title: `Title of ${name}`,
      owner: email(owner),
      trashed: false,
      ...more,
    };
    const permissions: Permissions = {
      roles: new Map([
        ["OWNER", [member(`user:${email(owner)}`)]],
        ...Object.entries(roles).map(([role, members]) => [role, members.map(member)] as const),
      ]),
      etag: etag(`etag-${name}`),
    };
    this.assets.push({ asset, permissions, readAs: email(owner), unreadable: undefined, seenBy: [] });
    return this;
  }

  compile(...requests: readonly Request[]): Compiled {
    const principal = (address: Email): Principal =>
      this.principals.get(address) ??
      (isInside(this.tenant, address) ? { kind: "missing", email: address } : { kind: "external", email: address });
    const context: CompileContext = {
      tenant: this.tenant,
      admin: email("admin"),
      protections: protectionsOf({ principal }, this.protect),
      principal,
      reachable: (address) => !this.unreachable.has(canonical({ principal }, address)),
    };
    return compileAll(context, this.assets, requests);
  }
}

/** What the engine does with a stage, over lists in memory. */
function compileAll(context: CompileContext, assets: readonly AssetRecord[], requests: readonly Request[]): Compiled {
  const refusals: Refusal[] = [];
  const resolved: Resolved[] = [];
  for (const request of requests) {
    const found = resolveRequest(context, request);
    if ("rule" in found) refusals.push(found);
    else resolved.push(found);
  }
  const broad = new BroadRequests(
    context.tenant,
    resolved.filter((r) => r.request.select.asset === undefined),
  );
  const about = ({ asset, permissions }: AssetRecord): readonly Resolved[] => [
    ...resolved.filter((r) => r.request.select.asset === asset.name),
    ...broad.matching(asset, permissions),
  ];
  const census = new TransferCensus(context, broad.all());
  for (const record of assets) census.see(record.asset, about(record));
  const decision = census.decide();
  const carriers = new Map<Email, Carrier>(
    decision.transfers.map((t, index) => [t.from.email, { seq: index + 1, to: t.to.email }]),
  );
  const verdicts = assets.flatMap((record) => {
    const rows = about(record);
    const { owner } = record.asset;
    return rows.length === 0
      ? []
      : [compileAsset(context, record, rows, owner === undefined ? undefined : carriers.get(owner))];
  });
  return {
    transfers: decision.transfers,
    after: decision.after,
    edits: verdicts.flatMap((v) => (v.edit === undefined ? [] : [v.edit])),
    byHand: verdicts.flatMap((v) => (v.byHand === undefined ? [] : [v.byHand])),
    refusals: [...refusals, ...decision.refusals, ...verdicts.flatMap((v) => v.refusals)],
    diagnostics: [...decision.diagnostics, ...verdicts.flatMap((v) => v.diagnostics)],
    alreadySo: verdicts.filter(
      (v) => v.edit === undefined && v.byHand === undefined && v.refusals.length + v.diagnostics.length === 0,
    ).length,
  };
}

/** Pairs as `+EDITOR user:x`, for comparing at a glance. */
export function shown(edit: {
  readonly delta: {
    readonly add: readonly { role: string; member: string }[];
    readonly remove: readonly { role: string; member: string }[];
  };
}): readonly string[] {
  return [
    ...edit.delta.add.map((pair) => `+${pair.role} ${pair.member}`),
    ...edit.delta.remove.map((pair) => `-${pair.role} ${pair.member}`),
  ];
}

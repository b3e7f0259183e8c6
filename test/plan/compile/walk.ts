/** The compiler's walk over a tenant as the engine makes it, kept asset by asset, with its sums. */
import type { Email } from "../../../src/model/email.ts";
import type { Request } from "../../../src/model/request.ts";
import type { HazardTotal, NoAction, Refusal, RunTotals } from "../../../src/model/run.ts";
import type { AssetRecord, Exposure } from "../../../src/model/snapshot.ts";
import type { Principal } from "../../../src/model/tenant.ts";
import { isInside } from "../../../src/model/tenant.ts";
import { compileAsset } from "../../../src/plan/compile/asset.ts";
import type { AssetVerdict, Carrier } from "../../../src/plan/compile/asset.ts";
import { BroadRequests } from "../../../src/plan/compile/broad.ts";
import type { CompileContext, PlannedTransfer, Resolved } from "../../../src/plan/compile/context.ts";
import { canonical, protectionsOf, resolveRequest } from "../../../src/plan/compile/resolve.ts";
import { PlanTotals } from "../../../src/plan/compile/totals.ts";
import { TransferCensus } from "../../../src/plan/compile/transfers.ts";
import { email } from "./world.ts";
import type { World } from "./world.ts";

export interface Seen {
  readonly record: AssetRecord;
  /** Undefined where no row is about the asset. */
  readonly verdict: AssetVerdict | undefined;
  /** The transfer that carries it. */
  readonly carrier: Carrier | undefined;
}

export interface Walk {
  readonly context: CompileContext;
  readonly transfers: readonly PlannedTransfer[];
  readonly after: ReadonlyMap<PlannedTransfer, PlannedTransfer>;
  readonly seen: readonly Seen[];
  /** All of them, those of single assets included. */
  readonly refusals: readonly Refusal[];
  readonly noActions: readonly NoAction[];
  readonly totals: RunTotals;
  readonly hazards: readonly HazardTotal[];
  readonly exposureBefore: Exposure;
  readonly exposureAfter: Exposure;
}

/** Undefined when rows contradict each other: then there is no plan. */
export function walk(world: World, requests: readonly Request[]): Walk | undefined {
  const principal = (address: Email): Principal =>
    world.principals.get(address) ??
    (isInside(world.tenant, address) ? { kind: "missing", email: address } : { kind: "external", email: address });
  const context: CompileContext = {
    tenant: world.tenant,
    admin: email("admin"),
    protections: protectionsOf({ principal }, world.protect),
    principal,
    reachable: (address) => !world.unreachable.has(canonical({ principal }, address)),
  };
  const totals = new PlanTotals(world.tenant);
  const resolved: Resolved[] = [];
  const refusals: Refusal[] = [];
  for (const request of requests) {
    const found = resolveRequest(context, request);
    if ("rule" in found) refusals.push(found);
    else resolved.push(found);
  }
  const named = resolved.filter((each) => each.request.select.asset !== undefined);
  const broad = new BroadRequests(
    world.tenant,
    resolved.filter((each) => each.request.select.asset === undefined),
  );
  const about = ({
    asset,
    permissions,
  }: AssetRecord): { readonly own: readonly Resolved[]; readonly wide: readonly Resolved[] } => ({
    own: named.filter((each) => each.request.select.asset === asset.name),
    wide: broad.matching(asset, permissions),
  });
  const census = new TransferCensus(context, broad.all());
  for (const record of world.assets) {
    const { own, wide } = about(record);
    census.see(record.asset, [...own, ...wide]);
  }
  const decision = census.decide();
  let clash = decision.diagnostics.length > 0;
  refusals.push(...decision.refusals);
  const carriers = new Map<Email, Carrier>();
  for (const [index, planned] of decision.transfers.entries()) {
    carriers.set(planned.from.email, { seq: index + 1, to: planned.to.email });
    totals.transfer(planned);
  }
  for (const each of refusals) totals.refused(each);
  const seen = world.assets.map((record): Seen => {
    const { own, wide } = about(record);
    const roles = record.permissions?.roles;
    const carrier = record.asset.owner === undefined ? undefined : carriers.get(record.asset.owner);
    if (own.length + wide.length === 0) {
      if (roles !== undefined) totals.exposure(roles, roles);
      return { record, verdict: undefined, carrier };
    }
    const verdict = compileAsset(context, record, [...own, ...wide], carrier);
    clash ||= verdict.diagnostics.length > 0;
    totals.asset(record, verdict, carrier !== undefined);
    broad.saw(wide, verdict);
    if (roles !== undefined) totals.exposure(roles, verdict.rolesAfter ?? roles);
    refusals.push(...verdict.refusals);
    return { record, verdict, carrier };
  });
  if (clash) return undefined;
  return {
    context,
    transfers: decision.transfers,
    after: decision.after,
    seen,
    refusals,
    noActions: broad.noActions(),
    totals: totals.totals(requests.length, 0),
    hazards: totals.hazards,
    exposureBefore: totals.exposureBefore,
    exposureAfter: totals.exposureAfter,
  };
}

/**
 * Which leavers are handed over whole. A Data Transfer job moves everything one user owns and nothing less (api.md 3.1),
 * so a job is decided on only when the rows together give every live asset of the user to one heir.
 */
import type { Asset } from "../../model/asset.ts";
import { placeText } from "../../model/diagnostic.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Email } from "../../model/email.ts";
import type { TransferRequest } from "../../model/request.ts";
import type { Refusal } from "../../model/run.ts";
import { counted } from "../../model/text.ts";
import { namesEveryType } from "./context.ts";
import type { CompileContext, PlannedTransfer, Resolved } from "./context.ts";
import { protectedBy } from "./match.ts";

type ResolvedTransfer = Extract<Resolved, { action: "transfer" }>;

interface Tally {
  readonly transfer: ResolvedTransfer;
  readonly requests: Set<TransferRequest>;
  coveredLive: number;
  coveredTrashed: number;
  whole: boolean;
}

interface OwnerTally {
  live: number;
  trashed: number;
  liveDataSources: number;
  readonly byHeir: Map<Email, Tally>;
  readonly protectedAssets: { readonly asset: Asset; readonly rule: string }[];
}

export interface TransferDecision {
  /** In the order in which they must be carried out. */
  readonly transfers: readonly PlannedTransfer[];
  /** For each transfer, the one that must have succeeded first: the heir's own departure. */
  readonly after: ReadonlyMap<PlannedTransfer, PlannedTransfer>;
  readonly refusals: readonly Refusal[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Counts, asset by asset, what each owner has and what the rows give away; then decides. */
export class TransferCensus {
  readonly #context: CompileContext;
  readonly #owners = new Map<Email, OwnerTally>();

  constructor(context: CompileContext, broad: readonly Resolved[]) {
    this.#context = context;
    for (const resolved of broad) {
      if (resolved.action !== "transfer" || !asksForWholeUser(resolved)) continue;
      const tally = this.#tally(resolved);
      tally.whole = true;
      tally.requests.add(resolved.request);
    }
  }

  /** Notes one asset and the requests that concern it. */
  see(asset: Asset, requests: readonly Resolved[]): void {
    if (asset.owner === undefined) return;
    const owner = this.#owner(asset.owner);
    if (asset.trashed) owner.trashed += 1;
    else {
      owner.live += 1;
      if (asset.assetType === "DATA_SOURCE") owner.liveDataSources += 1;
    }
    const rule = protectedBy(this.#context.protections, asset);
    if (rule !== undefined && owner.protectedAssets.length < 3) owner.protectedAssets.push({ asset, rule: rule.id });
    const covering = new Set<Tally>();
    for (const transfer of requests.flatMap(transferOf)) {
      if (transfer.from.email !== asset.owner) continue;
      const tally = this.#tally(transfer);
      tally.requests.add(transfer.request);
      covering.add(tally);
    }
    for (const tally of covering) {
      if (asset.trashed) tally.coveredTrashed += 1;
      else tally.coveredLive += 1;
    }
  }

  decide(): TransferDecision {
    const refusals: Refusal[] = [];
    const diagnostics: Diagnostic[] = [];
    const candidates: PlannedTransfer[] = [];
    for (const [email, owner] of this.#owners) {
      const whole = [...owner.byHeir.values()].filter((tally) => tally.whole);
      const [first, second] = whole;
      if (first !== undefined && second !== undefined) {
        diagnostics.push(twoHeirs(first, second));
        continue;
      }
      const complete = this.#context.reachable(email);
      const everything = first ?? (complete ? coveringTally(owner) : undefined);
      if (everything === undefined) continue;
      const [shielded] = owner.protectedAssets;
      if (shielded !== undefined && everything.whole) {
        refusals.push(protectedWhole(everything, shielded.asset, shielded.rule));
        continue;
      }
      if (shielded !== undefined) continue;
      if (owner.live + owner.trashed === 0 && complete) continue;
      candidates.push({
        from: everything.transfer.from,
        to: everything.transfer.to,
        requests: [...everything.requests],
        live: owner.live,
        trashed: owner.trashed,
        liveDataSources: owner.liveDataSources,
        unnamed: everything.whole ? 0 : owner.trashed - everything.coveredTrashed,
        complete,
      });
    }
    const { ordered, after, swaps } = inOrder(candidates);
    return { transfers: ordered, after, refusals: [...refusals, ...swaps], diagnostics };
  }

  #owner(email: Email): OwnerTally {
    let owner = this.#owners.get(email);
    if (owner === undefined) {
      owner = { live: 0, trashed: 0, liveDataSources: 0, byHeir: new Map(), protectedAssets: [] };
      this.#owners.set(email, owner);
    }
    return owner;
  }

  #tally(transfer: ResolvedTransfer): Tally {
    const owner = this.#owner(transfer.from.email);
    let tally = owner.byHeir.get(transfer.to.email);
    if (tally === undefined) {
      tally = { transfer, requests: new Set(), coveredLive: 0, coveredTrashed: 0, whole: false };
      owner.byHeir.set(transfer.to.email, tally);
    }
    return tally;
  }
}

/** Whether the row means everything the user owns: no asset, title, audience or single type named. */
function asksForWholeUser(resolved: ResolvedTransfer): boolean {
  const { select } = resolved.request;
  return (
    select.asset === undefined &&
    select.title === undefined &&
    select.audience === undefined &&
    namesEveryType(select.types)
  );
}

function transferOf(resolved: Resolved): readonly ResolvedTransfer[] {
  return resolved.action === "transfer" ? [resolved] : [];
}

/** The one heir to whom the rows give every live asset, if there is one. */
function coveringTally(owner: OwnerTally): Tally | undefined {
  if (owner.live === 0) return undefined;
  const heirs = [...owner.byHeir.values()].filter((tally) => tally.coveredLive + tally.coveredTrashed > 0);
  const [only] = heirs;
  if (heirs.length !== 1 || only === undefined || only.coveredLive !== owner.live) return undefined;
  const attempt = [...only.requests].some((request) => request.ownerChange === "attempt");
  return attempt ? undefined : only;
}

function twoHeirs(first: Tally, second: Tally): Diagnostic {
  const [one] = first.requests;
  const [other] = second.requests;
  if (one === undefined || other === undefined) throw new Error("a tally without a request");
  return {
    place: other.place,
    problem: `everything of ${first.transfer.from.email} goes to ${second.transfer.to.email} here and to ${first.transfer.to.email} at ${placeText(one.place)}`,
    remedy: "keep one of the two rows, or name assets, titles or types in both",
  };
}

function protectedWhole(tally: Tally, asset: Asset, rule: string): Refusal {
  return {
    rule: "protected",
    places: [...tally.requests].map((request) => request.place),
    problem: `a transfer of everything ${tally.transfer.from.email} owns would move the ${asset.assetType} ${JSON.stringify(asset.title)}, which ${rule} protects`,
    remedy: "name the assets to hand over one by one, or lift the rule",
  };
}

/**
 * Departures first: when the heir B of one transfer leaves everything to C in another, B's own assets go before A's
 * arrive, so that each asset moves once. A ring has no such order, and no third account is used to park assets.
 */
function inOrder(candidates: readonly PlannedTransfer[]): {
  readonly ordered: readonly PlannedTransfer[];
  readonly after: ReadonlyMap<PlannedTransfer, PlannedTransfer>;
  readonly swaps: readonly Refusal[];
} {
  const byFrom = new Map(candidates.map((transfer) => [transfer.from.email, transfer]));
  const ring = new Map<PlannedTransfer, number>();
  /** How many departures must come first. A ring counts as none: nothing of it is carried out. */
  const depths = new Map<PlannedTransfer, number>();
  for (const start of candidates) {
    // Each transfer is met once, however long the row of departures it stands in.
    const path = new Set<PlannedTransfer>();
    let next: PlannedTransfer | undefined = start;
    while (next !== undefined && !path.has(next) && !depths.has(next)) {
      path.add(next);
      next = byFrom.get(next.to.email);
    }
    const row = [...path];
    const closed = next !== undefined && path.has(next) ? row.splice(row.indexOf(next)) : [];
    for (const link of closed) {
      ring.set(link, closed.length);
      depths.set(link, 0);
    }
    for (const link of row.toReversed()) {
      const departure = byFrom.get(link.to.email);
      const follows = departure !== undefined && !ring.has(departure);
      depths.set(link, follows ? 1 + (depths.get(departure) ?? 0) : 0);
    }
  }
  const after = new Map<PlannedTransfer, PlannedTransfer>();
  const straight = candidates.filter((transfer) => !ring.has(transfer));
  for (const transfer of straight) {
    const departure = byFrom.get(transfer.to.email);
    if (departure !== undefined && !ring.has(departure)) after.set(transfer, departure);
  }
  const ordered = straight.toSorted((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0));
  const swaps = [...ring].map(([transfer, length]): Refusal => {
    return {
      rule: "swap",
      places: transfer.requests.map((request) => request.place),
      problem: `${transfer.from.email} and ${transfer.to.email} would exchange everything they own (${counted(length, "transfer")} in a ring): the first transfer would mix both`,
      remedy: "hand one side over to a third account first, in a run of its own",
    };
  });
  return { ordered, after, swaps };
}

/** Sums over a plan in the making: what it changes, who can get in before and after, and which limits it breaks. */
import type { AssetVerdict } from "./asset.ts";
import { allUsers, memberKind } from "../../model/member.ts";
import type { Member } from "../../model/member.ts";
import { EDITOR, VIEWER, linkRoles, size } from "../../model/permissions.ts";
import type { RoleMap } from "../../model/permissions.ts";
import type { Email } from "../../model/email.ts";
import type { LimitName, LimitPlaces, Limits } from "../../model/request.ts";
import type { HazardTotal, Refusal, RunTotals } from "../../model/run.ts";
import type { AssetRecord, Exposure } from "../../model/snapshot.ts";
import type { HazardName } from "../../model/step.ts";
import { isExternal } from "../../model/tenant.ts";
import type { Tenant } from "../../model/tenant.ts";
import type { PlannedTransfer } from "./context.ts";
import { hazardTotal, newExternal, newPublic, transferHazards } from "./hazards.ts";

/** Refusals kept with their words; the count goes on. */
const refusalsMax = 1000;
/** Members of whom it is kept whether they are outside. */
const rememberedMax = 20_000;

/** Adds up while steps are made. */
export class PlanTotals {
  readonly #tenant: Tenant;
  readonly #external = new Map<Member, boolean>();
  readonly #hazards = new Map<HazardName, number>();
  readonly #refusals: Refusal[] = [];
  readonly #notFound: Refusal[] = [];
  readonly #before = zero();
  readonly #after = zero();
  #steps = 0;
  #transfers = 0;
  #assetsTransferred = 0;
  #assetsEdited = 0;
  #editsAfterTransfer = 0;
  #edits = 0;
  #byHand = 0;
  #refused = 0;
  #alreadySo = 0;
  #ownerAttempts = 0;
  #newExternal = 0;
  #newPublic = 0;
  readonly #byOwner = new Map<Email, number>();

  constructor(tenant: Tenant) {
    this.#tenant = tenant;
  }

  transfer(transfer: PlannedTransfer): void {
    this.#steps += 1;
    this.#transfers += 1;
    this.#assetsTransferred += transfer.live;
    this.#changes(transfer.from.email, transfer.live);
    for (const name of transferHazards(transfer)) {
      this.#hazard(name, transferHazardCount(name, transfer));
    }
  }

  /** An asset that rows are about, with what they came to. */
  asset(
    record: Pick<AssetRecord, "permissions"> & Partial<AssetRecord>,
    verdict: AssetVerdict,
    carried: boolean,
  ): void {
    const { edit, byHand } = verdict;
    for (const refusal of verdict.refusals) this.refused(refusal);
    if (edit !== undefined) {
      this.#steps += 1;
      if (carried) this.#editsAfterTransfer += 1;
      else this.#assetsEdited += 1;
      this.#edits += size(edit.delta);
      if (edit.attemptOwner !== undefined) this.#ownerAttempts += 1;
      this.#changes(record.asset?.owner ?? edit.owner, size(edit.delta) + (edit.attemptOwner === undefined ? 0 : 1));
      this.#newExternal += newExternal(this.#tenant, record.permissions?.roles, edit.delta).length;
      this.#newPublic += newPublic(record.permissions?.roles, edit.delta).length;
      for (const name of edit.hazards) this.#hazard(name, 1);
    }
    if (byHand !== undefined) {
      this.#steps += 1;
      this.#byHand += 1;
      if (edit === undefined) for (const name of byHand.hazards) this.#hazard(name, 1);
    }
    if (edit === undefined && byHand === undefined && verdict.refusals.length === 0) this.#alreadySo += 1;
  }

  /** Every asset whose permissions were read, touched or not. */
  exposure(before: RoleMap, after: RoleMap): void {
    this.#count(this.#before, before);
    this.#count(this.#after, after);
  }

  #count(tally: Tally, roles: RoleMap): void {
    let isPublic = false;
    let isWholeDomain = false;
    for (const role of linkRoles) {
      for (const m of roles.get(role) ?? []) {
        if (m === allUsers) isPublic = true;
        else if (memberKind(m) === "domain") isWholeDomain = true;
      }
    }
    if (isPublic) tally.publicLinks += 1;
    if (isWholeDomain) tally.wholeDomainLinks += 1;
    if (this.#anyExternal(roles.get(EDITOR))) tally.externalEditors += 1;
    if (this.#anyExternal(roles.get(VIEWER))) tally.externalViewers += 1;
  }

  #anyExternal(members: readonly Member[] = []): boolean {
    for (const m of members) if (this.#isExternal(m)) return true;
    return false;
  }

  /** The same people stand on many assets: looking one up takes a tenth of reading the address again. */
  #isExternal(m: Member): boolean {
    const known = this.#external.get(m);
    if (known !== undefined) return known;
    if (this.#external.size >= rememberedMax) this.#external.clear();
    const found = isExternal(this.#tenant, m);
    this.#external.set(m, found);
    return found;
  }

  refused(refusal: Refusal): void {
    this.#refused += 1;
    if (this.#refusals.length < refusalsMax) this.#refusals.push(refusal);
  }

  /** A named asset that there is none of; told of after what is refused of those there are. */
  notFound(refusal: Refusal): void {
    this.#refused += 1;
    if (this.#notFound.length < refusalsMax) this.#notFound.push(refusal);
  }

  get refusals(): readonly Refusal[] {
    return [...this.#refusals, ...this.#notFound].slice(0, refusalsMax);
  }

  get hazards(): readonly HazardTotal[] {
    return [...this.#hazards].map(([name, total]) => hazardTotal(name, total));
  }

  get exposureBefore(): Exposure {
    return { ...this.#before };
  }

  get exposureAfter(): Exposure {
    return { ...this.#after };
  }

  totals(rows: number, duplicateRows: number): RunTotals {
    return {
      steps: this.#steps,
      transfers: this.#transfers,
      assetsTransferred: this.#assetsTransferred,
      assetsEdited: this.#assetsEdited + this.#editsAfterTransfer,
      edits: this.#edits,
      byHand: this.#byHand,
      refused: this.#refused,
      alreadySo: this.#alreadySo,
      changes: this.#edits + this.#assetsTransferred + this.#ownerAttempts,
      assetsTouched: this.#assetsEdited + Math.max(this.#assetsTransferred, this.#editsAfterTransfer),
      newExternal: this.#newExternal,
      newPublic: this.#newPublic,
      mostOfOneOwner: this.#most(),
      rows,
      duplicateRows,
    };
  }

  #changes(owner: Email | undefined, by: number): void {
    if (owner !== undefined && by > 0) this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? 0) + by);
  }

  #most(): RunTotals["mostOfOneOwner"] {
    let most: RunTotals["mostOfOneOwner"];
    for (const [owner, changes] of this.#byOwner) {
      // Of two alike the first by name, whatever the order of the rows.
      const isMore = most === undefined || changes > most.changes || (changes === most.changes && owner < most.owner);
      if (isMore) most = { owner, changes };
    }
    return most;
  }

  #hazard(name: HazardName, by: number): void {
    this.#hazards.set(name, (this.#hazards.get(name) ?? 0) + by);
  }
}

/** A ceiling a run is over. */
export interface Breach {
  readonly limit: LimitName;
  readonly allowed: number;
  readonly found: number;
  /** Where the ceiling was set. */
  readonly from?: string | undefined;
  /** Whose assets it is about. */
  readonly owner?: Email | undefined;
}

/** Which limits a plan breaks, with what is allowed and what was found. */
export function breaches(
  limits: Limits,
  totals: RunTotals,
  assetsRead: number,
  limitsFrom: LimitPlaces | undefined = {},
): readonly Breach[] {
  const percent = assetsRead === 0 ? 0 : (100 * totals.assetsTouched) / assetsRead;
  const most = totals.mostOfOneOwner;
  const found: readonly (readonly [LimitName, number])[] = [
    ["changes", totals.changes],
    ["percentOfAssets", percent],
    ["perOwner", most?.changes ?? 0],
    ["newExternal", totals.newExternal],
    ["newPublic", totals.newPublic],
  ];
  return found.flatMap(([limit, value]) => {
    const allowed = limits[limit];
    if (allowed === undefined || value <= allowed) return [];
    return [
      {
        limit,
        allowed,
        found: roundedAbove(allowed, value),
        from: limitsFrom[limit],
        owner: limit === "perOwner" ? most?.owner : undefined,
      },
    ];
  });
}

/** With two decimals, or with as many as it takes to show that it is more than is allowed. */
function roundedAbove(allowed: number, found: number): number {
  const rounded = Math.round(found * 100) / 100;
  return rounded > allowed ? rounded : found;
}

/** How much of a transfer a hazard is about: assets where it is about assets, otherwise the transfer itself. */
function transferHazardCount(name: HazardName, transfer: PlannedTransfer): number {
  switch (name) {
    case "keeps-credentials":
      return transfer.liveDataSources;
    case "leaves-trash":
      return transfer.trashed;
    case "moves-unnamed-assets":
      return transfer.unnamed;
    default:
      return 1;
  }
}

type Tally = { -readonly [K in keyof Exposure]: Exposure[K] };

function zero(): Tally {
  return { publicLinks: 0, wholeDomainLinks: 0, externalEditors: 0, externalViewers: 0 };
}

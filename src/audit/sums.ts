/** The figures of an audit, added up asset by asset. */
import { dayMs } from "../model/clock.ts";
import { ageBuckets, audiences, exposureRoles, ownerStates } from "../model/audit.ts";
import type { AuditAudience, AuditSums, ExposureRole, OwnerState } from "../model/audit.ts";
import { domainOf } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import { severities } from "../model/finding.ts";
import type { Finding, Severity } from "../model/finding.ts";
import type { InventoryAsset } from "../model/inventory.ts";
import { allUsers } from "../model/member.ts";
import type { Member } from "../model/member.ts";
import type { Role } from "../model/permissions.ts";
import { isGone, isOutside, isTrusted, pairsOf } from "./members.ts";
import type { AuditFacts } from "./rule.ts";

const listedMax = 50;

/** How much one finding of a severity counts when owners are put in order. */
const weights: Readonly<Record<Severity, number>> = { critical: 1000, high: 100, medium: 10, low: 1, info: 0 };

interface OwnerRisk {
  assets: number;
  readonly findings: Record<Severity, number>;
}

interface DomainReach {
  readonly members: Set<Member>;
  assets: number;
  editable: number;
}

/** Grows with people and domains, not with assets. */
export class Sums {
  #assets = 0;
  #trashed = 0;
  #ageless = 0;
  readonly #exposure = new Map<string, number>();
  readonly #owners = new Map<string, number>();
  readonly #types = new Set<string>();
  readonly #risks = new Map<Email, OwnerRisk>();
  readonly #domains = new Map<string, DomainReach>();
  readonly #ages: number[] = ageBuckets.map(() => 0);

  /** One asset and what was found about it, accepted findings left out. */
  add(record: InventoryAsset, facts: AuditFacts, findings: readonly Finding[]): void {
    const { owner, assetType, trashed } = record.asset;
    this.#assets += 1;
    if (owner !== undefined) this.#addRisk(owner, findings);
    if (trashed) {
      this.#trashed += 1;
      return;
    }
    this.#types.add(assetType);
    plusOne(this.#owners, `${ownerState(owner, facts)} ${assetType}`);
    this.#addAge(record, facts);
    if (record.permissions !== undefined) this.#addExposure(record, facts);
  }

  end(): AuditSums {
    const at = (counts: ReadonlyMap<string, number>, key: string): number => counts.get(key) ?? 0;
    return {
      assets: this.#assets,
      trashed: this.#trashed,
      exposure: audiences.flatMap((audience) =>
        exposureRoles.map((role) => ({ audience, role, assets: at(this.#exposure, `${audience} ${role}`) })),
      ),
      owners: ownerStates.flatMap((state) =>
        [...this.#types]
          .toSorted()
          .map((assetType) => ({ state, assetType, assets: at(this.#owners, `${state} ${assetType}`) })),
      ),
      risks: [...this.#risks]
        .filter(([, { findings }]) => weightOf(findings) > 0)
        .toSorted(([a, x], [b, y]) => weightOf(y.findings) - weightOf(x.findings) || (a < b ? -1 : 1))
        .slice(0, listedMax)
        .map(([owner, { assets, findings }]) => ({ owner, assets, findings })),
      domains: [...this.#domains]
        .toSorted(([a, x], [b, y]) => y.editable - x.editable || y.assets - x.assets || (a < b ? -1 : 1))
        .slice(0, listedMax)
        .map(([domain, { members, assets, editable }]) => ({ domain, members: members.size, assets, editable })),
      ages: this.#ages,
      ageless: this.#ageless,
    };
  }

  #addRisk(owner: Email, findings: readonly Finding[]): void {
    let risk = this.#risks.get(owner);
    if (risk === undefined) {
      risk = { assets: 0, findings: { critical: 0, high: 0, medium: 0, low: 0, info: 0 } };
      this.#risks.set(owner, risk);
    }
    risk.assets += 1;
    for (const { severity } of findings) risk.findings[severity] += 1;
  }

  #addAge(record: InventoryAsset, facts: AuditFacts): void {
    const updated = Date.parse(record.asset.updateTime ?? "");
    if (Number.isNaN(updated)) {
      this.#ageless += 1;
      return;
    }
    const days = (facts.at - updated) / dayMs;
    const bucket = ageBuckets.findIndex((end) => end === undefined || days < end);
    this.#ages[bucket] = (this.#ages[bucket] ?? 0) + 1;
  }

  /** An asset counts once for each kind of grant, however many members hold it. */
  #addExposure(record: InventoryAsset, facts: AuditFacts): void {
    const kinds = new Set<string>();
    const reached = new Map<string, boolean>();
    const roles = record.permissions?.roles ?? new Map<Role, readonly Member[]>();
    for (const { role, member } of pairsOf(roles)) {
      const audience = audienceOf(facts, member);
      kinds.add(`${audience} ${exposureRole(role)}`);
      if (audience !== "outside") continue;
      const domain = facts.parts(member).domain ?? "unknown";
      this.#reach(domain).members.add(member);
      reached.set(domain, (reached.get(domain) ?? false) || role === "EDITOR" || role === "LINK_EDITOR");
    }
    for (const kind of kinds) plusOne(this.#exposure, kind);
    for (const [domain, editable] of reached) {
      const reach = this.#reach(domain);
      reach.assets += 1;
      if (editable) reach.editable += 1;
    }
  }

  #reach(domain: string): DomainReach {
    let reach = this.#domains.get(domain);
    if (reach === undefined) {
      reach = { members: new Set(), assets: 0, editable: 0 };
      this.#domains.set(domain, reach);
    }
    return reach;
  }
}

export function audienceOf(facts: AuditFacts, m: Member): AuditAudience {
  if (m === allUsers) return "public";
  if (isGone(facts, m)) return "gone";
  if (isOutside(facts, m)) return "outside";
  switch (facts.parts(m).kind) {
    case "domain":
      return "domain";
    case "group":
      return "group";
    case "serviceAccount":
      return "service account";
    case "user":
    case "allUsers":
      return "person";
    case "unknown":
      return "outside";
  }
}

export function exposureRole(role: Role): ExposureRole {
  return exposureRoles.find((known) => known === role) ?? "other";
}

export function ownerState(owner: Email | undefined, facts: AuditFacts): OwnerState {
  if (owner === undefined) return "none";
  const principal = facts.principal(owner);
  if (principal?.kind === "user") {
    if (principal.person.suspended) return "suspended";
    return principal.person.archived ? "archived" : "active";
  }
  if (principal?.kind === "deleted") return "deleted";
  return isTrusted(facts, domainOf(owner)) ? "unknown" : "outside";
}

function weightOf(findings: Readonly<Record<Severity, number>>): number {
  return severities.reduce((sum, severity) => sum + weights[severity] * findings[severity], 0);
}

function plusOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

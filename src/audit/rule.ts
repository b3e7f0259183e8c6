/** What a rule of the audit is: a question asked of every asset, with why it matters and what to do about it. */
import type { Domain, Email } from "../model/email.ts";
import type { PlanRow, Severity } from "../model/finding.ts";
import type { InventoryAsset } from "../model/inventory.ts";
import type { Member, MemberKind } from "../model/member.ts";
import type { Pair, Role, RoleMap } from "../model/permissions.ts";
import type { Principal, Tenant } from "../model/tenant.ts";

/** A member taken apart. */
export interface MemberParts {
  readonly kind: MemberKind;
  readonly email: Email | undefined;
  readonly domain: Domain | undefined;
}

/** What a rule may know beside the asset. */
export interface AuditFacts {
  readonly tenant: Tenant;
  /** Domains outside the tenant that are trusted like it. */
  readonly trusted: ReadonlySet<Domain>;
  /** Wall time at which the snapshot was finished, ms: what ages are measured from. */
  readonly at: number;
  readonly staleAfterMs: number;
  readonly editorsMax: number;
  /** Each member is taken apart once: the same people stand on very many assets. */
  parts(member: Member): MemberParts;
  /** What the Directory says of an address; undefined when it was not looked up. */
  principal(email: Email): Principal | undefined;
  /** Whether the person is in the group, also through other groups; false where the group was not read. */
  isIn(group: Email, person: Email): boolean;
}

/** An asset in the hands of a rule. `roles` is empty when the permissions could not be read. */
export interface AuditedAsset {
  readonly record: InventoryAsset;
  readonly roles: RoleMap;
  /** Every pair but the owner's. */
  readonly pairs: readonly Pair[];
}

/** What a rule found; who it is of is added by the audit. */
export interface Hit {
  readonly member?: Member | undefined;
  readonly role?: Role | undefined;
  readonly text: string;
  readonly fix?: PlanRow | undefined;
}

export interface Rule {
  /** Such as `public-link-edit`: part of the public contract. */
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  /** Why it matters, in a sentence or two. */
  readonly rationale: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Whether it looks at assets in the trash; most do not, because nobody can open those. */
  readonly trashed?: "also" | "only";
  readonly check: (asset: AuditedAsset, facts: AuditFacts) => readonly Hit[];
}

/** A row of a plan file. */
export function planRow(columns: Readonly<Record<string, string>>): PlanRow {
  return new Map(Object.entries(columns));
}

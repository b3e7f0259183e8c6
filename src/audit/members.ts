/** Who a member of an asset is, seen from the tenant: what several rules ask. */
import type { Domain } from "../model/email.ts";
import { consumerDomains, domainOf } from "../model/email.ts";
import { allUsers, memberDomain, memberEmail, memberKind } from "../model/member.ts";
import type { Member } from "../model/member.ts";
import { OWNER } from "../model/permissions.ts";
import type { Pair, RoleMap } from "../model/permissions.ts";
import type { AuditFacts, MemberParts } from "./rule.ts";

/** Every pair but the owner's. */
export function pairsOf(roles: RoleMap): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const [role, members] of roles) {
    if (role !== OWNER) for (const member of members) pairs.push({ role, member });
  }
  return pairs;
}

/** Takes members apart, and remembers: as many as there are people. */
export function rememberedParts(): (member: Member) => MemberParts {
  const known = new Map<Member, MemberParts>();
  return (m) => {
    let parts = known.get(m);
    if (parts === undefined) {
      parts = { kind: memberKind(m), email: memberEmail(m), domain: memberDomain(m) };
      known.set(m, parts);
    }
    return parts;
  };
}

/**
 * Neither of the tenant nor of a trusted domain; whoever is of a kind nobody knows cannot be placed, and counts as outside,
 * as in a plan. `allUsers`, service accounts and those deleted are rules of their own.
 */
export function isOutside(facts: AuditFacts, m: Member): boolean {
  const { kind, domain } = facts.parts(m);
  if (m === allUsers || kind === "serviceAccount" || m.startsWith("deleted:")) return false;
  return domain === undefined || !isTrusted(facts, domain);
}

export function isTrusted({ tenant, trusted }: AuditFacts, domain: Domain): boolean {
  return tenant.domains.has(domain) || trusted.has(domain);
}

export function isConsumer(facts: AuditFacts, m: Member): boolean {
  const { email } = facts.parts(m);
  return email !== undefined && consumerDomains.has(domainOf(email));
}

/** Stands for everybody of the tenant or of a trusted domain. */
export function isWholeDomain(facts: AuditFacts, m: Member): boolean {
  const { kind, domain } = facts.parts(m);
  return kind === "domain" && domain !== undefined && isTrusted(facts, domain);
}

/** A person who was deleted, or of whom the Directory knows nothing although the domain is the tenant's own. */
export function isGone(facts: AuditFacts, m: Member): boolean {
  if (m.startsWith("deleted:")) return true;
  const { kind, email } = facts.parts(m);
  if (email === undefined || kind === "serviceAccount") return false;
  const principal = facts.principal(email);
  return principal?.kind === "deleted" || principal?.kind === "missing";
}

/** Who a member of an asset is, seen from the tenant: what several rules ask. */
import type { Domain, Email } from "../model/email.ts";
import { domainOf } from "../model/email.ts";
import { allUsers, memberDomain, memberEmail, memberKind } from "../model/member.ts";
import type { Member } from "../model/member.ts";
import { OWNER } from "../model/permissions.ts";
import type { Pair } from "../model/permissions.ts";
import type { AuditFacts, AuditedAsset } from "./rule.ts";

/** Mail services that anybody can have an account with, where no organisation decides who gets in. */
const consumerDomains: ReadonlySet<string> = new Set([
  "aol.com",
  "gmail.com",
  "gmx.com",
  "gmx.de",
  "gmx.net",
  "googlemail.com",
  "hotmail.com",
  "icloud.com",
  "live.com",
  "mail.com",
  "me.com",
  "msn.com",
  "outlook.com",
  "proton.me",
  "protonmail.com",
  "web.de",
  "yahoo.com",
  "yandex.com",
]);

/** Every pair but the owner's. */
export function pairsOf({ roles }: AuditedAsset): readonly Pair[] {
  return [...roles].flatMap(([role, members]) => (role === OWNER ? [] : members.map((member) => ({ role, member }))));
}

/** Neither of the tenant nor of a trusted domain. `allUsers` and service accounts are rules of their own. */
export function isOutside(facts: AuditFacts, m: Member): boolean {
  const kind = memberKind(m);
  if (m === allUsers || kind === "serviceAccount" || kind === "unknown") return false;
  const domain = memberDomain(m);
  return domain === undefined || !isTrusted(facts, domain);
}

export function isTrusted({ tenant, trusted }: AuditFacts, domain: Domain): boolean {
  return tenant.domains.has(domain) || trusted.has(domain);
}

export function isConsumer(m: Member): boolean {
  const email = memberEmail(m);
  return email !== undefined && consumerDomains.has(domainOf(email));
}

/** Stands for everybody of the tenant or of a trusted domain. */
export function isWholeDomain(facts: AuditFacts, m: Member): boolean {
  const domain = memberKind(m) === "domain" ? memberDomain(m) : undefined;
  return domain !== undefined && isTrusted(facts, domain);
}

/** A person who was deleted, or of whom the Directory knows nothing although the domain is the tenant's own. */
export function isGone(facts: AuditFacts, m: Member): boolean {
  if (m.startsWith("deleted:")) return true;
  const email = memberEmail(m);
  if (email === undefined || memberKind(m) === "serviceAccount") return false;
  const principal = facts.principal(email);
  return principal?.kind === "deleted" || principal?.kind === "missing";
}

/** A user of the tenant who can sign in. */
export function isActiveUser(facts: AuditFacts, email: Email): boolean {
  const principal = facts.principal(email);
  return principal?.kind === "user" && !principal.person.suspended && !principal.person.archived;
}

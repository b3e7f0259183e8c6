/** The organisation as the Directory describes it, and what is known of each address a plan names. */
import { dayMs } from "./clock.ts";
import type { Domain, Email } from "./email.ts";
import { domainOf } from "./email.ts";
import type { Member } from "./member.ts";
import { allUsers, memberDomain } from "./member.ts";

export interface Tenant {
  /** The primary domain, which names the tenant. */
  readonly primaryDomain: Domain;
  /** Every verified domain and domain alias, the primary one included. */
  readonly domains: ReadonlySet<Domain>;
}

/** A user of the tenant (api.md 5). */
export interface Person {
  /** The immutable numeric id, a decimal string. */
  readonly id: string;
  readonly email: Email;
  readonly aliases: readonly Email[];
  readonly suspended: boolean;
  readonly archived: boolean;
  /** When a deleted user was deleted; restorable for 20 days after. RFC 3339. */
  readonly deletionTime?: string | undefined;
  /** Path of the organisational unit, such as `/Sales/EMEA`. */
  readonly orgUnit?: string | undefined;
}

/** How long a deleted user can be restored (api.md 3.3, 5). */
export const restorableMs: number = 20 * dayMs;

/** What an address stands for, as far as the Directory tells. */
export type Principal =
  | { readonly kind: "user"; readonly person: Person }
  | { readonly kind: "deleted"; readonly person: Person }
  | { readonly kind: "group"; readonly id: string; readonly email: Email }
  | { readonly kind: "serviceAccount"; readonly email: Email }
  /** In one of the tenant's domains, but neither user nor group. */
  | { readonly kind: "missing"; readonly email: Email }
  /** In no domain of the tenant: cannot be checked. */
  | { readonly kind: "external"; readonly email: Email };

export function isInside(tenant: Tenant, email: Email): boolean {
  return tenant.domains.has(domainOf(email));
}

/** Whether a grant to `m` lets someone outside the tenant in. Unknown kinds count as outside. */
export function isExternal(tenant: Tenant, m: Member): boolean {
  if (m === allUsers) return false;
  if (m.startsWith("serviceAccount:")) return false;
  const domain = memberDomain(m);
  return domain === undefined || !tenant.domains.has(domain);
}

/** A person who can sign in: neither suspended nor archived. */
export function isActive(principal: Principal | undefined): boolean {
  return principal?.kind === "user" && !principal.person.suspended && !principal.person.archived;
}

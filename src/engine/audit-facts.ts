/** What the rules of an audit may ask of a snapshot: who people are, and who is in which group. Kept in memory: people are few. */
import { rememberedParts } from "../audit/members.ts";
import type { AuditFacts } from "../audit/rule.ts";
import type { SnapshotReader } from "../journal/snapshot.ts";
import type { Domain, Email } from "../model/email.ts";
import type { GroupMember } from "../model/inventory.ts";
import type { Principal } from "../model/tenant.ts";

const pageSize = 1000;

export async function factsOf(
  snapshot: SnapshotReader,
  options: { readonly trusted: ReadonlySet<Domain>; readonly staleAfterMs: number; readonly editorsMax: number },
): Promise<AuditFacts> {
  const { header, finished } = snapshot;
  const principals = await principalsOf(snapshot);
  const groups = await groupsOf(snapshot, principals);
  const domains = new Set([header.tenant, ...header.domains]);
  return {
    ...options,
    tenant: { primaryDomain: header.tenant, domains },
    at: finished?.at ?? header.startedAt,
    parts: rememberedParts(),
    principal: (email) => principals.get(email),
    isIn: (group, person) => groups.get(group)?.has(person) ?? false,
  };
}

async function principalsOf(snapshot: SnapshotReader): Promise<ReadonlyMap<Email, Principal>> {
  const found = new Map<Email, Principal>();
  for (let after = ""; ;) {
    const page = await snapshot.principals(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.email;
    for (const { email, principal } of page) found.set(email, principal);
  }
  for (let after = ""; ;) {
    const page = await snapshot.users(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return found;
    after = last.person.email;
    for (const { person } of page)
      found.set(person.email, { kind: person.deletionTime === undefined ? "user" : "deleted", person });
  }
}

/** Each group with everybody in it, through other groups too. `CUSTOMER` stands for nobody in particular and is left out. */
async function groupsOf(
  snapshot: SnapshotReader,
  principals: ReadonlyMap<Email, Principal>,
): Promise<ReadonlyMap<Email, ReadonlySet<Email>>> {
  const direct = new Map<Email, readonly GroupMember[]>();
  for (const [email, principal] of principals) {
    if (principal.kind === "group") direct.set(email, (await snapshot.groupMembers(principal.email)) ?? []);
  }
  const all = new Map<Email, ReadonlySet<Email>>();
  for (const group of direct.keys()) {
    const inside = new Set<Email>();
    const seen = new Set<Email>([group]);
    for (const next of seen) {
      for (const { email, type } of direct.get(next) ?? []) {
        if (email === undefined) continue;
        if (type === "GROUP") seen.add(email);
        else inside.add(email);
      }
    }
    all.set(group, inside);
  }
  return all;
}

/** Policy writes as pure functions: what PATCH, addMembers and revokeAllPermissions make of the roles (api.md 1.4). */
import { memberKind } from "../model/member.ts";
import type { Member } from "../model/member.ts";
import { EDITOR, LINK_EDITOR, LINK_VIEWER, OWNER, VIEWER } from "../model/permissions.ts";
import type { Role, RoleMap } from "../model/permissions.ts";
import { parseEmail, parseDomain } from "../model/email.ts";
import { badField, invalidArgument, permissionDenied } from "./refusal.ts";
import type { Switches } from "./switches.ts";

/** What is true outside the policy, asked while checking members. */
export interface MemberFacts {
  /** Whether the address exists, as far as the organisation can tell. */
  readonly exists: (member: Member) => boolean;
  readonly isOutside: (member: Member) => boolean;
  /** The member with an alias replaced by the primary address. */
  readonly resolved: (member: Member) => Member;
}

const ownerText = "Owner is not allowed to be modified";
const linkRoles: ReadonlySet<Role> = new Set([LINK_VIEWER, LINK_EDITOR]);
const writableRoles: ReadonlySet<Role> = new Set([EDITOR, VIEWER, LINK_VIEWER, LINK_EDITOR]);

/** The roles after a PATCH that sends `sent` over `held`; throws what Google refuses. `mayOwn`: the caller owns it. */
export function patchedRoles(
  held: RoleMap,
  sent: RoleMap,
  mayOwn: boolean,
  switches: Switches,
  facts: MemberFacts,
): RoleMap {
  checkRoles(held, sent, switches);
  const owners = ownersAfter(held, sent, mayOwn, switches, facts);
  const next = new Map<Role, readonly Member[]>();
  if (owners.length > 0) next.set(OWNER, owners);
  for (const [role, members] of sent) {
    if (role === OWNER) continue;
    const checked = distinct(members.map((member) => checkedMember(held, role, member, switches, facts)));
    if (checked.length > 0) next.set(role, checked);
  }
  if (switches.patchOmittedRole === "keep") {
    for (const [role, members] of held) if (!sent.has(role) && role !== OWNER) next.set(role, members);
  }
  checkLinkRoles(next, switches);
  return next;
}

function ownersAfter(
  held: RoleMap,
  sent: RoleMap,
  mayOwn: boolean,
  switches: Switches,
  facts: MemberFacts,
): readonly Member[] {
  const now = held.get(OWNER) ?? [];
  const wanted = sent.get(OWNER);
  if (wanted === undefined) {
    if (switches.patchOwnerOmitted === "400") throw invalidArgument(ownerText);
    return now;
  }
  if (sameSet(now, wanted)) return now;
  switch (switches.patchOwnerChanged) {
    case "400":
      throw invalidArgument(ownerText);
    case "403":
      throw permissionDenied(ownerText);
    case "ignore":
      return now;
    case "apply":
      return appliedOwner(held, wanted, mayOwn, switches, facts);
  }
}

function appliedOwner(
  held: RoleMap,
  wanted: readonly Member[],
  mayOwn: boolean,
  switches: Switches,
  facts: MemberFacts,
): readonly Member[] {
  if (!mayOwn) throw permissionDenied();
  const [only] = wanted;
  if (only === undefined || wanted.length !== 1 || memberKind(only) !== "user") throw invalidArgument(ownerText);
  const owner = checkedMember(held, OWNER, only, switches, facts);
  if (!facts.exists(owner) || facts.isOutside(owner)) throw invalidArgument(ownerText);
  return [owner];
}

/** The roles after addMembers. */
export function rolesWithAdded(
  held: RoleMap,
  role: Role,
  members: readonly Member[],
  switches: Switches,
  facts: MemberFacts,
): RoleMap {
  if (role === OWNER) throw invalidArgument(ownerText);
  if (!writableRoles.has(role)) throw badRole(role);
  if (members.length === 0 || members.length > switches.maxMembersPerCall) throw invalidArgument();
  const next = new Map(held);
  for (const member of members) {
    const checked = checkedMember(held, role, member, switches, facts);
    const elsewhere = [...next].filter(([other, holders]) => other !== role && holders.includes(checked));
    const personal = elsewhere.filter(([other]) => other !== OWNER && !linkRoles.has(other));
    if (elsewhere.length > 0 && switches.addExistingInOtherRole === "noop") continue;
    if (switches.addExistingInOtherRole === "move") {
      for (const [other] of personal) drop(next, other, checked);
    }
    const holders = next.get(role) ?? [];
    if (!holders.includes(checked)) next.set(role, [...holders, checked]);
  }
  checkLinkRoles(next, switches);
  return next;
}

/** The roles after revokeAllPermissions: unknown members are passed over, owners and the caller stay. */
export function rolesWithout(
  held: RoleMap,
  members: readonly Member[],
  callerMembers: ReadonlySet<string>,
  switches: Switches,
): RoleMap {
  if (members.length === 0 || members.length > switches.maxMembersPerCall) throw invalidArgument();
  const owners = new Set((held.get(OWNER) ?? []).map((member) => member.toLowerCase()));
  const next = new Map(held);
  for (const member of members) {
    const folded = member.toLowerCase();
    if (owners.has(folded) || callerMembers.has(folded)) {
      if (switches.revokeOwnerOrSelf === "400") throw invalidArgument();
      continue;
    }
    for (const role of held.keys()) drop(next, role, member);
  }
  return next;
}

function drop(roles: Map<Role, readonly Member[]>, role: Role, member: Member): void {
  const kept = (roles.get(role) ?? []).filter((holder) => holder.toLowerCase() !== member.toLowerCase());
  if (kept.length > 0) roles.set(role, kept);
  else roles.delete(role);
}

function checkRoles(held: RoleMap, sent: RoleMap, switches: Switches): void {
  for (const role of sent.keys()) {
    if (role === OWNER || writableRoles.has(role)) continue;
    if (switches.unknownRole === "accept") continue;
    if (switches.unknownRole === "existing" && held.has(role)) continue;
    throw badRole(role);
  }
}

function badRole(role: Role): Error {
  return badField(
    "role",
    `Invalid value at 'role' (type.googleapis.com/google.analytics.datastudio.v1.Role), "${role}"`,
  );
}

/** The member as it will be stored. A member the role holds already passes, whatever it is: it was let in before. */
function checkedMember(held: RoleMap, role: Role, sent: Member, switches: Switches, facts: MemberFacts): Member {
  if (held.get(role)?.includes(sent) === true) return sent;
  const kind = memberKind(sent);
  if (kind === "unknown") {
    const elsewhere = [...held.values()].some((members) => members.includes(sent));
    if (elsewhere && switches.unknownMemberKind === "existing") return sent;
    throw invalidArgument(`Policy contains invalid member prefix ${sent}`);
  }
  const member = switches.aliasMember === "resolve" ? facts.resolved(sent) : sent;
  checkShape(member, kind);
  checkPlace(role, kind, switches);
  if (switches.missingPrincipal === "400" && !facts.exists(member)) throw invalidArgument(`${member} does not exist.`);
  if (switches.externalPrincipal === "400" && facts.isOutside(member)) {
    throw invalidArgument("One or more users named in the policy do not belong to a permitted customer.");
  }
  return member;
}

function checkShape(member: Member, kind: ReturnType<typeof memberKind>): void {
  if (kind === "allUsers") return;
  const rest = member.slice(member.indexOf(":") + 1);
  const good = kind === "domain" ? parseDomain(rest).ok : parseEmail(rest).ok;
  if (!good) throw invalidArgument();
}

function checkPlace(role: Role, kind: ReturnType<typeof memberKind>, switches: Switches): void {
  if (role === OWNER) return;
  const isLinkKind = kind === "allUsers" || kind === "domain";
  if (linkRoles.has(role)) {
    if (!isLinkKind) throw invalidArgument();
    return;
  }
  if (kind === "allUsers") throw invalidArgument();
  if (kind === "domain" && switches.domainInPersonRoles === "400") throw invalidArgument();
}

function checkLinkRoles(roles: RoleMap, switches: Switches): void {
  if (switches.bothLinkRoles === "400" && roles.has(LINK_VIEWER) && roles.has(LINK_EDITOR)) throw invalidArgument();
}

function distinct(members: readonly Member[]): readonly Member[] {
  return [...new Set(members)];
}

function sameSet(a: readonly Member[], b: readonly Member[]): boolean {
  const left = new Set(a.map((member) => member.toLowerCase()));
  const right = new Set(b.map((member) => member.toLowerCase()));
  return left.size === right.size && [...left].every((member) => right.has(member));
}

/** Whether two role maps grant the same, whatever their order. */
export function sameRoles(a: RoleMap, b: RoleMap): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([role, members]) => sameSet(members, b.get(role) ?? []));
}

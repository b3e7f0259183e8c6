/** All that the rows ask of one asset, merged into one change; rows that contradict each other are named. */
import { placeText } from "../../model/diagnostic.ts";
import type { Diagnostic, Place } from "../../model/diagnostic.ts";
import { userMember } from "../../model/member.ts";
import type { Member } from "../../model/member.ts";
import { EDITOR, OWNER, VIEWER, linkRoles, personRoles, rolesOf, samePair } from "../../model/permissions.ts";
import type { Delta, Pair, Permissions, Role } from "../../model/permissions.ts";
import type { Keep } from "../../model/request.ts";
import type { Resolved } from "./context.ts";

interface Wish extends Pair {
  readonly add: boolean;
  readonly place: Place;
  /** A wish that follows from another; gives way to an explicit one instead of contradicting it. */
  readonly soft: boolean;
}

export interface MergedEdit {
  readonly delta: Delta;
  readonly contradictions: readonly Diagnostic[];
  /** Rows that would take the owner's own role away. */
  readonly ownerRoles: readonly { readonly place: Place; readonly member: Member }[];
}

/**
 * @param permissions as read; undefined only when no row needs them (`needsPermissions`)
 * @param moved whether a whole-user transfer carries the asset to its heir before the edit
 */
export function mergeEdits(
  requests: readonly Resolved[],
  permissions: Permissions | undefined,
  moved: boolean,
): MergedEdit {
  const wishes = requests.flatMap((resolved) => wishesOf(resolved, permissions, moved));
  const ownerRoles = moved ? [] : requests.flatMap((resolved) => ownerRole(resolved, permissions));
  const { delta, contradictions } = settle(wishes);
  return { delta, contradictions: [...contradictions, ...excluded(requests, wishes)], ownerRoles };
}

/** Whether what the row changes depends on who holds which role now. */
export function needsPermissions(resolved: Resolved): boolean {
  switch (resolved.action) {
    case "transfer":
    case "grant":
      return false;
    case "revoke":
    case "set-role":
    case "replace-member":
    case "set-link":
    case "close-link":
      return true;
  }
}

function wishesOf(resolved: Resolved, permissions: Permissions | undefined, moved: boolean): readonly Wish[] {
  const { place } = resolved.request;
  const held = (forms: readonly Member[], roles: readonly Role[]): readonly Pair[] =>
    forms.flatMap((m) =>
      (permissions === undefined ? [] : rolesOf(permissions.roles, m))
        .filter((role) => role !== OWNER && roles.includes(role))
        .map((role) => ({ role, member: m })),
    );
  const remove = (pairs: readonly Pair[], soft = false): readonly Wish[] =>
    pairs.map((pair) => ({ ...pair, add: false, place, soft }));
  const add = (role: Role, m: Member, soft = false): Wish => ({ role, member: m, add: true, place, soft });

  switch (resolved.action) {
    case "grant": {
      const owns = !moved && (permissions?.roles.get(OWNER)?.includes(resolved.member) ?? false);
      return owns ? [] : [add(resolved.request.role, resolved.member)];
    }
    case "revoke": {
      const { role } = resolved.request;
      if (role === undefined) return remove(held(resolved.forms, [...(permissions?.roles.keys() ?? [])]));
      // Said also where the pair is not held, so that a row granting it is a contradiction whatever the asset shows now.
      return remove([{ role, member: resolved.request.member.member }, ...held(resolved.forms, [role])]);
    }
    case "set-role": {
      const others = held(resolved.forms, personRoles).filter(
        (pair) => pair.role !== resolved.request.role || pair.member !== resolved.member,
      );
      return [add(resolved.request.role, resolved.member), ...remove(others)];
    }
    case "replace-member": {
      const taken = held(resolved.forms, resolved.roles);
      return [...remove(taken), ...taken.map((pair) => add(pair.role, resolved.member))];
    }
    case "set-link": {
      const kept: Pair = { role: resolved.request.role, member: resolved.request.member };
      const links = linkPairs(permissions).filter((pair) => pair.role !== kept.role || pair.member !== kept.member);
      return [add(kept.role, kept.member), ...remove(links)];
    }
    case "close-link":
      return remove(linkPairs(permissions));
    case "transfer": {
      if (moved) return afterTransfer(resolved.request.keep, userMember(resolved.from.email), place);
      const heir = userMember(resolved.to.email);
      return [add(EDITOR, heir), ...remove(held([heir], [VIEWER]), true)];
    }
  }
}

/** What the old owner keeps after the transfer, said in full, because what Google leaves it is not documented (api.md 3.1). */
function afterTransfer(keep: Keep, oldOwner: Member, place: Place): readonly Wish[] {
  const wish = (role: Role, add: boolean): Wish => ({ role, member: oldOwner, add, place, soft: false });
  switch (keep) {
    case "editor":
      return [wish(EDITOR, true)];
    case "viewer":
      return [wish(VIEWER, true), wish(EDITOR, false)];
    case "none":
      return [wish(EDITOR, false), wish(VIEWER, false)];
  }
}

function linkPairs(permissions: Permissions | undefined): readonly Pair[] {
  return linkRoles.flatMap((role) => (permissions?.roles.get(role) ?? []).map((m) => ({ role, member: m })));
}

/** The owner's own role, where a row would take it away: no API can (api.md 0.2). */
function ownerRole(
  resolved: Resolved,
  permissions: Permissions | undefined,
): readonly { readonly place: Place; readonly member: Member }[] {
  if (resolved.action !== "revoke" && resolved.action !== "set-role") return [];
  const owner = resolved.forms.find((m) => permissions?.roles.get(OWNER)?.includes(m) ?? false);
  if (owner === undefined) return [];
  const holdsMore = resolved.forms.some((m) =>
    rolesOf(permissions?.roles ?? new Map(), m).some((role) => role !== OWNER),
  );
  return resolved.action === "revoke" && holdsMore ? [] : [{ place: resolved.request.place, member: owner }];
}

/**
 * Rows that give what another row rules out, whether it is held yet or not: carried out together, the second would undo
 * the first as soon as both were carried out again.
 */
function excluded(requests: readonly Resolved[], wishes: readonly Wish[]): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const resolved of requests) {
    const { place } = resolved.request;
    const given = wishes.find((wish) => wish.add && rulesOut(resolved, wish));
    // What a row takes away in so many words meets the other when the wishes are settled.
    const isSaid = wishes.some(
      (wish) => !wish.add && wish.place === place && given !== undefined && samePair(wish, given),
    );
    if (given !== undefined && !isSaid) found.push(contradiction(given, { ...given, add: false, place }));
  }
  return found;
}

function rulesOut(resolved: Resolved, given: Pair): boolean {
  switch (resolved.action) {
    case "revoke": {
      const { role } = resolved.request;
      return (role === undefined || role === given.role) && resolved.forms.includes(given.member);
    }
    case "set-role":
      return (
        given.role !== resolved.request.role &&
        personRoles.includes(given.role) &&
        resolved.forms.includes(given.member)
      );
    case "set-link":
      return linkRoles.includes(given.role) && !samePair(given, resolved.request);
    case "close-link":
      return linkRoles.includes(given.role);
    case "transfer":
    case "grant":
    case "replace-member":
      return false;
  }
}

function settle(wishes: readonly Wish[]): { readonly delta: Delta; readonly contradictions: readonly Diagnostic[] } {
  const [only] = wishes;
  // Nearly always one row is about an asset, and asks for one thing: a fifth of the time of settling several.
  if (only !== undefined && wishes.length === 1) return { delta: deltaOf(only), contradictions: [] };
  const settled = new Map<string, Wish>();
  const contradictions: Diagnostic[] = [];
  for (const wish of wishes.toSorted((a, b) => Number(a.soft) - Number(b.soft))) {
    const key = `${wish.role}\u0000${wish.member}`;
    const earlier = settled.get(key);
    if (earlier === undefined) settled.set(key, wish);
    else if (earlier.add !== wish.add && !wish.soft) contradictions.push(contradiction(earlier, wish));
  }
  const pairs = (add: boolean): readonly Pair[] =>
    [...settled.values()]
      .filter((wish) => wish.add === add)
      .map(({ role, member }) => ({ role, member }))
      .toSorted((a, b) => compareText(a.role, b.role) || compareText(a.member, b.member));
  return { delta: { add: pairs(true), remove: pairs(false) }, contradictions };
}

function deltaOf({ add, role, member }: Wish): Delta {
  const pairs = [{ role, member }];
  return add ? { add: pairs, remove: [] } : { add: [], remove: pairs };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function contradiction(earlier: Wish, later: Wish): Diagnostic {
  const verb = (wish: Wish): string => (wish.add ? "given" : "taken away");
  return {
    place: later.place,
    problem: `${later.role} of ${later.member} is ${verb(later)} here and ${verb(earlier)} at ${placeText(earlier.place)}, for the same asset`,
    remedy: "keep one of the two rows, or make their selectors disjoint",
  };
}

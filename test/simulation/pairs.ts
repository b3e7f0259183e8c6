/** The judges' own arithmetic on pairs of role and member; nothing here is shared with the engine. */
import type { Change } from "../../src/emulator/state.ts";
import type { RoleMap } from "../../src/model/permissions.ts";
import type { EditStep } from "../../src/model/step.ts";
import type { Sent } from "./wire.ts";

interface RoleAndMember {
  readonly role: string;
  readonly member: string;
}

/** `EDITOR user:…` for each pair. */
type Pairs = ReadonlySet<string>;

interface AddAndRemove {
  readonly add: readonly RoleAndMember[];
  readonly remove: readonly RoleAndMember[];
}

function pairsOf(roles: RoleMap): Pairs {
  const found = new Set<string>();
  for (const [role, members] of roles) for (const member of members) found.add(`${role} ${member}`);
  return found;
}

function minus(a: Pairs, b: Pairs): readonly string[] {
  return [...a].filter((pair) => !b.has(pair));
}

/** Signed pairs a change made: `+EDITOR user:…`. */
export function signed(change: Change): readonly string[] {
  if (change.before === change.after) return [];
  const before = pairsOf(change.before);
  const after = pairsOf(change.after);
  return [...minus(after, before).map((pair) => `+${pair}`), ...minus(before, after).map((pair) => `-${pair}`)];
}

export function opposite(pair: string): string {
  return `${pair.startsWith("+") ? "-" : "+"}${pair.slice(1)}`;
}

/** What is asked for or claimed, as signed pairs. */
export function signedTexts({ add, remove }: AddAndRemove): Pairs {
  return new Set([
    ...add.map((pair) => `+${pair.role} ${pair.member}`),
    ...remove.map((pair) => `-${pair.role} ${pair.member}`),
  ]);
}

/** Whether `roles` show all that the step asks for. */
export function holds(roles: RoleMap, step: EditStep): boolean {
  const held = pairsOf(roles);
  return [...signedTexts(step.delta)].every((pair) => held.has(pair.slice(1)) === pair.startsWith("+"));
}

export function holdsPair(roles: RoleMap, { role, member }: RoleAndMember): boolean {
  return (roles.get(role) ?? []).some((other) => other === member);
}

export function ownersOf(roles: RoleMap): readonly string[] {
  return roles.get("OWNER") ?? [];
}

/** What the server held at the last answer that showed it, up to `until`, virtual ms. */
export function lastSeen(sent: readonly Sent[], until: number): RoleMap | undefined {
  let last: Sent | undefined;
  for (const each of sent) {
    if (each.roles === undefined || each.deliveredAt === undefined || each.deliveredAt > until) continue;
    if (last === undefined || each.deliveredAt >= (last.deliveredAt ?? 0)) last = each;
  }
  return last?.roles;
}

/** What a seed plays on: a small tenant of leavers, heirs and colleagues, and the assets they hold. */
import { emptyTenant } from "../../src/emulator/world.ts";
import type { World } from "../../src/emulator/world.ts";
import { parseEmail } from "../../src/model/email.ts";
import type { Email } from "../../src/model/email.ts";
import { allUsers } from "../../src/model/member.ts";
import { EDITOR, LINK_EDITOR, LINK_VIEWER, VIEWER } from "../../src/model/permissions.ts";
import type { Chance } from "./chance.ts";

export const domain = "acme.example";
/** People who leave; nobody else hands anything over. */
const leavers = ["lea", "leo"];
/** People who can take over and act: always both, so that two administrators can want different ones. */
export const heirs: readonly string[] = ["hei", "hal"];
const colleagues = ["ana", "bob", "cyd"];
export const strangers: readonly string[] = ["user:eve@elsewhere.example", "group:crew@acme.example"];

const assetsMax = 40;

const known = new Map<string, Email>();

/** Asked for so often that taking the same few texts apart again would be a hundredth of a seed. */
export function address(name: string): Email {
  const email = known.get(name);
  if (email !== undefined) return email;
  const parsed = parseEmail(name.includes("@") ? name : `${name}@${domain}`);
  if (!parsed.ok) throw new Error(parsed.problem);
  known.set(name, parsed.value);
  return parsed.value;
}

/** Somebody else who can take over. */
export function otherHeir(than: Email): Email {
  return address(heirs.find((name) => address(name) !== than) ?? "hei");
}

/** Who there is, by the part of their address before the `@`. */
interface Staff {
  readonly leavers: readonly string[];
  readonly colleagues: readonly string[];
  /** All of them, and those who can take over. */
  readonly everybody: readonly string[];
}

export interface Scene {
  readonly world: World;
  readonly staff: Staff;
  readonly assets: readonly string[];
  readonly people: readonly Email[];
  /** Whoever may own something that a person hands over. */
  readonly successors: readonly Email[];
}

export function makeScene(chance: Chance): Scene {
  const world = emptyTenant(domain, chance.whole(1, 1_000_000));
  world.addUser({ email: "admin", isAdmin: true });
  const staff = drawStaff(chance);
  for (const email of staff.everybody) world.addUser({ email });
  world.addUser({ email: "sam", suspended: true });
  world.addGroup({ email: "crew", members: staff.colleagues });
  const count = drawCount(chance);
  const assets: string[] = [];
  for (let index = 1; index <= count; index += 1) {
    const name = `a${index}`;
    world.addAsset({
      name,
      owner: chance.hits(0.7) ? chance.pick(staff.leavers) : chance.pick(staff.everybody),
      type: chance.hits(0.3) ? "DATA_SOURCE" : "REPORT",
      trashed: chance.hits(0.04),
      roles: rolesFor(chance, staff),
    });
    assets.push(name);
  }
  const successors = [...staff.colleagues, ...heirs].map(address);
  return { world, staff, assets, people: staff.everybody.map(address), successors };
}

/**
 * How many assets: heavy-tailed. Small stories find most bugs, and find them soonest; one in twenty is large, for what only
 * shows where much is under way at once.
 */
function drawCount(chance: Chance): number {
  return Math.min(assetsMax, Math.floor(2 / (1 - chance.random()) ** 0.5));
}

/** Few in most seeds: a plan may have to ask as everybody, and that is what most requests of a seed are. */
function drawStaff(chance: Chance): Staff {
  const isLarge = chance.hits(0.08);
  const leaving = isLarge || chance.hits(0.4) ? leavers : leavers.slice(0, 1);
  const staying = isLarge ? colleagues : colleagues.slice(0, 1);
  return { leavers: leaving, colleagues: staying, everybody: [...leaving, ...heirs, ...staying] };
}

function rolesFor(chance: Chance, staff: Staff): ReadonlyMap<string, readonly string[]> {
  const roles = new Map<string, readonly string[]>();
  const members = [...staff.everybody, "sam"].map((name) => `user:${address(name)}`);
  const editors = chance.some(members, 0.18);
  const viewers = chance.some([...members, ...strangers], 0.18);
  if (editors.length > 0) roles.set(EDITOR, editors);
  if (viewers.length > 0) roles.set(VIEWER, viewers);
  if (chance.hits(0.2))
    roles.set(chance.pick([LINK_VIEWER, LINK_EDITOR]), [chance.pick([allUsers, `domain:${domain}`])]);
  if (chance.hits(0.05)) roles.set(chance.pick(["__proto__", "CONTRIBUTOR"]), [`deleted:user:x@${domain}?uid=1`]);
  return roles;
}

/** What a seed plays on: a small tenant, and rows an administrator might write for it. */
import { emptyTenant } from "../../src/emulator/world.ts";
import type { World } from "../../src/emulator/world.ts";
import type { AssetName } from "../../src/model/asset.ts";
import { parseEmail } from "../../src/model/email.ts";
import type { Email } from "../../src/model/email.ts";
import { allUsers, parseMember } from "../../src/model/member.ts";
import { EDITOR, LINK_EDITOR, LINK_VIEWER, VIEWER } from "../../src/model/permissions.ts";
import type { Place } from "../../src/model/diagnostic.ts";
import type { Keep, Request, Selector, WrittenMember } from "../../src/model/request.ts";
import type { Chance } from "./chance.ts";

const domain = "acme.example";
/** People who leave; nobody else hands anything over. */
const leavers = ["lea", "leo"];
/** People who can take over and act. */
const heirs = ["hei", "hal"];
const colleagues = ["ana", "bob", "cyd"];
const strangers = ["user:eve@elsewhere.example", "group:crew@acme.example"];

export function address(name: string): Email {
  const parsed = parseEmail(name.includes("@") ? name : `${name}@${domain}`);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

/** Somebody else who can take over. */
export function otherHeir(than: Email): Email {
  return address(heirs.find((name) => address(name) !== than) ?? "hei");
}

export interface Scene {
  readonly world: World;
  readonly assets: readonly string[];
  readonly people: readonly string[];
}

export function makeScene(chance: Chance): Scene {
  const world = emptyTenant(domain, chance.whole(1, 1_000_000));
  world.addUser({ email: "admin", isAdmin: true });
  const people = [...leavers, ...heirs, ...colleagues];
  for (const email of people) world.addUser({ email });
  world.addUser({ email: "sam", suspended: true });
  world.addGroup({ email: "crew", members: ["bob", "cyd"] });
  const count = chance.hits(0.15) ? chance.whole(12, 40) : chance.whole(1, 7);
  const assets: string[] = [];
  for (let index = 1; index <= count; index += 1) {
    const name = `a${index}`;
    world.addAsset({
      name,
      owner: chance.hits(0.55) ? chance.pick(leavers) : chance.pick(people),
      type: chance.hits(0.3) ? "DATA_SOURCE" : "REPORT",
      trashed: chance.hits(0.04),
      roles: rolesFor(chance),
    });
    assets.push(name);
  }
  return { world, assets, people: people.map(address) };
}

function rolesFor(chance: Chance): ReadonlyMap<string, readonly string[]> {
  const roles = new Map<string, readonly string[]>();
  const members = [...leavers, ...heirs, ...colleagues, "sam"].map((name) => `user:${address(name)}`);
  const editors = chance.some(members, 0.18);
  const viewers = chance.some([...members, ...strangers], 0.18);
  if (editors.length > 0) roles.set(EDITOR, editors);
  if (viewers.length > 0) roles.set(VIEWER, viewers);
  if (chance.hits(0.2))
    roles.set(chance.pick([LINK_VIEWER, LINK_EDITOR]), [chance.pick([allUsers, `domain:${domain}`])]);
  if (chance.hits(0.05)) roles.set(chance.pick(["__proto__", "CONTRIBUTOR"]), [`deleted:user:x@${domain}?uid=1`]);
  return roles;
}

/** Rows of every action, in no particular harmony: what contradicts itself is the planner's to refuse. */
export function makeRows(chance: Chance, scene: Scene): readonly Request[] {
  const rows: Request[] = [];
  const count = chance.whole(1, Math.max(3, Math.min(10, scene.assets.length * 2)));
  for (let line = 2; line < count + 2; line += 1)
    rows.push(rowAt({ file: "seed.csv", line, column: 1 }, chance, scene));
  return rows;
}

function rowAt(place: Place, chance: Chance, scene: Scene): Request {
  const common = { place, select: selector(chance, scene), trashed: chance.hits(0.2) ? "include" : "exclude" } as const;
  const role = chance.pick([EDITOR, VIEWER]);
  const member = someone(chance);
  switch (chance.whole(0, 9)) {
    case 0:
    case 1:
    case 2: {
      const from = address(chance.pick(leavers));
      const isWhole = chance.hits(0.6);
      const select: Selector = isWhole
        ? { types: ["REPORT", "DATA_SOURCE"], owner: from }
        : { ...common.select, owner: from };
      return {
        ...common,
        select,
        action: "transfer",
        from,
        to: address(
          chance.hits(0.1) ? chance.pick(leavers.filter((name) => address(name) !== from)) : chance.pick(heirs),
        ),
        keep: chance.pick<Keep>(["editor", "viewer", "none"]),
        ownerChange: chance.hits(0.4) ? "attempt" : "compile",
      };
    }
    case 3:
    case 4:
      return { ...common, action: "grant", member, role };
    case 5:
      return { ...common, action: "revoke", member, role: chance.hits(0.5) ? role : undefined };
    case 6:
      return { ...common, action: "set-role", member, role };
    case 7:
      return { ...common, action: "replace-member", from: member, to: someone(chance), roles: [EDITOR, VIEWER] };
    case 8:
      return {
        ...common,
        action: "set-link",
        role: chance.pick([LINK_VIEWER, LINK_EDITOR]),
        member: written(chance.pick([allUsers, `domain:${domain}`])).member,
      };
    default:
      return { ...common, action: "close-link" };
  }
}

function selector(chance: Chance, scene: Scene): Selector {
  const types = ["REPORT", "DATA_SOURCE"] as const;
  if (chance.hits(0.6)) return { types, asset: chance.pick(scene.assets) as AssetName };
  if (chance.hits(0.5)) return { types, owner: address(chance.pick([...leavers, ...heirs])) };
  return { types: [chance.pick(types)] };
}

function someone(chance: Chance): WrittenMember {
  const name = chance.pick([...leavers, ...heirs, ...colleagues]);
  return written(chance.hits(0.15) ? chance.pick(strangers) : `user:${address(name)}`);
}

function written(text: string): WrittenMember {
  const parsed = parseMember(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

/** What an administrator of a seed asks for: rows of every action, mostly in harmony with each other. */
import type { AssetName } from "../../src/model/asset.ts";
import type { Place } from "../../src/model/diagnostic.ts";
import type { Email } from "../../src/model/email.ts";
import { allUsers, parseMember } from "../../src/model/member.ts";
import { EDITOR, LINK_EDITOR, LINK_VIEWER, OWNER, VIEWER } from "../../src/model/permissions.ts";
import type { Role } from "../../src/model/permissions.ts";
import type { Keep, Request, Selector, WrittenMember } from "../../src/model/request.ts";
import type { Chance } from "./chance.ts";
import { address, domain, heirs, strangers } from "./scene.ts";
import type { Scene } from "./scene.ts";

/** What is wanted for one member, wherever the member is spoken of. */
type Wish =
  | { readonly action: "grant" | "set-role"; readonly role: Role }
  | { readonly action: "revoke"; readonly role: Role | undefined }
  | { readonly action: "replace-member"; readonly to: string };

/** What becomes of a leaver's assets. */
interface Succession {
  readonly to: Email;
  readonly keep: Keep;
}

/** How somebody writes rows. */
interface Manner {
  /** Wants one thing for each member. What contradicts itself is the planner's to refuse, and ends as no run. */
  readonly isTidy: boolean;
  /** Leaves open whose assets are meant, so that planning must ask as everybody: five times the requests. */
  readonly isWide: boolean;
  readonly successions: Map<Email, Succession>;
  readonly wishes: Map<string, Wish>;
  hasLink: boolean;
}

const types = ["REPORT", "DATA_SOURCE"] as const;

export function makeRows(chance: Chance, scene: Scene): readonly Request[] {
  const manner: Manner = {
    isTidy: chance.hits(0.85),
    isWide: chance.hits(0.06),
    successions: new Map(),
    wishes: new Map(),
    hasLink: false,
  };
  const count = chance.whole(1, Math.max(3, Math.min(10, scene.assets.length * 2)));
  const rows: Request[] = [];
  for (let line = 2; line < count + 2; line += 1) {
    rows.push(rowAt({ file: "seed.csv", line, column: 1 }, chance, scene, manner));
  }
  return rows;
}

function rowAt(place: Place, chance: Chance, scene: Scene, manner: Manner): Request {
  const trashed = chance.hits(0.12) ? "include" : "exclude";
  const kind = chance.whole(-1, manner.isTidy && manner.hasLink ? 7 : 9);
  if (kind < 3) return transferAt(place, chance, scene, manner, trashed);
  const common = { place, select: selector(chance, scene, manner), trashed } as const;
  if (kind < 8) {
    const { name, wish } = someone(chance, scene, manner, kind, common.select.asset);
    const member = written(name);
    if (wish.action !== "replace-member") return { ...common, ...wish, member };
    return { ...common, action: "replace-member", from: member, to: written(wish.to), roles: [EDITOR, VIEWER] };
  }
  manner.hasLink = true;
  if (kind === 9) return { ...common, action: "close-link" };
  const audience = written(chance.pick([allUsers, `domain:${domain}`])).member;
  return { ...common, action: "set-link", role: chance.pick([LINK_VIEWER, LINK_EDITOR]), member: audience };
}

function transferAt(
  place: Place,
  chance: Chance,
  scene: Scene,
  manner: Manner,
  trashed: "include" | "exclude",
): Request {
  const from = leaver(chance, scene);
  const theirs = chance.hits(0.75) ? [] : scene.assets.filter((name) => ownerOf(scene, name) === from);
  const asset = theirs.length === 0 ? undefined : (chance.pick(theirs) as AssetName);
  return {
    place,
    select: { types, owner: from, asset },
    trashed,
    action: "transfer",
    from,
    ...successionOf(from, chance, scene, manner),
    ownerChange: chance.hits(0.4) ? "attempt" : "compile",
  };
}

/** Mostly one who owns something: a plan that finds nothing to do is a story without an end. */
function leaver(chance: Chance, scene: Scene): Email {
  const owning = scene.staff.leavers
    .map(address)
    .filter((email) => scene.assets.some((name) => ownerOf(scene, name) === email));
  return owning.length > 0 && chance.hits(0.9) ? chance.pick(owning) : address(chance.pick(scene.staff.leavers));
}

/** Now and then the heir is somebody who leaves as well, whose own assets go on to the next. */
function successionOf(from: Email, chance: Chance, scene: Scene, manner: Manner): Succession {
  const settled = manner.successions.get(from);
  if (manner.isTidy && settled !== undefined) return settled;
  const leaving = scene.staff.leavers.map(address).filter((email) => email !== from);
  const isChain = leaving.length > 0 && chance.hits(0.1);
  const succession = {
    to: isChain ? chance.pick(leaving) : address(chance.pick(heirs)),
    keep: chance.pick<Keep>(["editor", "viewer", "none"]),
  };
  manner.successions.set(from, succession);
  return succession;
}

function selector(chance: Chance, scene: Scene, manner: Manner): Selector {
  if (chance.hits(0.6)) {
    const asset = chance.pick(scene.assets) as AssetName;
    return { types, asset, owner: manner.isWide ? undefined : ownerOf(scene, asset) };
  }
  if (!manner.isWide || chance.hits(0.5)) {
    const owner = chance.hits(0.7) ? ownerOf(scene, chance.pick(scene.assets)) : undefined;
    return { types, owner: owner ?? address(chance.pick([...scene.staff.leavers, ...heirs])) };
  }
  return { types: [chance.pick(types)] };
}

function ownerOf(scene: Scene, asset: string): Email | undefined {
  const owner = scene.world.state.assets.get(asset)?.roles.get(OWNER)?.[0];
  return owner?.startsWith("user:") === true ? address(owner.slice("user:".length)) : undefined;
}

/** A member, and what is wanted for it. A tidy administrator leaves those alone who hand over or take over. */
function someone(
  chance: Chance,
  scene: Scene,
  manner: Manner,
  kind: number,
  asset: AssetName | undefined,
): { readonly name: string; readonly wish: Wish } {
  const name = kind < 5 ? anybody(chance, scene, manner) : holder(chance, scene, manner, asset);
  const known = manner.wishes.get(name);
  if (manner.isTidy && known !== undefined) return { name, wish: known };
  const role = chance.pick([EDITOR, VIEWER]);
  const wish = drawWish(kind, role, chance, () => anybody(chance, scene, manner));
  manner.wishes.set(name, wish);
  if (wish.action === "replace-member" && !manner.wishes.has(wish.to)) {
    manner.wishes.set(wish.to, { action: "grant", role });
  }
  return { name, wish };
}

function drawWish(kind: number, role: Role, chance: Chance, another: () => string): Wish {
  if (kind < 5) return { action: "grant", role };
  if (kind === 5) return { action: "revoke", role: chance.hits(0.5) ? role : undefined };
  return kind === 6 ? { action: "set-role", role } : { action: "replace-member", to: another() };
}

/** Mostly somebody who holds a role: from others there is nothing to take. */
function holder(chance: Chance, scene: Scene, manner: Manner, asset: AssetName | undefined): string {
  const name = asset ?? chance.pick(scene.assets);
  const roles = scene.world.state.assets.get(name)?.roles;
  const busy = busyOf(manner);
  const held = [...(roles?.get(EDITOR) ?? []), ...(roles?.get(VIEWER) ?? [])].filter((each) => !busy.has(each));
  return held.length > 0 && chance.hits(0.7) ? chance.pick(held) : anybody(chance, scene, manner);
}

function anybody(chance: Chance, scene: Scene, manner: Manner): string {
  if (chance.hits(0.15)) return chance.pick(strangers);
  const busy = busyOf(manner);
  return chance.pick(scene.people.map((email) => `user:${email}`).filter((each) => !busy.has(each)));
}

/** Whom somebody tidy leaves alone. */
function busyOf(manner: Manner): ReadonlySet<string> {
  const busy = manner.isTidy ? [...manner.successions].flatMap(([from, { to }]) => [from, to]) : [];
  return new Set(busy.map((email) => `user:${email}`));
}

function written(text: string): WrittenMember {
  const parsed = parseMember(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

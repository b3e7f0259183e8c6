/** What Google holds after a plan, by arithmetic of its own: pairs as texts in sets, owners as a field. */
import type { Delta, RoleMap } from "../../../src/model/permissions.ts";
import type { AssetSpec, Scene } from "./arbitrary.ts";
import { email } from "./world.ts";
import type { Walk } from "./walk.ts";

/** One asset: who owns it, and each `ROLE member` but the owner's. */
export interface Held {
  readonly spec: AssetSpec;
  owner: string;
  readonly pairs: Set<string>;
}

export type Server = ReadonlyMap<string, Held>;

/** What Google leaves an old owner is not documented (api.md 3.1), so that both are tried. */
export interface Habits {
  readonly leavesEditor: boolean;
  readonly movesTrash: boolean;
}

export function serverOf(scene: Scene): Server {
  return new Map(
    scene.assets.map((spec) => {
      const pairs = Object.entries(spec.roles).flatMap(([role, members]) => members.map((one) => `${role} ${one}`));
      return [spec.name, { spec, owner: email(spec.owner), pairs: new Set(pairs) }];
    }),
  );
}

/** Carries the plan out, transfers in their order and then the edits. */
export function carryOut(server: Server, plan: Walk, habits: Habits): void {
  for (const { from, to } of plan.transfers) {
    for (const held of server.values()) {
      if (held.owner !== from.email || (held.spec.trashed && !habits.movesTrash)) continue;
      held.owner = to.email;
      for (const role of ["EDITOR", "VIEWER"]) held.pairs.delete(`${role} user:${to.email}`);
      if (habits.leavesEditor) held.pairs.add(`EDITOR user:${from.email}`);
    }
  }
  for (const { record, verdict } of plan.seen) {
    const held = server.get(record.asset.name);
    if (held !== undefined && verdict?.edit !== undefined) change(held.pairs, verdict.edit.delta);
  }
}

function change(pairs: Set<string>, delta: Delta): void {
  for (const { role, member } of delta.remove) pairs.delete(`${role} ${member}`);
  for (const { role, member } of delta.add) pairs.add(`${role} ${member}`);
}

/** The scene as it is on the server now. */
export function sceneOf(scene: Scene, server: Server): Scene {
  const assets = [...server.values()].map(({ spec, owner, pairs }): AssetSpec => {
    const roles = new Map<string, string[]>();
    for (const pair of pairs) {
      const at = pair.indexOf(" ");
      const role = pair.slice(0, at);
      roles.set(role, [...(roles.get(role) ?? []), pair.slice(at + 1)]);
    }
    return { ...spec, owner, roles: Object.fromEntries(roles) };
  });
  return { ...scene, assets };
}

/** The pairs of a role map, the owner's apart. */
export function pairsOf(roles: RoleMap): ReadonlySet<string> {
  return new Set(
    [...roles].flatMap(([role, members]) => (role === "OWNER" ? [] : members.map((one) => `${role} ${one}`))),
  );
}

/** Judging the demo from the emulator's own history: what a run did there, pair by pair, against what it said it would do. */
import { z } from "zod";
import type { RunReader } from "../journal/journal.ts";
import type { Delta, Pair } from "../model/permissions.ts";
import { pagesOf } from "../report/rows.ts";

/** Roles as the emulator's history tells them. */
type WrittenRoles = readonly (readonly [string, readonly string[]])[];

export interface HistoryChange {
  readonly seq: number;
  readonly asset: string;
  readonly via: string;
  readonly before: WrittenRoles;
  readonly after: WrittenRoles;
}

const rolesShape = z.array(z.tuple([z.string(), z.array(z.string())]));

/** One page of the emulator's history. */
export const historyShape: z.ZodType<{ readonly total: number; readonly changes: readonly HistoryChange[] }> = z.object(
  {
    total: z.number(),
    changes: z.array(
      z.object({ seq: z.number(), asset: z.string(), via: z.string(), before: rolesShape, after: rolesShape }),
    ),
  },
);

/** All counts are of (asset, role, member) triples, or of assets whose owner moved. */
export interface Judgement {
  /** Effects of this run that the server holds. */
  readonly effects: number;
  /** Effects that the run did not name. */
  readonly wrong: number;
  /** What the run says it changed and the server never saw, and steps without an end. */
  readonly lost: number;
  /** Effects that happened more than once. */
  readonly doubled: number;
}

/** The route of the one write that the product makes on an asset. */
const patchRoute = "assets.updatePermissions";

/** `history` is the part of the server's history that lies within the run. */
export async function judge(run: RunReader, history: readonly HistoryChange[]): Promise<Judgement> {
  const effects = new Map<string, number>();
  for (const key of history.flatMap(effectsOf)) effects.set(key, (effects.get(key) ?? 0) + 1);
  const named = new Set<string>();
  let lost = 0;
  for await (const page of pagesOf(run)) {
    for (const { step, state, result } of page) {
      if (state === "planned" || state === "in-flight") lost += 1;
      if (step.kind === "edit") {
        for (const key of keysOf(step.asset.name, step.delta)) named.add(key);
        const said = result === undefined ? [] : keysOf(step.asset.name, result.changed);
        lost += said.filter((key) => !effects.has(key)).length;
      }
      if (step.kind === "transfer" && (state === "applied" || state === "confirmed")) {
        const moved = history.filter((each) => ownerMoved(each, step.from.email, step.to.email));
        for (const each of moved) named.add(ownerKey(each));
        lost += Math.max(0, step.live - moved.length);
      }
    }
  }
  const counts = [...effects];
  return {
    effects: counts.length,
    wrong: counts.filter(([key]) => !named.has(key)).length,
    lost,
    doubled: counts.filter(([, count]) => count > 1).length,
  };
}

/** What one change of the history did, if it was ours. People's edits in between are theirs. */
function effectsOf(each: HistoryChange): readonly string[] {
  if (each.via === "transfer") return [ownerKey(each)];
  if (each.via !== patchRoute) return [];
  const before = pairs(each.before);
  const after = pairs(each.after);
  return [
    ...[...after].filter((pair) => !before.has(pair)).map((pair) => `+ ${each.asset} ${pair}`),
    ...[...before].filter((pair) => !after.has(pair)).map((pair) => `- ${each.asset} ${pair}`),
  ];
}

function pairs(roles: WrittenRoles): ReadonlySet<string> {
  return new Set(roles.flatMap(([role, members]) => members.map((member) => pairKey({ role, member }))));
}

function keysOf(asset: string, delta: Delta): readonly string[] {
  return [
    ...delta.add.map((pair) => `+ ${asset} ${pairKey(pair)}`),
    ...delta.remove.map((pair) => `- ${asset} ${pairKey(pair)}`),
  ];
}

function pairKey(pair: Pair | { readonly role: string; readonly member: string }): string {
  return `${pair.role} ${pair.member.toLowerCase()}`;
}

function ownerKey(each: HistoryChange): string {
  return `> ${each.asset}`;
}

function ownerMoved(each: HistoryChange, from: string, to: string): boolean {
  return each.via === "transfer" && owner(each.before) === `user:${from}` && owner(each.after) === `user:${to}`;
}

function owner(roles: WrittenRoles): string | undefined {
  return roles.find(([role]) => role === "OWNER")?.[1][0];
}

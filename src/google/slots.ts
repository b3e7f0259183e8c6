/** Which of the calls that wait may have which slots: a block for one worker, from sequences that several workers share. */
import type { Spacing } from "./spacing.ts";

/** How far ahead slots are handed out, ms: a refusal that one worker meets reaches the others no later than that. */
const aheadMs = 1000;
/** The part of a second that one block may take, so that workers take turns. */
const blockS = 0.25;
/** Calls asked for at once. */
export const wantsMax = 64;
/** Between two looks, at least. */
const lookMs = 10;

export interface Slots {
  /** For each that asked: ms from now until its slot; undefined: none yet. */
  readonly waits: readonly (number | undefined)[];
  /** When to ask again for the rest, ms from now. */
  readonly againMs: number;
  /** What those without a slot wait for. */
  readonly waitsFor: "project" | "users" | undefined;
}

/** Uses slots of `project`, and of each caller's own sequence where there is one, for `wants` in their order. */
export function handOut(
  project: Spacing,
  ownOf: (actor: string) => Spacing | undefined,
  wants: readonly string[],
  now: number,
): Slots {
  const max = blockOf(project);
  const waits: (number | undefined)[] = wants.map(() => undefined);
  let given = 0;
  let ownOpensAt = Infinity;
  let lastAt = now;
  for (const [index, actor] of wants.entries()) {
    const at = Math.max(now, project.opensAt(now));
    if (given >= max || at > now + aheadMs) break;
    const own = ownOf(actor);
    const opens = own?.opensAt(at) ?? at;
    if (opens > at) {
      ownOpensAt = Math.min(ownOpensAt, opens);
      continue;
    }
    project.use(at);
    own?.use(at);
    waits[index] = at - now;
    lastAt = at;
    given += 1;
  }
  if (given === wants.length) return { waits, againMs: 0, waitsFor: undefined };
  const opensAt = project.opensAt(now);
  const waitsFor = ownOpensAt < Infinity && given < max && opensAt <= now + aheadMs ? "users" : "project";
  // Asked for in good time before the slot in hand is used, so that the way to the store does not count.
  const next = waitsFor === "users" ? ownOpensAt : Math.max(given > 0 ? lastAt : now, opensAt - aheadMs / 2);
  return { waits, againMs: Math.max(lookMs, next - now - (given > 0 ? (lastAt - now) / 2 : 0)), waitsFor };
}

/** One at a time while it is being tried whether the server accepts calls again. */
function blockOf({ pace }: Spacing): number {
  if (pace.streak > 0) return 1;
  return Math.max(1, Math.min(wantsMax, Math.floor((pace.perMinute / 60) * blockS)));
}

/** Steps by state, as facts in a fixed order; states without steps are left out. */
import type { Counts } from "../model/run.ts";
import { thousands } from "../model/text.ts";
import type { StepState } from "../model/step.ts";
import { paint } from "./style.ts";
import type { Style, Tone } from "./style.ts";
import { stateWords } from "./words.ts";

const stateTones: ReadonlyMap<StepState, Tone> = new Map<StepState, Tone>([
  ["applied", "green"],
  ["confirmed", "green"],
  ["failed", "red"],
  ["skipped", "yellow"],
]);

export function countFacts(counts: Counts, style: Style): string[] {
  return [...stateWords].flatMap(([state, words]) => {
    const count = counts[state];
    if (count === 0) return [];
    const tone = stateTones.get(state);
    const fact = `${thousands(count)} ${words}`;
    return [tone === undefined ? fact : paint(fact, tone, style)];
  });
}

export function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Steps that have not ended. */
export function openOf(counts: Counts): number {
  return counts.planned + counts["in-flight"];
}

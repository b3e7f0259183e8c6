/** How an apply ends: by the steps that are left, and by what made it end before. */
import type { ApplyEnd } from "../model/apply-end.ts";
import type { Counts } from "../model/run.ts";
import { counted } from "../model/text.ts";

export interface Halt {
  readonly end: ApplyEnd;
  readonly reason: string;
}

/** A run without open steps is finished, whatever came up while the last of them ended, unless that cannot be written. */
export function endOf(
  counts: Counts,
  halt: Halt | undefined,
): { readonly end: ApplyEnd; readonly reason: string | undefined } {
  const open = openIn(counts);
  if (halt !== undefined && (open > 0 || halt.end === "journal")) return halt;
  if (open === 0) return { end: "finished", reason: undefined };
  return { end: "blocked", reason: `${counted(open, "step")} cannot go on now` };
}

export function openIn(counts: Counts): number {
  return counts.planned + counts["in-flight"];
}

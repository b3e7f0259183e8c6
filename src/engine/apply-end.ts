/** How an apply ends when nothing made it end: by the steps that are left. */
import type { ApplyEnd } from "../model/apply-end.ts";
import type { Counts } from "../model/run.ts";
import { counted } from "../model/text.ts";

export function endOf(counts: Counts): { readonly end: ApplyEnd; readonly reason: string | undefined } {
  const open = openIn(counts);
  if (open === 0) return { end: "finished", reason: undefined };
  return { end: "blocked", reason: `${counted(open, "step")} cannot go on now` };
}

export function openIn(counts: Counts): number {
  return counts.planned + counts["in-flight"];
}

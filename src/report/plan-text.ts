/** A plan as people review it before it is applied. */
import type { Digest, RunHeader } from "../model/run.ts";
import type { Step } from "../model/step.ts";
import type { Style } from "./style.ts";

/** What the plan was made from. */
export function planHead(header: RunHeader, runName: string, style: Style): string[] {
  return [header.runId, runName, String(style.width)];
}

/** One step: an edit, a transfer, or a line for the hand-over sheet. */
export function planStep(step: Step, header: RunHeader, style: Style): string[] {
  return [String(step.seq), header.runId, String(style.width)];
}

/** In place of the steps that are not shown; nothing when all are. */
export function planMore(stepsShown: number, header: RunHeader, runName: string, style: Style): string[] {
  return [String(stepsShown), header.runId, runName, String(style.width)];
}

/** What is refused, totals, exposure, limits, hazards, and last the command that comes next. */
export function planFoot(header: RunHeader, digest: Digest, runName: string, style: Style): string[] {
  return [header.runId, digest, runName, String(style.width)];
}

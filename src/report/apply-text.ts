/** An apply as people follow it: one status line, lines for what happens, and how it ended. */
import type { EngineEvent } from "../model/event.ts";
import type { Progress } from "./progress.ts";
import type { ApplyEnding, FailureGroup } from "./rows.ts";
import type { Style } from "./style.ts";

/** One line of at most `style.width` cells; `now` is monotonic, ms. No time left is guessed before 1 %. */
export function statusLine(progress: Progress, now: number, style: Style): string {
  return `${progress.ended} ${now} ${style.width}`;
}

/** A line for a log or a pipe; undefined for events that only move the counts. */
export function eventLine(event: EngineEvent, style: Style): string | undefined {
  return `${event.type} ${style.width}`;
}

/** How an apply ended. `resume` is the command that goes on, `verify` the one after it. */
export function applyFoot(
  ending: ApplyEnding,
  failures: readonly FailureGroup[],
  runName: string,
  resume: string,
  style: Style,
): string[] {
  return [ending.end, String(failures.length), runName, resume, String(style.width)];
}

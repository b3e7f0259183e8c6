/** The names by which events are asked for, and which of them an event bears. */
import type { EngineEvent } from "../model/event.ts";

export const hookTypes = [
  "started",
  "wave",
  "paused",
  "steered",
  "throttled",
  "slow",
  "step",
  "failed",
  "halted",
  "ended",
] as const;

export type HookType = (typeof hookTypes)[number];

/** Not one process for each step, nor for each change of pace. */
export const hookTypesByDefault: readonly HookType[] = [
  "started",
  "wave",
  "paused",
  "throttled",
  "failed",
  "halted",
  "ended",
];

/** By which names an event is asked for, the most general last. */
export function hookTypesOf(event: EngineEvent): readonly HookType[] {
  switch (event.type) {
    case "apply-started":
      return ["started"];
    case "steered":
      return event.act === "pause" || event.act === "resume" ? ["paused", "steered"] : ["steered"];
    case "wave":
      return ["wave"];
    case "pace":
      return event.untilMs === undefined ? [] : ["throttled"];
    case "slowness":
      return ["slow"];
    case "step":
      return event.outcome === "failed" ? ["failed", "step"] : ["step"];
    case "actor-halted":
    case "stopping":
      return ["halted"];
    default:
      return [];
  }
}

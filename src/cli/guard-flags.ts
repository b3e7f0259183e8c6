/** Limits as flags of plan, undo and apply, and how they combine with those of settings and plan files: the strictest holds. */
import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { parseAmount, stricter } from "../model/guard.ts";
import type { Amount, Setting } from "../model/guard.ts";
import type { LimitName, LimitPlaces, Limits, PlanSettings, ProtectRule } from "../model/request.ts";
import { countOrNone } from "./flags.ts";
import type { GuardSettings } from "./guard-settings.ts";

export interface LimitFlags {
  readonly maxChanges?: number;
  readonly maxPercent?: number;
  readonly maxPerOwner?: number;
  readonly maxNewExternal?: number;
  readonly maxNewPublic?: number;
}

export function addLimitOptions(command: Command): Command {
  return command
    .option("--max-changes <n>", "no run that changes more than this", countOrNone)
    .option("--max-percent <p>", "no run that touches more of the assets read, such as 5%", percent)
    .option("--max-per-owner <n>", "no run that changes more on the assets of any one owner", countOrNone)
    .option("--max-new-external <n>", "no run that lets more people from outside in anew", countOrNone)
    .option("--max-new-public <n>", "no run that opens more links to anyone anew", countOrNone);
}

/** From 0 to 100, with or without its sign. */
export function percent(text: string): number {
  const read = parseAmount(text.includes("%") ? text : `${text}%`);
  if (read?.percent === undefined) throw new InvalidArgumentError("write a percentage such as 5 or 2.5%");
  return read.percent;
}

/** So many, or a percentage. */
export function amount(text: string): Amount {
  const read = parseAmount(text);
  if (read === undefined) throw new InvalidArgumentError("write a whole number such as 20, or a percentage such as 5%");
  return read;
}

type PlacedLimits = GuardSettings["limits"];

/** A value that a flag sets. */
export function byFlag<T>(value: T | undefined, flag: string): Setting<T> | undefined {
  return value === undefined ? undefined : { value, from: flag };
}

export function limitsByFlag(flags: LimitFlags): PlacedLimits {
  return {
    changes: byFlag(flags.maxChanges, "--max-changes"),
    percentOfAssets: byFlag(flags.maxPercent, "--max-percent"),
    perOwner: byFlag(flags.maxPerOwner, "--max-per-owner"),
    newExternal: byFlag(flags.maxNewExternal, "--max-new-external"),
    newPublic: byFlag(flags.maxNewPublic, "--max-new-public"),
  };
}

const limitNames: readonly LimitName[] = [
  "changes",
  "percentOfAssets",
  "perOwner",
  "newExternal",
  "newPublic",
  "failures",
];

/** The strictest of each, with the place that set it. */
export function strictestLimits(...sources: readonly PlacedLimits[]): {
  readonly limits: Limits;
  readonly limitsFrom: LimitPlaces;
} {
  const limits: { [name in LimitName]?: number } = {};
  const limitsFrom: { [name in LimitName]?: string } = {};
  for (const name of limitNames) {
    const strictest = sources.map((source) => source[name]).reduce(stricter, undefined);
    if (strictest === undefined) continue;
    limits[name] = strictest.value;
    limitsFrom[name] = strictest.from;
  }
  return { limits, limitsFrom };
}

/** What binds a run in the making: what the plan files say, the settings, and the flags. */
export function boundBy(
  plan: Pick<PlanSettings, "limits" | "limitsFrom" | "protect">,
  settings: GuardSettings,
  flags: PlacedLimits,
): { readonly limits: Limits; readonly limitsFrom: LimitPlaces; readonly protect: readonly ProtectRule[] } {
  const ofPlan: { [name in LimitName]?: Setting<number> } = {};
  for (const name of limitNames) {
    const value = plan.limits[name];
    if (value !== undefined) ofPlan[name] = { value, from: plan.limitsFrom?.[name] ?? "the plan file" };
  }
  return { ...strictestLimits(ofPlan, settings.limits, flags), protect: [...plan.protect, ...settings.protect] };
}

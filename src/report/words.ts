/** The words reports use for outcomes, hazards, times and commands: one wording a thing, wherever it is shown. */
import { printable, thousands } from "../model/text.ts";
import type { Place } from "../model/diagnostic.ts";
import { inked, shown } from "./style.ts";
import type { Style } from "./style.ts";
import { hazardsToAllow } from "../model/step.ts";
import type { HazardName, StepState } from "../model/step.ts";
import type { RunHeader } from "../model/run.ts";
import type { Keep } from "../model/request.ts";

/** `1 h 05 min`, `12 min`, `45 s`; under a second `1 s`. */
export function durationText(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A wall time, ms, as `2026-11-20 09:14 UTC`. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** A share as `4.6 %`, at most one decimal. */
export function percentText(percent: number): string {
  const rounded = Math.round(percent * 10) / 10;
  return `${Number.isInteger(rounded) ? thousands(rounded) : rounded.toFixed(1)} %`;
}

/** States in the order they are listed, with what they are called. */
export const stateWords: ReadonlyMap<StepState, string> = new Map<StepState, string>([
  ["applied", "applied"],
  ["confirmed", "confirmed"],
  ["unchanged", "unchanged"],
  ["by-hand", "by hand"],
  ["skipped", "skipped"],
  ["failed", "failed"],
  ["cancelled", "cancelled"],
  ["in-flight", "in flight"],
  ["planned", "planned"],
]);

/** What a hazard means for the step that carries it. */
export const hazardWords: Readonly<Record<HazardName, string>> = {
  "whole-user-transfer": "moves everything the old owner has; cannot be taken back",
  "moves-unnamed-assets": "also moves assets that the plan file does not name",
  "moves-unseen-assets": "may move more than was seen: the old owner cannot be searched as",
  "owner-change-attempt": "tries to write the owner, which Google may refuse (experimental)",
  "new-external": "lets someone outside the tenant in",
  "new-public": "opens the asset to anyone with the link",
  "removes-last-editor": "leaves nobody but the owner able to edit",
  "keeps-credentials": "keeps the old owner's credentials: reconnect before suspension",
  "leaves-data-sources": "leaves the data sources it reads with their owners",
  "leaves-trash": "may leave assets in the trash behind",
};

export const keepWords: Readonly<Record<Keep, string>> = {
  editor: "stays editor",
  viewer: "stays viewer",
  none: "loses access",
};

/** One word of a shell command, quoted where it must be. */
export function shellWord(text: string): string {
  const safe = inked(printable(text, 4096));
  return /^[A-Za-z0-9_./@%+=:,][A-Za-z0-9_./@%+=:,-]*$/.test(safe) ? safe : `'${safe.replaceAll("'", `'\\''`)}'`;
}

/** The hazards of a run that `apply` asks to be allowed by name. */
export function namesToAllow(header: RunHeader): readonly HazardName[] {
  return header.hazards.filter((hazard) => hazardsToAllow.has(hazard.name)).map((hazard) => hazard.name);
}

/** What writes everything that proves a run into one file beside it. */
export function evidenceCommand(runName: string): string {
  const bundle = `${runName.replace(/\.handover$/, "")}.tar`;
  return `handover report ${shellWord(runName)} --evidence ${shellWord(bundle)}`;
}

/** The command that carries out or resumes a run, with every hazard it must be allowed. */
export function applyCommand(header: RunHeader, runName: string): string {
  return ["handover apply", shellWord(runName), ...namesToAllow(header).map((name) => `--allow ${name}`)].join(" ");
}

/** Why a run has no step. */
export function nothingText(header: RunHeader): string {
  return header.undoOf === undefined
    ? "nothing: everything is as the plan asks"
    : "nothing: the run has changed nothing that is left to take back";
}

/** The row of a plan file that asked for something: `moves.csv:22`. */
export function rowText(place: Place, style: Style): string {
  return `${shown(place.file, style)}:${place.line}`;
}

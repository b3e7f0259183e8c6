/** Why no run was made: plan files with problems, refused requests, limits, selectors that matched nothing. */
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Limits } from "../model/request.ts";
import type { RunHeader } from "../model/run.ts";
import type { Style } from "./style.ts";

/** A ceiling the plan is over. */
export interface Breach {
  readonly limit: keyof Limits;
  readonly allowed: number;
  readonly found: number;
}

/** Problems of plan files, equal ones once with a count; `omitted` more were found and not kept. */
export function diagnosticsText(diagnostics: readonly Diagnostic[], omitted: number, style: Style): string[] {
  return [String(diagnostics.length), String(omitted), String(style.width)];
}

/** A plan that was not made because requests are refused; `planCommand` is the command as typed. */
export function refusedText(header: RunHeader, planCommand: string, style: Style): string[] {
  return [header.runId, planCommand, String(style.width)];
}

/** A plan that was not made because it is over its limits. */
export function overLimitText(header: RunHeader, breaches: readonly Breach[], style: Style): string[] {
  return [header.runId, String(breaches.length), String(style.width)];
}

/** A plan that was not made because no request found an asset. */
export function matchedNothingText(header: RunHeader, style: Style): string[] {
  return [header.runId, String(style.width)];
}

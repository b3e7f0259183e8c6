/** The versioned JSON documents and event lines that programs read. */
import type { EngineEvent } from "../model/event.ts";
import type { Digest, RunHeader } from "../model/run.ts";
import type { HandoverSheet } from "./handover-sheet.ts";
import type { ApplyEnding, AuditHead, FailureGroup, Pages, RunFacts, VerifyFindings } from "./rows.ts";
import type { Breach } from "./diagnostics-text.ts";
import type { Diagnostic } from "../model/diagnostic.ts";

/** How planning ended. */
export type PlanVerdict = "made" | "refused" | "over-limit" | "matched-nothing";

/** One `plan` document in pieces to be written as they are. Only a run that was `made` has a digest and steps. */
export async function* planJson(
  plan: {
    readonly verdict: PlanVerdict;
    readonly header: RunHeader;
    readonly digest: Digest | undefined;
    readonly runName: string;
    readonly breaches: readonly Breach[];
  },
  steps: Pages,
): AsyncGenerator<string> {
  for await (const page of steps) yield `${plan.verdict}${page.length}`;
}

/** One `diagnostics` document: a plan file with problems. */
export function diagnosticsJson(diagnostics: readonly Diagnostic[], omitted: number): string {
  return `${diagnostics.length}${omitted}`;
}

/** One `status` document. */
export function statusJson(facts: RunFacts, runName: string, held: boolean): string {
  return `${facts.digest}${runName}${held}`;
}

/** One `verify` document. */
export function verifyJson(findings: VerifyFindings, header: RunHeader, digest: Digest, runName: string): string {
  return `${findings.checked}${header.runId}${digest}${runName}`;
}

/** One `report` document in pieces: facts, audit head, and every step with its result. */
export async function* reportJson(
  facts: RunFacts,
  audit: AuditHead | undefined,
  steps: Pages,
  runName: string,
): AsyncGenerator<string> {
  for await (const page of steps) yield `${facts.digest}${audit?.seq}${page.length}${runName}`;
}

/** One `handover-sheet` document in pieces. */
export function* sheetJson(sheet: HandoverSheet): Generator<string> {
  yield sheet.digest;
}

/** The first line of an apply stream. */
export function versionJson(toolVersion: string, header: RunHeader, digest: Digest, runName: string): string {
  return `${toolVersion}${header.runId}${digest}${runName}`;
}

/** One line of an apply stream; `at` is wall time, ms. */
export function eventJson(event: EngineEvent, at: number): string {
  return `${event.type}${at}`;
}

/** The last line of an apply stream. */
export function summaryJson(
  ending: ApplyEnding,
  failures: readonly FailureGroup[],
  resume: string | undefined,
  exitCode: number,
): string {
  return `${ending.end}${failures.length}${resume}${exitCode}`;
}

/** One `error` document: an operating error of any kind. */
export function errorJson(error: unknown, exitCode: number): string {
  return `${String(error)}${exitCode}`;
}

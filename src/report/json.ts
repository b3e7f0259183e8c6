/** The versioned JSON documents and event lines that programs read. */
import { instantText } from "../model/clock.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Examination } from "../model/examination.ts";
import { isSound } from "../model/examination.ts";
import type { EngineEvent } from "../model/event.ts";
import type { Digest, RunHeader } from "../model/run.ts";
import type { Slowness } from "../model/slowness.ts";
import type { TelemetryView } from "../model/telemetry.ts";
import type { Breach } from "./diagnostics-text.ts";
import type { HandoverSheet } from "./handover-sheet.ts";
import { headerJson, rowJson } from "./json-parts.ts";
import type { ApplyEnding, AuditHead, FailureGroup, Pages, RunFacts, VerifyFindings } from "./rows.ts";
import type { FileStanding } from "./live.ts";
import { slownessText } from "./slowness-text.ts";
import { standingOf } from "./status-text.ts";

/** Grows when a field changes its meaning or goes; new fields may come without. */
export const version = 1;

/** One `cancel` document: steps ended by a person, and those that were in doubt and stay open. */
export function cancelJson(
  cancelled: { readonly cancelled: number; readonly doubtful: readonly number[]; readonly counts: RunFacts["counts"] },
  runName: string,
): string {
  return jsonText({ type: "cancel", version, run: runName, ...cancelled });
}

/** How planning ended. */
export type PlanVerdict = "made" | "refused" | "over-limit" | "matched-nothing";

/** What `JSON.stringify` lets through and a terminal or an eye does not take as text: controls, formats, blanks. */
const unsafe = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]/gu;

/** JSON on one line that is safe to print as it is: the values are exact, whatever they hold. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(unsafe, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`).join(
      "",
    ),
  );
}

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
  const { verdict, digest, runName, breaches, header } = plan;
  yield* withSteps(
    { type: "plan", version, verdict, run: runName, digest, breaches, header: headerJson(header) },
    steps,
  );
}

/** One `diagnostics` document: a plan file with problems. */
export function diagnosticsJson(diagnostics: readonly Diagnostic[], omitted: number): string {
  return jsonText({ type: "diagnostics", version, diagnostics, omitted });
}

/** One `status` document. */
export function statusJson(
  facts: RunFacts,
  runName: string,
  held: boolean,
  slowness?: Slowness,
  fleet?: object,
): string {
  const { header, digest, counts, failures, verification } = facts;
  return jsonText({
    type: "status",
    version,
    run: runName,
    runId: header.runId,
    tenant: header.tenant,
    digest,
    standing: standingOf(facts, held),
    held,
    counts,
    failures,
    verification: verificationJson(verification),
    slowness: slownessJson(slowness),
    waves: facts.waves,
    fleet,
  });
}

function slownessJson(slowness: Slowness | undefined): object | undefined {
  return slowness === undefined ? undefined : { ...slowness, text: slownessText(slowness) };
}

/** One `ctl` document: what was done to a live run. */
export function ctlJson(runName: string, action: string, said: string): string {
  return jsonText({ type: "ctl", version, run: runName, action, said });
}

/** One line of a `watch` stream while no apply tells: what the run file alone shows. `at` is wall time, ms. */
export function watchFileJson({ runName, tenant, held, counts, slowness }: FileStanding, at: number): string {
  const said = { at: instantText(at), run: runName, tenant, held, counts, slowness: slownessJson(slowness) };
  return jsonText({ type: "file", version, ...said });
}

/** The last line of a `watch` stream. */
export function watchEndJson(runName: string, ending: string, exitCode: number): string {
  return jsonText({ type: "ended", version, run: runName, ending, exitCode });
}

/** One `verify` document. */
export function verifyJson(findings: VerifyFindings, header: RunHeader, digest: Digest, runName: string): string {
  return jsonText({
    type: "verify",
    version,
    run: runName,
    runId: header.runId,
    digest,
    ...findings,
  });
}

/** One `evidence` document. */
export function evidenceJson(examination: Examination, runName: string): string {
  const { header, digest, findings, head, signed, bundle } = examination;
  return jsonText({
    type: "evidence",
    version,
    run: runName,
    runId: header?.runId,
    tenant: header?.tenant,
    digest,
    sound: isSound(examination),
    findings,
    head,
    signed,
    bundle,
  });
}

/** One `report` document in pieces: facts, audit head, and every step with its result. */
export async function* reportJson(
  facts: RunFacts,
  audit: AuditHead | undefined,
  steps: Pages,
  runName: string,
  telemetry?: TelemetryView,
): AsyncGenerator<string> {
  const { header, digest, counts, failures, verification } = facts;
  const head = {
    type: "report",
    version,
    run: runName,
    digest,
    counts,
    failures,
    verification: verificationJson(verification),
    audit: audit === undefined ? undefined : { ...audit, at: instantText(audit.at) },
    telemetry: telemetry === undefined ? undefined : telemetryJson(telemetry),
    header: headerJson(header),
  };
  yield* withSteps(head, steps);
}

function telemetryJson({ bucketMs, buckets, held, slowest }: TelemetryView): object {
  return {
    bucketMs,
    buckets: buckets.map((bucket) => ({ ...bucket, at: instantText(bucket.at) })),
    held: held.map(({ from, to, reason }) => ({ from: instantText(from), to: instantText(to), reason })),
    slowest,
  };
}

function verificationJson(verification: RunFacts["verification"]): unknown {
  return verification === undefined ? undefined : { ...verification, at: instantText(verification.at) };
}

/** An object whose last field is the list of all steps, a page at a time. */
async function* withSteps(head: object, steps: Pages): AsyncGenerator<string> {
  yield `${jsonText(head).slice(0, -1)},"steps":[`;
  let separator = "\n";
  for await (const page of steps) {
    if (page.length === 0) continue;
    yield separator + page.map((row) => jsonText(rowJson(row))).join(",\n");
    separator = ",\n";
  }
  yield "]}\n";
}

/** One `handover-sheet` document in pieces. */
export function* sheetJson(sheet: HandoverSheet): Generator<string> {
  const { header, digest, people, reconnect } = sheet;
  const head = { type: "handover-sheet", version, runId: header.runId, tenant: header.tenant, digest };
  yield `${jsonText(head).slice(0, -1)},"people":[`;
  for (const [index, person] of people.entries()) yield `${index === 0 ? "\n" : ",\n"}${jsonText(person)}`;
  yield `],"reconnect":${jsonText(reconnect)}}\n`;
}

/** The first line of an apply stream. */
export function versionJson(toolVersion: string, header: RunHeader, digest: Digest, runName: string): string {
  return jsonText({
    type: "version",
    version,
    tool: toolVersion,
    run: runName,
    runId: header.runId,
    tenant: header.tenant,
    digest,
    steps: header.totals.steps,
  });
}

/** One line of an apply stream; `at` is wall time, ms. `run`: in a stream of several runs, whose event it is. */
export function eventJson(event: EngineEvent, at: number, run?: string): string {
  const { type, ...rest } = event.type === "slowness" ? { ...event, text: slownessText(event) } : event;
  return jsonText({ type, at: instantText(at), run, ...rest });
}

/** A worker has left a run: what it ended itself, and why it went. How the run ends for all is its apply's to tell. */
export function leftJson(
  left: { readonly worker: string; readonly end: string; readonly reason: string | undefined; readonly steps: number },
  run: string,
  at: number,
): string {
  return jsonText({ type: "left", version, at: instantText(at), run, ...left });
}

/** The last line of an apply stream. */
export function summaryJson(
  ending: ApplyEnding,
  failures: readonly FailureGroup[],
  resume: string | undefined,
  exitCode: number,
): string {
  return jsonText({ type: "summary", version, ...ending, failures, resume, exitCode });
}

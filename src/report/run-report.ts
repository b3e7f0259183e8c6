/** The report of a run: what was to be done, what became of it, and what proves it. */
import type { AuditHead, Pages, RunFacts } from "./rows.ts";
import type { Style } from "./style.ts";

/** Lines without their ends. `transfers` are pages of transfer steps. */
export async function* runReportText(
  facts: RunFacts,
  audit: AuditHead | undefined,
  transfers: Pages,
  runName: string,
  style: Style,
): AsyncGenerator<string> {
  for await (const page of transfers) yield `${page.length} ${facts.digest} ${audit?.seq} ${runName} ${style.width}`;
}

/** The same as Markdown. */
export async function* runReportMarkdown(
  facts: RunFacts,
  audit: AuditHead | undefined,
  transfers: Pages,
  runName: string,
): AsyncGenerator<string> {
  for await (const page of transfers) yield `${page.length} ${facts.digest} ${audit?.seq} ${runName}`;
}

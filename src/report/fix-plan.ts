/** The plan file that would remedy findings: their rows, each once, in the format its name asks for. */
import type { PlanRow } from "../model/finding.ts";
import { csvRecord } from "./csv.ts";
import type { FindingPages } from "./findings.ts";
import { jsonText } from "./json.ts";

const columns = ["action", "from", "to", "asset", "member", "role", "note"] as const;

/**
 * The rows of open findings. Closing a link is enough where another rule would narrow it, and of one asset to two heirs
 * the first stands: a plan that contradicts itself would be refused.
 */
async function* rowsOf(pages: FindingPages): AsyncGenerator<PlanRow> {
  const seen = new Set<string>();
  const closed = new Set<string>();
  const narrowed: PlanRow[] = [];
  for await (const page of pages) {
    for (const { finding, accepted, change } of page) {
      const { fix } = finding;
      if (fix === undefined || accepted !== undefined || change === "fixed") continue;
      const asset = fix.get("asset") ?? "";
      const action = fix.get("action") ?? "";
      const isOneOfAKind = action === "transfer" || action === "set-link";
      const key = isOneOfAKind ? `${action} ${asset}` : JSON.stringify([...fix]);
      if (seen.has(key)) continue;
      seen.add(key);
      const noted = new Map([...fix, ["note", finding.rule]]);
      if (action === "close-link") closed.add(asset);
      if (action === "set-link") narrowed.push(noted);
      else yield noted;
    }
  }
  yield* narrowed.filter((row) => !closed.has(row.get("asset") ?? ""));
}

export async function* fixPlanCsv(pages: FindingPages): AsyncGenerator<string> {
  yield csvRecord([...columns]);
  for await (const row of rowsOf(pages)) yield csvRecord(columns.map((name) => row.get(name) ?? ""));
}

export async function* fixPlanYaml(pages: FindingPages, tenant: string): AsyncGenerator<string> {
  yield planYamlHead(tenant);
  let any = false;
  for await (const row of rowsOf(pages)) {
    any = true;
    yield planYamlMove(row);
  }
  if (!any) yield planYamlNone;
}

export function planYamlHead(tenant: string): string {
  return `version: 1\ntenant: ${tenant}\nmoves:\n`;
}

/** What stands in place of the moves when there are none. */
export const planYamlNone = "  []\n";

/** One move on one line; JSON's strings are YAML's too. */
export function planYamlMove(fields: Iterable<readonly [string, string]>): string {
  return `  - { ${[...fields].map(([name, value]) => `${name}: ${jsonText(value)}`).join(", ")} }\n`;
}

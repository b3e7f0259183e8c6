/** The audit for programs: JSON, CSV, and SARIF 2.1.0 for whatever already collects findings. */
import { assetUrl } from "../model/asset.ts";
import type { AuditView, RuleWords } from "../model/audit.ts";
import { instantText } from "../model/clock.ts";
import { findingKey } from "../model/finding.ts";
import type { Severity, StoredFinding } from "../model/finding.ts";
import { isWhole } from "../model/inventory.ts";
import { printable } from "../model/text.ts";
import { csvRecord } from "./csv.ts";
import type { FindingPages } from "./findings.ts";
import { jsonText } from "./json.ts";
import { findingUrl } from "./audit-document.ts";

/** Grows when a field changes its meaning or goes; new fields may come without. */
const version = 1;

/** One `audit` document in pieces to be written as they are. */
export async function* auditJson(view: AuditView, pages: FindingPages): AsyncGenerator<string> {
  const { header, finished, earlier, coverage, ...rest } = view;
  const { oldestReadAt, ...counts } = coverage;
  const head = {
    type: "audit",
    version,
    ...rest,
    madeAt: instantText(view.madeAt),
    header: { ...header, startedAt: instantText(header.startedAt) },
    finishedAt: finished === undefined ? undefined : instantText(finished.at),
    digest: finished?.digest,
    whole: isWhole(coverage),
    coverage: { ...counts, oldestReadAt: oldestReadAt === undefined ? undefined : instantText(oldestReadAt) },
    earlier: earlier === undefined ? undefined : { ...earlier, at: instantText(earlier.at) },
  };
  yield `${jsonText(head).slice(0, -1)},"findings":[`;
  let separator = "\n";
  for await (const page of pages) {
    if (page.length === 0) continue;
    yield separator + page.map((stored) => jsonText(findingJson(stored))).join(",\n");
    separator = ",\n";
  }
  yield "]}\n";
}

function findingJson({ finding, accepted, change }: StoredFinding): object {
  const { fix, asset, ...rest } = finding;
  return {
    ...rest,
    asset: asset === undefined ? undefined : { ...asset, url: assetUrl(asset.name, asset.assetType) },
    fix: fix === undefined ? undefined : Object.fromEntries(fix),
    accepted,
    change,
  };
}

const findingColumns: readonly string[] = [
  "severity",
  "rule",
  "type",
  "title",
  "asset",
  "link",
  "owner",
  "member",
  "role",
  "found",
  "change",
  "accepted",
];

/** The columns of a plan file among the others, so that rows can be copied into one. */
const fixColumns = ["action", "from", "to", "asset", "member", "role"] as const;

export async function* auditCsv(pages: FindingPages): AsyncGenerator<string> {
  yield csvRecord(findingColumns.concat(fixColumns.map((name) => `fix_${name}`)));
  for await (const page of pages) {
    yield page
      .map((stored) => {
        const { finding, accepted, change = "" } = stored;
        const { asset, fix } = finding;
        return csvRecord([
          finding.severity,
          finding.rule,
          asset?.assetType ?? "",
          asset?.title ?? "",
          asset?.name ?? "",
          findingUrl(stored),
          asset?.owner ?? "",
          finding.member ?? "",
          finding.role ?? "",
          finding.text,
          change,
          accepted === undefined
            ? ""
            : [accepted.reason, accepted.until ?? ""].filter((part) => part !== "").join("; "),
          ...fixColumns.map((name) => fix?.get(name) ?? ""),
        ]);
      })
      .join("");
  }
}

const levels: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  info: "note",
};
/** The scale that readers of SARIF sort by: 0 to 10. */
const securitySeverities: Readonly<Record<Severity, string>> = {
  critical: "9.5",
  high: "8.0",
  medium: "5.5",
  low: "3.0",
  info: "0.0",
};

export async function* auditSarif(view: AuditView, pages: FindingPages): AsyncGenerator<string> {
  const indexes = new Map(view.rules.map((rule, index) => [rule.id, index]));
  const driver = { name: "handover", version: view.toolVersion, rules: view.rules.map(sarifRule) };
  const head = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
  };
  const invocation = {
    executionSuccessful: isWhole(view.coverage),
    endTimeUtc: instantText(view.madeAt),
  };
  const automation = { id: `handover/audit/${view.header.tenant}/`, guid: undefined };
  const run = { tool: { driver }, invocations: [invocation], automationDetails: automation };
  yield `${jsonText(head).slice(0, -1)},"runs":[${jsonText(run).slice(0, -1)},"results":[`;
  let separator = "\n";
  for await (const page of pages) {
    if (page.length === 0) continue;
    yield separator + page.map((stored) => jsonText(sarifResult(stored, indexes))).join(",\n");
    separator = ",\n";
  }
  yield "]}]}\n";
}

function sarifRule(rule: RuleWords): object {
  return {
    id: rule.id,
    shortDescription: { text: rule.title },
    fullDescription: { text: rule.rationale },
    help: { text: rule.remedy },
    defaultConfiguration: { level: levels[rule.severity] },
    properties: { "security-severity": securitySeverities[rule.severity], tags: ["security"] },
  };
}

const baselineStates = { new: "new", known: "unchanged", fixed: "absent" } as const;

function sarifResult(stored: StoredFinding, indexes: ReadonlyMap<string, number>): object {
  const { finding, accepted, change } = stored;
  const title = finding.asset === undefined ? "" : `"${printable(finding.asset.title)}": `;
  const url = findingUrl(stored);
  return {
    ruleId: finding.rule,
    ruleIndex: indexes.get(finding.rule),
    level: levels[finding.severity],
    message: { text: `${title}${printable(finding.text, 1000)}` },
    locations:
      finding.asset === undefined
        ? undefined
        : [
            {
              physicalLocation: { artifactLocation: { uri: url } },
              logicalLocations: [{ name: finding.asset.name, fullyQualifiedName: url, kind: "resource" }],
            },
          ],
    partialFingerprints: { "handover/v1": findingKey(finding) },
    baselineState: change === undefined ? undefined : baselineStates[change],
    suppressions:
      accepted === undefined ? undefined : [{ kind: "external", justification: printable(accepted.reason, 1000) }],
  };
}

/** The tables of an audit's page: every finding with the plan row that would remedy it, and every asset. */
import { ownerStates } from "../../model/audit.ts";
import type { AuditView, AuditedRow } from "../../model/audit.ts";
import { instantText } from "../../model/clock.ts";
import { severities } from "../../model/finding.ts";
import type { PlanRow, StoredFinding } from "../../model/finding.ts";
import { csvRecord } from "../csv.ts";
import type { FindingPages } from "../findings.ts";
import type { Redactor } from "../redact.ts";
import { copySplit } from "./packed.ts";
import { TableBuilder } from "./tables.ts";
import type { TextPools } from "./tables.ts";

/** A page with more rows than this is no longer quick to open; the rest is counted and in the other formats. */
const rowsMax = 50_000;

const columnsOfPlan = ["action", "from", "to", "asset", "member", "role", "note"] as const;

export async function findingsTable(
  view: AuditView,
  pages: FindingPages,
  pools: TextPools,
  redact: Redactor,
): Promise<TableBuilder> {
  const titles = new Map(view.rules.map((rule) => [rule.id, rule.title]));
  const table = new TableBuilder(
    "findings",
    ["finding", "findings"],
    [
      { key: "severity", label: "Severity", kind: "choice", share: 1.2, order: severities },
      { key: "rule", label: "Rule", kind: "choice", share: 2.2, order: view.rules.map((rule) => rule.title) },
      { key: "title", label: "Asset", kind: "text", share: 2.6, pool: "titles" },
      { key: "type", label: "Type", kind: "choice", share: 1.4 },
      { key: "owner", label: "Owner", kind: "text", share: 2 },
      { key: "found", label: "Found", kind: "text", share: 3 },
      { key: "state", label: "State", kind: "choice", share: 1, order: ["new", "known", "accepted", "fixed"] },
      { key: "id", label: "Asset id", kind: "detail", pool: "ids" },
      { key: "accepted", label: "Accepted", kind: "detail" },
      { key: "fix", label: "Plan row", kind: "copy" },
    ],
    { rowsMax, link: { from: "title", id: "id", type: "type" }, pools },
  );
  for await (const page of pages) {
    for (const { finding, accepted, change } of page) {
      const { asset, fix } = finding;
      table.add([
        finding.severity,
        titles.get(finding.rule) ?? finding.rule,
        asset === undefined ? "" : redact.title(asset.title),
        asset?.assetType,
        asset?.owner === undefined ? "" : redact.text(asset.owner),
        redact.text(finding.text),
        stateOf(accepted !== undefined, change),
        asset?.name,
        accepted === undefined
          ? ""
          : `${redact.text(accepted.reason)}${accepted.until === undefined ? "" : `, until ${accepted.until}`}`,
        fix === undefined ? "" : planText(fix, redact),
      ]);
    }
  }
  return table;
}

function stateOf(accepted: boolean, change: StoredFinding["change"]): string {
  if (change === "fixed") return "fixed";
  return accepted ? "accepted" : (change ?? "open");
}

/** The row, below the columns it stands under. */
function planText(fix: PlanRow, redact: Redactor): string {
  const used = columnsOfPlan.filter((name) => fix.has(name));
  const row = csvRecord(used.map((name) => redact.text(fix.get(name) ?? ""))).trimEnd();
  return `${used.join(",")}${copySplit}${row}`;
}

export async function assetsTable(
  pages: AsyncIterable<readonly AuditedRow[]>,
  pools: TextPools,
  redact: Redactor,
): Promise<TableBuilder> {
  const table = new TableBuilder(
    "assets",
    ["asset", "assets"],
    [
      { key: "title", label: "Asset", kind: "text", share: 3, pool: "titles" },
      { key: "type", label: "Type", kind: "choice", share: 1.4 },
      { key: "owner", label: "Owner", kind: "text", share: 2.2 },
      { key: "owner_state", label: "Owner is", kind: "choice", share: 1.1, order: ownerStates },
      { key: "access", label: "Who gets in", kind: "text", share: 3, isList: true },
      { key: "editors", label: "Editors", kind: "number", share: 0.8 },
      { key: "updated", label: "Changed", kind: "text", share: 1.3 },
      { key: "trashed", label: "Trash", kind: "choice", share: 1.3 },
      { key: "id", label: "Asset id", kind: "detail", pool: "ids" },
    ],
    { rowsMax, link: { from: "title", id: "id", type: "type" }, pools },
  );
  for await (const page of pages) {
    for (const { asset, ownerState, access, editors } of page) {
      table.add([
        redact.title(asset.title),
        asset.assetType,
        asset.owner === undefined ? "" : redact.text(asset.owner),
        ownerState,
        access === undefined ? "unreadable" : access.join(", "),
        editors,
        dayOf(asset.updateTime),
        asset.trashed ? "in the trash" : "live",
        asset.name,
      ]);
    }
  }
  return table;
}

function dayOf(time: string | undefined): string {
  const ms = Date.parse(time ?? "");
  return Number.isNaN(ms) ? "" : instantText(ms).slice(0, 10);
}

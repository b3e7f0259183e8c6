/** Readiness as a document: each leaver with deadlines, heirs and a checklist that links to every asset. */
import { assetUrl } from "../model/asset.ts";
import { isWhole } from "../model/inventory.ts";
import type { LeaverReadiness, ReadinessRow, ReadinessView } from "../model/readiness.ts";
import { counted, thousands } from "../model/text.ts";
import { csvRecord } from "./csv.ts";
import type { Block, Task } from "./document.ts";
import { blockMarkdown } from "./document-markdown.ts";
import { blockText } from "./document-text.ts";
import { planYamlHead, planYamlMove, planYamlNone } from "./fix-plan.ts";
import { jsonText } from "./json.ts";
import { instantText } from "../model/clock.ts";
import {
  concernRemedy,
  concernWords,
  deadlineText,
  heirsText,
  readinessVerdict,
  stateWords,
} from "./readiness-words.ts";
import type { Style } from "./style.ts";
import { shellWord, timeText } from "./words.ts";

/** Grows when a field changes its meaning or goes; new fields may come without. */
const version = 1;

/** Lines without their ends. `tasksMax`: assets listed for one leaver; all are counted. */
export function* readinessText(view: ReadinessView, tasksMax: number, style: Style): Generator<string> {
  for (const block of blocks(view, tasksMax)) yield* blockText(block, style);
}

export function* readinessMarkdown(view: ReadinessView, tasksMax: number): Generator<string> {
  for (const block of blocks(view, tasksMax)) yield* blockMarkdown(block);
}

function* blocks(view: ReadinessView, tasksMax: number): Generator<Block> {
  const { header, finished, coverage } = view;
  yield { kind: "heading", level: 1, text: `Off-boarding readiness, ${header.tenant}` };
  yield { kind: "paragraph", text: [readinessVerdict(view)] };
  if (!isWhole(coverage)) {
    yield { kind: "paragraph", text: ["Part of the tenant could not be seen; handover audit shows what."] };
  }
  yield {
    kind: "fields",
    fields: [
      ["List", [view.list]],
      ["Snapshot", [`${view.snapshot} `, { code: header.snapshotId }]],
      ["Taken", [finished === undefined ? "NOT FINISHED" : timeText(finished.at)]],
    ],
  };
  yield {
    kind: "table",
    columns: [
      { name: "Who" },
      { name: "Now" },
      ...["Reports", "Data sources", "Only they", "Sole editor"].map((name) => ({ name, right: true })),
      { name: "Suspended" },
    ],
    rows: view.leavers.map(({ email, state, reports, dataSources, concerns, suspendedOn }) => [
      [email],
      [stateWords[state]],
      [thousands(reports)],
      [thousands(dataSources)],
      [thousands(concerns["only-reachable"])],
      [thousands(concerns["sole-editor"])],
      [suspendedOn ?? ""],
    ]),
  };
  const rowsOf = new Map<string, ReadinessRow[]>();
  for (const row of view.rows) {
    const known = rowsOf.get(row.leaver);
    if (known === undefined) rowsOf.set(row.leaver, [row]);
    else known.push(row);
  }
  for (const leaver of view.leavers) yield* leaverBlocks(leaver, rowsOf.get(leaver.email) ?? [], tasksMax);
  yield { kind: "next", command: nextCommand(view) };
}

function* leaverBlocks(leaver: LeaverReadiness, rows: readonly ReadinessRow[], tasksMax: number): Generator<Block> {
  yield { kind: "heading", level: 2, text: leaver.email };
  yield {
    kind: "fields",
    fields: [
      ["Now", [stateWords[leaver.state], leaver.wasRead ? "" : "; NOT READ: what only they see is missing here"]],
      ["Deadlines", [deadlineText(leaver)]],
      [
        "Owns",
        [
          `${counted(leaver.reports, "report")}, ${counted(leaver.dataSources, "data source")}, ${thousands(leaver.trashed)} in the trash`,
        ],
      ],
      ["Edits", [`${counted(leaver.editsOfOthers, "asset")} of others`]],
      ["Heirs", [heirsText(leaver)]],
    ],
  };
  if (rows.length === 0) return;
  yield { kind: "tasks", tasks: rows.slice(0, tasksMax).map(taskOf) };
  if (rows.length > tasksMax) {
    yield { kind: "paragraph", text: [`and ${thousands(rows.length - tasksMax)} more: add --all, or --format csv`] };
  }
}

function taskOf({ asset, concerns, editors }: ReadinessRow): Task {
  return {
    what: asset.assetType === "DATA_SOURCE" ? "Data source" : "Report",
    title: asset.title,
    url: assetUrl(asset.name, asset.assetType),
    details: [
      ...concerns
        .filter((concern) => concern !== "ownership" || concerns.length === 1)
        .map((concern) => [`${concernWords[concern]}. ${concernRemedy(concern)}`]),
      ...(editors.length === 0 ? [] : [[`can be edited by ${editors.join(", ")}`]]),
    ],
  };
}

function nextCommand(view: ReadinessView): string {
  return `handover audit ${shellWord(view.snapshot)} --leavers ${shellWord(view.list)} --fix-plan leavers-plan.csv`;
}

export function readinessJson(view: ReadinessView): string {
  const { header, finished, coverage, ...rest } = view;
  return `${jsonText({
    type: "readiness",
    version,
    ...rest,
    madeAt: instantText(view.madeAt),
    tenant: header.tenant,
    snapshotId: header.snapshotId,
    finishedAt: finished === undefined ? undefined : instantText(finished.at),
    digest: finished?.digest,
    whole: isWhole(coverage),
    rows: view.rows.map((row) => ({
      ...row,
      asset: { ...row.asset, url: assetUrl(row.asset.name, row.asset.assetType) },
    })),
  })}\n`;
}

export function* readinessCsv(view: ReadinessView): Generator<string> {
  yield csvRecord([
    "leaver",
    "type",
    "title",
    "asset",
    "link",
    "concerns",
    "to_do",
    "edited_by",
    "heir",
    "suspended_on",
    "deleted_on",
  ]);
  const leavers = new Map(view.leavers.map((leaver) => [leaver.email, leaver]));
  for (const { leaver, asset, concerns, editors } of view.rows) {
    const about = leavers.get(leaver);
    yield csvRecord([
      leaver,
      asset.assetType,
      asset.title,
      asset.name,
      assetUrl(asset.name, asset.assetType),
      concerns.join("; "),
      concerns.map(concernRemedy).join(" "),
      editors.join("; "),
      about?.heir?.email ?? about?.heirs[0]?.email ?? "",
      about?.suspendedOn ?? "",
      about?.deletedOn ?? "",
    ]);
  }
}

/** A plan file that moves everything of each leaver to the heir the list names, or else to who edits most of it. */
export function* readinessPlanCsv(view: ReadinessView): Generator<string> {
  yield csvRecord(["from", "to", "note"]);
  for (const { from, to, note } of handOvers(view)) yield csvRecord([from, to, note]);
}

export function* readinessPlanYaml(view: ReadinessView): Generator<string> {
  yield planYamlHead(view.header.tenant);
  let any = false;
  for (const move of handOvers(view)) {
    any = true;
    yield planYamlMove(Object.entries(move));
  }
  if (!any) yield planYamlNone;
}

interface HandOver {
  readonly from: string;
  readonly to: string;
  readonly note: string;
}

function* handOvers(view: ReadinessView): Generator<HandOver> {
  for (const { email, state, heir, heirs, reports, dataSources } of view.leavers) {
    const to = heir?.isActive === true ? heir.email : heirs[0]?.email;
    const canMove = state === "active" || state === "suspended" || state === "archived";
    if (to === undefined || !canMove || reports + dataSources === 0) continue;
    const why =
      heir?.email === to ? "as the list names" : `suggested: edits ${heirs[0]?.edits ?? 0} of ${reports + dataSources}`;
    yield { from: email, to, note: why };
  }
}

/** The steps of a run as a table of a page: what each changes, what it may break, how far it has come. */
import { hazardsToAllow } from "../../model/step.ts";
import type { EditStep, Step, StepState } from "../../model/step.ts";
import type { RunHeader } from "../../model/run.ts";
import { counted } from "../../model/text.ts";
import { pairLines, tenantOf } from "../pairs-text.ts";
import type { Redactor } from "../redact.ts";
import type { Pages, StepProgress } from "../rows.ts";
import { hazardWords, keepWords, stateWords } from "../words.ts";
import type { Column } from "./packed.ts";
import { TableBuilder } from "./tables.ts";
import type { TextPools } from "./tables.ts";

const rowsMax = 50_000;

const kindWords: Readonly<Record<Step["kind"], string>> = {
  transfer: "whole-user transfer",
  edit: "edit",
  "by-hand": "by hand",
};

const planned: readonly Column[] = [
  { key: "seq", label: "Step", kind: "number", share: 0.7 },
  { key: "kind", label: "Kind", kind: "choice", share: 2.4, order: Object.values(kindWords) },
  { key: "title", label: "Asset", kind: "text", share: 2.6, pool: "titles" },
  { key: "type", label: "Type", kind: "choice", share: 1.4 },
  { key: "owner", label: "Owner", kind: "text", share: 2 },
  { key: "changes", label: "Changes", kind: "text", share: 3, isList: true },
  { key: "reversible", label: "Undo", kind: "choice", share: 1 },
  { key: "hazards", label: "Hazards", kind: "text", share: 1.8, isList: true },
  { key: "means", label: "Which means", kind: "detail" },
  { key: "id", label: "Asset id", kind: "detail", pool: "ids" },
  { key: "actor", label: "Acting as", kind: "detail" },
  { key: "sources", label: "Asked for by", kind: "detail", isList: true },
];

/** What a run shows of a plan's columns only when a row is opened: there, how it ended matters more. */
const settled = new Set(["reversible", "hazards"]);

const progress: readonly Column[] = [
  { key: "state", label: "State", kind: "choice", share: 1.2, order: [...stateWords.values()] },
  { key: "failure", label: "Failure", kind: "choice", share: 1.8 },
  { key: "attempts", label: "Attempts", kind: "detail" },
  { key: "reason", label: "Reason", kind: "detail" },
  { key: "evidence", label: "Known by", kind: "detail" },
];

const ended: readonly Column[] = [
  ...planned.map((column): Column => (settled.has(column.key) ? { ...column, kind: "detail" } : column)),
  ...progress,
];

/** `withProgress`: also what became of each. */
export async function stepsTable(
  header: RunHeader,
  pages: Pages,
  options: { readonly withProgress: boolean; readonly pools: TextPools; readonly redact: Redactor },
): Promise<TableBuilder> {
  const { withProgress, pools, redact } = options;
  const columns = withProgress ? ended : planned;
  const table = new TableBuilder("steps", ["step", "steps"], columns, {
    rowsMax,
    link: { from: "title", id: "id", type: "type" },
    pools,
  });
  for await (const page of pages) {
    for (const row of page) {
      const cells = stepCells(row.step, header, redact);
      table.add(withProgress ? [...cells, ...progressCells(row, redact)] : cells);
    }
  }
  return table;
}

function stepCells(step: Step, header: RunHeader, redact: Redactor): readonly (string | number)[] {
  const asset = step.kind === "transfer" ? undefined : step.asset;
  return [
    step.seq,
    kindWords[step.kind],
    asset === undefined ? "" : redact.title(asset.title),
    asset?.assetType ?? "",
    redact.text(ownerOf(step)),
    redact.text(changesOf(step, header)),
    reversibility(step),
    step.hazards.join(", "),
    step.hazards
      .map(
        (hazard) =>
          `${hazard}${hazardsToAllow.has(hazard) ? " (must be allowed by name)" : ""}: ${hazardWords[hazard]}`,
      )
      .join(". "),
    asset?.name ?? "",
    redact.text(step.actor),
    step.sources.map(({ file, line }) => `${file}:${line}`).join(", "),
  ];
}

function progressCells({ state, attempts, result }: StepProgress, redact: Redactor): readonly (string | number)[] {
  return [
    stateText(state),
    result?.failure ?? "",
    attempts,
    redact.text(result?.reason ?? ""),
    result === undefined ? "" : evidenceWords[result.evidence],
  ];
}

const evidenceWords = {
  answer: "the write's own answer showed it",
  read: "reading back showed it",
  refusal: "Google refused it",
  none: "nothing was to be sent",
} as const;

export function stateText(state: StepState): string {
  return stateWords.get(state) ?? state;
}

function ownerOf(step: Step): string {
  switch (step.kind) {
    case "transfer":
      return step.from.email;
    case "edit":
      return step.owner ?? "";
    case "by-hand":
      return step.from;
  }
}

function changesOf(step: Step, header: RunHeader): string {
  switch (step.kind) {
    case "transfer":
      return `everything to ${step.to.email}: ${counted(step.live, "asset")} and ${step.trashed} in the trash`;
    case "edit":
      return editText(step, header);
    case "by-hand":
      return `owner to ${step.to}; ${step.from} ${keepWords[step.keep]}`;
  }
}

function editText(step: EditStep, header: RunHeader): string {
  const pairs = pairLines(step.delta, tenantOf(header)).map(({ sign, role, member, mark }) =>
    `${sign}${role} ${member} ${mark}`.trimEnd(),
  );
  const owner = step.attemptOwner === undefined ? [] : [`tries owner ${step.attemptOwner}`];
  return [...owner, ...pairs].join(", ");
}

function reversibility(step: Step): string {
  switch (step.kind) {
    case "transfer":
      return "no";
    case "edit":
      return step.attemptOwner === undefined ? "yes" : "if it works";
    case "by-hand":
      return "by hand";
  }
}

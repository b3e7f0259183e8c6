/** Steps with their results as CSV (RFC 4180) that no spreadsheet takes for a formula. */
import { assetUrl } from "../model/asset.ts";
import { instantText } from "../model/clock.ts";
import type { Place } from "../model/diagnostic.ts";
import type { Pair } from "../model/permissions.ts";
import type { Step } from "../model/step.ts";
import { printable } from "../model/text.ts";
import type { Pages, StepProgress } from "./rows.ts";
import { inked } from "./style.ts";

/** What spreadsheets begin a formula with (reliability.md 2.8), behind any quotes that stand there already. */
const formula = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** `text` with a leading quote if a spreadsheet would calculate with it; the raw text is what follows that quote. */
export function guarded(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

/** One record, line end (CRLF) included. Every cell is made inert, guarded, and quoted where it must be. */
export function csvRecord(cellTexts: readonly string[]): string {
  return `${cellTexts.map(csvCell).join(",")}\r\n`;
}

function csvCell(text: string): string {
  const cell = guarded(inert(text));
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** What a spreadsheet's cell holds (32,767), less room for quotes. */
const cellCharactersMax = 32_000;

/** Foreign text as one line without anything invisible. */
function inert(text: string): string {
  return inked(printable(text, cellCharactersMax));
}

const columns: readonly (readonly [string, (row: StepProgress) => string])[] = [
  ["step", ({ step }) => String(step.seq)],
  ["kind", ({ step }) => step.kind],
  ["state", ({ state }) => state],
  ["failure", ({ result }) => result?.failure ?? ""],
  ["reason", ({ result }) => result?.reason ?? ""],
  ["type", ({ step }) => (step.kind === "transfer" ? "" : step.asset.assetType)],
  ["title", ({ step }) => (step.kind === "transfer" ? "" : step.asset.title)],
  ["asset", ({ step }) => (step.kind === "transfer" ? "" : step.asset.name)],
  ["link", ({ step }) => (step.kind === "transfer" ? "" : assetUrl(step.asset.name, step.asset.assetType))],
  ["old_owner", ({ step }) => oldOwner(step)],
  ["new_owner", ({ step }) => newOwner(step)],
  ["planned_add", ({ step }) => (step.kind === "edit" ? pairsText(step.delta.add) : "")],
  ["planned_remove", ({ step }) => (step.kind === "edit" ? pairsText(step.delta.remove) : "")],
  ["changed_add", ({ result }) => pairsText(result?.changed.add ?? [])],
  ["changed_remove", ({ result }) => pairsText(result?.changed.remove ?? [])],
  ["changed_owner", ({ result }) => result?.newOwner ?? ""],
  ["hazards", ({ step }) => step.hazards.join("; ")],
  ["actor", ({ step, result }) => result?.actor ?? step.actor],
  ["after", ({ step }) => (step.after === undefined ? "" : String(step.after))],
  ["attempts", ({ attempts }) => String(attempts)],
  ["evidence", ({ result }) => result?.evidence ?? ""],
  ["updated", ({ updatedAt }) => (updatedAt === undefined ? "" : instantText(updatedAt))],
  ["sources", ({ step }) => step.sources.map(sourceText).join("; ")],
];

/** The whole file in pieces to be written as they are: a header, then one record a step. */
export async function* stepsCsv(steps: Pages): AsyncGenerator<string> {
  yield csvRecord(columns.map(([name]) => name));
  for await (const page of steps) {
    yield page.map((row) => csvRecord(columns.map(([, cellOf]) => cellOf(row)))).join("");
  }
}

function oldOwner(step: Step): string {
  if (step.kind === "transfer") return step.from.email;
  return (step.kind === "by-hand" ? step.from : step.owner) ?? "";
}

function newOwner(step: Step): string {
  if (step.kind === "transfer") return step.to.email;
  return (step.kind === "by-hand" ? step.to : step.attemptOwner) ?? "";
}

function pairsText(pairs: readonly Pair[]): string {
  return pairs.map(({ role, member }) => `${role} ${member}`).join("; ");
}

function sourceText({ file, line }: Place): string {
  return `${file}:${line}`;
}

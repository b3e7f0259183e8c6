/** A plan as people review it before it is applied: what it was made from, each step, and what it comes to. */
import type { Digest, RunHeader } from "../model/run.ts";
import { size } from "../model/permissions.ts";
import type { ByHandStep, EditStep, HazardName, Step, TransferStep } from "../model/step.ts";
import { counted, thousands } from "../model/text.ts";
import { assetLine } from "./asset-text.ts";
import { hazardLines, noActionLines, refusalLines, sumLines } from "./plan-sums.ts";
import { pairLines, setPairs, tenantOf } from "./pairs-text.ts";
import { dot, label, labelled, labelledCommand, paint, shown, sigil, spread, wrap, wrapFacts } from "./style.ts";
import type { Style } from "./style.ts";
import { applyCommand, hazardWords, keepWords, rowText, shellWord, timeText } from "./words.ts";

const unreadUsersShown = 5;

/** What the plan was made from. Ends with an empty line. */
export function planHead(header: RunHeader, runName: string, style: Style): string[] {
  const { coverage, totals } = header;
  const files = header.planFiles.map((file) => shown(file.name, style)).join(", ");
  const from = files === "" ? [] : [`${counted(totals.rows, "row")} of ${files}`];
  const undo = header.undoOf;
  const unread = coverage.usersFailed;
  return [
    ...wrapFacts([shown(runName, style), `tenant ${header.tenant}`, ...from], label("Plan", style), style),
    ...(undo === undefined
      ? []
      : labelled("Undo", `takes back run ${undo.runId} (digest ${undo.digest.slice(0, 12)})`, style)),
    ...labelled(
      "Read",
      `${counted(coverage.assetsRead, "asset")} of ${thousands(coverage.usersRead)}/${counted(coverage.usersTried, "user")}, ${timeText(header.snapshotAt)}`,
      style,
    ),
    ...(unread.length === 0 ? [] : [`  ${sigil("!", style)} ${counted(unread.length, "user")} could not be searched`]),
    ...unread
      .slice(0, unreadUsersShown)
      .flatMap((each) => wrap(`${each.user}: ${shown(each.reason, style)}`, "      ", style.width)),
    ...(unread.length > unreadUsersShown ? [`      and ${thousands(unread.length - unreadUsersShown)} more`] : []),
    ...(coverage.permissionsUnreadable === 0
      ? []
      : [
          `  ${sigil("!", style)} permissions of ${counted(coverage.permissionsUnreadable, "asset")} could not be read`,
        ]),
    "",
  ];
}

/** One step: an edit, a transfer, or a line for the hand-over sheet. */
export function planStep(step: Step, header: RunHeader, style: Style): string[] {
  if (step.kind === "edit") return editLines(step, header, style);
  if (step.kind === "transfer") return transferLines(step, style);
  return byHandLines(step, style);
}

/** In place of the steps that are not shown, and an empty line; nothing but that when all are shown. */
export function planMore(stepsShown: number, header: RunHeader, runName: string, style: Style): string[] {
  const more = header.totals.steps - stepsShown;
  if (header.totals.steps === 0) return [];
  if (more <= 0) return [""];
  return [
    "",
    ...wrap(`${counted(more, "more step")}: handover show ${shellWord(runName)} --all`, "  ", style.width),
    "",
  ];
}

/** What is refused, totals, exposure, limits, hazards, and last the command that comes next. */
export function planFoot(header: RunHeader, digest: Digest, runName: string, style: Style): string[] {
  const refused = refusalLines(header, style);
  const hazards = hazardLines(header.hazards, style);
  const sheet = `${counted(header.totals.byHand, "owner change")}: handover report ${shellWord(runName)} --handover-sheet`;
  return [
    ...refused,
    ...(refused.length > 0 ? [""] : []),
    ...noActionLines(header.noActions, style),
    ...header.remarks.flatMap((remark) => wrap(shown(remark, style, 1000), `  ${sigil("!", style)} `, style.width)),
    ...(header.noActions.length + header.remarks.length > 0 ? [""] : []),
    ...hazards,
    ...(hazards.length > 0 ? [""] : []),
    ...sumLines(header, style),
    ...(header.totals.byHand === 0 ? [] : labelled("By hand", sheet, style)),
    `${label("Digest", style)}${digest}`,
    ...nextLines(header, runName, style),
  ];
}

function nextLines(header: RunHeader, runName: string, style: Style): string[] {
  if (header.totals.steps === 0) return labelled("Next", "nothing: everything is as the plan asks", style);
  return labelledCommand("Next", applyCommand(header, runName), style);
}

/** Hazards that the marks behind the pairs show already. */
const seenInPairs: ReadonlySet<HazardName> = new Set<HazardName>([
  "new-external",
  "new-public",
  "owner-change-attempt",
]);

function editLines(step: EditStep, header: RunHeader, style: Style): string[] {
  const attempt = step.attemptOwner;
  const pairs = pairLines(step.delta, tenantOf(header));
  const owner =
    attempt === undefined
      ? []
      : [{ sign: ">" as const, role: "OWNER", member: `user:${attempt}`, mark: "(experimental)" }];
  const changes = size(step.delta) + owner.length;
  return [
    assetLine("~", step.asset, `${counted(changes, "change")}  #${step.seq}`, style),
    ...setPairs([...owner, ...pairs], style),
    ...hazardsOf(step, style),
    ...provenance(step, style),
  ];
}

function transferLines(step: TransferStep, style: Style): string[] {
  const right = paint(`${counted(step.live, "asset")}  #${step.seq}`, "dim", style);
  const head = `  ${sigil(">", style)} ${step.from.email} -> ${step.to.email}`;
  const one = spread(head, right, style);
  const trash = step.trashed === 0 ? [] : [`      and ${counted(step.trashed, "asset")} in the trash`];
  return [
    ...(one === head
      ? [...wrap(`${step.from.email} -> ${step.to.email}`, `  ${sigil(">", style)} `, style.width), `      ${right}`]
      : [one]),
    ...trash,
    ...hazardsOf(step, style),
    ...provenance(step, style),
  ];
}

function byHandLines(step: ByHandStep, style: Style): string[] {
  const unless = step.unless === undefined ? "" : `; only if #${step.unless} cannot`;
  return [
    assetLine("?", step.asset, `by hand  #${step.seq}`, style),
    ...wrap(`${step.from} makes ${step.to} the owner and ${keepWords[step.keep]}${unless}`, "      ", style.width),
    ...hazardsOf(step, style),
    ...provenance(step, style),
  ];
}

function hazardsOf(step: Step, style: Style): string[] {
  return step.hazards
    .filter((name) => !seenInPairs.has(name))
    .flatMap((name) => wrap(hazardWords[name], `      ${sigil("!", style)} `, style.width));
}

/** Which rows asked for it, who acts, and what it waits for. */
function provenance(step: Step, style: Style): string[] {
  const [first, ...others] = step.sources;
  const rows = first === undefined ? [] : [rowText(first, style) + (others.length > 0 ? ` +${others.length}` : "")];
  const actor = step.kind === "edit" ? [`as ${step.actor}`] : [];
  const after = step.after === undefined ? [] : [`after #${step.after}`];
  const text = [...rows, ...actor, ...after].join(dot(style));
  return text === "" ? [] : wrap(text, "      ", style.width).map((line) => paint(line, "dim", style));
}

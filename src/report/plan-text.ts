/** A plan as people review it before it is applied: what it was made from, each step, and what it comes to. */
import type { Digest, RunHeader } from "../model/run.ts";
import type { Step } from "../model/step.ts";
import { counted, thousands } from "../model/text.ts";
import { hazardLines, noActionLines, refusalLines, sumLines } from "./plan-sums.ts";
import { planSteps } from "./plan-steps.ts";
import { label, labelled, labelledCommand, shown, sigil, wrap, wrapFacts } from "./style.ts";
import type { Style } from "./style.ts";
import { applyCommand, nothingText, shellWord, timeText } from "./words.ts";

const unreadUsersShown = 5;

/** What the plan was made from. Ends with an empty line. */
export function planHead(header: RunHeader, runName: string, style: Style): string[] {
  const { coverage, totals } = header;
  const files = header.planFiles.map((file) => shown(file.name, style)).join(", ");
  const undo = header.undoOf;
  const from = files === "" || undo !== undefined ? [] : [`${counted(totals.rows, "row")} of ${files}`];
  const unread = coverage.usersFailed;
  // An undo reads the assets of its run by name, and searches as nobody.
  const users =
    coverage.usersTried === 0 ? "" : ` of ${thousands(coverage.usersRead)}/${counted(coverage.usersTried, "user")}`;
  return [
    ...wrapFacts([shown(runName, style), `tenant ${header.tenant}`, ...from], label("Plan", style), style),
    ...(undo === undefined
      ? []
      : labelled("Undo", `takes back run ${undo.runId} (digest ${undo.digest.slice(0, 12)})`, style)),
    ...labelled("Read", `${counted(coverage.assetsRead, "asset")}${users}, ${timeText(header.snapshotAt)}`, style),
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

/** One step, with every pair: an edit, a transfer, or a line for the hand-over sheet. */
export function planStep(step: Step, header: RunHeader, style: Style): string[] {
  return planSteps([step], header, style);
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
  return [...planSums(header, digest, runName, style), ...nextLines(header, runName, style)];
}

/** The same without the command that comes next, for where it has been given. */
export function planSums(header: RunHeader, digest: Digest, runName: string, style: Style): string[] {
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
  ];
}

function nextLines(header: RunHeader, runName: string, style: Style): string[] {
  if (header.totals.steps === 0) return labelled("Next", nothingText(header), style);
  return labelledCommand("Next", applyCommand(header, runName), style);
}

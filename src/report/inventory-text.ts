/** How much of a tenant an inventory covers, as people read it: what was read, and above all what was not. */
import { inventoryQueries, isWhole } from "../model/inventory.ts";
import type { InventoryCoverage, SnapshotHeader } from "../model/inventory.ts";
import type { Digest } from "../model/run.ts";
import { counted, thousands } from "../model/text.ts";
import { label, labelled, labelledCommand, paint, shown, sigil, wrap, wrapFacts } from "./style.ts";
import type { Style } from "./style.ts";
import { durationText, percentText, shellWord, timeText } from "./words.ts";

/** A finished or interrupted snapshot, in the words of a person. */
export interface InventoryView {
  readonly header: SnapshotHeader;
  readonly finished: { readonly at: number; readonly digest: Digest } | undefined;
  readonly coverage: InventoryCoverage;
  /** Whether another process is taking it at this moment, where somebody has looked. */
  readonly held?: boolean | undefined;
}

const linesMax = 10;

/** Last what to do next. */
export function inventoryText(view: InventoryView, name: string, style: Style): string[] {
  const { header, finished } = view;
  const from = header.refreshOf === undefined ? [] : [`refreshes ${header.refreshOf.snapshotId}`];
  const unfinished = view.held === true ? "under way: another process is taking it" : "not finished";
  const when =
    finished === undefined
      ? `begun ${timeText(header.startedAt)}, ${unfinished}`
      : `${timeText(header.startedAt)}, in ${durationText(finished.at - header.startedAt)}`;
  return [
    ...wrapFacts(
      [shown(name, style), `tenant ${header.tenant}`, scopeText(header, style), ...from],
      label("Snapshot", style),
      style,
    ),
    ...labelled("Taken", when, style),
    ...coverageText(view.coverage, style),
    ...(finished === undefined ? [] : [`${label("Digest", style)}${finished.digest}`]),
    ...labelledCommand("Next", nextCommand(view, name), style),
  ];
}

/** An interrupted inventory goes on only with the users, and the earlier snapshot, that it was begun with. */
function nextCommand({ header, finished, held }: InventoryView, name: string): string {
  if (finished !== undefined) return `handover audit ${shellWord(name)}`;
  if (held === true) return `handover status ${shellWord(name)}`;
  const { scope, refreshOf } = header;
  const users =
    scope.kind === "org-unit"
      ? ` --org-unit ${shellWord(scope.path)}`
      : scope.kind === "listed"
        ? ` --users ${shellWord(scope.name)}`
        : "";
  const refresh = refreshOf === undefined ? "" : " --refresh SNAPSHOT";
  return `handover inventory${users}${refresh} -o ${shellWord(name)}`;
}

function scopeText(header: SnapshotHeader, style: Style): string {
  switch (header.scope.kind) {
    case "everybody":
      return "all users";
    case "org-unit":
      return `users in ${shown(header.scope.path, style)}`;
    case "listed":
      return `users of ${shown(header.scope.name, style)}`;
  }
}

/** What was read, then each thing that was not, with its reasons. */
function coverageText(coverage: InventoryCoverage, style: Style): string[] {
  const readable = coverage.usersTotal - coverage.usersSkipped.length;
  const share = readable === 0 ? 100 : (100 * coverage.usersRead) / readable;
  const asked = coverage.permissionsRead + coverage.permissionsUnreadable + coverage.permissionsPending;
  const verdict = isWhole(coverage)
    ? paint("whole", "green", style)
    : paint("INCOMPLETE: what follows could not be seen", "red", style);
  return [
    ...wrapFacts(
      [
        `${thousands(coverage.usersRead)} of ${counted(readable, "user")} read (${percentText(share)})`,
        counted(coverage.assetsRead, "asset"),
        `permissions of ${thousands(coverage.permissionsRead)} of ${thousands(asked)}`,
        counted(coverage.groupsRead, "group"),
        verdict,
      ],
      label("Coverage", style),
      style,
    ),
    ...wrapFacts(queryFacts(coverage), label("Assets", style), style),
    ...carriedLines(coverage, style),
    ...gap(
      "could not be searched as",
      "user",
      coverage.usersFailed.map((each) => [each.user, each.reason]),
      style,
    ),
    ...countedGap(coverage, style),
    ...gap(
      "could not be read",
      "group",
      coverage.groupsUnreadable.map((each) => [each.group, each.reason]),
      style,
    ),
    ...pendingLines(coverage, style),
    ...skippedLines(coverage, style),
  ];
}

function queryFacts(coverage: InventoryCoverage): string[] {
  return inventoryQueries.map(({ assetType, trashed }) => {
    const found = coverage.queries.find((each) => each.assetType === assetType && each.trashed === trashed);
    const what = assetType === "REPORT" ? "report" : "data source";
    return `${counted(found?.assets ?? 0, what)} ${trashed ? "in the trash" : "live"}`;
  });
}

function carriedLines(coverage: InventoryCoverage, style: Style): string[] {
  const { permissionsCarriedOver: carried, oldestReadAt } = coverage;
  if (carried === 0) return [];
  const age = oldestReadAt === undefined ? "" : `; the oldest were read ${timeText(oldestReadAt)}`;
  return labelled(
    "Carried",
    `permissions of ${counted(carried, "asset")} were taken from the earlier snapshot${age}`,
    style,
  );
}

function gap(what: string, noun: string, lines: readonly (readonly [string, string])[], style: Style): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - linesMax;
  return [
    `  ${sigil("!", style)} ${counted(lines.length, noun)} ${what}`,
    ...lines.slice(0, linesMax).flatMap(([who, why]) => wrap(`${who}: ${shown(why, style)}`, "      ", style.width)),
    ...(more > 0 ? [`      and ${thousands(more)} more`] : []),
  ];
}

function countedGap(coverage: InventoryCoverage, style: Style): string[] {
  if (coverage.permissionsUnreadable === 0) return [];
  return [
    `  ${sigil("!", style)} permissions of ${counted(coverage.permissionsUnreadable, "asset")} could not be read`,
    ...coverage.unreadable
      .slice(0, linesMax)
      .flatMap(({ reason, count }) => wrap(`${thousands(count)} x ${shown(reason, style)}`, "      ", style.width)),
  ];
}

function pendingLines(coverage: InventoryCoverage, style: Style): string[] {
  const left = [
    coverage.usersPending > 0 ? counted(coverage.usersPending, "user") : "",
    coverage.permissionsPending > 0 ? `permissions of ${counted(coverage.permissionsPending, "asset")}` : "",
  ].filter((part) => part !== "");
  return left.length === 0 ? [] : [`  ${sigil("!", style)} still to be read: ${left.join(" and ")}`];
}

/** Nobody can be made to sign in, so these are no gap that could be closed; but what they alone see stays unseen. */
function skippedLines(coverage: InventoryCoverage, style: Style): string[] {
  if (coverage.usersSkipped.length === 0) return [];
  const byReason = new Map<string, number>();
  for (const { reason } of coverage.usersSkipped) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  const reasons = [...byReason].map(([reason, count]) => `${thousands(count)} ${reason}`).join(", ");
  const text = `${counted(coverage.usersSkipped.length, "user")} cannot be acted as (${reasons}): what only they see is not in the snapshot`;
  return labelled("Skipped", text, style);
}

/** The steps of a plan as people review them: every pair of each, and alike ones together where many are shown. */
import type { Email } from "../model/email.ts";
import { size } from "../model/permissions.ts";
import type { Place } from "../model/diagnostic.ts";
import type { RunHeader } from "../model/run.ts";
import type { ByHandStep, EditStep, HazardName, Step, TransferStep } from "../model/step.ts";
import { counted, thousands } from "../model/text.ts";
import { assetLine, assetText } from "./asset-text.ts";
import { groupBy } from "./grouping.ts";
import { pairLines, setPairs, tenantOf } from "./pairs-text.ts";
import { dot, paint, sigil, spread, wrap } from "./style.ts";
import type { Style } from "./style.ts";
import { hazardWords, keepWords, rowText } from "./words.ts";

/** What one asset is in for: an edit, a line for the hand-over sheet, or both. */
interface AssetItem {
  readonly kind: "asset";
  readonly edit: EditStep | undefined;
  readonly byHand: ByHandStep | undefined;
}

type Item = AssetItem | TransferStep;

const alikeMin = 3;
const alikeListed = 3;

/** Some steps of a plan; assets that are in for the same stand together, with the first of them named. */
export function planSteps(steps: readonly Step[], header: RunHeader, style: Style): string[] {
  const groups = [...groupBy(itemsOf(steps), signature).values()];
  return groups.flatMap((group) => {
    const assets = group.filter((item) => item.kind === "asset");
    if (assets.length >= alikeMin) return alikeLines(assets, header, style);
    return group.flatMap((item) =>
      item.kind === "asset" ? itemLines(item, header, style) : transferLines(item, style),
    );
  });
}

/** The line for the hand-over sheet goes with the edit of the same asset before it. */
function itemsOf(steps: readonly Step[]): readonly Item[] {
  const items: Item[] = [];
  for (const step of steps) {
    const last = items.at(-1);
    if (step.kind === "transfer") items.push(step);
    else if (step.kind === "edit") items.push({ kind: "asset", edit: step, byHand: undefined });
    else if (last?.kind === "asset" && last.byHand === undefined && last.edit?.asset.name === step.asset.name) {
      items.splice(-1, 1, { ...last, byHand: step });
    } else items.push({ kind: "asset", edit: undefined, byHand: step });
  }
  return items;
}

/** Equal for items that differ in nothing but the asset, its number, who acts, and the rows that name it. */
function signature(item: Item): string {
  if (item.kind === "transfer") return `#${item.seq}`;
  const { edit, byHand } = item;
  return JSON.stringify([
    edit === undefined ? null : [edit.delta, edit.attemptOwner, edit.after],
    byHand === undefined
      ? null
      : [byHand.from, byHand.to, byHand.keep, byHand.unless === edit?.seq || byHand.unless, byHand.after],
    hazardsOf(item),
  ]);
}

function itemLines(item: AssetItem, header: RunHeader, style: Style): string[] {
  const { edit, byHand } = item;
  const step = edit ?? byHand;
  if (step === undefined) return [];
  const numbers = [edit, byHand].flatMap((each) => (each === undefined ? [] : [`#${each.seq}`])).join(", ");
  const what = edit === undefined ? "by hand" : counted(changesOf(edit), "change");
  return [
    assetLine(edit === undefined ? "?" : "~", step.asset, `${what}  ${numbers}`, style),
    ...bodyLines([item], header, style),
  ];
}

function alikeLines(items: readonly AssetItem[], header: RunHeader, style: Style): string[] {
  const [first] = items;
  if (first === undefined) return [];
  const named = items.flatMap(({ edit, byHand }) => edit ?? byHand ?? []).slice(0, alikeListed);
  const more = items.length - named.length;
  const mark = first.edit === undefined ? "?" : "~";
  const what = first.edit === undefined ? "by hand" : `${counted(changesOf(first.edit), "change")} each`;
  return [
    spread(`  ${sigil(mark, style)} ${counted(items.length, "asset")}`, paint(what, "dim", style), style),
    ...named.map((step) => assetText("      ", step.asset, `#${step.seq}`, style)),
    ...(more > 0 ? [`      and ${thousands(more)} more (--all names them)`] : []),
    ...bodyLines(items, header, style),
  ];
}

function changesOf(edit: EditStep): number {
  return size(edit.delta) + (edit.attemptOwner === undefined ? 0 : 1);
}

/** What all of `items` are in for, said once. */
function bodyLines(items: readonly AssetItem[], header: RunHeader, style: Style): string[] {
  const [item] = items;
  if (item === undefined) return [];
  const { edit, byHand } = item;
  const actors = new Set(items.flatMap((each) => (each.edit === undefined ? [] : [each.edit.actor])));
  return [
    ...(edit === undefined ? [] : editPairs(edit, header, style)),
    ...(byHand === undefined ? [] : handLines(byHand, edit, style)),
    ...hazardsOf(item).flatMap((name) => hazardLines(name, style)),
    ...provenance(placesOf(items), [...actors], edit ?? byHand, style),
  ];
}

function editPairs(edit: EditStep, header: RunHeader, style: Style): string[] {
  const attempt = edit.attemptOwner;
  const pairs = pairLines(edit.delta, tenantOf(header));
  if (attempt === undefined) return setPairs(pairs, style);
  return setPairs([{ sign: ">", role: "OWNER", member: `user:${attempt}`, mark: "(experimental)" }, ...pairs], style);
}

/** What a person does, and whether the edit it goes with may make that needless. */
function handLines(byHand: ByHandStep, edit: EditStep | undefined, style: Style): string[] {
  const { from, to, keep, unless } = byHand;
  const first = edit === undefined ? "      " : `      ${sigil("?", style)} `;
  const cause = unless === edit?.seq ? "that is refused" : `#${unless} cannot`;
  const words = `${from} makes ${to} the owner and ${keepWords[keep]}${edit === undefined ? "" : ", by hand"}`;
  return wrap(unless === undefined ? words : `${words}; only if ${cause}`, first, style.width);
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
    ...step.hazards.flatMap((name) => hazardLines(name, style)),
    ...provenance(step.sources, [], step, style),
  ];
}

/** Hazards that the marks behind the pairs show already. */
const seenInPairs: ReadonlySet<HazardName> = new Set<HazardName>([
  "new-external",
  "new-public",
  "owner-change-attempt",
]);

function hazardsOf({ edit, byHand }: AssetItem): readonly HazardName[] {
  const names = new Set([...(edit?.hazards ?? []), ...(byHand?.hazards ?? [])]);
  return [...names].filter((name) => !seenInPairs.has(name));
}

function hazardLines(name: HazardName, style: Style): string[] {
  return wrap(hazardWords[name], `      ${sigil("!", style)} `, style.width);
}

function placesOf(items: readonly AssetItem[]): readonly Place[] {
  const all = items.flatMap(({ edit, byHand }) => [...(edit?.sources ?? []), ...(byHand?.sources ?? [])]);
  return [...groupBy(all, (place) => `${place.line}:${place.file}`).values()].flatMap((same) => same.slice(0, 1));
}

/** Which rows asked for it, who acts, and what it waits for. */
function provenance(
  places: readonly Place[],
  actors: readonly Email[],
  step: Step | undefined,
  style: Style,
): string[] {
  const [first] = places;
  const rows =
    first === undefined ? [] : [rowText(first, style) + (places.length > 1 ? ` +${thousands(places.length - 1)}` : "")];
  const [one] = actors;
  const others = actors.length > 1 ? ` and ${counted(actors.length - 1, "other")}` : "";
  const actor = one === undefined ? [] : [`as ${one}${others}`];
  const after = step?.after === undefined ? [] : [`after #${step.after}`];
  const text = [...rows, ...actor, ...after].join(dot(style));
  return text === "" ? [] : wrap(text, "      ", style.width).map((line) => paint(line, "dim", style));
}

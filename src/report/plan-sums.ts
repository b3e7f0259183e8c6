/** What a plan comes to: totals, exposure, limits, the calls it takes, hazards, refusals and requests that need nothing. */
import type { Place } from "../model/diagnostic.ts";
import type { HazardTotal, NoAction, Refusal, RunHeader } from "../model/run.ts";
import type { Exposure } from "../model/snapshot.ts";
import { hazardsToAllow } from "../model/step.ts";
import { counted, thousands } from "../model/text.ts";
import { groupBy } from "./grouping.ts";
import { moreLines } from "./more-help.ts";
import { cells, label, labelled, pad, paint, shown, sigil, wrap, wrapFacts } from "./style.ts";
import type { Style, Tone } from "./style.ts";
import { durationText, percentText, rowText } from "./words.ts";

/** Totals, exposure, limits and the calls they take: the same for a plan that was made and one that was not. */
export function sumLines(header: RunHeader, style: Style): string[] {
  return [
    ...wrapFacts(totalFacts(header), label("Totals", style), style),
    ...(header.totals.steps === 0 ? [] : wrapFacts(exposureFacts(header, style), label("Exposure", style), style)),
    ...wrapFacts(limitFacts(header), label("Limits", style), style),
    ...(header.totals.steps === 0 ? [] : labelled("Calls", callsText(header), style)),
  ];
}

function totalFacts(header: RunHeader): string[] {
  const { totals } = header;
  const facts = [
    totals.transfers > 0
      ? `${counted(totals.transfers, "transfer")} (${counted(totals.assetsTransferred, "asset")})`
      : "",
    totals.assetsEdited > 0 ? `${counted(totals.edits, "edit")} on ${counted(totals.assetsEdited, "asset")}` : "",
    totals.byHand > 0 ? `${thousands(totals.byHand)} by hand` : "",
    totals.refused > 0 ? `${thousands(totals.refused)} refused` : "",
    totals.alreadySo > 0 ? `${thousands(totals.alreadySo)} already so` : "",
    totals.duplicateRows > 0 ? `${counted(totals.duplicateRows, "duplicate row")} merged` : "",
  ].filter((fact) => fact !== "");
  return facts.length > 0 ? facts : ["no steps"];
}

export const exposureWords: readonly (readonly [keyof Exposure, string])[] = [
  ["publicLinks", "public links"],
  ["externalEditors", "external editors"],
  ["externalViewers", "external viewers"],
  ["wholeDomainLinks", "whole-domain links"],
];

/** Before and after, of every kind that there is. */
function exposureFacts(header: RunHeader, style: Style): string[] {
  const facts = exposureWords.flatMap(([key, words]) => {
    const [before, after] = [header.exposureBefore[key], header.exposureAfter[key]];
    if (before === 0 && after === 0) return [];
    if (before === after) return [`${words} ${thousands(after)} as before`];
    const tone: Tone = after < before ? "green" : "red";
    return [`${words} ${thousands(before)} -> ${paint(thousands(after), tone, style)}`];
  });
  return facts.length > 0 ? facts : ["nobody from outside, before or after"];
}

/** Share of the assets read that the plan touches, in percent. */
function percentTouched(header: RunHeader): number {
  const { assetsRead } = header.coverage;
  return assetsRead === 0 ? 0 : (100 * header.totals.assetsTouched) / assetsRead;
}

/** How much of each ceiling is used. */
function limitFacts(header: RunHeader): string[] {
  const { limits, totals } = header;
  const facts: string[] = [];
  if (limits.changes !== undefined) facts.push(`${thousands(totals.changes)} of ${counted(limits.changes, "change")}`);
  if (limits.percentOfAssets !== undefined) {
    facts.push(`${percentText(percentTouched(header))} of ${percentText(limits.percentOfAssets)} of the assets`);
  }
  if (limits.perOwner !== undefined) {
    facts.push(
      `${thousands(totals.mostOfOneOwner?.changes ?? 0)} of ${counted(limits.perOwner, "change")} to one owner's assets`,
    );
  }
  if (limits.newExternal !== undefined)
    facts.push(`${thousands(totals.newExternal)} of ${thousands(limits.newExternal)} new external`);
  if (limits.newPublic !== undefined)
    facts.push(`${thousands(totals.newPublic)} of ${thousands(limits.newPublic)} new public`);
  if (limits.failures !== undefined) facts.push(`stops at ${counted(limits.failures, "failure")}`);
  return facts.length > 0 ? facts : [`${counted(totals.changes, "change")}, no limits set`];
}

/** Calls per second taken for the estimate: what the engine begins with, as Google publishes no number (api.md 2.3). */
const callsPerSecond = 5;
/** Listing jobs, and one search for each type of asset. */
const readsPerTransfer = 3;

/**
 * Calls and time of an undisturbed apply: one write an asset, one insert a transfer, and a read more for assets that a
 * transfer moves first, as their etag is only known after it.
 */
function callsText(header: RunHeader): string {
  const { totals } = header;
  const writes = totals.assetsEdited + totals.transfers;
  const reads = totals.transfers * readsPerTransfer + Math.min(totals.assetsEdited, totals.assetsTransferred);
  if (writes === 0) return "none: all of it is by hand";
  const time = durationText(((writes + reads) / callsPerSecond) * 1000);
  const kinds = [counted(writes, "write"), ...(reads > 0 ? [`at most ${counted(reads, "read")}`] : [])].join(" and ");
  const waits = totals.transfers > 0 ? "; Google takes minutes over a transfer" : "";
  return `${kinds}: about ${time} at ${callsPerSecond} calls a second${waits}`;
}

/** Hazards that must be allowed by name first, then those that are only said. */
export function hazardLines(hazards: readonly HazardTotal[], style: Style): string[] {
  if (hazards.length === 0) return [];
  const sorted = [
    ...hazards.filter((hazard) => hazardsToAllow.has(hazard.name)),
    ...hazards.filter((hazard) => !hazardsToAllow.has(hazard.name)),
  ];
  const nameWidth = Math.max(...sorted.map((hazard) => hazard.name.length));
  const blocking = sorted.some((hazard) => hazardsToAllow.has(hazard.name));
  const head = blocking
    ? `${label("Hazards", style)}those with ! must be allowed by name`
    : label("Hazards", style).trimEnd();
  return [
    head,
    ...sorted.flatMap((hazard) => {
      const mark = hazardsToAllow.has(hazard.name) ? sigil("!", style) : " ";
      const first = `  ${mark} ${pad(hazard.name, nameWidth)}  `;
      return wrap(shown(hazard.text, style, 1000), first, style.width);
    }),
    ...moreLines(
      "hazard",
      sorted.map(({ name }) => name),
      style,
    ),
  ];
}

const refusalsPerGroup = 5;

/** Refusals that share rule and remedy stand together: the remedy is said once. A header keeps only so many of them. */
export function refusalLines({ refusals, totals }: RunHeader, style: Style): string[] {
  if (refusals.length === 0) return [];
  const unkept = totals.refused - refusals.length;
  const groups = groupBy(refusals, (refusal) => `${refusal.rule}\n${refusal.remedy}`);
  const lines = [...groups.values()].flatMap((group) => refusalGroup(group, style));
  return [
    `${label("Refused", style)}${thousands(Math.max(totals.refused, refusals.length))}`,
    ...lines,
    ...(unkept > 0 ? [`  and ${thousands(unkept)} more, which are counted only`] : []),
    ...moreLines(
      "failure",
      refusals.map(({ rule }) => rule),
      style,
    ),
  ];
}

function refusalGroup(group: readonly Refusal[], style: Style): string[] {
  const first = group[0];
  if (first === undefined) return [];
  const listed = group.slice(0, refusalsPerGroup);
  const placeWidth = Math.min(28, Math.max(...listed.map((refusal) => cells(placesText(refusal.places, style)))));
  const more = group.length - listed.length;
  return [
    `  ${sigil("x", style)} ${first.rule}`,
    ...listed.flatMap((refusal) => {
      const places = placesText(refusal.places, style);
      const problem = shown(refusal.problem, style, 1000);
      if (cells(places) <= placeWidth) return wrap(problem, `      ${pad(places, placeWidth)}  `, style.width);
      return [...wrap(places, "      ", style.width), ...wrap(problem, `        `, style.width)];
    }),
    ...(more > 0 ? [`      and ${thousands(more)} more`] : []),
    ...wrap(shown(first.remedy, style, 1000), `      ${paint("->", "cyan", style)} `, style.width),
  ];
}

function placesText(places: readonly Place[], style: Style): string {
  const [first, ...others] = places;
  if (first === undefined) return "";
  return rowText(first, style) + (others.length > 0 ? ` +${others.length}` : "");
}

const placesListed = 5;

/** Selectors that matched nothing are named, as that is rarely meant; requests that find all as they ask are counted. */
export function noActionLines(noActions: readonly NoAction[], style: Style): string[] {
  const empty = noActions.filter((each) => each.why === "matched-nothing");
  const already = noActions.length - empty.length;
  const names = empty.slice(0, placesListed).map((each) => rowText(each.place, style));
  const more = empty.length - names.length;
  const list = names.join(", ") + (more > 0 ? ` and ${thousands(more)} more` : "");
  return [
    ...(already === 0
      ? []
      : [`  ${sigil("=", style)} ${counted(already, "request asks", "requests ask")} for what is so already`]),
    ...(empty.length === 0
      ? []
      : wrap(`${counted(empty.length, "request")} matched no asset: ${list}`, `  ${sigil("!", style)} `, style.width)),
  ];
}

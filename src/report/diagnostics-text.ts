/** Why no run was made: plan files with problems, refused requests, limits, selectors that matched nothing. */
import type { Diagnostic, Place } from "../model/diagnostic.ts";
import { placeText } from "../model/diagnostic.ts";
import type { WrittenLimit } from "../model/errors.ts";
import type { Limits } from "../model/request.ts";
import type { RunHeader } from "../model/run.ts";
import { counted, thousands } from "../model/text.ts";
import { groupBy } from "./grouping.ts";
import { moreLines } from "./more-help.ts";
import { noActionLines, refusalLines, sumLines } from "./plan-sums.ts";
import { cells, labelled, labelledCommand, pad, paint, shown, sigil, wrap } from "./style.ts";
import type { Style } from "./style.ts";

/** A ceiling the plan is over. */
export interface Breach {
  readonly limit: keyof Limits;
  readonly allowed: number;
  readonly found: number;
  /** Where it was set. */
  readonly from?: string | undefined;
  /** Whose assets it is about, where it is about one owner's. */
  readonly owner?: string | undefined;
}

const placeCellsMax = 28;
const otherPlacesListed = 6;
const problemCharactersMax = 1000;

/** Problems of plan files, or of lists beside them, equal ones once with the places they recur; `omitted` more were found and not kept. */
export function diagnosticsText(
  diagnostics: readonly Diagnostic[],
  omitted: number,
  style: Style,
  of: "plan" | "list" = "plan",
): string[] {
  const sorted = inFileOrder(diagnostics);
  const groups = [...groupBy(sorted, (each) => `${each.place.file}\n${each.problem}\n${each.remedy}`).values()];
  const widths = groups.map((group) => (group[0] === undefined ? 0 : cells(shown(placeText(group[0].place), style))));
  const width = Math.max(0, ...widths.filter((each) => each <= placeCellsMax));
  const files = new Set(sorted.map((each) => each.place.file)).size;
  const total = diagnostics.length + omitted;
  const unseen = omitted === 0 ? "" : ` (${thousands(omitted)} of them not listed)`;
  return [
    ...groups.flatMap((group) => diagnosticLines(group, width, style)),
    "",
    ...wrap(
      of === "plan"
        ? `${counted(total, "problem")} in ${counted(files, "plan file")}${unseen}: no run was made. Correct them and plan again.`
        : `${counted(total, "problem")} in ${counted(files, "file")}${unseen}: nothing was done. Correct them and try again.`,
      "",
      style.width,
    ),
  ];
}

function inFileOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = [...groupBy(diagnostics, (each) => each.place.file).values()];
  const before = (a: Place, b: Place): number => a.line - b.line || a.column - b.column;
  return files.flatMap((group) => group.toSorted((a, b) => before(a.place, b.place)));
}

function diagnosticLines(group: readonly Diagnostic[], width: number, style: Style): string[] {
  const [first, ...others] = group;
  if (first === undefined) return [];
  const where = shown(placeText(first.place), style);
  const problem = shown(first.problem, style, problemCharactersMax);
  const indent = " ".repeat(width + 2);
  const head =
    cells(where) <= width
      ? wrap(problem, `${paint(pad(where, width), "bold", style)}  `, style.width)
      : [...wrap(where, "", style.width), ...wrap(problem, indent, style.width)];
  const remedy = shown(first.remedy, style, problemCharactersMax);
  return [
    ...head,
    ...wrap(remedy, `${indent}${paint("->", "cyan", style)} `, style.width),
    ...(others.length === 0 ? [] : wrap(`also at ${otherPlaces(others)}`, indent, style.width)),
  ];
}

function otherPlaces(others: readonly Diagnostic[]): string {
  const listed = others.slice(0, otherPlacesListed).map(({ place }) => `${place.line}:${place.column}`);
  const more = others.length - listed.length;
  return listed.join(", ") + (more > 0 ? ` and ${thousands(more)} more` : "");
}

/** A plan that was not made because requests are refused; `planCommand` is the command as typed. */
export function refusedText(header: RunHeader, planCommand: string, style: Style): string[] {
  const skipped = /\s--skip-refused\b/.test(planCommand);
  const say = skipped
    ? "No run was made: nothing is left without the refused requests."
    : "No run was made. Correct these requests and plan again, or plan without them:";
  return [
    ...refusalLines(header, style),
    "",
    ...noActionLines(header.noActions, style),
    ...(header.noActions.length > 0 ? [""] : []),
    ...wrap(say, "", style.width),
    ...(skipped ? [] : labelledCommand("Next", `${planCommand} --skip-refused`, style)),
  ];
}

/** What each ceiling is called where it is written. */
export const limitNames: Readonly<Record<keyof Limits, WrittenLimit>> = {
  changes: "changes",
  percentOfAssets: "percent_of_assets",
  perOwner: "per_owner",
  newExternal: "new_external",
  newPublic: "new_public",
  failures: "failures",
};

/** What was found, as the half of a sentence that the limit completes. */
const limitWords: Readonly<Record<keyof Limits, (found: number) => string>> = {
  changes: (found) => counted(found, "change"),
  percentOfAssets: (found) => `${found} % of the assets read`,
  perOwner: (found) => `${counted(found, "change")} to the assets of one owner`,
  newExternal: (found) => `${counted(found, "grant")} to people outside the tenant`,
  newPublic: (found) => `${counted(found, "link")} newly open to anyone`,
  failures: (found) => counted(found, "failure"),
};

/** A plan that was not made because it is over its limits. */
export function overLimitText(header: RunHeader, breaches: readonly Breach[], style: Style): string[] {
  return [
    ...sumLines(header, style),
    "",
    ...breaches.flatMap((breach) => breachLines(breach, style)),
    ...moreLines(
      "failure",
      breaches.map(({ limit }) => limitNames[limit]),
      style,
    ),
    "",
    ...wrap(
      "No run was made: the plan is over its limits. Plan fewer rows, or lift the limit on purpose.",
      "",
      style.width,
    ),
  ];
}

function breachLines(breach: Breach, style: Style): string[] {
  return [
    ...wrap(shown(breachText(breach), style, 500), `  ${sigil("x", style)} `, style.width),
    ...wrap(shown(breachRemedy(breach), style, 500), `    ${paint("->", "cyan", style)} `, style.width),
  ];
}

/** What was found, and what is permitted where. */
export function breachText({ limit, allowed, found, from, owner }: Breach): string {
  const ceiling = limit === "percentOfAssets" ? `${allowed} %` : thousands(allowed);
  const whose = owner === undefined ? "" : ` (${owner})`;
  return `${limitWords[limit](found)}${whose}; ${limitNames[limit]} allows ${ceiling}${from === undefined ? "" : ` (${from})`}`;
}

/** How to lift it on purpose. */
export function breachRemedy({ limit, found, from }: Breach): string {
  const name = limitNames[limit];
  if (from?.startsWith("--") === true) return `give ${from} ${Math.ceil(found)} on purpose`;
  if (from !== undefined) return `raise it to ${Math.ceil(found)} on purpose: ${name} in ${from}`;
  const flag = limit === "changes" ? ", or --max-changes where that is lower" : "";
  return `raise it to ${Math.ceil(found)} on purpose: ${name} under limits: in the plan file${flag}`;
}

/** A plan that was not made because no request found an asset. */
export function matchedNothingText(header: RunHeader, style: Style): string[] {
  const { coverage } = header;
  const read = `${counted(coverage.assetsRead, "asset")} of ${thousands(coverage.usersRead)}/${counted(coverage.usersTried, "user")}`;
  return [
    ...labelled("Read", read, style),
    ...noActionLines(header.noActions, style),
    "",
    ...wrap(
      "No run was made: no request found an asset. Check owners, titles and types, and plan again.",
      "",
      style.width,
    ),
  ];
}

/** An examination for a terminal: what was found under its heading, each failure with its fix, sums and next command last. */
import type { CheckGroup, CheckResult, Checkup, Fix, Verdict } from "../model/doctor.ts";
import { checkGroups, hindrances, sumsOf } from "../model/doctor.ts";
import { counted, thousands } from "../model/text.ts";
import { cells, label, labelledCommand, pad, paint, shown, sigil, wrap, wrapFacts } from "./style.ts";
import type { Sigil, Style, Tone } from "./style.ts";

const headings: Readonly<Record<CheckGroup, string>> = {
  machine: "This machine",
  files: "Settings, credentials and files",
  network: "Network and clock",
  "sign-in": "Signing in",
  grants: "Grants, each scope asked for alone",
  rights: "Rights of the administrator",
  services: "Services of Google",
  runs: "Runs",
};

const marks: Readonly<Record<Verdict, readonly [Sigil, string, Tone]>> = {
  pass: ["=", "pass", "dim"],
  fail: ["x", "FAIL", "red"],
  unknown: ["?", "unknown", "cyan"],
};

const adviceMark: readonly [Sigil, string, Tone] = ["!", "advice", "yellow"];

const wordWidth = 8;
/** Evidence stands beside the titles of its group as long as these leave it room. */
const titleWidthMax = 38;
/** Where evidence and fixes begin on lines of their own. */
const indent = " ".repeat(4 + wordWidth);
const evidenceCharactersMax = 1500;
const fieldWidth = 13;

/** `command` is what to type to be examined again. */
export function doctorText(checkup: Checkup, command: string, style: Style): string[] {
  const { checks } = checkup;
  const page = new Page(checks, style);
  return [
    ...wrapFacts(
      [
        checkup.tenant === undefined ? "tenant not known" : shown(checkup.tenant, style),
        ...(checkup.admin === undefined ? [] : [`as ${shown(checkup.admin, style)}`]),
        `handover ${shown(checkup.toolVersion, style)}`,
      ],
      label("Doctor", style),
      style,
    ),
    ...checkGroups.flatMap((group) => page.groupLines(group)),
    "",
    ...sumLines(checks, style),
    ...nextLines(checks, command, style),
  ];
}

/** Checks as they are set, one after the other: what was said above is not said again. */
class Page {
  readonly #checks: readonly CheckResult[];
  readonly #style: Style;
  /** Fixes that stand above, with the title of the check they stand at. */
  readonly #fixes = new Map<string, string>();

  constructor(checks: readonly CheckResult[], style: Style) {
    this.#checks = checks;
    this.#style = style;
  }

  groupLines(group: CheckGroup): string[] {
    const style = this.#style;
    const members = this.#checks.filter((check) => check.group === group);
    const [first] = members;
    if (first === undefined) return [];
    const heading = ["", paint(headings[group], "bold", style)];
    const isAllOfOneCause = members.every(({ because }) => because !== undefined && because === first.because);
    if (isAllOfOneCause && members.length > 1) {
      const titles = members.map(({ title }) => shown(title, style, 60)).join(", ");
      return [...heading, ...wrap(`${this.#cause(first)}: ${titles}`, head(first, style), style.width)];
    }
    const width = Math.min(titleWidthMax, Math.max(...members.map(({ title }) => cells(shown(title, style, 60)))));
    return [...heading, ...members.flatMap((check) => this.#checkLines(check, width))];
  }

  /** Why a check is unknown that follows from another. */
  #cause({ because, evidence }: CheckResult): string {
    const style = this.#style;
    const root = this.#checks.find(({ id }) => id === because)?.title ?? because ?? "";
    return `${shown(evidence, style, evidenceCharactersMax)} because of "${shown(root, style, 60)}"`;
  }

  #checkLines(check: CheckResult, titleWidth: number): string[] {
    const style = this.#style;
    const name = shown(check.title, style, 60);
    const text = check.because === undefined ? shown(check.evidence, style, evidenceCharactersMax) : this.#cause(check);
    const first = `${head(check, style)}${pad(name, titleWidth)}  `;
    const fitsBeside = cells(name) <= titleWidth && cells(first) + cells(text) <= style.width;
    return [
      ...(fitsBeside ? [first + text] : [head(check, style) + name, ...wrap(text, indent, style.width)]),
      ...check.fixes.flatMap((fix) => this.#fixLines(fix, name)),
    ];
  }

  /** Addresses and what is to be entered stay on one line each, however long: they are copied from there. */
  #fixLines(fix: Fix, title: string): string[] {
    const style = this.#style;
    const arrow = `${indent}${paint("->", "cyan", style)} `;
    const key = JSON.stringify(fix);
    const above = this.#fixes.get(key);
    if (above !== undefined) return [`${arrow}the same as for ${above}`];
    this.#fixes.set(key, title);
    const field = (name: string, value: string): string =>
      `${indent}   ${pad(name, fieldWidth)}${shown(value, style, 4000)}`;
    return [
      ...wrap(shown(fix.action, style, evidenceCharactersMax), arrow, style.width),
      ...(fix.command === undefined ? [] : [field("command", fix.command)]),
      ...(fix.url === undefined ? [] : [field("page", fix.url)]),
      ...(fix.enter ?? []).map(({ field: name, value }) => field(name, value)),
    ];
  }
}

/** Mark and word of a verdict: neither needs the colour. */
function head({ verdict, isAdvice }: CheckResult, style: Style): string {
  const [mark, word, tone] = isAdvice === true ? adviceMark : marks[verdict];
  return `  ${sigil(mark, style)} ${paint(pad(word, wordWidth), tone, style)}`;
}

function sumLines(checks: readonly CheckResult[], style: Style): string[] {
  const { pass, fail, advice, unknown, following } = sumsOf(checks);
  const failing = fail - advice;
  const facts = [
    `${thousands(pass)} passed`,
    failing === 0 ? "0 failed" : paint(`${thousands(failing)} failed`, "red", style),
    ...(advice === 0 ? [] : [`${thousands(advice)} advised`]),
    ...(unknown === following ? [] : [`${thousands(unknown - following)} unknown`]),
    ...(following === 0 ? [] : [`${thousands(following)} unknown because of these`]),
  ];
  return wrapFacts(facts, label("Checks", style), style);
}

function nextLines(checks: readonly CheckResult[], command: string, style: Style): string[] {
  if (hindrances(checks).length === 0) {
    return [
      ...wrap("nothing stands in the way", label("Verdict", style), style.width),
      ...labelledCommand("Next", "handover plan moves.csv -o friday", style),
    ];
  }
  const roots = checks.filter(({ verdict, isAdvice }) => verdict === "fail" && isAdvice !== true);
  const names = roots.map(({ title }) => shown(title, style, 60)).join(", ");
  const verdict =
    roots.length === 0
      ? "nothing failed, but something needed could not be told"
      : `mend ${counted(roots.length, "thing")} first: ${names}`;
  return [...wrap(verdict, label("Verdict", style), style.width), ...labelledCommand("Next", command, style)];
}

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

const wordWidth = 8;
/** Evidence stands beside the titles of its group as long as these leave it room. */
const titleWidthMax = 38;
/** Where evidence and fixes begin on lines of their own. */
const indent = " ".repeat(4 + wordWidth);
const evidenceCharactersMax = 1500;

/** `command` is what to type to be examined again. */
export function doctorText(checkup: Checkup, command: string, style: Style): string[] {
  const { checks } = checkup;
  const groups = checkGroups.filter((group) => checks.some((check) => check.group === group));
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
    ...groups.flatMap((group) => {
      const members = checks.filter((check) => check.group === group);
      const width = Math.min(titleWidthMax, Math.max(...members.map(({ title }) => cells(shown(title, style, 60)))));
      return [
        "",
        paint(headings[group], "bold", style),
        ...members.flatMap((check) => checkLines(check, width, style)),
      ];
    }),
    "",
    ...sumLines(checks, style),
    ...nextLines(checks, command, style),
  ];
}

function checkLines(check: CheckResult, titleWidth: number, style: Style): string[] {
  const { verdict, title, evidence, fixes, isAdvice } = check;
  const [mark, word, tone] = marks[verdict];
  const said = isAdvice === true ? "advice" : word;
  const head = `  ${sigil(isAdvice === true ? "!" : mark, style)} ${paint(pad(said, wordWidth), isAdvice === true ? "yellow" : tone, style)}`;
  const name = shown(title, style, 60);
  const text = shown(evidence, style, evidenceCharactersMax);
  const first = `${head}${pad(name, titleWidth)}  `;
  const fitsBeside = cells(name) <= titleWidth && cells(first) + cells(text) <= style.width;
  return [
    ...(fitsBeside ? [first + text] : [head + name, ...wrap(text, indent, style.width)]),
    ...fixes.flatMap((fix) => fixLines(fix, style)),
  ];
}

const fieldWidth = 13;

/** Addresses and what is to be entered stay on one line each, however long: they are copied from there. */
function fixLines(fix: Fix, style: Style): string[] {
  const field = (name: string, value: string): string =>
    `${indent}   ${pad(name, fieldWidth)}${shown(value, style, 4000)}`;
  return [
    ...wrap(shown(fix.action, style, evidenceCharactersMax), `${indent}${paint("->", "cyan", style)} `, style.width),
    ...(fix.command === undefined ? [] : [field("command", fix.command)]),
    ...(fix.url === undefined ? [] : [field("page", fix.url)]),
    ...(fix.enter ?? []).map(({ field: name, value }) => field(name, value)),
  ];
}

function sumLines(checks: readonly CheckResult[], style: Style): string[] {
  const { pass, fail, advice, unknown, following } = sumsOf(checks);
  const failing = fail - advice;
  const followed = following === 0 ? "" : ` (${thousands(following)} of them because of a check that did not pass)`;
  const facts = [
    `${thousands(pass)} passed`,
    failing === 0 ? "0 failed" : paint(`${thousands(failing)} failed`, "red", style),
    ...(advice === 0 ? [] : [`${thousands(advice)} advised`]),
    ...(unknown === 0 ? [] : [`${thousands(unknown)} unknown${followed}`]),
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

/** How far a run has come, from its file alone. */
import type { Counts } from "../model/run.ts";
import type { Slowness } from "../model/slowness.ts";
import { counted, thousands } from "../model/text.ts";
import { countFacts, openOf, totalOf } from "./counts-text.ts";
import { failureLines } from "./failure-text.ts";
import type { WavesView } from "../model/waves.ts";
import { moreLines } from "./more-help.ts";
import type { RunFacts, Verification } from "./rows.ts";
import { slownessText } from "./slowness-text.ts";
import { label, labelled, labelledCommand, paint, shown, wrapFacts } from "./style.ts";
import type { Style } from "./style.ts";
import { applyCommand, nothingText, percentText, shellWord, timeText } from "./words.ts";

/** Where a run stands. */
export type Standing = "empty" | "not-begun" | "under-way" | "resumable" | "finished";

/** `held`: another process is carrying the run out at this moment. */
export function standingOf(facts: RunFacts, held: boolean): Standing {
  const total = totalOf(facts.counts);
  if (total === 0) return "empty";
  if (openOf(facts.counts) === 0) return "finished";
  if (held) return "under-way";
  return facts.counts.planned === total ? "not-begun" : "resumable";
}

const standingWords: Readonly<Record<Standing, string>> = {
  empty: "nothing to apply",
  "not-begun": "not begun",
  "under-way": "under way: another process is carrying it out",
  resumable: "begun, and not under way",
  finished: "finished: every step has ended",
};

/** Last the command that comes next. */
export function statusText(
  facts: RunFacts,
  runName: string,
  held: boolean,
  style: Style,
  slowness?: Slowness,
): string[] {
  const { header, counts } = facts;
  const standing = standingOf(facts, held);
  const made = `made ${timeText(header.createdAt)}`;
  return [
    ...wrapFacts([shown(runName, style), `tenant ${header.tenant}`, made], label("Run", style), style),
    ...labelled("State", standingWords[standing], style),
    ...(standing === "empty" ? [] : [`${label("Progress", style)}${bar(facts.counts, style)}`]),
    ...wrapFacts(countFacts(counts, style), label("Steps", style), style),
    ...(slowness === undefined ? [] : labelled("Held up", shown(slownessText(slowness), style, 300), style)),
    ...(facts.failures.length === 0
      ? []
      : [label("Failures", style).trimEnd(), ...failureLines(facts.failures, style)]),
    ...moreLines(
      "failure",
      facts.failures.map(({ failure }) => failure),
      style,
    ),
    ...(facts.verification === undefined ? [] : labelled("Verified", verificationText(facts.verification), style)),
    ...(facts.waves === undefined ? [] : labelled("Waves", wavesText(facts.waves, style), style)),
    ...nextLines(facts, standing, runName, style),
  ];
}

export function verificationText(verification: Verification): string {
  const found = [
    `${counted(verification.verified, "step")} as the run left them`,
    ...(verification.drifted > 0 ? [`${thousands(verification.drifted)} drifted`] : []),
    ...(verification.unreadable > 0 ? [`${thousands(verification.unreadable)} unreadable`] : []),
  ];
  return `${found.join(", ")}, ${timeText(verification.at)}`;
}

/** Which wave the run is in, and why its gate is shut where it is. */
function wavesText({ wave, steps, sizes, problems, dropped }: WavesView, style: Style): string {
  const asked = `${sizes.join(", ")} and the rest`;
  if (dropped) return `given up: the steps that are left are carried out without gates (they were ${asked})`;
  const present = steps[wave - 1];
  const where = `wave ${wave} of ${steps.length + 1}${present === undefined ? "" : `, ${counted(present, "step")}`} (${asked})`;
  if (problems.length === 0) return where;
  return `${where}; its gate is shut: ${shown(problems.join("; "), style, 1000)}`;
}

const barCells = 30;

/** The share of steps that have ended, drawn and said. */
export function bar(counts: Counts, style: Style): string {
  const total = totalOf(counts);
  const done = total - openOf(counts);
  const filled = total === 0 ? barCells : Math.floor((barCells * done) / total);
  const [full, empty] = style.unicode ? ["█", "░"] : ["#", "."];
  const painted = paint(full.repeat(filled), "green", style) + paint(empty.repeat(barCells - filled), "dim", style);
  return `${painted}  ${percentText(total === 0 ? 100 : Math.floor((100 * done) / total))}, ${thousands(done)} of ${counted(total, "step")}`;
}

function nextLines(facts: RunFacts, standing: Standing, runName: string, style: Style): string[] {
  const run = shellWord(runName);
  switch (standing) {
    case "empty":
      return labelled("Next", nothingText(facts.header), style);
    case "not-begun":
    case "resumable":
      return labelledCommand("Next", applyCommand(facts.header, runName), style);
    case "under-way":
      return labelledCommand("Next", `handover watch ${run}`, style);
    case "finished":
      return labelledCommand(
        "Next",
        `handover ${facts.verification === undefined ? "verify" : "report"} ${run}`,
        style,
      );
    default:
      return standing satisfies never;
  }
}

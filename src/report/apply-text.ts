/** An apply as people follow it: one status line, lines for what happens, and how it ended. */
import type { EngineEvent } from "../model/event.ts";
import { counted, printable, thousands } from "../model/text.ts";
import { countFacts, openOf } from "./counts-text.ts";
import { failureLines } from "./failure-text.ts";
import { moreLines } from "./more-help.ts";
import { stepsPerSecond, timeLeftMs } from "./progress.ts";
import type { Progress } from "./progress.ts";
import type { ApplyEnding, FailureGroup } from "./rows.ts";
import { slownessText } from "./slowness-text.ts";
import { cells, dot, fit, inked, label, labelled, labelledCommand, shown, sigil, wrap, wrapFacts } from "./style.ts";
import type { Style } from "./style.ts";
import { durationText, percentText, shellWord } from "./words.ts";

/** One line of at most `style.width` cells; `now` is monotonic, ms. No time left is guessed before 1 %. */
export function statusLine(progress: Progress, now: number, style: Style): string {
  const done = progress.steps - openOf(progress.counts);
  const share = progress.steps === 0 ? 100 : (100 * done) / progress.steps;
  const head = `${percentText(Math.floor(share))}  ${thousands(done)}/${counted(progress.steps, "step")}`;
  const rate = stepsPerSecond(progress, now);
  const left = timeLeftMs(progress, now);
  const plain = { ...style, color: false };
  /** In order of place; the number says how soon it gives way when the line is full, 0 first. */
  const parts: readonly (readonly [number, string])[] = [
    [9, head],
    [1, countFacts({ ...progress.counts, planned: 0, "in-flight": 0 }, plain).join(dot(style))],
    [6, progress.counts.failed > 0 ? `${thousands(progress.counts.failed)} failed` : ""],
    [4, waveText(progress)],
    [3, transfersText(progress)],
    [4, progress.actorsHalted > 0 ? `${counted(progress.actorsHalted, "user")} halted` : ""],
    [2, rate === undefined ? "" : `${rate.toFixed(1)} steps/s`],
    [5, paceText(progress, style)],
    [6.5, holdsUpText(progress, style)],
    [7, progress.stopping === undefined ? "" : `stopping: ${shown(progress.stopping, style, 40)}`],
    [8, left === undefined || progress.stopping !== undefined ? "" : `${durationText(left)} left`],
  ];
  return fit(fitting(parts, style.width), style.width, style);
}

/** Drops parts, the least important first, until the rest fits. What the list of outcomes says is not said twice. */
function fitting(parts: readonly (readonly [number, string])[], width: number): string {
  let kept = parts.filter(([, text]) => text !== "");
  for (;;) {
    const hasOutcomes = kept.some(([rank]) => rank === 1);
    const line = kept
      .filter(([rank]) => !(hasOutcomes && rank === 6))
      .map(([, text]) => text)
      .join("  ");
    if (cells(line) <= width || kept.length <= 1) return line;
    const least = Math.min(...kept.map(([rank]) => rank));
    kept = kept.filter(([rank]) => rank !== least);
  }
}

function waveText({ wave }: Progress): string {
  if (wave === undefined) return "";
  return wave.state === "checking" ? `gate of wave ${wave.wave}/${wave.of}` : `wave ${wave.wave}/${wave.of}`;
}

function transfersText({ transfers }: Progress): string {
  return transfers.size === 0 ? "" : `${counted(transfers.size, "transfer")} at Google`;
}

/** A stop has a part of its own. */
function holdsUpText({ slowness }: Progress, style: Style): string {
  if (slowness === undefined || slowness.kind === "none" || slowness.kind === "stopping") return "";
  return shown(slownessText(slowness), style, 70);
}

/** What holds the run up says it better. */
function paceText({ pace, slowness }: Progress, style: Style): string {
  if (slowness?.perSecond !== undefined || slowness?.kind === "paused") return "";
  if (pace === undefined || !Number.isFinite(pace.perSecond)) return "";
  return `cap ${rateText(pace.perSecond)} (${shown(pace.reason, style, 40)})`;
}

function rateText(perSecond: number): string {
  return `${Number.isInteger(perSecond) ? perSecond : perSecond.toFixed(1)} calls/s`;
}

/** Google's transfer ids run to a hundred characters; the journal keeps them whole. */
const transferIdCells = 16;

/** A line for a log or a pipe; undefined for events that only move the counts. */
export function eventLine(event: EngineEvent, style: Style): string | undefined {
  switch (event.type) {
    case "survey":
      return `Reading  ${thousands(event.usersDone)}/${counted(event.usersTotal, "user")}, ${counted(event.assets, "listing")}, permissions of ${thousands(event.permissions)}`;
    case "user-unreadable":
      return `${sigil("!", style)} ${event.user} could not be searched: ${shown(event.reason, style)}`;
    case "apply-started":
      if (event.open === 0) return undefined;
      return event.resumed
        ? `Resuming  ${thousands(event.open)} of ${counted(event.steps, "step")} left`
        : `Applying  ${counted(event.steps, "step")}`;
    case "step":
      return stepLine(event, style);
    case "transfer":
      return `${sigil(">", style)} #${event.seq} transfer ${event.attached ? "found under way" : "at Google"}: ${shown(event.status, style, 40)} (${fit(shown(event.transferId, style), transferIdCells, style)})`;
    case "pace":
      if (event.asked === true) return undefined;
      return `${sigil("=", style)} ${Number.isFinite(event.perSecond) ? `at most ${rateText(event.perSecond)}` : "any rate"}: ${shown(event.reason, style)}`;
    case "actor-halted":
      return `${sigil("!", style)} nobody can act as ${event.actor} now: ${shown(event.reason, style)} (${shown(event.failure, style, 40)})`;
    case "wave":
      return waveLine(event, style);
    case "stopping":
      return `Stopping: ${shown(event.why, style)}`;
    case "retry":
    case "conflict":
    case "apply-ended":
    // Whoever has steered is answered beside this, and the status line says what holds the run up.
    case "steered":
    case "slowness":
      return undefined;
    default:
      return event satisfies never;
  }
}

/** A call that has failed and is made again after `waitMs`. */
export function troubleLine(
  trouble: { readonly route: string; readonly actor: string; readonly problem: string; readonly waitMs: number },
  style: Style,
): string {
  const call = `${trouble.route === "token" ? "access token" : trouble.route} as ${trouble.actor}`;
  const wait = durationText(Math.max(1000, trouble.waitMs));
  return `${sigil("=", style)} ${shown(call, style)}: ${shown(trouble.problem, style, 300)}; trying again in ${wait}`;
}

function waveLine(event: Extract<EngineEvent, { readonly type: "wave" }>, style: Style): string {
  const wave = `wave ${event.wave} of ${event.of}`;
  switch (event.state) {
    case "begun":
      return `W${wave.slice(1)}: ${counted(event.steps, "step")}`;
    case "checking":
      return `${sigil("=", style)} gate of ${wave}: reading back ${counted(event.steps, "step")}`;
    case "passed":
      return `${sigil("=", style)} gate of ${wave} is open: all as the run left them`;
    case "refused":
      return `${sigil("x", style)} gate of ${wave} is shut: ${shown((event.problems ?? []).join("; "), style, 1000)}`;
  }
}

function stepLine(event: Extract<EngineEvent, { readonly type: "step" }>, style: Style): string | undefined {
  if (event.outcome !== "failed" && event.outcome !== "skipped") return undefined;
  const mark = sigil(event.outcome === "failed" ? "x" : "!", style);
  const asset = event.asset === undefined ? "" : ` ${shown(event.asset, style)}`;
  const reason = event.reason === undefined ? "" : `: ${shown(event.reason, style, 500)}`;
  return `${mark} #${event.seq} ${event.outcome}${asset}${reason} (${shown(event.failure ?? "no class", style, 40)})`;
}

const endWords: Readonly<Record<ApplyEnding["end"], readonly [name: string, words: string]>> = {
  finished: ["Finished", "every step has ended"],
  stopped: ["Stopped", "as asked"],
  halted: ["Halted", "the credentials or the project are at fault"],
  breaker: ["Stopped", "too many steps failed"],
  drift: ["Stopped", "too many assets changed since the plan"],
  gate: ["Stopped", "a gate is shut"],
  wave: ["Paused", "to be looked at before the next wave"],
  window: ["Paused", "the time window is closed"],
  budget: ["Paused", "what one apply may take is used up"],
  journal: ["Stopped", "the run file cannot be written any more"],
  blocked: ["Stopped", "the steps that are left need users nobody can act as now"],
};

/** How an apply ended, in a sentence. */
export function endingText({ end, reason }: ApplyEnding): string {
  const [name, words] = endWords[end];
  const because = reason === undefined || end === "stopped" ? "" : `: ${inked(printable(reason, 500))}`;
  return `${name}: ${words}${because}.`;
}

/** How an apply ended; last the command that goes on: `resume`, or `verify` when every step has ended. */
export function applyFoot(
  ending: ApplyEnding,
  failures: readonly FailureGroup[],
  runName: string,
  resume: string,
  style: Style,
): string[] {
  const [name, words] = endWords[ending.end];
  const because = ending.reason === undefined ? "" : `: ${shown(ending.reason, style, 500)}`;
  const reason = ending.end === "stopped" ? `${words}; ${underWayText(ending)}` : words + because;
  const open = openOf(ending.counts);
  const byHand = ending.counts["by-hand"];
  const run = shellWord(runName);
  return [
    ...labelled(name, reason, style),
    ...wrapFacts(countFacts(ending.counts, style), label("Steps", style), style),
    ...(failures.length === 0 ? [] : [label("Failures", style).trimEnd(), ...failureLines(failures, style)]),
    ...blockedLines(ending, style),
    ...(byHand === 0
      ? []
      : labelled("By hand", `${counted(byHand, "owner change")}: handover report ${run} --handover-sheet`, style)),
    ...moreLines("failure", toReadAbout(ending, failures), style),
    ...(ending.end === "finished" && open === 0
      ? labelledCommand("Next", `handover verify ${run}`, style)
      : labelledCommand("Resume", resume, style)),
  ];
}

/** The pages about what went wrong: how it ended comes first, then each class. */
function toReadAbout({ end, blocked }: ApplyEnding, failures: readonly FailureGroup[]): readonly string[] {
  const isAsked = end === "finished" || end === "stopped" || end === "wave";
  return [...(isAsked ? [] : [end]), ...[...blocked, ...failures].map(({ failure }) => failure)];
}

/** A transfer goes on at Google by itself, and a write whose answer was lost may have been carried out. */
function underWayText({ counts }: ApplyEnding): string {
  const begun = counts["in-flight"];
  const what = begun === 1 ? "it" : "they";
  return begun === 0 ? "nothing is under way" : `${counted(begun, "step")} begun: resuming finds out how ${what} ended`;
}

const blockedListed = 10;

function blockedLines({ blocked }: ApplyEnding, style: Style): string[] {
  if (blocked.length === 0) return [];
  const more = blocked.length - blockedListed;
  return [
    `${label("Blocked", style)}${counted(blocked.length, "user")}`,
    ...blocked
      .slice(0, blockedListed)
      .flatMap((each) =>
        wrap(
          `${each.actor}: ${shown(each.reason, style, 500)} (${shown(each.failure, style, 40)})`,
          `  ${sigil("x", style)} `,
          style.width,
        ),
      ),
    ...(more > 0 ? [`    and ${thousands(more)} more`] : []),
  ];
}

/** How an apply stands at one moment, as a document for programs and as lines for people. */
import { instantText } from "../model/clock.ts";
import type { Counts, Digest, RunHeader } from "../model/run.ts";
import type { GateStanding, Slowness } from "../model/slowness.ts";
import { counted, thousands } from "../model/text.ts";
import { countFacts, openOf, totalOf } from "./counts-text.ts";
import { stepsPerSecond, timeLeftMs } from "./progress.ts";
import type { Progress } from "./progress.ts";
import { slownessText } from "./slowness-text.ts";
import { bar } from "./status-text.ts";
import { fit, label, labelled, shown, wrapFacts } from "./style.ts";
import type { Style } from "./style.ts";
import { durationText, percentText } from "./words.ts";

/** The `live` document. Times are RFC 3339. */
export interface LiveRun {
  readonly type: "live";
  readonly version: 1;
  readonly at: string;
  readonly run: string;
  readonly runId: string;
  readonly tenant: string;
  readonly digest: string;
  readonly standing: "under-way" | "paused" | "stopping";
  readonly counts: Counts;
  /** Steps under way, steps taken that wait for a worker, and transfers Google works on. */
  readonly underWay: { readonly steps: number; readonly waiting: number; readonly transfers: number };
  readonly concurrency: number;
  readonly stepsPerSecond: number | null;
  readonly timeLeftMs: number | null;
  /** Calls permitted a second, null for any number, and calls that wait, by kind of call. */
  readonly rates: readonly { readonly calls: string; readonly perSecond: number | null; readonly waiting: number }[];
  readonly slowness: Slowness & { readonly text: string };
}

/** What stands around the run. */
export interface LiveFacts {
  /** Wall and monotonic time, ms. */
  readonly wall: number;
  readonly now: number;
  readonly runName: string;
  readonly header: RunHeader;
  readonly digest: Digest;
  readonly progress: Progress;
  readonly isPaused: boolean;
  readonly isStopping: boolean;
  readonly underWay: LiveRun["underWay"];
  readonly concurrency: number;
  readonly gates: readonly GateStanding[];
  readonly slowness: Slowness;
}

export function liveRun(facts: LiveFacts): LiveRun {
  const { header, digest, progress, slowness } = facts;
  const perSecond = stepsPerSecond(progress, facts.now);
  return {
    type: "live",
    version: 1,
    at: instantText(facts.wall),
    run: facts.runName,
    runId: header.runId,
    tenant: header.tenant,
    digest,
    standing: facts.isStopping ? "stopping" : facts.isPaused ? "paused" : "under-way",
    counts: progress.counts,
    underWay: facts.underWay,
    concurrency: facts.concurrency,
    stepsPerSecond: perSecond === undefined ? null : Math.round(perSecond * 100) / 100,
    timeLeftMs: Math.round(timeLeftMs(progress, facts.now) ?? Number.NaN) || null,
    rates: facts.gates.map(({ gate, perMinute, waiting }) => ({
      calls: gate,
      perSecond: Number.isFinite(perMinute) ? Math.round((100 * perMinute) / 60) / 100 : null,
      waiting,
    })),
    slowness: { ...slowness, text: slownessText(slowness) },
  };
}

const standingWords: Readonly<Record<LiveRun["standing"], string>> = {
  "under-way": "under way",
  paused: "paused: nothing new is sent",
  stopping: "stopping: what is under way is finished first",
};

/** For a look at it, or to be drawn again and again in the same place. */
export function liveLines(live: LiveRun, style: Style): string[] {
  const { counts } = live;
  return [
    ...wrapFacts([shown(live.run, style), `tenant ${shown(live.tenant, style)}`], label("Run", style), style),
    ...labelled("State", standingWords[live.standing], style),
    `${label("Progress", style)}${bar(counts, style)}`,
    ...wrapFacts(
      countFacts({ ...counts, planned: openOf(counts), "in-flight": 0 }, style),
      label("Steps", style),
      style,
    ),
    ...wrapFacts(paceFacts(live), label("Pace", style), style),
    ...labelled("Held up", shown(live.slowness.text, style, 300), style),
  ];
}

function paceFacts({ underWay, concurrency, rates, stepsPerSecond: perSecond, timeLeftMs: left }: LiveRun): string[] {
  const writes = rates.find(({ calls }) => calls === "writes")?.perSecond ?? undefined;
  return [
    `${thousands(underWay.steps)} of ${counted(concurrency, "step")} at once`,
    ...(underWay.transfers === 0 ? [] : [`${counted(underWay.transfers, "transfer")} at Google`]),
    writes === undefined ? "writes at any rate" : `at most ${writes} writes/s`,
    ...(perSecond === null ? [] : [`${perSecond.toFixed(1)} steps/s lately`]),
    ...(left === null ? [] : [`about ${durationText(left)} left`]),
  ];
}

/** The same in one line, for a log. */
export function liveLine(live: LiveRun, style: Style): string {
  const total = totalOf(live.counts);
  const done = total - openOf(live.counts);
  const share = total === 0 ? 100 : Math.floor((100 * done) / total);
  const parts = [
    `${percentText(share)}  ${thousands(done)}/${counted(total, "step")}`,
    ...(live.counts.failed === 0 ? [] : [`${thousands(live.counts.failed)} failed`]),
    ...(live.stepsPerSecond === null ? [] : [`${live.stepsPerSecond.toFixed(1)} steps/s`]),
    ...(live.slowness.kind === "none" ? [] : [shown(live.slowness.text, style, 100)]),
    ...(live.timeLeftMs === null ? [] : [`${durationText(live.timeLeftMs)} left`]),
  ];
  return fit(parts.join("  "), style.width, style);
}

/** What the run file alone tells of a run. */
export interface FileStanding {
  readonly runName: string;
  readonly tenant: string;
  /** A process is carrying it out. */
  readonly held: boolean;
  readonly counts: Counts;
  readonly slowness: Slowness | undefined;
}

/** The same for a run whose apply cannot be asked, or is not there. */
export function fileLines({ runName, tenant, held, counts, slowness }: FileStanding, style: Style): string[] {
  return [
    ...wrapFacts([shown(runName, style), `tenant ${shown(tenant, style)}`], label("Run", style), style),
    ...labelled("State", held ? "a process holds it" : "no apply is under way; waiting for one", style),
    `${label("Progress", style)}${bar(counts, style)}`,
    ...wrapFacts(countFacts(counts, style), label("Steps", style), style),
    ...(slowness === undefined ? [] : labelled("Held up", shown(slownessText(slowness), style, 300), style)),
  ];
}

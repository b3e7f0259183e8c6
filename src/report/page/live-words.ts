/** What a page that follows an apply is told, and in which words: made here, so that the page only has to show it. */
import type { EngineEvent } from "../../model/event.ts";
import type { CallBucket, HeldSpan, TelemetryView } from "../../model/telemetry.ts";
import { counted, printable, thousands } from "../../model/text.ts";
import { openOf } from "../counts-text.ts";
import { stepsPerSecond, timeLeftMs } from "../progress.ts";
import type { Progress } from "../progress.ts";
import { slownessText } from "../slowness-text.ts";
import { inked } from "../style.ts";
import { durationText, percentText, stateWords } from "../words.ts";
import { callsText } from "./calls-part.ts";
import type { Figure } from "./parts.ts";
import { stateTones } from "./run-page.ts";
import { stateText } from "./steps-table.ts";

export interface LiveStep {
  readonly seq: number;
  readonly outcome: string;
  readonly asset: string;
  readonly why: string;
  readonly took: string;
  readonly calls: number;
}

export interface LiveTrouble {
  /** Wall time, ms. */
  readonly at: number;
  readonly text: string;
}

/** What changes all the time. */
export interface LiveProgress {
  readonly verdict: string;
  /** Of the steps, from 0 to 1. */
  readonly share: number;
  readonly figures: readonly Figure[];
  readonly facts: readonly (readonly [string, string])[];
  readonly isPaused: boolean;
}

export interface LiveCalls {
  readonly text: string;
  readonly bucketMs: number;
  /** Whether these are all buckets; else those that have changed. */
  readonly isWhole: boolean;
  readonly buckets: readonly CallBucket[];
  readonly held: readonly HeldSpan[];
}

/** News since the last ones. */
export interface LiveNews {
  readonly progress: LiveProgress;
  readonly steps: readonly LiveStep[];
  readonly troubles: readonly LiveTrouble[];
  readonly calls: LiveCalls;
}

/** Everything, for a page that has just come. */
export interface LiveStart extends LiveNews {
  readonly title: string;
  readonly foot: string;
}

/** The last message: nothing follows it. */
export interface LiveEnd extends LiveNews {
  readonly ending: string;
}

/** What stands around the run. */
export interface LiveStanding {
  readonly isPaused: boolean;
  /** Somebody has asked it to stop. */
  readonly isStopping: boolean;
  /** Monotonic time, ms. */
  readonly now: number;
}

export function liveProgress(progress: Progress, standing: LiveStanding): LiveProgress {
  const { counts, steps } = progress;
  const done = steps - openOf(counts);
  const figures = [...stateWords.keys()]
    .filter((state) => counts[state] > 0)
    .map((state) => ({ value: thousands(counts[state]), label: stateText(state), tone: stateTones[state] }));
  return {
    verdict: liveVerdict(progress, standing, done),
    share: steps === 0 ? 1 : done / steps,
    figures,
    facts: liveFacts(progress, standing),
    isPaused: standing.isPaused,
  };
}

function liveVerdict({ steps, stopping }: Progress, standing: LiveStanding, done: number): string {
  const share = steps === 0 ? 100 : Math.floor((100 * done) / steps);
  const way = `${percentText(share)}: ${thousands(done)} of ${counted(steps, "step")} have ended`;
  if (stopping !== undefined) return `Stopping, ${ink(stopping)}. ${way}.`;
  if (standing.isStopping) return `Stopping: what is under way is finished first. ${way}.`;
  return standing.isPaused ? `Paused: nothing new is sent. ${way}.` : `Under way. ${way}.`;
}

function liveFacts(progress: Progress, { now }: LiveStanding): readonly (readonly [string, string])[] {
  const rate = stepsPerSecond(progress, now);
  const left = timeLeftMs(progress, now);
  const { pace, transfers, actorsHalted, slowness } = progress;
  return [
    ["Lately", rate === undefined ? "too early to say" : `${rate.toFixed(1)} steps a second`],
    ["Time left", left === undefined ? "cannot be said" : `about ${durationText(left)}`],
    [
      "Pace",
      pace === undefined
        ? "as it was set"
        : `${Number.isFinite(pace.perSecond) ? `at most ${Math.round(pace.perSecond * 10) / 10} calls a second` : "any number of calls"}: ${ink(pace.reason)}`,
    ],
    ["Held up", slowness === undefined ? "no" : ink(slownessText(slowness))],
    ...(transfers.size === 0 ? [] : [["At Google", counted(transfers.size, "transfer")] as const]),
    ...(actorsHalted === 0 ? [] : [["Blocked", `${counted(actorsHalted, "user")} nobody can act as now`] as const]),
  ];
}

export function liveStep({ seq, outcome, asset, failure, reason, ms, calls }: StepEvent): LiveStep {
  const why = [failure ?? "", reason ?? ""].filter((part) => part !== "").join(": ");
  return {
    seq,
    outcome: stateText(outcome),
    asset: ink(asset ?? ""),
    why: ink(why),
    took: ms === undefined ? "" : ms < 1000 ? `${ms} ms` : durationText(ms),
    calls: calls ?? 0,
  };
}

type StepEvent = Extract<EngineEvent, { readonly type: "step" }>;

/** What went wrong, in a line; undefined for everything else. */
export function troubleOf(event: EngineEvent): string | undefined {
  switch (event.type) {
    case "step":
      if (event.outcome !== "failed" && event.outcome !== "skipped") return undefined;
      return ink(
        `step ${event.seq} ${event.outcome} (${event.failure ?? "no class"})${event.reason === undefined ? "" : `: ${event.reason}`}`,
      );
    case "pace":
      return event.untilMs === undefined ? undefined : ink(event.reason);
    case "actor-halted":
      return ink(`nobody can act as ${event.actor} now: ${event.reason} (${event.failure})`);
    case "stopping":
      return ink(`stopping: ${event.why}`);
    default:
      return undefined;
  }
}

/** `since`: buckets that ended before it have not changed; undefined asks for all. */
export function liveCalls(view: TelemetryView, since: number | undefined): LiveCalls {
  const { bucketMs, buckets, held } = view;
  return {
    text: callsText(view),
    bucketMs,
    isWhole: since === undefined,
    buckets: since === undefined ? buckets : buckets.filter(({ at }) => at + bucketMs > since),
    held,
  };
}

function ink(text: string): string {
  return inked(printable(text, 500));
}

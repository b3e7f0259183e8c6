/** How a run stands that workers carry out together, as lines for people and as a document for programs. */
import { instantText } from "../model/clock.ts";
import type { Counts } from "../model/run.ts";
import { counted, thousands } from "../model/text.ts";
import { countFacts, openOf, totalOf } from "./counts-text.ts";
import { jsonText } from "./json.ts";
import { bar } from "./status-text.ts";
import { fit, label, labelled, shown, wrapFacts } from "./style.ts";
import type { Style } from "./style.ts";
import { durationText, percentText } from "./words.ts";

export interface FleetWorker {
  readonly label: string;
  /** Wall ms. */
  readonly since: number;
  readonly silentMs: number;
  readonly steps: number;
  /** Writes a second that the shared pace permits; undefined: any number. */
  readonly perSecond: number | undefined;
}

export interface FleetRun {
  readonly runName: string;
  readonly tenant: string;
  /** How it is: handed over, or how that ended. */
  readonly state: "waiting" | "under-way" | "paused" | "stopping" | "ended";
  /** Who paused or drains it, or how it ended. */
  readonly why: string | undefined;
  readonly counts: Counts;
  readonly workers: readonly FleetWorker[];
  /** Worker processes that would take it, at work or not. */
  readonly crews: number;
  readonly stepsPerSecond: number | undefined;
}

const workersShown = 12;

export function fleetLines(run: FleetRun, style: Style): string[] {
  const { runName, tenant, counts } = run;
  return [
    ...wrapFacts([shown(runName, style), `tenant ${shown(tenant, style)}`], label("Run", style), style),
    ...labelled("State", shown(stateText(run), style, 500), style),
    `${label("Progress", style)}${bar(counts, style)}`,
    ...wrapFacts(countFacts(counts, style), label("Steps", style), style),
    ...workerLines(run, style),
  ];
}

/** The same below the lines of a run, which do not say that it is held or ends. */
export function workersAtWork(run: FleetRun, style: Style): string[] {
  const isTold = run.workers.length === 0 || (run.state !== "paused" && run.state !== "stopping");
  return [...(isTold ? [] : labelled("Fleet", shown(stateText(run), style, 500), style)), ...workerLines(run, style)];
}

/** A line for each of them: who, since when, what it does, when it was last heard of. */
function workerLines(run: FleetRun, style: Style): string[] {
  const { workers } = run;
  if (workers.length === 0) return run.state === "ended" ? [] : labelled("Workers", stateText(run), style);
  const more = workers.length - workersShown;
  return [
    ...labelled("Workers", counted(workers.length, "worker"), style),
    ...workers.slice(0, workersShown).map((worker) => fit(`  ${workerText(worker, style)}`, style.width, style)),
    ...(more > 0 ? [`  and ${thousands(more)} more`] : []),
  ];
}

function workerText({ label: name, since, silentMs, steps, perSecond }: FleetWorker, style: Style): string {
  const rate = perSecond === undefined ? "" : `  up to ${perSecond.toFixed(1)} writes/s`;
  const heard = silentMs < 3000 ? "" : `  silent for ${durationText(silentMs)}`;
  // What is cut off on a narrow terminal matters least.
  const joined = `${instantText(since).slice(0, 16).replace("T", " ")}Z`;
  return `${shown(name, style, 60)}${heard}  ${counted(steps, "step")} under way${rate}  since ${joined}`;
}

/** The same in one line, for a log. */
export function fleetLine(run: FleetRun, style: Style): string {
  const total = totalOf(run.counts);
  const done = total - openOf(run.counts);
  const share = total === 0 ? 100 : Math.floor((100 * done) / total);
  const parts = [
    `${percentText(share)}  ${thousands(done)}/${counted(total, "step")}`,
    ...(run.counts.failed === 0 ? [] : [`${thousands(run.counts.failed)} failed`]),
    counted(run.workers.length, "worker"),
    ...(run.stepsPerSecond === undefined ? [] : [`${run.stepsPerSecond.toFixed(1)} steps/s`]),
    ...(run.state === "under-way" ? [] : [shown(stateText(run), style, 100)]),
  ];
  return fit(parts.join("  "), style.width, style);
}

export function fleetJson(run: FleetRun, at: number): string {
  return jsonText({ type: "fleet", version: 1, run: run.runName, tenant: run.tenant, ...fleetFields(run, at) });
}

/** What a document says of the workers. */
export function fleetFields(run: FleetRun, at: number): Readonly<Record<string, unknown>> {
  const workers = run.workers.map(({ since, perSecond, ...worker }) => ({
    ...worker,
    since: instantText(since),
    perSecond: perSecond ?? null,
  }));
  const { state, why, counts, crews, stepsPerSecond } = run;
  return {
    at: instantText(at),
    state,
    ...(why === undefined ? {} : { why }),
    counts,
    crews,
    stepsPerSecond: stepsPerSecond ?? null,
    workers,
  };
}

function stateText({ state, why, crews }: FleetRun): string {
  switch (state) {
    case "waiting":
      return crews === 0 ? "handed over; no worker is there to take it" : "handed over; a worker will take it";
    case "under-way":
      return "under way";
    case "paused":
      return `paused${why === undefined ? "" : ` by ${why}`}: nothing new is sent`;
    case "stopping":
      return `ending${why === undefined ? "" : `, as asked by ${why}`}: what is under way is finished first`;
    case "ended":
      return `ended${why === undefined ? "" : `: ${why}`}`;
  }
}

/** `handover apply`: carries out a run or resumes it, after every guard has agreed. */
import type { Command } from "commander";
import { applyRun } from "../engine/apply.ts";
import type { ApplyOptions as EngineOptions, ApplySummary } from "../engine/verbs.ts";
import type { Journal } from "../journal/journal.ts";
import { openJournal } from "../journal/sqlite/journal.ts";
import type { EngineEvent } from "../model/event.ts";
import { UsageError } from "../model/errors.ts";
import type { Counts } from "../model/run.ts";
import { hazardsToAllow } from "../model/step.ts";
import type { HazardName } from "../model/step.ts";
import { printable } from "../model/text.ts";
import { applyFoot, endingText } from "../report/apply-text.ts";
import { summaryJson, versionJson } from "../report/json.ts";
import { approve } from "./approval.ts";
import { Steering } from "./apply-steering.ts";
import { CallTelemetry } from "./apply-telemetry.ts";
import { ApplyJson, ApplyText } from "./apply-view.ts";
import type { ApplyView } from "./apply-view.ts";
import { resolveSettings } from "./config.ts";
import type { Settings } from "./config.ts";
import type { Context } from "./context.ts";
import type { Dashboard, DashboardOptions } from "./dashboard.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { existingRunPath, shownPath, typedCommand } from "./files.ts";
import { addGoogleOptions, collect, count, countOrNone, duration, port } from "./flags.ts";
import type { GoogleFlags } from "./flags.ts";
import { guardAge, guardChanges, guardTenant } from "./guards.ts";
import { openLog } from "./logging.ts";
import { print, styleOf } from "./output.ts";
import { runFacts, telemetryName } from "./run-facts.ts";
import { stopOnSignals } from "./signals.ts";
import { troubleNotes } from "./trouble.ts";

export interface ApplyFlags extends GoogleFlags {
  readonly yes?: boolean;
  readonly allow?: readonly string[];
  readonly maxChanges?: number;
  readonly maxFailures?: number;
  readonly concurrency?: number;
  readonly perActor?: number;
  readonly maxDuration?: number;
  readonly maxAge?: number;
  readonly json?: boolean;
  readonly dashboard?: boolean;
  readonly dashboardPort?: number;
}

export interface ApplyOptions {
  readonly run: string;
  readonly yes: boolean;
  readonly allow: ReadonlySet<HazardName>;
  readonly changesMax: number | undefined;
  readonly ageMaxMs: number;
  readonly engine: Omit<EngineOptions, "perActor" | "settleMs">;
  /** Undefined: two for Google, whose quotas for one user are unknown; no less than in all for a stand-in. */
  readonly perActor: number | undefined;
  readonly json: boolean;
  /** The port of the dashboard, 0 for a free one; undefined: none. */
  readonly dashboardPort: number | undefined;
  readonly color: boolean;
  readonly google: GoogleFlags;
}

const dayMs = 86_400_000;
const perActorAtGoogle = 2;
/** How long a request whose answer was lost may still arrive: beyond a request's own deadline, or without a network. */
const settleAtGoogleMs = 90_000;
const settleNearMs = 10_000;
/** Under this name a run keeps what the pacer learned. */
const pacingName = "pacer";

export function define(command: Command): void {
  command
    .argument("<run>", "the run: friday or friday.handover")
    .option("-y, --yes", "do not ask; needed where nobody can be asked")
    .option("--allow <hazard>", "allow a hazard of the run by name; may be repeated", collect)
    .option("--max-changes <n>", "do not begin a run that changes more than this", countOrNone)
    .option("--max-failures <n>", "stop after this many failed steps", countOrNone)
    .option("--max-duration <time>", "take no new step after this long, such as 90m", duration)
    .option("--max-age <time>", "do not begin a run planned longer ago than this (default 24h)", duration)
    .option("--concurrency <n>", "steps under way at once (default 16)", count)
    .option("--per-actor <n>", "steps under way at once as one user (default 2)", count)
    .option("--dashboard", "show it on a page, on this machine only; its address is printed")
    .option("--dashboard-port <n>", "the port of that page (default: a free one)", port)
    .option("--json", "one JSON object per line: what happens, and last the summary");
  addGoogleOptions(command).addHelpText(
    "after",
    `
Hazards: ${[...hazardsToAllow].join(", ")}

Examples:
  handover apply friday.handover
  handover apply friday.handover --yes --allow whole-user-transfer
  handover apply friday.handover --yes --max-duration 6h --rate 5/s
  handover apply friday.handover --dashboard

Interrupted in any way, the same command goes on where it ended. Ctrl-C once finishes what is under way.`,
  );
}

export function parse(args: readonly string[], flags: ApplyFlags): ApplyOptions {
  if (flags.dashboardPort !== undefined && flags.dashboard !== true) {
    throw new UsageError("--dashboard-port is for the dashboard", "add --dashboard");
  }
  return {
    run: args[0] ?? "",
    yes: flags.yes === true,
    allow: new Set((flags.allow ?? []).map(hazardName)),
    changesMax: flags.maxChanges,
    ageMaxMs: flags.maxAge ?? dayMs,
    engine: {
      concurrency: flags.concurrency ?? 16,
      failuresMax: flags.maxFailures,
      attemptsMax: 30,
      conflictsMax: 8,
      transferPollMs: 2_000,
      transferPollMaxMs: 60_000,
      transferWaitMs: 6 * 3_600_000,
      durationMs: flags.maxDuration,
    },
    perActor: flags.perActor,
    json: flags.json === true,
    dashboardPort: flags.dashboard === true ? (flags.dashboardPort ?? 0) : undefined,
    color: flags.color,
    google: flags,
  };
}

function hazardName(text: string): HazardName {
  const known = [...hazardsToAllow].find((name) => name === text);
  if (known !== undefined) return known;
  throw new UsageError(
    `there is no hazard ${JSON.stringify(printable(text))} to allow`,
    `hazards are ${[...hazardsToAllow].join(", ")}`,
  );
}

export async function run(context: Context, options: ApplyOptions): Promise<ExitCode> {
  const path = await existingRunPath(context, options.run);
  const settings = await resolveSettings(context, options.google);
  const journal = await openJournal(path, { clock: context.clock });
  try {
    const counts = await journal.counts();
    guardChanges(journal.header, options.changesMax);
    guardAge(journal.header, counts, context.clock.now(), options.ageMaxMs);
    const name = shownPath(context, path);
    const approved = await approve(context, options, journal, name, counts);
    if (!approved) {
      await print(context.stderr, ["Nothing was sent."]);
      return exitCode({ kind: "stopped" });
    }
    return await carryOut(context, options, settings, journal, name, counts);
  } finally {
    await journal.close();
  }
}

/** A memory that cannot be read is no memory: the pacer learns again. */
function parsedOrNothing(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Says where the page is, and apart from that what steers the run. */
async function startDashboard(context: Context, options: Omit<DashboardOptions, "assets">): Promise<Dashboard> {
  const { openDashboard } = await import("./dashboard.ts");
  const { loadPageAssets } = await import("./page-assets.ts");
  const dashboard = await openDashboard(context, { ...options, assets: await loadPageAssets("live") });
  await print(context.stderr, [
    `Dashboard  ${dashboard.address}`,
    `Control    ${dashboard.controlToken}   to pause, set the rate or stop on that page`,
  ]);
  return dashboard;
}

async function carryOut(
  context: Context,
  options: ApplyOptions,
  settings: Settings,
  journal: Journal,
  name: string,
  counts: Counts,
): Promise<ExitCode> {
  const { header, digest } = journal;
  const resume = typedCommand(context);
  const style = styleOf(context, context.stderr, options.color);
  const log = openLog(context, settings.logFile, "apply", header.runId);
  const stopping = stopOnSignals(context, resume);
  if (options.json) await print(context.stdout, [versionJson(context.version, header, digest, name)]);
  const view: ApplyView = options.json ? new ApplyJson(context) : new ApplyText(context, style, counts);
  const telemetry = new CallTelemetry(context.clock, journal, await journal.kept(telemetryName));
  let dashboard: Dashboard | undefined;
  const onEvent = (event: EngineEvent): void => {
    log.event(event);
    telemetry.onEvent(event);
    view.onEvent(event);
    dashboard?.onEvent(event);
  };
  const troubled = troubleNotes(context.clock, style, (line) => view.say(line));
  // Loaded only now: the HTTP client takes longer to load than everything before it.
  const { connectPaced, isStandIn } = await import("./connect.ts");
  const paced = await connectPaced(context, settings, {
    access: "write",
    concurrency: options.engine.concurrency,
    stop: stopping.late,
    onEvent,
    onCall: (call) => {
      log.call(call);
      telemetry.onCall(call);
    },
    onRetry: (notice) => {
      telemetry.onRetry();
      troubled(notice);
    },
    pacing: {
      recalled: parsedOrNothing(await journal.kept(pacingName)),
      keep: (memory) => journal.keep(pacingName, JSON.stringify(memory)),
    },
  });
  const { api } = paced;
  telemetry.begin(paced.writesPerSecond());
  const steering = new Steering(paced, stopping, (line) => view.say(line));
  let summary: ApplySummary | undefined;
  try {
    if (options.dashboardPort !== undefined) {
      const { recorded } = telemetry;
      const following = { runName: name, header, digest, counts, telemetry: recorded, steering };
      dashboard = await startDashboard(context, { port: options.dashboardPort, ...following });
    }
    const { ready, waiting } = await journal.open();
    if (ready + waiting > 0) await guardTenant(api, header);
    const { clock, random } = context;
    const near = isStandIn(settings);
    const perActor = options.perActor ?? (near ? options.engine.concurrency : perActorAtGoogle);
    const settleMs = near ? settleNearMs : settleAtGoogleMs;
    const surroundings = { api, clock, random, onEvent, stop: stopping.stop, paused: steering.paused };
    summary = await applyRun(surroundings, journal, { ...options.engine, perActor, settleMs });
  } finally {
    view.close();
    stopping.dispose();
    await api.close();
    telemetry.close();
    await dashboard?.close(
      summary === undefined ? "It ended with an error, told where it began." : endingText(summary),
    );
    await log.close();
  }
  const code = exitCode({ kind: "apply", summary });
  const { failures } = await runFacts(journal);
  if (options.json) {
    const goesOn = summary.end === "finished" ? undefined : resume;
    await print(context.stdout, [summaryJson(summary, failures, goesOn, code)]);
  } else {
    await print(
      context.stdout,
      applyFoot(summary, failures, name, resume, styleOf(context, context.stdout, options.color)),
    );
  }
  return code;
}

/** Carrying a run out, once every guard has agreed: the connection, whoever listens to what happens, and how it ended. */
import { applyRun } from "../engine/apply.ts";
import type { ApplyOptions as EngineOptions, ApplySummary } from "../engine/verbs.ts";
import type { Journal } from "../journal/journal.ts";
import type { EngineEvent } from "../model/event.ts";
import type { Counts } from "../model/run.ts";
import { applyFoot, endingText } from "../report/apply-text.ts";
import { summaryJson, versionJson } from "../report/json.ts";
import { Steering } from "./apply-steering.ts";
import { CallTelemetry } from "./apply-telemetry.ts";
import { ApplyJson, ApplyText } from "./apply-view.ts";
import type { ApplyView } from "./apply-view.ts";
import type { Settings } from "./config.ts";
import type { Context } from "./context.ts";
import type { Dashboard, DashboardOptions } from "./dashboard.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { typedCommand } from "./files.ts";
import { guardTenant } from "./guards.ts";
import { openLog } from "./logging.ts";
import { print, styleOf } from "./output.ts";
import { pacingName, runFacts, telemetryName } from "./run-facts.ts";
import { stopOnSignals } from "./signals.ts";
import { troubleNotes } from "./trouble.ts";

export interface CarryOutOptions {
  readonly engine: Omit<EngineOptions, "perActor" | "settleMs">;
  /** Undefined: two for Google, whose quotas for one user are unknown; no less than in all for a stand-in. */
  readonly perActor: number | undefined;
  readonly json: boolean;
  /** The port of the dashboard, 0 for a free one; undefined: none. */
  readonly dashboardPort: number | undefined;
  readonly color: boolean;
}

const perActorAtGoogle = 2;
/** How long a request whose answer was lost may still arrive: beyond a request's own deadline, or without a network. */
const settleAtGoogleMs = 90_000;
const settleNearMs = 10_000;

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

/** `name`: the run as a person would type it. */
export async function carryOut(
  context: Context,
  options: CarryOutOptions,
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

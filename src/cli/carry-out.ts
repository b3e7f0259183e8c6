/** Carrying a run out, once every guard has agreed: the connection, whoever listens to what happens, and how it ended. */
import { applyRun } from "../engine/apply.ts";
import { Workers } from "../engine/workers.ts";
import type { ApplyOptions as EngineOptions, ApplySummary } from "../engine/verbs.ts";
import type { Journal } from "../journal/journal.ts";
import type { Api } from "../model/api.ts";
import { ControlError } from "../model/errors.ts";
import type { Counts } from "../model/run.ts";
import type { Slowness } from "../model/slowness.ts";
import { printable } from "../model/text.ts";
import { applyFoot, endingText } from "../report/apply-text.ts";
import { summaryJson, versionJson } from "../report/json.ts";
import type { FailureGroup } from "../report/rows.ts";
import { Listeners } from "./apply-listeners.ts";
import type { ApplyLast, Listener } from "./apply-listeners.ts";
import { ApplyLive } from "./apply-live.ts";
import { openOutlets } from "./apply-outlets.ts";
import type { OutletOptions } from "./apply-outlets.ts";
import { Steering } from "./apply-steering.ts";
import { CallTelemetry } from "./apply-telemetry.ts";
import { ApplyJson, ApplyText } from "./apply-view.ts";
import type { ApplyView } from "./apply-view.ts";
import type { Commits } from "./commits.ts";
import type { Settings } from "./config.ts";
import type { Context } from "./context.ts";
import type { ControlSocket } from "./control-socket.ts";
import { exitCode, exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { typedCommand } from "./files.ts";
import { guardTenant } from "./guards.ts";
import { openLog } from "./logging.ts";
import type { Metrics } from "./metrics.ts";
import { print, styleOf } from "./output.ts";
import { endingName, pacingName, runFacts, slownessName, telemetryName } from "./run-facts.ts";
import { stopOnSignals } from "./signals.ts";
import { startDashboard } from "./start-dashboard.ts";
import { troubleNotes } from "./trouble.ts";

export interface CarryOutOptions {
  readonly engine: Omit<EngineOptions, "perActor" | "settleMs">;
  /** Undefined: two for Google, whose quotas for one user are unknown; no less than in all for a stand-in. */
  readonly perActor: number | undefined;
  /** Asked once before anything is sent; throws to refuse. */
  readonly beforeSending?: ((api: Api) => Promise<void>) | undefined;
  /** Done once everything is durable, before it is said how it ended. */
  readonly beforeFoot?: (() => Promise<void>) | undefined;
  readonly json: boolean;
  /** The port of the dashboard, 0 for a free one; undefined: none. */
  readonly dashboardPort: number | undefined;
  readonly color: boolean;
  readonly outlets: OutletOptions;
}

export const perActorAtGoogle = 2;
/** Steering may raise the steps at once while it runs; sockets are opened as they are needed. */
export const socketsMax = 256;
/** How long a request whose answer was lost may still arrive: beyond a request's own deadline, or without a network. */
export const settleAtGoogleMs = 90_000;
export const settleNearMs = 10_000;

/** A memory that cannot be read is no memory: the pacer learns again. */
export function parsedOrNothing(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where others can steer it from; without a place for that the run goes on all the same. */
async function startControl(
  context: Context,
  runPath: string,
  live: ApplyLive,
  steering: Steering,
): Promise<ControlSocket | undefined> {
  const { openControl } = await import("./control-socket.ts");
  try {
    return await openControl(context, {
      runPath,
      live: () => live.document(),
      onWish: (wish) => steering.wish(wish, { via: "ctl", uid: context.uid }),
    });
  } catch (error) {
    const isOfSystem = error instanceof Error && "code" in error;
    if (!(error instanceof ControlError) && !isOfSystem) throw error;
    await print(context.stderr, [
      `No control socket: ${printable(error.message)}. handover ctl cannot steer this run.`,
    ]);
    return undefined;
  }
}

/** For whoever followed an apply that could not go on. */
const crashed = "It ended with an error, told where it began.";

/** An opened run, and what stands around it. */
export interface Opened {
  readonly settings: Settings;
  readonly journal: Journal;
  /** Of the run file. */
  readonly path: string;
  /** The run as a person would type it. */
  readonly name: string;
  readonly counts: Counts;
  readonly commits: Commits;
}

export async function carryOut(context: Context, options: CarryOutOptions, opened: Opened): Promise<ExitCode> {
  const { settings, journal, name, counts, commits } = opened;
  const { clock, random } = context;
  const { header, digest } = journal;
  const resume = typedCommand(context);
  const style = styleOf(context, context.stderr, options.color);
  const listeners = new Listeners(clock);
  const log = await openLog(context, settings.logFile, "apply", header.runId);
  listeners.add({ onEvent: (event) => log.event(event), onCall: (call) => log.call(call), close: () => log.close() });
  const stopping = stopOnSignals(context, resume);
  const first = versionJson(context.version, header, digest, name);
  if (options.json) await print(context.stdout, [first]);
  const view: ApplyView = options.json ? new ApplyJson(context) : new ApplyText(context, style, counts);
  const say = (line: string): void => view.say(line);
  const telemetry = new CallTelemetry(clock, journal, await journal.kept(telemetryName));
  listeners.add(telemetry);
  listeners.add({ onEvent: (event) => view.onEvent(event) });
  listeners.add({ onRetry: troubleNotes(clock, style, say) });
  // Loaded only now: the HTTP client takes longer to load than everything before it.
  const { connectPaced, isStandIn } = await import("./connect.ts");
  const near = isStandIn(settings);
  const paced = await connectPaced(context, settings, {
    access: "write",
    concurrency: socketsMax,
    stop: stopping.late,
    onEvent: listeners.onEvent,
    onCall: (call) => {
      options.engine.guards?.calls?.called();
      listeners.onCall(call);
    },
    onRetry: listeners.onRetry,
    pacing: {
      recalled: parsedOrNothing(await journal.kept(pacingName)),
      keep: (memory) => journal.keep(pacingName, JSON.stringify(memory)),
    },
  });
  const { api } = paced;
  telemetry.begin(paced.writesPerSecond());
  const workers = new Workers(options.engine.concurrency, options.perActor ?? (near ? undefined : perActorAtGoogle));
  const record = (details: Readonly<Record<string, string | number>>): Promise<void> =>
    journal.note("steered", details);
  const { onEvent } = listeners;
  const steering = new Steering({ paced, stopping, workers, clock, say, onEvent, record });
  const onChange = (slowness: Slowness): void => {
    journal.keep(slownessName, JSON.stringify(slowness));
    onEvent({ type: "slowness", ...slowness });
  };
  const following = { clock, runName: name, header, digest, counts, paced, workers, steering, commits, onChange };
  const live = new ApplyLive(following);
  listeners.add(live);
  let last: ApplyLast = { code: exitCodes.unexpected, ending: crashed, line: undefined };
  let ended: Ended;
  try {
    if (options.dashboardPort !== undefined) {
      const { recorded } = telemetry;
      const shown = { runName: name, header, digest, counts, telemetry: recorded, steering };
      const dashboard = await startDashboard(context, { port: options.dashboardPort, ...shown });
      listeners.add({
        onEvent: (event) => dashboard.onEvent(event),
        close: ({ ending }) => dashboard.close(ending),
      });
    }
    const runPath = opened.path;
    // Nobody would see it in a stream of JSON, and what went wrong beside the run is to be seen.
    const warn = options.json ? (line: string) => void context.stderr.write(`${line}\n`) : say;
    const add = (listener: Listener): void => listeners.add(listener);
    const figures = async (): Promise<Metrics> => {
      const loaded = await import("./metrics.ts");
      return new loaded.Metrics({ version: context.version, runId: header.runId, live, commits });
    };
    const told = { runPath, runId: header.runId, first, figures, say: warn, add };
    await openOutlets(context, options.outlets, told);
    const control = await startControl(context, runPath, live, steering);
    if (control !== undefined) listeners.add({ close: ({ code, ending }) => control.close(code, ending) });
    live.begin();
    const { ready, waiting } = await journal.open();
    if (ready + waiting > 0) {
      await guardTenant(api, header);
      await options.beforeSending?.(api);
    }
    const { perActor } = workers;
    const settleMs = near ? settleNearMs : settleAtGoogleMs;
    const surroundings = { api, clock, random, onEvent, stop: stopping.stop, paused: steering.paused, workers };
    const summary = await applyRun(surroundings, journal, { ...options.engine, perActor, settleMs });
    ended = await endOf(summary, journal, resume);
    last = { code: ended.code, ending: endingText(summary), line: ended.line };
  } catch (error) {
    last = { ...last, code: exitCode({ kind: "error", error }) };
    throw error;
  } finally {
    view.close();
    stopping.dispose();
    await api.close();
    journal.keep(endingName, JSON.stringify({ at: clock.now(), code: last.code, ending: last.ending }));
    await listeners.close(last);
  }
  const { summary, failures, code } = ended;
  await options.beforeFoot?.();
  if (options.json) await print(context.stdout, [ended.line]);
  else {
    const foot = styleOf(context, context.stdout, options.color);
    await print(context.stdout, applyFoot(summary, failures, name, resume, foot));
  }
  return code;
}

/** How an apply ended, once it did. */
interface Ended {
  readonly summary: ApplySummary;
  readonly failures: readonly FailureGroup[];
  readonly code: ExitCode;
  /** The last line of its stream. */
  readonly line: string;
}

async function endOf(summary: ApplySummary, journal: Journal, resume: string): Promise<Ended> {
  const code = exitCode({ kind: "apply", summary });
  const { failures } = await runFacts(journal);
  const goesOn = summary.end === "finished" ? undefined : resume;
  return { summary, failures, code, line: summaryJson(summary, failures, goesOn, code) };
}

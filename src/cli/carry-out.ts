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
import type { Paced } from "./connect.ts";
import type { Context } from "./context.ts";
import type { ControlSocket } from "./control-socket.ts";
import { engineOptions, perActorOf } from "./engine-options.ts";
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
  readonly engine: Pick<EngineOptions, "concurrency" | "durationMs" | "guards">;
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

/** Steering may raise the steps at once while it runs; sockets are opened as they are needed. */
export const socketsMax = 256;

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
  const { journal, name } = opened;
  const resume = typedCommand(context);
  const stopping = stopOnSignals(context, resume);
  const audience = await gather(context, options, opened);
  const work = await connect(context, options, opened, audience, stopping);
  let last: ApplyLast = { code: exitCodes.unexpected, ending: crashed, line: undefined };
  let ended: Ended;
  try {
    await openWindows(context, options, opened, audience, work);
    const summary = await send(context, options, opened, audience, work);
    ended = await endOf(summary, journal, resume);
    last = { code: ended.code, ending: endingText(summary), line: ended.line };
  } catch (error) {
    last = { ...last, code: exitCode({ kind: "error", error }) };
    throw error;
  } finally {
    audience.view.close();
    stopping.dispose();
    await work.paced.api.close();
    journal.keep(endingName, JSON.stringify({ at: context.clock.now(), code: last.code, ending: last.ending }));
    await audience.listeners.close(last);
  }
  await options.beforeFoot?.();
  const foot = styleOf(context, context.stdout, options.color);
  await print(
    context.stdout,
    options.json ? [ended.line] : applyFoot(ended.summary, ended.failures, name, resume, foot),
  );
  return ended.code;
}

/** Who is told what happens, in the order in which each is told. */
interface Audience {
  readonly listeners: Listeners;
  readonly view: ApplyView;
  readonly telemetry: CallTelemetry;
  /** The first line of every stream. */
  readonly first: string;
  /** Beside the view, without disturbing it. */
  readonly say: (line: string) => void;
}

/** The log, the screen, and what the run keeps of its calls. */
async function gather(context: Context, options: CarryOutOptions, opened: Opened): Promise<Audience> {
  const { settings, journal, name, counts } = opened;
  const { clock } = context;
  const { header, digest } = journal;
  const style = styleOf(context, context.stderr, options.color);
  const listeners = new Listeners(clock);
  const log = await openLog(context, settings.logFile, "apply", header.runId);
  listeners.add({ onEvent: (event) => log.event(event), onCall: (call) => log.call(call), close: () => log.close() });
  const first = versionJson(context.version, header, digest, name);
  if (options.json) await print(context.stdout, [first]);
  const view: ApplyView = options.json ? new ApplyJson(context) : new ApplyText(context, style, counts);
  const say = (line: string): void => view.say(line);
  const telemetry = new CallTelemetry(clock, journal, await journal.kept(telemetryName));
  listeners.add(telemetry);
  listeners.add({ onEvent: (event) => view.onEvent(event) });
  listeners.add({ onRetry: troubleNotes(clock, style, say) });
  return { listeners, view, telemetry, first, say };
}

/** What the run is carried out with, and steered by. */
interface Work {
  readonly paced: Paced;
  readonly isNear: boolean;
  readonly workers: Workers;
  readonly steering: Steering;
  readonly live: ApplyLive;
  readonly stop: AbortSignal;
}

async function connect(
  context: Context,
  options: CarryOutOptions,
  opened: Opened,
  audience: Audience,
  stopping: ReturnType<typeof stopOnSignals>,
): Promise<Work> {
  const { settings, journal, name, counts, commits } = opened;
  const { clock } = context;
  const { listeners, telemetry, say } = audience;
  const { onEvent } = listeners;
  // Loaded only now: the HTTP client takes longer to load than everything before it.
  const { connectPaced, isStandIn } = await import("./connect.ts");
  const isNear = isStandIn(settings);
  const paced = await connectPaced(context, settings, {
    access: "write",
    concurrency: socketsMax,
    stop: stopping.late,
    onEvent,
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
  telemetry.begin(paced.writesPerSecond());
  const workers = new Workers(options.engine.concurrency, perActorOf(options.perActor, isNear));
  const record = (details: Readonly<Record<string, string | number>>): Promise<void> =>
    journal.note("steered", details);
  const steering = new Steering({ paced, stopping, workers, clock, say, onEvent, record });
  const onChange = (slowness: Slowness): void => {
    journal.keep(slownessName, JSON.stringify(slowness));
    onEvent({ type: "slowness", ...slowness });
  };
  const { header, digest } = journal;
  const following = { clock, runName: name, header, digest, counts, paced, workers, steering, commits, onChange };
  const live = new ApplyLive(following);
  listeners.add(live);
  return { paced, isNear, workers, steering, live, stop: stopping.stop };
}

/** Everything through which others see the run and steer it: the page, what was asked for on the command line, the socket. */
async function openWindows(
  context: Context,
  options: CarryOutOptions,
  opened: Opened,
  { listeners, telemetry, first, say }: Audience,
  { live, steering }: Work,
): Promise<void> {
  const { journal, name, counts, commits, path: runPath } = opened;
  const { header, digest } = journal;
  if (options.dashboardPort !== undefined) {
    const { recorded } = telemetry;
    const shown = { runName: name, header, digest, counts, telemetry: recorded, steering };
    const dashboard = await startDashboard(context, { port: options.dashboardPort, ...shown });
    listeners.add({
      onEvent: (event) => dashboard.onEvent(event),
      close: ({ ending }) => dashboard.close(ending),
    });
  }
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
}

/** The guards that ask Google, and then the run. */
async function send(
  context: Context,
  options: CarryOutOptions,
  { journal }: Opened,
  { listeners }: Audience,
  { paced, isNear, workers, steering, stop }: Work,
): Promise<ApplySummary> {
  const { clock, random } = context;
  const { api } = paced;
  const { ready, waiting } = await journal.open();
  if (ready + waiting > 0) {
    await guardTenant(api, journal.header);
    await options.beforeSending?.(api);
  }
  const { perActor } = workers;
  const surroundings = { api, clock, random, onEvent: listeners.onEvent, stop, paused: steering.paused, workers };
  return applyRun(surroundings, journal, engineOptions({ ...options.engine, perActor }, isNear));
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

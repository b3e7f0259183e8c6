/** Where an apply tells what happens besides its own terminal: to a command, into a file, as figures. */
import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { UsageError } from "../model/errors.ts";
import type { ApplyLive } from "./apply-live.ts";
import type { Listener } from "./apply-listeners.ts";
import type { Commits } from "./commits.ts";
import type { Context } from "./context.ts";
import { port } from "./flags.ts";
import { hookTypes, hookTypesByDefault } from "./hook-types.ts";
import type { HookType } from "./hook-types.ts";
import { print } from "./output.ts";

export interface OutletFlags {
  readonly onEvent?: string;
  readonly onEventTypes?: ReadonlySet<HookType>;
  readonly events?: string;
  readonly metrics?: boolean;
  readonly metricsPort?: number;
}

export interface OutletOptions {
  readonly onEvent: string | undefined;
  readonly onEventTypes: ReadonlySet<HookType>;
  readonly events: string | undefined;
  /** The port of the figures, 0 for a free one; undefined: none. */
  readonly metricsPort: number | undefined;
}

export function addOutletOptions(command: Command): Command {
  return command
    .option("--on-event <command>", "run this at each event that matters, with the event as JSON on its stdin")
    .option("--on-event-types <types>", `at which: ${hookTypes.join(", ")}; or all`, types)
    .option("--events <file>", "append one JSON object per line to this file, as --json prints them")
    .option("--metrics", "give figures for Prometheus, on this machine only; the address is printed")
    .option("--metrics-port <n>", "the port of the figures (default: a free one)", port);
}

/** For the help of the verb. */
export const outletsHelp: string = `
The command of --on-event is started without a shell, one event after the other, each for 10 s at
most, with nothing of the environment but the usual (PATH, HOME, LANG, ...) and HANDOVER_EVENT,
HANDOVER_RUN and HANDOVER_RUN_ID. It cannot hold the run up. Without --on-event-types it is run for
${hookTypesByDefault.join(", ")}.`;

function types(text: string): ReadonlySet<HookType> {
  const names = text.split(",").map((name) => name.trim());
  if (names.length === 1 && names[0] === "all") return new Set(hookTypes);
  const found = names.map((name) => hookTypes.find((type) => type === name));
  const known = found.filter((type) => type !== undefined);
  if (known.length === names.length) return new Set(known);
  throw new InvalidArgumentError(`write some of ${hookTypes.join(", ")}, with commas between them; or all`);
}

export function parseOutlets(flags: OutletFlags): OutletOptions {
  if (flags.onEventTypes !== undefined && flags.onEvent === undefined) {
    throw new UsageError("--on-event-types is for a command", "add --on-event COMMAND");
  }
  if (flags.metricsPort !== undefined && flags.metrics !== true) {
    throw new UsageError("--metrics-port is for the metrics", "add --metrics");
  }
  return {
    onEvent: flags.onEvent,
    onEventTypes: flags.onEventTypes ?? new Set(hookTypesByDefault),
    events: flags.events,
    metricsPort: flags.metrics === true ? (flags.metricsPort ?? 0) : undefined,
  };
}

/** What the outlets tell of. */
export interface Told {
  readonly runPath: string;
  readonly runId: string;
  /** The first line of the stream. */
  readonly first: string;
  readonly live: ApplyLive;
  readonly commits: Commits;
  /** A line for whoever started the run. */
  readonly say: (line: string) => void;
  /** Each as soon as it is open: it is to be closed whatever happens to the next. */
  readonly add: (listener: Listener) => void;
}

/** Throws `UsageError` for one that cannot be: nothing has been sent yet. Each loads only when it is asked for. */
export async function openOutlets(context: Context, options: OutletOptions, told: Told): Promise<void> {
  const { runPath, runId, first, live, commits, say, add } = told;
  if (options.onEvent !== undefined) {
    const { Hooks, findHook } = await import("./hooks.ts");
    const command = await findHook(context, options.onEvent);
    add(new Hooks(context, { command, types: options.onEventTypes, runPath, runId, say }));
  }
  if (options.events !== undefined) {
    const { openEventFile } = await import("./event-file.ts");
    add(openEventFile(context, options.events, first, say));
  }
  if (options.metricsPort !== undefined) {
    const { Metrics } = await import("./metrics.ts");
    const { serveMetrics } = await import("./metrics-server.ts");
    const metrics = new Metrics({ version: context.version, runId, live, commits });
    const server = await serveMetrics(options.metricsPort, metrics);
    add(metrics);
    add({ close: () => server.close() });
    await print(context.stderr, [`Metrics    ${server.address}`]);
  }
}

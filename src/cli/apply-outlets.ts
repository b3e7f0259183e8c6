/** Where an apply tells what happens besides its own terminal: to a command, into a file, as figures. */
import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { UsageError } from "../model/errors.ts";
import type { Listener } from "./apply-listeners.ts";
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
  return addEventOptions(command)
    .option("--metrics", "give figures for Prometheus, on this machine only; the address is printed")
    .option("--metrics-port <n>", "the port of the figures (default: a free one)", port);
}

/** Those of them that tell what happens as it happens. */
export function addEventOptions(command: Command): Command {
  return command
    .option("--on-event <command>", "run this at each event that matters, with the event as JSON on its stdin")
    .option("--on-event-types <types>", `at which: ${hookTypes.join(", ")}; or all`, types)
    .option("--events <file>", "append what happens to this file, one JSON object per line");
}

/** For the help of the verb. */
export const hookHelp: string = `The command of --on-event is started without a shell, one event after the other, each for 10 s at
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
  /** What `--metrics` gives. */
  readonly figures: () => Promise<Listener & { text(): string }>;
  /** A line for whoever started the run. */
  readonly say: (line: string) => void;
  /** Each as soon as it is open: it is to be closed whatever happens to the next. */
  readonly add: (listener: Listener) => void;
}

/** Throws `UsageError` for one that cannot be: nothing has been sent yet. Each loads only when it is asked for. */
export async function openOutlets(context: Context, options: OutletOptions, told: Told): Promise<void> {
  const { runPath, runId, first, figures, say, add } = told;
  if (options.onEvent !== undefined) {
    const { Hooks, findHook } = await import("./hooks.ts");
    const command = await findHook(context, options.onEvent);
    add(new Hooks(context, { command, types: options.onEventTypes, runPath, runId, say }));
  }
  if (options.events !== undefined) {
    const { openEventFile, streamTo } = await import("./event-file.ts");
    add(streamTo(openEventFile(context, options.events, say), first));
  }
  if (options.metricsPort !== undefined) {
    const { serveMetrics } = await import("./metrics-server.ts");
    const metrics = await figures();
    const server = await serveMetrics(options.metricsPort, metrics);
    add(metrics);
    add({ close: () => server.close() });
    await print(context.stderr, [`Metrics    ${server.address}`]);
  }
}

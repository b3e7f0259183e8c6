/** Where a worker tells what it does itself: to a command, and into one file for all runs it joins. */
import type { RunHeader } from "../model/run.ts";
import type { ApplyEnd } from "../model/apply-end.ts";
import { leftJson, versionJson } from "../report/json.ts";
import { Listeners } from "./apply-listeners.ts";
import type { OutletOptions } from "./apply-outlets.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-code.ts";

export interface RunJoined {
  /** As a person names it. */
  readonly name: string;
  /** With the database. */
  readonly full: string;
  readonly header: RunHeader;
  readonly digest: string;
}

/** How a worker went; undefined for an error. */
export interface RunLeft {
  readonly end: ApplyEnd | "guard";
  readonly reason: string | undefined;
  readonly steps: number;
}

export interface RunTold {
  readonly onEvent: Listeners["onEvent"];
  close(left: RunLeft | undefined): Promise<void>;
}

export interface WorkerOutlets {
  joined(run: RunJoined): RunTold;
  close(): Promise<void>;
}

/** Throws `UsageError` for one that cannot be, before any run is joined. Each loads only when it is asked for. */
export async function openWorkerOutlets(
  context: Context,
  options: Pick<OutletOptions, "onEvent" | "onEventTypes" | "events">,
  worker: string,
  say: (line: string) => void,
): Promise<WorkerOutlets> {
  const hooks = options.onEvent === undefined ? undefined : await import("./hooks.ts");
  const command = await hooks?.findHook(context, options.onEvent ?? "");
  const events = options.events === undefined ? undefined : await import("./event-file.ts");
  const file = events?.openEventFile(context, options.events ?? "", say);
  return {
    joined: ({ name, full, header, digest }) => {
      const listeners = new Listeners(context.clock);
      const { runId } = header;
      if (hooks !== undefined && command !== undefined) {
        listeners.add(new hooks.Hooks(context, { command, types: options.onEventTypes, runPath: full, runId, say }));
      }
      if (file !== undefined) listeners.add(file.begin(versionJson(context.version, header, digest, name), name));
      return {
        onEvent: listeners.onEvent,
        close: (left) => {
          const end = left?.end ?? "error";
          const { reason, steps } = left ?? { reason: undefined, steps: 0 };
          const line = leftJson({ worker, end, reason, steps }, name, context.clock.now());
          return listeners.close({ code: exitCodes.stopped, ending: end, line });
        },
      };
    },
    close: async () => file?.close(),
  };
}

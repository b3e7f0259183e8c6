/** Where calls and events are logged: to the file that was named, or nowhere. */
import type { Context } from "./context.ts";
import type { Log } from "./log-file.ts";

const noLog: Log = { event: () => undefined, call: () => undefined, close: () => Promise.resolve() };

/** Appends to `file`; without one nothing is kept. Throws `UsageError` for a file that cannot be a log. */
export async function openLog(context: Context, file: string | undefined, verb: string, runId: string): Promise<Log> {
  if (file === undefined) return noLog;
  // Loaded only now: pino takes 35 ms of CPU, and hardly any process logs to a file.
  const { openLogFile } = await import("./log-file.ts");
  return openLogFile(context, file, verb, runId);
}

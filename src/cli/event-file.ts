/** `apply --events`: the stream of `--json` appended to a file, beside whatever else apply shows. */
import { fstatSync, readSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import type { EngineEvent } from "../model/event.ts";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { eventJson } from "../report/json.ts";
import { AppendedFile, openAppending } from "./appending.ts";
import type { ApplyLast, Listener } from "./apply-listeners.ts";
import type { Context } from "./context.ts";

/** Throws `UsageError` for a file that is not to be written to. `first` is the first line of the stream. */
export function openEventFile(context: Context, file: string, first: string, say: (line: string) => void): Listener {
  const path = resolve(context.cwd, file);
  const descriptor = openAppending(path, "--events", "an event file");
  refuseForeign(context, descriptor, path);
  const lines = new AppendedFile(descriptor, (code) => {
    say(`The event file cannot be written any more (${code}); the run goes on without it.`);
  });
  lines.write(first);
  return {
    onEvent: (event: EngineEvent, at: number) => lines.write(eventJson(event, at)),
    close: async ({ line }: ApplyLast) => {
      if (line !== undefined) lines.write(line);
      await lines.close();
    },
  };
}

/** What others can change is no record; and a line that a killed process left unfinished is ended. */
function refuseForeign({ uid }: Context, descriptor: number, path: string): void {
  const stats = fstatSync(descriptor);
  const name = printable(path);
  const other = "name another file, or a new one";
  if (stats.nlink > 1) throw new UsageError(`${name} has another name as well (a hard link)`, other);
  if (uid !== undefined && stats.uid !== uid) throw new UsageError(`${name} belongs to another user`, other);
  if (uid !== undefined && (stats.mode & 0o022) !== 0) {
    throw new UsageError(`${name} can be written by others`, `give the command: chmod 600 ${name}`);
  }
  const last = Buffer.alloc(1);
  if (stats.size > 0 && readSync(descriptor, last, 0, 1, stats.size - 1) === 1 && last.toString() !== "\n") {
    writeSync(descriptor, "\n");
  }
}

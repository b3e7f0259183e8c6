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

/** Lines of one or more streams, in one file. */
export interface EventFile {
  /** `first` is the first line of a stream. With `run` each of its events says whose it is. */
  begin(first: string, run?: string): Pick<Listener, "onEvent"> & { close(last: ApplyLast): void };
  close(): Promise<void>;
}

/** Throws `UsageError` for a file that is not to be written to. */
export function openEventFile(context: Context, file: string, say: (line: string) => void): EventFile {
  const path = resolve(context.cwd, file);
  const descriptor = openAppending(path, "--events", "an event file");
  refuseForeign(context, descriptor, path);
  const lines = new AppendedFile(descriptor, (code) => {
    say(`The event file cannot be written any more (${code}); the run goes on without it.`);
  });
  return {
    begin: (first, run) => {
      lines.write(first);
      return {
        onEvent: (event: EngineEvent, at: number) => lines.write(eventJson(event, at, run)),
        close: ({ line }) => {
          if (line !== undefined) lines.write(line);
        },
      };
    },
    close: () => lines.close(),
  };
}

/** For a file of one stream. */
export function streamTo(file: EventFile, first: string): Listener {
  const stream = file.begin(first);
  return {
    onEvent: (event, at) => stream.onEvent?.(event, at),
    close: async (last) => {
      stream.close(last);
      await file.close();
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

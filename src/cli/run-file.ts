/** A run kept in a file of its own. */
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Context } from "./context.ts";
import { shownPath } from "./files.ts";
import type { RunPlace } from "./run-place.ts";

/** `path` is absolute. SQLite is loaded only when something is opened. */
export function filePlace(context: Context, path: string): RunPlace {
  return {
    name: shownPath(context, path),
    path,
    folder: dirname(path),
    stem: basename(path).replace(/\.handover$/, ""),
    openReader: async () => (await import("../journal/sqlite/reader.ts")).openReader(path),
    openJournal: async (options) => (await import("../journal/sqlite/journal.ts")).openJournal(path, options),
    openDump: async () => (await import("../journal/sqlite/dump.ts")).openDump(path),
    examine: async (options) => (await import("../journal/sqlite/examine.ts")).examineRun(path, options),
    isHeld: async () => (await import("../journal/sqlite/held.ts")).isRunHeld(path),
    isThere: async () => (await stat(path).catch(() => undefined)) !== undefined,
    create: async (options) => (await import("../journal/sqlite/writer.ts")).createRun(path, options),
  };
}

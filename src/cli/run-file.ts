/** A run kept in a file of its own. */
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { recordName, recordText } from "../journal/record.ts";
import type { Context } from "./context.ts";
import { shownPath } from "./files.ts";
import type { RunPlace } from "./run-place.ts";

/** `path` is absolute. SQLite is loaded only when something is opened. */
export function filePlace(context: Context, path: string): RunPlace {
  return {
    name: shownPath(context, path),
    full: path,
    path,
    database: undefined,
    folder: dirname(path),
    stem: basename(path).replace(/\.handover$/, ""),
    openReader: async () => (await import("../journal/sqlite/reader.ts")).openReader(path),
    openJournal: async (options) => (await import("../journal/sqlite/journal.ts")).openJournal(path, options),
    openDump: async () => (await import("../journal/sqlite/dump.ts")).openDump(path),
    examine: async (options) => (await import("../journal/sqlite/examine.ts")).examineRun(path, options),
    isHeld: async () => (await import("../journal/sqlite/held.ts")).isRunHeld(path),
    isThere: async () => (await stat(path).catch(() => undefined)) !== undefined,
    create: async (options) => (await import("../journal/sqlite/writer.ts")).createRun(path, options),
    leave: async (record) => {
      const { openJournal } = await import("../journal/sqlite/journal.ts");
      const journal = await openJournal(path, { clock: context.clock });
      try {
        await journal.note("moved", { to: record.other });
        journal.keep(recordName, recordText(record));
        await journal.flush();
      } finally {
        await journal.close();
      }
    },
    receive: async (dump, kept, check) =>
      (await import("../journal/sqlite/copying.ts")).copyToFile(path, dump, kept, check),
  };
}

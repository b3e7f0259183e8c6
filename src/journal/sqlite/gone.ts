/** What becomes of a run whose file is taken away while it is carried out: nothing more is written, and what is known of it is saved. */
import { closeSync, openSync } from "node:fs";
import type { Stats } from "node:fs";
import type { Database } from "better-sqlite3";
import { RunFileError } from "../../model/errors.ts";
import { statusOf } from "./file-safety.ts";
import { removeFile } from "./lock.ts";

/**
 * Throws when `path` no longer names the file that is open: the system would go on taking writes for a file that nobody
 * can find again. Not within a transaction.
 */
export function checkStillThere(db: Database, path: string, opened: Stats): void {
  const now = statusOf(path);
  if (now?.ino === opened.ino && now.dev === opened.dev) return;
  const saved = save(db, path);
  throw new RunFileError(
    "missing",
    `${path} is no longer the file that this run was begun with: it was deleted, moved or replaced`,
    saved === undefined
      ? "put the file back, with any -wal file beside it, then give the same command"
      : `all that was known of the run is in ${saved}: go on with that file`,
  );
}

/** A whole copy beside where the run was, or undefined where none can be made: the folder may be gone too. */
function save(db: Database, path: string): string | undefined {
  const copy = path.replace(/(\.handover)?$/, ".saved.handover");
  try {
    closeSync(openSync(copy, "wx", 0o600));
  } catch {
    return undefined;
  }
  try {
    db.prepare("vacuum into ?").run(copy);
    return copy;
  } catch {
    removeFile(copy);
    return undefined;
  }
}

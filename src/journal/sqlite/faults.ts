/** What an error of SQLite or of the file system means for a run file, and what to do about it. */
import Database from "better-sqlite3";
import { RunFileError, RunLockedError } from "../../model/errors.ts";

/** The code of a SQLite or file-system error (`SQLITE_FULL`, `ENOENT`), or undefined for anything else. */
export function faultCode(error: unknown): string | undefined {
  if (error instanceof Database.SqliteError) return error.code;
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return undefined;
}

/** The operating error that `error` stands for; programmer errors and errors already in our words come back as they are. */
export function runFileFault(fault: unknown, path: string): Error {
  const error = fault instanceof Error ? fault : new Error(String(fault));
  const code = faultCode(error);
  // Text in the file that is none of ours.
  if (error instanceof SyntaxError) return corrupt(path, error.message);
  if (code === undefined || error instanceof RunFileError || error instanceof RunLockedError) {
    return isMissingFolder(error) ? missing(path) : error;
  }
  if (code === "ENOENT") return missing(path);
  if (code === "SQLITE_NOTADB") return notARun(path);
  if (code.startsWith("SQLITE_CORRUPT")) return corrupt(path, error.message);
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) return new RunLockedError(path);
  if (/^(?:SQLITE_FULL|ENOSPC|EDQUOT)/.test(code)) {
    return new RunFileError("full", `no space is left to write ${path}`, "free some space, then give the same command");
  }
  if (/^(?:SQLITE_READONLY|SQLITE_PERM|SQLITE_AUTH|SQLITE_CANTOPEN|EACCES|EPERM|EROFS)/.test(code)) {
    return new RunFileError(
      "read-only",
      `${path} cannot be opened as this command needs it (${code})`,
      "check the rights of the file and its folder, or copy the file to a folder of your own",
    );
  }
  if (/^(?:SQLITE_IOERR|EIO)/.test(code)) {
    return new RunFileError(
      "full",
      `the disk refuses to read or write ${path} (${code})`,
      "check the disk and the space left on it, then give the same command",
    );
  }
  return error;
}

/** Runs `work`, turning what it throws into the product's own errors. */
export function withFaults<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw runFileFault(error, path);
  }
}

export function missing(path: string): RunFileError {
  return new RunFileError("missing", `there is no run ${path}`, "check the name, or make the run with: handover plan");
}

export function notARun(path: string): RunFileError {
  return new RunFileError("not-a-run", `${path} is not a run file`, "give a file that handover plan has made");
}

export function corrupt(path: string, detail: string): RunFileError {
  return new RunFileError(
    "corrupt",
    `${path} is damaged (${detail})`,
    "keep the file, restore a copy of it, or plan again: steps that are already done are found done",
  );
}

export function tampered(path: string, detail: string): RunFileError {
  return new RunFileError(
    "tampered",
    `${path} is not as it was planned (${detail})`,
    "do not apply it: find out who changed it, then plan again",
  );
}

// better-sqlite3 looks for the folder itself and says so with a plain TypeError.
function isMissingFolder(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes("directory does not exist");
}

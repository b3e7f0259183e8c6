/** Reading a file that lists people: whatever keeps it from being read is said of the file, and each wrong line with its place. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { PlanFileError, UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { readPeopleList } from "../plan/people-list.ts";
import type { PeopleList } from "../plan/people-list.ts";
import type { Context } from "./context.ts";

/** `remedy` says what the file should be. Throws UsageError, PlanFileError. */
export async function peopleIn(context: Context, file: string, remedy: string): Promise<PeopleList["people"]> {
  const list = await readPeopleList(file, createReadStream(resolve(context.cwd, file))).catch((error: unknown) => {
    throw unreadable(error, printable(file), remedy);
  });
  if (list.diagnostics.length > 0) throw new PlanFileError(list.diagnostics, list.diagnosticsOmitted);
  return list.people;
}

function unreadable(error: unknown, shown: string, remedy: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  switch (code) {
    case undefined:
      return error;
    case "ENOENT":
    case "ENOTDIR":
      return new UsageError(`there is no file ${shown}`, remedy);
    case "EISDIR":
      return new UsageError(`${shown} is a folder`, remedy);
    default:
      return new UsageError(`${shown} cannot be read (${code})`, "check its permissions");
  }
}

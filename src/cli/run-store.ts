/**
 * How a verb reaches a run, whatever keeps it: a file (SQLite) or a PostgreSQL database. A verb asks `existingRun` or
 * `freshRun` with its options and the word a person typed for the run. What it gets, a `RunPlace`, opens journal, reader
 * and dump, and tells whether somebody is at it. Where `--journal`, HANDOVER_JOURNAL or `journal:` in handover.yaml name a
 * database, RUN is the run's name there; a word with a slash, or that ends in `.handover`, is a file all the same, and
 * `postgres://host/database#friday` names database and run at once. `journalAddress` is for verbs without a RUN.
 */
import type { JournalAddress } from "../journal/postgres/address.ts";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { resolveJournal } from "./config.ts";
import type { Context } from "./context.ts";
import { existingPath, existingRunPath, newRunPath } from "./files.ts";
import type { GoogleFlags, JournalFlags } from "./flags.ts";
import { filePlace } from "./run-file.ts";
import type { RunPlace } from "./run-place.ts";

/** A run, or a file that is none: a snapshot. */
export type NamedRun =
  | { readonly kind: "run"; readonly place: RunPlace }
  | { readonly kind: "snapshot"; readonly path: string };

export type StoreFlags = JournalFlags & Pick<GoogleFlags, "profile">;

/** The run of that name. Throws RunFileError (`missing`) naming runs that do exist, or for a snapshot. */
export async function existingRun(context: Context, flags: StoreFlags, word: string): Promise<RunPlace> {
  const place = await placeInDatabase(context, flags, word);
  if (place === undefined) return filePlace(context, await existingRunPath(context, word));
  const { expectThere } = await import("./run-database.ts");
  return expectThere(place);
}

/** A run or a snapshot by its name; in a database there are only runs. */
export async function existingNamed(context: Context, flags: StoreFlags, word: string): Promise<NamedRun> {
  if ((await placeInDatabase(context, flags, word)) !== undefined) {
    return { kind: "run", place: await existingRun(context, flags, word) };
  }
  const found = await existingPath(context, word);
  return found.kind === "run" ? { kind: "run", place: filePlace(context, found.path) } : { ...found, kind: "snapshot" };
}

/** Where a run of this name is to be made. Throws UsageError for what can be no name. */
export async function freshRun(context: Context, flags: StoreFlags, word: string): Promise<RunPlace> {
  return (await placeInDatabase(context, flags, word)) ?? filePlace(context, newRunPath(context, word));
}

/** The database that options, environment or settings name; undefined: runs are files. Throws UsageError. */
export async function journalAddress(context: Context, flags: StoreFlags): Promise<JournalAddress | undefined> {
  const said = await resolveJournal(context, flags);
  if (said === undefined) {
    refuseStray(flags);
    return undefined;
  }
  // Loaded only now: most runs are files.
  const { completeAddress } = await import("./journal-address.ts");
  return completeAddress(context, said);
}

async function placeInDatabase(context: Context, flags: StoreFlags, word: string): Promise<RunPlace | undefined> {
  if (/^postgres(?:ql)?:\/\//i.test(word)) {
    const { placeAt } = await import("./run-database.ts");
    const { completeAddress } = await import("./journal-address.ts");
    const { parseJournalUrl, runOf } = await import("../journal/postgres/address.ts");
    const name = runOf(parseJournalUrl(word));
    const said = { url: { value: word, from: "RUN" }, schema: given(flags.journalSchema, "--journal-schema") };
    const address = await completeAddress(context, { ...said, tenant: given(flags.tenant, "--tenant") });
    return placeAt(context, address, name, `${address.shown}#${name}`);
  }
  if (/[/\\]|\.handover$|\.snapshot$|\.tar$/.test(word)) {
    if (flags.journal === undefined) return undefined;
    throw new UsageError(
      `${printable(word)} names a file, and --journal a database`,
      "leave --journal out, or give the run's name without .handover or a folder",
    );
  }
  const address = await journalAddress(context, flags);
  if (address === undefined) return undefined;
  const { placeAt, runNameOf } = await import("./run-database.ts");
  const name = runNameOf(word);
  // A hint must hold as it stands: what only an option said goes into the word.
  const isSaid = [flags.journal, flags.journalSchema, flags.tenant].some((flag) => flag !== undefined);
  return placeAt(context, address, name, isSaid ? `${address.shown}#${name}` : name);
}

function given(flag: string | undefined, from: string): { readonly value: string; readonly from: string } | undefined {
  return flag === undefined ? undefined : { value: flag, from };
}

function refuseStray(flags: StoreFlags): void {
  const stray =
    flags.journalSchema !== undefined ? "--journal-schema" : flags.tenant !== undefined ? "--tenant" : undefined;
  if (stray !== undefined) throw new UsageError(`${stray} is for runs in a database`, "add --journal URL");
}

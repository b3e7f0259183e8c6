/** A run kept in a PostgreSQL database. */
import type { JournalAddress } from "../journal/postgres/address.ts";
import { copyToDatabase, leaveDatabase } from "../journal/postgres/copying.ts";
import { JournalDatabase } from "../journal/postgres/database.ts";
import { openPostgresDump } from "../journal/postgres/dump.ts";
import { driftFound } from "../journal/postgres/fleet.ts";
import { openPostgresJournal } from "../journal/postgres/journal.ts";
import { findRun, listRuns } from "../journal/postgres/listing.ts";
import { openPostgresReader } from "../journal/postgres/reader.ts";
import { createPostgresRun } from "../journal/postgres/writer.ts";
import { RunFileError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import type { Context } from "./context.ts";
import type { RunPlace } from "./run-place.ts";

export { runNameOf } from "../journal/postgres/address.ts";

/** How many runs are named when one is not there. */
const nearMax = 5;

/** Where a run lies that is known not to be a file. */
export function databaseOf({ name, database }: RunPlace): NonNullable<RunPlace["database"]> {
  if (database === undefined) throw new Error(`${name} is a file`);
  return database;
}

/** `shown` is how a person would type the run again. Each thing opened has connections of its own. */
export function placeAt(context: Context, address: JournalAddress, run: string, shown: string): RunPlace {
  return {
    name: shown,
    full: `${address.shown}#${run}`,
    path: undefined,
    database: { address, run },
    folder: context.cwd,
    stem: run,
    openReader: () => opened(address, (database) => openPostgresReader(database, run, { ownsDatabase: true })),
    openJournal: (options) =>
      opened(address, (database) => openPostgresJournal(database, run, { ...options, ownsDatabase: true })),
    openDump: () => opened(address, (database) => openPostgresDump(database, run, { ownsDatabase: true })),
    examine: (options) =>
      asked(address, async (database) => {
        const dump = await openPostgresDump(database, run);
        try {
          const { examineDump } = await import("../journal/sqlite/rebuild.ts");
          return await examineDump(dump, options);
        } finally {
          await dump.close();
        }
      }),
    isHeld: () => asked(address, async (database) => (await findRun(database, run))?.isHeld === true),
    isThere: () => isThere(address, run),
    create: async ({ replace, signer }) => {
      const database = new JournalDatabase(address);
      try {
        await database.prepare();
        return await createPostgresRun(database, run, { replace, signer, ownsDatabase: true });
      } catch (error) {
        await database.close();
        throw error;
      }
    },
    driftFound: () => asked(address, (database) => driftFound(database, run)),
    leave: (record) => asked(address, (database) => leaveDatabase(database, run, record)),
    receive: async (dump, kept, check) => {
      const database = new JournalDatabase(address);
      try {
        await database.prepare();
        await copyToDatabase(database, run, dump, kept, check);
      } finally {
        await database.close();
      }
    },
  };
}

/** Throws RunFileError (`missing`) naming runs that do exist. */
export async function expectThere(place: RunPlace): Promise<RunPlace> {
  const { database: where } = place;
  if (where === undefined) return place;
  const { address, run } = where;
  await asked(address, async (database) => {
    if ((await findRun(database, run)) !== undefined) return;
    const near = (await listRuns(database)).slice(0, nearMax);
    throw new RunFileError(
      "missing",
      `there is no run ${printable(run)} at ${address.shown}`,
      near.length === 0
        ? "make one with: handover plan FILE --journal URL"
        : `runs there: ${near.map(({ name }) => printable(name)).join(", ")}`,
    );
  });
  return place;
}

/** Also when there are no tables yet. */
async function isThere(address: JournalAddress, run: string): Promise<boolean> {
  try {
    return await asked(address, async (database) => (await findRun(database, run)) !== undefined);
  } catch (error) {
    if (error instanceof RunFileError && (error.kind === "missing" || error.kind === "older")) return false;
    throw error;
  }
}

async function asked<T>(address: JournalAddress, work: (database: JournalDatabase) => Promise<T>): Promise<T> {
  const database = new JournalDatabase(address);
  try {
    await database.expectReady();
    return await work(database);
  } finally {
    await database.close();
  }
}

/** `open` hands the database over to what it opens. */
async function opened<T>(address: JournalAddress, open: (database: JournalDatabase) => Promise<T>): Promise<T> {
  const database = new JournalDatabase(address);
  try {
    await database.expectReady();
    return await open(database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** `handover run purge`: takes ended runs out of a database, after a yes, and leaves a line of each. */
import { JournalDatabase } from "../journal/postgres/database.ts";
import { findRun, listRuns } from "../journal/postgres/listing.ts";
import type { ListedRun } from "../journal/postgres/listing.ts";
import { purgeRun } from "../journal/postgres/purging.ts";
import { GuardError, UsageError } from "../model/errors.ts";
import { counted, printable } from "../model/text.ts";
import { openOf } from "../report/counts-text.ts";
import { jsonText } from "../report/json.ts";
import { timeText } from "../report/words.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { print } from "./output.ts";
import { canAsk, confirm } from "./prompt.ts";
import type { RunOptions } from "./run-options.ts";
import { existingRun, journalAddress } from "./run-store.ts";

export async function purge(context: Context, options: RunOptions): Promise<ExitCode> {
  const [word] = options.words;
  const named = word === undefined ? undefined : await existingRun(context, options.store, word);
  const address = named === undefined ? await journalAddress(context, options.store) : named.database?.address;
  if (address === undefined) {
    throw new UsageError(
      "purge is for runs in a database, and none is named",
      "add --journal URL; a run file is removed as any other file",
    );
  }
  const database = new JournalDatabase(address);
  try {
    await database.expectReady();
    const chosen = await chosenRuns(database, options, named?.database?.run);
    if (chosen.length > 0 && !(await isAgreed(context, options, chosen, database.shown))) {
      await print(context.stderr, ["Nothing was purged."]);
      return exitCode({ kind: "stopped" });
    }
    for (const { name } of chosen) await purgeRun(database, name, context.account);
    await say(context, options, chosen, database.shown);
  } finally {
    await database.close();
  }
  return exitCode({ kind: "done" });
}

/** With an age, those that have ended; by name, whatever it is, and whether it may go is asked of the database. */
export async function chosenRuns(
  database: JournalDatabase,
  options: Pick<RunOptions, "olderThanMs">,
  name: string | undefined,
): Promise<readonly ListedRun[]> {
  if (name !== undefined) {
    const found = await findRun(database, name);
    return found === undefined ? [] : [found];
  }
  const runs = await listRuns(database);
  const ageMin = options.olderThanMs ?? 0;
  return runs.filter((each) => each.ageMs >= ageMin && !each.isHeld && (each.isRecord || openOf(each.counts) === 0));
}

async function isAgreed(
  context: Context,
  options: RunOptions,
  chosen: readonly ListedRun[],
  shown: string,
): Promise<boolean> {
  if (options.yes) return true;
  if (options.json || !canAsk(context)) {
    throw new GuardError(
      "approval",
      `nobody is at a terminal to confirm that ${counted(chosen.length, "run")} goes for good, and --yes is not given`,
      "look at what is there with handover run list, then add --yes",
    );
  }
  await print(
    context.stderr,
    chosen.map(({ name, createdAt }) => `${printable(name)}   made ${timeText(createdAt)}`),
  );
  return confirm(context, `Take ${counted(chosen.length, "run")} out of ${shown} for good, with its evidence?`);
}

async function say(context: Context, options: RunOptions, chosen: readonly ListedRun[], shown: string): Promise<void> {
  const names = chosen.map(({ name }) => name);
  await print(
    context.stdout,
    options.json
      ? [jsonText({ type: "run-purge", version: 1, purged: names })]
      : names.length === 0
        ? [`Nothing to purge in ${shown}.`]
        : [
            `Purged ${names.map((name) => printable(name)).join(", ")}.`,
            "A line of each is kept: handover run list --purged",
          ],
  );
}

/** `watch` of a run in a database: until it has ended for all workers. */
import { JournalDatabase } from "../journal/postgres/database.ts";
import { openPostgresReader } from "../journal/postgres/reader.ts";
import { printable } from "../model/text.ts";
import { endingText } from "../report/apply-text.ts";
import { watchEndJson } from "../report/json.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { codeOfEnd, summaryOf } from "./fleet-end.ts";
import { followFleet } from "./fleet-view.ts";
import { print } from "./output.ts";
import { databaseOf } from "./run-database.ts";
import type { RunPlace } from "./run-place.ts";

export async function watchFleet(
  context: Context,
  { json, color }: { readonly json: boolean; readonly color: boolean },
  place: RunPlace,
): Promise<ExitCode> {
  const { address, run: name } = databaseOf(place);
  const database = new JournalDatabase(address);
  const left = new AbortController();
  const off = context.onSignal(() => left.abort());
  context.stdout.on("error", () => left.abort());
  try {
    const reader = await openPostgresReader(database, name);
    const nobody = (): void => undefined;
    const following = { database, reader, name, shownName: place.name, json, color, left: left.signal, nobody };
    const end = await followFleet(context, following);
    if (end === undefined) return exitCodes.stopped;
    const code = codeOfEnd(end.ended, end.counts);
    const ending = endingText(summaryOf(end.ended, end.counts));
    const run = shellWord(place.name);
    const next = code === exitCodes.done ? `handover verify ${run}` : `handover status ${run}`;
    await print(
      context.stdout,
      json ? [watchEndJson(place.name, ending, code)] : [printable(ending, 500), `Next      ${next}`],
    );
    return code;
  } finally {
    off();
    await database.close();
  }
}

/** `ctl` of a run in a database: the wish is written down there, and all workers hear of it within a second or two. */
import { JournalDatabase } from "../journal/postgres/database.ts";
import { carryingOf, endForAll, endedAtOnce, steer } from "../journal/postgres/fleet.ts";
import { openPostgresJournal } from "../journal/postgres/journal.ts";
import { ControlError } from "../model/errors.ts";
import type { SteeredBy } from "../model/event.ts";
import { printable } from "../model/text.ts";
import { fleetJson, fleetLines } from "../report/fleet-text.ts";
import { ctlJson } from "../report/json.ts";
import { shellWord } from "../report/words.ts";
import type { Wish } from "./apply-steering.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { lookOnce } from "./fleet-view.ts";
import { print, styleOf } from "./output.ts";
import { databaseOf } from "./run-database.ts";
import type { RunPlace } from "./run-place.ts";

interface Steered {
  readonly wish: Wish | { readonly action: "status" };
  readonly json: boolean;
  readonly color: boolean;
}

export async function steerFleet(context: Context, { wish, json, color }: Steered, place: RunPlace): Promise<ExitCode> {
  const { name } = place;
  if (wish.action === "status") {
    const reader = await place.openReader();
    try {
      const fleet = await lookOnce(place, reader);
      if (fleet === undefined) throw nobody(name);
      const style = styleOf(context, context.stdout, color);
      await print(context.stdout, json ? [fleetJson(fleet, context.clock.now())] : fleetLines(fleet, style));
    } finally {
      await reader.close();
    }
    return exitCode({ kind: "done" });
  }
  const said = await carriedOut(context, wish, place);
  await print(context.stdout, [json ? ctlJson(name, wish.action, said) : said]);
  return exitCode({ kind: "done" });
}

/** Throws ControlError where there is nobody to obey. */
export async function carriedOut(
  context: Context,
  wish: Wish,
  place: RunPlace,
  via: SteeredBy["via"] = "ctl",
): Promise<string> {
  const { address, run } = databaseOf(place);
  const database = new JournalDatabase(address);
  try {
    const carrying = await carryingOf(database, run);
    if (carrying === undefined || carrying.ended !== undefined) throw nobody(place.name);
    const isEnding = wish.action === "drain" || wish.action === "abort";
    if (carrying.wish.drainingBy !== undefined && !isEnding) {
      throw new ControlError(
        "stopping",
        "the run is stopping already",
        `wait for it to end: handover watch ${shellWord(place.name)}`,
      );
    }
    await record(context, database, run, wish, via);
    const by = context.account;
    const heard =
      wish.action === "abort"
        ? await endForAll(database, carrying, endedAtOnce, `left at once, as asked by ${by}`)
        : await steer(database, carrying.run, wished(wish, by));
    if (!heard) throw nobody(place.name);
  } finally {
    await database.close();
  }
  return answers[wish.action](wish);
}

/** First, so that nothing is done that is on no record. */
async function record(
  context: Context,
  database: JournalDatabase,
  run: string,
  wish: Wish,
  via: SteeredBy["via"],
): Promise<void> {
  const journal = await openPostgresJournal(database, run, { clock: context.clock });
  try {
    const value = wish.action === "rate" ? wish.perSecond : wish.action === "concurrency" ? wish.steps : undefined;
    const details = { what: wish.action, from: via, by: context.account };
    await journal.note("steered", value === undefined ? details : { ...details, value });
  } finally {
    await journal.close();
  }
}

function wished(wish: Exclude<Wish, { readonly action: "abort" }>, by: string): Parameters<typeof steer>[2] {
  switch (wish.action) {
    case "pause":
      return { pausedBy: by };
    case "resume":
      return { pausedBy: null };
    case "rate":
      return { perSecond: wish.perSecond };
    case "concurrency":
      return { concurrency: wish.steps };
    case "drain":
      return { drainingBy: by };
  }
}

const answers: Readonly<Record<Wish["action"], (wish: Wish) => string>> = {
  pause: () => "Paused: no worker begins anything new until it is resumed.",
  resume: () => "Going on.",
  rate: (wish) =>
    wish.action === "rate" ? `At most ${wish.perSecond} calls a second from now on, by all workers together.` : "",
  concurrency: (wish) =>
    wish.action === "concurrency" ? `At most ${wish.steps} steps at once from now on, by all workers together.` : "",
  drain: () => "Ending: what is under way is finished first; then the same apply command goes on.",
  abort: () => "Left at once by all workers; the next apply looks at what is not known.",
};

function nobody(name: string): ControlError {
  return new ControlError(
    "nobody",
    `${printable(name)} is not being carried out`,
    `handover status ${shellWord(name)} shows how far it has come`,
  );
}

/** Looking at a run that workers carry out: one look into the database, and following it until it has ended. */
import { openOf, totalOf } from "../report/counts-text.ts";
import { fleetJson, fleetLine, fleetLines } from "../report/fleet-text.ts";
import type { FleetRun } from "../report/fleet-text.ts";
import { JournalDatabase } from "../journal/postgres/database.ts";
import { carryingOf, endForAll, endedByMove } from "../journal/postgres/fleet.ts";
import { crewsFor, workersOf } from "../journal/postgres/fleet-workers.ts";
import type { Carrying } from "../journal/postgres/fleet.ts";
import type { RunReader } from "../journal/journal.ts";
import { RunFileError } from "../model/errors.ts";
import type { Counts } from "../model/run.ts";
import { printable } from "../model/text.ts";
import type { Context } from "./context.ts";
import { styleOf } from "./output.ts";
import { databaseOf } from "./run-database.ts";
import type { RunPlace } from "./run-place.ts";
import { WatchView } from "./watch-view.ts";
import { isAway } from "./worker-crew.ts";

const lookEveryMs = 500;
/** Over this long the pace of the last steps is told. */
const paceMs = 10_000;
const finished: NonNullable<Carrying["ended"]> = { end: "finished", reason: "", at: 0 };
/** A run that is to end, and that nobody works on any more, has ended. */
const abandonedMs = 3000;

interface Looked {
  readonly carrying: Carrying | undefined;
  readonly fleet: FleetRun;
}

/** Undefined for a run that nobody has handed to workers. */
export async function lookOnce(place: RunPlace, reader: RunReader): Promise<FleetRun | undefined> {
  const { address, run } = databaseOf(place);
  const database = new JournalDatabase(address);
  try {
    const { carrying, fleet } = await lookAt(database, reader, run, place.name);
    return carrying === undefined ? undefined : fleet;
  } finally {
    await database.close();
  }
}

async function lookAt(database: JournalDatabase, reader: RunReader, name: string, shownName: string): Promise<Looked> {
  const carrying = await carryingOf(database, name);
  const counts = await reader.counts();
  const workers = carrying === undefined ? [] : await workersOf(database, carrying.run);
  const crews = carrying === undefined ? 0 : await crewsFor(database, name);
  const { state, why } = stateOf(carrying, workers.length);
  const { tenant } = reader.header;
  return {
    carrying,
    fleet: { runName: shownName, tenant, state, why, counts, workers, crews, stepsPerSecond: undefined },
  };
}

function stateOf(carrying: Carrying | undefined, workers: number): Pick<FleetRun, "state" | "why"> {
  if (carrying === undefined) return { state: "ended", why: "it is not handed to workers; waiting for its apply" };
  const { ended, wish } = carrying;
  if (ended !== undefined) return { state: "ended", why: ended.reason === "" ? ended.end : ended.reason };
  if (wish.drainingBy !== undefined) return { state: "stopping", why: wish.drainingBy };
  if (wish.pausedBy !== undefined) return { state: "paused", why: wish.pausedBy };
  return { state: workers === 0 ? "waiting" : "under-way", why: undefined };
}

export interface FollowOptions {
  readonly database: JournalDatabase;
  readonly reader: RunReader;
  readonly name: string;
  readonly shownName: string;
  readonly json: boolean;
  readonly color: boolean;
  /** Ends looking; the run goes on. */
  readonly left: AbortSignal;
  /** Said once when no worker is there to take it. */
  readonly nobody: () => void;
  /** Told of each look at it, the last one included. */
  readonly looked?: ((fleet: FleetRun) => Promise<void>) | undefined;
}

/** Until the run has ended for all workers; undefined when looking was ended first. */
export async function followFleet(
  context: Context,
  options: FollowOptions,
): Promise<{ readonly ended: NonNullable<Carrying["ended"]>; readonly counts: Counts } | undefined> {
  const { database, reader, name, shownName, left } = options;
  const shown = new Shown(context, options);
  let drainedAt: number | undefined;
  let hasSaid = false;
  try {
    while (!left.aborted) {
      try {
        const { carrying, fleet } = await lookAt(database, reader, name, shownName);
        shown.show(fleet);
        await options.looked?.(fleet);
        if (carrying?.ended?.end === endedByMove) throw movedAway(shownName, carrying.ended.reason);
        if (carrying?.ended !== undefined) return { ended: carrying.ended, counts: fleet.counts };
        // Nobody need ever hand over what has nothing left to do.
        if (carrying === undefined && openOf(fleet.counts) === 0) return { ended: finished, counts: fleet.counts };
        if (fleet.state === "waiting" && fleet.crews === 0 && !hasSaid) {
          hasSaid = true;
          options.nobody();
        }
        const isAbandoned = fleet.state === "stopping" && fleet.workers.length === 0;
        drainedAt = isAbandoned ? (drainedAt ?? context.clock.monotonic()) : undefined;
        if (carrying !== undefined && drainedAt !== undefined && context.clock.monotonic() - drainedAt > abandonedMs) {
          await endForAll(database, carrying, "stopped", "stopped on request");
        }
      } catch (error) {
        if (!isAway(error)) throw error;
        shown.away();
      }
      await context.clock.sleep(lookEveryMs, left);
    }
  } finally {
    shown.close();
  }
  return undefined;
}

function movedAway(name: string, reason: string): RunFileError {
  return new RunFileError("moved", `${printable(name)} was ${printable(reason)}`, "give the command with that run");
}

class Shown {
  readonly #context: Context;
  readonly #options: FollowOptions;
  readonly #view: WatchView;
  #told = "";
  #lately: { readonly at: number; readonly done: number }[] = [];

  constructor(context: Context, options: FollowOptions) {
    this.#context = context;
    this.#options = options;
    this.#view = new WatchView(context);
  }

  show(looked: FleetRun): void {
    const { clock, stdout } = this.#context;
    const fleet = { ...looked, stepsPerSecond: this.#pace(looked.counts) };
    if (this.#options.json) {
      // Who was heard of when is no news.
      const news = JSON.stringify({ ...looked, workers: looked.workers.map(({ label: worker }) => worker) });
      if (news !== this.#told) this.#view.say(fleetJson(fleet, clock.now()));
      this.#told = news;
      return;
    }
    const style = styleOf(this.#context, stdout, this.#options.color);
    this.#view.show(fleetLines(fleet, style), fleetLine(fleet, style));
  }

  away(): void {
    if (!this.#options.json)
      this.#view.show(["The database does not answer; looking again."], "the database does not answer");
  }

  close(): void {
    this.#view.close();
  }

  #pace(counts: Counts): number | undefined {
    const now = this.#context.clock.monotonic();
    this.#lately.push({ at: now, done: totalOf(counts) - openOf(counts) });
    this.#lately = this.#lately.filter(({ at }) => now - at <= paceMs);
    const [first] = this.#lately;
    const last = this.#lately.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 2000) return undefined;
    return ((last.done - first.done) * 1000) / (last.at - first.at);
  }
}

/** What the way to a remote store is like: how slow, how often it breaks, and when the database is away, for all or for some. */
import type { JournalFault } from "../../src/model/errors.ts";
import type { Chance } from "./chance.ts";
import type { Event, VirtualTime } from "./time.ts";

/** Chances in [0, 1]; of each trip to the database. */
export interface RemoteWeather {
  slow: number;
  slowMaxMs: number;
  /** The connection breaks before the transaction is in. */
  broken: number;
  /** It is in, and the connection breaks before that is answered. */
  unanswered: number;
  /** Virtual ms until which nobody reaches the database. */
  awayUntil: number;
  /** Virtual ms until which processes up to number `cutOff` do not, and others do. */
  cutUntil: number;
  cutOff: number;
  /** Virtual ms until which no new connection is let in, those that stand go on, and what each is told. */
  refusesUntil: number;
  refusal: JournalFault;
}

/** The part of a seed that a remote store lives in. */
export interface RemoteWorld {
  readonly time: VirtualTime;
  readonly chances: { readonly remote: Chance; readonly doors: Chance };
  readonly remoteWeather: RemoteWeather;
  readonly processes: readonly unknown[];
  readonly saw: (what: string) => void;
  readonly note: (line: string) => void;
}

export const fairRemote: RemoteWeather = {
  slow: 0,
  slowMaxMs: 0,
  broken: 0,
  unanswered: 0,
  awayUntil: 0,
  cutUntil: 0,
  cutOff: 0,
  refusesUntil: 0,
  refusal: "denied",
};

/** Draws it for the time that a sky lasts. */
export function beginRemoteWeather(sim: RemoteWorld, lastsMs: number): readonly Event[] {
  const { remoteWeather: weather, time, chances, note } = sim;
  const { remote: chance } = chances;
  if (lastsMs === 0) return [];
  weather.slow = some(chance, 0.5);
  weather.slowMaxMs = chance.pick([50, 2000, 20_000]);
  weather.broken = some(chance, 0.3);
  weather.unanswered = some(chance, 0.3);
  const refusals = drawRefusals(sim, lastsMs);
  const outages = chance.hits(0.6) ? chance.whole(1, 3) : 0;
  const absences = Array.from({ length: outages }, () => {
    const at = chance.hits(0.7) ? chance.between(0, 10_000) : chance.between(0, lastsMs);
    // Sooner than patience ends, sooner than a lease ends, or later than both.
    const [short, middling, long] = [
      chance.between(500, 20_000),
      chance.between(31_000, 115_000),
      chance.between(1e5, 6e5),
    ];
    const isForAll = chance.hits(0.4);
    const ms = chance.pick(isForAll ? [short, middling, long] : [short, middling, middling, long]);
    return time.after(at, () => {
      if (isForAll) weather.awayUntil = time.monotonic + ms;
      else {
        weather.cutUntil = time.monotonic + ms;
        weather.cutOff = sim.processes.length;
      }
      note(
        `- the database is away for ${ms.toFixed(0)} ms, ${isForAll ? "for all" : `up to process ${weather.cutOff}`}`,
      );
    });
  });
  return [...refusals, ...absences];
}

/** Somebody changes the password, or what the address leads to, and puts it right again. */
function drawRefusals(sim: RemoteWorld, lastsMs: number): readonly Event[] {
  const { remoteWeather: weather, time, chances, note } = sim;
  const { doors: chance } = chances;
  if (!chance.hits(0.15)) return [];
  const at = chance.hits(0.7) ? chance.between(0, 10_000) : chance.between(0, lastsMs);
  const ms = chance.between(1000, 120_000);
  const refusal = chance.pick(["denied", "wrong"] as const);
  const begin = (): void => {
    weather.refusal = refusal;
    weather.refusesUntil = time.monotonic + ms;
    note(`- the database lets nobody in for ${ms.toFixed(0)} ms: ${refusal}`);
  };
  return [time.after(at, begin)];
}

export function endRemoteWeather({ remoteWeather }: RemoteWorld): void {
  Object.assign(remoteWeather, fairRemote);
}

function some(chance: Chance, most: number): number {
  return chance.hits(0.4) ? 0 : most * chance.random() ** 2;
}

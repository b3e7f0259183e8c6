/** A clock that stands still until a test moves it: sleepers wake in order, and everything they cause settles in between. */
import type { Clock } from "../../src/model/clock.ts";

interface Sleeper {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

/** The instant tests begin at unless they say otherwise: 21 November 2026, 09:00 UTC. */
export const startOfTest: number = Date.UTC(2026, 10, 21, 9);

export class ManualClock implements Clock {
  #monotonic = 0;
  #wall: number;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();
  readonly #rounds: number;

  /** `rounds`: turns of the event loop given to what a sleeper causes; one is enough, and quicker, for promises alone. */
  constructor(wall: number = startOfTest, rounds = 3) {
    this.#wall = wall;
    this.#rounds = rounds;
  }

  now(): number {
    return Math.floor(this.#wall);
  }

  monotonic(): number {
    return this.#monotonic;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper: Sleeper = { at: this.#monotonic + Math.max(0, ms), order: (this.#order += 1), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake);
    });
  }

  /** How many are asleep now. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Monotonic ms at which the next sleeper wakes, or undefined when nobody sleeps. */
  get nextWake(): number | undefined {
    return this.#next()?.at;
  }

  /** Moves time on by `ms`, waking each sleeper at its own instant, in order, and letting what it does settle. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonic + ms;
    await settle(this.#rounds);
    for (let next = this.#next(); next !== undefined && next.at <= until; next = this.#next()) {
      this.#moveTo(next.at);
      next.wake();
      await settle(this.#rounds);
    }
    this.#moveTo(until);
  }

  /**
   * Moves from sleeper to sleeper until `work` ends, and answers what it answers. Throws when `limitMs` of clock time
   * pass first. With real sockets at work, give them their own time and use `advance` instead.
   */
  async drive<T>(work: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let ended = false;
    const mark = (): void => {
      ended = true;
    };
    work.then(mark, mark);
    const limit = this.#monotonic + limitMs;
    for (await settle(this.#rounds); !ended; await settle(this.#rounds)) {
      const next = this.#next();
      if (next === undefined) continue;
      if (next.at > limit) throw new Error(`still at work after ${limitMs} ms of clock time`);
      this.#moveTo(next.at);
      next.wake();
    }
    return work;
  }

  /** Turns the wall clock alone, as an administrator or a time server does. */
  turnWall(ms: number): void {
    this.#wall += ms;
  }

  #moveTo(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }

  #next(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (first === undefined || sleeper.at < first.at || (sleeper.at === first.at && sleeper.order < first.order)) {
        first = sleeper;
      }
    }
    return first;
  }
}

/** Lets pending promises, and what they queue in turn, run to their end. */
export async function settle(rounds = 3): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Group commit over a network: what is handed over while one transaction is under way makes up the next one. Each slice
 * carries a number that its transaction writes down, so that after a broken connection it is known whether it went in.
 */
import type { PoolClient } from "pg";
import type { Clock } from "../../model/clock.ts";
import { RunFileError } from "../../model/errors.ts";
import type { JournalDatabase } from "./database.ts";
import { isPassing } from "./faults.ts";

/** A connection may break as long as a database takes to fail over; then the run ends, resumable. */
const patienceMs = 120_000;
const firstWaitMs = 50;
const longestWaitMs = 5000;

/** What is to be told of one thing that was handed over. */
export interface Waiting {
  kept(): void;
  lost(): void;
  failed(error: Error): void;
}

/** Carries one slice out inside a transaction; answers those whose claim somebody else has taken over meanwhile. */
export type WriteSlice<Entry> = (client: PoolClient, entries: readonly Entry[]) => Promise<ReadonlySet<Entry>>;

export interface SlicesOptions<Entry> {
  readonly database: JournalDatabase;
  readonly clock: Clock;
  readonly worker: number;
  readonly write: WriteSlice<Entry>;
  /** Told after each commit how long it took. */
  readonly onCommit: ((ms: number) => void) | undefined;
  /** Runs after each commit, once every entry has been told. */
  readonly kept: () => void;
}

export class Slices<Entry extends Waiting> {
  readonly #database: JournalDatabase;
  readonly #clock: Clock;
  readonly #worker: number;
  readonly #write: WriteSlice<Entry>;
  readonly #onCommit: ((ms: number) => void) | undefined;
  readonly #kept: () => void;
  #next: Entry[] = [];
  #number = 0;
  #running: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor({ database, clock, worker, write, onCommit, kept }: SlicesOptions<Entry>) {
    this.#database = database;
    this.#clock = clock;
    this.#worker = worker;
    this.#write = write;
    this.#onCommit = onCommit;
    this.#kept = kept;
  }

  /** Why nothing more is taken. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  push(entry: Entry): void {
    if (this.#failure !== undefined) {
      entry.failed(this.#failure);
      return;
    }
    this.#next.push(entry);
    this.#running ??= this.#run();
  }

  /** Settles when everything handed over so far has been answered. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Whatever is handed over in the same turn of the loop belongs to the same slice.
    await Promise.resolve();
    while (this.#next.length > 0) {
      const entries = this.#next;
      this.#next = [];
      await this.#carryOut(entries);
    }
    this.#running = undefined;
  }

  async #carryOut(entries: readonly Entry[]): Promise<void> {
    try {
      const startMs = this.#clock.monotonic();
      const lost = await this.#surely(entries);
      this.#onCommit?.(this.#clock.monotonic() - startMs);
      for (const entry of entries) {
        if (lost.has(entry)) entry.lost();
        else entry.kept();
      }
      this.#kept();
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      for (const entry of [...entries, ...this.#next]) entry.failed(this.#failure);
      this.#next = [];
    }
  }

  /** Until it is in, or is known never to go in. */
  async #surely(entries: readonly Entry[]): Promise<ReadonlySet<Entry>> {
    const number = this.#number + 1;
    const since = this.#clock.monotonic();
    let lost: ReadonlySet<Entry> = new Set();
    for (let wait = firstWaitMs; ; wait = Math.min(wait * 2, longestWaitMs)) {
      try {
        await this.#database.transaction(async (client) => {
          const { rows } = await client.query<{ slice: string }>("select slice from workers where id = $1 for update", [
            this.#worker,
          ]);
          const [worker] = rows;
          if (worker === undefined) throw taken(this.#database.shown);
          // A commit whose answer was lost with the connection did go in.
          if (Number(worker.slice) === number) return;
          lost = await this.#write(client, entries);
          await client.query("update workers set slice = $2, seen = clock_timestamp() where id = $1", [
            this.#worker,
            number,
          ]);
        });
        this.#number = number;
        return lost;
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (this.#clock.monotonic() - since > patienceMs) throw unreachable(this.#database.shown, error);
        await this.#clock.sleep(wait);
      }
    }
  }
}

function taken(shown: string): RunFileError {
  return new RunFileError("missing", `${shown} does not know this worker any more`, "give the same command again");
}

function unreachable(shown: string, cause: unknown): RunFileError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new RunFileError(
    "full",
    `${shown} has not taken a write for ${patienceMs / 1000} seconds (${said})`,
    "see that the database answers, then give the same command",
  );
}

/**
 * Group commit: what is written within a few milliseconds becomes durable in one transaction, then all is answered.
 * Claim, intent and result of a step, each waited for, at synchronous = FULL on two busy cores: 5,000 steps/s with 64 of
 * them under way, 13,000 with 256, 21,000 with 1,024 (two entries a step); 53 us of work for a step.
 */
import type { Database, Statement } from "better-sqlite3";
import type { Clock } from "../../model/clock.ts";
import type { Written } from "../journal.ts";
import { runFileFault } from "./faults.ts";

/** One thing to write. `write` runs inside the transaction; exactly one of the others follows, outside of it. */
export interface Entry {
  write(): void;
  /** It is durable. */
  kept(): void;
  /** Somebody else has taken the run over; nothing was written. */
  lost(): void;
  /** The store refuses; nothing was written, and nothing will be any more. */
  failed(error: Error): void;
}

/** An entry that somebody waits for. A class: four functions made for each write take four times its room. */
export class AwaitedEntry implements Entry {
  readonly #write: () => unknown;
  readonly #kept: (() => void) | undefined;
  readonly #resolve: (written: Written) => void;
  readonly #reject: (error: Error) => void;

  constructor(
    write: () => unknown,
    kept: (() => void) | undefined,
    resolve: (written: Written) => void,
    reject: (error: Error) => void,
  ) {
    this.#write = write;
    this.#kept = kept;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  write(): void {
    this.#write();
  }

  kept(): void {
    this.#kept?.();
    this.#resolve("ok");
  }

  lost(): void {
    this.#resolve("lost");
  }

  failed(error: Error): void {
    this.#reject(error);
  }
}

/** What surrounds the entries inside each transaction. */
export interface Frame {
  /** Runs before the transaction; throws when nothing may be written any more. */
  check(): void;
  /** Whether the run still is this process's. */
  holds(): boolean;
  /** Runs last, before the commit. */
  seal(): void;
  /** Told afterwards how long all of it took. */
  took(ms: number): void;
  /** Runs after the commit, once every entry has been told. */
  kept(): void;
}

const restMaxMs = 8;
const entriesMax = 4096;
const fewEntries = 8;

/**
 * How long to gather entries after a commit of `entries` that took `tookMs`. Few entries mean that nobody is held up by
 * committing often; with many, a quarter of the time at most goes into commits, and no entry waits longer than 8 ms.
 */
export function restMs(entries: number, tookMs: number): number {
  return entries < fewEntries ? 0 : Math.min(restMaxMs, Math.max(1, 3 * tookMs));
}

export class Slices {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #frame: Frame;
  readonly #begin: Statement<[]>;
  readonly #commit: Statement<[]>;
  #queue: Entry[] = [];
  #scheduled = false;
  #notBefore = 0;
  #failure: Error | undefined;
  #lost = false;

  constructor(db: Database, clock: Clock, path: string, frame: Frame) {
    this.#db = db;
    this.#clock = clock;
    this.#path = path;
    this.#frame = frame;
    this.#begin = db.prepare("begin immediate");
    this.#commit = db.prepare("commit");
  }

  /** Why nothing can be written any more, or undefined. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether another process has taken the run over. */
  get lost(): boolean {
    return this.#lost;
  }

  push(entry: Entry): void {
    if (this.#failure !== undefined) entry.failed(this.#failure);
    else if (this.#lost) entry.lost();
    else {
      this.#queue.push(entry);
      if (this.#queue.length >= entriesMax) this.commit();
      else this.#schedule();
    }
  }

  /** Makes everything that waits durable now. Errors go to the entries. */
  commit(): void {
    const entries = this.#queue;
    if (entries.length === 0) return;
    this.#queue = [];
    const startMs = this.#clock.monotonic();
    try {
      this.#lost = !this.#write(entries);
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec("rollback");
      this.#failure = runFileFault(error, this.#path);
    }
    const endMs = this.#clock.monotonic();
    this.#frame.took(endMs - startMs);
    this.#notBefore = endMs + restMs(entries.length, endMs - startMs);
    for (const entry of entries) {
      if (this.#failure !== undefined) entry.failed(this.#failure);
      else if (this.#lost) entry.lost();
      else entry.kept();
    }
    // The list may be old enough to be kept for a while, and with it all that its entries name.
    entries.length = 0;
    if (this.#failure === undefined && !this.#lost) this.#frame.kept();
  }

  /** False, with nothing written, when the run belongs to another process. */
  #write(entries: readonly Entry[]): boolean {
    this.#frame.check();
    this.#begin.run();
    if (!this.#frame.holds()) {
      this.#db.exec("rollback");
      return false;
    }
    for (const entry of entries) entry.write();
    this.#frame.seal();
    this.#commit.run();
    return true;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const waitMs = Math.max(0, this.#notBefore - this.#clock.monotonic());
    void this.#clock.sleep(waitMs).then(() => {
      this.#scheduled = false;
      this.commit();
    });
  }
}

/** Virtual time: a heap of what is due, moved on from event to event; everything an event causes settles before the next. */

/** What is to happen, unless it is cancelled first. */
export interface Event {
  cancel(): void;
}

class Due implements Event {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;

  constructor(at: number, order: number, run: () => void) {
    this.at = at;
    this.order = order;
    this.run = run;
  }

  cancel(): void {
    this.run = undefined;
  }
}

/** A limit that stands for "this never ends". */
export class NeverEnds extends Error {
  override readonly name: string = "NeverEnds";
}

/**
 * When everything an event causes has settled. `promises`: once no promise has anything left to do. `breaths`: once nothing
 * waits for Node's loop either, as SQLite does between pages; otherwise a breath would take virtual time. Asking for that
 * is a tenth of the work of a seed, so that stores that take no breath do without.
 */
export type Settling = "promises" | "breaths";

/** The instant simulations begin at: 21 November 2026, 09:00 UTC. */
const wallStart = Date.UTC(2026, 10, 21, 9);
const eventsMax = 400_000;

export class VirtualTime {
  readonly #heap: Due[] = [];
  readonly #settle: () => Promise<void>;
  #now = 0;
  #order = 0;
  #events = 0;

  constructor(settling: Settling = "breaths") {
    this.#settle = settling === "breaths" ? breathsEnd : promisesEnd;
  }

  /** Ms since the simulation began. */
  get monotonic(): number {
    return this.#now;
  }

  /** Whole ms since 1970. */
  wall(): number {
    return wallStart + Math.floor(this.#now);
  }

  get events(): number {
    return this.#events;
  }

  after(ms: number, run: () => void): Event {
    const due = new Due(this.#now + Math.max(0, ms), (this.#order += 1), run);
    this.#push(due);
    return due;
  }

  /** For what is no process's own: a request under way, a person's coffee break. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** Moves on until `work` has ended. Throws `NeverEnds` when it waits for nothing, or after `limitMs`. */
  async drive<T>(work: Promise<T>, limitMs: number): Promise<T> {
    let ended = false;
    const mark = (): void => {
      ended = true;
    };
    work.then(mark, mark);
    const limit = this.#now + limitMs;
    let idle = 0;
    for (await turnOfLoop(); !ended; await this.#settle()) {
      const next = this.#pop();
      if (next === undefined) {
        // Streams and imports of the libraries underneath take a few turns of the loop.
        if ((idle += 1) > 200) throw new NeverEnds("everything waits, and nothing is due");
        await turnOfLoop();
        continue;
      }
      idle = 0;
      if (next.at > limit) throw new NeverEnds(`still at work after ${limitMs} ms`);
      this.#run(next);
    }
    return work;
  }

  /** Lets `ms` pass. */
  async pass(ms: number): Promise<void> {
    await this.drive(this.sleep(ms), ms + 1);
  }

  #run(due: Due): void {
    if ((this.#events += 1) > eventsMax) throw new NeverEnds(`more than ${eventsMax} events`);
    this.#now = Math.max(this.#now, due.at);
    due.run?.();
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let index = heap.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(due, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = due;
  }

  /** The next event that was not cancelled. */
  #pop(): Due | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return undefined;
      const last = this.#heap.pop();
      if (last !== undefined && last !== first) this.#sink(last);
      if (first.run !== undefined) return first;
    }
  }

  #sink(due: Due): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      if (left === undefined) break;
      const right = heap[2 * index + 2];
      const isRight = right !== undefined && before(right, left);
      const below = isRight ? right : left;
      if (!before(below, due)) break;
      heap[index] = below;
      index = 2 * index + (isRight ? 2 : 1);
    }
    heap[index] = due;
  }
}

function before(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Node calls what `nextTick` is given once no promise has anything left to do. */
function promisesEnd(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

async function breathsEnd(): Promise<void> {
  await promisesEnd();
  while (process.getActiveResourcesInfo().includes("Immediate")) {
    await turnOfLoop();
    await promisesEnd();
  }
}

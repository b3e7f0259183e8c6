/**
 * The model of the journal as a database that several workers share: a step is a worker's until its lease ends by the clock
 * of the database, then anybody's, under a higher fence; and each trip there may be slow, break, or lose its answer.
 */
import type { Claim, Journal } from "../../src/journal/journal.ts";
import { JournalError, RunFileError } from "../../src/model/errors.ts";
import type { ModelJournal } from "./model/journal.ts";
import type { ModelRun } from "./model/run.ts";
import type { Process } from "./process.ts";
import type { RemoteWorld } from "./remote-weather.ts";

/** As long as the adapter's (journal/postgres). */
const leaseMs = 30_000;
export const renewEveryMs: number = leaseMs / 3;
export const patienceMs = 120_000;
const firstWaitMs = 50;
const longestWaitMs = 5000;

interface Lease {
  readonly claim: Claim;
  readonly worker: number;
  until: number;
}

export type ClaimQuery = Parameters<Journal["claim"]>[0];

export class RemoteDatabase {
  readonly #world: RemoteWorld;
  readonly #run: ModelRun;
  readonly #leases = new Map<number, Lease>();
  #opened: Promise<ModelJournal> | undefined;

  constructor(world: RemoteWorld, run: ModelRun) {
    this.#world = world;
    this.#run = run;
  }

  /** What is durable: one opening for all workers, by the clock of the database. */
  tables(): Promise<ModelJournal> {
    const { time } = this.#world;
    const clock = { now: () => time.wall(), monotonic: () => time.monotonic, sleep: (ms: number) => time.sleep(ms) };
    this.#opened ??= this.#run.openJournal({ clock });
    return this.#opened;
  }

  saw(what: string): void {
    this.#world.saw(`remote store: ${what}`);
  }

  /** Answers nothing where the connection breaks: then `work` was done or not. Throws JournalError where the next one is refused. */
  async once<T>(process: Process, work: () => T | Promise<T>): Promise<{ readonly answer: T } | undefined> {
    const { remoteWeather: weather, chances } = this.#world;
    const { remote: chance } = chances;
    const slowTrip = this.#trip();
    if (slowTrip !== undefined) await slowTrip;
    if (this.#isAway(process) || chance.hits(weather.broken)) return this.#lostConnection();
    const answer = await work();
    const slowReturn = this.#trip();
    if (slowReturn !== undefined) await slowReturn;
    if (this.#isAway(process)) return this.#lostConnection();
    if (!chance.hits(weather.unanswered)) return { answer };
    // What breaks in the middle of a commit often stays broken: the lease runs out meanwhile, or patience.
    if (chance.hits(0.4)) {
      weather.cutUntil = this.#now + chance.pick([chance.between(31_000, 115_000), chance.between(130_000, 200_000)]);
      weather.cutOff = process.who.id;
    }
    return this.#lostConnection();
  }

  /** Throws JournalError where a new connection is refused: as at the start, so in the middle of the work. */
  checkDoor(): void {
    const { refusesUntil, refusal } = this.#world.remoteWeather;
    if (this.#now >= refusesUntil) return;
    this.saw(refusal);
    throw new JournalError(refusal, "the database refuses the connection", "put right what it names");
  }

  #lostConnection(): undefined {
    this.checkDoor();
    return undefined;
  }

  /** Asks until there is an answer. Throws RunFileError once patience ends, with `gaveUp` told of it. */
  async patiently<T>(process: Process, work: () => T | Promise<T>, gaveUp?: () => void): Promise<T> {
    const { clock } = process;
    const since = clock.monotonic();
    for (let wait = firstWaitMs; ; wait = Math.min(wait * 2, longestWaitMs)) {
      const found = await this.once(process, work);
      if (found !== undefined) {
        if (wait > firstWaitMs) this.saw("asked again until it answered");
        return found.answer;
      }
      if (clock.monotonic() - since > patienceMs) {
        gaveUp?.();
        throw new RunFileError("full", "the database has not answered for 120 seconds", "give the same command");
      }
      await clock.sleep(wait);
    }
  }

  /** `held`: what the worker knows it holds; a claim whose answer was lost is its own to make again. */
  async claim(
    worker: number,
    query: ClaimQuery,
    { held, aside }: { readonly held: ReadonlyMap<number, Claim>; readonly aside: ReadonlySet<number> },
  ): Promise<readonly Claim[]> {
    const tables = await this.tables();
    for (const [seq, lease] of this.#leases) {
      const isInHand = lease.worker === worker && held.has(seq);
      const isOver = !isInHand && (lease.until < this.#now || lease.worker === worker);
      if (!isOver || this.#leases.get(seq) !== lease) continue;
      if (lease.until < this.#now) this.saw("a lease that ran out is taken over");
      else this.saw("a claim whose answer was lost is made again");
      this.#leases.delete(seq);
      await tables.release(lease.claim);
    }
    const { max, perActor, halted } = query;
    const claims = await tables.claim({ max, perActor, halted, unwanted: aside });
    for (const claim of claims) this.#leases.set(claim.step.seq, { claim, worker, until: this.#now + leaseMs });
    return claims;
  }

  /** Extends the leases that are still the worker's. */
  renew(claims: readonly Claim[]): readonly Claim[] {
    return claims.filter((claim) => {
      const lease = this.#leases.get(claim.step.seq);
      if (lease?.claim.fence !== claim.fence) return false;
      lease.until = this.#now + leaseMs;
      return true;
    });
  }

  /** The step has ended, or was given back. */
  forget(claim: Claim): void {
    if (this.#leases.get(claim.step.seq)?.claim.fence === claim.fence) this.#leases.delete(claim.step.seq);
  }

  async giveBackAllOf(worker: number): Promise<void> {
    const tables = await this.tables();
    for (const lease of this.#leases.values()) {
      if (lease.worker !== worker) continue;
      this.forget(lease.claim);
      await tables.release(lease.claim);
    }
  }

  heldElsewhere(worker: number): number {
    return [...this.#leases.values()].filter((lease) => lease.worker !== worker && lease.until >= this.#now).length;
  }

  get #now(): number {
    return this.#world.time.monotonic;
  }

  #trip(): Promise<void> | undefined {
    const { remoteWeather: weather, chances, time } = this.#world;
    const { remote: chance } = chances;
    if (!chance.hits(weather.slow)) return undefined;
    this.saw("slow");
    return time.sleep(chance.between(0, weather.slowMaxMs));
  }

  #isAway({ who }: Process): boolean {
    const { awayUntil, cutUntil, cutOff } = this.#world.remoteWeather;
    return this.#now < awayUntil || (this.#now < cutUntil && who.id <= cutOff);
  }
}

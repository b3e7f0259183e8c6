/** A worker process: it looks for runs that are to be carried out, joins them, and goes on until there is no more to do. */
import type { JournalDatabase } from "../journal/postgres/database.ts";
import { isPassing } from "../journal/postgres/faults.ts";
import { carryingOf, waitingRuns } from "../journal/postgres/fleet.ts";
import { beatOfCrew, joinCrews, leaveCrews } from "../journal/postgres/fleet-workers.ts";
import type { Carrying } from "../journal/postgres/fleet.ts";
import { openPostgresReader } from "../journal/postgres/reader.ts";
import { GuardError, JournalError, RunFileError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { codeOfEnd } from "./fleet-end.ts";
import type { Member } from "./worker-member.ts";
import type { Left } from "./worker-run.ts";

const lookEveryMs = 1000;
/** Runs carried out at once; others wait until one has ended, or are taken by other workers. */
const runsMax = 8;
/** Before a run is joined again that this worker could not go on with. */
const againMs = 30_000;
const afterTroubleMs = 3000;

export interface CrewOptions {
  readonly database: JournalDatabase;
  readonly label: string;
  /** This run only. */
  readonly only: string | undefined;
  /** Ends once nothing is to be carried out. */
  readonly untilIdle: boolean;
  /** Ends once `only` has ended, with its exit code. */
  readonly exitWhenDone: boolean;
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
  readonly carry: (carrying: Carrying, joined: (member: Member | undefined) => void) => Promise<Left>;
}

export class Crew {
  readonly #context: Context;
  readonly #options: CrewOptions;
  readonly #joined = new Map<number, Promise<void>>();
  readonly #members = new Map<number, Member>();
  /** Monotonic ms before which a run is not joined again. */
  readonly #notBefore = new Map<number, number>();
  #number: number | undefined;
  #heardAt: number | undefined;
  #isAway = false;
  #fault: { readonly error: unknown } | undefined;
  #wake = new AbortController();

  constructor(context: Context, options: CrewOptions) {
    this.#context = context;
    this.#options = options;
  }

  get runs(): number {
    return this.#joined.size;
  }

  get steps(): number {
    return [...this.#members.values()].reduce((sum, member) => sum + member.steps, 0);
  }

  /** Ms since the database last answered; of several runs, the one that has waited longest. */
  get heardMs(): number | undefined {
    if (this.#heardAt === undefined) return undefined;
    const times = [this.#heardAt, ...[...this.#members.values()].map(({ heardAt }) => heardAt)].filter(Number.isFinite);
    return this.#context.clock.monotonic() - Math.min(...times);
  }

  async untilEnd(): Promise<ExitCode> {
    const { stop } = this.#options;
    try {
      while (!stop.aborted && this.#fault === undefined) {
        const code = await this.#look().catch((error: unknown) => this.#awayOr(error));
        if (code !== undefined) return code;
        this.#wake = new AbortController();
        await this.#context.clock.sleep(lookEveryMs, AbortSignal.any([stop, this.#wake.signal]));
      }
    } finally {
      await Promise.all(this.#joined.values());
      if (this.#number !== undefined) await leaveCrews(this.#options.database, this.#number).catch(() => undefined);
    }
    if (this.#fault !== undefined) throw this.#fault.error;
    return exitCodes.stopped;
  }

  /** The exit code once there is no more to do. */
  async #look(): Promise<ExitCode | undefined> {
    const { database, label, only, untilIdle, exitWhenDone, say } = this.#options;
    const { clock, version } = this.#context;
    if (this.#number === undefined) this.#number = await joinCrews(database, { label, version, only });
    else await beatOfCrew(database, this.#number);
    const runs = await waitingRuns(database, only);
    this.#heardAt = clock.monotonic();
    if (this.#isAway) say("the database answers again");
    this.#isAway = false;
    for (const carrying of runs) {
      if (this.#joined.size >= runsMax) break;
      if ((this.#notBefore.get(carrying.run) ?? -Infinity) <= clock.monotonic()) this.#join(carrying);
    }
    if (this.#joined.size > 0) return undefined;
    if (exitWhenDone && only !== undefined) {
      const carrying = await carryingOf(database, only);
      return carrying?.ended === undefined ? undefined : this.#codeOf(only, carrying.ended);
    }
    return untilIdle && runs.length === 0 ? exitCodes.done : undefined;
  }

  async #codeOf(name: string, ended: NonNullable<Carrying["ended"]>): Promise<ExitCode> {
    const reader = await openPostgresReader(this.#options.database, name);
    return codeOfEnd(ended, await reader.counts());
  }

  #join(carrying: Carrying): void {
    const { run, name } = carrying;
    if (this.#joined.has(run)) return;
    const { carry, only, say } = this.#options;
    const again = (ms: number): void => void this.#notBefore.set(run, this.#context.clock.monotonic() + ms);
    const joined = (member: Member | undefined): void => {
      if (member === undefined) this.#members.delete(run);
      else this.#members.set(run, member);
    };
    const work = carry(carrying, joined)
      .then(({ end }) => again(end === "blocked" ? againMs : end === "journal" ? afterTroubleMs : 0))
      .catch((error: unknown) => {
        if (isAway(error)) return again(afterTroubleMs);
        const isOurs = error instanceof RunFileError || error instanceof GuardError;
        // Other runs may well be carried out by this worker.
        if (!isOurs || only !== undefined) {
          this.#fault ??= { error };
          return;
        }
        say(`${printable(name)}: cannot be carried out here: ${printable(error.message)}; ${printable(error.remedy)}`);
        again(Infinity);
      })
      .finally(() => {
        this.#joined.delete(run);
        this.#members.delete(run);
        this.#wake.abort("a run was left");
      });
    this.#joined.set(run, work);
  }

  #awayOr(error: unknown): undefined {
    if (!isAway(error)) throw error;
    if (!this.#isAway) this.#options.say("the database does not answer; waiting for it");
    this.#isAway = true;
    return undefined;
  }
}

/** Whether the database may answer later. */
export function isAway(error: unknown): boolean {
  return isPassing(error) || (error instanceof JournalError && error.kind === "away");
}

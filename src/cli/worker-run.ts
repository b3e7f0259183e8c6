/** One run carried out by one worker among others: joined, brought as far as this worker can, and left in good order. */
import { setMaxListeners } from "node:events";
import { applyRun } from "../engine/apply.ts";
import type { ApplySummary } from "../engine/verbs.ts";
import type { ApplyEnd } from "../model/apply-end.ts";
import type { CallBudget } from "../engine/call-budget.ts";
import { Workers } from "../engine/workers.ts";
import type { CallRecord } from "../google/send.ts";
import { DatabaseCells } from "../journal/postgres/cells.ts";
import type { JournalDatabase } from "../journal/postgres/database.ts";
import { endForAll } from "../journal/postgres/fleet.ts";
import { nameWorker, workersOf } from "../journal/postgres/fleet-workers.ts";
import type { Carrying } from "../journal/postgres/fleet.ts";
import { openPostgresJournal } from "../journal/postgres/journal.ts";
import type { WorkerJournal } from "../journal/postgres/journal.ts";
import { GuardError, RunFileError } from "../model/errors.ts";
import type { EngineEvent } from "../model/event.ts";
import type { CheckpointSigner } from "../model/signing/checkpoint.ts";
import { counted, printable } from "../model/text.ts";
import { socketsMax } from "./carry-out.ts";
import type { Settings } from "./config.ts";
import { connectPaced, isStandIn } from "./connect.ts";
import type { Paced } from "./connect.ts";
import type { Context } from "./context.ts";
import { concurrencyDefault, engineOptions, perActorOf } from "./engine-options.ts";
import { guardProtected } from "./guard-protected.ts";
import { guardTenant } from "./guards.ts";
import { budgetOf, guardsOf, handedIn } from "./handing.ts";
import type { Handed } from "./handing.ts";
import { openLog } from "./logging.ts";
import { Member } from "./worker-member.ts";
import type { WorkerOutlets } from "./worker-outlets.ts";

export interface CarryingOptions {
  readonly settings: Settings;
  readonly database: JournalDatabase;
  /** What this worker is called, such as `anna@host:4711`. */
  readonly label: string;
  readonly leaseMs: number;
  readonly concurrency: number | undefined;
  readonly perActor: number | undefined;
  /** Signs the audit chain of each run as it grows, and when the run is left. */
  readonly signer: CheckpointSigner | undefined;
  /** The process is to end: nothing new is begun. */
  readonly stop: AbortSignal;
  /** Calls do not wait for their turn any longer. */
  readonly late: AbortSignal;
  readonly say: (line: string) => void;
  readonly onEvent: (event: EngineEvent) => void;
  readonly onCall: (call: CallRecord) => void;
  readonly outlets: WorkerOutlets;
  /** While it is a member of the run. */
  readonly joined: (member: Member | undefined) => void;
}

type Log = Awaited<ReturnType<typeof openLog>>;

/** How it ended for this worker. `guard`: a guard keeps it from being carried out at all. */
export interface Left {
  readonly end: ApplyEnd | "guard";
  readonly reason: string | undefined;
}

export async function carryRun(context: Context, options: CarryingOptions, carrying: Carrying): Promise<Left> {
  const { database, leaseMs, label, signer } = options;
  const name = printable(carrying.name);
  const handed = handedIn(carrying.settings, name);
  let journal: WorkerJournal;
  try {
    journal = await openPostgresJournal(database, carrying.name, { clock: context.clock, leaseMs, signer });
  } catch (error) {
    if (error instanceof RunFileError && error.kind === "tampered") return refused(options, carrying, error);
    throw error;
  }
  try {
    await nameWorker(database, journal.worker, label);
    return await new Carrier(context, options, carrying, handed, journal).carry();
  } finally {
    await journal.close();
  }
}

/** Nobody may carry it out: that holds for all workers, until it is handed over again. */
async function refused(
  { database }: CarryingOptions,
  carrying: Carrying,
  error: GuardError | RunFileError,
): Promise<Left> {
  const reason = `${error.message}; ${error.remedy}`;
  await endForAll(database, carrying, "guard", reason);
  return { end: "guard", reason };
}

class Carrier {
  readonly #context: Context;
  readonly #options: CarryingOptions;
  readonly #carrying: Carrying;
  readonly #handed: Handed;
  readonly #journal: WorkerJournal;
  /** The run is to be left, by whoever steers it. */
  readonly #drained = new AbortController();
  /** Steps ended here. */
  #ended = 0;
  /** The run is to be left at once: calls are given up. */
  readonly #abandoned = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(context: Context, options: CarryingOptions, carrying: Carrying, handed: Handed, journal: WorkerJournal) {
    this.#context = context;
    this.#options = options;
    this.#carrying = carrying;
    this.#handed = handed;
    this.#journal = journal;
  }

  async carry(): Promise<Left> {
    const log = await openLog(this.#context, this.#options.settings.logFile, "worker", this.#journal.header.runId);
    try {
      const budget = budgetOf(this.#handed);
      const paced = await this.#connect(log, () => budget?.called());
      return await this.#asMember(paced, budget, log);
    } finally {
      await log.close();
    }
  }

  /** From joining the run to leaving it. */
  async #asMember(paced: Paced, budget: CallBudget | undefined, log: Log): Promise<Left> {
    const { say, label, settings, perActor } = this.#options;
    const isNear = isStandIn(settings);
    const concurrency = this.#options.concurrency ?? this.#handed.concurrency ?? concurrencyDefault;
    const workers = new Workers(concurrency, perActorOf(perActor ?? this.#handed.perActor, isNear));
    const stop = either(this.#options.stop, this.#drained.signal);
    const told = this.#tell();
    const member = this.#join(paced, budget, workers, stop);
    let left: Left | undefined;
    try {
      const early = await this.#mayBegin(paced);
      if (early !== undefined) return (left = early);
      say(`${printable(this.#carrying.name)}: joined as ${label}`);
      const { clock, random } = this.#context;
      const onEvent = (event: EngineEvent): void => {
        log.event(event);
        told.onEvent(event);
        this.#options.onEvent(event);
      };
      const { paused } = member;
      const summary = await applyRun(
        { api: paced.api, clock, random, onEvent, stop, paused, workers, fleet: member },
        this.#journal,
        engineOptions(
          { concurrency, perActor: workers.perActor, durationMs: this.#leftMs, guards: guardsOf(this.#handed, budget) },
          isNear,
        ),
      );
      this.#ended = summary.ended;
      left = await this.#settle(summary, member);
      return left;
    } finally {
      await member.leave();
      await told.close(left === undefined ? undefined : { ...left, steps: this.#ended });
      this.#options.joined(undefined);
      await this.#disconnect(paced);
    }
  }

  /** Whoever listens to this worker hears of the run. */
  #tell(): ReturnType<WorkerOutlets["joined"]> {
    const { header, digest } = this.#journal;
    const { name } = this.#carrying;
    const full = `${this.#options.database.shown}#${name}`;
    return this.#options.outlets.joined({ name, full, header, digest });
  }

  /** Of the time that all workers together may take. */
  get #leftMs(): number | undefined {
    const { durationMs } = this.#handed;
    return durationMs === undefined ? undefined : Math.max(0, durationMs - this.#carrying.ageMs);
  }

  #join(paced: Paced, budget: CallBudget | undefined, workers: Workers, stop: AbortSignal): Member {
    const { database, leaseMs } = this.#options;
    const say = (why: string): void => this.#options.say(`${printable(this.#carrying.name)}: ${why}`);
    const member = new Member({
      database,
      clock: this.#context.clock,
      run: this.#carrying,
      worker: this.#journal.worker,
      leaseMs,
      budget,
      workers,
      concurrency: workers.concurrency,
      paced,
      stop,
      drain: (why) => {
        say(why);
        this.#drained.abort(why);
      },
      abandon: (why) => {
        say(printable(why));
        this.#drained.abort(why);
        this.#abandoned.abort(why);
        // What was sent may have taken effect: its intent stays, and whoever goes on looks first.
        void this.#disconnect(paced).catch(() => undefined);
      },
      say,
    });
    this.#options.joined(member);
    member.begin();
    return member;
  }

  #disconnect({ api }: Paced): Promise<void> {
    return (this.#closing ??= api.close());
  }

  /** The run's rate and the worker's own: the lower one holds. */
  async #connect(log: { call(call: CallRecord): void }, called: () => void): Promise<Paced> {
    const { settings, late, database, onCall } = this.#options;
    const { rate, actorRate } = this.#handed;
    const lower = (a: number | undefined, b: number | undefined): number | undefined =>
      a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
    const wish = this.#carrying.wish.perSecond;
    const bound = {
      ...settings,
      rate: wish ?? lower(rate, settings.rate),
      actorRate: lower(actorRate, settings.actorRate),
    };
    return connectPaced(this.#context, bound, {
      access: "write",
      concurrency: socketsMax,
      stop: either(late, this.#abandoned.signal),
      onEvent: this.#options.onEvent,
      onCall: (call) => {
        called();
        log.call(call);
        onCall(call);
      },
      onRetry: () => undefined,
      shared: { cells: new DatabaseCells(database), tenant: this.#journal.header.tenant },
    });
  }

  /** The guards that need a connection; undefined when the run may be carried out. */
  async #mayBegin({ api }: Paced): Promise<Left | undefined> {
    const { ready, waiting } = await this.#journal.open();
    if (ready + waiting === 0) return undefined;
    try {
      await guardTenant(api, this.#journal.header);
      const own = this.#options.settings.guards.protect;
      await guardProtected(api, this.#journal, [...this.#handed.protect, ...own]);
      return undefined;
    } catch (error) {
      if (!(error instanceof GuardError)) throw error;
      // Credentials of another tenant say something of this worker, and nothing of the run.
      if (error.rule === "tenant") throw error;
      return refused(this.#options, this.#carrying, error);
    }
  }

  /** What this worker's end means for the others. */
  async #settle({ end, reason, ended }: ApplySummary, member: Member): Promise<Left> {
    const { database, say } = this.#options;
    const { run, name } = this.#carrying;
    const why = reason === undefined || reason === "" ? end : reason;
    say(`${printable(name)}: left after ${counted(ended, "step")}: ${printable(why)}`);
    // Whoever asked has ended it for all, and may have handed it over again.
    if (this.#abandoned.signal.aborted) return { end, reason };
    switch (end) {
      case "journal":
        break;
      case "stopped":
      case "blocked":
        await member.leave();
        if (end === "stopped" && !this.#drained.signal.aborted) break;
        // The last one closes the door: others may have what this one could not go on with.
        if ((await workersOf(database, run)).length === 0) await endForAll(database, this.#carrying, end, reason ?? "");
        break;
      default:
        await endForAll(database, this.#carrying, end, reason ?? "");
    }
    return { end, reason };
  }
}

/** Every call that waits listens to it: hundreds at once are no leak. */
function either(a: AbortSignal, b: AbortSignal): AbortSignal {
  const signal = AbortSignal.any([a, b]);
  setMaxListeners(0, signal);
  return signal;
}

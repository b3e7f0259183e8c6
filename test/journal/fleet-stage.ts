/** A fleet within one process: workers of one run over a real PostgreSQL, each with connections of its own, against the emulator. */
import { wallClock } from "../../src/cli/context.ts";
import { Member } from "../../src/cli/worker-member.ts";
import type { ApplyGuards } from "../../src/engine/apply-guards.ts";
import { applyRun } from "../../src/engine/apply.ts";
import { CallBudget } from "../../src/engine/call-budget.ts";
import type { ApplyOptions, ApplySummary } from "../../src/engine/verbs.ts";
import { arrangeWaves } from "../../src/engine/waves.ts";
import { Workers } from "../../src/engine/workers.ts";
import { noRates } from "../../src/google/pacer.ts";
import { connect } from "../../src/google/client.ts";
import type { Exchange } from "../../src/google/exchange.ts";
import { SharedPacer } from "../../src/google/shared-pacer.ts";
import { DatabaseCells } from "../../src/journal/postgres/cells.ts";
import { JournalDatabase } from "../../src/journal/postgres/database.ts";
import type { RowSource } from "../../src/journal/postgres/database.ts";
import { parseJournalAddress } from "../../src/journal/postgres/address.ts";
import { endForAll, handOver } from "../../src/journal/postgres/fleet.ts";
import { nameWorker } from "../../src/journal/postgres/fleet-workers.ts";
import type { HandedRun } from "../../src/journal/postgres/fleet.ts";
import { openPostgresJournal } from "../../src/journal/postgres/journal.ts";
import { createPostgresRun } from "../../src/journal/postgres/writer.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { Clock } from "../../src/model/clock.ts";
import type { Amount, Setting } from "../../src/model/guard.ts";
import type { Step, StepDraft } from "../../src/model/step.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";
import { address, applyDefaults } from "../support/rig.ts";
import type { Rig } from "../support/rig.ts";

export const runName = "friday";

function draftOf(step: Step): StepDraft {
  return Object.fromEntries(Object.entries(step).filter(([field]) => field !== "seq")) as unknown as StepDraft;
}

/** Lets a few changes reach Google, and keeps the next ones waiting until it is opened: nobody gets further meanwhile. */
export class Dam {
  #left: number;
  #waiting: (() => void)[] = [];
  /** Calls that were sent and not answered. */
  underway = 0;

  constructor(passing: number) {
    this.#left = passing;
  }

  /** Each call takes a little while, so that workers meet. */
  readonly exchange =
    (inner: Exchange): Exchange =>
    async (request) => {
      this.underway += 1;
      try {
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (request.method === "PATCH") await this.#turn();
        return await inner(request);
      } finally {
        this.underway -= 1;
      }
    };

  /** Lets some more pass, by default all. */
  open(more: number = Infinity): void {
    this.#left += more;
    const passing = this.#waiting.splice(0, this.#left);
    this.#left -= passing.length;
    for (const pass of passing) pass();
  }

  async #turn(): Promise<void> {
    if (this.#left > 0) this.#left -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** One worker at work. */
export interface AtWork {
  readonly ended: Promise<ApplySummary>;
  readonly calls: () => number;
  /** What it was told through the database, as far as it has heard. */
  readonly isPaused: () => boolean;
  readonly isStopping: () => boolean;
  /** As a machine that loses its power: nothing of it is heard any more. */
  readonly die: () => void;
  readonly stop: () => void;
  readonly wire: TcpProxy;
}

export interface AtWorkOptions {
  readonly guards?: ApplyGuards;
  /** Shared by all workers. */
  readonly calls?: Setting<number>;
  readonly concurrency?: number;
  /** One that a busy machine does not overrun where nothing is said. */
  readonly leaseMs?: number;
  readonly exchange?: (inner: Exchange) => Exchange;
}

export class FleetStage {
  readonly #rig: Rig;
  readonly #url: string;
  readonly #port: number;
  readonly #closing: (() => Promise<void>)[] = [];
  readonly clock: Clock;

  constructor(rig: Rig, url: string, port: number) {
    this.#rig = rig;
    this.#url = url;
    this.#port = port;
    // Leases are real time; tokens and records are of the time of the emulator.
    this.clock = { ...wallClock, now: () => rig.clock.now() };
  }

  async database(port: number = this.#port): Promise<JournalDatabase> {
    const database = new JournalDatabase(parseJournalAddress(this.#url.replace(`:${this.#port}/`, `:${port}/`)));
    await database.prepare();
    this.#closing.push(() => database.close());
    return database;
  }

  /** The same run in the database, handed to workers. */
  async handOver(run: MemoryRun, callsMax?: number, waves?: readonly Amount[]): Promise<HandedRun> {
    const database = await this.database();
    const reader = await run.openReader();
    const writer = await createPostgresRun(database, runName);
    const rows = await reader.page({}, 0, 100_000);
    await writer.add(rows.map(({ step }) => draftOf(step)));
    await writer.seal(reader.header);
    const [row] = await database.rows<{ id: string }>("select id from runs where name = $1", [runName]);
    const id = Number(row?.id);
    if (waves !== undefined) {
      const journal = await openPostgresJournal(database, runName, { clock: this.clock });
      await arrangeWaves(journal, { sizes: waves, pause: false, without: false });
      await journal.close();
    }
    return this.#handed(database, id, callsMax);
  }

  async #handed(database: Pick<RowSource, "rows">, run: number, callsMax: number | undefined): Promise<HandedRun> {
    const handing = { settings: "{}", by: "ana@laptop", callsMax, acceptsDrift: false, driftBefore: 0 };
    const handed = await handOver(database, run, handing);
    if (handed === undefined) throw new Error("the run is being carried out");
    return handed;
  }

  /** Ended and handed over again in one moment: whoever looks sees both or neither. */
  async endAndHandOver(run: HandedRun, callsMax: number): Promise<HandedRun> {
    const database = await this.database();
    return database.transaction(async (client) => {
      const rows: RowSource["rows"] = async <Row extends object>(text: string, values: readonly unknown[] = []) =>
        (await client.query<Row>(text, [...values])).rows;
      if (!(await endForAll({ rows }, run, "breaker", "too many failures"))) throw new Error("it has ended");
      return this.#handed({ rows }, run.run, callsMax);
    });
  }

  async work(run: HandedRun, options: AtWorkOptions = {}): Promise<AtWork> {
    const wire = await startTcpProxy(this.#port);
    this.#closing.push(() => wire.close());
    const database = await this.database(wire.port);
    const leaseMs = options.leaseMs ?? 30_000;
    const journal = await openPostgresJournal(database, runName, { clock: this.clock, leaseMs });
    await nameWorker(database, journal.worker, `worker ${journal.worker}`);
    const budget = options.calls === undefined ? undefined : CallBudget.shared(options.calls);
    const concurrency = options.concurrency ?? 4;
    const workers = new Workers(concurrency, undefined);
    const pacer = new SharedPacer({
      clock: this.clock,
      cells: new DatabaseCells(database),
      scope: "x",
      rates: noRates,
    });
    const stop = new AbortController();
    let isDead = false;
    let calls = 0;
    const inner = options.exchange?.(this.#rig.exchange) ?? this.#rig.exchange;
    const exchange: Exchange = async (request) => {
      // The dead send nothing and hear nothing.
      if (isDead) return new Promise(() => undefined);
      return inner(request);
    };
    const api = connect({
      tokens: {
        token: async (actor, scopes) => this.#rig.emulator.mint(actor, scopes.split(" ")),
        drop: () => undefined,
      },
      exchange,
      admin: address("admin"),
      access: "write",
      pacer,
      clock: this.clock,
      random: Math.random,
      signal: stop.signal,
      onCall: () => {
        calls += 1;
        budget?.called();
      },
    });
    const member = new Member({
      database,
      clock: this.clock,
      run,
      worker: journal.worker,
      leaseMs,
      budget,
      workers,
      concurrency,
      paced: {
        pause: (isPaused) => pacer.pause(isPaused),
        setRate: () => undefined,
        writesPerSecond: () => Infinity,
      },
      stop: stop.signal,
      drain: () => stop.abort(),
      abandon: () => stop.abort(),
      say: () => undefined,
    });
    member.begin();
    const engine: ApplyOptions = {
      ...applyDefaults,
      concurrency,
      perActor: concurrency,
      settleMs: 2000,
      guards: { ...options.guards, calls: budget },
    };
    const surroundings = {
      api,
      clock: this.clock,
      random: Math.random,
      onEvent: () => undefined,
      stop: stop.signal,
      paused: member.paused,
      workers,
      fleet: member,
    };
    const ended = (async () => {
      try {
        return await applyRun(surroundings, journal, engine);
      } finally {
        await member.leave();
        await journal.close();
      }
    })();
    ended.catch(() => undefined);
    return {
      ended,
      wire,
      calls: () => calls,
      isPaused: () => member.paused() !== undefined,
      isStopping: () => stop.signal.aborted,
      stop: () => stop.abort(),
      die: () => {
        isDead = true;
        wire.cut();
      },
    };
  }

  async close(): Promise<void> {
    for (const close of this.#closing.toReversed()) await close();
  }
}

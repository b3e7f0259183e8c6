/** One run in a seed, from its plan on: where it is kept, who works on it, and how one life of its command goes. */
import { applyRun } from "../../src/engine/apply.ts";
import type { ApplyOptions, ApplySummary, Surroundings } from "../../src/engine/verbs.ts";
import { connect } from "../../src/google/client.ts";
import { Pacer } from "../../src/google/pacer.ts";
import type { Journal, RunReader } from "../../src/journal/journal.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { Api } from "../../src/model/api.ts";
import { JournalError, RunFileError } from "../../src/model/errors.ts";
import { noCounts } from "../../src/model/run.ts";
import type { Pair } from "../../src/model/permissions.ts";
import { onABadDay } from "./bad-store.ts";
import { directoryOf } from "./directory.ts";
import { createModelRun } from "./model/run.ts";
import type { Process } from "./process.ts";
import { RemoteDatabase } from "./remote-database.ts";
import { joinRemote } from "./remote-journal.ts";
import type { RemoteJournal } from "./remote-journal.ts";
import { address } from "./scene.ts";
import type { Player, Sim } from "./sim.ts";
import { SimulatedTokens } from "./tokens.ts";
import { leanDataTransfer } from "./transfers.ts";

export class Play implements Player {
  readonly sim: Sim;
  readonly label: string;
  readonly id: number;
  readonly machine: number;
  /** Where the run is kept, once it is made. */
  memory: MemoryRun | undefined;
  /** When the result of a step was last handed over, virtual ms, by seq. */
  readonly ends: Map<number, number> = new Map();
  /** How long the server's history was when planning began. */
  changesFrom = 0;
  /** Applied only in part, on purpose. */
  isHalf = false;
  /** Processes that were killed, those another one took the place of, and those whose store took no more writes. */
  kills = 0;
  replaced = 0;
  refused = 0;
  /** Pairs it adds or removes, by asset. */
  plannedPairs: ReadonlyMap<string, readonly Pair[]> = new Map();
  /** Seq by asset of the steps that edit one. */
  #seqs: ReadonlyMap<string, number> = new Map();
  #reader: RunReader | undefined;
  /** Where the run is kept behind a network. */
  #database: RemoteDatabase | undefined;
  readonly #writes = new Map<string, number>();

  constructor(sim: Sim, label: string, machine: number) {
    this.sim = sim;
    this.label = label;
    this.machine = machine;
    this.id = sim.plays.length + 1;
    sim.plays.push(this);
  }

  /** An empty place for the run to be written to. */
  fresh(): MemoryRun {
    this.memory?.dispose();
    const { sim } = this;
    if (sim.storeKind === "sqlite") this.memory = createMemoryRun();
    else {
      const run = createModelRun();
      this.memory = run;
      if (sim.storeKind === "remote") this.#database = new RemoteDatabase(sim, run);
    }
    return this.memory;
  }

  dispose(): void {
    this.memory?.dispose();
  }

  get isUndo(): boolean {
    return this.label.startsWith("undo");
  }

  get made(): MemoryRun {
    if (this.memory === undefined) throw new Error(`run ${this.label} was never made`);
    return this.memory;
  }

  api(process: Process, access: "read" | "write", pacer: Pacer): Api {
    const { sim } = this;
    const { jitter } = sim.chances;
    const api = connect({
      tokens: new SimulatedTokens(sim.time, sim.emulator, process, jitter, sim.tokenWeather),
      exchange: sim.wire.exchange(process),
      admin: address("admin"),
      access,
      pacer,
      clock: process.clock,
      random: jitter.random,
      signal: process.stop,
      loadDataTransfer: sim.setting.isGenerated ? undefined : leanDataTransfer,
    });
    return { ...api, directory: directoryOf(sim.emulator.state.directory) };
  }

  surroundings(process: Process, api: Api): Surroundings {
    const { trace, time, chances } = this.sim;
    return {
      api,
      clock: process.clock,
      random: chances.jitter.random,
      onEvent: (event) => trace.aside(time.monotonic, () => `${process.who.id} ! ${JSON.stringify(event)}`),
      stop: process.stop,
    };
  }

  /** How many more workers join those at work, where several can share the run. */
  workersToCome(): number {
    const { remote } = this.sim.chances;
    return this.#database !== undefined && remote.hits(0.8) ? remote.whole(1, 3) : 0;
  }

  /** One life of `apply`. */
  async apply(process: Process, options: ApplyOptions): Promise<ApplySummary> {
    if (this.#database === undefined) {
      return this.#carryOut(process, options, await this.made.openJournal({ clock: process.clock }), undefined);
    }
    let joined: RemoteJournal | undefined;
    try {
      joined = await joinRemote(this.#database, process);
      return await this.#carryOut(process, options, joined, joined);
    } catch (error) {
      // As the command ends: with a sentence, and to be given again.
      if (!(error instanceof JournalError) && !(error instanceof RunFileError)) throw error;
      return { end: "journal", reason: error.message, counts: noCounts, blocked: [], ended: 0 };
    } finally {
      // Whatever the process ended for first.
      if (joined?.hasGivenUp === true) this.refused += 1;
      await joined?.close();
    }
  }

  async #carryOut(
    process: Process,
    options: ApplyOptions,
    opened: Journal,
    remote: RemoteJournal | undefined,
  ): Promise<ApplySummary> {
    const { sim } = this;
    const journal = this.#watched(process.holding(this.#asItIs(opened)));
    const pacer = new Pacer(process.clock, sim.setting.rates);
    pacer.recall(parsed(await journal.kept("pacer")));
    pacer.onChange(() => journal.keep("pacer", JSON.stringify(pacer.remember())));
    const api = this.api(process, "write", pacer);
    const summary = await applyRun({ ...this.surroundings(process, api), fleet: remote?.fleet }, journal, options);
    await journal.close();
    await api.close();
    return summary;
  }

  /** The journal in the store's present mood; costs nothing on a fair day. */
  #asItIs(journal: Journal): Journal {
    const { time, chances, storeWeather, saw } = this.sim;
    const { slow, lost, isFull } = storeWeather;
    if (slow === 0 && lost === 0 && !isFull && !storeWeather.mayFill) return journal;
    const onBroken = (): void => {
      this.refused += 1;
    };
    return onABadDay(journal, { time, chance: chances.store, weather: storeWeather, saw, onBroken });
  }

  /** Writes down when each result is handed over. */
  #watched(journal: Journal): Journal {
    const { ends } = this;
    const { time } = this.sim;
    return new Proxy(journal, {
      get: (target, name) => {
        if (name !== "result") return Reflect.get(target, name, target) as unknown;
        const result: Journal["result"] = async (claim, said) => {
          const { seq } = claim.step;
          const before = ends.get(seq);
          const at = time.monotonic;
          ends.set(seq, at);
          const written = await target.result(claim, said);
          // Nothing was written: the step has not ended here.
          if (written === "lost" && ends.get(seq) === at) {
            if (before === undefined) ends.delete(seq);
            else ends.set(seq, before);
          }
          return written;
        };
        return result;
      },
    });
  }

  /** The run is made: reads what it plans. From now on a write leaves only when the store holds an intent for it (I4). */
  async guard(): Promise<void> {
    const reader = await this.made.openReader();
    const seqs = new Map<string, number>();
    const pairs = new Map<string, readonly Pair[]>();
    for (const { step } of await reader.page({ kinds: ["edit"] }, 0, 100_000)) {
      if (step.kind !== "edit") continue;
      seqs.set(step.asset.name, step.seq);
      pairs.set(step.asset.name, [...step.delta.add, ...step.delta.remove]);
    }
    this.#seqs = seqs;
    this.#reader = reader;
    this.plannedPairs = pairs;
  }

  /** A write of this run for `asset` is about to leave. */
  leaves(asset: string): void {
    const count = (this.#writes.get(asset) ?? 0) + 1;
    this.#writes.set(asset, count);
    const seq = this.#seqs.get(asset);
    if (seq === undefined) return;
    void this.#reader?.step(seq).then((row) => {
      if ((row?.attempts ?? 0) >= count) return;
      this.sim.wrong(`${this.label}: I4: write ${count} of ${asset} has no durable intent`);
    });
  }
}

function parsed(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

/** One seed from beginning to end: plan, apply through everything that goes wrong, wait, judge; then perhaps undo, and judge. */
import { applyRun } from "../../src/engine/apply.ts";
import { planRun } from "../../src/engine/plan.ts";
import { undoRun } from "../../src/engine/undo.ts";
import type { ApplyOptions, ApplySummary, Surroundings } from "../../src/engine/verbs.ts";
import { Emulator } from "../../src/emulator/emulator.ts";
import { connect } from "../../src/google/client.ts";
import { loadDataTransfer } from "../../src/google/generated.ts";
import { Pacer, defaultRates, noRates } from "../../src/google/pacer.ts";
import type { Rates } from "../../src/google/pacer.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { openStage } from "../../src/journal/sqlite/stage.ts";
import type { Api } from "../../src/model/api.ts";
import { PlanFileError } from "../../src/model/errors.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import type { Pair } from "../../src/model/permissions.ts";
import type { Request } from "../../src/model/request.ts";
import { Chance } from "./chance.ts";
import { directoryOf } from "./directory.ts";
import { judge, judgeCalm } from "./judge.ts";
import type { Evidence } from "./judge.ts";
import { Process } from "./process.ts";
import type { Doom } from "./process.ts";
import { address, makeRows, makeScene } from "./scene.ts";
import type { Scene } from "./scene.ts";
import { drawSwitches } from "./switches.ts";
import { NeverEnds, VirtualTime } from "./time.ts";
import { SimulatedTokens } from "./tokens.ts";
import { judgeUndo } from "./undo-judge.ts";
import { begin, calm, drawDoom, drawPause, drawWeather } from "./weather.ts";
import type { Weather } from "./weather.ts";
import { Wire } from "./wire.ts";

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly string[];
  /** Over everything that passed the wire and every step's end. */
  readonly hash: string;
  readonly trace: readonly string[];
  readonly virtualMs: number;
  readonly events: number;
  readonly requests: number;
  readonly processes: number;
  readonly kills: number;
  readonly commits: number;
  readonly foreign: number;
  readonly steps: number;
  /** Ends of steps, `edit applied`. */
  readonly ends: readonly string[];
}

const hour = 3_600_000;
/** Everything sent has landed by then. */
const drainMs = 600_000;
/** Starts of the command that a healthy world may need: one for what was blocked, one for what waited, one to spare. */
const healthyStartsMax = 4;

const baseOptions: ApplyOptions = {
  concurrency: 16,
  perActor: 16,
  failuresMax: undefined,
  attemptsMax: 30,
  conflictsMax: 8,
  settleMs: 90_000,
  transferPollMs: 2000,
  transferPollMaxMs: 60_000,
  transferWaitMs: 6 * hour,
  durationMs: undefined,
};

export async function runSeed(seed: number, keepTrace = false): Promise<Outcome> {
  // Loading takes real time, which must not pass inside a seed.
  await loadDataTransfer();
  const life = new Life(seed, keepTrace);
  try {
    await life.run();
  } catch (error) {
    life.fault(error);
  } finally {
    life.dispose();
  }
  return life.outcome();
}

class Life {
  readonly #seed: number;
  readonly #time = new VirtualTime();
  readonly #scene: Scene;
  readonly #emulator: Emulator;
  readonly #wire: Wire;
  readonly #weatherChance: Chance;
  readonly #doom: Chance;
  readonly #people: Chance;
  readonly #jitter: Chance;
  readonly #planChance: Chance;
  readonly #tokenWeather = { failing: 0 };
  readonly #isCalm: boolean;
  readonly #rates: Rates;
  readonly #perMinuteMax: number | undefined;
  readonly #options: ApplyOptions;
  readonly #keepTrace: boolean;
  readonly #trace: string[] = [];
  readonly #violations: string[] = [];
  readonly #runs: MemoryRun[] = [];
  readonly #ends: string[] = [];
  #hash = 0x811c9dc5;
  #hash2 = 0x1234567;
  #processes = 0;
  #kills = 0;
  #steps = 0;

  constructor(seed: number, keepTrace: boolean) {
    this.#seed = seed;
    this.#keepTrace = keepTrace;
    this.#isCalm = seed % 8 === 0;
    this.#planChance = new Chance(seed, "plan");
    this.#weatherChance = new Chance(seed, "weather");
    this.#doom = new Chance(seed, "doom");
    this.#people = new Chance(seed, "people");
    this.#jitter = new Chance(seed, "jitter");
    this.#scene = makeScene(this.#planChance);
    const setting = new Chance(seed, "setting");
    this.#emulator = new Emulator({
      clock: { now: () => this.#time.wall() },
      random: new Chance(seed, "server").random,
      world: this.#scene.world,
      switches: drawSwitches(setting, this.#isCalm),
      transferPace: { startMs: setting.between(0, 5000), perAssetMs: setting.pick([0, 20, 2000]) },
      logMax: 0,
    });
    this.#rates = ratesFor(setting);
    const { writes } = this.#rates.project;
    this.#perMinuteMax = writes.known ? writes.perMinute : undefined;
    const workers = setting.pick([1, 3, 16]);
    this.#options = {
      ...baseOptions,
      concurrency: workers,
      perActor: setting.pick([1, 2, workers]),
      attemptsMax: this.#isCalm ? 30 : setting.pick([3, 6, 30]),
      conflictsMax: this.#isCalm ? 8 : setting.pick([2, 8]),
    };
    this.#wire = new Wire(this.#time, this.#emulator, new Chance(seed, "network"));
    this.#wire.onTrace = (line) => this.#note(line);
  }

  async run(): Promise<void> {
    const made = await this.#plan();
    if (made === undefined) return;
    await this.#carryOut(made, "apply");
    if (this.#violations.length > 0 || this.#seed % 2 === 1) return;
    const undo = await this.#planUndo(made);
    if (undo !== undefined) await this.#carryOut(undo, "undo");
  }

  dispose(): void {
    for (const run of this.#runs) run.dispose();
  }

  fault(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#violations.push(error instanceof NeverEnds ? `I7: ${error.message}` : `threw: ${text}`);
  }

  outcome(): Outcome {
    const { history } = this.#emulator;
    const commits = history.filter((change) => change.via === "assets.updatePermissions").length;
    return {
      seed: this.#seed,
      violations: this.#violations,
      hash: `${(this.#hash >>> 0).toString(16)}${(this.#hash2 >>> 0).toString(16)}`,
      trace: this.#trace,
      virtualMs: this.#time.monotonic,
      events: this.#time.events,
      requests: this.#wire.sent.length,
      processes: this.#processes,
      kills: this.#kills,
      commits,
      foreign: history.length - commits,
      steps: this.#steps,
      ends: this.#ends,
    };
  }

  #note(line: string): void {
    const stamped = `${this.#time.monotonic.toFixed(3)} ${line}`;
    for (let index = 0; index < stamped.length; index += 1) {
      const code = stamped.charCodeAt(index);
      this.#hash = Math.imul(this.#hash ^ code, 0x01000193);
      this.#hash2 = Math.imul(this.#hash2 + code, 0x85ebca6b) ^ (this.#hash2 >>> 13);
    }
    if (this.#keepTrace) this.#trace.push(stamped);
  }

  #process(doom: Doom = {}): Process {
    this.#processes += 1;
    return new Process(this.#processes, this.#time, doom);
  }

  #api(process: Process, access: "read" | "write", pacer = new Pacer(process.clock, noRates)): Api {
    const api = connect({
      tokens: new SimulatedTokens(this.#time, this.#emulator, process, this.#jitter, this.#tokenWeather),
      exchange: this.#wire.exchange(process),
      admin: address("admin"),
      access,
      pacer,
      clock: process.clock,
      random: this.#jitter.random,
      signal: process.stop,
    });
    return { ...api, directory: directoryOf(this.#emulator.state.directory) };
  }

  #surroundings(process: Process, api: Api): Surroundings {
    const onEvent = (event: EngineEvent): void => {
      if (this.#keepTrace) this.#note2(`${process.id} ! ${JSON.stringify(event)}`);
    };
    return { api, clock: process.clock, random: this.#jitter.random, onEvent, stop: process.stop };
  }

  /** In the trace, but not in its hash. */
  #note2(line: string): void {
    this.#trace.push(`${this.#time.monotonic.toFixed(3)} ${line}`);
  }

  /** Tries rows until some make a plan; undefined when none does. */
  async #plan(): Promise<MemoryRun | undefined> {
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const rows = makeRows(this.#planChance, this.#scene);
      const run = await this.#planRows(rows.slice(0, Math.ceil(rows.length / (attempt + 1))));
      if (run !== undefined) return run;
    }
    return undefined;
  }

  async #planRows(rows: readonly Request[]): Promise<MemoryRun | undefined> {
    const stage = await openStage({ memory: true });
    const run = createMemoryRun();
    try {
      await stage.addRequests(rows);
      const process = this.#process();
      const outcome = await this.#time.drive(
        planRun(this.#surroundings(process, this.#api(process, "read")), stage, run.writer, {
          runId: runId(this.#seed, 1),
          toolVersion: "0.0.0",
          admin: address("admin"),
          settings: { tenant: undefined, protect: [], limits: {} },
          planFiles: [],
          rows: rows.length,
          duplicateRows: 0,
          skipRefused: true,
          concurrency: 4,
        }),
        24 * hour,
      );
      if (outcome.kind !== "made" || outcome.header.totals.steps === 0) {
        if (outcome.kind === "made") run.dispose();
        return undefined;
      }
      this.#runs.push(run);
      return run;
    } catch (error) {
      if (!(error instanceof PlanFileError)) throw error;
      run.dispose();
      return undefined;
    } finally {
      await stage.close();
    }
  }

  /** Applies through the weather, in as many lives as it takes; then in good weather, until it has finished; then judges. */
  async #carryOut(run: MemoryRun, verb: "apply" | "undo"): Promise<void> {
    const sentBefore = [...this.#wire.sent];
    const changesBefore = this.#emulator.history.length;
    const jobsBefore = this.#emulator.transfers.jobs.size;
    const weather = this.#isCalm ? calm : drawWeather(this.#weatherChance, this.#scene);
    await this.#guarded(run);
    const isFinished = await this.#underWeather(run, weather);
    // Once more now and then: a run that has finished is left alone.
    if (!isFinished || this.#doom.hits(0.1)) await this.#inGoodWeather(run);
    await this.#time.pass(drainMs);
    this.#emulator.settle();
    const reader = await run.openReader();
    const rows = await reader.page({}, 0, 100_000);
    this.#steps += rows.length;
    for (const { step, state, result } of rows) {
      const end = `${verb} ${step.kind} ${state} ${result?.failure ?? ""}`;
      this.#ends.push(end);
      this.#note(`${step.seq} ${end}`);
    }
    const evidence: Evidence = {
      rows,
      changes: this.#emulator.history.slice(changesBefore),
      sent: this.#wire.sent.slice(sentBefore.length),
      sentBefore,
      jobs: [...this.#emulator.transfers.jobs.values()].slice(jobsBefore),
      wallStart: this.#time.wall() - Math.floor(this.#time.monotonic),
      attemptsMax: this.#options.attemptsMax,
      mayKeepRoles: this.#emulator.switches.patchOmittedRole === "keep",
      state: this.#emulator.state,
      isTrashHidden: this.#emulator.switches.readTrashed === "404",
      perMinuteMax: this.#perMinuteMax,
    };
    this.#violations.push(...judge(evidence).map((text) => `${verb}: ${text}`));
    if (this.#isCalm) this.#violations.push(...judgeCalm(evidence).map((text) => `${verb}: ${text}`));
    const bad = await reader.firstBadAuditRow();
    if (bad !== undefined) this.#violations.push(`${verb}: I8: the audit chain breaks at row ${bad}`);
  }

  /** I4: a write leaves only when the store holds an intent for it. */
  async #guarded(run: MemoryRun): Promise<void> {
    const reader = await run.openReader();
    const seqs = new Map<string, number>();
    for (const { step } of await reader.page({ kinds: ["edit"] }, 0, 100_000)) {
      if (step.kind === "edit") seqs.set(step.asset.name, step.seq);
    }
    const writes = new Map<string, number>();
    this.#wire.onSend = (sent) => {
      if (sent.kind !== "patch") return;
      const count = (writes.get(sent.asset) ?? 0) + 1;
      writes.set(sent.asset, count);
      const seq = seqs.get(sent.asset);
      if (seq === undefined) return;
      void reader.step(seq).then((row) => {
        if ((row?.attempts ?? 0) < count)
          this.#violations.push(`I4: write ${count} of ${sent.asset} has no durable intent`);
      });
    };
  }

  /** Answers whether the run has finished. */
  async #underWeather(run: MemoryRun, weather: Weather): Promise<boolean> {
    const startedAt = this.#time.monotonic;
    const planned = await plannedPairs(run);
    const sky = {
      time: this.#time,
      emulator: this.#emulator,
      wire: this.#wire,
      tokens: this.#tokenWeather,
      scene: this.#scene,
      planned,
      trace: (line: string) => this.#note(line),
    };
    const clear = begin(sky, weather, this.#people);
    let crashes = weather.crashes;
    let stops = weather.stops;
    let lasting = weather.lastsMs;
    const cleared = this.#time.after(lasting, clear);
    let isFinished = false;
    while (crashes + stops > 0 && this.#time.monotonic - startedAt < lasting) {
      const isStop = crashes === 0 || (stops > 0 && this.#doom.hits(0.5));
      const doom = isStop ? { stopAfterMs: this.#doom.between(0, weather.lastsMs / 2) } : drawDoom(this.#doom, weather);
      if (isStop) stops -= 1;
      else crashes -= 1;
      const end = await this.#live(run, doom);
      isFinished = end !== "killed" && end.end === "finished";
      if (isFinished) break;
      const pause = drawPause(this.#doom, weather);
      if (this.#doom.hits(0.5)) lasting += pause;
      await this.#time.pass(pause);
    }
    if (!isFinished && weather.lastsMs > 0) {
      const end = await this.#live(run, {});
      isFinished = end !== "killed" && end.end === "finished";
    }
    cleared.cancel();
    clear();
    return isFinished;
  }

  /** Liveness: in a healthy world the command ends the run. */
  async #inGoodWeather(run: MemoryRun): Promise<void> {
    for (let start = 1; start <= healthyStartsMax; start += 1) {
      const end = await this.#live(run, {});
      if (end === "killed") throw new Error("killed in good weather");
      if (end.end === "finished") return;
      if (this.#isCalm) this.#violations.push(`calm: the run ended ${end.end}: ${end.reason ?? ""}`);
    }
    // What is left open is judged step by step.
  }

  /** One life of the command. */
  async #live(run: MemoryRun, doom: Doom): Promise<ApplySummary | "killed"> {
    const process = this.#process(doom);
    const work = this.#command(run, process);
    const end = await this.#time.drive(Promise.race([work, process.killed]), 40 * hour);
    process.ended();
    if (end === "killed") this.#kills += 1;
    else if (process.stoppedAt !== undefined) this.#judgeStop(process);
    this.#note(`${process.id} ends ${end === "killed" ? end : `${end.end} ${end.reason ?? ""}`}`);
    return end;
  }

  async #command(run: MemoryRun, process: Process): Promise<ApplySummary> {
    const opened = await run.openJournal({ clock: process.clock });
    const journal = process.journal(opened);
    const pacer = new Pacer(process.clock, this.#rates);
    pacer.recall(parsed(await journal.kept("pacer")));
    pacer.onChange(() => journal.keep("pacer", JSON.stringify(pacer.remember())));
    const api = this.#api(process, "write", pacer);
    const summary = await applyRun(this.#surroundings(process, api), journal, this.#options);
    await journal.close();
    await api.close();
    return summary;
  }

  /** After a request to stop, what is under way is finished and nothing is begun. */
  #judgeStop(process: Process): void {
    const stoppedAt = process.stoppedAt ?? 0;
    const late = this.#wire.sent.find(
      (sent) => sent.process === process.id && sent.kind === "patch" && sent.sentAt > stoppedAt + 100,
    );
    if (late !== undefined)
      this.#violations.push(`stop: a write was sent ${late.sentAt - stoppedAt} ms after the stop`);
    const took = this.#time.monotonic - stoppedAt;
    if (took > 130_000) this.#violations.push(`stop: it took ${took} ms to end`);
  }

  async #planUndo(done: MemoryRun): Promise<MemoryRun | undefined> {
    const undo = createMemoryRun();
    this.#runs.push(undo);
    const process = this.#process();
    const reader = await done.openReader();
    const outcome = await this.#time.drive(
      undoRun(this.#surroundings(process, this.#api(process, "read")), reader, undo.writer, {
        runId: runId(this.#seed, 2),
        toolVersion: "0.0.0",
        admin: address("admin"),
        concurrency: 4,
      }),
      24 * hour,
    );
    if (outcome.kind !== "made") throw new Error(`the undo was ${outcome.kind}`);
    const rows = await (await undo.openReader()).page({}, 0, 100_000);
    const found = judgeUndo(await reader.page({}, 0, 100_000), rows, outcome.header, this.#emulator.state);
    this.#violations.push(...found);
    return rows.length > 0 ? undo : undefined;
  }
}

function ratesFor(setting: Chance): Rates {
  if (setting.hits(0.5)) return noRates;
  if (setting.hits(0.5)) return defaultRates;
  const quota = { perMinute: setting.pick([30, 120, 600]), known: true };
  return { ...noRates, project: { ...noRates.project, reads: quota, writes: quota } };
}

function runId(seed: number, which: number): string {
  return `01SIM${which}${String(seed).padStart(20, "0")}`;
}

function parsed(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

async function plannedPairs(run: MemoryRun): Promise<ReadonlyMap<string, readonly Pair[]>> {
  const reader = await run.openReader();
  const found = new Map<string, readonly Pair[]>();
  for (const { step } of await reader.page({ kinds: ["edit"] }, 0, 100_000)) {
    if (step.kind === "edit") found.set(step.asset.name, [...step.delta.add, ...step.delta.remove]);
  }
  return found;
}

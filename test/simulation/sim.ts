/** What everything in a seed shares: time, tenant, server, network, chances, machines, and the book of what happened. */
import { Emulator } from "../../src/emulator/emulator.ts";
import { RunLockedError } from "../../src/model/errors.ts";
import { fairStore } from "./bad-store.ts";
import type { StoreWeather } from "./bad-store.ts";
import { Chance } from "./chance.ts";
import { Process } from "./process.ts";
import { fairRemote } from "./remote-weather.ts";
import type { RemoteWeather } from "./remote-weather.ts";
import type { Doom } from "./process.ts";
import { makeScene } from "./scene.ts";
import type { Scene } from "./scene.ts";
import { drawSetting } from "./setting.ts";
import type { Setting, StoreKind } from "./setting.ts";
import { VirtualTime } from "./time.ts";
import type { TokenWeather } from "./tokens.ts";
import { Trace } from "./trace.ts";
import { Wire } from "./wire.ts";

/** One stream of chance for each use, so that a new draw in one moves no other. */
interface Chances {
  readonly script: Chance;
  readonly plan: Chance;
  readonly weather: Chance;
  readonly doom: Chance;
  readonly people: Chance;
  readonly jitter: Chance;
  readonly store: Chance;
  readonly remote: Chance;
  readonly doors: Chance;
}

/** A run in the seed, as far as everybody needs to know it. */
export interface Player {
  readonly label: string;
  readonly id: number;
  readonly machine: number;
  /** A write of this run for `asset` is about to leave. */
  leaves(asset: string): void;
  dispose(): void;
}

/** How the machines of a seed are given to processes that start now. */
export interface Machines {
  /** Most that a wall clock may be wrong, ms. */
  skewMaxMs: number;
  clockSleeps: boolean;
}

export class Sim {
  readonly seed: number;
  readonly storeKind: StoreKind;
  readonly time: VirtualTime;
  readonly trace: Trace;
  readonly setting: Setting;
  readonly scene: Scene;
  readonly emulator: Emulator;
  readonly wire: Wire;
  readonly chances: Chances;
  readonly tokenWeather: TokenWeather = { failing: 0, hasFailed: false };
  readonly storeWeather: StoreWeather = { ...fairStore };
  readonly remoteWeather: RemoteWeather = { ...fairRemote };
  readonly machines: Machines = { skewMaxMs: 0, clockSleeps: false };
  readonly violations: string[] = [];
  /** Names of what happened in this seed (coverage.ts). */
  readonly seen: Set<string>;
  /** Wall ms at virtual time 0. */
  readonly wallStart: number;
  readonly plays: Player[] = [];
  readonly processes: Process[] = [];
  /** Ends of steps, `apply edit applied`. */
  readonly ends: string[] = [];
  kills = 0;

  constructor(seed: number, options: { readonly keepTrace: boolean; readonly store: StoreKind | undefined }) {
    this.seed = seed;
    this.trace = new Trace(options.keepTrace);
    this.setting = drawSetting(seed);
    this.storeKind = options.store ?? this.setting.store;
    this.time = new VirtualTime(this.storeKind === "sqlite" ? "breaths" : "promises");
    this.seen = new Set(this.setting.names);
    this.wallStart = this.time.wall();
    const chance = (name: string): Chance => new Chance(seed, name);
    this.chances = {
      script: chance("script"),
      plan: chance("plan"),
      weather: chance("weather"),
      doom: chance("doom"),
      people: chance("people"),
      jitter: chance("jitter"),
      store: chance("store"),
      remote: chance("remote"),
      doors: chance("doors"),
    };
    this.scene = makeScene(this.chances.plan);
    this.emulator = new Emulator({
      clock: { now: () => this.time.wall() },
      random: chance("server").random,
      world: this.scene.world,
      switches: this.setting.switches,
      quotas: this.setting.quotas,
      transferPace: this.setting.transferPace,
      logMax: 0,
    });
    this.wire = new Wire(this.time, this.emulator, chance("network"));
    this.wire.onTrace = (line) => this.note(line);
    this.wire.onSend = ({ kind, run, asset }) => {
      if (kind === "patch") this.plays[run - 1]?.leaves(asset);
    };
  }

  readonly saw = (what: string): void => {
    this.seen.add(what);
  };

  readonly note = (line: string): void => {
    this.trace.note(this.time.monotonic, line);
  };

  wrong(what: string): void {
    this.violations.push(what);
  }

  process(play: Player, isPlanning: boolean, doom: Doom = {}): Process {
    const { skewMaxMs, clockSleeps } = this.machines;
    const { doom: chance } = this.chances;
    const skewMs = skewMaxMs === 0 ? 0 : Math.floor(chance.between(-skewMaxMs, skewMaxMs));
    if (skewMs !== 0) {
      this.saw(Math.abs(skewMs) > 300_000 ? "clock wrong by more than Google takes" : "clock slightly wrong");
    }
    const who = { id: this.processes.length + 1, run: play.id, isPlanning, machine: play.machine, skewMs, clockSleeps };
    const process = new Process(who, this.time, doom);
    this.processes.push(process);
    this.note(`${who.id} begins: ${isPlanning ? "a plan" : "an apply"} of run ${play.label}`);
    return process;
  }

  /** How a process ended that another one had taken the place of: it is told that the run is not its own any more. */
  afterReplaced(play: Player, error: unknown): void {
    if (error instanceof RunLockedError) this.saw("apply replaced, and told so");
    else this.wrong(`${play.label}: a replaced process threw ${String(error)}`);
  }

  /** Everything on one machine dies at once. */
  cutPower(machine: number): void {
    const running = this.processes.filter((each) => each.who.machine === machine && each.isRunning);
    if (running.length === 0) return;
    this.note(`- the power of machine ${machine} fails`);
    this.saw("power loss");
    for (const each of running) each.losePower();
  }

  /** The lid of one machine is shut for a while. */
  sendToSleep(machine: number, ms: number): void {
    const running = this.processes.filter((each) => each.who.machine === machine && each.isRunning);
    if (running.length === 0) return;
    this.note(`- machine ${machine} sleeps for ${ms.toFixed(0)} ms`);
    this.saw(this.machines.clockSleeps ? "sleep, the clock stands still" : "sleep, the clock jumps");
    for (const each of running) each.fallAsleep(ms);
  }
}

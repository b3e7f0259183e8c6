/** One seed from beginning to end: what it was, what went wrong, and its figures. */
import { loadDataTransfer } from "../../src/google/generated.ts";
import { coverageOf } from "./coverage.ts";
import { perform } from "./script.ts";
import type { StoreKind } from "./setting.ts";
import { Sim } from "./sim.ts";
import { NeverEnds } from "./time.ts";

export interface Outcome {
  readonly seed: number;
  readonly store: StoreKind;
  readonly violations: readonly string[];
  /** Over everything that passed the wire and every step's end. */
  readonly hash: string;
  readonly trace: readonly string[];
  readonly virtualMs: number;
  readonly events: number;
  readonly requests: number;
  readonly processes: number;
  readonly kills: number;
  readonly runs: number;
  readonly commits: number;
  readonly foreign: number;
  readonly steps: number;
  /** Ends of steps, `apply edit applied`. */
  readonly ends: readonly string[];
  /** Names of what happened (coverage.ts). */
  readonly seen: ReadonlySet<string>;
}

export interface SeedOptions {
  readonly keepTrace?: boolean | undefined;
  /** In place of the store that follows from the seed. */
  readonly store?: StoreKind | undefined;
}

/** A year: whatever takes longer never ends. */
const virtualMsMax = 365 * 24 * 3_600_000;

/** Loading takes real time, which must not pass inside a seed. */
const loading = loadDataTransfer();

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<Outcome> {
  await loading;
  const sim = new Sim(seed, { keepTrace: options.keepTrace ?? false, store: options.store });
  try {
    await sim.time.drive(perform(sim), virtualMsMax);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    sim.wrong(error instanceof NeverEnds ? `I7: ${error.message}` : `threw: ${text}`);
  } finally {
    for (const play of sim.plays) play.dispose();
  }
  return outcomeOf(sim);
}

function outcomeOf(sim: Sim): Outcome {
  const { history } = sim.emulator;
  const commits = sim.wire.makers.size;
  return {
    seed: sim.seed,
    store: sim.storeKind,
    violations: sim.violations,
    hash: sim.trace.hash,
    trace: sim.trace.lines,
    virtualMs: sim.time.monotonic,
    events: sim.time.events,
    requests: sim.wire.sent.length,
    processes: sim.processes.length,
    kills: sim.kills,
    runs: sim.plays.length,
    commits,
    foreign: history.length - commits,
    steps: sim.ends.length,
    ends: sim.ends,
    seen: coverageOf(sim),
  };
}

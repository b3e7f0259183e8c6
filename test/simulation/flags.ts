/** What the simulation's command line may say. */
import { parseArgs } from "node:util";
import type { StoreKind } from "./setting.ts";

export interface Flags {
  /** One seed alone; undefined for many. */
  readonly seed: number | undefined;
  readonly from: number;
  readonly seeds: number;
  /** Stop after so many failing seeds. */
  readonly failuresMax: number;
  readonly trace: boolean;
  readonly coverage: boolean;
  readonly ends: boolean;
  readonly store: StoreKind | undefined;
}

/** Answers a sentence where the arguments are no good. */
export function parseFlags(args: readonly string[]): Flags | string {
  try {
    return flagsFrom(args);
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}

function flagsFrom(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: "string", default: "1000" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      failures: { type: "string", default: "5" },
      trace: { type: "boolean", default: false },
      coverage: { type: "boolean", default: false },
      ends: { type: "boolean", default: false },
      store: { type: "string" },
    },
  });
  const { seed, store, trace, coverage, ends } = values;
  if (store !== undefined && store !== "model" && store !== "sqlite" && store !== "remote") {
    throw new Error(`--store is model, sqlite or remote, not ${JSON.stringify(store)}`);
  }
  if (trace && seed === undefined) throw new Error("--trace shows one seed: name it with --seed");
  return {
    seed: seed === undefined ? undefined : whole("seed", seed, 0),
    from: whole("from", values.from, 0),
    seeds: whole("seeds", values.seeds, 1),
    failuresMax: whole("failures", values.failures, 1),
    trace,
    coverage,
    ends,
    store,
  };
}

function whole(name: string, text: string, least: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least) return value;
  throw new Error(`--${name} is a whole number of at least ${least}, not ${JSON.stringify(text)}`);
}

/** A figure of the benchmark: a ratio or a size measured over several rounds, beside the goal it is held against. */

export interface Goal {
  readonly bound: "at least" | "at most";
  readonly value: number;
  /** Does not depend on the machine: missing it is a fault, whatever is tolerated of speed. */
  readonly isExact: boolean;
}

export interface Figure {
  /** The benchmark it belongs to: what `--only` takes. */
  readonly bench: string;
  readonly name: string;
  readonly unit: string;
  /** The median over the rounds, and what they lay between. */
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
  /** Undefined for a figure that is only told. */
  readonly goal: Goal | undefined;
  readonly note: string;
}

export type Verdict = "met" | "MISSED" | "told";

export function figure(
  bench: string,
  name: string,
  unit: string,
  values: readonly number[],
  goal: Goal | undefined,
  note = "",
): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[0] ?? NaN;
  const high = sorted.at(-1) ?? NaN;
  return { bench, name, unit, median: median(values), low, high, rounds: values.length, goal, note };
}

export function atMost(value: number): Goal {
  return { bound: "at most", value, isExact: false };
}

export function atLeast(value: number): Goal {
  return { bound: "at least", value, isExact: false };
}

/** Of a goal that holds on every machine. */
export function exactly(goal: Goal): Goal {
  return { ...goal, isExact: true };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? NaN;
  return Number.isInteger(half) ? ((sorted[half - 1] ?? NaN) + upper) / 2 : upper;
}

export function verdictOf({ goal, median: measured }: Figure): Verdict {
  if (goal === undefined) return "told";
  const isMet = goal.bound === "at least" ? measured >= goal.value : measured <= goal.value;
  return isMet ? "met" : "MISSED";
}

/** Three digits that count. */
export function brief(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

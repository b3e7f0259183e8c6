/** Figures as people read them: lines for a terminal, and the Markdown that a README quotes. */
import { brief, verdictOf } from "./figure.ts";
import type { Figure } from "./figure.ts";
import type { Machine } from "./machine.ts";

/** What one call of the benchmark found: its last line. */
export interface Report {
  readonly scale: string;
  readonly seconds: number;
  readonly machine: Machine & { readonly loadBefore: number; readonly loadAfter: number };
  readonly missed: readonly string[];
  /** Goals that hold on every machine and were missed. */
  readonly wrong: readonly string[];
  readonly figures: readonly Figure[];
}

export const heading: string = line("", "median", "spread", "goal", "figure");

/** Two lines of the table: the figure, and how it came about. */
export function figureLine(shown: Figure): string {
  const { bench, name, note } = shown;
  const first = line(verdictOf(shown), medianText(shown), spreadText(shown), goalText(shown), `${bench}: ${name}`);
  return note === "" ? first : `${first}\n${" ".repeat(44)}${note}`;
}

/** A table of all that has a goal, the machine above it. */
export function markdown({ scale, seconds, machine, figures }: Report): string {
  const { cpu, cores, memoryGb, system, node, loadBefore } = machine;
  const rows = figures
    .filter(({ goal }) => goal !== undefined)
    .map((shown) => {
      const cells = [`${shown.bench}: ${shown.name}`, medianText(shown), spreadText(shown), goalText(shown)];
      return `| ${[...cells, verdictOf(shown)].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
    });
  const where = `${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}`;
  return [
    `\`npm run bench -- --scale ${scale} --table\` on ${where}; load ${loadBefore} before, ${brief(seconds / 60)} min:`,
    "",
    "| figure | median | spread | goal | |",
    "| ------ | ------ | ------ | ---- | - |",
    ...rows,
  ].join("\n");
}

function medianText({ median, unit }: Figure): string {
  return `${brief(median)} ${unit}`.trimEnd();
}

function spreadText({ low, high, rounds }: Figure): string {
  return rounds > 1 ? `${brief(low)} to ${brief(high)}` : "";
}

function goalText({ goal }: Figure): string {
  return goal === undefined ? "" : `${goal.bound === "at least" ? ">=" : "<="} ${brief(goal.value)}`;
}

function line(verdict: string, ...cells: readonly [string, string, string, string]): string {
  const [median, spread, goal, name] = cells;
  return `${verdict.padEnd(6)}  ${median.padStart(8)}  ${spread.padEnd(14)}  ${goal.padEnd(8)}  ${name}`.trimEnd();
}

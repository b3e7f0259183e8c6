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

/** Which goals were missed, those that hold on every machine by themselves. */
export function missedOf(figures: readonly Figure[]): Pick<Report, "wrong" | "missed"> {
  const all = figures.filter((each) => verdictOf(each) === "MISSED");
  const named = (of: readonly Figure[]): readonly string[] => of.map(({ bench, name }) => `${bench}: ${name}`);
  return {
    wrong: named(all.filter(({ goal }) => goal?.isExact === true)),
    missed: named(all.filter(({ goal }) => goal?.isExact !== true)),
  };
}

/** Several calls as one: of a figure that was measured again, the later one. */
export function together(reports: readonly Report[]): Report {
  const [first, ...rest] = reports;
  if (first === undefined) throw new RangeError("no report");
  return rest.reduce((all, one) => {
    const again = (each: Figure): boolean => one.figures.some((it) => it.bench === each.bench && it.name === each.name);
    const { loadBefore, loadAfter } = all.machine;
    const figures = [...all.figures.filter((each) => !again(each)), ...one.figures];
    return {
      ...all,
      seconds: all.seconds + one.seconds,
      machine: {
        ...one.machine,
        loadBefore: Math.max(loadBefore, one.machine.loadBefore),
        loadAfter: Math.max(loadAfter, one.machine.loadAfter),
      },
      ...missedOf(figures),
      figures,
    };
  }, first);
}

/** A table of all that has a goal, the machine above it. */
export function markdown({ scale, seconds, machine, figures }: Report): string {
  const { cpu, cores, memoryGb, system, node, loadBefore } = machine;
  const rows = figures
    .filter(({ goal }) => goal !== undefined)
    .map((shown) => {
      const cells = [`${shown.bench}: ${shown.name}`, medianText(shown), spreadText(shown), goalText(shown)];
      const all = [...cells, verdictOf(shown), shown.note];
      return `| ${all.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
    });
  const where = `${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}`;
  return [
    `\`npm run bench -- --scale ${scale} --table\` on ${where}; load ${loadBefore} at the most before, ${brief(seconds / 60)} min:`,
    "",
    "| figure | median | spread | goal | | measured at |",
    "| ------ | ------ | ------ | ---- | - | ----------- |",
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

/** The command line of the benchmark: figures, each beside its goal; last, one line of JSON. */
import { readFileSync } from "node:fs";
import { apply } from "./apply.ts";
import { calls } from "./calls.ts";
import { fleet } from "./fleet.ts";
import type { Figure } from "./figure.ts";
import { parseFlags } from "./flags.ts";
import type { Flags } from "./flags.ts";
import { helpText, meanings } from "./help.ts";
import { latency } from "./latency.ts";
import { load, machine } from "./machine.ts";
import { memory } from "./memory.ts";
import { plan, yaml } from "./plan.ts";
import { quota } from "./quota.ts";
import { report } from "./report.ts";
import { growth, resume } from "./resume.ts";
import type { Bench } from "./setting.ts";
import { startup } from "./startup.ts";
import { figureLine, heading, markdown, missedOf, together } from "./table.ts";
import type { Report } from "./table.ts";
import { Workshop } from "./workshop.ts";

/** What is exact comes first. */
const benches: Readonly<Record<string, Bench>> = {
  calls,
  quota,
  apply,
  latency,
  plan,
  yaml,
  resume,
  startup,
  growth,
  memory,
  report,
  fleet,
};

const flags = parseFlags(process.argv.slice(2), Object.keys(meanings));
if (typeof flags === "string") {
  process.stderr.write(`${flags}\n`);
  process.exitCode = 3;
} else if (flags.help) {
  process.stdout.write(helpText());
} else if (flags.from.length > 0) {
  const earlier = together(flags.from.map(reportIn));
  if (!flags.json && !flags.table) for (const text of [heading, ...earlier.figures.map(figureLine)]) print(text);
  print(flags.table ? markdown(earlier) : JSON.stringify(earlier));
} else {
  await run(flags);
}

function reportIn(file: string): Report {
  return JSON.parse(readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? "") as Report;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function run({ only, scale, most, json, table, strict }: Flags): Promise<void> {
  const isShown = !json && !table;
  const say = (text: string): void => void (isShown && process.stderr.write(`${text}\n`));
  const workshop = await Workshop.open();
  const figures: Figure[] = [];
  const broken: string[] = [];
  const loadBefore = load();
  const startedAt = performance.now();
  if (isShown) print(heading);
  try {
    for (const [name, bench] of Object.entries(benches)) {
      if (only.length > 0 && !only.includes(name)) continue;
      try {
        const found = await bench({ scale, most, workshop, say });
        figures.push(...found);
        if (isShown) for (const each of found) print(figureLine(each));
      } catch (error) {
        broken.push(name);
        process.stderr.write(
          `${name} could not be measured: ${error instanceof Error ? error.stack : String(error)}\n`,
        );
      }
    }
  } finally {
    await workshop.close();
  }
  const found: Report & { readonly broken: readonly string[] } = {
    scale,
    seconds: Math.round((performance.now() - startedAt) / 1000),
    machine: { ...machine(), loadBefore, loadAfter: load() },
    broken,
    ...missedOf(figures),
    figures,
  };
  print(table ? markdown(found) : JSON.stringify(found));
  process.exitCode = broken.length > 0 ? 2 : found.wrong.length > 0 || (strict && found.missed.length > 0) ? 1 : 0;
}

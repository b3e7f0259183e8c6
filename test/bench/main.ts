/** The command line of the benchmark: figures, each beside its goal; last, one line of JSON. */
import { apply } from "./apply.ts";
import { memory, report } from "./memory.ts";
import { plan, yaml } from "./plan.ts";
import { quota } from "./quota.ts";
import { growth, resume } from "./resume.ts";
import { startup } from "./startup.ts";
import { calls } from "./calls.ts";
import { figureLine, verdictOf } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { parseFlags } from "./flags.ts";
import type { Flags } from "./flags.ts";
import { latency } from "./latency.ts";
import { load, machine } from "./machine.ts";
import type { Bench } from "./setting.ts";
import { Workshop } from "./workshop.ts";

const benches: Readonly<Record<string, Bench>> = {
  apply,
  latency,
  quota,
  plan,
  yaml,
  resume,
  memory,
  calls,
  startup,
  growth,
  report,
};

const flags = parseFlags(process.argv.slice(2), Object.keys(benches));
if (typeof flags === "string") {
  process.stderr.write(`${flags}\n`);
  process.exitCode = 3;
} else {
  await run(flags);
}

async function run({ only, scale, json, strict }: Flags): Promise<void> {
  const say = (text: string): void => void (json || process.stderr.write(`${text}\n`));
  const workshop = await Workshop.open();
  const figures: Figure[] = [];
  const loadBefore = load();
  const startedAt = performance.now();
  try {
    for (const [name, bench] of Object.entries(benches)) {
      if (only.length > 0 && !only.includes(name)) continue;
      const found = await bench({ scale, workshop, say });
      figures.push(...found);
      if (!json) for (const each of found) process.stdout.write(`${figureLine(each)}\n`);
    }
  } finally {
    await workshop.close();
  }
  const missed = figures.filter((each) => verdictOf(each) === "MISS").map(({ bench, name }) => `${bench}: ${name}`);
  const shown = figures.map((each) => ({ ...each, verdict: verdictOf(each) }));
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const where = { ...machine(), loadBefore, loadAfter: load() };
  process.stdout.write(`${JSON.stringify({ scale, seconds, machine: where, missed, figures: shown })}\n`);
  process.exitCode = strict && missed.length > 0 ? 1 : 0;
}

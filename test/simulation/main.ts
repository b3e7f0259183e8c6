/** The command line of the simulation: seeds in, figures out, and for a failing seed the one command that replays it. */
import { parseArgs } from "node:util";
import { runSeed } from "./seed.ts";
import type { Outcome } from "./seed.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    /** Stop after so many failing seeds. */
    failures: { type: "string", default: "5" },
    ends: { type: "boolean", default: false },
  },
});

const out = (text: string): void => void process.stdout.write(`${text}\n`);

if (values.seed === undefined) await many(Number(values.from), Number(values.seeds), Number(values.failures));
else await one(Number(values.seed));

async function one(seed: number): Promise<void> {
  const outcome = await runSeed(seed, { keepTrace: values.trace });
  for (const line of outcome.trace) out(line);
  const { violations, hash } = outcome;
  for (const violation of violations) out(`seed ${seed}: ${violation}`);
  const again = await runSeed(seed);
  if (again.hash !== hash) out(`seed ${seed}: not the same twice`);
  out(JSON.stringify({ seed, hash, violations: violations.length, requests: outcome.requests, steps: outcome.steps }));
  process.exitCode = violations.length > 0 || again.hash !== hash ? 1 : 0;
}

async function many(from: number, seeds: number, failuresMax: number): Promise<void> {
  const startedAt = performance.now();
  const sums = {
    seeds: 0,
    failing: 0,
    unrepeatable: 0,
    virtualHours: 0,
    kills: 0,
    processes: 0,
    requests: 0,
    commits: 0,
    foreign: 0,
    steps: 0,
    events: 0,
  };
  const ends = new Map<string, number>();
  for (let seed = from; seed < from + seeds && sums.failing < failuresMax; seed += 1) {
    const outcome = await runSeed(seed);
    add(sums, outcome);
    for (const end of outcome.ends) ends.set(end, (ends.get(end) ?? 0) + 1);
    // Every hundredth is run again: the same seed must give the same trace.
    if (seed % 100 === 0 && (await runSeed(seed)).hash !== outcome.hash) {
      sums.unrepeatable += 1;
      out(`seed ${seed} is not the same twice: npm run sim -- --seed ${seed} --trace`);
    }
    if (outcome.violations.length === 0) continue;
    sums.failing += 1;
    for (const violation of outcome.violations.slice(0, 5)) out(`seed ${seed}: ${violation}`);
    out(`  npm run sim -- --seed ${seed} --trace`);
  }
  if (values.ends) for (const [end, count] of ends) out(`${count}\t${end}`);
  const minutes = (performance.now() - startedAt) / 60_000;
  out(
    JSON.stringify({
      ...sums,
      virtualHours: Math.round(sums.virtualHours),
      seedsPerMinute: Math.round(sums.seeds / minutes),
    }),
  );
  process.exitCode = sums.failing + sums.unrepeatable > 0 ? 1 : 0;
}

function add(sums: Record<string, number>, outcome: Outcome): void {
  const plus = (name: string, count: number): void => {
    sums[name] = (sums[name] ?? 0) + count;
  };
  plus("seeds", 1);
  plus("virtualHours", outcome.virtualMs / 3_600_000);
  plus("kills", outcome.kills);
  plus("processes", outcome.processes);
  plus("requests", outcome.requests);
  plus("commits", outcome.commits);
  plus("foreign", outcome.foreign);
  plus("steps", outcome.steps);
  plus("events", outcome.events);
}

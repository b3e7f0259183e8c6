/** The command line of the simulation: seeds in, figures out, and for a failing seed the one command that replays it. */
import { missingFrom } from "./coverage.ts";
import { parseFlags } from "./flags.ts";
import type { Flags } from "./flags.ts";
import { runSeed } from "./seed.ts";
import { Sums } from "./sums.ts";

const out = (text: string): void => void process.stdout.write(`${text}\n`);
/** Every so manieth seed is run again: the same seed must give the same trace. */
const againEvery = 100;

const flags = parseFlags(process.argv.slice(2));
if (typeof flags === "string") {
  process.stderr.write(`${flags}\n`);
  process.exitCode = 3;
} else if (flags.seed === undefined) {
  await many(flags);
} else {
  await one(flags.seed, flags);
}

function replay(seed: number, { store }: Flags): string {
  return `npm run sim -- --seed ${seed}${store === undefined ? "" : ` --store ${store}`} --trace`;
}

async function one(seed: number, { trace, store, coverage }: Flags): Promise<void> {
  const outcome = await runSeed(seed, { keepTrace: trace, store });
  for (const line of outcome.trace) out(line);
  const { violations, hash } = outcome;
  for (const violation of violations) out(`seed ${seed}: ${violation}`);
  const again = await runSeed(seed, { store });
  const isSame = again.hash === hash;
  if (!isSame) out(`seed ${seed} is not the same twice`);
  if (coverage) for (const name of [...outcome.seen].toSorted()) out(name);
  const { requests, steps, runs, kills } = outcome;
  out(
    JSON.stringify({
      seed,
      store: outcome.store,
      hash,
      violations: violations.length,
      isSame,
      runs,
      kills,
      requests,
      steps,
    }),
  );
  process.exitCode = violations.length > 0 || !isSame ? 1 : 0;
}

async function many(asked: Flags): Promise<void> {
  const { from, seeds, failuresMax, store } = asked;
  const sums = new Sums();
  // Most errors here are the weather, and nobody reads where they came from: a sixth of the work of a seed.
  Error.stackTraceLimit = 0;
  for (let seed = from; seed < from + seeds && sums.failing < failuresMax; seed += 1) {
    const outcome = await runSeed(seed, { store });
    sums.add(outcome);
    if (seed % againEvery === 0 && (await runSeed(seed, { store })).hash !== outcome.hash) {
      sums.unrepeatable += 1;
      out(`seed ${seed} is not the same twice: ${replay(seed, asked)}`);
    }
    for (const violation of outcome.violations.slice(0, 5)) out(`seed ${seed}: ${violation}`);
    if (outcome.violations.length > 0) out(`  ${replay(seed, asked)}`);
  }
  if (asked.ends) for (const [end, count] of byCount(sums.ends)) out(`${count}\t${end}`);
  if (asked.coverage) {
    for (const [name, count] of byCount(sums.seen)) out(`${count}\t${name}`);
    for (const name of missingFrom(sums.seen)) out(`never\t${name}`);
  }
  out(sums.json());
  process.exitCode = sums.failing + sums.unrepeatable > 0 ? 1 : 0;
}

function byCount(counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...counts].toSorted(([a, x], [b, y]) => y - x || a.localeCompare(b));
}

/** The command line of the campaign with real processes: runs from seeds, figures last, and for a bad run the command that replays it. */
import { parseArgs } from "node:util";
import { playSeed } from "./run.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    /** Runs under way at once. */
    lanes: { type: "string", default: "2" },
    /** Every life of a process. */
    trace: { type: "boolean", default: false },
  },
});

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const startedAt = performance.now();
const sums = { runs: 0, bad: 0, starts: 0, requests: 0, changes: 0 };
const deeds = new Map<string, number>();

const seeds =
  values.seed === undefined
    ? Array.from({ length: Number(values.runs) }, (_, index) => Number(values.from) + index)
    : [Number(values.seed)];

await Promise.all(Array.from({ length: Number(values.lanes) }, lane));
process.stdout.write(
  `${JSON.stringify({
    ...sums,
    deeds: Object.fromEntries(deeds),
    seconds: Math.round((performance.now() - startedAt) / 1000),
  })}\n`,
);
process.exitCode = sums.bad > 0 ? 1 : 0;

async function lane(): Promise<void> {
  for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) await one(seed);
}

async function one(seed: number): Promise<void> {
  const begun = performance.now();
  const verdict = await playSeed(seed, values.trace ? (text) => say(`run ${seed}: ${text}`) : () => undefined);
  sums.runs += 1;
  sums.starts += verdict.starts;
  sums.requests += verdict.requests;
  sums.changes += verdict.changes;
  for (const [deed, count] of verdict.deeds) deeds.set(deed, (deeds.get(deed) ?? 0) + count);
  const took = Math.round((performance.now() - begun) / 1000);
  say(`run ${seed}: ${verdict.starts} starts, ${verdict.requests} requests, ${verdict.changes} changes, ${took} s`);
  if (verdict.violations.length === 0) return;
  sums.bad += 1;
  for (const violation of verdict.violations.slice(0, 8)) say(`run ${seed}: ${violation}`);
  say(`  npm run crash -- --seed ${seed}`);
}

/**
 * The command line of the campaign with real processes: runs from seeds and every scenario with a name, the figures last,
 * and for each bad one the command that plays it again. What is done, and at which moment, follows from the seed; how the
 * operating system times it does not, so that a replay meets the same schedule and not always the same instant.
 */
import { parseArgs } from "node:util";
import { Stage } from "../support/process.ts";
import { tenant } from "./grants.ts";
import type { Scenario } from "./grants.ts";
import { playSeed } from "./run.ts";
import { scenarios } from "./scenarios.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10" },
    from: { type: "string", default: "1" },
    /** This run only. */
    seed: { type: "string" },
    /** The scenarios only whose name holds this text. */
    scenario: { type: "string" },
    /** How many are under way at once. */
    lanes: { type: "string", default: "2" },
    /** Workers on a PostgreSQL instead: so many kills, in so many seconds at most. */
    fleet: { type: "boolean", default: false },
    kills: { type: "string", default: "50" },
    seconds: { type: "string", default: "200" },
    /** Every life of a process. */
    trace: { type: "boolean", default: false },
  },
});

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const startedAt = performance.now();
const sums = { runs: 0, scenarios: 0, starts: 0, requests: 0, changes: 0, bad: 0, violations: 0 };
const deeds = new Map<string, number>();

/** Plays on the stage of its lane, which it makes if it needs one. */
type Part = (lane: Lane) => Promise<void>;

class Lane {
  #stage: Stage | undefined;

  async stage(): Promise<Stage> {
    this.#stage ??= await Stage.start(tenant);
    return this.#stage;
  }

  async close(): Promise<void> {
    await this.#stage?.close();
  }
}

// Leaving in an orderly way takes the processes along.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

if (values.fleet) await fleetOnly();
const parts = values.fleet ? [] : chosen();
await Promise.all(
  Array.from({ length: Number(values.lanes) }, async () => {
    const lane = new Lane();
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) await part(lane);
    await lane.close();
  }),
);
if (!values.fleet) {
  const kills = Object.fromEntries(deeds);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stdout.write(`${JSON.stringify({ ...sums, kills, seconds })}\n`);
  process.exitCode = sums.bad > 0 ? 1 : 0;
}

async function fleetOnly(): Promise<void> {
  const { playFleet } = await import("./fleet.ts");
  const { violations, ...figures } = await playFleet({
    seed: Number(values.seed ?? values.from),
    workers: 4,
    kills: Number(values.kills),
    secondsMax: Number(values.seconds),
    note: say,
  });
  for (const violation of violations.slice(0, 20)) say(`VIOLATION: ${violation}`);
  process.stdout.write(`${JSON.stringify({ fleet: true, ...figures, violations: violations.length })}\n`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}

/** The scenarios once for every ten runs. */
function chosen(): Part[] {
  const { seed, scenario } = values;
  if (seed !== undefined) return [async () => playRun(Number(seed))];
  if (scenario !== undefined) return scenarios.filter(({ name }) => name.includes(scenario)).map(scenarioPart);
  const runs = Array.from({ length: Number(values.runs) }, (_, index) => Number(values.from) + index);
  return runs.flatMap((run, index) => [
    ...(index % 10 === 0 ? scenarios.map(scenarioPart) : []),
    async (): Promise<void> => playRun(run),
  ]);
}

async function playRun(seed: number): Promise<void> {
  const begun = performance.now();
  const verdict = await playSeed(seed, values.trace ? (text) => say(`run ${seed}: ${text}`) : () => undefined);
  sums.runs += 1;
  sums.starts += verdict.starts;
  sums.requests += verdict.requests;
  sums.changes += verdict.changes;
  for (const [deed, count] of verdict.deeds) deeds.set(deed, (deeds.get(deed) ?? 0) + count);
  const { starts, requests, changes, violations } = verdict;
  say(`run ${seed}: ${starts} starts, ${requests} requests, ${changes} changes, ${since(begun)}`);
  if (violations.length > 0) bad(`run ${seed}`, violations, `--seed ${seed}`);
}

function scenarioPart(scenario: Scenario): Part {
  return async (lane) => {
    const begun = performance.now();
    sums.scenarios += 1;
    try {
      await scenario.play(await lane.stage());
      say(`${scenario.name}: ${since(begun)}`);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      bad(scenario.name, [text], `--scenario ${JSON.stringify(scenario.name)}`);
    }
  };
}

function bad(what: string, violations: readonly string[], again: string): void {
  sums.bad += 1;
  sums.violations += violations.length;
  for (const violation of violations.slice(0, 8)) say(`VIOLATION in ${what}: ${violation}`);
  say(`  npm run crash -- ${again}`);
}

function since(begun: number): string {
  return `${((performance.now() - begun) / 1000).toFixed(1)} s`;
}

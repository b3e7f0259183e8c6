/** From the start of `handover apply` to its first request, with nearly everything still to do, half of it, and one step. */
import { wallClock } from "../../src/cli/context.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { applied } from "./apply.ts";
import { atMost, brief, figure } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { Instant } from "./instant.ts";
import { mainFile, measure } from "./measured.ts";
import { sized } from "./setting.ts";
import type { Setting } from "./setting.ts";

/** Steps left to whoever is measured: the first request is what counts. */
export async function resume(setting: Setting): Promise<readonly Figure[]> {
  const steps = sized(setting, 10_000, 1_000_000);
  const rounds = sized(setting, 1, 5);
  const states = [
    { name: "1 done", done: 1 },
    { name: "half done", done: steps / 2 },
    { name: "all but 1 done", done: steps - 1 },
  ];
  const times = states.map((): number[] => []);
  const work = states.map((): number[] => []);
  const found = states.map((): number[] => []);
  const server = await Instant.start();
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const [i, { name, done }] of states.entries()) {
        const run = await setting.workshop.run(steps, done);
        found[i]?.push(await firstOpenMs(run));
        const { ms, cpuMs } = await firstChange(setting, server, run);
        await setting.workshop.drop(run);
        times[i]?.push(ms);
        work[i]?.push(cpuMs);
        setting.say(`resume: ${brief(ms)} ms, ${brief(cpuMs)} ms of CPU, with ${name}`);
      }
    }
  } finally {
    await server.close();
  }
  return states.flatMap(({ name }, i) => [
    figure("resume", `finding the first open step, ${brief(steps)} steps, ${name}`, "ms", found[i] ?? [], atMost(10)),
    figure("resume", `start to first request, ${brief(steps)} steps, ${name}`, "ms", times[i] ?? [], atMost(500)),
    figure("resume", `CPU until then, ${name}`, "ms", work[i] ?? [], undefined),
  ]);
}

/** To a step in hand, the page of steps it stands on compared with its digest. */
async function firstOpenMs(run: string): Promise<number> {
  const journal = await openJournal(run, { clock: wallClock });
  try {
    const startedAt = performance.now();
    const claims = await journal.claim({ max: 1, perActor: 1, halted: new Set() });
    const ms = performance.now() - startedAt;
    if (claims.length !== 1) throw new Error("no step is open");
    return ms;
  } finally {
    await journal.close();
  }
}

/** The rest of the run is left undone: the time allowed is over before it has begun in earnest. */
async function firstChange(
  setting: Setting,
  server: Instant,
  run: string,
): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const { workshop } = setting;
  const args = ["apply", run, "--yes", "--concurrency", "4", "--max-duration", "1s"];
  const env = { ...workshop.env, HANDOVER_ENDPOINT: server.url };
  const { firstChangeMs, cpuAtFirstMs } = await measure({
    file: mainFile,
    args,
    cwd: workshop.folder,
    env,
    codes: [0, 10],
  });
  await server.seen();
  if (firstChangeMs === undefined) throw new Error("nothing was sent");
  return { ms: firstChangeMs, cpuMs: cpuAtFirstMs };
}

/** Cost of a step as the run grows. */
export async function growth(setting: Setting): Promise<readonly Figure[]> {
  const most = setting.most ?? Infinity;
  const sizes =
    setting.scale === "small" ? [500, 2000, 8000] : [1000, 10_000, 100_000, 1_000_000].filter((n) => n <= most);
  const rounds = sized(setting, 1, 3);
  const server = await Instant.start();
  const cpu: number[] = [];
  const wall: number[] = [];
  let note = "";
  try {
    for (let round = 0; round < rounds; round += 1) {
      const costs = [];
      for (const steps of sizes) {
        const run = await setting.workshop.run(steps);
        const one = await applied(setting, server, run, steps);
        await setting.workshop.drop(run);
        costs.push({ steps, cpuUs: one.cpuUs, wallUs: 1e6 / one.perSecond });
        setting.say(
          `growth: ${brief(steps)} steps, ${brief(one.cpuUs)} us of CPU a step, ${brief(one.perSecond)} steps/s`,
        );
      }
      cpu.push(slope(costs.map(({ steps, cpuUs }) => [steps, steps * cpuUs])));
      wall.push(slope(costs.map(({ steps, wallUs }) => [steps, steps * wallUs])));
      note = costs.map(({ steps, cpuUs }) => `${brief(steps)}: ${brief(cpuUs)} us`).join(", ");
    }
  } finally {
    await server.close();
  }
  return [
    figure("growth", "slope of CPU over steps, log-log", "", cpu, atMost(1.05), note),
    figure("growth", "slope of time over steps, log-log", "", wall, atMost(1.05)),
  ];
}

/** Of the straight line that fits the logarithms best: 1 when twice the steps cost twice as much. */
function slope(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (at: 0 | 1): number => logs.reduce((sum, point) => sum + point[at], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const over = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  const under = logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return over / under;
}

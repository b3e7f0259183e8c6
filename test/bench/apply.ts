/** The whole path of `handover apply` over a bare undici loop sending the same requests to the same server. */
import { atLeast, atMost, brief, figure, median } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { Instant, spanMs } from "./instant.ts";
import { childFile, mainFile, measure } from "./measured.ts";
import { sized } from "./setting.ts";
import type { Setting } from "./setting.ts";

/** Steps under way at once. The barrier of the journal lets so many steps pass for each commit. */
const workers = 256;

export interface Applied {
  /** Changes a second from the first to the last, as the server saw them. */
  readonly perSecond: number;
  /** CPU in the client for one change, from the first on. */
  readonly cpuUs: number;
  readonly rssMaxMb: number;
  readonly firstChangeMs: number;
}

/** Carries out a run of `steps` steps with the package as it ships. */
export async function applied(setting: Setting, server: Instant, run: string, steps: number): Promise<Applied> {
  const { workshop } = setting;
  await server.seen();
  const args = ["apply", run, "--yes", "--concurrency", String(workers)];
  const env = { ...workshop.env, HANDOVER_ENDPOINT: server.url };
  const ours = await measure({ file: mainFile, args, cwd: workshop.folder, env });
  return summed(await server.seen(), ours, steps);
}

async function bare(setting: Setting, server: Instant, steps: number): Promise<Applied> {
  await server.seen();
  const args = [server.url, String(steps)];
  const limit = await measure({ file: childFile("bare"), args, cwd: setting.workshop.folder });
  return summed(await server.seen(), limit, steps);
}

function summed(
  seen: Awaited<ReturnType<Instant["seen"]>>,
  probed: Awaited<ReturnType<typeof measure>>,
  steps: number,
): Applied {
  if (seen.patches !== steps) throw new Error(`${seen.patches} changes reached the server instead of ${steps}`);
  return {
    perSecond: (steps / spanMs(seen)) * 1000,
    cpuUs: ((probed.cpuMs - probed.cpuAtFirstMs) * 1000) / steps,
    rssMaxMb: probed.rssMaxMb,
    firstChangeMs: probed.firstChangeMs ?? NaN,
  };
}

export async function apply(setting: Setting): Promise<readonly Figure[]> {
  const steps = sized(setting, 4000, 100_000);
  const rounds = sized(setting, 2, 5);
  const ours: Applied[] = [];
  const limits: Applied[] = [];
  const server = await Instant.start();
  try {
    for (let round = 0; round < rounds; round += 1) {
      const limit = await bare(setting, server, steps);
      const run = await setting.workshop.run(steps);
      const one = await applied(setting, server, run, steps);
      await setting.workshop.drop(run);
      limits.push(limit);
      ours.push(one);
      setting.say(`apply: ${brief(one.perSecond)} steps/s beside ${brief(limit.perSecond)}`);
    }
  } finally {
    await server.close();
  }
  const over = (of: (applied: Applied) => number): number[] =>
    ours.map((one, i) => of(one) / of(limits[i] ?? { ...one, perSecond: NaN, cpuUs: NaN }));
  const rate = ({ perSecond }: Applied): number => perSecond;
  const cpu = ({ cpuUs }: Applied): number => cpuUs;
  const beside = (of: (applied: Applied) => number, unit: string): string =>
    `${brief(median(ours.map(of)))} ${unit} beside ${brief(median(limits.map(of)))}, ${brief(steps)} steps, ${workers} under way`;
  return [
    figure("apply", "steps a second over the bare loop", "x", over(rate), atLeast(0.8), beside(rate, "steps/s")),
    figure("apply", "CPU for a step over the bare loop's", "x", over(cpu), atMost(1.6), beside(cpu, "us")),
  ];
}

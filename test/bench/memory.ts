/** Peak memory of each verb at a large run over a small one. */
import { join } from "node:path";
import { applied } from "./apply.ts";
import { csvPlan } from "./facts.ts";
import { atMost, brief, figure, median } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { Instant } from "./instant.ts";
import { mainFile, measure } from "./measured.ts";
import { planned } from "./plan.ts";
import { sized } from "./setting.ts";
import type { Setting } from "./setting.ts";

type Verb = (setting: Setting, server: Instant, steps: number) => Promise<number>;

const verbs: Readonly<Record<string, Verb>> = {
  plan: async (setting, _server, steps) => {
    const file = join(setting.workshop.folder, `memory-${steps}.csv`);
    await csvPlan(file, steps);
    const run = join(setting.workshop.folder, `memory-${steps}.handover`);
    const { rssMaxMb } = await planned(setting, file, run, steps);
    await setting.workshop.drop(run);
    return rssMaxMb;
  },
  apply: async (setting, server, steps) => {
    const run = await setting.workshop.run(steps);
    const { rssMaxMb } = await applied(setting, server, run, steps);
    await setting.workshop.drop(run);
    return rssMaxMb;
  },
  verify: (setting, server, steps) => onDone(setting, server, steps, (run) => ["verify", run]),
  undo: (setting, server, steps) => onDone(setting, server, steps, (run) => ["undo", run, "-o", `${run}-undo`]),
  report: (setting, server, steps) => onDone(setting, server, steps, (run) => ["report", run]),
  "report --csv": (setting, server, steps) => onDone(setting, server, steps, (run) => ["report", run, "--csv"]),
};

async function onDone(
  setting: Setting,
  server: Instant,
  steps: number,
  args: (run: string) => readonly string[],
): Promise<number> {
  const { workshop } = setting;
  const run = await workshop.run(steps, steps);
  const env = { ...workshop.env, HANDOVER_ENDPOINT: server.url };
  const words = args(run);
  const stdout = join(workshop.folder, "stdout");
  const { rssMaxMb } = await measure({ file: mainFile, args: words, cwd: workshop.folder, env, stdout });
  await workshop.drop(run);
  await workshop.drop(`${run}-undo.handover`);
  return rssMaxMb;
}

export async function memory(setting: Setting): Promise<readonly Figure[]> {
  const few = sized(setting, 1000, 10_000);
  const many = sized(setting, 5000, 1_000_000);
  const rounds = 1;
  const figures: Figure[] = [];
  const server = await Instant.start();
  try {
    for (const [name, verb] of Object.entries(verbs)) {
      const small: number[] = [];
      const large: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        small.push(await verb(setting, server, few));
        large.push(await verb(setting, server, many));
      }
      setting.say(`memory: ${name} ${brief(median(small))} MB, then ${brief(median(large))} MB`);
      const ratios = large.map((mb, i) => mb / (small[i] ?? NaN));
      const note = `${brief(median(large))} MB at ${brief(many)} steps, ${brief(median(small))} MB at ${brief(few)}`;
      figures.push(
        figure("memory", `${name}, ${brief(many)} steps over ${brief(few)}`, "x", ratios, atMost(1.5), note),
      );
      figures.push(figure("memory", `${name}, ${brief(many)} steps`, "MB", large, atMost(400)));
    }
  } finally {
    await server.close();
  }
  return figures;
}

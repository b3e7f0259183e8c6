/** `handover plan` over the bare parser of the same file: rows of CSV and moves of YAML to a stored run. */
import { join } from "node:path";
import { csvPlan, yamlPlan } from "./facts.ts";
import { atMost, brief, figure, median } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { Instant } from "./instant.ts";
import { childFile, mainFile, measure } from "./measured.ts";
import type { Measured } from "./measured.ts";
import { sized } from "./setting.ts";
import type { Setting } from "./setting.ts";

export async function plan(setting: Setting): Promise<readonly Figure[]> {
  const rows = sized(setting, 10_000, 1_000_000);
  const rounds = sized(setting, 1, 3);
  const { limits, ours } = await compared(setting, "csv", rows, rounds);
  const note = told(ours, limits, `${brief(rows)} rows, from a snapshot to a sealed run`);
  return [
    figure("plan", "CSV to a stored run over bare csv-parse", "x", ratios(ours, limits), atMost(2.5), note),
    figure("plan", "CPU of it over csv-parse's", "x", cpuRatios(ours, limits), undefined),
    figure("plan", "peak memory", "MB", ours.map(rss), setting.scale === "full" ? atMost(300) : undefined),
    ...(await withReads(setting, sized(setting, 2000, 100_000), rounds)),
  ];
}

/** What a tenant is read for is bound by its quota; here nothing but the CPU of both sides holds it up. */
async function withReads(setting: Setting, rows: number, rounds: number): Promise<readonly Figure[]> {
  const { workshop, say } = setting;
  const cwd = workshop.folder;
  const file = join(cwd, `plan-reads-${rows}.csv`);
  await csvPlan(file, rows);
  const server = await Instant.start(0, rows);
  const env = { ...workshop.env, HANDOVER_ENDPOINT: server.url };
  const wall: number[] = [];
  const cpu: number[] = [];
  let note = "";
  try {
    for (let round = 0; round < rounds; round += 1) {
      const parse = await measure({ file: childFile("parse"), args: ["csv", file], cwd });
      const bare = [server.url, String(rows), "16", "16", "GET"];
      const reads = await measure({ file: childFile("bare"), args: bare, cwd });
      await server.seen();
      const run = join(cwd, `planned-reads-${round}.handover`);
      const one = await measure({ file: mainFile, args: ["plan", file, "-o", run, "--concurrency", "16"], cwd, env });
      await workshop.drop(run);
      const seen = await server.seen();
      if (one.code !== 0 || seen.reads !== rows)
        throw new Error(`plan ended with ${one.code} after ${seen.reads} reads`);
      wall.push(one.wallMs / (parse.wallMs + reads.wallMs));
      cpu.push(one.cpuMs / (parse.cpuMs + reads.cpuMs));
      note = `${brief(one.wallMs / 1000)} s beside ${brief(parse.wallMs / 1000)} s and ${brief(reads.wallMs / 1000)} s, ${brief(rows)} rows`;
      say(`plan with reads: ${note}`);
    }
  } finally {
    await server.close();
  }
  return [
    figure("plan", "with every asset read, over csv-parse and bare reads", "x", wall, undefined, note),
    figure("plan", "CPU of it over theirs", "x", cpu, undefined),
  ];
}

export async function yaml(setting: Setting): Promise<readonly Figure[]> {
  const moves = sized(setting, 2500, 100_000);
  const rounds = sized(setting, 1, 3);
  const { limits, ours } = await compared(setting, "yaml", moves, rounds);
  const note = `${told(ours, limits, `${brief(moves)} moves, from a snapshot to a sealed run`)}; yaml alone takes ${brief(median(limits.map(rss)))} MB`;
  return [
    figure("yaml", "YAML to a stored run over yaml itself", "x", ratios(ours, limits), atMost(1.3), note),
    figure("yaml", "CPU of it over yaml's", "x", cpuRatios(ours, limits), undefined),
    figure("yaml", "peak memory", "MB", ours.map(rss), atMost(400)),
  ];
}

/** One after the other, so that both meet the same machine. */
async function compared(
  setting: Setting,
  format: "csv" | "yaml",
  items: number,
  rounds: number,
): Promise<{ readonly limits: readonly Measured[]; readonly ours: readonly Measured[] }> {
  const { workshop, say } = setting;
  const cwd = workshop.folder;
  const file = join(cwd, `plan-${items}.${format}`);
  await (format === "csv" ? csvPlan : yamlPlan)(file, items);
  const limits: Measured[] = [];
  const ours: Measured[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const limit = await measure({ file: childFile("parse"), args: [format, file], cwd });
    if (limit.stdout !== `${items}\n`) throw new Error(`the parser found ${limit.stdout.trim()} items, not ${items}`);
    const run = join(cwd, `planned-${format}-${round}.handover`);
    const one = await planned(setting, file, run, items);
    await workshop.drop(run);
    limits.push(limit);
    ours.push(one);
    say(`${format}: ${brief(one.wallMs)} ms and ${brief(one.rssMaxMb)} MB beside ${brief(limit.wallMs)} ms`);
  }
  return { limits, ours };
}

/** Plans with the package as it ships, from a snapshot of as many assets. */
export async function planned(setting: Setting, file: string, run: string, assets: number): Promise<Measured> {
  const { workshop } = setting;
  const snapshot = await workshop.facts(assets);
  const args = ["plan", file, "--snapshot", snapshot, "-o", run];
  const measured = await measure({ file: mainFile, args, cwd: workshop.folder });
  if (measured.code !== 0) throw new Error(`plan ended with ${measured.code}: ${measured.stderr}`);
  return measured;
}

function rss({ rssMaxMb }: Measured): number {
  return rssMaxMb;
}

function ratios(ours: readonly Measured[], limits: readonly Measured[]): number[] {
  return ours.map(({ wallMs }, i) => wallMs / (limits[i]?.wallMs ?? NaN));
}

function cpuRatios(ours: readonly Measured[], limits: readonly Measured[]): number[] {
  return ours.map(({ cpuMs }, i) => cpuMs / (limits[i]?.cpuMs ?? NaN));
}

function told(ours: readonly Measured[], limits: readonly Measured[], what: string): string {
  const seconds = (of: readonly Measured[]): string => brief(median(of.map(({ wallMs }) => wallMs)) / 1000);
  return `${seconds(ours)} s beside ${seconds(limits)} s, ${what}`;
}

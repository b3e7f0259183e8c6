/** How long the command takes to answer, over Node starting and doing nothing. */
import { spawnSync } from "node:child_process";
import { atMost, brief, figure, median } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { cleanEnv, mainFile } from "./measured.ts";
import { sized } from "./setting.ts";
import type { Setting } from "./setting.ts";

export async function startup(setting: Setting): Promise<readonly Figure[]> {
  const rounds = sized(setting, 5, 21);
  const { workshop } = setting;
  const run = await workshop.run(1000, 500);
  const commands: Readonly<Record<string, readonly string[]>> = {
    "--version": [mainFile, "--version"],
    "apply --help": [mainFile, "apply", "--help"],
    "status RUN": [mainFile, "status", run],
  };
  const nothing: number[] = [];
  const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    nothing.push(elapsedMs(["-e", "0"], workshop.folder));
    for (const [name, args] of Object.entries(commands)) times.get(name)?.push(elapsedMs(args, workshop.folder));
  }
  await workshop.drop(run);
  return [...times].map(([name, ms]) => {
    const ratios = ms.map((each, i) => each / (nothing[i] ?? NaN));
    const note = `${brief(median(ms))} ms beside ${brief(median(nothing))} ms`;
    const goal = name === "--version" ? atMost(2.5) : undefined;
    return figure("startup", `handover ${name} over node -e 0`, "x", ratios, goal, note);
  });
}

function elapsedMs(args: readonly string[], cwd: string): number {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [...args], { cwd, env: cleanEnv(cwd) });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${String(stderr)}`);
  return performance.now() - startedAt;
}

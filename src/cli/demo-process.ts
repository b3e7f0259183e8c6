/** The demo's own processes: verbs run as a user would type them, one that can be killed, and the emulator in the background. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** What the emulator writes once it listens. */
export interface Ready {
  readonly url: string;
  readonly keyFile: string;
  readonly admin: string;
  readonly domain: string;
  readonly pid: number;
}

const readyShape: z.ZodType<Ready> = z.object({
  url: z.string(),
  keyFile: z.string(),
  admin: z.string(),
  domain: z.string(),
  pid: z.number(),
});

export interface Stage {
  /** Where the demo's files lie; verbs run there. */
  readonly folder: string;
  /** Nothing is told while it runs. */
  readonly quiet: boolean;
}

export const mainFile: string = fileURLToPath(new URL("main.js", import.meta.url));

/** Settings come from the demo's own handover.yaml and from nowhere else. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HANDOVER_")));
}

export function tell(stage: Stage, text: string): void {
  if (!stage.quiet) process.stdout.write(`${text}\n`);
}

/** Begins a verb; what it prints is shown as it comes. */
export function begin(stage: Stage, argv: readonly string[]): ChildProcess {
  tell(stage, `\n$ handover ${argv.join(" ")}`);
  const shown = stage.quiet ? "ignore" : "inherit";
  return spawn(process.execPath, [mainFile, ...argv], {
    cwd: stage.folder,
    env: environment(),
    stdio: ["ignore", shown, shown],
  });
}

/** The exit code, or the signal that ended it. */
export async function ended(child: ChildProcess): Promise<number | string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? child.signalCode ?? "unknown";
}

export async function startEmulator(
  stage: Stage,
  options: readonly string[],
): Promise<{ ready: Ready; stop: () => Promise<void> }> {
  const readyFile = join(stage.folder, "emulator.json");
  const log = openSync(join(stage.folder, "emulator.log"), "a", 0o600);
  const argv = ["emulator", ...options, "--ready-file", "emulator.json"];
  tell(stage, `\n$ handover ${argv.join(" ")} &`);
  const child = spawn(process.execPath, [mainFile, ...argv], {
    cwd: stage.folder,
    env: environment(),
    stdio: ["ignore", log, log],
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended(child);
  };
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 50) {
    const text = await readFile(readyFile, "utf8").catch(() => undefined);
    if (text !== undefined) return { ready: readyShape.parse(JSON.parse(text)), stop };
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  await stop();
  throw new Error(`the emulator did not start; see ${join(stage.folder, "emulator.log")}`);
}

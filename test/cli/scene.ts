/** A tenant on loopback and a folder of files for it, in which whole command lines run inside the test. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { wallClock } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator, StartOptions } from "../../src/emulator/start.ts";
import type { Clock } from "../../src/model/clock.ts";
import { world } from "./world.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class Scene {
  readonly folder: string;
  readonly google: RunningEmulator;

  private constructor(folder: string, google: RunningEmulator) {
    this.folder = folder;
    this.google = google;
  }

  static async start(tenant: Partial<StartOptions> = {}): Promise<Scene> {
    const { folder } = await world();
    const google = await startEmulator({ clock: wallClock, keyFile: join(folder, "key.json"), ...tenant });
    const scene = new Scene(folder, google);
    await scene.write(
      "handover.yaml",
      `endpoint: ${google.url}\nkey: key.json\nadmin: ${google.admin}\nrate: 5000/s\nactor_rate: 5000/s\n`,
    );
    return scene;
  }

  /** One command line; a word that holds a space is given as a word of `words`. */
  async handover(
    line: string,
    given: { readonly words?: readonly string[]; readonly clock?: Clock } = {},
  ): Promise<Ran> {
    const made = await world({
      argv: [...line.split(" "), ...(given.words ?? [])],
      folder: this.folder,
      ...(given.clock === undefined ? {} : { clock: given.clock }),
    });
    const code = await runCommandLine(made.context);
    return { code, out: made.out(), err: made.err() };
  }

  /** A command line that goes on by itself; `err` is what it has said so far. */
  async begin(line: string): Promise<{ readonly ended: Promise<Ran>; readonly err: () => string }> {
    const made = await world({ argv: line.split(" "), folder: this.folder });
    const ended = runCommandLine(made.context).then((code) => ({ code, out: made.out(), err: made.err() }));
    ended.catch(() => undefined);
    return { ended, err: () => made.err() };
  }

  /** What a command line that must end well prints. */
  async prints(line: string): Promise<string> {
    const { code, out, err } = await this.handover(line);
    if (code !== 0) throw new Error(`handover ${line} ended with ${code}: ${err}${out}`);
    return out;
  }

  async json(line: string): Promise<Record<string, unknown>> {
    return JSON.parse(await this.prints(line)) as Record<string, unknown>;
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.folder, name), text, { mode: 0o600 });
  }

  async read(name: string): Promise<string> {
    return readFile(join(this.folder, name), "utf8");
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Requests that have reached the server. */
  requests(): number {
    return this.google.emulator.log.total;
  }

  async close(): Promise<void> {
    await this.google.close();
  }
}

/** Today, and so many ms later. */
export function later(ms: number): Clock {
  return { ...wallClock, now: () => wallClock.now() + ms };
}

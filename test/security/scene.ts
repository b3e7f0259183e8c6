/** An emulator with an eavesdropper in front, and the built command line as real processes whose every word is kept. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wallClock } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import { world } from "../cli/world.ts";
import { Eavesdropper } from "./eavesdropper.ts";

const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What a command may be given beside its arguments. */
export interface Given {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  /** Called once the process runs. */
  readonly underway?: (child: ChildProcess) => Promise<void>;
  /** Octal, such as `0`: what the shell it is started from has set. */
  readonly umask?: string;
}

export class Scene {
  readonly folder: string;
  readonly google: RunningEmulator;
  readonly ear: Eavesdropper;
  readonly env: NodeJS.ProcessEnv;
  /** Command lines with everything they printed. */
  readonly said: (Said & { readonly command: string })[] = [];

  private constructor(folder: string, google: RunningEmulator, ear: Eavesdropper) {
    this.folder = folder;
    this.google = google;
    this.ear = ear;
    this.env = {
      PATH: process.env["PATH"],
      HOME: folder,
      TMPDIR: folder,
      TZ: "UTC",
      HANDOVER_ENDPOINT: ear.url,
      HANDOVER_KEY: google.keyFile,
      HANDOVER_ADMIN: google.admin,
    };
  }

  static async start(assets = 120, files: readonly ("oauthClientFile" | "adcFile")[] = []): Promise<Scene> {
    const folder = await mkdtemp(join(tmpdir(), "handover-security-"));
    const keyFile = join(folder, "key.json");
    const more = Object.fromEntries(files.map((name) => [name, join(folder, `${name}.json`)]));
    const google = await startEmulator({ clock: wallClock, seed: 5, users: 20, assets, keyFile, ...more });
    return new Scene(folder, google, await Eavesdropper.start(google.url));
  }

  async key(): Promise<{ readonly private_key: string; readonly client_email: string }> {
    return JSON.parse(await readFile(this.google.keyFile, "utf8")) as { private_key: string; client_email: string };
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async handover(args: readonly string[], given: Given = {}): Promise<Said> {
    const command = [process.execPath, main, ...args];
    const [program = "", ...words] =
      given.umask === undefined ? command : ["/bin/sh", "-c", `umask ${given.umask}; exec "$@"`, "sh", ...command];
    const child = spawn(program, words, {
      cwd: this.folder,
      env: { ...this.env, ...given.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(given.stdin ?? "");
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    await given.underway?.(child);
    const late = setTimeout(() => child.kill("SIGKILL"), 45_000);
    const said = { code: await ended, out, err };
    clearTimeout(late);
    this.said.push({ ...said, command: args.join(" ") });
    return said;
  }

  /** The same within this process, which takes a fraction of the time. */
  async inside(args: readonly string[], given: Pick<Given, "env" | "stdin"> = {}): Promise<Said> {
    const env = Object.fromEntries(
      Object.entries({ ...this.env, ...given.env }).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]],
      ),
    );
    const made = await world({ argv: args, folder: this.folder, env, stdin: given.stdin ?? "" });
    const said = { code: await runCommandLine(made.context), out: made.out(), err: made.err() };
    this.said.push({ ...said, command: args.join(" ") });
    return said;
  }

  async close(): Promise<void> {
    await this.ear.close();
    await this.google.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Real processes: the built command line and an emulator of its own, driven from outside and judged by the emulator's history. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFile, stat, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the command line that is under way. */
export interface Underway {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once stderr holds the text. */
  says(text: string): Promise<void>;
}

/** One change of permissions as the emulator's history tells it. */
export interface HistoryChange {
  readonly seq: number;
  readonly actor: string;
  readonly asset: string;
  readonly via: string;
  readonly before: readonly (readonly [string, readonly string[]])[];
  readonly after: readonly (readonly [string, readonly string[]])[];
}

/** An emulator process with a folder of its own; `close` ends the one and removes the other. */
export class Stage {
  readonly folder: string;
  readonly url: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #emulator: Underway;

  private constructor(
    folder: string,
    emulator: Underway,
    ready: { readonly url: string; readonly keyFile: string; readonly admin: string },
  ) {
    this.folder = folder;
    this.url = ready.url;
    this.#emulator = emulator;
    this.env = {
      ...cleanEnv(folder),
      HANDOVER_ENDPOINT: ready.url,
      HANDOVER_KEY: ready.keyFile,
      HANDOVER_ADMIN: ready.admin,
    };
  }

  static async start(args: readonly string[]): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), "handover-test-"));
    const readyFile = join(folder, "ready.json");
    const emulator = launch(["emulator", "--ready-file", readyFile, "--key-file", join(folder, "key.json"), ...args], {
      cwd: folder,
      env: cleanEnv(folder),
    });
    const ready = await until(async () => {
      if (emulator.child.exitCode !== null) throw new Error(`the emulator ended: ${(await emulator.ended).stderr}`);
      return (await stat(readyFile).catch(() => undefined)) === undefined
        ? undefined
        : (JSON.parse(await readFile(readyFile, "utf8")) as { url: string; keyFile: string; admin: string });
    });
    return new Stage(folder, emulator, ready);
  }

  /** Begins a command in the stage's folder. */
  begin(args: readonly string[], stdio?: Parameters<typeof launch>[1]["stdio"]): Underway {
    return launch(args, { cwd: this.folder, env: this.env, ...(stdio === undefined ? {} : { stdio }) });
  }

  /** Runs a command to its end. */
  async handover(...args: readonly string[]): Promise<Ended> {
    return this.begin(args).ended;
  }

  /** A control request of the emulator. */
  async control(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}/_emulator/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  async history(): Promise<readonly HistoryChange[]> {
    const all: HistoryChange[] = [];
    for (;;) {
      const page = (await this.control("GET", `history?after=${all.at(-1)?.seq ?? 0}`)) as {
        readonly changes: readonly HistoryChange[];
      };
      if (page.changes.length === 0) return all;
      all.push(...page.changes);
    }
  }

  /** Requests so far: all, and those that write. */
  async counts(): Promise<{
    readonly total: number;
    readonly writes: number;
    readonly routes: readonly { readonly route: string; readonly count: number }[];
  }> {
    return (await this.control("GET", "counts")) as Awaited<ReturnType<Stage["counts"]>>;
  }

  async writesReach(count: number): Promise<void> {
    await until(async () => ((await this.counts()).writes >= count ? true : undefined));
  }

  /** Resolves once the faults have struck that often since they were set. */
  async strikesReach(count: number): Promise<void> {
    await until(async () => {
      const { faults } = (await this.control("GET", "faults")) as { readonly faults: readonly { struck: number }[] };
      return faults.reduce((sum, { struck }) => sum + struck, 0) >= count ? true : undefined;
    });
  }

  async close(): Promise<void> {
    this.#emulator.child.kill("SIGTERM");
    await this.#emulator.ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Nothing of the machine's own settings: no proxies, no configuration, no colour. */
function cleanEnv(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: home, TMPDIR: home, NO_COLOR: "1", TZ: "UTC" };
}

function launch(
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: NodeJS.ProcessEnv;
    readonly stdio?: readonly ["ignore" | "pipe", "ignore" | "pipe" | number, "ignore" | "pipe"];
  },
): Underway {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd,
    env: options.env,
    stdio: options.stdio === undefined ? ["ignore", "pipe", "pipe"] : [...options.stdio],
  });
  const out: string[] = [];
  const err: string[] = [];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => err.push(text));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => {
      resolve({ code, signal, stdout: out.join(""), stderr: err.join("") });
    });
  });
  const says = async (text: string): Promise<void> => {
    await until(async () => {
      if (err.join("").includes(text)) return true;
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} and never said ${text}`);
      return undefined;
    });
  };
  return { child, ended, says };
}

/** Asks again every few milliseconds until there is an answer; fails after half a minute. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error("nothing came of it in half a minute");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

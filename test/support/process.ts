/** Real processes: the built command line and an emulator of its own, driven from outside and judged by the emulator's history. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { readFile, stat, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Compiled or not, this file lies somewhere below the package. */
const main = join(packageFolder(dirname(fileURLToPath(import.meta.url))), "dist/cli/main.js");

function packageFolder(folder: string): string {
  if (existsSync(join(folder, "package.json")) || dirname(folder) === folder) return folder;
  return packageFolder(dirname(folder));
}

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
  readonly hasEnded: () => boolean;
  /** Resolves once stderr holds the text. */
  says(text: string): Promise<void>;
}

/** How a command is begun otherwise than usual. */
export interface Beginning {
  readonly stdio?: readonly ["ignore" | "pipe", "ignore" | "pipe" | number, "ignore" | "pipe"];
  readonly env?: Readonly<Record<string, string>>;
  /** Options of node itself. */
  readonly node?: readonly string[];
  /** A command that starts node, such as `sh -c '… exec "$@"' sh`. */
  readonly through?: readonly string[];
  readonly cwd?: string;
}

/** A tenant made by the test instead of a generated one: what `exportedState` gives. */
export interface StageOptions {
  readonly state?: object;
}

/** Members by role, as pairs. */
export type Roles = readonly (readonly [string, readonly string[]])[];

/** One change of permissions as the emulator's history tells it. */
export interface HistoryChange {
  readonly seq: number;
  readonly actor: string;
  readonly asset: string;
  readonly via: string;
  readonly before: Roles;
  readonly after: Roles;
}

/** One request as the emulator's log tells it. */
export interface LoggedRequest {
  readonly seq: number;
  readonly route: string;
  readonly asset: string;
  readonly actor: string;
  readonly status: number;
}

export interface TenantView {
  readonly assets: readonly { readonly name: string; readonly trashed: boolean; readonly roles: Roles }[];
  readonly transfers: readonly {
    readonly oldOwnerUserId: string;
    readonly newOwnerUserId: string;
    readonly status: string;
  }[];
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

  static async start(args: readonly string[], options: StageOptions = {}): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), "handover-test-"));
    folders.add(folder);
    const readyFile = join(folder, "ready.json");
    const files = ["--ready-file", readyFile, "--key-file", join(folder, "key.json")];
    if (options.state !== undefined) {
      const stateFile = join(folder, "tenant.json");
      await writeFile(stateFile, JSON.stringify(options.state));
      files.push("--state-file", stateFile);
    }
    const emulator = launch(["emulator", ...files, ...args], { cwd: folder, env: cleanEnv(folder) });
    const ready = await until(async () => {
      if (emulator.hasEnded()) throw new Error(`the emulator ended: ${(await emulator.ended).stderr}`);
      return (await stat(readyFile).catch(() => undefined)) === undefined
        ? undefined
        : (JSON.parse(await readFile(readyFile, "utf8")) as { url: string; keyFile: string; admin: string });
    });
    return new Stage(folder, emulator, ready);
  }

  /** Begins a command, in the stage's folder if nothing else is said. */
  begin(args: readonly string[], beginning: Beginning = {}): Underway {
    const { env, ...rest } = beginning;
    return launch(args, { cwd: this.folder, ...rest, env: { ...this.env, ...env } });
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

  /** Changes after the one numbered `after`. */
  async history(after = 0): Promise<readonly HistoryChange[]> {
    const all: HistoryChange[] = [];
    for (;;) {
      const page = (await this.control("GET", `history?after=${all.at(-1)?.seq ?? after}`)) as {
        readonly changes: readonly HistoryChange[];
      };
      if (page.changes.length === 0) return all;
      all.push(...page.changes);
    }
  }

  /** Requests that are still kept, after the one numbered `after`. */
  async requests(after: number, route?: string): Promise<readonly LoggedRequest[]> {
    const only = route === undefined ? "" : `&route=${route}`;
    const log = (await this.control("GET", `log?after=${after}${only}`)) as {
      readonly entries: readonly LoggedRequest[];
    };
    return log.entries;
  }

  async tenant(): Promise<TenantView> {
    return (await this.control("GET", "state")) as TenantView;
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

  /** True once so many requests, or writes, have been seen; false when the process ends before. */
  async reaches(what: "total" | "writes", count: number, underway: Underway): Promise<boolean> {
    return until(async () => {
      if ((await this.counts())[what] >= count) return true;
      return underway.hasEnded() ? false : undefined;
    });
  }

  /** How often the faults have struck since they were set. */
  async strikes(): Promise<number> {
    const { faults } = (await this.control("GET", "faults")) as { readonly faults: readonly { struck: number }[] };
    return faults.reduce((sum, { struck }) => sum + struck, 0);
  }

  async strikesReach(count: number): Promise<void> {
    await until(async () => ((await this.strikes()) >= count ? true : undefined));
  }

  async close(): Promise<void> {
    this.#emulator.child.kill("SIGTERM");
    await this.#emulator.ended;
    await rm(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }
}

/** Nothing of the machine's own settings: no proxies, no configuration, no colour. */
function cleanEnv(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: home, TMPDIR: home, NO_COLOR: "1", TZ: "UTC" };
}

/** What is still there when this process leaves goes with it: processes, stopped ones too, and folders. */
const living = new Set<ChildProcess>();
const folders = new Set<string>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function launch(
  args: readonly string[],
  options: Omit<Beginning, "env"> & { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Underway {
  const [command = process.execPath, ...words] = [
    ...(options.through ?? []),
    process.execPath,
    ...(options.node ?? []),
    main,
    ...args,
  ];
  const child = spawn(command, words, {
    cwd: options.cwd,
    env: options.env,
    stdio: options.stdio === undefined ? ["ignore", "pipe", "pipe"] : [...options.stdio],
  });
  living.add(child);
  const out: string[] = [];
  const err: string[] = [];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => err.push(text));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => {
      living.delete(child);
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
  return { child, ended, hasEnded, says };
}

/** Asks again every few milliseconds until there is an answer; three minutes are more than a busy machine needs. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 180_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error("nothing came of it in three minutes");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

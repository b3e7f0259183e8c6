/** One shell for a whole guide: what is typed into it, what it prints, and everything it has started, ended with it. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Answer {
  readonly code: number;
  readonly printed: string;
}

export class Session {
  readonly #shell: ChildProcess;
  readonly #scratch: string;
  #printed = "";
  #count = 0;
  #failure: Error | undefined;
  #onOutput: () => void = () => {};

  /** `scratch` holds what is typed; `cwd` is where the shell begins. */
  constructor(cwd: string, env: NodeJS.ProcessEnv, scratch: string) {
    this.#scratch = scratch;
    this.#shell = spawn("bash", ["--noprofile", "--norc"], {
      cwd,
      env,
      stdio: ["pipe", "pipe", "inherit"],
      detached: true,
    });
    this.#shell.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#printed += text;
      this.#onOutput();
    });
    this.#shell.once("close", () => this.#onOutput());
    // Whoever types next is told; what is written to a shell that is not there or has ended goes nowhere.
    this.#shell.once("error", (error) => {
      this.#failure = error;
      this.#onOutput();
    });
    this.#shell.stdin?.on("error", () => {});
    // One pipe for both streams keeps them in order.
    this.#shell.stdin?.write("exec 2>&1\n");
  }

  /** Types a command and waits for its end. */
  async type(text: string, secondsMax: number): Promise<Answer> {
    const file = await this.#file(text);
    const mark = `end-${randomUUID()}`;
    this.#printed = "";
    this.#shell.stdin?.write(`. '${file}' </dev/null\nprintf '\\n%s %s\\n' '${mark}' "$?"\n`);
    const end = new RegExp(`\\n${mark} (\\d+)\\n`);
    const found = await this.#until(() => end.exec(this.#printed) ?? undefined, secondsMax);
    return { code: Number(found[1]), printed: this.#printed.slice(0, found.index) };
  }

  /**
   * Types a command that stays, waits until it is ready, and types the settings it prints for the reader to type. Ready is when the file
   * of its --ready-file is there, or else when it has printed such a setting.
   */
  async stay(text: string, secondsMax: number): Promise<void> {
    const file = await this.#file(text);
    const log = `${file}.log`;
    await writeFile(log, "");
    const cwd = (await this.type("pwd", secondsMax)).printed.trim();
    this.#shell.stdin?.write(`. '${file}' </dev/null >'${log}' 2>&1 &\n`);
    const ready = /--ready-file[ =](\S+)/.exec(text)?.[1];
    const settings = /^ *export [A-Z_]+=\S+$/gm;
    const deadline = performance.now() + secondsMax * 1000;
    for (let before = ""; ;) {
      const isReady = ready === undefined || existsSync(join(cwd, ready));
      const printed = await readFile(log, "utf8");
      const lines = printed.match(settings) ?? [];
      // Without such a file it may still be printing: it is done once nothing more has come.
      const isDone = ready !== undefined || (lines.length > 0 && printed === before);
      before = printed;
      if (isReady && isDone) {
        for (const line of lines) await this.type(line, secondsMax);
        return;
      }
      if (performance.now() > deadline) throw new Error(`not ready within ${secondsMax} s; it printed:\n${printed}`);
      await sleep(50);
    }
  }

  /** Ends the shell and all that it has started. */
  async end(): Promise<void> {
    const { pid } = this.#shell;
    if (pid === undefined) return;
    const isOver = this.#isOver();
    signal(pid, "SIGTERM");
    // The shell itself ends when nothing more is typed, whatever it thinks of the signal.
    this.#shell.stdin?.end();
    if (!isOver) await Promise.race([once(this.#shell, "close"), sleep(10_000, undefined, { ref: false })]);
    signal(pid, "SIGKILL");
  }

  #isOver(): boolean {
    return this.#shell.exitCode !== null || this.#shell.signalCode !== null;
  }

  async #file(text: string): Promise<string> {
    const file = join(this.#scratch, `typed-${(this.#count += 1)}.sh`);
    await writeFile(file, `${text}\n`);
    return file;
  }

  async #until<T>(look: () => T | undefined, secondsMax: number): Promise<T> {
    const deadline = performance.now() + secondsMax * 1000;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#failure !== undefined) throw new Error(`the shell does not start: ${this.#failure.message}`);
      if (this.#isOver()) throw new Error(`the shell has ended; it printed:\n${this.#printed}`);
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`not done within ${secondsMax} s; it printed:\n${this.#printed}`);
      const more = new Promise<void>((resolve) => (this.#onOutput = resolve));
      await Promise.race([more, sleep(Math.min(left, 1000), undefined, { ref: false })]);
    }
  }
}

/** The group that the shell leads. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // Nobody of it is left.
  }
}

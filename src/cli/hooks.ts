/**
 * `apply --on-event`: a command that is given what happens, one event after the other. It is never waited for while the
 * run goes on, and nothing that it does reaches the run.
 */
import { spawn } from "node:child_process";
import type { ChildProcess, ChildProcessByStdio } from "node:child_process";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { UsageError } from "../model/errors.ts";
import type { EngineEvent } from "../model/event.ts";
import { counted, printable } from "../model/text.ts";
import { eventJson } from "../report/json.ts";
import type { ApplyLast, Listener } from "./apply-listeners.ts";
import type { Context } from "./context.ts";
import { hookTypesOf } from "./hook-types.ts";
import type { HookType } from "./hook-types.ts";
import { commandWords } from "./command-words.ts";

export interface HookOptions {
  /** Program and arguments; the program by its path. */
  readonly command: readonly [string, ...string[]];
  readonly types: ReadonlySet<HookType>;
  /** Of the run file, and the run's id: for the command's environment. */
  readonly runPath: string;
  readonly runId: string;
  /** A line for whoever started the run. */
  readonly say: (line: string) => void;
  /** How long one event may take, and all that are left at the end, ms. */
  readonly timeoutMs?: number;
  readonly drainMs?: number;
}

const waitingMax = 100;
const runMaxMs = 10_000;
const drainMaxMs = 15_000;
/** Between asking the command to end and ending it. */
const graceMs = 2_000;
const complaintMax = 300;
const lastWordsMs = 200;

/** What of this process's environment the command gets: where things are and how people write, and no secrets. */
const passedOn =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|PATHEXT|USERPROFILE)$/i;

interface Waiting {
  readonly type: HookType;
  readonly line: string;
}

export class Hooks implements Listener {
  readonly #context: Context;
  readonly #options: HookOptions;
  #waiting: Waiting[] = [];
  #running: ChildProcess | undefined;
  #leftOut = 0;
  #failures = 0;
  #isClosed = false;
  #idle: () => void = () => undefined;
  readonly #onExit = (): void => this.#kill("SIGKILL");

  constructor(context: Context, options: HookOptions) {
    this.#context = context;
    this.#options = options;
    // A process that leaves at once leaves nothing behind.
    process.on("exit", this.#onExit);
  }

  onEvent(event: EngineEvent, at: number): void {
    const type = hookTypesOf(event).find((each) => this.#options.types.has(each));
    if (type !== undefined) this.#add({ type, line: eventJson(event, at) });
  }

  /** Hands over what is left, for no longer than a moment. */
  async close({ line }: ApplyLast): Promise<void> {
    if (line !== undefined && this.#options.types.has("ended")) {
      // The end matters more than what came just before it.
      if (this.#waiting.length >= waitingMax && this.#waiting.pop() !== undefined) this.#leftOut += 1;
      this.#add({ type: "ended", line });
    }
    await this.#drained();
    this.#isClosed = true;
    const left = this.#waiting.length + (this.#running === undefined ? 0 : 1);
    this.#waiting = [];
    this.#kill("SIGKILL");
    this.#running = undefined;
    process.off("exit", this.#onExit);
    this.#leftOut += left;
    const { say } = this.#options;
    if (this.#leftOut > 0) say(`${counted(this.#leftOut, "event")} did not reach the --on-event command.`);
    if (this.#failures > 1) say(`The --on-event command failed ${this.#failures} times.`);
  }

  #add(waiting: Waiting): void {
    if (this.#waiting.length >= waitingMax) {
      if (this.#leftOut === 0) this.#options.say("The --on-event command is too slow: events are left out.");
      this.#leftOut += 1;
      return;
    }
    this.#waiting.push(waiting);
    this.#next();
  }

  #next(): void {
    if (this.#running !== undefined || this.#isClosed) return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle();
    else this.#run(next);
  }

  #run({ type, line }: Waiting): void {
    const [program, ...args] = this.#options.command;
    const { cwd } = this.#context;
    const env = this.#environment(type);
    let child: ReturnType<typeof started>;
    try {
      child = started(program, args, { cwd, env });
    } catch (error) {
      // Most faults come later; a few are thrown, such as arguments that are too long.
      this.#failed(`cannot be started (${(error as NodeJS.ErrnoException).code ?? "error"})`, "");
      return this.#next();
    }
    this.#running = child;
    let complaint = "";
    let isLate = false;
    const ask = setTimeout(() => {
      isLate = true;
      this.#kill("SIGTERM");
    }, this.#options.timeoutMs ?? runMaxMs);
    const end = setTimeout(() => this.#kill("SIGKILL"), (this.#options.timeoutMs ?? runMaxMs) + graceMs);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (complaint.length < complaintMax) complaint += text;
    });
    const over = (problem: string | undefined): void => {
      if (this.#running !== child) return;
      clearTimeout(ask);
      clearTimeout(end);
      // What it has started may have outlived it.
      if (isLate) this.#kill("SIGKILL");
      child.stderr.destroy();
      this.#running = undefined;
      if (problem !== undefined) this.#failed(isLate ? "took too long" : problem, complaint);
      this.#next();
    };
    child.on("error", (error: NodeJS.ErrnoException) => over(`cannot be started (${error.code ?? "error"})`));
    const ended = (code: number | null, signal: NodeJS.Signals | null): void =>
      over(code === 0 ? undefined : `ended with ${code ?? signal ?? "an error"}`);
    child.on("close", ended);
    // Its last words come behind; what it has started may keep them from ending.
    child.on("exit", (code, signal) => setTimeout(() => ended(code, signal), lastWordsMs));
    // A command that does not care what happened need not read it.
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${line}\n`);
  }

  #environment(type: HookType): NodeJS.ProcessEnv {
    const { runPath, runId } = this.#options;
    const passed = Object.entries(this.#context.env).filter(([name]) => passedOn.test(name));
    const own = { HANDOVER_EVENT: type, HANDOVER_RUN: runPath, HANDOVER_RUN_ID: runId };
    return { ...Object.fromEntries(passed), ...own };
  }

  #failed(problem: string, complaint: string): void {
    this.#failures += 1;
    if (this.#failures > 1) return;
    const why = complaint.trim() === "" ? "" : `: ${printable(complaint.trim(), complaintMax)}`;
    this.#options.say(`The --on-event command ${problem}${why}. The run goes on; further failures are counted only.`);
  }

  async #drained(): Promise<void> {
    if (this.#running === undefined && this.#waiting.length === 0) return;
    const enough = new AbortController();
    const idle = new Promise<void>((done) => {
      this.#idle = done;
    });
    await Promise.race([idle, this.#context.clock.sleep(this.#options.drainMs ?? drainMaxMs, enough.signal)]);
    enough.abort();
  }

  #kill(signal: NodeJS.Signals): void {
    const pid = this.#running?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It has gone already, or this system has no groups.
      this.#running?.kill(signal);
    }
  }
}

/** In a group of its own: Ctrl-C on the terminal is meant for the run, and what the command starts ends with it. */
function started(
  program: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): ChildProcessByStdio<Writable, null, Readable> {
  return spawn(program, args, { cwd, env, stdio: ["pipe", "ignore", "pipe"], detached: true });
}

/** Takes a command apart and finds its program. Throws `UsageError`: a hook that cannot run is to be known beforehand. */
export async function findHook(context: Context, text: string): Promise<readonly [string, ...string[]]> {
  const [name, ...args] = commandWords(text) ?? [];
  if (name === undefined || name === "") {
    throw new UsageError(
      `--on-event ${JSON.stringify(printable(text))} is no command`,
      "write a program and its arguments, such as --on-event './notify.sh ops'",
    );
  }
  const folders = (context.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const places = /[/\\]/.test(name) ? [resolve(context.cwd, name)] : folders.map((folder) => join(folder, name));
  for (const place of places) {
    const stats = await stat(place).catch(() => undefined);
    if (stats?.isFile() !== true) continue;
    if (
      await access(place, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return [place, ...args];
  }
  throw new UsageError(
    `there is no program ${JSON.stringify(printable(name))} to run on events`,
    "give its path, and make it executable (chmod u+x); no shell reads the command, so write a script for pipes and variables",
  );
}

/** The world as the verbs see it: streams, environment, time, chance and signals, handed in so that tests can hold them. */
import { randomBytes } from "node:crypto";
import { homedir, hostname, userInfo } from "node:os";
import type { Clock, Random } from "../model/clock.ts";
import type { ExitCode } from "./exit-code.ts";

/** A stream that people or programs read; a terminal says so with `isTTY`. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean | undefined; readonly columns?: number };

export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };

export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

export interface Context {
  readonly version: string;
  /** The words after `handover`. They never hold a secret. */
  readonly argv: readonly string[];
  readonly stdin: Input;
  /** Results. */
  readonly stdout: Output;
  /** Progress, hints and errors. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  /** The effective user, or undefined where the system has none. */
  readonly uid: number | undefined;
  /** What this account and machine call themselves, `anna@laptop`; recorded, and never a proof. */
  readonly account: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Calls `handler` at each of the signals until the answer is called. */
  readonly onSignal: (handler: (signal: StopSignal) => void) => () => void;
  /** Ends the process at once. */
  readonly exit: (code: ExitCode) => void;
}

/** The real world. */
export function processContext(version: string): Context {
  return {
    version,
    argv: process.argv.slice(2),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    uid: process.geteuid?.(),
    account: accountName(),
    clock: wallClock,
    random: strongRandom,
    onSignal: (handler) => {
      const signals: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];
      for (const signal of signals) process.on(signal, handler);
      return () => {
        for (const signal of signals) process.off(signal, handler);
      };
    },
    exit: (code) => process.exit(code),
  };
}

/** A container may run under a number that has no name. */
function accountName(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `uid-${process.geteuid?.() ?? "unknown"}@${hostname()}`;
  }
}

/** Ends the process once what was printed has left it; idle sockets and timers do not hold it. */
export function leave(context: Context, code: ExitCode): void {
  process.exitCode = code;
  const flushed = (stream: Output): Promise<void> =>
    new Promise((resolve) => {
      if (stream.writable) stream.write("", () => resolve());
      else resolve();
    });
  void Promise.all([flushed(context.stdout), flushed(context.stderr)]).then(() => context.exit(code));
}

const longestTimerMs = 2 ** 31 - 1;

/** Time as the machine tells it. */
export const wallClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const timer = setTimeout(done, Math.min(Math.max(0, ms), longestTimerMs));
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      }
      signal?.addEventListener("abort", done, { once: true });
    }),
};

/** 53 unpredictable bits: good enough for the random part of an id as well as for spreading waits. */
function strongRandom(): number {
  const bytes = randomBytes(8);
  return Number(bytes.readBigUInt64BE() >> 11n) / 2 ** 53;
}

/** A world for verbs that run inside a test: streams that remember, an empty home, signals sent by hand. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { wallClock } from "../../src/cli/context.ts";
import type { Context, StopSignal } from "../../src/cli/context.ts";
import type { ExitCode } from "../../src/cli/exit-code.ts";
import type { Clock } from "../../src/model/clock.ts";

class Remembering extends Writable {
  text = "";
  isTTY: boolean | undefined;
  columns = 80;
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

export interface World {
  readonly context: Context;
  readonly stdin: PassThrough & { isTTY?: boolean };
  readonly folder: string;
  readonly exits: ExitCode[];
  out(): string;
  err(): string;
  signal(signal: StopSignal): void;
}

export async function world(
  given: {
    readonly argv?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly terminal?: boolean;
    readonly folder?: string;
    readonly stdin?: string;
    readonly clock?: Clock;
    readonly uid?: number;
    readonly account?: string;
  } = {},
): Promise<World> {
  const folder = given.folder ?? (await mkdtemp(join(tmpdir(), "handover-cli-")));
  const stdin: PassThrough & { isTTY?: boolean } = new PassThrough();
  const stdout = new Remembering();
  const stderr = new Remembering();
  if (given.terminal === true) {
    stdin.isTTY = true;
    stdout.isTTY = true;
    stderr.isTTY = true;
  }
  if (given.stdin !== undefined) stdin.end(given.stdin);
  const handlers = new Set<(signal: StopSignal) => void>();
  const exits: ExitCode[] = [];
  const context: Context = {
    version: "0.0.0-test",
    argv: given.argv ?? [],
    stdin,
    stdout,
    stderr,
    env: given.env ?? {},
    cwd: folder,
    home: join(folder, "home"),
    uid: given.uid ?? process.geteuid?.(),
    account: given.account ?? "planner@tests",
    clock: given.clock ?? wallClock,
    random: seeded(7),
    onSignal: (handler) => {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    exit: (code) => exits.push(code),
  };
  return {
    context,
    stdin,
    folder,
    exits,
    out: () => stdout.text,
    err: () => stderr.text,
    signal: (signal) => {
      for (const handler of handlers) handler(signal);
    },
  };
}

/** Good enough to tell one id from the next. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

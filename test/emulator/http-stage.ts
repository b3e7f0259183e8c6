/** An emulator that really listens, with a real clock, for tests of what only sockets can show. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { Client } from "undici";
import type { Clock } from "../../src/model/clock.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator, StartOptions } from "../../src/emulator/start.ts";
import { at, everyScope } from "./support.ts";

export const wallClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal?.addEventListener("abort", end, { once: true });
    }),
};

const folders: string[] = [];

/** A folder for one test file, gone after its tests. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "handover-emulator-test-"));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

export interface Listening {
  readonly running: () => RunningEmulator;
}

/** One emulator for the tests of a file, started before and closed after them. */
export function listening(options: () => Partial<StartOptions>): Listening {
  let running: RunningEmulator | undefined;
  beforeAll(async () => {
    const folder = await scratch();
    running = await startEmulator({ clock: wallClock, keyFile: join(folder, "key.json"), ...options() });
  });
  afterAll(async () => running?.close());
  return {
    running: () => {
      if (running === undefined) throw new Error("not started");
      return running;
    },
  };
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One request on a connection of its own; rejects when the connection fails or `timeoutMs` pass first. */
export async function wire(
  on: RunningEmulator,
  line: string,
  extra: { readonly body?: unknown; readonly headers?: Record<string, string>; readonly timeoutMs?: number } = {},
): Promise<WireAnswer> {
  const [method = "GET", path = "/"] = line.split(" ");
  const client = new Client(on.url);
  try {
    const answer = await client.request({
      method,
      path,
      headers: extra.headers ?? {},
      signal: AbortSignal.timeout(extra.timeoutMs ?? 10_000),
      body: extra.body === undefined ? null : typeof extra.body === "string" ? extra.body : JSON.stringify(extra.body),
    });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  } finally {
    await client.destroy();
  }
}

/** The header of a token minted for somebody in `acme.example`. */
export function as(on: RunningEmulator, who: string): Record<string, string> {
  return { authorization: `Bearer ${on.emulator.mint(who.includes("@") ? who : at(who), everyScope)}` };
}

/** Starts the instant server in a process of its own, and asks it what it has seen. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Seen } from "./instant/child.ts";

export class Instant {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** `untouched`: so many assets of which no step was carried out yet. */
  static async start(latencyMs = 0, untouched = 0): Promise<Instant> {
    const args = [String(latencyMs), String(untouched)];
    const child = fork(fileURLToPath(new URL("instant/child.js", import.meta.url)), args);
    const [{ port }] = (await once(child, "message")) as [{ readonly port: number }];
    return new Instant(child, port);
  }

  /** What it has seen since it was last asked. */
  async seen(): Promise<Seen> {
    this.#child.send("seen");
    const [seen] = (await once(this.#child, "message")) as [Seen];
    return seen;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}

/** Milliseconds from the first request for an asset to the last. */
export function spanMs({ firstAt, lastAt }: Seen): number {
  return Number(BigInt(lastAt) - BigInt(firstAt)) / 1e6;
}

/** One life of the command: its clock, its stop signal, and the boundaries at which it can be killed for good. */
import { setMaxListeners } from "node:events";
import type { Journal } from "../../src/journal/journal.ts";
import type { Clock } from "../../src/model/clock.ts";
import type { Event, VirtualTime } from "./time.ts";

/** When a process is killed: at the n-th boundary it comes to, after so long, or never. */
export interface Doom {
  readonly boundary?: number | undefined;
  readonly afterMs?: number | undefined;
  /** Asked to stop after so long, as by SIGTERM. */
  readonly stopAfterMs?: number | undefined;
}

/** Handed over without waiting for an answer. */
const notWaitedFor: ReadonlySet<PropertyKey> = new Set(["noEffect", "keep"]);

/** A new one each time: whatever waits for a promise lives as long as that does. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

export class Process {
  readonly id: number;
  readonly clock: Clock;
  readonly killed: Promise<"killed">;
  readonly #time: VirtualTime;
  readonly #doom: Doom;
  readonly #stopping = new AbortController();
  readonly #events: Event[] = [];
  #die: (how: "killed") => void = () => undefined;
  #dead = false;
  #passed = 0;
  /** Virtual ms at which it was asked to stop. */
  stoppedAt: number | undefined;

  constructor(id: number, time: VirtualTime, doom: Doom) {
    this.id = id;
    this.#time = time;
    this.#doom = doom;
    // Every sleeper of the process listens.
    setMaxListeners(0, this.stop);
    this.killed = new Promise((resolve) => {
      this.#die = resolve;
    });
    this.clock = {
      now: () => time.wall(),
      monotonic: () => time.monotonic,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
    if (doom.afterMs !== undefined) this.#events.push(time.after(doom.afterMs, () => this.kill()));
    if (doom.stopAfterMs !== undefined) this.#events.push(time.after(doom.stopAfterMs, () => this.#askToStop()));
  }

  get isDead(): boolean {
    return this.#dead;
  }

  get stop(): AbortSignal {
    return this.#stopping.signal;
  }

  /** The process ended by itself: whatever awaits it is taken back. */
  ended(): void {
    for (const event of this.#events) event.cancel();
  }

  kill(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.ended();
    this.#die("killed");
  }

  /** A boundary of journal or network: goes on at once, or never. */
  pass(): Promise<void> | undefined {
    if (!this.#dead && (this.#passed += 1) === this.#doom.boundary) this.kill();
    return this.#dead ? never() : undefined;
  }

  /** The journal as this process sees it: nothing is called, and nothing answered, once it is dead. */
  journal(inner: Journal): Journal {
    const bound = new Map<PropertyKey, unknown>();
    return new Proxy(inner, {
      get: (target, name) => {
        const known = bound.get(name);
        if (known !== undefined) return known;
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        const call = (...given: readonly unknown[]): unknown => Reflect.apply(member, target, given);
        const guarded = notWaitedFor.has(name) ? this.#unlessDead(call) : this.#between(call);
        bound.set(name, guarded);
        return guarded;
      },
    });
  }

  #unlessDead(call: (...given: readonly unknown[]) => unknown): (...given: readonly unknown[]) => unknown {
    return (...given) => (this.#dead ? undefined : call(...given));
  }

  #between(call: (...given: readonly unknown[]) => unknown): (...given: readonly unknown[]) => Promise<unknown> {
    return async (...given) => {
      await this.pass();
      const answer = await call(...given);
      await this.pass();
      return answer;
    };
  }

  #askToStop(): void {
    if (this.#dead) return;
    this.stoppedAt = this.#time.monotonic;
    this.#stopping.abort();
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#dead) return never();
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        event.cancel();
        signal?.removeEventListener("abort", wake);
        if (!this.#dead) resolve();
      };
      const event = this.#time.after(ms, wake);
      signal?.addEventListener("abort", wake);
    });
  }
}

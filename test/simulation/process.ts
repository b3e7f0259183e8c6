/** One life of the command: its clock, its stop signal, and the boundaries at which it can be killed for good. */
import type { Clock } from "../../src/model/clock.ts";
import type { Event, VirtualTime } from "./time.ts";

/** When a process is killed: at the n-th boundary it comes to, after so long, or never. */
export interface Doom {
  readonly boundary?: number | undefined;
  readonly afterMs?: number | undefined;
  /** Asked to stop after so long, as by SIGTERM. */
  readonly stopAfterMs?: number | undefined;
  /** Taken for dead after so long: another process takes its place while it lives on. */
  readonly replacedAfterMs?: number | undefined;
}

export interface Identity {
  readonly id: number;
  /** The run it works on. */
  readonly run: number;
  readonly isPlanning: boolean;
  /** The machine it runs on: power and sleep are the machine's. */
  readonly machine: number;
  /** How far its wall clock is ahead of the server's, ms. */
  readonly skewMs: number;
  /** Whether its monotonic clock stands still while the machine sleeps. */
  readonly clockSleeps: boolean;
}

/** Handed over without waiting for an answer. */
const notWaitedFor: ReadonlySet<PropertyKey> = new Set(["noEffect", "keep"]);

/** A new one each time: whatever waits for a promise lives as long as that does. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

export type Ended = "killed" | "replaced";

export class Process {
  readonly who: Identity;
  readonly clock: Clock;
  /** Resolves when somebody starts the command again although this one has not ended. */
  readonly gone: Promise<Ended>;
  readonly #time: VirtualTime;
  readonly #doom: Doom;
  readonly #stopping = new AbortController();
  /** Those who sleep until they are asked to stop: a listener for each would cost as much as the sleep. */
  readonly #sleepers = new Set<() => void>();
  /** The same by any other signal. */
  readonly #sleepersBy = new Map<AbortSignal, Set<() => void>>();
  readonly #events: Event[] = [];
  #leave: (how: Ended) => void = () => undefined;
  #dead = false;
  #over = false;
  #replaced = false;
  #passed = 0;
  /** Virtual ms at which the machine wakes; in the past while it is awake. */
  #wakesAt = -1;
  /** Ms that the monotonic clock stood still. */
  #stoodStill = 0;
  /** Virtual ms at which it was asked to stop. */
  stoppedAt: number | undefined;
  /** The machine lost its power: what it had not sent yet is never sent. */
  hasNoPower = false;

  constructor(who: Identity, time: VirtualTime, doom: Doom) {
    this.who = who;
    this.#time = time;
    this.#doom = doom;
    this.gone = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.clock = {
      now: () => time.wall() + who.skewMs,
      monotonic: () => time.monotonic - this.#stoodStill,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
    if (doom.afterMs !== undefined) this.#events.push(time.after(doom.afterMs, () => this.kill()));
    if (doom.stopAfterMs !== undefined) this.#events.push(time.after(doom.stopAfterMs, () => this.#askToStop()));
    if (doom.replacedAfterMs !== undefined) {
      this.#events.push(time.after(doom.replacedAfterMs, () => this.#replace()));
    }
  }

  /** Neither killed nor ended by itself. */
  get isRunning(): boolean {
    return !this.#dead && !this.#over;
  }

  get stop(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Virtual ms until which the machine sleeps, if it sleeps now. */
  get asleepUntil(): number | undefined {
    return this.#wakesAt > this.#time.monotonic ? this.#wakesAt : undefined;
  }

  /** Whether the machine has slept since `at`, virtual ms. */
  hasSleptSince(at: number): boolean {
    return this.#wakesAt > at;
  }

  /** The process ended by itself: whatever awaits it is taken back. */
  ended(): void {
    this.#over = true;
    for (const event of this.#events) event.cancel();
  }

  kill(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.ended();
    this.#leave("killed");
  }

  losePower(): void {
    this.hasNoPower = true;
    this.kill();
  }

  /** The lid is shut for `ms`: nothing runs here meanwhile, and everything due is due when it wakes. */
  fallAsleep(ms: number): void {
    if (this.#dead || this.#replaced || this.asleepUntil !== undefined) return;
    this.#wakesAt = this.#time.monotonic + ms;
    if (this.who.clockSleeps) this.#stoodStill += ms;
  }

  /** A boundary of journal or network: goes on at once, when the machine is awake, or never. */
  pass(): Promise<void> | undefined {
    if (!this.#dead && (this.#passed += 1) === this.#doom.boundary) this.kill();
    if (this.#dead) return never();
    return this.asleepUntil === undefined ? undefined : this.#awake();
  }

  /** A store as this process sees it: nothing is called, and nothing answered, once it is dead. */
  holding<T extends object>(inner: T): T {
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

  /** Nobody takes a process for dead whose machine sleeps: what it has sent may arrive long after. */
  #replace(): void {
    if (this.#dead || this.asleepUntil !== undefined) return;
    this.#replaced = true;
    this.#leave("replaced");
  }

  #unlessDead(call: (...given: readonly unknown[]) => unknown): (...given: readonly unknown[]) => unknown {
    return (...given) => (this.#dead ? undefined : call(...given));
  }

  #between(call: (...given: readonly unknown[]) => unknown): (...given: readonly unknown[]) => Promise<unknown> {
    // Waiting for what is there already takes a turn of the promises: most boundaries are passed at once.
    return async (...given) => {
      const before = this.pass();
      if (before !== undefined) await before;
      const answer = await call(...given);
      const after = this.pass();
      if (after !== undefined) await after;
      return answer;
    };
  }

  #askToStop(): void {
    if (this.#dead) return;
    if (this.asleepUntil !== undefined) {
      this.#events.push(this.#time.after(this.asleepUntil - this.#time.monotonic, () => this.#askToStop()));
      return;
    }
    this.stoppedAt = this.#time.monotonic;
    this.#stopping.abort();
    for (const wake of this.#sleepers) wake();
  }

  async #awake(): Promise<void> {
    for (let until = this.asleepUntil; until !== undefined; until = this.asleepUntil) {
      await this.#time.sleep(until - this.#time.monotonic);
    }
    if (this.#dead) await never();
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#dead) return never();
    if (signal?.aborted === true) return Promise.resolve();
    const due = this.clock.monotonic() + ms;
    const sleepers = signal === undefined ? undefined : this.#sleepersOf(signal);
    return new Promise((resolve) => {
      let event: Event;
      const wake = (): void => {
        event.cancel();
        sleepers?.delete(wake);
        if (!this.#dead) resolve();
      };
      const ring = (): void => {
        const left = Math.max(due - this.clock.monotonic(), (this.asleepUntil ?? 0) - this.#time.monotonic);
        // What is left of a rounded clock is no time.
        if (left > 1e-6 && !this.#dead) event = this.#time.after(left, ring);
        else wake();
      };
      event = this.#time.after(ms, ring);
      sleepers?.add(wake);
    });
  }

  /** Who sleeps until `signal` fires. The same few are slept by again and again: each is listened to once. */
  #sleepersOf(signal: AbortSignal): Set<() => void> {
    const known = signal === this.stop ? this.#sleepers : this.#sleepersBy.get(signal);
    if (known !== undefined) return known;
    const sleepers = new Set<() => void>();
    this.#sleepersBy.set(signal, sleepers);
    signal.addEventListener("abort", () => {
      this.#sleepersBy.delete(signal);
      for (const wake of sleepers) wake();
    });
    return sleepers;
  }
}

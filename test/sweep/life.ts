/** One life of the command: it counts the boundaries it comes to, and dies for good at the one it is told to. */
import type { Clock } from "../../src/model/clock.ts";

/** Where a process is killed, and how much later the writes under way then still land on the server. */
export interface Doom {
  /** The n-th boundary, 1-based. */
  readonly boundary: number;
  readonly lateMs: number;
}

/** A moment between two things a process does to the world. */
export interface Boundary {
  readonly label: string;
  /** Whether a write is under way to the server just then. */
  readonly writing: boolean;
}

/** Handed over without waiting for an answer. */
const notWaitedFor: ReadonlySet<PropertyKey> = new Set(["noEffect", "keep"]);

/** A new one each time: whatever waits for a promise lives as long as that does. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

export class Life {
  readonly clock: Clock;
  readonly killed: Promise<"killed">;
  readonly boundaries: Boundary[] = [];
  readonly doom: Doom | undefined;
  /** Writes that have left and have not arrived. */
  writesUnderWay = 0;
  #die: (how: "killed") => void = () => undefined;
  #dead = false;

  constructor(world: Clock, doom?: Doom) {
    this.doom = doom;
    this.killed = new Promise((resolve) => {
      this.#die = resolve;
    });
    this.clock = {
      now: () => world.now(),
      monotonic: () => world.monotonic(),
      sleep: async (ms, signal) => {
        if (this.#dead) await never();
        await world.sleep(ms, signal);
        if (this.#dead) await never();
      },
    };
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** Goes on at once, or never. */
  async pass(label: string): Promise<void> {
    if (!this.#dead) {
      this.boundaries.push({ label, writing: this.writesUnderWay > 0 });
      if (this.boundaries.length === this.doom?.boundary) {
        this.#dead = true;
        this.#die("killed");
      }
    }
    if (this.#dead) await never();
  }

  /** Three boundaries: before the call, while what it hands over is not durable yet, and after it. */
  async around<T>(name: string, call: () => T | Promise<T>): Promise<T> {
    await this.pass(`before ${name}`);
    const answer = Promise.resolve(call());
    // Nobody may be left to hear it.
    answer.catch(() => undefined);
    await this.pass(`during ${name}`);
    const value = await answer;
    await this.pass(`after ${name}`);
    return value;
  }

  /** A journal, writer, reader or stage as this process sees it: each of its methods has its boundaries. */
  guarded<T extends object>(inner: T, name: string): T {
    return new Proxy(inner, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== "function") return member;
        const call = (given: readonly unknown[]): unknown => Reflect.apply(member, target, given);
        if (notWaitedFor.has(key)) return (...given: readonly unknown[]) => (this.#dead ? undefined : call(given));
        return (...given: readonly unknown[]) => this.around(`${name}.${String(key)}`, () => call(given));
      },
    });
  }
}

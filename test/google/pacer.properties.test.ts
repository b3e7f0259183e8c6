/** The pacer under any sequence of calls, answers and waits: never over a quota, never before Retry-After, and nobody waits for ever. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import type { PacedCall, Rates } from "../../src/google/pacer.ts";
import { ManualClock } from "../support/clock.ts";

type Event =
  | { readonly kind: "call"; readonly user: number; readonly count: number }
  | { readonly kind: "wait"; readonly ms: number }
  | {
      readonly kind: "throttle";
      readonly user: number;
      readonly retryAfterMs: number | undefined;
      readonly ofActor: boolean;
    }
  | { readonly kind: "success"; readonly user: number }
  | { readonly kind: "wall"; readonly ms: number }
  | { readonly kind: "restart" };

const user = fc.nat({ max: 2 });
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant("call" as const), user, count: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 30_000 })) }),
  fc.record({
    kind: fc.constant("throttle" as const),
    user,
    retryAfterMs: fc.option(fc.integer({ min: 1000, max: 90_000 }), { nil: undefined }),
    ofActor: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("success" as const), user }),
  // The wall clock is set, by hand or by a time server; deadlines do not mind.
  fc.record({ kind: fc.constant("wall" as const), ms: fc.integer({ min: -7_200_000, max: 7_200_000 }) }),
  fc.constant({ kind: "restart" as const }),
);

const callOf = (who: number): PacedCall => ({ service: "data-studio", kind: "write", actor: `user${who}` });

interface Passed {
  readonly at: number;
  readonly user: number;
}

/** Plays the events; answers what passed when, what Retry-After forbade, and who was left waiting. */
class Play {
  readonly clock: ManualClock = new ManualClock(undefined, 1);
  readonly passed: Passed[] = [];
  /** Instants between which nothing of that user (-1: of anybody) may pass. */
  readonly closed: { readonly from: number; readonly until: number; readonly user: number }[] = [];
  asked = 0;
  /** Sent away by a restart. */
  dropped = 0;
  readonly #rates: Rates;
  #pacer: Pacer;

  constructor(rates: Rates) {
    this.#rates = rates;
    this.#pacer = new Pacer(this.clock, rates);
  }

  async run(events: readonly Event[]): Promise<void> {
    for (const each of events) await this.#play(each);
  }

  /** What is left passes, when answers are good from now on. */
  async settle(limitMs: number): Promise<void> {
    const until = this.clock.monotonic() + limitMs;
    while (this.passed.length + this.dropped < this.asked && this.clock.monotonic() < until) {
      await this.clock.advance(1000);
      const last = this.passed.at(-1);
      if (last !== undefined) this.#pacer.succeeded(callOf(last.user), last.at);
    }
  }

  async #play(each: Event): Promise<void> {
    switch (each.kind) {
      case "call":
        for (let index = 0; index < each.count; index += 1) this.#take(each.user);
        return;
      case "wait":
        return this.clock.advance(each.ms);
      case "throttle":
        return this.#throttle(each);
      case "success":
        this.#pacer.succeeded(callOf(each.user), this.clock.monotonic());
        return;
      case "wall":
        this.clock.turnWall(each.ms);
        return;
      case "restart":
        return this.#restart();
    }
  }

  #take(who: number): void {
    this.asked += 1;
    void this.#pacer.take(callOf(who)).then(
      () => this.passed.push({ at: this.clock.monotonic(), user: who }),
      () => (this.dropped += 1),
    );
  }

  #throttle({ user: who, retryAfterMs, ofActor }: Extract<Event, { kind: "throttle" }>): void {
    const now = this.clock.monotonic();
    const quotaOf = ofActor ? "actor" : "project";
    this.#pacer.throttled(callOf(who), { sentAt: now, retryAfterMs, quotaPerMinute: undefined, quotaOf });
    if (retryAfterMs !== undefined)
      this.closed.push({ from: now, until: now + retryAfterMs, user: ofActor ? who : -1 });
  }

  /** Another process goes on from what this one remembers; time passes while it starts. */
  async #restart(): Promise<void> {
    const memory: unknown = JSON.parse(JSON.stringify(this.#pacer.remember()));
    this.#pacer.close();
    await this.clock.advance(10);
    this.#pacer = new Pacer(this.clock, this.#rates);
    this.#pacer.recall(memory);
  }
}

/** The most calls in any closed window of 60 s. */
function mostInAMinute(times: readonly number[]): number {
  let first = 0;
  return times.reduce((most, time, index) => {
    while ((times[first] ?? 0) < time - 60_000) first += 1;
    return Math.max(most, index - first + 1);
  }, 0);
}

const events = fc.array(event, { minLength: 3, maxLength: 25 });
const quota = fc.integer({ min: 2, max: 90 });

function known(project: number, actor: number): Rates {
  return {
    project: { ...noRates.project, writes: { perMinute: project, known: true } },
    actor: { ...noRates.actor, writes: { perMinute: actor, known: true } },
  };
}

describe("whatever is asked and answered when", () => {
  it("no sliding minute holds more calls than a known quota, restarts and a turned clock included", async () => {
    await fc.assert(
      fc.asyncProperty(quota, quota, events, async (project, actor, list) => {
        const play = new Play(known(project, actor));
        await play.run(list);
        await play.settle(120_000);
        expect(mostInAMinute(play.passed.map(({ at }) => at))).toBeLessThanOrEqual(project);
        for (const who of [0, 1, 2]) {
          const times = play.passed.filter((each) => each.user === who).map(({ at }) => at);
          expect(mostInAMinute(times)).toBeLessThanOrEqual(actor);
        }
      }),
      { numRuns: 600 },
    );
  });

  it("nothing passes before the moment the server named, not even after a restart", async () => {
    // The deadline is kept as wall time, so that a clock turned meanwhile may move it: that is another matter.
    const steady = events.map((list) => list.filter(({ kind }) => kind !== "wall"));
    await fc.assert(
      fc.asyncProperty(steady, async (list) => {
        const play = new Play(noRates);
        await play.run(list);
        await play.settle(120_000);
        for (const { from, until, user: who } of play.closed) {
          const early = play.passed.filter(
            (each) => each.at > from && each.at < until - 1 && (who === -1 || each.user === who),
          );
          expect(early).toEqual([]);
        }
      }),
      { numRuns: 600 },
    );
  });

  it("everybody who waits passes in the end", async () => {
    await fc.assert(
      fc.asyncProperty(quota, quota, events, async (project, actor, list) => {
        const play = new Play(known(project, actor));
        await play.run(list);
        // A memory can hold no longer than an hour; then one call a minute at the very least.
        await play.settle(3_600_000 + play.asked * 61_000);
        expect(play.passed.length + play.dropped).toBe(play.asked);
      }),
      { numRuns: 300 },
    );
  });
});

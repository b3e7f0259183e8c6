/** A run's steering whose acts are written down instead of reaching a pacer, a journal or a process. */
import { Steering } from "../../src/cli/apply-steering.ts";
import type { SteeringOptions } from "../../src/cli/apply-steering.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import type { Clock } from "../../src/model/clock.ts";

export interface Steered {
  readonly steering: Steering;
  /** What was done, in order. */
  readonly done: string[];
  readonly recorded: Readonly<Record<string, string | number>>[];
  readonly said: string[];
  readonly events: EngineEvent[];
}

export function steeringOf(clock: Clock, more: Partial<SteeringOptions> = {}): Steered {
  const done: string[] = [];
  const recorded: Readonly<Record<string, string | number>>[] = [];
  const said: string[] = [];
  const events: EngineEvent[] = [];
  const stop = new AbortController();
  const steering = new Steering({
    paced: {
      pause: (isPaused) => done.push(isPaused ? "held" : "let go"),
      setRate: (perSecond) => done.push(`rate ${perSecond}`),
    },
    stopping: {
      stop: stop.signal,
      ask: (cause) => {
        done.push(`stop for ${cause}`);
        stop.abort();
      },
      leave: () => done.push("left"),
    },
    workers: { permit: (concurrency) => done.push(`${concurrency} at once`) },
    clock,
    say: (line) => said.push(line),
    onEvent: (event) => events.push(event),
    record: async (details) => void recorded.push(details),
    ...more,
  });
  return { steering, done, recorded, said, events };
}

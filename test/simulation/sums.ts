/** The figures over many seeds, as they are printed last. */
import type { Outcome } from "./seed.ts";

export class Sums {
  readonly #startedAt = performance.now();
  readonly #startedWith = process.cpuUsage();
  readonly #counts = new Map<string, number>();
  /** Seeds by what happened in them, and steps by how they ended. */
  readonly seen: Map<string, number> = new Map();
  readonly ends: Map<string, number> = new Map();
  failing = 0;
  unrepeatable = 0;
  #virtualMs = 0;

  add(outcome: Outcome): void {
    const { runs, kills, processes, requests, commits, foreign, steps, events } = outcome;
    const figures = { seeds: 1, runs, kills, processes, requests, commits, foreign, steps, events };
    for (const [name, count] of Object.entries(figures)) increase(this.#counts, name, count);
    for (const name of outcome.seen) increase(this.seen, name, 1);
    for (const end of outcome.ends) increase(this.ends, end, 1);
    if (outcome.violations.length > 0) this.failing += 1;
    this.#virtualMs += outcome.virtualMs;
  }

  json(): string {
    const seeds = this.#counts.get("seeds") ?? 0;
    const { user, system } = process.cpuUsage(this.#startedWith);
    const perMinute = (ms: number): number => Math.round((seeds * 60_000) / ms);
    return JSON.stringify({
      ...Object.fromEntries(this.#counts),
      failing: this.failing,
      unrepeatable: this.unrepeatable,
      virtualHours: Math.round(this.#virtualMs / 3_600_000),
      seedsPerMinute: perMinute(performance.now() - this.#startedAt),
      seedsPerCpuMinute: perMinute((user + system) / 1000),
    });
  }
}

function increase(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}

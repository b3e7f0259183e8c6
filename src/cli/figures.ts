/** Figures for a program that collects them: what stands, and what is counted by the values of some labels. */
import type { Family, Sample } from "../report/metrics-text.ts";

/** Kinds of answer kept apart for each method; classes of failures come from answers. */
const seriesMax = 500;

export function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: "gauge", samples };
}

export function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: "counter", samples };
}

/** Counts by the values of some labels; past a limit, all further ones as `other`. */
export class Counter {
  readonly #names: readonly string[];
  readonly #counts = new Map<string, { readonly values: readonly string[]; count: number }>();

  constructor(...names: readonly string[]) {
    this.#names = names;
  }

  add(...values: readonly string[]): void {
    const key = values.join("\u0000");
    const found = this.#counts.get(key);
    if (found !== undefined) found.count += 1;
    else if (this.#counts.size < seriesMax) this.#counts.set(key, { values, count: 1 });
    else if (!values.every((value) => value === "other")) this.#other();
  }

  samples(): readonly Sample[] {
    return [...this.#counts.values()].map(({ values, count }) => ({
      labels: Object.fromEntries(this.#names.map((name, place) => [name, values[place] ?? ""])),
      value: count,
    }));
  }

  #other(): void {
    const values = this.#names.map(() => "other");
    const key = values.join("\u0000");
    const found = this.#counts.get(key);
    if (found === undefined) this.#counts.set(key, { values, count: 1 });
    else found.count += 1;
  }
}

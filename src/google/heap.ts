/** A queue by time: the entry due first comes out first. */

interface Entry<T> {
  readonly at: number;
  readonly value: T;
}

export class TimeHeap<T> {
  readonly #entries: Entry<T>[] = [];

  /** When the first entry is due, or Infinity. */
  get nextAt(): number {
    return this.#entries[0]?.at ?? Infinity;
  }

  push(at: number, value: T): void {
    const entry = { at, value };
    let index = this.#entries.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#entries[parent];
      if (above === undefined || above.at <= at) break;
      this.#entries[index] = above;
      index = parent;
    }
    this.#entries[index] = entry;
  }

  /** Takes the first entry out if it is due at `now`. */
  popDue(now: number): T | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.at > now) return undefined;
    const last = this.#entries.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first.value;
  }

  #sink(entry: Entry<T>): void {
    let index = 0;
    for (;;) {
      const left = this.#entries[2 * index + 1];
      if (left === undefined) break;
      const right = this.#entries[2 * index + 2];
      const isRight = right !== undefined && right.at < left.at;
      const below = isRight ? right : left;
      if (below.at >= entry.at) break;
      this.#entries[index] = below;
      index = 2 * index + (isRight ? 2 : 1);
    }
    this.#entries[index] = entry;
  }
}

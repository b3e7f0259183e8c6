/** How many calls passed in the last minute, to the second. */

const seconds = 60;

/** As plain data: the counts by second modulo sixty, none where a second had no call. */
export interface TallyState {
  readonly counts: readonly (number | null)[];
  readonly second: number;
}

export class Tally {
  /** By second modulo sixty, with gaps: most gates and users see few calls, and an array of sixty takes 0.4 us to make. */
  readonly #counts: number[];
  /** The second that the newest count belongs to. */
  #second: number;
  #total: number;

  constructor(state: TallyState = { counts: [], second: 0 }) {
    this.#counts = state.counts.slice(0, seconds).map((count) => count ?? 0);
    this.#second = state.second;
    this.#total = this.#counts.reduce((sum, count) => sum + count, 0);
  }

  get state(): TallyState {
    return { counts: Array.from(this.#counts, (count: number | undefined) => count ?? null), second: this.#second };
  }

  add(nowMs: number): void {
    const slot = this.#at(nowMs);
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    this.#total += 1;
  }

  /** Takes one call back, from the second it was counted in, or not at all when that is over a minute ago. */
  remove(countedAtMs: number, nowMs: number): void {
    this.#at(nowMs);
    const second = Math.floor(countedAtMs / 1000);
    if (second <= this.#second - seconds || second > this.#second) return;
    const slot = second % seconds;
    const count = this.#counts[slot] ?? 0;
    if (count === 0) return;
    this.#counts[slot] = count - 1;
    this.#total -= 1;
  }

  total(nowMs: number): number {
    this.#at(nowMs);
    return this.#total;
  }

  /** Forgets what is over a minute old and answers the slot of the current second. */
  #at(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    if (second > this.#second) {
      const first = Math.max(this.#second + 1, second - seconds + 1);
      for (let passed = first; passed <= second; passed += 1) {
        this.#total -= this.#counts[passed % seconds] ?? 0;
        this.#counts[passed % seconds] = 0;
      }
      this.#second = second;
    }
    return this.#second % seconds;
  }
}

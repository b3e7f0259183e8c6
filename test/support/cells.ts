/** Cells that several pacers of one process share, on a clock of their own; changes come one after the other. */
import type { Clock } from "../../src/model/clock.ts";
import type { CellChange, SharedCells } from "../../src/model/shared-cells.ts";

export class CellsInMemory implements SharedCells {
  readonly texts: Map<string, string> = new Map<string, string>();
  readonly #clock: Clock;
  readonly #skewMs: number;
  readonly #delayMs: number;
  /** While set, nothing is stored, and whoever asks is told so. */
  isDown: boolean = false;
  changes: number = 0;

  /** `skewMs`: how far the store's clock is from everybody else's; `delayMs`: the way there, and the way back. */
  constructor(clock: Clock, skewMs: number, delayMs = 0) {
    this.#clock = clock;
    this.#skewMs = skewMs;
    this.#delayMs = delayMs;
  }

  async change<Answer>(
    keys: readonly string[],
    change: (texts: ReadonlyMap<string, string>, now: number) => CellChange<Answer>,
  ): Promise<Answer> {
    await this.#clock.sleep(this.#delayMs);
    if (this.isDown) throw new Error("the connection broke");
    const own = new Map(keys.flatMap((key) => [...this.texts].filter(([each]) => each === key)));
    const { texts, answer } = change(own, this.#clock.monotonic() + this.#skewMs);
    for (const [key, text] of texts) this.texts.set(key, text);
    this.changes += 1;
    await this.#clock.sleep(this.#delayMs);
    return answer;
  }
}

/** How far a run has come, as far as is known here: what its journal said last, and what has ended here since. */
import type { RunReader } from "../journal/journal.ts";
import { JournalError, RunFileError } from "../model/errors.ts";
import type { Counts } from "../model/run.ts";
import { noCounts } from "../model/run.ts";
import type { Outcome } from "../model/step.ts";

export class KnownCounts {
  readonly #journal: Pick<RunReader, "counts" | "header">;
  /** Whether a journal that is lost may be asked all the same: a file that takes no more writes can mostly be read. */
  readonly #isNear: boolean;
  #said: Counts | undefined;
  #endedSince = new Map<Outcome, number>();
  #isLost = false;

  constructor(journal: Pick<RunReader, "counts" | "header">, isNear: boolean) {
    this.#journal = journal;
    this.#isNear = isNear;
  }

  /** The journal has failed, and nothing more is asked of it that could wait. */
  get isLost(): boolean {
    return this.#isLost;
  }

  lost(): void {
    this.#isLost = true;
  }

  said(counts: Counts): Counts {
    this.#said = counts;
    this.#endedSince.clear();
    return counts;
  }

  ended(outcome: Outcome): void {
    this.#endedSince.set(outcome, (this.#endedSince.get(outcome) ?? 0) + 1);
  }

  /** As the journal has them; once it is lost, as it had them when it was last heard, and what was kept here since. */
  async last(): Promise<Counts> {
    if (this.#isLost && !this.#isNear) return this.#known();

    try {
      return await this.#journal.counts();
    } catch (error) {
      if (!(error instanceof RunFileError || error instanceof JournalError)) throw error;
      this.#isLost = true;
      return this.#known();
    }
  }

  /** A journal that has said nothing may hold any run: nothing of it counts as done. */
  #known(): Counts {
    const counts = { ...(this.#said ?? { ...noCounts, planned: this.#journal.header.totals.steps }) };
    for (const [outcome, count] of this.#endedSince) {
      counts[outcome] += count;
      const planned = Math.min(count, counts.planned);
      counts.planned -= planned;
      counts["in-flight"] = Math.max(0, counts["in-flight"] - (count - planned));
    }
    return counts;
  }
}

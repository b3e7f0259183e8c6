/** The failure breaker: after so many failed steps, or too large a share of the latest ones, the run stops. */
import type { RunReader } from "../journal/journal.ts";
import type { FailureRate, Setting } from "../model/guard.ts";
import type { Outcome } from "../model/step.ts";
import { counted } from "../model/text.ts";

export interface BreakerRules {
  /** The strictest number of failed steps at which the run stops. */
  readonly failures: Setting<number> | undefined;
  readonly rate: Setting<FailureRate> | undefined;
}

const lift = "look at the failures; --accept-failures goes on and counts from there";

/** Counts over all processes that worked on the run: what ended before, or elsewhere, is read from its audit chain. */
export class Breaker {
  readonly #rules: BreakerRules;
  /** The last row of the audit chain that has been looked at, where other processes write into it as well. */
  #row: number;
  /** Whether each of the latest steps failed, oldest first. */
  readonly #latest: boolean[];
  #failures: number;

  private constructor(rules: BreakerRules, failures: number, latest: boolean[], row: number) {
    this.#rules = rules;
    this.#failures = failures;
    this.#latest = latest;
    this.#row = row;
  }

  /**
   * @param failures failed steps so far that nobody has accepted
   * @param sinceRow the row of the audit chain after which failures count for the rate
   */
  static async begin(rules: BreakerRules, run: RunReader, failures: number, sinceRow: number): Promise<Breaker> {
    const { rate } = rules;
    if (rate === undefined) return new Breaker(rules, failures, [], sinceRow);
    const until = await auditRows(run);
    return new Breaker(rules, failures, await latestEnds(run, sinceRow, until, rate.value.over), until);
  }

  /** Of a run that other processes work on too, in the place of `ended`: failures in all, and what ended since. */
  async follow(failures: number, run: RunReader): Promise<void> {
    this.#failures = failures;
    if (this.#rules.rate === undefined) return;
    for (
      let page = await run.audit(this.#row, pageSize);
      page.length > 0;
      page = await run.audit(this.#row, pageSize)
    ) {
      for (const { seq, body } of page) {
        this.#row = seq;
        const outcome = outcomeIn(JSON.parse(body));
        if (outcome !== undefined && outcome !== "by-hand") this.#note(outcome === "failed");
      }
      if (page.length < pageSize) return;
    }
  }

  ended(outcome: Outcome): void {
    if (outcome === "by-hand") return;
    if (outcome === "failed") this.#failures += 1;
    this.#note(outcome === "failed");
  }

  /** Why the run stops; undefined while it may go on. */
  get tripped(): string | undefined {
    const { failures, rate } = this.#rules;
    if (failures !== undefined && this.#failures > 0 && this.#failures >= failures.value) {
      return `${counted(this.#failures, "failed step")}, the limit is ${failures.value} (${failures.from}); ${lift}`;
    }
    if (rate === undefined || this.#latest.length < rate.value.least) return undefined;
    const failed = this.#latest.filter((each) => each).length;
    const percent = (100 * failed) / this.#latest.length;
    if (percent <= rate.value.percent) return undefined;
    return `${failed} of the last ${counted(this.#latest.length, "step")} failed (${Math.round(percent * 10) / 10} %), the limit is ${rate.value.percent} % (${rate.from}); ${lift}`;
  }

  #note(hasFailed: boolean): void {
    const { rate } = this.#rules;
    if (rate === undefined) return;
    this.#latest.push(hasFailed);
    if (this.#latest.length > rate.value.over) this.#latest.shift();
  }
}

const pageSize = 1000;

/** Whether each of the last `max` steps that ended from row `sinceRow` to row `last` failed. Lines for people are left out. */
async function latestEnds(run: RunReader, sinceRow: number, last: number, max: number): Promise<boolean[]> {
  const found: boolean[] = [];
  for (let until = last; until > sinceRow && found.length < max; until -= pageSize) {
    const rows = await run.audit(Math.max(sinceRow, until - pageSize), Math.min(pageSize, until - sinceRow));
    for (const { body } of rows.toReversed()) {
      const outcome = outcomeIn(JSON.parse(body));
      if (outcome !== undefined && outcome !== "by-hand" && found.length < max) found.push(outcome === "failed");
    }
  }
  return found.toReversed();
}

/** How a step ended, in the body of an audit row that tells of it. */
function outcomeIn(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("kind" in body) || !("outcome" in body)) return undefined;
  return body.kind === "ended" ? body.outcome : undefined;
}

/** Rows of the audit chain, found in a few looks. */
export async function auditRows(run: RunReader): Promise<number> {
  const isBeyond = async (row: number): Promise<boolean> => (await run.audit(row, 1)).length === 0;
  let low = 0;
  let high = pageSize;
  while (!(await isBeyond(high))) {
    low = high;
    high *= 2;
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isBeyond(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

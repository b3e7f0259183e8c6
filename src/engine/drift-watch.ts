/** How many assets were found changed since the plan: by a conflict, another owner, or being gone. */
import type { Claim } from "../journal/journal.ts";
import { amountText, permitted } from "../model/guard.ts";
import type { Amount, Setting } from "../model/guard.ts";
import type { StepResult } from "../model/step.ts";
import { counted } from "../model/text.ts";

/** What outlasts a process. */
export interface DriftMemory {
  /** Assets found changed so far. */
  readonly found: number;
  /** Those of `found` that somebody has seen and accepted. */
  readonly accepted: number;
  /** Steps among `found` that have not ended: they are not counted again. */
  readonly open: readonly number[];
}

export const noDrift: DriftMemory = { found: 0, accepted: 0, open: [] };

export class DriftWatch {
  readonly #rule: Setting<Amount>;
  readonly #permitted: number;
  readonly #keep: (memory: DriftMemory) => void;
  readonly #open: Set<number>;
  readonly #accepted: number;
  #found: number;
  /** Steps found since somebody last asked. */
  #news: number[] = [];

  /** `steps`: of the run, those that send something. */
  constructor(rule: Setting<Amount>, steps: number, memory: DriftMemory, keep: (memory: DriftMemory) => void) {
    this.#rule = rule;
    this.#permitted = permitted(rule.value, steps);
    this.#keep = keep;
    this.#open = new Set(memory.open);
    this.#accepted = memory.accepted;
    this.#found = memory.found;
  }

  /** A step is taken up; conflicts of an earlier process count. */
  claimed({ step, conflicts }: Claim): void {
    if (conflicts > 0) this.conflict(step.seq);
  }

  conflict(seq: number): void {
    if (this.#open.has(seq)) return;
    this.#open.add(seq);
    this.#find(seq);
  }

  ended(seq: number, { failure }: StepResult): void {
    if (this.#open.delete(seq)) return;
    if (failure === "owner-drift" || failure === "not-found") this.#find(seq);
  }

  /** The steps found since this was last asked for, to be told to whoever counts for all workers. */
  takeNews(): readonly number[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  /** So many were found by all workers, those told included. */
  standAt(found: number): void {
    this.#found = found + this.#news.length;
  }

  /** Why the run stops; undefined while it may go on. */
  get exceeded(): string | undefined {
    const found = this.#found - this.#accepted;
    if (found <= this.#permitted) return undefined;
    const { value, from } = this.#rule;
    const share = value.percent === undefined ? "" : `, which is ${this.#permitted}`;
    return `${counted(found, "asset")} found changed since the plan, the limit is ${amountText(value)}${share} (${from}); plan again, or go on with --accept-drift`;
  }

  #find(seq: number): void {
    this.#found += 1;
    this.#news.push(seq);
    this.#keep({ found: this.#found, accepted: this.#accepted, open: [...this.#open] });
  }
}

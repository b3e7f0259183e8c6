/** What the parts of the journal's contract have in common: one run, one clock, and the journal that is open now. */
import type { Claim, Journal, RunReader, RunWriter } from "../../src/journal/journal.ts";
import type { Email } from "../../src/model/email.ts";
import type { StepDraft } from "../../src/model/step.ts";
import { header } from "../journal/samples.ts";
import { ManualClock } from "../support/clock.ts";

/** One place where one run is kept. */
export interface JournalStore {
  writer(): Promise<RunWriter>;
  open(clock: ManualClock): Promise<Journal>;
  reader(): Promise<RunReader>;
  /** As if the process that has `journal` had died: what is not durable is gone, and the next `open` succeeds. */
  crash(journal: Journal): Promise<void>;
  dispose(): Promise<void>;
}

/** A claim without bounds. */
export const all: { readonly max: number; readonly perActor: number; readonly halted: ReadonlySet<Email> } = {
  max: 1000,
  perActor: 1000,
  halted: new Set(),
};

export const seqs = (claims: readonly Claim[]): readonly number[] => claims.map((claim) => claim.step.seq);

export const sorted = (claims: readonly Claim[]): readonly number[] => seqs(claims).toSorted((a, b) => a - b);

export class JournalBench {
  readonly store: JournalStore;
  readonly clock: ManualClock = new ManualClock();
  #journal: Journal | undefined;

  constructor(store: JournalStore) {
    this.store = store;
  }

  get journal(): Journal {
    if (this.#journal === undefined) throw new Error("the run has not begun");
    return this.#journal;
  }

  async begin(drafts: readonly StepDraft[]): Promise<void> {
    const writer = await this.store.writer();
    await writer.add(drafts);
    await writer.seal(header());
    this.#journal = await this.store.open(this.clock);
  }

  /** The process dies, and another takes its place. */
  async reopen(): Promise<void> {
    await this.store.crash(this.journal);
    this.#journal = await this.store.open(this.clock);
  }

  /** Waits for something durable, moving the clock as far as that takes. */
  durable<T>(work: Promise<T>): Promise<T> {
    return this.clock.drive(work);
  }

  async claimOne(): Promise<Claim> {
    const [claim] = await this.journal.claim({ ...all, max: 1 });
    if (claim === undefined) throw new Error("there is nothing to claim");
    return claim;
  }
}

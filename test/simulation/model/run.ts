/** A modelled run from its first step on: written once, then opened as often as processes take it up. */
import type { RunWriter } from "../../../src/journal/journal.ts";
import type { MemoryRun } from "../../../src/journal/sqlite/memory.ts";
import type { Clock } from "../../../src/model/clock.ts";
import type { Digest, RunHeader } from "../../../src/model/run.ts";
import type { StepDraft } from "../../../src/model/step.ts";
import { digestOf } from "./audit-text.ts";
import { ModelJournal } from "./journal.ts";
import { ModelReader } from "./reader.ts";
import { unlessOf } from "./store.ts";
import type { Row, Store } from "./store.ts";

export interface ModelRun extends MemoryRun {
  openJournal(options: { readonly clock: Clock }): Promise<ModelJournal>;
}

export function createModelRun(): ModelRun {
  const writer = new ModelWriter();
  return {
    writer,
    openJournal: async ({ clock }) => new ModelJournal(writer.sealed(), clock),
    openReader: async () => new ModelReader(writer.sealed()),
    dispose: () => undefined,
  };
}

class ModelWriter implements RunWriter {
  readonly #rows: Row[] = [];
  #store: Store | undefined;
  #isOver = false;

  sealed(): Store {
    if (this.#store === undefined) throw new Error("the run is not sealed");
    return this.#store;
  }

  async add(drafts: readonly StepDraft[]): Promise<number> {
    this.#checkOpen();
    const first = this.#rows.length + 1;
    for (const draft of drafts) this.#rows.push(rowFor(draft, this.#rows.length + 1));
    return first;
  }

  async seal(header: RunHeader): Promise<Digest> {
    this.#checkOpen();
    this.#isOver = true;
    for (const { step } of this.#rows) {
      const unless = unlessOf(step);
      if (unless === undefined || this.#rows[unless - 1] !== undefined) continue;
      throw new RangeError(`step ${step.seq} refers to a step that does not exist`);
    }
    const digest = digestOf(header, this.#rows);
    const nothing = { audit: [], kept: new Map(), verdicts: new Map(), epoch: 0, fence: 0 };
    this.#store = { header, digest, rows: this.#rows, ...nothing };
    return digest;
  }

  async discard(): Promise<void> {
    this.#isOver = true;
  }

  #checkOpen(): void {
    if (this.#isOver) throw new Error("the run is already sealed or discarded");
  }
}

function rowFor(draft: StepDraft, seq: number): Row {
  const { after } = draft;
  if (after !== undefined && !(after > 0 && after < seq)) {
    throw new RangeError(`step ${seq} waits for step ${after}, which does not come before it`);
  }
  return {
    step: { ...draft, seq },
    turnOf: draft.kind === "transfer" ? draft.from.email : draft.actor,
    attempts: [],
    attempted: 0,
    result: undefined,
    endedAt: undefined,
    memo: undefined,
  };
}

/**
 * The model of the journal: what is handed over waits for a moment and then becomes durable all at once. A journal whose
 * run was opened again in the meantime writes nothing any more, as after a kill.
 */
import type { Claim, Journal, Written } from "../../../src/journal/journal.ts";
import type { Clock } from "../../../src/model/clock.ts";
import type { Email } from "../../../src/model/email.ts";
import { RunLockedError } from "../../../src/model/errors.ts";
import type { Intent, StepResult } from "../../../src/model/step.ts";
import { ModelReader } from "./reader.ts";
import { endStep, isWaiting } from "./store.ts";
import type { Row, Store, Verdict } from "./store.ts";
import { ModelTurns } from "./turns.ts";

/** After a commit of so many, the next one waits for a millisecond: as SQLite's does when a commit takes no time. */
const manyEntries = 8;

interface Entry {
  readonly write: () => void;
  readonly answer: (written: Written) => void;
}

interface Held {
  readonly claim: Claim;
  readonly row: Row;
  /** Intents handed over, durable or not. */
  attempts: number;
  /** Ended or given back, durable or not. */
  isOver: boolean;
}

export class ModelJournal extends ModelReader implements Journal {
  readonly #clock: Clock;
  readonly #epoch: number;
  readonly #turns: ModelTurns;
  readonly #held = new Map<number, Held>();
  #queue: Entry[] = [];
  #isScheduled = false;
  #notBefore = 0;
  #isClosed = false;

  constructor(store: Store, clock: Clock) {
    super(store);
    this.#clock = clock;
    store.epoch += 1;
    this.#epoch = store.epoch;
    this.#turns = new ModelTurns(store);
  }

  async open(): Promise<{ readonly ready: number; readonly waiting: number }> {
    const open = this.store.rows.filter((row) => row.result === undefined);
    const waiting = open.filter((row) => isWaiting(this.store, row)).length;
    return { ready: open.length - waiting, waiting };
  }

  async claim(query: {
    readonly max: number;
    readonly perActor: number;
    readonly halted: ReadonlySet<Email>;
    readonly unwanted?: ReadonlySet<number> | undefined;
  }): Promise<readonly Claim[]> {
    this.#checkUsable();
    if (this.#isLost()) throw new RunLockedError("a modelled run");
    return this.#turns.take(query).map((row) => this.#claimOf(row));
  }

  async renew(claims: readonly Claim[]): Promise<readonly Claim[]> {
    return this.#isLost() ? [] : claims.filter((claim) => this.#heldBy(claim) !== undefined);
  }

  async intent(claim: Claim, intent: Intent): Promise<Written> {
    this.#checkUsable();
    const held = this.#heldBy(claim);
    if (held === undefined) return "lost";
    if (intent.attempt !== held.attempts + 1) {
      throw new RangeError(`intent ${intent.attempt} of step ${claim.step.seq} does not follow ${held.attempts}`);
    }
    held.attempts = intent.attempt;
    return this.#written(() => held.row.attempts.push({ intent, fate: "doubtful" }));
  }

  noEffect(claim: Claim, attempt: number, conflict: boolean): void {
    const held = this.#heldBy(claim);
    if (held === undefined) return;
    void this.#written(() => {
      const found = held.row.attempts.find(({ intent }) => intent.attempt === attempt);
      if (found?.fate === "doubtful") found.fate = conflict ? "conflict" : "no effect";
    });
  }

  async remember(claim: Claim, memo: string): Promise<Written> {
    this.#checkUsable();
    const held = this.#heldBy(claim);
    if (held === undefined) return "lost";
    return this.#written(() => {
      held.row.memo = memo;
    });
  }

  async result(claim: Claim, result: StepResult): Promise<Written> {
    this.#checkUsable();
    const held = this.#heldBy(claim);
    if (held === undefined) return "lost";
    held.isOver = true;
    const at = this.#clock.now();
    const { row, attempts } = held;
    let opened: readonly Row[] = [];
    return this.#written(
      () => {
        const waiting = this.store.rows.filter((other) => other.result === undefined && isWaiting(this.store, other));
        endStep(this.store, row, attempts, result, at);
        opened = waiting.filter((other) => other.result === undefined && !isWaiting(this.store, other));
      },
      () => {
        this.#held.delete(row.step.seq);
        this.#turns.ended(row);
        for (const other of opened) this.#turns.opened(other);
      },
    );
  }

  async release(claim: Claim): Promise<void> {
    await this.#letGo(claim, (row) => this.#turns.giveBack(row));
  }

  async setAside(claim: Claim): Promise<void> {
    await this.#letGo(claim, (row) => this.#turns.setAside(row));
  }

  async note(name: string, details: Readonly<Record<string, string | number | boolean>>): Promise<void> {
    this.#checkUsable();
    const at = this.#clock.now();
    await this.#mustWrite(() => this.store.audit.push({ kind: "note", at, name, details }));
  }

  keep(name: string, text: string): void {
    void this.#written(() => this.store.kept.set(name, text));
  }

  async flush(): Promise<void> {
    const written = this.#mustWrite(() => undefined);
    this.#commit();
    await written;
  }

  async verified(seq: number, verdict: Verdict, at: number): Promise<void> {
    this.#checkUsable();
    await this.#mustWrite(() => this.store.verdicts.set(seq, { verdict, at }));
  }

  override async close(): Promise<void> {
    this.#commit();
    this.#isClosed = true;
  }

  #claimOf(row: Row): Claim {
    this.store.fence += 1;
    const doubtful = row.attempts.filter(({ fate }) => fate === "doubtful").map(({ intent }) => intent);
    const claim: Claim = {
      step: row.step,
      fence: this.store.fence,
      intent: doubtful.at(-1),
      doubtful,
      attempts: row.attempts.length,
      conflicts: row.attempts.filter(({ fate }) => fate === "conflict").length,
      memo: row.memo,
    };
    this.#held.set(row.step.seq, { claim, row, attempts: claim.attempts, isOver: false });
    return claim;
  }

  #heldBy(claim: Claim): Held | undefined {
    const held = this.#held.get(claim.step.seq);
    return held !== undefined && held.claim.fence === claim.fence && !held.isOver ? held : undefined;
  }

  async #letGo(claim: Claim, turnOver: (row: Row) => void): Promise<void> {
    const held = this.#heldBy(claim);
    if (held === undefined) return;
    held.isOver = true;
    const { row } = held;
    await new Promise<void>((resolve) => {
      const answer = (): void => {
        this.#held.delete(row.step.seq);
        turnOver(row);
        resolve();
      };
      this.#push({ write: () => undefined, answer });
    });
  }

  async #mustWrite(write: () => unknown): Promise<void> {
    if ((await this.#written(write)) === "lost") throw new RunLockedError("a modelled run");
  }

  #written(write: () => unknown, kept?: () => void): Promise<Written> {
    return new Promise((resolve) => {
      const answer = (written: Written): void => {
        if (written === "ok") kept?.();
        resolve(written);
      };
      this.#push({ write, answer });
    });
  }

  #push(entry: Entry): void {
    this.#queue.push(entry);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    void this.#clock.sleep(Math.max(0, this.#notBefore - this.#clock.monotonic())).then(() => {
      this.#isScheduled = false;
      this.#commit();
    });
  }

  /** The one place where anything becomes durable. */
  #commit(): void {
    const entries = this.#queue;
    if (entries.length === 0) return;
    this.#queue = [];
    const written = this.#isLost() ? "lost" : "ok";
    if (written === "ok") for (const entry of entries) entry.write();
    this.#notBefore = this.#clock.monotonic() + (entries.length < manyEntries ? 0 : 1);
    for (const entry of entries) entry.answer(written);
  }

  #isLost(): boolean {
    return this.store.epoch !== this.#epoch;
  }

  #checkUsable(): void {
    if (this.#isClosed) throw new Error("the journal is closed");
  }
}

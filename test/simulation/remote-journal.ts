/**
 * The journal of one worker over the modelled database, as the adapter for PostgreSQL answers: what is handed over meanwhile
 * makes up the next commit, a commit whose answer was lost is known to be in, and patience ends.
 */
import type { Fleet } from "../../src/engine/fleet.ts";
import type { AuditRow, Claim, Journal, RunReader, StepFilter, StepRow, Written } from "../../src/journal/journal.ts";
import { JournalError } from "../../src/model/errors.ts";
import type { Counts, Digest, RunHeader } from "../../src/model/run.ts";
import type { Intent, StepResult } from "../../src/model/step.ts";
import type { ModelJournal } from "./model/journal.ts";
import type { Process } from "./process.ts";
import { renewEveryMs } from "./remote-database.ts";
import type { ClaimQuery, RemoteDatabase } from "./remote-database.ts";

interface Entry {
  readonly write: (tables: ModelJournal) => Promise<Written>;
  readonly answer: (written: Written) => void;
  readonly failed: (error: unknown) => void;
}

/** Joins the workers of a run. Throws JournalError: a first connection is not waited for. */
export async function joinRemote(database: RemoteDatabase, process: Process): Promise<RemoteJournal> {
  database.checkDoor();
  const found = await database.once(process, () => database.tables());
  if (found !== undefined) return new RemoteJournal(database, process, found.answer);
  database.saw("away at the start");
  throw new JournalError("away", "the database does not answer", "see that the server runs and can be reached");
}

export class RemoteJournal implements Journal {
  readonly fleet: Fleet;
  readonly #database: RemoteDatabase;
  readonly #process: Process;
  readonly #tables: ModelJournal;
  readonly #held = new Map<number, Claim>();
  /** Handed over: ended or given back. */
  readonly #ending = new Set<Claim>();
  readonly #aside = new Set<number>();
  readonly #ended = new AbortController();
  #next: Entry[] = [];
  #committing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isRenewing = false;

  constructor(database: RemoteDatabase, process: Process, tables: ModelJournal) {
    this.#database = database;
    this.#process = process;
    this.#tables = tables;
    const { id } = process.who;
    this.fleet = {
      look: () =>
        this.#ask(async () => {
          const heldElsewhere = database.heldElsewhere(id);
          if (heldElsewhere > 0) database.saw("others are at work");
          return { counts: await tables.counts(), heldElsewhere, drifted: 0, ended: undefined };
        }),
      enterGate: async () => true,
      leaveGate: async () => undefined,
    };
  }

  get header(): RunHeader {
    return this.#tables.header;
  }

  /** Whether patience ended with something to write: nobody else learns of it. */
  get hasGivenUp(): boolean {
    return this.#failure !== undefined;
  }

  get digest(): Digest {
    return this.#tables.digest;
  }

  async claim(query: ClaimQuery): Promise<readonly Claim[]> {
    this.#checkUsable();
    const own = { held: this.#held, aside: this.#aside };
    const claims = await this.#ask(() => this.#database.claim(this.#process.who.id, query, own));
    for (const claim of claims) this.#held.set(claim.step.seq, claim);
    if (claims.length > 0 && !this.#isRenewing) void this.#keepRenewing();
    return claims;
  }

  async renew(claims: readonly Claim[]): Promise<readonly Claim[]> {
    const ours = claims.filter((claim) => this.#isHeld(claim));
    const kept = await this.#ask(() => this.#database.renew(ours));
    if (kept.length < claims.length) this.#database.saw("lost, when the lease was to be extended");
    return kept;
  }

  async intent(claim: Claim, intent: Intent): Promise<Written> {
    this.#checkUsable();
    return this.#ofStep(claim, "an intent", (tables) => tables.intent(claim, intent));
  }

  noEffect(claim: Claim, attempt: number, conflict: boolean): void {
    if (!this.#isHeld(claim)) return;
    this.#unawaited((tables) => tables.noEffect(claim, attempt, conflict));
  }

  async remember(claim: Claim, memo: string): Promise<Written> {
    this.#checkUsable();
    return this.#ofStep(claim, "a memo", (tables) => tables.remember(claim, memo));
  }

  async result(claim: Claim, result: StepResult): Promise<Written> {
    this.#checkUsable();
    if (!this.#isHeld(claim)) return "lost";
    this.#ending.add(claim);
    const written = await this.#written(async (tables) => {
      const said = await tables.result(claim, result);
      if (said === "ok") this.#database.forget(claim);
      return said;
    });
    this.#drop(claim);
    if (written === "lost") this.#database.saw("lost, a result");
    return written;
  }

  async release(claim: Claim): Promise<void> {
    if (!this.#isHeld(claim)) return;
    this.#ending.add(claim);
    await this.#written(async (tables) => {
      this.#database.forget(claim);
      await tables.release(claim);
      return "ok";
    }).catch(() => undefined);
    this.#drop(claim);
  }

  async setAside(claim: Claim): Promise<void> {
    this.#aside.add(claim.step.seq);
    await this.release(claim);
  }

  open(): Promise<{ readonly ready: number; readonly waiting: number }> {
    return this.#ask(() => this.#tables.open());
  }

  async note(kind: string, details: Readonly<Record<string, string | number | boolean>>): Promise<void> {
    this.#checkUsable();
    await this.#written(async (tables) => {
      await tables.note(kind, details);
      return "ok";
    });
  }

  keep(name: string, text: string): void {
    this.#unawaited((tables) => tables.keep(name, text));
  }

  async flush(): Promise<void> {
    await this.#written(async () => "ok");
  }

  async verified(seq: number, verdict: "verified" | "drifted" | "unreadable", at: number): Promise<void> {
    this.#checkUsable();
    await this.#written(async (tables) => {
      await tables.verified(seq, verdict, at);
      return "ok";
    });
  }

  counts(): Promise<Counts> {
    return this.#ask(() => this.#tables.counts());
  }

  page(filter: StepFilter, after: number, max: number): Promise<readonly StepRow[]> {
    return this.#ask(() => this.#tables.page(filter, after, max));
  }

  async step(seq: number): Promise<StepRow | undefined> {
    return this.#ask(() => this.#tables.step(seq));
  }

  failures(max: number): ReturnType<RunReader["failures"]> {
    return this.#ask(() => this.#tables.failures(max));
  }

  audit(afterSeq: number, max: number): Promise<readonly AuditRow[]> {
    return this.#ask(() => this.#tables.audit(afterSeq, max));
  }

  firstBadAuditRow(): Promise<number | undefined> {
    return this.#ask(() => this.#tables.firstBadAuditRow());
  }

  verification(): ReturnType<RunReader["verification"]> {
    return this.#ask(() => this.#tables.verification());
  }

  kept(name: string): Promise<string | undefined> {
    return this.#ask(() => this.#tables.kept(name));
  }

  /** Leases that cannot be given back run out by themselves. */
  async close(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    while (this.#committing !== undefined) await this.#committing;
    this.#ended.abort();
    const giveBack = (): Promise<void> => this.#database.giveBackAllOf(this.#process.who.id);
    await this.#database.once(this.#process, giveBack).catch(() => undefined);
  }

  #ask<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#database.patiently(this.#process, work);
  }

  async #keepRenewing(): Promise<void> {
    this.#isRenewing = true;
    for (;;) {
      await this.#process.clock.sleep(renewEveryMs, this.#ended.signal);
      if (this.#ended.signal.aborted) return;
      const claims = [...this.#held.values()].filter((claim) => !this.#ending.has(claim));
      // What cannot be extended runs out.
      if (claims.length > 0) await this.#ask(() => this.#database.renew(claims)).catch(() => undefined);
    }
  }

  #isHeld(claim: Claim): boolean {
    return this.#held.get(claim.step.seq) === claim && !this.#ending.has(claim);
  }

  #drop(claim: Claim): void {
    this.#ending.delete(claim);
    if (this.#held.get(claim.step.seq) === claim) this.#held.delete(claim.step.seq);
  }

  async #ofStep(claim: Claim, what: string, write: Entry["write"]): Promise<Written> {
    const written = this.#isHeld(claim) ? await this.#written(write) : "lost";
    if (written === "lost") this.#database.saw(`lost, ${what}`);
    return written;
  }

  #unawaited(write: (tables: ModelJournal) => void): void {
    const none = (): void => undefined;
    const entry = async (tables: ModelJournal): Promise<Written> => {
      write(tables);
      return "ok";
    };
    this.#push({ write: entry, answer: none, failed: none });
  }

  #written(write: Entry["write"]): Promise<Written> {
    return new Promise((answer, failed) => {
      this.#push({ write, answer, failed });
    });
  }

  #push(entry: Entry): void {
    if (this.#failure !== undefined) {
      entry.failed(this.#failure.error);
      return;
    }
    this.#next.push(entry);
    this.#committing ??= this.#commitAll();
  }

  async #commitAll(): Promise<void> {
    // Whatever is handed over in the same turn belongs to the same commit.
    await Promise.resolve();
    while (this.#next.length > 0) {
      const entries = this.#next;
      this.#next = [];
      try {
        const answers = await this.#commit(entries);
        for (const [index, entry] of entries.entries()) entry.answer(answers[index] ?? "lost");
      } catch (error) {
        this.#failure = { error };
        for (const entry of [...entries, ...this.#next]) entry.failed(error);
        this.#next = [];
      }
    }
    this.#committing = undefined;
  }

  /** Until it is in, or nobody has patience left; what is in once is not written again. */
  #commit(entries: readonly Entry[]): Promise<readonly Written[]> {
    let inNow: Promise<readonly Written[]> | undefined;
    return this.#database.patiently(
      this.#process,
      () => {
        if (inNow !== undefined) this.#database.saw("a commit whose answer was lost is known to be in");
        inNow ??= Promise.all(entries.map(({ write }) => write(this.#tables)));
        return inNow;
      },
      () => {
        const what = inNow === undefined ? "is not in" : "is in";
        this.#database.saw(`given up, and the last commit ${what}`);
      },
    );
  }

  #checkUsable(): void {
    if (this.#ended.signal.aborted) throw new Error("the journal is closed");
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

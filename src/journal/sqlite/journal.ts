/** The journal over SQLite: claims in memory under the run's lock, everything else durable through group commit. */
import type { Database, Statement } from "better-sqlite3";
import type { Clock } from "../../model/clock.ts";
import type { Email } from "../../model/email.ts";
import { RunLockedError } from "../../model/errors.ts";
import type { Counts } from "../../model/run.ts";
import { isSuccess } from "../../model/step.ts";
import type { Intent, Step, StepResult, StepState } from "../../model/step.ts";
import type { Claim, Written } from "../journal.ts";
import { canonicalJson } from "../../model/canonical.ts";
import { ChainWriter, tailHolds } from "./chain.ts";
import { genesis } from "../chain.ts";
import { Checkpointing } from "../checkpoints.ts";
import { newestCheckpoint } from "./checkpoints.ts";
import type { Kept } from "../checkpoints.ts";
import { endedText, intentText } from "../codec.ts";
import { nothingSent, sentEarlier } from "./earlier.ts";
import { StepPages } from "./step-pages.ts";
import { runFileFault, tampered, withFaults } from "./faults.ts";
import { statusOf } from "./file-safety.ts";
import { Gates } from "./gates.ts";
import type { GateMoves } from "./gates.ts";
import { checkStillThere } from "./gone.ts";
import { lockRun } from "./lock.ts";
import { recordName, refuseRecord } from "../record.ts";
import type { OpeningOptions, SigningJournal } from "../opening.ts";
import { connectForWriting, makeDurable, putAtRest, readSealed, runPath } from "./open.ts";
import type { SealedRun } from "./open.ts";
import { SqliteRunReader } from "./reader.ts";
import type { FrozenStep } from "./reader.ts";
import type { ChainOf } from "../../model/signing/checkpoint.ts";
import { stateCode, voidByConflict, voided } from "../codes.ts";
import { AwaitedEntry, Slices } from "./slices.ts";
import { checkWaiting, standingOf } from "./standing.ts";
import type { Standing } from "./standing.ts";
import { begunSteps, prepareStatements, readySteps } from "./statements.ts";
import type { Statements } from "./statements.ts";
import { Turns } from "./turns.ts";
import type { TakeRule, Turn } from "./turns.ts";

/** Claims of one opening; the opening's number stands above this many bits of the fence. */
const fencesPerOpening = 2 ** 32;

const lost: Promise<Written> = Promise.resolve("lost");

/** A step that this process holds. */
interface Held extends Omit<Turn, "begun"> {
  /** Of the claim, which itself is not kept here: tables of this map live on for a while, with what they name. */
  readonly fence: number;
  /** Intents handed over, durable or not. */
  attempts: number;
  /** One of them is durable. */
  begun: boolean;
  /** A result has been handed over. */
  ending: boolean;
}

/**
 * Opens a run to carry it out. Checks the lock, the file, and each step against the digest before handing it out. Throws
 * RunLockedError when another process has it, RunFileError otherwise.
 */
export async function openJournal(path: string, options: OpeningOptions): Promise<SigningJournal> {
  const full = runPath(path);
  const lock = lockRun(full);
  let db: Database | undefined;
  try {
    db = connectForWriting(full);
    const connection = db;
    return await beginJournal(connection, readSealed(connection, full), options, (sound) => {
      if (sound) putAtRest(connection);
      connection.close();
      lock.release();
    });
  } catch (error) {
    db?.close();
    lock.release();
    throw runFileFault(error, full);
  }
}

/** Takes the run in `db` over from whoever had it. `atEnd` is told whether the database still takes writes. */
export async function beginJournal(
  db: Database,
  run: SealedRun,
  options: OpeningOptions,
  atEnd: (sound: boolean) => void,
): Promise<SigningJournal> {
  const pages = new StepPages(db, run.path, run.pages);
  await pages.checkAtOnce();
  return withFaults(run.path, () => {
    if (!tailHolds(db, genesis(run.header.runId, run.digest))) {
      throw tampered(run.path, "the end of the audit chain is not as it was written");
    }
    const record = db.prepare<[string], string>("select body from kept where name = ?").pluck().get(recordName);
    refuseRecord(record, run.path);
    const signed = newestCheckpoint(db, chainOf(run));
    if (signed.flaw !== undefined) throw tampered(run.path, signed.flaw);
    const standing = standingOf(db, run.path);
    checkWaiting(db, run.path, standing);
    makeDurable(db);
    db.prepare("update tail set epoch = epoch + 1").run();
    const signing =
      options.signer === undefined ? undefined : new Checkpointing(chainOf(run), options.signer, signed.row);
    return new SqliteJournal(db, run, options, { pages, standing, signing }, atEnd);
  });
}

function chainOf(run: SealedRun): ChainOf {
  return { runId: run.header.runId, digest: run.digest };
}

/** What an opened run was found to be, and what signs its chain. */
interface Found {
  readonly pages: StepPages;
  readonly standing: Standing;
  readonly signing: Checkpointing | undefined;
}

class SqliteJournal extends SqliteRunReader implements SigningJournal {
  readonly #clock: Clock;
  readonly #signing: Checkpointing | undefined;
  readonly #atEnd: (sound: boolean) => void;
  readonly #epoch: number;
  readonly #epochNow: Statement<[], number>;
  readonly #pages: StepPages;
  readonly #chain: ChainWriter;
  readonly #gates: Gates;
  readonly #slices: Slices;
  readonly #turns: Turns;
  readonly #takeTurns: (rule: TakeRule) => readonly Claim[];
  readonly #held = new Map<number, Held>();
  readonly #counts: Record<StepState, number>;
  readonly #statements: Statements;
  #waiting: number;
  #fences = 0;
  #closed = false;

  constructor(db: Database, run: SealedRun, options: OpeningOptions, found: Found, atEnd: (sound: boolean) => void) {
    super(db, run, false);
    const { clock, onCommit } = options;
    this.#pages = found.pages;
    this.#clock = clock;
    this.#signing = found.signing;
    this.#atEnd = atEnd;
    this.#epochNow = db.prepare<[], number>("select epoch from tail").pluck();
    this.#epoch = this.#epochNow.get() ?? 0;
    this.#chain = new ChainWriter(db);
    this.#gates = new Gates(db, (body) => this.#chain.append(body));
    const opened = db.memory ? undefined : statusOf(run.path);
    this.#slices = new Slices(db, clock, run.path, {
      check: () => {
        if (opened !== undefined) checkStillThere(db, run.path, opened);
      },
      holds: () => this.#epochNow.get() === this.#epoch,
      seal: () => this.#chain.writeTail(),
      // Behind the commit: what waits for an intent or a result never waits for a signature.
      kept: () => this.#keepSigned(this.#signing?.due(this.#chain.head, this.#clock.now())),
      took: (ms) => onCommit?.(ms),
    });
    this.#statements = prepareStatements(db);
    this.#turns = new Turns(readySteps(db), begunSteps(db));
    // One transaction for all: by itself, each look-up would lock and unlock the file, which costs ten times the look-up.
    this.#takeTurns = db.transaction((rule: TakeRule) => {
      if (this.#epochNow.get() !== this.#epoch) throw new RunLockedError(run.path);
      return this.#turns.take(rule).map((turn) => this.#take(turn));
    });
    this.#counts = { ...found.standing.counts };
    this.#waiting = found.standing.waiting;
  }

  override async counts(): Promise<Counts> {
    return { ...this.#counts };
  }

  async open(): Promise<{ readonly ready: number; readonly waiting: number }> {
    const open = this.#counts.planned + this.#counts["in-flight"];
    return { ready: open - this.#waiting, waiting: this.#waiting };
  }

  async claim(query: {
    readonly max: number;
    readonly perActor: number;
    readonly halted: ReadonlySet<Email>;
    readonly among?: ReadonlySet<number> | undefined;
  }): Promise<readonly Claim[]> {
    this.#checkUsable();
    const isHalted = (actor: number): boolean => query.halted.size > 0 && query.halted.has(this.emailOf(actor));
    const { max, perActor, among } = query;
    return this.reading(() => this.#takeTurns({ max, perActor, isHalted, among }));
  }

  async renew(claims: readonly Claim[]): Promise<readonly Claim[]> {
    const ours = !this.#slices.lost && this.#epochNow.get() === this.#epoch;
    return ours ? claims.filter((claim) => this.#heldBy(claim) !== undefined) : [];
  }

  intent(claim: Claim, intent: Intent): Promise<Written> {
    if (this.#unusable !== undefined) return Promise.reject(this.#unusable);
    const held = this.#heldBy(claim);
    if (held === undefined) return lost;
    if (intent.attempt !== held.attempts + 1) {
      const wrong = `intent ${intent.attempt} of step ${held.seq} does not follow ${held.attempts}`;
      return Promise.reject(new RangeError(wrong));
    }
    held.attempts = intent.attempt;
    return this.#written(
      // Its text is made when it is written: what waits for a commit takes less room.
      () => this.#statements.insertIntent.run(held.seq, intent.attempt, intent.at, intentText(intent)),
      () => {
        if (!held.begun) this.#move("planned", "in-flight");
        held.begun = true;
      },
    );
  }

  noEffect(claim: Claim, attempt: number, conflict: boolean): void {
    const held = this.#heldBy(claim);
    if (held === undefined) return;
    // Until it is durable the attempt counts as doubtful, which is the safe side.
    this.#unawaited(() => void this.#statements.voidIntent.run(conflict ? voidByConflict : voided, held.seq, attempt));
  }

  async remember(claim: Claim, memo: string): Promise<Written> {
    this.#checkUsable();
    const held = this.#heldBy(claim);
    if (held === undefined) return "lost";
    return this.#written(() => this.#statements.remember.run(memo, held.seq));
  }

  result(claim: Claim, result: StepResult): Promise<Written> {
    if (this.#unusable !== undefined) return Promise.reject(this.#unusable);
    const held = this.#heldBy(claim);
    if (held === undefined) return lost;
    held.ending = true;
    const at = this.#clock.now();
    const troubled = result.outcome === "failed" || result.outcome === "skipped";
    const succeeded = isSuccess(result.outcome);
    let moves: GateMoves | undefined;
    return this.#written(
      () => {
        this.#statements.end.run(
          stateCode(result.outcome),
          held.attempts,
          this.#chain.append(endedText({ step: claim.step, attempts: held.attempts, at }, result)),
          troubled ? (result.failure ?? "") : null,
          troubled ? (result.reason ?? "") : null,
          at,
          held.seq,
        );
        if (held.attempts > 0) this.#statements.forgetIntents.run(held.seq);
        if (this.#waiting > 0) moves = this.#gates.ended(held.seq, succeeded, at);
      },
      () => {
        this.#held.delete(held.seq);
        this.#turns.ended(held);
        this.#move(held.begun ? "in-flight" : "planned", result.outcome);
        if (moves !== undefined) this.#moved(moves);
      },
    );
  }

  async release(claim: Claim): Promise<void> {
    await this.#letGo(claim, (turn) => this.#turns.giveBack(turn));
  }

  async setAside(claim: Claim): Promise<void> {
    await this.#letGo(claim, (turn) => this.#turns.setAside(turn));
  }

  /** Follows what was handed over for the step before, so that its next claim sees all of it. */
  async #letGo(claim: Claim, turnOver: (turn: Turn) => void): Promise<void> {
    const held = this.#heldBy(claim);
    if (held === undefined) return;
    held.ending = true;
    await new Promise<void>((resolve) => {
      const over = (): void => {
        this.#held.delete(held.seq);
        turnOver({ seq: held.seq, actor: held.actor, begun: held.begun });
        resolve();
      };
      // Nothing is written, so a store that refuses is no reason to complain here.
      this.#slices.push({ write: () => undefined, kept: over, lost: over, failed: over });
    });
  }

  async note(kind: string, details: Readonly<Record<string, string | number | boolean>>): Promise<void> {
    this.#checkUsable();
    const body = canonicalJson({ at: this.#clock.now(), details, kind: `note:${kind}` });
    this.#expectOurs(await this.#written(() => this.#chain.append(body)));
  }

  keep(name: string, text: string): void {
    this.#unawaited(() => void this.#statements.keep.run(name, text));
  }

  async flush(): Promise<void> {
    const written = this.#written(() => undefined);
    this.#slices.commit();
    this.#expectOurs(await written);
  }

  async verified(seq: number, verdict: "verified" | "drifted" | "unreadable", at: number): Promise<void> {
    this.#checkUsable();
    this.#expectOurs(await this.#written(() => this.#statements.verdict.run(seq, verdict, at)));
  }

  async checkpoint(): Promise<void> {
    await this.flush();
    this.#keepSigned(this.#signing?.last(this.#chain.head, this.#clock.now()));
    await this.flush();
  }

  #keepSigned(signed: Kept | undefined): void {
    if (signed !== undefined) this.keep(signed.name, signed.body);
  }

  /** Makes everything durable first; what cannot be has been answered with its error. */
  override async close(): Promise<void> {
    if (this.#closed) return;
    this.#slices.commit();
    if (this.#slices.failure === undefined && !this.#slices.lost) {
      this.#keepSigned(this.#signing?.last(this.#chain.head, this.#clock.now()));
      this.#slices.commit();
    }
    this.#closed = true;
    this.#atEnd(this.#slices.failure === undefined && !this.#slices.lost);
  }

  protected override stepIn(row: FrozenStep): Step {
    this.#pages.check(row.seq);
    return super.stepIn(row);
  }

  #take(turn: Turn): Claim {
    const row = this.#statements.frozen.get(turn.seq);
    if (row === undefined) throw new Error(`step ${turn.seq} is handed out, but the run does not hold it`);
    const [kind, actor, asset, after, unless, body, memo] = row;
    this.#fences += 1;
    const { seq, begun } = turn;
    const earlier = begun
      ? sentEarlier(this.#statements.intents.all(seq), (text) => this.intentIn(seq, text))
      : nothingSent;
    const claim: Claim = {
      step: this.stepIn({ seq, actor, kind, asset, after, unless, body }),
      fence: this.#epoch * fencesPerOpening + this.#fences,
      intent: earlier.intent,
      doubtful: earlier.doubtful,
      attempts: earlier.attempts,
      conflicts: earlier.conflicts,
      memo: memo ?? undefined,
    };
    // Field by field: profiles show look-ups of objects that were spread from others to be the slow ones here.
    this.#held.set(seq, { seq, actor: turn.actor, fence: claim.fence, attempts: claim.attempts, begun, ending: false });
    return claim;
  }

  /** The step if the claim still is the one that holds it. */
  #heldBy(claim: Claim): Held | undefined {
    const held = this.#held.get(claim.step.seq);
    return held !== undefined && held.fence === claim.fence && !held.ending ? held : undefined;
  }

  /** For writes nobody waits for: whoever writes next is told what is wrong with the store. */
  #unawaited(write: () => void): void {
    const none = (): void => undefined;
    this.#slices.push({ write, kept: none, lost: none, failed: none });
  }

  #written(write: () => unknown, kept?: () => void): Promise<Written> {
    return new Promise((resolve, reject) => {
      this.#slices.push(new AwaitedEntry(write, kept, resolve, reject));
    });
  }

  #moved(moves: GateMoves): void {
    this.#waiting -= moves.openedCount + moves.skippedCount;
    this.#counts.planned -= moves.skippedCount;
    this.#counts.skipped += moves.skippedCount;
    for (const { actor, first } of moves.opened) this.#turns.opened(actor, first);
  }

  #move(from: StepState, to: StepState): void {
    this.#counts[from] -= 1;
    this.#counts[to] += 1;
  }

  #expectOurs(written: Written): void {
    if (written === "lost") throw new RunLockedError(this.run.path);
  }

  get #unusable(): Error | undefined {
    return this.#closed ? new Error("the journal is closed") : this.#slices.failure;
  }

  #checkUsable(): void {
    if (this.#unusable !== undefined) throw this.#unusable;
  }
}

/** The journal over PostgreSQL: any number of workers carry one run out, each holding its steps by lease and fence. */
import type { Clock } from "../../model/clock.ts";
import type { PoolClient } from "pg";
import type { Email } from "../../model/email.ts";
import type { ChainHead } from "../../model/examination.ts";
import { isSuccess } from "../../model/step.ts";
import type { Intent, StepResult } from "../../model/step.ts";
import { Checkpointing } from "../checkpoints.ts";
import type { Kept } from "../checkpoints.ts";
import type { Claim, Written } from "../journal.ts";
import type { OpeningOptions, SigningJournal } from "../opening.ts";
import { newestCheckpoint } from "./checkpoints.ts";
import { canonicalJson } from "../../model/canonical.ts";
import { voidByConflict, voided } from "../codes.ts";
import { endedText, intentOf, intentText } from "../codec.ts";
import { recordName, refuseRecord } from "../record.ts";
import { claimSteps } from "./claims.ts";
import type { Taken } from "./claims.ts";
import type { JournalDatabase } from "./database.ts";
import { patiently, patientRows } from "./patience.ts";
import { PostgresRunReader } from "./reader.ts";
import { checkSteps, frozenColumns, readSealedRun, tamperedRun } from "./sealed.ts";
import type { FrozenRow, SealedRun } from "./sealed.ts";
import { Slices } from "./slices.ts";
import { unescaped } from "./text.ts";
import { writeSlice } from "./writes.ts";
import type { Entry, Write } from "./writes.ts";

/** How long a step stays with a worker that has gone silent. */
const defaultLeaseMs = 30_000;
/** Leases are extended this often within their time: two extensions may fail before one runs out. */
const renewalsPerLease = 3;

/** A step that this worker holds. */
interface Held {
  readonly claim: Claim;
  readonly actor: number;
  /** Intents handed over, durable or not. */
  attempts: number;
  /** A result has been handed over, or the step was given back. */
  ending: boolean;
}

export interface PostgresJournalOptions extends OpeningOptions {
  readonly leaseMs?: number;
  /** Close the database with the journal. */
  readonly ownsDatabase?: boolean;
}

/** The journal as one worker has it. */
export interface WorkerJournal extends SigningJournal {
  /** The number of this worker in the database. */
  readonly worker: number;
}

/** Joins the workers of the run `name`. Checks every step against the digest. Throws RunFileError. */
export async function openPostgresJournal(
  database: JournalDatabase,
  name: string,
  options: PostgresJournalOptions,
): Promise<WorkerJournal> {
  const run = await readSealedRun(database, name);
  await checkSteps(database, run);
  const [tail] = await database.rows<{ holds: boolean }>(
    `select case when r.audit_rows = 0 then not exists (select 1 from audit a where a.run = r.id)
       else exists (select 1 from audit a where a.run = r.id and a.seq = r.audit_rows and a.hash = r.audit_head)
         and not exists (select 1 from audit a where a.run = r.id and a.seq > r.audit_rows) end as holds
     from runs r where r.id = $1`,
    [run.id],
  );
  if (tail?.holds !== true) throw tamperedRun(run.place, "the end of the audit chain is not as it was written");
  const [record] = await database.rows<{ body: string }>("select body from kept where run = $1 and name = $2", [
    run.id,
    recordName,
  ]);
  if (record !== undefined) refuseRecord(unescaped(record.body), run.place);
  const chain = { runId: run.header.runId, digest: run.digest };
  const signed = await newestCheckpoint(database, run.id, chain);
  if (signed.flaw !== undefined) throw tamperedRun(run.place, signed.flaw);
  const { signer } = options;
  const signing = signer === undefined ? undefined : new Checkpointing(chain, signer, signed.row);
  const [worker] = await database.rows<{ id: string }>("insert into workers (run) values ($1) returning id", [run.id]);
  if (worker === undefined) throw new SyntaxError("no worker was made");
  return new PostgresJournal(database, run, { worker: Number(worker.id), signing }, options);
}

/** Who opened the run, and what signs its chain for them. */
interface Opening {
  readonly worker: number;
  readonly signing: Checkpointing | undefined;
}

class PostgresJournal extends PostgresRunReader implements WorkerJournal {
  readonly worker: number;
  readonly #database: JournalDatabase;
  readonly #signing: Checkpointing | undefined;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #slices: Slices<Entry>;
  readonly #held = new Map<number, Held>();
  readonly #aside = new Set<number>();
  readonly #ended = new AbortController();
  #renewing: Promise<void> | undefined;
  /** Of the chain, as this worker's last commit left it. */
  #lastLink: ChainHead = { row: 0, hash: "" };

  constructor(
    database: JournalDatabase,
    run: SealedRun,
    { worker, signing }: Opening,
    options: PostgresJournalOptions,
  ) {
    super(patientRows(database, options.clock), run, options.ownsDatabase === true);
    this.#database = database;
    this.#signing = signing;
    this.#clock = options.clock;
    this.#leaseMs = options.leaseMs ?? defaultLeaseMs;
    this.worker = worker;
    const { clock, onCommit } = options;
    const write = async (client: PoolClient, entries: readonly Entry[]): Promise<ReadonlySet<Entry>> =>
      writeSlice(client, { run: run.id, worker, onHead: (head) => (this.#lastLink = head) }, entries);
    // Behind the commit: what waits for an intent or a result never waits for a signature.
    const kept = (): void => this.#keepSigned(this.#signing?.due(this.#lastLink, clock.now()));
    this.#slices = new Slices<Entry>({ database, clock, worker, write, onCommit, kept });
  }

  async open(): Promise<{ readonly ready: number; readonly waiting: number }> {
    const [row] = await this.database.rows<{ open: number; waiting: string }>(
      `select counts[1] as open, (select count(*) from progress where run = $1 and gate > 0 and state = 0) as waiting
       from runs where id = $1`,
      [this.run.id],
    );
    const waiting = Number(row?.waiting ?? 0);
    return { ready: (row?.open ?? 0) - waiting, waiting };
  }

  async claim(query: {
    readonly max: number;
    readonly perActor: number;
    readonly halted: ReadonlySet<Email>;
    readonly among?: ReadonlySet<number> | undefined;
  }): Promise<readonly Claim[]> {
    this.#checkUsable();
    const rule = { ...query, leaseMs: this.#leaseMs, aside: [...this.#aside], held: [...this.#held.keys()] };
    const claims = await this.#transaction(async (client) => {
      const taken = await claimSteps(client, this.run.id, this.worker, rule);
      if (taken.length === 0) return [];
      const seqs = taken.map(({ seq }) => seq);
      const frozen = await client.query<FrozenRow>(
        `select ${frozenColumns} from steps s join actors a on a.run = s.run and a.id = s.actor
         where s.run = $1 and s.seq = any ($2)`,
        [this.run.id, seqs],
      );
      const intents = await client.query<IntentRow>(
        "select seq, attempt, void, body from intents where run = $1 and seq = any ($2) order by seq, attempt",
        [this.run.id, seqs],
      );
      return taken.map((one) => this.#claimOf(one, frozen.rows, intents.rows));
    });
    for (const { claim, actor } of claims) {
      this.#held.set(claim.step.seq, { claim, actor, attempts: claim.attempts, ending: false });
    }
    if (claims.length > 0) this.#renewing ??= this.#keepRenewing();
    return claims.map(({ claim }) => claim);
  }

  async renew(claims: readonly Claim[]): Promise<readonly Claim[]> {
    const ours = claims.filter((claim) => this.#heldBy(claim) !== undefined);
    if (ours.length === 0) return [];
    const kept = await this.#renewLeases(ours);
    return ours.filter((claim) => kept.has(claim.step.seq));
  }

  async intent(claim: Claim, intent: Intent): Promise<Written> {
    this.#checkUsable();
    const held = this.#heldBy(claim);
    if (held === undefined) return "lost";
    if (intent.attempt !== held.attempts + 1) {
      throw new RangeError(`intent ${intent.attempt} of step ${claim.step.seq} does not follow ${held.attempts}`);
    }
    held.attempts = intent.attempt;
    const { attempt, at } = intent;
    const since = this.#clock.monotonic();
    const written = await this.#written({
      kind: "intent",
      held: holdingOf(claim),
      attempt,
      at,
      body: intentText(intent),
    });
    if (written === "lost" || this.#clock.monotonic() - since < this.#leaseMs / renewalsPerLease) return written;
    // The answer came so late that somebody may have taken the step over since: nothing is sent before that is known.
    const kept = await this.#renewLeases([claim]).catch(() => new Set<number>());
    if (kept.has(claim.step.seq)) return "ok";
    this.#forget(held);
    return "lost";
  }

  noEffect(claim: Claim, attempt: number, conflict: boolean): void {
    if (this.#heldBy(claim) === undefined) return;
    const how = conflict ? voidByConflict : voided;
    // Until it is durable the attempt counts as doubtful, which is the safe side.
    this.#unawaited({ kind: "void", held: holdingOf(claim), attempt, how });
  }

  async remember(claim: Claim, memo: string): Promise<Written> {
    this.#checkUsable();
    if (this.#heldBy(claim) === undefined) return "lost";
    return this.#written({ kind: "memo", held: holdingOf(claim), text: memo });
  }

  async result(claim: Claim, result: StepResult): Promise<Written> {
    this.#checkUsable();
    const held = this.#heldBy(claim);
    if (held === undefined) return "lost";
    held.ending = true;
    const at = this.#clock.now();
    const { attempts, actor } = held;
    const { outcome, failure, reason } = result;
    const body = endedText({ step: claim.step, attempts, at }, result);
    const succeeded = isSuccess(outcome);
    const end = { actor, at, attempts, body, failure, outcome, reason, succeeded };
    const written = await this.#written({ kind: "end", held: holdingOf(claim), end });
    this.#forget(held);
    return written;
  }

  async release(claim: Claim): Promise<void> {
    await this.#letGo(claim);
  }

  async setAside(claim: Claim): Promise<void> {
    this.#aside.add(claim.step.seq);
    await this.#letGo(claim);
  }

  async note(kind: string, details: Readonly<Record<string, string | number | boolean>>): Promise<void> {
    this.#checkUsable();
    await this.#written({
      kind: "note",
      body: canonicalJson({ at: this.#clock.now(), details, kind: `note:${kind}` }),
    });
  }

  keep(name: string, text: string): void {
    this.#unawaited({ kind: "keep", name, text });
  }

  async flush(): Promise<void> {
    await this.#written({ kind: "nothing" });
  }

  async verified(seq: number, verdict: "verified" | "drifted" | "unreadable", at: number): Promise<void> {
    this.#checkUsable();
    await this.#written({ kind: "verdict", seq, verdict, at });
  }

  async checkpoint(): Promise<void> {
    await this.flush();
    if (this.#signing === undefined) return;
    this.#keepSigned(this.#signing.last(await this.head(), this.#clock.now()));
    await this.flush();
  }

  #keepSigned(signed: Kept | undefined): void {
    if (signed !== undefined) this.keep(signed.name, signed.body);
  }

  /** Makes everything durable first, and gives back what is still held. */
  override async close(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    if (this.#signing !== undefined && this.#slices.failure === undefined) {
      // A database that refuses is no reason to complain here: the chain stands unsigned, and says so.
      await this.checkpoint().catch(() => undefined);
    }
    this.#ended.abort();
    await this.#slices.idle();
    await this.#renewing;
    await this.#database
      .rows("update progress set worker = null, lease = null where run = $1 and worker = $2 and state = 0", [
        this.run.id,
        this.worker,
      ])
      // The leases run out by themselves.
      .catch(() => undefined);
    await super.close();
  }

  /** Its commit is known not to have gone in, or what it did may be done once more. */
  #transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return patiently(this.#clock, this.#database.shown, () => this.#database.transaction(work), this.#ended.signal);
  }

  #claimOf(
    { seq, actor, fence, memo }: Taken,
    frozen: readonly FrozenRow[],
    intents: readonly IntentRow[],
  ): { readonly claim: Claim; readonly actor: number } {
    const row = frozen.find((each) => each.seq === seq);
    if (row === undefined) throw new Error(`step ${seq} is handed out, but the run does not hold it`);
    const own = intents.filter((intent) => intent.seq === seq);
    const doubtful = own
      .filter((intent) => intent.void === 0)
      .map(({ body }) => this.readable(() => intentOf(body), `an intent of step ${seq}`));
    const claim: Claim = {
      step: this.stepIn(row),
      fence,
      intent: doubtful.at(-1),
      doubtful,
      attempts: own.at(-1)?.attempt ?? 0,
      conflicts: own.filter((intent) => intent.void === voidByConflict).length,
      memo: memo === null ? undefined : this.readable(() => unescaped(memo), `the memo of step ${seq}`),
    };
    return { claim, actor };
  }

  async #letGo(claim: Claim): Promise<void> {
    const held = this.#heldBy(claim);
    if (held === undefined) return;
    held.ending = true;
    // A database that refuses is no reason to complain here: the lease runs out by itself.
    await this.#written({ kind: "release", held: holdingOf(claim) }).catch(() => undefined);
    this.#forget(held);
  }

  async #keepRenewing(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      await this.#clock.sleep(this.#leaseMs / renewalsPerLease, this.#ended.signal);
      const claims = [...this.#held.values()].filter(({ ending }) => !ending).map(({ claim }) => claim);
      // A lease that cannot be extended runs out, and the fence keeps what comes too late from being written.
      if (claims.length > 0 && !this.#ended.signal.aborted) await this.#renewLeases(claims).catch(() => undefined);
    }
  }

  /** Answers the steps that are still ours. */
  async #renewLeases(claims: readonly Claim[]): Promise<ReadonlySet<number>> {
    const rows = await this.database.rows<{ seq: number }>(
      `update progress p set lease = clock_timestamp() + $3 * interval '1 millisecond'
       from unnest($4::int[], $5::bigint[]) as c (seq, fence)
       where p.run = $1 and p.worker = $2 and p.seq = c.seq and p.fence = c.fence and p.state = 0 returning p.seq`,
      [this.run.id, this.worker, this.#leaseMs, claims.map(({ step }) => step.seq), claims.map(({ fence }) => fence)],
    );
    return new Set(rows.map(({ seq }) => seq));
  }

  /** A claim made since, of the same step, stays. */
  #forget(held: Held): void {
    const { seq } = held.claim.step;
    if (this.#held.get(seq) === held) this.#held.delete(seq);
  }

  /** What is held if the claim still is the one that holds the step. */
  #heldBy(claim: Claim): Held | undefined {
    const held = this.#held.get(claim.step.seq);
    return held !== undefined && held.claim.fence === claim.fence && !held.ending ? held : undefined;
  }

  /** For writes nobody waits for: whoever writes next is told what is wrong with the store. */
  #unawaited(write: Write): void {
    const none = (): void => undefined;
    this.#slices.push({ write, kept: none, lost: none, failed: none });
  }

  #written(write: Write): Promise<Written> {
    return new Promise((resolve, reject) => {
      this.#slices.push({ write, kept: () => resolve("ok"), lost: () => resolve("lost"), failed: reject });
    });
  }

  #checkUsable(): void {
    if (this.#ended.signal.aborted) throw new Error("the journal is closed");
    if (this.#slices.failure !== undefined) throw this.#slices.failure;
  }
}

interface IntentRow {
  readonly seq: number;
  readonly attempt: number;
  readonly void: number;
  readonly body: string;
}

function holdingOf(claim: Claim): { readonly seq: number; readonly fence: number } {
  return { seq: claim.step.seq, fence: claim.fence };
}

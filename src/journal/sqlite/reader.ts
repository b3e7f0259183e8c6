/** Reads a run: its frozen part, how each step stands, the audit chain; also while another process carries it out. */
import type { Database, Statement } from "better-sqlite3";
import type { Counts, Digest, RunHeader } from "../../model/run.ts";
import type { AssetName } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";
import type { Intent, Outcome, Step, StepResult, StepState } from "../../model/step.ts";
import type { AuditRow, RunReader, StepFilter, StepRow } from "../journal.ts";
import { walkAudit } from "./audit-walk.ts";
import type { AuditWalk } from "./audit-walk.ts";
import { genesis } from "../chain.ts";
import { readTail } from "./chain.ts";
import { intentOf, resultOf, stepOf } from "../codec.ts";
import { StepPages } from "./step-pages.ts";
import type { SealedRunReader } from "../opening.ts";
import { corrupt, runFileFault, withFaults } from "./faults.ts";
import { connectForReading, readSealed, runPath } from "./open.ts";
import type { SealedRun } from "./open.ts";
import type { ChainHead } from "../../model/examination.ts";
import { kindCode, kindName, stateCode, stateName } from "../codes.ts";
import { skippedResult } from "../skipped.ts";
import { expectAllTexts, expectTexts, instantOf, objectOf } from "../shapes.ts";
import { standingOf } from "./standing.ts";

/** A row of `steps`. */
export interface FrozenStep {
  readonly seq: number;
  readonly kind: number;
  readonly actor: number;
  readonly asset: string | null;
  readonly after: number | null;
  readonly unless: number | null;
  readonly body: string;
}

/** The same beside its `progress`. */
interface StoredStep extends FrozenStep {
  readonly state: number;
  readonly attempts: number;
  readonly failure: string | null;
  readonly reason: string | null;
  readonly memo: string | null;
  readonly updated: number | null;
  readonly ended: string | null;
}

// An open step with an intent is in-flight; how often it was tried, and when, stands with its intents.
const began = "exists (select 1 from intents i where i.seq = p.seq)";
const stateNow = `iif(p.state = 0 and ${began}, ${stateCode("in-flight")}, p.state)`;
const attemptsNow = "iif(p.state = 0, (select count(*) from intents i where i.seq = p.seq), p.attempts)";
const updatedNow = "iif(p.state = 0, (select max(at) from intents i where i.seq = p.seq), p.updated)";
const columns = `s.seq, s.kind, s.actor, s.asset, s.after, s.unless, s.body, ${stateNow} as state,
  ${attemptsNow} as attempts, p.failure, p.reason, p.memo, ${updatedNow} as updated, a.body as ended
  from progress p join steps s on s.seq = p.seq left join audit a on a.seq = p.audit`;

interface FailureRow {
  readonly state: number;
  readonly failure: string;
  readonly reason: string;
  readonly count: number;
  readonly seq: number;
}

/** Opens a run for looking at. Throws RunFileError; never waits for the process that carries the run out. */
export async function openReader(path: string): Promise<SealedRunReader> {
  const full = runPath(path);
  const db = connectForReading(full);
  try {
    return new SqliteRunReader(db, readSealed(db, full), true);
  } catch (error) {
    db.close();
    throw error;
  }
}

export class SqliteRunReader implements SealedRunReader {
  readonly header: RunHeader;
  readonly digest: Digest;
  protected readonly db: Database;
  protected readonly run: SealedRun;
  readonly #ownsDb: boolean;
  readonly #emails = new Map<number, Email>();
  readonly #email: Statement<[number], Email>;
  readonly #one: Statement<[number], StoredStep>;
  readonly #page: Statement<[number, number, number, number], StoredStep>;
  readonly #auditPage: Statement<[number, number], { seq: number; body: string; hash: string }>;

  /** `ownsDb`: the connection is closed with the reader. */
  constructor(db: Database, run: SealedRun, ownsDb: boolean) {
    this.db = db;
    this.run = run;
    this.header = run.header;
    this.digest = run.digest;
    this.#ownsDb = ownsDb;
    this.#email = db.prepare<[number], Email>("select email from actors where id = ?").pluck();
    this.#one = db.prepare(`select ${columns} where p.seq = ?`);
    // The filters are bit masks, so that one statement serves every combination.
    this.#page = db.prepare(
      `select ${columns} where p.seq > ? and (? >> ${stateNow}) & 1 and (? >> s.kind) & 1 order by p.seq limit ?`,
    );
    this.#auditPage = db.prepare("select seq, body, hash from audit where seq > ? order by seq limit ?");
  }

  async counts(): Promise<Counts> {
    return this.reading(() => standingOf(this.db, this.run.path).counts);
  }

  async page(filter: StepFilter, after: number, max: number): Promise<readonly StepRow[]> {
    const states = mask(filter.states?.map(stateCode));
    const kinds = mask(filter.kinds?.map(kindCode));
    return this.reading(() => this.#page.all(after, states, kinds, max).map((row) => this.#stepRow(row)));
  }

  async step(seq: number): Promise<StepRow | undefined> {
    return this.reading(() => {
      const row = this.#one.get(seq);
      return row === undefined ? undefined : this.#stepRow(row);
    });
  }

  async failures(max: number): Promise<
    readonly {
      readonly outcome: Outcome;
      readonly failure: string;
      readonly reason: string;
      readonly count: number;
      readonly seq: number;
    }[]
  > {
    return this.reading(() => {
      const rows = this.db
        .prepare<[number], FailureRow>(
          `select state, failure, coalesce(reason, '') as reason, count(*) as count, min(seq) as seq from progress
           where failure is not null group by state, failure, reason order by count desc, seq limit ?`,
        )
        .all(max);
      return rows.map(({ state, ...row }) => {
        expectAllTexts([row.failure, row.reason]);
        return { outcome: this.#state(state) as Outcome, ...row };
      });
    });
  }

  async audit(afterSeq: number, max: number): Promise<readonly AuditRow[]> {
    return this.reading(() =>
      this.#auditPage.all(afterSeq, max).map((row) => {
        const { at } = objectOf(JSON.parse(row.body) as { at: unknown });
        return { seq: row.seq, at: instantOf(at), body: row.body, hash: row.hash };
      }),
    );
  }

  async firstBadAuditRow(): Promise<number | undefined> {
    const { chain, results } = await this.walkAudit();
    // The row of a step is read before the link that follows it.
    return results?.row ?? chain?.row;
  }

  /** Recomputes the audit chain, and says what is wrong where. */
  async walkAudit(): Promise<AuditWalk> {
    return this.#readingLong(() => walkAudit(this.db, genesis(this.header.runId, this.digest)));
  }

  async verification(): ReturnType<RunReader["verification"]> {
    return this.reading(() => {
      const rows = this.db
        .prepare<[], { verdict: string; count: number; at: number }>(
          "select verdict, count(*) as count, max(at) as at from verdicts group by verdict",
        )
        .all();
      if (rows.length === 0) return undefined;
      const count = (verdict: string): number => rows.find((row) => row.verdict === verdict)?.count ?? 0;
      return {
        at: instantOf(Math.max(...rows.map((row) => row.at))),
        verified: count("verified"),
        drifted: count("drifted"),
        unreadable: count("unreadable"),
      };
    });
  }

  async kept(name: string): Promise<string | undefined> {
    return this.reading(() => {
      const body = this.db.prepare<[string], string>("select body from kept where name = ?").pluck().get(name);
      expectTexts(body);
      return body;
    });
  }

  async verifyDigest(): Promise<void> {
    await this.#readingLong(() => new StepPages(this.db, this.run.path, this.run.pages).checkAll());
  }

  /** The last link of the chain, as the file keeps it beside the rows; row 0 is what stands before the first. */
  async head(): Promise<ChainHead> {
    return this.reading(() => {
      const { rows, head } = readTail(this.db);
      return { row: rows, hash: head };
    });
  }

  async close(): Promise<void> {
    if (this.#ownsDb) this.db.close();
  }

  protected stepIn(row: FrozenStep): Step {
    const kind = kindName(row.kind);
    if (kind === undefined) throw corrupt(this.run.path, `step ${row.seq} is of no known kind`);
    const { after, unless, asset } = row;
    const said = {
      kind,
      actor: this.emailOf(row.actor),
      asset: (asset ?? undefined) as AssetName | undefined,
      after: after ?? undefined,
      unless: unless ?? undefined,
    };
    // Not checked against the digest, or it would have been refused before.
    return this.#readable(() => stepOf(row.seq, said, row.body), `step ${row.seq}`);
  }

  protected intentIn(seq: number, body: string): Intent {
    return this.#readable(() => intentOf(body), `an intent of step ${seq}`);
  }

  /** Reads text that somebody may have changed: whatever stumbles over it, it is the file that is at fault. */
  #readable<T>(work: () => T, what: string): T {
    try {
      return work();
    } catch {
      throw corrupt(this.run.path, `${what} cannot be read`);
    }
  }

  protected emailOf(actor: number): Email {
    let email = this.#emails.get(actor);
    if (email === undefined) {
      email = this.#email.get(actor);
      if (email === undefined) throw corrupt(this.run.path, `the actor ${actor} is missing`);
      this.#emails.set(actor, email);
    }
    return email;
  }

  protected reading<T>(work: () => T): T {
    return withFaults(this.run.path, work);
  }

  async #readingLong<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw runFileFault(error, this.run.path);
    }
  }

  #stepRow(row: StoredStep): StepRow {
    const step = this.stepIn(row);
    expectTexts(row.memo ?? undefined, row.failure ?? undefined, row.reason ?? undefined);
    return {
      step,
      state: this.#state(row.state),
      attempts: row.attempts,
      result: row.ended === null ? undefined : this.#result(row, step, row.ended),
      updatedAt: row.updated === null ? undefined : instantOf(row.updated),
      memo: row.memo ?? undefined,
    };
  }

  /** A step skipped because of its predecessor shares one audit row with the others; its result is made from that. */
  #result(row: StoredStep, step: Step, ended: string): StepResult {
    const result = this.#readable(() => resultOf(ended), `the result of step ${row.seq}`);
    return result ?? skippedResult(step, row);
  }

  #state(code: number): StepState {
    const state = stateName(code);
    if (state === undefined) throw corrupt(this.run.path, `a step is in the unknown state ${code}`);
    return state;
  }
}

/** A bit for each code; undefined stands for all. */
function mask(codes: readonly number[] | undefined): number {
  return codes === undefined ? 0xffff : codes.reduce((bits, code) => bits | (1 << code), 0);
}

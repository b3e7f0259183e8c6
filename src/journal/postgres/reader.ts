/** Reads a run kept in PostgreSQL: its frozen part, how each step stands, the audit chain; also while workers are at it. */
import type { AssetName } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";
import { noCounts } from "../../model/run.ts";
import type { Counts, Digest, RunHeader } from "../../model/run.ts";
import type { Outcome, Step, StepResult, StepState } from "../../model/step.ts";
import type { ChainHead } from "../../model/examination.ts";
import type { AuditRow, RunReader, StepFilter, StepRow } from "../journal.ts";
import type { SealedRunReader } from "../opening.ts";
import { genesis, linkHash } from "../chain.ts";
import { resultOf, stepOf } from "../codec.ts";
import { kindCode, kindName, stateCode, stateName } from "../codes.ts";
import { skippedResult } from "../skipped.ts";
import { instantOf, objectOf } from "../shapes.ts";
import type { JournalDatabase, RowSource } from "./database.ts";
import { corruptRun } from "./faults.ts";
import { checkSteps, frozenColumns, goneRun, readSealedRun } from "./sealed.ts";
import type { FrozenRow, SealedRun } from "./sealed.ts";
import { unescaped } from "./text.ts";

const auditRowsAtOnce = 2000;

/** A row of `steps` beside its `progress`. */
interface StoredRow extends FrozenRow {
  readonly state: number;
  readonly attempts: string;
  readonly failure: string | null;
  readonly reason: string | null;
  readonly memo: string | null;
  readonly updated: string | null;
  readonly ended: string | null;
}

// An open step with an intent is in-flight; how often it was tried, and when, stands with its intents.
const open = "p.state = 0";
const attempts = "coalesce(i.attempts, 0)";
const stateNow = `case when ${open} and ${attempts} > 0 then ${stateCode("in-flight")} else p.state end`;
const stored = `${frozenColumns}, ${stateNow} as state, case when ${open} then ${attempts} else p.attempts end as attempts,
  p.failure, p.reason, p.memo, case when ${open} then i.latest else p.updated end as updated, e.body as ended
  from progress p join steps s on s.run = p.run and s.seq = p.seq join actors a on a.run = s.run and a.id = s.actor
  left join audit e on e.run = p.run and e.seq = p.audit
  left join lateral (select count(*) as attempts, max(at) as latest from intents i where i.run = p.run and i.seq = p.seq) i
    on ${open}`;

/** Opens a run for looking at. Throws RunFileError. */
export async function openPostgresReader(
  database: JournalDatabase,
  name: string,
  options: { readonly ownsDatabase: boolean } = { ownsDatabase: false },
): Promise<PostgresRunReader> {
  return new PostgresRunReader(database, await readSealedRun(database, name), options.ownsDatabase);
}

export class PostgresRunReader implements SealedRunReader {
  readonly header: RunHeader;
  readonly digest: Digest;
  protected readonly database: RowSource;
  protected readonly run: SealedRun;
  readonly #ownsDatabase: boolean;

  constructor(database: RowSource, run: SealedRun, ownsDatabase: boolean) {
    this.database = database;
    this.run = run;
    this.header = run.header;
    this.digest = run.digest;
    this.#ownsDatabase = ownsDatabase;
  }

  async counts(): Promise<Counts> {
    const [row] = await this.database.rows<{ counts: number[]; begun: string }>(
      "select counts, (select count(distinct seq) from intents where run = $1) as begun from runs where id = $1",
      [this.run.id],
    );
    if (row === undefined) throw goneRun(this.run.place);
    const counts: Record<StepState, number> = { ...noCounts };
    for (const [code, count] of row.counts.entries()) counts[this.state(code)] += count;
    counts["in-flight"] += Number(row.begun);
    counts.planned -= Number(row.begun);
    return counts;
  }

  async page(filter: StepFilter, after: number, max: number): Promise<readonly StepRow[]> {
    const rows = await this.database.rows<StoredRow>(
      `select ${stored} where p.run = $1 and p.seq > $2
       and ($3::int[] is null or ${stateNow} = any ($3)) and ($4::int[] is null or s.kind = any ($4))
       order by p.seq limit $5`,
      [this.run.id, after, filter.states?.map(stateCode) ?? null, filter.kinds?.map(kindCode) ?? null, max],
    );
    return rows.map((row) => this.#stepRow(row));
  }

  async step(seq: number): Promise<StepRow | undefined> {
    const [row] = await this.database.rows<StoredRow>(`select ${stored} where p.run = $1 and p.seq = $2`, [
      this.run.id,
      seq,
    ]);
    return row === undefined ? undefined : this.#stepRow(row);
  }

  async failures(max: number): ReturnType<RunReader["failures"]> {
    const rows = await this.database.rows<{
      state: number;
      failure: string;
      reason: string;
      count: string;
      seq: number;
    }>(
      `select state, failure, coalesce(reason, '') as reason, count(*) as count, min(seq) as seq from progress
       where run = $1 and failure is not null group by state, failure, reason order by count(*) desc, min(seq) limit $2`,
      [this.run.id, max],
    );
    return rows.map(({ state, count, ...row }) => ({
      ...row,
      outcome: this.state(state) as Outcome,
      count: Number(count),
    }));
  }

  async audit(afterSeq: number, max: number): Promise<readonly AuditRow[]> {
    const rows = await this.database.rows<{ seq: number; body: string; hash: string }>(
      "select seq, body, hash from audit where run = $1 and seq > $2 order by seq limit $3",
      [this.run.id, afterSeq, max],
    );
    return rows.map((row) => {
      const at = (): number => instantOf(objectOf(JSON.parse(row.body) as { at: unknown }).at);
      return { ...row, at: this.readable(at, `row ${row.seq} of the audit chain`) };
    });
  }

  async firstBadAuditRow(): Promise<number | undefined> {
    let head = genesis(this.header.runId, this.digest);
    let last = 0;
    for (;;) {
      const rows = await this.audit(last, auditRowsAtOnce);
      for (const row of rows) {
        head = linkHash(head, row.body);
        last += 1;
        if (row.seq !== last || row.hash !== head) return last;
      }
      if (rows.length < auditRowsAtOnce) break;
    }
    const [tail] = await this.database.rows<{ rows: number; head: string }>(
      "select audit_rows as rows, audit_head as head from runs where id = $1",
      [this.run.id],
    );
    return tail?.rows === last && tail.head === head ? undefined : last + 1;
  }

  async verification(): ReturnType<RunReader["verification"]> {
    const rows = await this.database.rows<{ verdict: string; count: string; at: string }>(
      "select verdict, count(*) as count, max(at) as at from verdicts where run = $1 group by verdict",
      [this.run.id],
    );
    if (rows.length === 0) return undefined;
    const count = (verdict: string): number => Number(rows.find((row) => row.verdict === verdict)?.count ?? 0);
    return {
      at: Math.max(...rows.map((row) => Number(row.at))),
      verified: count("verified"),
      drifted: count("drifted"),
      unreadable: count("unreadable"),
    };
  }

  async kept(name: string): Promise<string | undefined> {
    const [row] = await this.database.rows<{ body: string }>("select body from kept where run = $1 and name = $2", [
      this.run.id,
      name,
    ]);
    return row === undefined ? undefined : this.readable(() => unescaped(row.body), `what is kept as ${name}`);
  }

  /** Reads every step; throws RunFileError (`tampered`). */
  async verifyDigest(): Promise<void> {
    await checkSteps(this.database, this.run);
  }

  async head(): Promise<ChainHead> {
    const [tail] = await this.database.rows<ChainHead>(
      "select audit_rows as row, audit_head as hash from runs where id = $1",
      [this.run.id],
    );
    if (tail === undefined) throw goneRun(this.run.place);
    return tail;
  }

  async close(): Promise<void> {
    if (this.#ownsDatabase) await this.database.close();
  }

  protected stepIn(row: FrozenRow): Step {
    const kind = kindName(row.kind);
    if (kind === undefined) throw corruptRun(this.run.place, `step ${row.seq} is of no known kind`);
    const said = {
      kind,
      actor: row.email as Email,
      asset: (row.asset ?? undefined) as AssetName | undefined,
      after: row.after ?? undefined,
      unless: row.unless ?? undefined,
    };
    return this.readable(() => stepOf(row.seq, said, row.body), `step ${row.seq}`);
  }

  protected readable<T>(work: () => T, what: string): T {
    try {
      return work();
    } catch {
      throw corruptRun(this.run.place, `${what} cannot be read`);
    }
  }

  protected state(code: number): StepState {
    const state = stateName(code);
    if (state === undefined) throw corruptRun(this.run.place, `a step is in the unknown state ${code}`);
    return state;
  }

  #stepRow(row: StoredRow): StepRow {
    const step = this.stepIn(row);
    const { ended, memo } = row;
    return {
      step,
      state: this.state(row.state),
      attempts: Number(row.attempts),
      result: ended === null ? undefined : this.#result(row, step, ended),
      updatedAt: row.updated === null ? undefined : Number(row.updated),
      memo: memo === null ? undefined : this.readable(() => unescaped(memo), `the memo of step ${row.seq}`),
    };
  }

  /** A step skipped because of its predecessor shares one audit row with the others; its result is made from that. */
  #result(row: StoredRow, step: Step, ended: string): StepResult {
    const result = this.readable(() => resultOf(ended), `the result of step ${row.seq}`);
    return result ?? skippedResult(step, row);
  }
}

/** What the end of a step means for the steps that wait for it: their gates open, or they are skipped with it. */
import type { Database, Statement } from "better-sqlite3";
import { stateCode } from "../codes.ts";
import { predecessorFailure, skippedReason, skippedText } from "../skipped.ts";

/** Steps of one actor that have become ready, the first of them `first`. */
export interface Opened {
  readonly actor: number;
  readonly first: number;
}

export interface GateMoves {
  readonly opened: readonly Opened[];
  readonly openedCount: number;
  readonly skippedCount: number;
}

/**
 * A step waits for `after`, which must succeed; a line by hand then waits for the edit in `unless`, which must end, so
 * that whoever takes the line knows how the attempt went. Where both name one edit, its end is enough: a line is needed
 * all the more when the attempt failed.
 */
export class Gates {
  readonly #waiters: Statement<[number], Opened & { count: number }>;
  readonly #open: Statement<[number]>;
  readonly #pass: Statement<[number]>;
  readonly #doomed: Statement<[number, number], number>;
  readonly #skip: Statement<[number, string, number, number]>;
  readonly #append: (body: string) => number;

  /** `append` puts a row into the audit chain and answers its seq. */
  constructor(db: Database, append: (body: string) => number) {
    this.#append = append;
    const waits = "gate = ? and gate > 0 and state = 0";
    this.#waiters = db.prepare(
      `select actor, min(seq) as first, count(*) as count from progress where ${waits} group by actor`,
    );
    this.#open = db.prepare(
      `update progress set gate = 0 where ${waits} and not exists (
         select 1 from steps s join progress u on u.seq = s.unless
         where s.seq = progress.seq and u.seq <> progress.gate and u.state = 0)`,
    );
    this.#pass = db.prepare(
      `update progress set gate = (select unless from steps s where s.seq = progress.seq) where ${waits}`,
    );
    this.#doomed = db
      .prepare<[number, number], number>(
        `with recursive doomed (seq) as (
           select p.seq from progress p join steps s on s.seq = p.seq
             where p.gate = ? and p.gate > 0 and p.state = 0 and s.after = ? and s.after is not s.unless
           union
           select p.seq from doomed d join progress p on p.gate = d.seq and p.gate > 0 and p.state = 0
             join steps s on s.seq = p.seq and s.after = d.seq and s.after is not s.unless)
         select seq from doomed order by seq`,
      )
      .pluck();
    this.#skip = db.prepare(
      `update progress set state = ${stateCode("skipped")}, gate = 0, failure = '${predecessorFailure}',
       audit = ?, reason = ?, updated = ? where seq = ?`,
    );
  }

  /** Inside the transaction that ends `seq`. */
  ended(seq: number, succeeded: boolean, at: number): GateMoves {
    const skipped = succeeded ? [] : this.#skipAfter(seq, at);
    const opened = [seq, ...skipped].map((ended) => this.#openAfter(ended));
    return {
      opened: opened.flatMap((part) => part.opened),
      openedCount: opened.reduce((sum, part) => sum + part.count, 0),
      skippedCount: skipped.length,
    };
  }

  /** Skips everything that waits for `seq`, directly or through others, with one audit row that names them all. */
  #skipAfter(seq: number, at: number): readonly number[] {
    const doomed = this.#doomed.all(seq, seq);
    if (doomed.length === 0) return doomed;
    const row = this.#append(skippedText(at, seq, doomed));
    for (const step of doomed) this.#skip.run(row, skippedReason(seq), at, step);
    return doomed;
  }

  #openAfter(seq: number): { readonly opened: readonly Opened[]; readonly count: number } {
    const opened = this.#waiters.all(seq);
    if (opened.length === 0) return { opened, count: 0 };
    const count = this.#open.run(seq).changes;
    this.#pass.run(seq);
    return { opened, count };
  }
}

/** A step whose gate no step would ever open: only open steps wait, and only for open ones. */
export function strayGate(db: Database): number | undefined {
  return db
    .prepare<[], number>(
      `select p.seq from progress p left join progress g on g.seq = p.gate
       where p.gate <> 0 and (p.state <> 0 or g.state is not 0) limit 1`,
    )
    .pluck()
    .get();
}

/** Reads the whole audit chain, link by link, and compares what each row says with how its step stands. */
import type { Database, Statement } from "better-sqlite3";
import { flawOf } from "../../model/examination.ts";
import type { Flaw } from "../../model/examination.ts";
import { linkHash } from "../chain.ts";
import { readTail } from "./chain.ts";
import { breathe, rangesOf } from "../pages.ts";
import { kindCode, stateCode, stateName } from "../codes.ts";
import { predecessorFailure } from "../skipped.ts";

const rowsPerPage = 1000;

/** What a walk found. The first flaw of either kind; rows are those whose link holds, `ended` the steps they end. */
export interface AuditWalk {
  readonly rows: number;
  readonly ended: number;
  readonly head: string;
  readonly chain: Flaw | undefined;
  readonly results: Flaw | undefined;
}

interface StoredRow {
  readonly seq: number;
  readonly body: string;
  readonly hash: string;
}

/** How a step stands, as far as the row that ended it must know of it. */
interface Standing {
  readonly kind: number;
  readonly asset: string | null;
  readonly state: number;
  readonly attempts: number;
  readonly audit: number | null;
  readonly failure: string | null;
  readonly reason: string | null;
  readonly updated: number | null;
}

/** The fields of a row's body that are compared. Read from a file that may be anybody's: of any type, or absent. */
interface Said {
  readonly kind?: unknown;
  readonly step?: unknown;
  readonly outcome?: unknown;
  readonly attempts?: unknown;
  readonly at?: unknown;
  readonly asset?: unknown;
  readonly failure?: unknown;
  readonly reason?: unknown;
  readonly steps?: unknown;
  readonly count?: unknown;
}

/**
 * Recomputes the chain from `start`. Rows appended meanwhile by the process that carries the run out are left out, so that
 * it can be asked at any time.
 */
export async function walkAudit(db: Database, start: string): Promise<AuditWalk> {
  const walker = new Walker(db, start);
  while (walker.isUnderWay) {
    walker.page();
    await breathe();
  }
  return walker.end();
}

class Walker {
  readonly #db: Database;
  readonly #tail: { readonly rows: number; readonly head: string };
  readonly #select: Statement<[number, number], StoredRow>;
  readonly #standing: Statement<[number], Standing>;
  readonly #skipped: Statement<[number, number, number, number], number>;
  readonly #readPage: () => void;
  #head: string;
  #rows = 0;
  #ended = 0;
  #chain: Flaw | undefined;
  #results: Flaw | undefined;

  constructor(db: Database, start: string) {
    this.#db = db;
    this.#tail = readTail(db);
    this.#head = start;
    this.#select = db.prepare("select seq, body, hash from audit where seq > ? order by seq limit ?");
    this.#standing = db.prepare(
      `select s.kind, s.asset, p.state, p.attempts, p.audit, p.failure, p.reason, p.updated
       from progress p join steps s on s.seq = p.seq where p.seq = ?`,
    );
    this.#skipped = db
      .prepare<[number, number, number, number], number>(
        `select count(*) from progress where seq between ? and ? and state = ${stateCode("skipped")} and audit = ?
         and attempts = 0 and failure = '${predecessorFailure}' and updated = ?`,
      )
      .pluck();
    // One transaction for a page, which spares a lock for each look-up.
    this.#readPage = db.transaction(() => this.#rowsOfPage());
    if (db.prepare("select 1 from audit where seq < 1").get() !== undefined) {
      this.#chain = flawOf("a row stands before the first", { row: 1 });
    }
  }

  get isUnderWay(): boolean {
    return this.#chain === undefined && this.#rows < this.#tail.rows;
  }

  page(): void {
    this.#readPage();
  }

  end(): AuditWalk {
    if (this.#chain === undefined) this.#checkEnd();
    return { rows: this.#rows, ended: this.#ended, head: this.#head, chain: this.#chain, results: this.#results };
  }

  #rowsOfPage(): void {
    const page = this.#select.all(this.#rows, Math.min(rowsPerPage, this.#tail.rows - this.#rows));
    if (page.length === 0) this.#chain = this.#missing("no row");
    for (const row of page) {
      this.#chain = this.#brokenLink(row);
      if (this.#chain !== undefined) return;
      this.#rows = row.seq;
      this.#head = row.hash;
      this.#results ??= this.#disagreement(row);
    }
  }

  #brokenLink(row: StoredRow): Flaw | undefined {
    if (row.seq !== this.#rows + 1) return this.#missing(`row ${row.seq}`);
    const hash = linkHash(this.#head, row.body);
    return row.hash === hash
      ? undefined
      : flawOf("its hash does not follow from its text and the row before", {
          row: row.seq,
          expected: hash,
          found: row.hash,
        });
  }

  #missing(found: string): Flaw {
    const row = this.#rows + 1;
    return flawOf("the row is missing", { row, expected: `row ${row} of ${this.#tail.rows}`, found });
  }

  /** What the file keeps beside the chain, so that its end cannot be cut off alone. One statement sees one moment. */
  #checkEnd(): void {
    if (this.#head !== this.#tail.head) {
      this.#chain = flawOf("it is not the row that was written last", {
        row: Math.max(1, this.#rows),
        expected: this.#tail.head,
        found: this.#head,
      });
      return;
    }
    const beyond = this.#db
      .prepare<[], number | null>(
        "select (select max(seq) from audit) from tail where (select max(seq) from audit) > audit_rows",
      )
      .pluck()
      .get();
    if (typeof beyond === "number") {
      this.#chain = flawOf("rows follow the one that was written last", {
        row: this.#rows + 1,
        expected: "no row",
        found: `rows up to ${beyond}`,
      });
    }
    this.#results ??= this.#unwitnessed();
  }

  /** A step that has ended although no row ends it. */
  #unwitnessed(): Flaw | undefined {
    const claimed = this.#db
      .prepare<[number], number>("select count(*) from progress where state > 0 and audit <= ?")
      .pluck()
      .get(this.#rows);
    const stray = this.#db
      .prepare<[], number>(
        "select min(seq) from progress, tail where state > 0 and (audit is null or audit not between 1 and audit_rows)",
      )
      .pluck()
      .get();
    const step = stray ?? (claimed === this.#ended ? undefined : this.#firstUnnamed());
    return step === undefined || step === null
      ? undefined
      : flawOf("a step has ended, and no row ends it", {
          row: this.#rows + 1,
          step,
          expected: "one row",
          found: "none",
        });
  }

  #firstUnnamed(): number | undefined {
    const claims = this.#db.prepare<[number], { seq: number; body: string | null }>(
      `select p.seq, a.body from progress p left join audit a on a.seq = p.audit
       where p.state > 0 and p.audit <= ? order by p.seq`,
    );
    for (const { seq, body } of claims.iterate(this.#rows)) {
      if (body === null || !namesStep(body, seq)) return seq;
    }
    return undefined;
  }

  /** What is wrong between a row and its step; counts the steps it ends. */
  #disagreement({ seq, body }: StoredRow): Flaw | undefined {
    const said = parsed(body);
    if (typeof said?.kind !== "string") return flawOf("the row is no record of this product", { row: seq });
    if (said.kind === "ended") return this.#endedOtherwise(seq, said);
    return said.kind === "skipped" ? this.#skippedOtherwise(seq, said) : undefined;
  }

  #endedOtherwise(row: number, said: Said): Flaw | undefined {
    const step = Number(said.step);
    const stands = Number.isSafeInteger(step) ? this.#standing.get(step) : undefined;
    if (stands === undefined)
      return flawOf("it ends a step that the run does not hold", { row, found: text(said.step) });
    this.#ended += 1;
    const troubled = said.outcome === "failed" || said.outcome === "skipped";
    const facts: readonly (readonly [string, unknown, unknown])[] = [
      ["is ended by another row, or by none", row, stands.audit],
      ["has another outcome", said.outcome, stateName(stands.state)],
      ["has another count of attempts", said.attempts, stands.attempts],
      ["ended at another time", said.at, stands.updated],
      ["failed for another class of reason", troubled ? (said.failure ?? "") : null, stands.failure],
      ["failed for another reason", troubled ? (said.reason ?? "") : null, stands.reason],
      ["concerns another asset", said.asset ?? null, stands.kind === kindCode("transfer") ? null : stands.asset],
    ];
    const differs = facts.find(([, expected, found]) => expected !== found);
    if (differs === undefined) return undefined;
    const [how, expected, found] = differs;
    return flawOf(`its step ${how}`, { row, step, expected: text(expected), found: text(found) });
  }

  /** A row that ends many steps at once, because the one before them did not succeed. */
  #skippedOtherwise(row: number, said: Said): Flaw | undefined {
    let steps = 0;
    for (const [first, last] of rangesOf(typeof said.steps === "string" ? said.steps : "")) {
      const found = this.#skipped.get(first, last, row, Number(said.at)) ?? 0;
      if (found !== last - first + 1) {
        return flawOf("not all of its steps stand as skipped by it", {
          row,
          step: first,
          expected: `${last - first + 1} of the steps ${first} to ${last}`,
          found: String(found),
        });
      }
      steps += found;
    }
    this.#ended += steps;
    return said.count === steps
      ? undefined
      : flawOf("it names another number of steps than it counts", {
          row,
          expected: text(said.count),
          found: String(steps),
        });
  }
}

function namesStep(body: string, seq: number): boolean {
  const said = parsed(body);
  if (said?.kind === "ended") return said.step === seq;
  if (said?.kind !== "skipped" || typeof said.steps !== "string") return false;
  return rangesOf(said.steps).some(([first, last]) => first <= seq && seq <= last);
}

function parsed(body: string): Said | undefined {
  try {
    const said: unknown = JSON.parse(body);
    return typeof said === "object" && said !== null ? said : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value ?? null) ?? "null");
}

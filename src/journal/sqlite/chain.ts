/**
 * The audit chain: each row's hash covers its body and the hash before it; how many rows there must be, and the last
 * hash, are kept beside it in the same transaction, so that a tail cut off is missed as well.
 */
import { hash } from "node:crypto";
import type { Database, Statement } from "better-sqlite3";
import { stateCode } from "./schema.ts";
import { breathe, rangesOf } from "./pages.ts";
import type { StepState } from "../../model/step.ts";

const rowsPerPage = 1000;

interface Tail {
  readonly rows: number;
  readonly head: string;
}

/** The hash that stands before the first row: binds the chain to its run. */
export function genesis(runId: string, digest: string): string {
  return hash("sha256", `handover audit 1\n${runId}\n${digest}\n`);
}

/** SHA-256 over the hexadecimal digits of the previous hash followed by the body. */
function linkHash(previous: string, body: string): string {
  return hash("sha256", previous + body);
}

/** Appends rows inside the transactions of its caller, who calls `writeTail` before each commit. */
export class ChainWriter {
  #rows: number;
  #head: string;
  #moved = false;
  readonly #insert: Statement<[number, string, string]>;
  readonly #update: Statement<[number, string]>;

  constructor(db: Database) {
    const tail = readTail(db);
    this.#rows = tail.rows;
    this.#head = tail.head;
    this.#insert = db.prepare("insert into audit (seq, body, hash) values (?, ?, ?)");
    this.#update = db.prepare("update tail set audit_rows = ?, audit_head = ?");
  }

  /** Answers the seq of the row. */
  append(body: string): number {
    this.#rows += 1;
    this.#head = linkHash(this.#head, body);
    this.#insert.run(this.#rows, body, this.#head);
    this.#moved = true;
    return this.#rows;
  }

  writeTail(): void {
    if (this.#moved) this.#update.run(this.#rows, this.#head);
    this.#moved = false;
  }
}

/** Whether the chain's last row is the one that was written last: what can be asked without reading it all. */
export function tailHolds(db: Database, start: string): boolean {
  const tail = readTail(db);
  const last = db
    .prepare<[], { seq: number; hash: string }>("select seq, hash from audit order by seq desc limit 1")
    .get();
  return last === undefined
    ? tail.rows === 0 && tail.head === start
    : last.seq === tail.rows && last.hash === tail.head;
}

/**
 * Recomputes the chain from `start` and compares it with how the steps stand. Answers the seq of the first row that is
 * changed, out of place, missing, or at odds with its step; undefined when all is well. Rows appended while it reads
 * are left out.
 */
export async function firstBadRow(db: Database, start: string): Promise<number | undefined> {
  const tail = readTail(db);
  const select = db.prepare<[number, number], { seq: number; body: string; hash: string }>(
    "select seq, body, hash from audit where seq > ? order by seq limit ?",
  );
  const agrees = stepsAgree(db);
  let head = start;
  let checked = 0;
  let ended = 0;
  // In one transaction, which spares a lock for each look-up. Answers the first bad row of the page.
  const checkPage = db.transaction((max: number) => {
    const page = select.all(checked, max);
    if (page.length === 0) return checked + 1;
    for (const row of page) {
      head = linkHash(head, row.body);
      const steps = row.seq === checked + 1 && row.hash === head ? agrees(row.seq, row.body) : undefined;
      if (steps === undefined) return checked + 1;
      checked += 1;
      ended += steps;
    }
    return undefined;
  });
  if (db.prepare("select 1 from audit where seq < 1").get() !== undefined) return 1;
  while (checked < tail.rows) {
    const bad = checkPage(Math.min(rowsPerPage, tail.rows - checked));
    if (bad !== undefined) return bad;
    await breathe();
  }
  if (head !== tail.head) return Math.max(1, checked);
  return hasMore(db, tail.rows, ended) ? checked + 1 : undefined;
}

/** How many steps a row says have ended; undefined when they do not stand so in the run. */
function stepsAgree(db: Database): (seq: number, body: string) => number | undefined {
  const one = db.prepare<[number], { state: number; audit: number | null }>(
    "select state, audit from progress where seq = ?",
  );
  const many = db
    .prepare<[number, number, number, number], number>(
      "select count(*) from progress where seq between ? and ? and state = ? and audit = ?",
    )
    .pluck();
  return (seq, body) => {
    const said = JSON.parse(body) as { kind: string; step?: number; outcome?: StepState; steps?: string };
    if (said.kind === "ended") {
      const row = one.get(said.step ?? 0);
      return row?.audit === seq && row.state === stateCode(said.outcome ?? "planned") ? 1 : undefined;
    }
    if (said.kind !== "skipped") return 0;
    let steps = 0;
    for (const [first, last] of rangesOf(said.steps ?? "")) {
      const found = many.get(first, last, stateCode("skipped"), seq);
      if (found !== last - first + 1) return undefined;
      steps += found;
    }
    return steps;
  };
}

/** Whether there are rows beyond the end, or steps that ended without a row. One statement sees one moment. */
function hasMore(db: Database, rows: number, ended: number): boolean {
  const sql = `select (select max(seq) from audit) > audit_rows
    or exists (select 1 from progress where state > 0 and (audit is null or audit > audit_rows))
    or (select count(*) from progress where state > 0 and audit <= ?) <> ? from tail`;
  return db.prepare<[number, number], number>(sql).pluck().get(rows, ended) === 1;
}

function readTail(db: Database): Tail {
  const tail = db.prepare<[], Tail>("select audit_rows as rows, audit_head as head from tail").get();
  if (tail === undefined) throw new SyntaxError("the run file has no tail");
  return tail;
}

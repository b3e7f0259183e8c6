/**
 * The audit chain in a run file: how many rows there must be, and the last hash, are kept beside it in the same
 * transaction, so that a tail cut off is missed as well.
 */
import type { Database, Statement } from "better-sqlite3";
import type { ChainHead } from "../../model/examination.ts";
import { linkHash } from "../chain.ts";

export interface Tail {
  readonly rows: number;
  readonly head: string;
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

  /** The last row that was appended; row 0 is what stands before the first. */
  get head(): ChainHead {
    return { row: this.#rows, hash: this.#head };
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

/** How many rows there must be, and the hash of the last. */
export function readTail(db: Database): Tail {
  const tail = db.prepare<[], Tail>("select audit_rows as rows, audit_head as head from tail").get();
  if (tail === undefined) throw new SyntaxError("the run file has no tail");
  return tail;
}

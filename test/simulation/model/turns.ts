/** Whose turn it is in a modelled run: what dead processes had begun, then user by user, the lowest open step of each. */
import type { Email } from "../../../src/model/email.ts";
import { isWaiting } from "./store.ts";
import type { Row, Store } from "./store.ts";

export interface TakeRule {
  readonly max: number;
  readonly perActor: number;
  readonly halted: ReadonlySet<Email>;
  /** Steps that whoever asks does not want, by seq. */
  readonly unwanted?: ReadonlySet<number> | undefined;
}

interface Line {
  readonly user: Email;
  readonly rows: Row[];
  held: number;
}

export class ModelTurns {
  readonly #store: Store;
  /** In the order in which the run first names them. */
  readonly #lines = new Map<Email, Line>();
  readonly #unmet: Iterator<Line>;
  /** Users who may have work, next first. */
  readonly #queue = new Set<Line>();
  readonly #halted = new Set<Line>();
  readonly #full = new Set<Line>();
  #begun: Row[];
  readonly #held = new Set<Row>();
  readonly #aside = new Set<Row>();
  #perActor = 0;

  constructor(store: Store) {
    this.#store = store;
    for (const row of store.rows) {
      this.#lineOf(row.step.actor);
      this.#lineOf(row.turnOf).rows.push(row);
    }
    this.#unmet = [...this.#lines.values()].values();
    this.#begun = store.rows.filter((row) => row.attempts.length > 0);
  }

  take(rule: TakeRule): readonly Row[] {
    this.#readmit(rule);
    const taken = this.#takeBegun(rule);
    const unwanted: Line[] = [];
    while (taken.length < rule.max) {
      const line = this.#next();
      if (line === undefined) break;
      if (rule.halted.has(line.user)) this.#halted.add(line);
      else if (line.held >= rule.perActor) this.#full.add(line);
      else {
        const row = line.rows.find((each) => this.#isFree(each) && rule.unwanted?.has(each.step.seq) !== true);
        if (row === undefined) {
          if (rule.unwanted !== undefined && line.rows.some((each) => this.#isFree(each))) unwanted.push(line);
          continue;
        }
        this.#hold(row, line);
        taken.push(row);
        this.#queue.add(line);
      }
    }
    for (const line of unwanted) this.#queue.add(line);
    return taken;
  }

  /** The step has ended. */
  ended(row: Row): void {
    this.#letGo(row);
  }

  /** The step is open again, for anybody. */
  giveBack(row: Row): void {
    const line = this.#letGo(row);
    if (row.attempts.length > 0) this.#begun.push(row);
    else this.#enqueue(line);
  }

  /** The step stays open and is not handed out any more. */
  setAside(row: Row): void {
    this.#letGo(row);
    this.#aside.add(row);
  }

  /** The step waits for nothing any more. */
  opened(row: Row): void {
    this.#enqueue(this.#lineOf(row.turnOf));
  }

  #readmit({ halted, perActor }: TakeRule): void {
    for (const line of this.#halted) {
      if (halted.has(line.user)) continue;
      this.#halted.delete(line);
      this.#queue.add(line);
    }
    if (perActor > this.#perActor) {
      for (const line of this.#full) this.#queue.add(line);
      this.#full.clear();
    }
    this.#perActor = perActor;
  }

  #takeBegun({ max, perActor, halted, unwanted }: TakeRule): Row[] {
    const taken: Row[] = [];
    this.#begun = this.#begun.filter((row) => {
      const line = this.#lineOf(row.turnOf);
      if (taken.length >= max || line.held >= perActor || halted.has(line.user)) return true;
      if (unwanted?.has(row.step.seq) === true) return true;
      this.#hold(row, line);
      taken.push(row);
      return false;
    });
    return taken;
  }

  /** Whoever has had no turn yet comes first. */
  #next(): Line | undefined {
    for (let next = this.#unmet.next(); next.done !== true; next = this.#unmet.next()) {
      if (!next.value.rows.some((row) => this.#isReady(row))) continue;
      this.#queue.delete(next.value);
      return next.value;
    }
    const [line] = this.#queue;
    if (line !== undefined) this.#queue.delete(line);
    return line;
  }

  #isReady(row: Row): boolean {
    return row.result === undefined && !isWaiting(this.#store, row);
  }

  #isFree(row: Row): boolean {
    return this.#isReady(row) && !this.#held.has(row) && !this.#aside.has(row) && !this.#begun.includes(row);
  }

  #hold(row: Row, line: Line): void {
    this.#held.add(row);
    line.held += 1;
  }

  #letGo(row: Row): Line {
    const line = this.#lineOf(row.turnOf);
    if (this.#held.delete(row)) line.held -= 1;
    if (this.#full.delete(line)) this.#queue.add(line);
    return line;
  }

  #enqueue(line: Line): void {
    if (!this.#halted.has(line) && !this.#full.has(line)) this.#queue.add(line);
  }

  #lineOf(user: Email): Line {
    const known = this.#lines.get(user);
    if (known !== undefined) return known;
    const line: Line = { user, rows: [], held: 0 };
    this.#lines.set(user, line);
    return line;
  }
}

/** The steps of a run file compared with their digests, page by page, and with what is known of each. */
import type { Database, Statement } from "better-sqlite3";
import type { Digest } from "../../model/run.ts";
import { PageDigests, stepsPerPage } from "../digest.ts";
import { breathe } from "../pages.ts";
import { corrupt, tampered } from "./faults.ts";

/**
 * Pages compared with their digests before anything else: 60 ms of work. In a larger run a page is compared when the
 * first step is taken from it, and nothing of a page that was changed is ever sent.
 */
const pagesAtOnceMax = 20;

type StoredRow = [number, number, number, string | null, number | null, number | null, string];

/**
 * The steps of an open run, compared with their digests page by page. Each page is read for this once, so that whoever
 * goes on with a run of a million steps pays for the pages it takes steps from, and not 3 s for all of them at the start.
 */
export class StepPages {
  readonly #db: Database;
  readonly #path: string;
  readonly #digests: readonly Digest[];
  readonly #checked: Uint8Array;
  readonly #select: Statement<[number, number], StoredRow>;
  #emails: ReadonlyMap<number, string> | undefined;

  constructor(db: Database, path: string, digests: readonly Digest[]) {
    this.#db = db;
    this.#path = path;
    this.#digests = digests;
    this.#checked = new Uint8Array(digests.length);
    this.#select = db
      .prepare<[number, number], StoredRow>(
        "select seq, kind, actor, asset, after, unless, body from steps where seq > ? order by seq limit ?",
      )
      .raw();
  }

  /** Throws `tampered` when the page of step `seq` is not as it was sealed. */
  check(seq: number): void {
    const page = Math.floor((seq - 1) / stepsPerPage);
    if (this.#checked[page] === 1) return;
    this.#checkPage(page);
    this.#checked[page] = 1;
  }

  /** What is compared before anything else: a small run whole, of a larger one how many steps there are. */
  async checkAtOnce(): Promise<void> {
    if (this.#digests.length <= pagesAtOnceMax) await this.checkAll();
    else this.checkEnds();
  }

  /** Every page. Lets other work in between: 1,000,000 steps in 444 MB take 3.1 s of work, in flat memory. */
  async checkAll(): Promise<void> {
    for (let page = 0; page < this.#digests.length; page += 1) {
      this.check(page * stepsPerPage + 1);
      if (page % 10 === 9) await breathe();
    }
    this.checkEnds();
  }

  /** Throws `tampered` when steps stand before the first page or behind the last. */
  checkEnds(): void {
    const ends = this.#db
      .prepare<[], { first: number | null; last: number | null }>(
        "select (select min(seq) from steps) as first, (select max(seq) from steps) as last",
      )
      .get();
    const last = ends?.last ?? 0;
    if (last > this.#digests.length * stepsPerPage) throw tampered(this.#path, `step ${last} was added`);
    if ((ends?.first ?? 1) < 1) throw tampered(this.#path, "a step was added");
  }

  #checkPage(page: number): void {
    this.#emails ??= new Map(this.#db.prepare<[], [number, string]>("select id, email from actors").raw().all());
    const before = page * stepsPerPage;
    const digests = new PageDigests();
    for (const [seq, kind, actor, asset, after, unless, body] of this.#select.all(before, stepsPerPage)) {
      // A table whose description is damaged answers what it may not hold.
      if (typeof body !== "string") throw corrupt(this.#path, `step ${seq} cannot be read`);
      digests.add({ seq, kind, actor: this.#emails.get(actor) ?? "", asset, after, unless, body });
    }
    if (digests.end()[0] === this.#digests[page]) return;
    const range = `${before + 1} to ${before + stepsPerPage}`;
    throw tampered(this.#path, `one of the steps ${range} was changed, added or taken away`);
  }
}

/**
 * Throws `tampered` unless every step has a row that says how far it has come, and nothing else has. `rows` is how many
 * rows there are: whoever counts them by state knows it, and to count a million once more would take 15 ms of CPU.
 */
export function checkProgress(db: Database, path: string, rows: number): void {
  // Steps are numbered without gaps, and a number stands once: as many rows as steps, from the first to the last of
  // their numbers, are one for each. None of this reads more than the edges of a table.
  const edges = db
    .prepare<[], { steps: number; first: number; last: number }>(
      `select (select coalesce(max(seq), 0) from steps) as steps, (select coalesce(min(seq), 1) from progress) as first,
         (select coalesce(max(seq), 0) from progress) as last`,
    )
    .get();
  const { steps = NaN, first, last } = edges ?? {};
  if (rows !== steps || first !== 1 || last !== steps) {
    throw tampered(path, "what is known of some steps was taken away");
  }
}

/** A run put together again from its lines in a temporary database, so that every check there is for a run file is there for its lines. */
import Database from "better-sqlite3";
import type { Database as Connection, Statement } from "better-sqlite3";
import { flawOf } from "../../model/examination.ts";
import type { Examination, Flaw } from "../../model/examination.ts";
import { isCheckpointName } from "../../model/signing/checkpoint.ts";
import { approvalsName, signersName } from "../../model/signing/kept-approvals.ts";
import { keptCheckpointsIn } from "../checkpoints.ts";
import type { Kept } from "../checkpoints.ts";
import { dumpedTables } from "../dump.ts";
import type { DumpedHead, DumpedTable, RunDump } from "../dump.ts";
import { SqliteRunDump } from "./dump.ts";
import { examineDatabase } from "./examine.ts";
import type { ExamineOptions } from "./examine.ts";
import { faultCode } from "./faults.ts";
import { readSealed } from "./open.ts";
import { breathe } from "../pages.ts";
import { createIndexes, createTables } from "./schema.ts";

/** Where the lines are. Everything in them is foreign. */
export interface DumpSource {
  readonly head: DumpedHead;
  readonly approvals: string | undefined;
  readonly signers: string | undefined;
  /** `checkpoints.ndjson` is read as the tables are. */
  lines(file: string): AsyncIterable<string>;
}

export const checkpointsFile = "checkpoints.ndjson";

const place = "the bundle";
const linesPerBreath = 1000;

export interface RebuiltRun {
  /** Undefined when the lines make no run; then `flaw` says where. */
  readonly dump: RunDump | undefined;
  readonly flaw: Flaw | undefined;
  examine(options: ExamineOptions): Promise<Examination>;
  close(): void;
}

/** Writes a private temporary file that is gone when it is closed, however the process ends. */
export async function rebuildRun(source: DumpSource): Promise<RebuiltRun> {
  const db = new Database("");
  for (const setting of ["journal_mode = off", "synchronous = off", "cache_size = -65536", "foreign_keys = off"]) {
    db.pragma(setting);
  }
  let dump: RunDump | undefined;
  let flaw: Flaw | undefined;
  try {
    await new Rebuilding(db).run(source);
    dump = new SqliteRunDump(db, readSealed(db, place));
  } catch (error) {
    if (error instanceof LineError) flaw = flawOf(error.message);
    else if (!(error instanceof Error) || (faultCode(error) === undefined && error.name !== "RunFileError"))
      throw error;
    else flaw = flawOf(error.message);
  }
  return {
    dump,
    flaw,
    examine: (options) => examineDatabase(db, place, options),
    close: () => db.close(),
  };
}

/** Every check there is for a run file, of a run kept elsewhere. */
export async function examineDump(dump: RunDump, options: ExamineOptions): Promise<Examination> {
  const rebuilt = await rebuildRun(sourceOf(dump, await dump.allKept()));
  try {
    const { flaw } = rebuilt;
    if (flaw === undefined) return await rebuilt.examine(options);
    const findings = [{ check: "content", verdict: "broken", covered: 0, flaw } as const];
    return { findings, header: dump.header, digest: dump.digest, head: undefined, signed: undefined };
  } finally {
    rebuilt.close();
  }
}

/** Makes the tables of a run in an empty database, and puts into them what the dump has, and `kept`. */
export async function fill(db: Connection, dump: RunDump, kept: readonly Kept[]): Promise<void> {
  const covered = new Set([approvalsName, signersName]);
  const rebuilding = new Rebuilding(db);
  await rebuilding.run(sourceOf(dump, kept));
  const keep = db.prepare<[string, string]>("insert into kept (name, body) values (?, ?)");
  for (const { name, body } of kept) if (!covered.has(name) && !isCheckpointName(name)) keep.run(name, body);
}

function sourceOf(dump: RunDump, kept: readonly Kept[]): DumpSource {
  return {
    head: dump.frozen,
    approvals: kept.find(({ name }) => name === approvalsName)?.body,
    signers: kept.find(({ name }) => name === signersName)?.body,
    lines: (file) => linesOf(dump, kept, file),
  };
}

async function* linesOf(dump: RunDump, kept: readonly Kept[], file: string): AsyncGenerator<string> {
  if (file === checkpointsFile) {
    for (const { name, body } of keptCheckpointsIn(kept)) yield JSON.stringify({ name, body });
    return;
  }
  const table = dumpedTables.find((each) => each.file === file);
  if (table === undefined) return;
  for await (const rows of dump.rows(table)) for (const row of rows) yield JSON.stringify(row);
}

class LineError extends Error {}

class Rebuilding {
  readonly #db: Connection;
  readonly #actors = new Map<string, number>();
  readonly #insertActor: Statement<[number, string]>;

  constructor(db: Connection) {
    this.#db = db;
    createTables(db);
    this.#insertActor = db.prepare("insert into actors (id, email) values (?, ?)");
  }

  async run(source: DumpSource): Promise<void> {
    const { header, digest, pages, rows, head } = source.head;
    const db = this.#db;
    db.exec("begin");
    db.prepare("insert into run (one, header, digest) values (1, ?, ?)").run(header, digest);
    const page = db.prepare("insert into pages (page, digest) values (?, ?)");
    for (const [index, each] of pages.entries()) page.run(index + 1, each);
    db.prepare("insert into tail (one, epoch, audit_rows, audit_head) values (1, 0, ?, ?)").run(rows, head);
    for (const table of dumpedTables) await this.#table(source, table);
    await this.#kept(source);
    db.exec("commit");
    createIndexes(db);
  }

  async #table(source: DumpSource, { name, file, columns }: DumpedTable): Promise<void> {
    const stored = columns.map((column) => (column === "after" || column === "unless" ? `"${column}"` : column));
    const insert = this.#db.prepare(
      `insert into ${name} (${stored.join(", ")}) values (${columns.map(() => "?").join(", ")})`,
    );
    await this.#each(source, file, (row) => {
      insert.run(...columns.map((column) => this.#value(column, row[column])));
    });
  }

  async #kept({ approvals, signers, ...source }: DumpSource): Promise<void> {
    const keep = this.#db.prepare<[string, string]>("insert into kept (name, body) values (?, ?)");
    if (approvals !== undefined) keep.run(approvalsName, approvals);
    if (signers !== undefined) keep.run(signersName, signers);
    await this.#each(source, checkpointsFile, ({ name, body }) => {
      if (typeof name !== "string" || !isCheckpointName(name) || typeof body !== "string") {
        throw new SyntaxError("it is no checkpoint");
      }
      keep.run(name, body);
    });
  }

  /** Hands over each line; what is wrong with one is told with its place. */
  async #each(
    source: Pick<DumpSource, "lines">,
    file: string,
    insert: (row: Readonly<Record<string, unknown>>) => void,
  ): Promise<void> {
    let line = 0;
    for await (const text of source.lines(file)) {
      line += 1;
      try {
        insert(rowOf(text));
      } catch (error) {
        const code = faultCode(error);
        if (!(error instanceof SyntaxError) && code?.startsWith("SQLITE_CONSTRAINT") !== true) throw error;
        throw new LineError(`${file}, line ${line}: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (line % linesPerBreath === 0) await breathe();
    }
  }

  #value(column: string, value: unknown): string | number | null {
    if (column === "actor") {
      if (typeof value !== "string") throw new SyntaxError("it names no actor");
      return this.#actor(value);
    }
    if (value === null || typeof value === "string") return value;
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    throw new SyntaxError(`its ${column} is missing, or not as it was written`);
  }

  #actor(email: string): number {
    const known = this.#actors.get(email);
    if (known !== undefined) return known;
    const id = this.#actors.size + 1;
    this.#actors.set(email, id);
    this.#insertActor.run(id, email);
    return id;
  }
}

function rowOf(text: string): Readonly<Record<string, unknown>> {
  const read: unknown = JSON.parse(text);
  if (typeof read === "object" && read !== null && !Array.isArray(read)) return read as Record<string, unknown>;
  throw new SyntaxError("it is not a row");
}

/** Examines a run file as evidence: every check there is, in one view of the file, without writing a byte to it. */
import type { Database as Connection } from "better-sqlite3";
import { flawOf } from "../../model/examination.ts";
import type { ChainHead, CheckName, Examination, CheckOutcome, Flaw, SignedPart } from "../../model/examination.ts";
import { attemptsFlaw, orderFlaw, scopeFlaw } from "./agreement.ts";
import type { Covered } from "./agreement.ts";
import { genesis } from "../chain.ts";
import { examineApprovals, examineCheckpoints } from "./examine-signed.ts";
import type { Signer } from "../../model/signing/signers.ts";
import { faultCode } from "./faults.ts";
import { connectForExamining, readSealed, runPath } from "./open.ts";
import type { SealedRun } from "./open.ts";
import { SqliteRunReader } from "./reader.ts";
import { definitionCount, strangeDefinition } from "./schema.ts";
import { RunFileError } from "../../model/errors.ts";

export interface ExamineOptions {
  /** A hash noted earlier, 64 hex digits, that must still be in the chain. */
  readonly head: string | undefined;
  /** Who may sign: then something must be signed, by one of them. */
  readonly signers?: readonly Signer[] | undefined;
}

const inOrder: readonly CheckName[] = [
  "tables",
  "file",
  "header",
  "steps",
  "chain",
  "results",
  "order",
  "attempts",
  "scope",
];

const whereAsked: readonly CheckName[] = ["signed", "approvals", "head"];

/**
 * Throws RunFileError for what is no run file of this version at all; everything that is wrong with one is a finding. May
 * be asked while another process carries the run out: it sees the run as it was at one moment.
 */
export async function examineRun(path: string, options: ExamineOptions): Promise<Examination> {
  const full = runPath(path);
  const db = connectForExamining(full);
  try {
    // One transaction: what is written meanwhile is not seen.
    db.exec("begin");
    const findings = new Findings();
    if (!(await examineContainer(db, findings))) {
      if (options.head !== undefined) findings.add("head", headFinding(db, undefined, undefined, options.head));
      return ended(findings, undefined, undefined, undefined);
    }
    return await examineContent(db, full, findings, options);
  } finally {
    db.close();
  }
}

/** The same of a database that is ours, in which only the rows are foreign: its tables and pages need no look. */
export async function examineDatabase(db: Connection, place: string, options: ExamineOptions): Promise<Examination> {
  const examination = await examineContent(db, place, new Findings(), options);
  const findings = examination.findings.filter(({ check }) => check !== "tables" && check !== "file");
  return { ...examination, findings };
}

async function examineContent(
  db: Connection,
  path: string,
  findings: Findings,
  options: ExamineOptions,
): Promise<Examination> {
  const run = await examineHeader(db, path, findings);
  const head = run === undefined ? undefined : await examineRows(db, run, findings);
  const signed = run === undefined ? undefined : await examineSigned(db, run, findings, options.signers);
  if (options.head !== undefined) findings.add("head", headFinding(db, run, head, options.head));
  return ended(findings, run, head, signed);
}

function ended(
  findings: Findings,
  run: SealedRun | undefined,
  head: ChainHead | undefined,
  signed: SignedPart | undefined,
): Examination {
  return { findings: findings.all(), header: run?.header, digest: run?.digest, head, signed };
}

class Findings {
  readonly #made = new Map<CheckName, CheckOutcome>();

  add(check: CheckName, { covered, flaw }: Covered): boolean {
    this.#made.set(check, { check, verdict: flaw === undefined ? "holds" : "broken", covered, flaw });
    return flaw === undefined;
  }

  /** Runs a check; a page or text that cannot be read is its flaw. */
  async try(check: CheckName, work: () => Promise<Covered> | Covered): Promise<boolean> {
    try {
      return this.add(check, await work());
    } catch (error) {
      return this.add(check, { covered: 0, flaw: flawOf(unreadable(error)) });
    }
  }

  /** The same of a check that answers undefined where there is nothing to check. */
  async tryWhereAsked(check: CheckName, work: () => Covered | undefined): Promise<void> {
    let nothing = false;
    await this.try(check, () => {
      const covered = work();
      nothing = covered === undefined;
      return covered ?? { covered: 0, flaw: undefined };
    });
    if (nothing) this.#made.delete(check);
  }

  /** The last ones only where there is something to check, or somebody asks. */
  all(): readonly CheckOutcome[] {
    const unchecked = (check: CheckName): CheckOutcome => ({
      check,
      verdict: "unchecked",
      covered: 0,
      flaw: undefined,
    });
    const further = whereAsked.flatMap((check) => this.#made.get(check) ?? []);
    return [...inOrder.map((check) => this.#made.get(check) ?? unchecked(check)), ...further];
  }
}

/** Programmer errors go through. */
function unreadable(error: unknown): string {
  if (error instanceof RunFileError || error instanceof SyntaxError) return error.message;
  if (error instanceof Error && faultCode(error)?.startsWith("SQLITE_") === true) return error.message;
  throw error;
}

/** Whether there is anything to go on with: nothing else is safe to ask of tables that are somebody else's. */
async function examineContainer(db: Connection, findings: Findings): Promise<boolean> {
  const ours = await findings.try("tables", () => {
    const strange = strangeDefinition(db);
    const flaw = strange === undefined ? undefined : flawOf("it is missing, or no run has it", { found: strange });
    return { covered: definitionCount, flaw };
  });
  if (ours) await findings.try("file", () => pagesFlaw(db));
  return ours;
}

async function examineHeader(db: Connection, path: string, findings: Findings): Promise<SealedRun | undefined> {
  let run: SealedRun | undefined;
  await findings.try("header", () => {
    run = readSealed(db, path);
    return { covered: 1, flaw: undefined };
  });
  return run;
}

function pagesFlaw(db: Connection): Covered {
  const covered = Number(db.pragma("page_count", { simple: true }));
  const verdict = String(db.pragma("integrity_check(1)", { simple: true }));
  if (verdict !== "ok") return { covered, flaw: flawOf(verdict) };
  const stray = (db.pragma("foreign_key_check") as { readonly table: string; readonly parent: string }[])[0];
  return {
    covered,
    flaw: stray === undefined ? undefined : flawOf(`a row of ${stray.table} refers to none of ${stray.parent}`),
  };
}

/** Steps, audit rows, and what is known of each step. Answers the head of a chain that holds. */
async function examineRows(db: Connection, run: SealedRun, findings: Findings): Promise<Examination["head"]> {
  const reader = new SqliteRunReader(db, run, false);
  const planned = await findings.try("steps", async () => {
    await reader.verifyDigest();
    return { covered: count(db, "steps"), flaw: undefined };
  });
  let head: Examination["head"];
  await findings.try("chain", async () => {
    const walk = await reader.walkAudit();
    if (walk.chain === undefined) head = { row: walk.rows, hash: walk.head };
    if (walk.chain === undefined || walk.results !== undefined) {
      findings.add("results", { covered: walk.ended, flaw: walk.results });
    }
    return { covered: walk.rows, flaw: walk.chain };
  });
  await findings.try("order", () => orderFlaw(db));
  await findings.try("attempts", () => attemptsFlaw(db));
  if (planned) await findings.try("scope", () => scopeFlaw(db, reader));
  return head;
}

async function examineSigned(
  db: Connection,
  run: SealedRun,
  findings: Findings,
  signers: readonly Signer[] | undefined,
): Promise<SignedPart | undefined> {
  let signed: SignedPart | undefined;
  await findings.tryWhereAsked("signed", () => {
    const checkpoints = examineCheckpoints(db, run, signers);
    signed = checkpoints?.signed;
    return checkpoints;
  });
  await findings.tryWhereAsked("approvals", () => examineApprovals(db, run, signers));
  return signed;
}

/** Whether the noted hash is still a link, or what stands before the first. Only a chain that holds can say so. */
function headFinding(db: Connection, run: SealedRun | undefined, head: Examination["head"], noted: string): Covered {
  const row =
    run === undefined || head === undefined
      ? undefined
      : genesis(run.header.runId, run.digest) === noted
        ? 0
        : db.prepare<[string], number>("select seq from audit where hash = ?").pluck().get(noted);
  if (row !== undefined) return { covered: row, flaw: undefined };
  const why = head === undefined ? "the chain does not hold" : "no row bears it: the chain was cut or written anew";
  const flaw: Flaw = flawOf(`the noted head is not found, as ${why}`, { expected: noted, found: head?.hash });
  return { covered: 0, flaw };
}

function count(db: Connection, table: "steps"): number {
  return db.prepare<[], number>(`select count(*) from ${table}`).pluck().get() ?? 0;
}

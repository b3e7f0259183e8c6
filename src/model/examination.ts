/** What examining a run file as evidence found: each check, how much it covered, and the first thing that is wrong. */
import type { Digest, RunHeader } from "./run.ts";

/**
 * - `tables`: exactly those of a run, nothing beside them · `file`: SQLite's own check of pages, indexes and constraints
 * - `header`: agrees with the digest · `steps`: each as it was planned, by the digest
 * - `chain`: each audit row's hash covers its text and the row before · `results`: each ended step has one row that says
 *   the same, and each row its step · `order`: what is open waits for what the plan says
 * - `attempts`: intents are counted without gaps, and nothing was changed without one
 * - `scope`: what was changed or tried lies within what the plan names · `head`: a hash noted earlier is still in the chain
 * - of a bundle also `files`: each has the hash that its list gives · `content`: each says what the run says
 * - `signed`: each checkpoint is signed, of this run, and its row bears the hash it signs · `approvals`: those that counted are
 *   there, signed by approvers, for this run
 */
export type CheckName =
  | "tables"
  | "file"
  | "header"
  | "steps"
  | "chain"
  | "results"
  | "order"
  | "attempts"
  | "scope"
  | "head"
  | "signed"
  | "files"
  | "content"
  | "approvals";

/** Something that is not as it was written. Texts come from the file: foreign. */
export interface Flaw {
  /** The audit row it concerns, or the first one that is missing. */
  readonly row: number | undefined;
  readonly step: number | undefined;
  readonly problem: string;
  readonly expected: string | undefined;
  readonly found: string | undefined;
}

/** One check. `unchecked`: what it rests on is broken already. */
export interface CheckOutcome {
  readonly check: CheckName;
  readonly verdict: "holds" | "broken" | "unchecked";
  /** Pages, tables, steps, rows or intents looked at; for `head`, the row that bears the hash. */
  readonly covered: number;
  /** The first one. */
  readonly flaw: Flaw | undefined;
}

/** A link of the audit chain; row 0 is what stands before the first. */
export interface ChainHead {
  readonly row: number;
  readonly hash: string;
}

/** How far the chain is signed, and by whom. */
export interface SignedPart {
  /** The last row that a checkpoint signs. */
  readonly row: number;
  /** `principal`: whose the signers file says the key is; undefined when none was given. */
  readonly keys: readonly { readonly fingerprint: string; readonly principal: string | undefined }[];
}

/** What an evidence bundle says beside its run. Texts come from the file: foreign. */
export interface BundleFacts {
  /** Of the handover that made it. */
  readonly toolVersion: string;
  /** Whether members made of words were compared too: only the same version words them alike. */
  readonly wordsCompared: boolean;
  /** Who signed the list of hashes. */
  readonly signedBy: SignedPart["keys"][number] | undefined;
  /** Plan files that it does not hold. */
  readonly missing: readonly string[];
}

export interface Examination {
  readonly findings: readonly CheckOutcome[];
  /** Undefined when it cannot be read. */
  readonly header: RunHeader | undefined;
  readonly digest: Digest | undefined;
  /** The last link of a chain that holds. */
  readonly head: ChainHead | undefined;
  readonly signed: SignedPart | undefined;
  /** Undefined for a run file. */
  readonly bundle?: BundleFacts | undefined;
}

export function isSound(examination: Examination): boolean {
  return examination.findings.every((finding) => finding.verdict === "holds");
}

/** What is said where signatures are asked for and there are none: nothing is known to be changed, and nothing is proved. */
export const unsignedProblem = "nothing of the chain is signed";

/** Whether all of it holds but for signatures that were asked for and never made. */
export function isOnlyUnsigned(examination: Examination): boolean {
  const broken = examination.findings.filter((finding) => finding.verdict !== "holds");
  return broken.length === 1 && broken[0]?.check === "signed" && broken[0].flaw?.problem === unsignedProblem;
}

/** A flaw with everything unsaid left out. */
export function flawOf(problem: string, said: Partial<Omit<Flaw, "problem">> = {}): Flaw {
  return { row: said.row, step: said.step, problem, expected: said.expected, found: said.found };
}

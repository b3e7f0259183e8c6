/**
 * The journal: everything the engine keeps durably, as one asynchronous interface. SQLite stands behind it on one
 * machine; the claim / lease / fence shape lets a shared database take its place. One contract suite runs over all.
 */
import type { Email } from "../model/email.ts";
import type { Counts, Digest, RunHeader } from "../model/run.ts";
import type { Intent, Outcome, Step, StepDraft, StepResult, StepState } from "../model/step.ts";

/** A step taken by this process, valid while the lease lasts and nobody else has taken it over. */
export interface Claim {
  readonly step: Step;
  /** Grows with every claim of the step; a write with an older fence is `lost`. */
  readonly fence: number;
  /** The last intent that has no result: its request may have been sent. */
  readonly intent: Intent | undefined;
  /** Every change intended so far without a definite "no effect", for undo data after a crash. Newest last. */
  readonly doubtful: readonly Intent[];
  /** Intents written so far, over all processes: the durable attempt budget. */
  readonly attempts: number;
  /** Conflicts so far, over all processes. */
  readonly conflicts: number;
  /** Text the engine kept for this step with `remember` (the id of a transfer job). */
  readonly memo: string | undefined;
}

/** `lost`: somebody else holds the step now; nothing was written. */
export type Written = "ok" | "lost";

export interface StepRow {
  readonly step: Step;
  readonly state: StepState;
  readonly attempts: number;
  readonly result: StepResult | undefined;
  /** Wall time of the last change of state, ms. */
  readonly updatedAt: number | undefined;
  readonly memo: string | undefined;
}

/** One link of the audit chain: `hash = SHA-256(previous hash, canonical body)`. */
export interface AuditRow {
  readonly seq: number;
  readonly at: number;
  readonly body: string;
  readonly hash: string;
}

export interface StepFilter {
  readonly states?: readonly StepState[];
  readonly kinds?: readonly Step["kind"][];
}

/** What anybody may read of a run, also while another process applies it. */
export interface RunReader {
  readonly header: RunHeader;
  readonly digest: Digest;
  counts(): Promise<Counts>;
  /** Rows with seq > `after` in order, at most `max`; an empty page ends. */
  page(filter: StepFilter, after: number, max: number): Promise<readonly StepRow[]>;
  step(seq: number): Promise<StepRow | undefined>;
  /** Failures and skips grouped by class and reason, most frequent first, at most `max`. */
  failures(max: number): Promise<
    readonly {
      readonly outcome: Outcome;
      readonly failure: string;
      readonly reason: string;
      readonly count: number;
      readonly seq: number;
    }[]
  >;
  audit(afterSeq: number, max: number): Promise<readonly AuditRow[]>;
  /** Recomputes the audit chain; the first bad row, or undefined. */
  firstBadAuditRow(): Promise<number | undefined>;
  /** The last verification of each step, if one was made. */
  verification(): Promise<
    | { readonly at: number; readonly verified: number; readonly drifted: number; readonly unreadable: number }
    | undefined
  >;
  /** Text that a journal kept beside the run under this name. */
  kept(name: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** The journal of the one process (or worker) that carries a run out. */
export interface Journal extends RunReader {
  /**
   * Takes up to `max` open steps whose predecessor has succeeded, at most `perActor` for any actor counting those already
   * held, skipping `halted` actors, actors in turn. A transfer takes the turn of the user it moves. In-flight steps of
   * dead processes come first. Empty: nothing to take now.
   * A line by hand also waits until the edit in its `unless` has ended, whichever way.
   * With `among`, of the steps not begun only those; handing in another set makes the others to be had again.
   */
  claim(query: {
    readonly max: number;
    readonly perActor: number;
    readonly halted: ReadonlySet<Email>;
    readonly among?: ReadonlySet<number> | undefined;
  }): Promise<readonly Claim[]>;
  /** Extends the leases; those still held come back. */
  renew(claims: readonly Claim[]): Promise<readonly Claim[]>;
  /** Resolves once the intent would survive a power cut. */
  intent(claim: Claim, intent: Intent): Promise<Written>;
  /** The last attempt surely had no effect (throttled, not sent, conflict): it is no longer doubtful. Not waited for. */
  noEffect(claim: Claim, attempt: number, conflict: boolean): void;
  /** Keeps text with the step; resolves once durable. */
  remember(claim: Claim, memo: string): Promise<Written>;
  /**
   * Ends the step: state and audit row in one transaction; resolves once durable. Steps that wait for this one become
   * ready when it succeeded (`applied`, `confirmed`, `unchanged`) and are skipped (`predecessor`) when it did not.
   */
  result(claim: Claim, result: StepResult): Promise<Written>;
  /** Gives the step back unended; anybody may take it again. */
  release(claim: Claim): Promise<void>;
  /** Gives the step back unended; this opening of the journal does not hand it out again. */
  setAside(claim: Claim): Promise<void>;
  /** Open steps, and those of them that wait for another step. */
  open(): Promise<{ readonly ready: number; readonly waiting: number }>;
  /** Appends an audit row that belongs to no step (started, resumed, stopped). */
  note(kind: string, details: Readonly<Record<string, string | number | boolean>>): Promise<void>;
  /** Keeps text beside the run under a name, in place of what was there, for the next process. Not waited for. */
  keep(name: string, text: string): void;
  /** Waits until everything handed over so far is durable. */
  flush(): Promise<void>;
  /** Keeps a verdict of `verify`. */
  verified(seq: number, verdict: "verified" | "drifted" | "unreadable", at: number): Promise<void>;
}

/** Writes a new run; nothing exists under its name until `seal`. */
export interface RunWriter {
  /** Steps in order; answers the seq of the first. `after` and `unless` already hold seqs. */
  add(drafts: readonly StepDraft[]): Promise<number>;
  /** Puts the whole run in place at once and answers its digest; throws if the name is taken and `replace` is false. */
  seal(header: RunHeader): Promise<Digest>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

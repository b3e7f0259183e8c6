/** The operating errors of the product. Each names what failed, why, and what to do next; programmer errors are plain throws. */
import type { Diagnostic } from "./diagnostic.ts";

/**
 * What an answer, or its absence, means for the call that was made:
 * - `retry`: had no effect, may work later · `throttle`: had no effect, Google asks to slow down
 * - `conflict`: the etag moved, nothing was written · `ambiguous`: a write that may or may not have happened
 * - `refuse`: a definite no for this asset or request · `halt-actor`: nobody can act as this user now
 * - `halt-run`: the credentials or the project are at fault; nothing else can work either
 */
export type Disposition = "retry" | "throttle" | "conflict" | "ambiguous" | "refuse" | "halt-actor" | "halt-run";

/** What an API of Google answered, or that nothing answered. */
export type AnswerFailure =
  | "throttled"
  | "daily-limit"
  | "server-error"
  | "unknown-status"
  | "unreadable-answer"
  | "redirected"
  | "endless-pages"
  | "no-answer"
  | "unreachable"
  | "untrusted-server"
  | "not-google"
  | "permission-denied"
  | "not-found"
  | "invalid-argument"
  | "failed-precondition"
  | "rejected"
  | "conflict"
  | "stale-etag"
  | "owner-not-modifiable"
  | "service-disabled"
  | "project-refused"
  | "insufficient-scope"
  | "unauthenticated"
  /** Given up because the user asked to stop. */
  | "stopped";

/** Why there is no access token: the client, its key, its grants, or the user it is to act as. */
export type TokenFailure =
  | "unauthorized-client"
  | "invalid-scope"
  | "invalid-client"
  | "clock-skew"
  | "bad-signature"
  | "unknown-issuer"
  | "bad-assertion"
  | "no-such-user"
  | "account-deleted"
  | "account-forbidden"
  | "account-unusable"
  | "access-denied"
  | "reauthentication"
  | "token-refused"
  | "token-unknown"
  | "source-credentials"
  | "no-credentials"
  | "sign-denied"
  | "sign-refused"
  | "no-such-service-account"
  | "iam-disabled";

/** The same for a person who signed in, and for tokens of a command. */
export type SignInFailure =
  | "one-person"
  | "not-signed-in"
  | "sign-in-ended"
  | "sign-in-declined"
  | "sign-in-refused"
  | "sign-in-timeout"
  | "sign-in-other"
  | "sign-in-scopes"
  | "no-refresh-token"
  | "oauth-client"
  | "oauth-scopes"
  | "token-command"
  | "same-token";

/** Why a step was given up although its calls were answered. */
export type StepFailure =
  | "owner-drift"
  | "predecessor"
  | "ineffective"
  | "attempts"
  | "contention"
  | "no-etag"
  | "transfer-failed"
  | "transfer-conflict"
  | "transfer-unknown"
  | "transfer-incomplete";

/** Why a call was refused or a step failed, in one word for grouping. Each has a page: `handover help failure NAME`. */
export type FailureClass = AnswerFailure | TokenFailure | SignInFailure | StepFailure;

/** A call to Google that did not end well. `message` is sanitised and safe to print. */
export class ApiError extends Error {
  override readonly name: string = "ApiError";
  readonly disposition: Disposition;
  /** HTTP status, or undefined when no answer came. */
  readonly status: number | undefined;
  readonly failure: FailureClass;
  /** How long the server asks to wait, from `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  /** Calls per minute the server says are permitted (`quota_limit_value`, api.md 9). */
  readonly quotaPerMinute: number | undefined;
  /** The method that was called, as Google names it (`token` for an access token), and the user acted as, where one call failed. */
  readonly call: { readonly route: string; readonly actor: string } | undefined;

  constructor(
    message: string,
    verdict: {
      readonly disposition: Disposition;
      readonly failure: FailureClass;
      readonly status?: number | undefined;
      readonly retryAfterMs?: number | undefined;
      readonly quotaPerMinute?: number | undefined;
      readonly call?: { readonly route: string; readonly actor: string } | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: verdict.cause });
    this.disposition = verdict.disposition;
    this.failure = verdict.failure;
    this.status = verdict.status;
    this.retryAfterMs = verdict.retryAfterMs;
    this.quotaPerMinute = verdict.quotaPerMinute;
    this.call = verdict.call;
  }
}

/** Wrong usage, configuration or input file: exit code 3. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
  readonly remedy: string;
  constructor(problem: string, remedy: string) {
    super(problem);
    this.remedy = remedy;
  }
}

/** A plan file with problems: exit code 3, all of them at once. */
export class PlanFileError extends Error {
  override readonly name: string = "PlanFileError";
  readonly diagnostics: readonly Diagnostic[];
  /** Problems found beyond those kept in `diagnostics`. */
  readonly omitted: number;
  constructor(diagnostics: readonly Diagnostic[], omitted = 0) {
    super(`${diagnostics.length + omitted} problem(s) in the plan files`);
    this.diagnostics = diagnostics;
    this.omitted = omitted;
  }
}

/** What each ceiling of a plan is called where it is written. */
export type WrittenLimit = "changes" | "percent_of_assets" | "per_owner" | "new_external" | "new_public" | "failures";

/** What can keep a command from going on. Each has a page: `handover help failure NAME`. */
export type GuardRule =
  | WrittenLimit
  /** Nobody confirmed that it is to be done. */
  | "approval"
  /** Signatures of other people are asked for and missing. */
  | "approvals"
  | "hazard"
  | "max-age"
  | "max-changes"
  | "progress"
  | "protected"
  | "snapshot-age"
  | "tenant"
  | "window";

/** A guard stopped the command: exit code 6. `rule` names it, or several with commas; `remedy` says how to lift it on purpose. */
export class GuardError extends Error {
  override readonly name: string = "GuardError";
  readonly rules: readonly GuardRule[];
  readonly rule: string;
  readonly remedy: string;
  constructor(rules: GuardRule | readonly GuardRule[], problem: string, remedy: string) {
    super(problem);
    this.rules = typeof rules === "string" ? [rules] : rules;
    this.rule = this.rules.join(", ");
    this.remedy = remedy;
  }
}

/** What is wrong with a run file, or with where a run is kept. Each has a page: `handover help failure NAME`. */
export type RunFileFault =
  | "missing"
  | "not-a-run"
  | "corrupt"
  | "newer"
  | "older"
  | "tampered"
  | "moved"
  | "read-only"
  | "unsafe"
  | "full";

/** A run file that is damaged, changed, from a newer version, or not a run at all. `tampered` and `moved` (it is carried out elsewhere) are guards (exit 6). */
export class RunFileError extends Error {
  override readonly name: string = "RunFileError";
  readonly kind: RunFileFault;
  readonly remedy: string;
  constructor(kind: RunFileFault, problem: string, remedy: string) {
    super(problem);
    this.kind = kind;
    this.remedy = remedy;
  }
}

/** Why the database that keeps runs cannot be used. Each has a page: `handover help failure NAME`. */
export type JournalFault = "wrong" | "denied" | "away";

/**
 * The database that keeps runs cannot be used. `wrong`: its address, or what answers there, is not fit (exit 3) ·
 * `denied`: it does not let us in, or not far enough (exit 4) · `away`: it does not answer now (exit 1).
 */
export class JournalError extends Error {
  override readonly name: string = "JournalError";
  readonly kind: JournalFault;
  readonly remedy: string;
  constructor(kind: JournalFault, problem: string, remedy: string, cause?: unknown) {
    super(problem, { cause });
    this.kind = kind;
    this.remedy = remedy;
  }
}

/** Another process holds the run: exit code 8. */
export class RunLockedError extends Error {
  override readonly name: string = "RunLockedError";
  readonly remedy: string;
  constructor(path: string, doing: "carrying out" | "making" = "carrying out") {
    super(`another process is ${doing} ${path}`);
    this.remedy =
      doing === "making"
        ? "wait for it to end, or choose another name"
        : `wait for it to end, or look at it with: handover status ${path}`;
  }
}

/** Why a live run could not be steered. Each has a page: `handover help failure NAME`. */
export type ControlFault = "nobody" | "silent" | "stopping" | "refused" | "unsafe";

/**
 * A live run could not be steered. `nobody`: no apply of it is under way (exit 9) · `silent`: one is, and nobody answers
 * (exit 8) · `stopping`: too late, it is ending already (exit 7) · `refused`: it does not know what is asked (exit 3) ·
 * `unsafe`: the place of its socket is not to be trusted (exit 3).
 */
export class ControlError extends Error {
  override readonly name: string = "ControlError";
  readonly kind: ControlFault;
  readonly remedy: string;
  constructor(kind: ControlFault, problem: string, remedy: string) {
    super(problem);
    this.kind = kind;
    this.remedy = remedy;
  }
}

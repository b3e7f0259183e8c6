/** What the process exits with: one function from how a verb ended to the documented code. */
import type { ApplySummary, PlanOutcome, VerifySummary } from "../engine/verbs.ts";
import type { CheckArea } from "../model/doctor.ts";
import type { Examination } from "../model/examination.ts";
import { isSound } from "../model/examination.ts";
import {
  ApiError,
  ControlError,
  GuardError,
  JournalError,
  PlanFileError,
  RunFileError,
  RunLockedError,
  UsageError,
} from "../model/errors.ts";

/** A public contract; the README lists it. */
export const exitCodes = {
  /** Done, or nothing to do. */
  done: 0,
  unexpected: 1,
  /** Differences, only when `--detailed-exitcode` asks for it. */
  differences: 2,
  /** Bad usage, configuration or input file. */
  usage: 3,
  /** Authentication or authorisation. */
  access: 4,
  /** Finished, but some steps failed or are unverified. */
  incomplete: 5,
  /** A guard stopped the command. */
  guard: 6,
  /** Stopped on request; resumable. */
  stopped: 7,
  /** Another process holds the run. */
  locked: 8,
  /** The selectors matched nothing; no apply of the run is under way. */
  nothingMatched: 9,
  /** Time or calls are used up; resumable. */
  budget: 10,
  /** The second Ctrl-C. */
  forced: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** How a verb ended. */
export type Ending =
  | { readonly kind: "done" }
  | { readonly kind: "stopped" }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "plan"; readonly outcome: PlanOutcome; readonly detailed: boolean }
  | { readonly kind: "apply"; readonly summary: ApplySummary }
  | { readonly kind: "evidence"; readonly examination: Examination }
  /** A snapshot read over again, and whether it is as it was when it was finished. */
  | { readonly kind: "content"; readonly holds: boolean }
  /** An audit; `fails` when it found what `--fail-on` names. */
  | { readonly kind: "audit"; readonly fails: boolean }
  /** An examination, with what stands in the way, most serious first. */
  | { readonly kind: "checkup"; readonly hindrances: readonly CheckArea[] }
  /** An inventory, `whole` when nothing stayed dark. */
  | { readonly kind: "reading"; readonly whole: boolean; readonly detailed: boolean }
  | { readonly kind: "verify"; readonly summary: VerifySummary; readonly detailed: boolean };

export function exitCode(ending: Ending): ExitCode {
  switch (ending.kind) {
    case "done":
      return exitCodes.done;
    case "stopped":
      return exitCodes.stopped;
    case "error":
      return ofError(ending.error);
    case "plan":
      return ofPlan(ending.outcome, ending.detailed);
    case "apply":
      return ofApply(ending.summary);
    case "evidence":
      return isSound(ending.examination) ? exitCodes.done : exitCodes.guard;
    case "content":
      return ending.holds ? exitCodes.done : exitCodes.guard;
    case "audit":
      return ending.fails ? exitCodes.differences : exitCodes.done;
    case "checkup":
      return ofCheckup(ending.hindrances[0]);
    case "reading":
      return ending.detailed && !ending.whole ? exitCodes.differences : exitCodes.done;
    case "verify":
      return ofVerify(ending.summary, ending.detailed);
  }
}

function ofError(error: unknown): ExitCode {
  if (error instanceof UsageError || error instanceof PlanFileError) return exitCodes.usage;
  if (error instanceof GuardError) return exitCodes.guard;
  if (error instanceof RunLockedError) return exitCodes.locked;
  if (error instanceof ApiError) return ofApiError(error);
  if (error instanceof RunFileError) return ofRunFile(error.kind);
  if (error instanceof JournalError) return ofJournal(error.kind);
  if (error instanceof ControlError) return ofControl(error.kind);
  return exitCodes.unexpected;
}

/** `stopped` is the failure of calls that were given up because the user asked to stop. */
function ofApiError(error: ApiError): ExitCode {
  if (error.failure === "stopped") return exitCodes.stopped;
  switch (error.disposition) {
    case "halt-actor":
    case "halt-run":
      return exitCodes.access;
    case "refuse":
      return error.status === 401 || error.status === 403 ? exitCodes.access : exitCodes.unexpected;
    case "retry":
    case "throttle":
    case "conflict":
    case "ambiguous":
      return exitCodes.unexpected;
  }
}

function ofRunFile(kind: RunFileError["kind"]): ExitCode {
  switch (kind) {
    case "tampered":
    case "moved":
      return exitCodes.guard;
    case "full":
      return exitCodes.unexpected;
    case "missing":
    case "not-a-run":
    case "corrupt":
    case "newer":
    case "older":
    case "read-only":
    case "unsafe":
      return exitCodes.usage;
  }
}

function ofJournal(kind: JournalError["kind"]): ExitCode {
  switch (kind) {
    case "wrong":
      return exitCodes.usage;
    case "denied":
      return exitCodes.access;
    case "away":
      return exitCodes.unexpected;
  }
}

function ofControl(kind: ControlError["kind"]): ExitCode {
  switch (kind) {
    case "nobody":
      return exitCodes.nothingMatched;
    case "silent":
      return exitCodes.locked;
    case "stopping":
      return exitCodes.stopped;
    case "refused":
    case "unsafe":
      return exitCodes.usage;
  }
}

function ofPlan(outcome: PlanOutcome, detailed: boolean): ExitCode {
  switch (outcome.kind) {
    case "made":
      return detailed && outcome.header.totals.steps > 0 ? exitCodes.differences : exitCodes.done;
    case "refused":
    case "over-limit":
      return exitCodes.guard;
    case "matched-nothing":
      return exitCodes.nothingMatched;
  }
}

function ofApply(summary: ApplySummary): ExitCode {
  switch (summary.end) {
    case "finished":
      return summary.counts.failed + summary.counts.skipped + summary.counts.cancelled > 0
        ? exitCodes.incomplete
        : exitCodes.done;
    case "blocked":
      return exitCodes.incomplete;
    case "stopped":
    case "wave":
      return exitCodes.stopped;
    case "halted":
      return exitCodes.access;
    case "breaker":
    case "drift":
    case "gate":
      return exitCodes.guard;
    case "budget":
    case "window":
      return exitCodes.budget;
    case "journal":
      return exitCodes.unexpected;
  }
}

/** The code with which the other verbs would end for the same reason; 5 where they would fail on their way, or nobody can tell. */
function ofCheckup(hindrance: CheckArea | undefined): ExitCode {
  switch (hindrance) {
    case undefined:
      return exitCodes.done;
    case "access":
      return exitCodes.access;
    case "guard":
      return exitCodes.guard;
    case "setup":
      return exitCodes.usage;
    case "other":
      return exitCodes.incomplete;
  }
}

/** Steps that were not carried out are unverified: an apply that never ran must not look proven. */
function ofVerify(summary: VerifySummary, detailed: boolean): ExitCode {
  if (summary.stopped) return exitCodes.stopped;
  const differs = summary.drifted + summary.unreadableCount > 0;
  if (differs) return detailed ? exitCodes.differences : exitCodes.incomplete;
  return summary.notApplied > 0 ? exitCodes.incomplete : exitCodes.done;
}

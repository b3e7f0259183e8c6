/** The library: hand-overs from a program of your own. `src/README.md` has an example; the verbs of the command line are made of the same parts. */

export { connectTenant, reportRun } from "./library/tenant.ts";
export type {
  ApplyOptions,
  CallOptions,
  PlanOptions,
  Tenant,
  TenantOptions,
  UndoOptions,
  VerifyOptions,
} from "./library/options.ts";
export type { Identity } from "./library/identity.ts";
export type { PlanFile, PlanText } from "./library/plan-files.ts";
export { InMemoryRun } from "./library/runs.ts";
export type { Run } from "./library/runs.ts";

export type { ApplyEnd } from "./model/apply-end.ts";
export type { ApplySummary, Drift, LimitBreach, PlanOutcome, VerifySummary } from "./engine/verbs.ts";

export type { Diagnostic, Place } from "./model/diagnostic.ts";
export {
  ApiError,
  GuardError,
  JournalError,
  PlanFileError,
  RunFileError,
  RunLockedError,
  UsageError,
} from "./model/errors.ts";
export type { Disposition, FailureClass, GuardRule, JournalFault, RunFileFault } from "./model/errors.ts";
export type { EngineEvent, OnEvent } from "./model/event.ts";
export type { Delta, Pair } from "./model/permissions.ts";
export type { Counts, Digest, HazardTotal, Refusal, RefusalRule, RunHeader, RunTotals } from "./model/run.ts";
export { hazardsToAllow } from "./model/step.ts";
export type { HazardName, Outcome, StepAsset, StepState } from "./model/step.ts";

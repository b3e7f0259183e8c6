/** The library: what programs build on that want the parts and not the command line. */

export type { ApplyEnd } from "./engine/apply-end.ts";
export { planRun } from "./engine/plan.ts";
export { applyRun } from "./engine/apply.ts";
export { verifyRun } from "./engine/verify.ts";
export { undoRun } from "./engine/undo.ts";
export type {
  ApplyOptions,
  ApplySummary,
  Drift,
  LimitBreach,
  PlanInput,
  PlanOutcome,
  Surroundings,
  VerifySummary,
} from "./engine/verbs.ts";

export { connect } from "./google/client.ts";
export type { ConnectOptions } from "./google/client.ts";
export { parseServiceAccountKey } from "./google/key.ts";
export { Pacer, defaultRates } from "./google/pacer.ts";
export type { Rates } from "./google/pacer.ts";
export { openWire } from "./google/wire.ts";
export type { Wire, WireOptions } from "./google/wire.ts";

export { openJournal } from "./journal/sqlite/journal.ts";
export { openReader } from "./journal/sqlite/reader.ts";
export { openStage } from "./journal/sqlite/stage.ts";
export { createRun } from "./journal/sqlite/writer.ts";
export type { AuditRow, Claim, Journal, RunReader, RunWriter, StepFilter, StepRow } from "./journal/journal.ts";
export type { Stage } from "./journal/stage.ts";

export { PlanReader } from "./plan/read.ts";
export type { PlanReading, PlanSource } from "./plan/read.ts";

export type { Api, DataStudioApi, DataTransferApi, DirectoryApi, TransferJob } from "./model/api.ts";
export type { Asset, AssetName, AssetType } from "./model/asset.ts";
export type { Clock, Random } from "./model/clock.ts";
export type { Diagnostic, Place } from "./model/diagnostic.ts";
export type { Domain, Email } from "./model/email.ts";
export { parseEmail } from "./model/email.ts";
export { ApiError, GuardError, PlanFileError, RunFileError, RunLockedError, UsageError } from "./model/errors.ts";
export type { EngineEvent, OnEvent } from "./model/event.ts";
export type { Member } from "./model/member.ts";
export type { Delta, Pair, Permissions, RoleMap } from "./model/permissions.ts";
export type { Limits, PlanSettings, Request } from "./model/request.ts";
export type { Counts, Digest, RunHeader, RunTotals } from "./model/run.ts";
export { hazardsToAllow } from "./model/step.ts";
export type { HazardName, Outcome, Step, StepResult, StepState } from "./model/step.ts";

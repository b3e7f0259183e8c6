/** What a program says to work with a tenant: how to reach it, what may be asked of it, and with which options. */
import type { ApplySummary, PlanOutcome, VerifySummary } from "../engine/verbs.ts";
import type { OnEvent } from "../model/event.ts";
import type { HazardName } from "../model/step.ts";
import type { Identity } from "./identity.ts";
import type { PlanFile } from "./plan-files.ts";
import type { Run } from "./runs.ts";

/** How a tenant is reached, and as whom. No settings file is read, and of the environment only what PostgreSQL's own tools read. */
export interface TenantOptions {
  readonly identity: Identity;
  /** The administrator acted as for Directory and Data Transfer. */
  readonly admin: string;
  /** Another address than Google's: an emulator. */
  readonly endpoint?: string;
  /** An HTTP proxy. */
  readonly proxy?: string;
  /** Calls a second at most. Without it, a careful rate that adapts to what Google accepts. */
  readonly rate?: number;
  /** Calls a second as one user at most. */
  readonly actorRate?: number;
}

/** What every call takes. */
export interface CallOptions {
  /** Fires to end it in order: nothing new is begun, what is under way is awaited. */
  readonly signal?: AbortSignal;
  /** What happens, as it happens. It must not throw. */
  readonly onEvent?: OnEvent;
}

export interface PlanOptions extends CallOptions {
  /** Make the run without what is refused, instead of no run. */
  readonly skipRefused?: boolean;
  /** Take the place of a run there that has not begun. */
  readonly replace?: boolean;
  /** Calls under way at once; 8 unless told. */
  readonly concurrency?: number;
}

export interface ApplyOptions extends CallOptions {
  /** Hazards of the run that are allowed, by name. */
  readonly allow?: readonly HazardName[];
  /** Steps under way at once; 16 unless told. */
  readonly concurrency?: number;
  /** Steps under way at once as one user; 2 unless told. */
  readonly perActor?: number;
  /** Ends it after so many failed steps, over all restarts. */
  readonly failuresMax?: number;
  /** Takes no new step after so many ms. */
  readonly durationMaxMs?: number;
  /** How old, in ms, a run may be that has not begun; a day unless told. */
  readonly ageMaxMs?: number;
}

export interface VerifyOptions extends CallOptions {
  readonly concurrency?: number;
  /** How many drifted steps are described; all are counted. 100 unless told. */
  readonly driftsMax?: number;
}

export interface UndoOptions extends CallOptions {
  readonly replace?: boolean;
  readonly concurrency?: number;
}

/** Every method opens a connection of its own and closes it, so that there is nothing to close at the end. */
export interface Tenant {
  /**
   * Compiles plan files into a run; reads only. Only the outcome `made` leaves a run behind. Rejects with PlanFileError
   * (mistakes in the files, all at once), ApiError, GuardError (another tenant; a run there that has begun), UsageError.
   */
  plan(files: readonly PlanFile[], run: Run, options?: PlanOptions): Promise<PlanOutcome>;
  /**
   * Carries a run out, or goes on with it. Resolves however it ended: `end` says whether every step did, `counts` how.
   * Rejects before anything is sent with GuardError (a hazard that is not allowed, a run that is too old, another tenant),
   * RunLockedError, RunFileError, UsageError.
   */
  apply(run: Run, options?: ApplyOptions): Promise<ApplySummary>;
  /** Reads every asset back that the run touched, and keeps the verdicts with the run. Rejects with GuardError, RunLockedError, RunFileError. */
  verify(run: Run, options?: VerifyOptions): Promise<VerifySummary>;
  /** Makes the run `undo` that takes back what `done` changed, as far as that can be taken back; reads only. */
  undo(done: Run, undo: Run, options?: UndoOptions): Promise<PlanOutcome>;
}

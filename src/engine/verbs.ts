/** What each verb of the engine takes and answers; the verbs themselves live in files of their names. */
import type { Journal, RunReader, RunWriter } from "../journal/journal.ts";
import type { Stage } from "../journal/stage.ts";
import type { Api } from "../model/api.ts";
import type { Clock, Random } from "../model/clock.ts";
import type { Email } from "../model/email.ts";
import type { FailureClass } from "../model/errors.ts";
import type { OnEvent } from "../model/event.ts";
import type { Delta } from "../model/permissions.ts";
import type { PlanSettings } from "../model/request.ts";
import type { Counts, Digest, Planner, RunHeader } from "../model/run.ts";
import type { StepAsset } from "../model/step.ts";
import type { ApplyEnd } from "../model/apply-end.ts";
import type { Fleet } from "./fleet.ts";
import type { Workers } from "./workers.ts";
import type { Breach } from "../plan/compile/totals.ts";
import type { ApplyGuards } from "./apply-guards.ts";

/** What every verb is handed: nothing in the engine reaches for the world by itself. */
export interface Surroundings {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnEvent;
  /** Fires when the user asks to stop: nothing new is begun, what is under way is finished. */
  readonly stop: AbortSignal;
  /** While the user wants no new step begun: settles when that is over. Undefined, also as an answer: nobody asked. */
  readonly paused?: (() => Promise<void> | undefined) | undefined;
  /** How many steps `apply` has under way at once, in the hands of the caller; undefined: as its options say, for good. */
  readonly workers?: Workers | undefined;
  /** The other workers of the run; undefined: this process is the only one. */
  readonly fleet?: Fleet | undefined;
}

export interface PlanInput {
  readonly runId: string;
  readonly toolVersion: string;
  readonly admin: Email;
  readonly planner?: Planner | undefined;
  readonly settings: PlanSettings;
  readonly planFiles: RunHeader["planFiles"];
  readonly rows: number;
  readonly duplicateRows: number;
  /** Make the run without what is refused, instead of no run. */
  readonly skipRefused: boolean;
  /** Calls under way at once while reading. */
  readonly concurrency: number;
  /** Wall ms at which the facts were read, where they come from a snapshot; else planning reads them itself. */
  readonly snapshotAt?: number | undefined;
}

export type LimitBreach = Breach;

/** How planning ended. Only `made` leaves a run behind; the others carry the header it would have had. */
export type PlanOutcome =
  | { readonly kind: "made"; readonly header: RunHeader; readonly digest: Digest }
  | { readonly kind: "refused"; readonly header: RunHeader }
  | { readonly kind: "over-limit"; readonly header: RunHeader; readonly breaches: readonly LimitBreach[] }
  | { readonly kind: "matched-nothing"; readonly header: RunHeader };

/** `planRun(surroundings, stage, writer, input)`; the stage already holds the requests. Throws ApiError, GuardError (wrong tenant), PlanFileError (contradictions found by asset). */
export type PlanRun = (
  surroundings: Surroundings,
  stage: Stage,
  writer: RunWriter,
  input: PlanInput,
) => Promise<PlanOutcome>;

/** What binds a run in the making. */
export type PlanGuards = Pick<PlanSettings, "limits" | "limitsFrom" | "protect">;

/** `undoRun(surroundings, done, writer, input)`: a run that takes back what `done` changed. Throws ApiError, GuardError. */
export type UndoRun = (
  surroundings: Surroundings,
  done: RunReader,
  writer: RunWriter,
  input: {
    readonly runId: string;
    readonly toolVersion: string;
    readonly admin: Email;
    readonly planner?: Planner | undefined;
    readonly concurrency: number;
    /** What binds the undo: limits, and rules for what it may not touch. */
    readonly guards?: PlanGuards | undefined;
  },
) => Promise<PlanOutcome>;

export interface ApplyOptions {
  /** Steps under way at once. */
  readonly concurrency: number;
  /** Steps under way at once for one actor. */
  readonly perActor: number;
  /** Failed steps after which the run stops; undefined: the run's own limit, or none. */
  readonly failuresMax: number | undefined;
  /** Intents per step, over all restarts. */
  readonly attemptsMax: number;
  /** Conflicts per step, over all restarts. */
  readonly conflictsMax: number;
  /** How long a doubtful write may still arrive at the server, before a step may be called failed. */
  readonly settleMs: number;
  /** First wait between polls of a transfer; grows to `transferPollMaxMs`. */
  readonly transferPollMs: number;
  readonly transferPollMaxMs: number;
  /** Polling one transfer in this process ends after this long; the step stays open. */
  readonly transferWaitMs: number;
  /** The process stops taking steps after this long; undefined: never. */
  readonly durationMs: number | undefined;
  readonly guards?: ApplyGuards | undefined;
}

export interface ApplySummary {
  readonly end: ApplyEnd;
  readonly reason: string | undefined;
  readonly counts: Counts;
  readonly blocked: readonly { readonly actor: Email; readonly failure: FailureClass; readonly reason: string }[];
  /** Steps ended by this process. */
  readonly ended: number;
}

/** `applyRun(surroundings, journal, options)`: carries out or resumes. Throws only programmer errors. */
export type ApplyRun = (surroundings: Surroundings, journal: Journal, options: ApplyOptions) => Promise<ApplySummary>;

export interface CancelSummary {
  readonly cancelled: number;
  /** Steps left open because a request of theirs may have been carried out, in order. */
  readonly doubtful: readonly number[];
  readonly counts: Counts;
}

/** `cancelRun(journal, wish)`: ends open steps without carrying them out; what waits for one of them is skipped. Throws RunFileError. */
export type CancelRun = (
  journal: Journal,
  wish: {
    /** Undefined: all that are open. */
    readonly steps: ReadonlySet<number> | undefined;
    readonly reason: string;
    /** Also those of which a request may have been carried out; undo then takes back what it finds of it. */
    readonly evenInDoubt: boolean;
  },
) => Promise<CancelSummary>;

/** One asset, transfer or line that is not as the run left it. */
export interface Drift {
  readonly seq: number;
  readonly asset: StepAsset | undefined;
  /** Pairs that should be there and are not (`add`), or should be gone and are there (`remove`). */
  readonly missing: Delta;
  readonly problem: string;
}

export interface VerifySummary {
  readonly checked: number;
  readonly verified: number;
  /** At most `driftsMax`, in order; `drifted` counts all. */
  readonly drifts: readonly Drift[];
  readonly drifted: number;
  readonly unreadable: readonly { readonly seq: number; readonly reason: string }[];
  readonly unreadableCount: number;
  /** Lines of the hand-over sheet whose owner has changed by now, and those still to be clicked. */
  readonly byHandDone: number;
  readonly byHandOpen: number;
  /** Steps that have not been carried out, or failed: there is nothing to verify. */
  readonly notApplied: number;
  readonly stopped: boolean;
}

/** `verifyRun(surroundings, run, options)`: reads back every step that ended well. `record` is undefined while another process holds the run. */
export type VerifyRun = (
  surroundings: Surroundings,
  run: RunReader,
  options: {
    readonly concurrency: number;
    readonly driftsMax: number;
    readonly record: Pick<Journal, "verified"> | undefined;
    /** Only these steps; undefined: all. */
    readonly among?: ReadonlySet<number> | undefined;
  },
) => Promise<VerifySummary>;

/** Steps: the units a run is made of, and how each can end. */
import type { AssetName } from "./asset.ts";
import type { Etag } from "./brand.ts";
import type { Place } from "./diagnostic.ts";
import type { Email } from "./email.ts";
import type { Delta, Permissions, RoleMap } from "./permissions.ts";
import type { Keep } from "./request.ts";

/**
 * What a step may break. Those in `hazardsToAllow` must be allowed by name before a run that contains them is applied;
 * the others are said and counted.
 */
export type HazardName =
  | "whole-user-transfer"
  | "moves-unnamed-assets"
  | "moves-unseen-assets"
  | "owner-change-attempt"
  | "new-external"
  | "new-public"
  | "removes-last-editor"
  | "keeps-credentials"
  | "leaves-data-sources"
  | "leaves-trash";

export const hazardsToAllow: ReadonlySet<HazardName> = new Set<HazardName>([
  "whole-user-transfer",
  "moves-unnamed-assets",
  "owner-change-attempt",
  "new-external",
  "new-public",
]);

/** The asset of a step, as known at plan time. */
export interface StepAsset {
  readonly name: AssetName;
  readonly assetType: string;
  readonly title: string;
}

interface StepCommon {
  /** 1-based position in the run; also its id within the run. */
  readonly seq: number;
  /** The step that must have succeeded first: a transfer. For a by-hand step: the edit that must have ended, however. */
  readonly after: number | undefined;
  /** The user whose access is used for the call. */
  readonly actor: Email;
  readonly hazards: readonly HazardName[];
  /** The rows that asked for it. */
  readonly sources: readonly Place[];
}

/** One etag-guarded PATCH on one asset. */
export interface EditStep extends StepCommon {
  readonly kind: "edit";
  readonly asset: StepAsset;
  /** Who may act instead when nobody can act as `actor`, best first. */
  readonly alternates: readonly Email[];
  /** The owner the asset must have when the step begins; another one is drift, and nothing is sent. */
  readonly owner: Email | undefined;
  readonly delta: Delta;
  /** Tried first: the new owner is written too; `delta` alone is the fall-back when Google refuses. */
  readonly attemptOwner: Email | undefined;
  /** The permissions as read at plan time; undefined when the step must read first (after a transfer). */
  readonly base: Permissions | undefined;
}

/** One Data Transfer job: everything `from` owns goes to `to`. Cannot be undone through the API. */
export interface TransferStep extends StepCommon {
  readonly kind: "transfer";
  readonly from: { readonly email: Email; readonly id: string };
  readonly to: { readonly email: Email; readonly id: string };
  /** Assets `from` owned at plan time, by search: live, and in the trash. */
  readonly live: number;
  readonly trashed: number;
}

/** A line of the hand-over sheet: an owner change that no API can make. Sends nothing. */
export interface ByHandStep extends StepCommon {
  readonly kind: "by-hand";
  readonly asset: StepAsset;
  readonly from: Email;
  readonly to: Email;
  readonly keep: Keep;
  /** The edit that tries the owner change; if that works, this line is not needed. */
  readonly unless: number | undefined;
}

export type Step = EditStep | TransferStep | ByHandStep;

/** A step before it has its place in the run. */
export type StepDraft = Omit<EditStep, "seq"> | Omit<TransferStep, "seq"> | Omit<ByHandStep, "seq">;

/** How a step ended; exclusive. `planned` and `in-flight` are the states before that. */
export type Outcome = "applied" | "confirmed" | "unchanged" | "skipped" | "failed" | "by-hand" | "cancelled";

export type StepState = "planned" | "in-flight" | Outcome;

export const outcomes: readonly Outcome[] = [
  "applied",
  "confirmed",
  "unchanged",
  "skipped",
  "failed",
  "by-hand",
  "cancelled",
];

/** Whether the asset, or the transfer, is as its step wants it. */
export function isSuccess(outcome: Outcome): boolean {
  return outcome === "applied" || outcome === "confirmed" || outcome === "unchanged";
}

/** What allows a step to be called ended (reliability.md I11). */
export type Evidence =
  /** The write's own answer showed the change. */
  | "answer"
  /** A read showed it. */
  | "read"
  /** A definite refusal. */
  | "refusal"
  /** Nothing was to be sent. */
  | "none";

/** Written down before a request leaves (reliability.md 0.3). */
export interface Intent {
  /** 1-based over the life of the step, restarts included. */
  readonly attempt: number;
  readonly actor: Email;
  /** The etag the write carries. */
  readonly etag: Etag | undefined;
  /** Exactly what this request changes. */
  readonly delta: Delta;
  readonly newOwner: Email | undefined;
  /** The roles the write replaces: the pre-image. Undefined when it is the step's `base`. */
  readonly before: RoleMap | undefined;
  /** Wall time, ms. */
  readonly at: number;
}

/** How a step ended, with what it changed. */
export interface StepResult {
  readonly outcome: Outcome;
  /** For `skipped` and `failed`: the `FailureClass`, in one word for grouping; one of another version is carried through. */
  readonly failure: string | undefined;
  /** For people: what happened and what to do; already printable. */
  readonly reason: string | undefined;
  readonly evidence: Evidence;
  /** The pairs this run changed on the server: what undo takes back. */
  readonly changed: Delta;
  /** Set when the owner really changed. */
  readonly newOwner: Email | undefined;
  readonly etagBefore: Etag | undefined;
  readonly etagAfter: Etag | undefined;
  readonly actor: Email;
  /** Requests sent for the step in this process. */
  readonly calls: number;
}

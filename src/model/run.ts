/** A run: the header that travels with the steps, and the sums over them. */
import type { Place } from "./diagnostic.ts";
import type { Domain, Email } from "./email.ts";
import type { LimitPlaces, Limits, ProtectRule } from "./request.ts";
import type { Coverage, Exposure } from "./snapshot.ts";
import type { HazardName, StepState } from "./step.ts";

/** SHA-256 over header and steps, 64 hex digits. */
export type Digest = string;

/** Why something requested will not be done, with the row that asked and what to do instead. */
export interface Refusal {
  readonly rule: RefusalRule;
  readonly places: readonly Place[];
  readonly problem: string;
  readonly remedy: string;
}

export type RefusalRule =
  | "from-outside"
  | "from-unknown"
  | "from-deleted"
  | "to-outside"
  | "to-unknown"
  | "to-suspended"
  | "to-not-a-person"
  | "member-unknown"
  | "same-person"
  | "not-owner"
  | "not-found"
  | "in-trash"
  | "protected"
  | "swap"
  | "nobody-can-act"
  | "unreadable"
  | "owner-role"
  | "not-offered";

/** A request that needs nothing: everything it asks for is so already, or its selector matched no asset. */
export interface NoAction {
  readonly place: Place;
  readonly why: "already-so" | "matched-nothing";
  /** Assets it looked at. */
  readonly assets: number;
}

/** A hazard over the whole run. */
export interface HazardTotal {
  readonly name: HazardName;
  readonly count: number;
  readonly text: string;
}

export interface RunTotals {
  readonly steps: number;
  readonly transfers: number;
  /** Assets that transfers move, by search at plan time. */
  readonly assetsTransferred: number;
  /** Steps that edit an asset, and the pairs they change. */
  readonly assetsEdited: number;
  readonly edits: number;
  readonly byHand: number;
  readonly refused: number;
  /** Requested but already so, counted by asset. */
  readonly alreadySo: number;
  /** Counted against `limits.changes`. */
  readonly changes: number;
  /** Distinct assets touched, for `limits.percentOfAssets`. */
  readonly assetsTouched: number;
  readonly newExternal: number;
  readonly newPublic: number;
  /** Whose assets are changed most; undefined when nothing is, and in runs of versions that did not say. */
  readonly mostOfOneOwner?: { readonly owner: Email; readonly changes: number } | undefined;
  /** Rows read, and those that said what another row had said. */
  readonly rows: number;
  readonly duplicateRows: number;
}

/** Who made a run. */
export interface Planner {
  /** The account and machine it was made with, `anna@laptop`: what they call themselves, no proof. */
  readonly account: string;
  /** The fingerprint of the key that signs for the planner, when one was given. */
  readonly key: string | undefined;
}

/** The guards that were in force when a run was made. */
export interface FrozenGuards {
  readonly limits: LimitPlaces;
  /** The rules that protected something, with their places. */
  readonly protect: readonly ProtectRule[];
}

/** Everything about a run but its steps. Frozen; covered by the digest. */
export interface RunHeader {
  /** A ULID. */
  readonly runId: string;
  /** Of the `handover` that made it. */
  readonly toolVersion: string;
  readonly tenant: Domain;
  readonly domains: readonly Domain[];
  /** The administrator acted as for Directory and Data Transfer. */
  readonly admin: Email;
  /** Undefined in runs of versions that did not say. */
  readonly planner?: Planner | undefined;
  /** Wall times, ms. */
  readonly createdAt: number;
  readonly snapshotAt: number;
  readonly planFiles: readonly { readonly name: string; readonly sha256: string }[];
  /** The run this one takes back. */
  readonly undoOf: { readonly runId: string; readonly digest: Digest } | undefined;
  readonly limits: Limits;
  /** Where the limits were set, and what was protected; runs of older versions do not say. */
  readonly guards?: FrozenGuards | undefined;
  readonly totals: RunTotals;
  readonly hazards: readonly HazardTotal[];
  readonly refusals: readonly Refusal[];
  readonly noActions: readonly NoAction[];
  readonly coverage: Coverage;
  readonly exposureBefore: Exposure;
  readonly exposureAfter: Exposure;
  /** Things to know that belong to no step: what an undo cannot reverse, and the like. */
  readonly remarks: readonly string[];
}

/** Steps by state. */
export type Counts = Readonly<Record<StepState, number>>;

export const noCounts: Counts = {
  planned: 0,
  "in-flight": 0,
  applied: 0,
  confirmed: 0,
  unchanged: 0,
  skipped: 0,
  failed: 0,
  "by-hand": 0,
  cancelled: 0,
};

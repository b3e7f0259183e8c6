/** Off-boarding readiness: what breaks when somebody leaves, what only they can reach, who could take over, and by when. */
import type { Asset } from "./asset.ts";
import type { Email } from "./email.ts";
import type { InventoryCoverage, SnapshotHeader } from "./inventory.ts";
import type { Digest } from "./run.ts";

/** Why an asset of a leaver needs a hand before they go. */
export const readinessConcerns = ["only-reachable", "sole-editor", "credentials", "ownership", "unreadable"] as const;
export type ReadinessConcern = (typeof readinessConcerns)[number];

/** One asset that somebody who leaves owns, or is the last to edit. */
export interface ReadinessRow {
  readonly leaver: Email;
  readonly asset: Asset;
  readonly concerns: readonly ReadinessConcern[];
  /** Active people of the tenant who stay and can edit it by name, the first few. */
  readonly editors: readonly Email[];
}

/** What the Directory says of somebody who leaves. */
export type LeaverState = "active" | "suspended" | "archived" | "deleted" | "missing" | "outside" | "not a person";

export interface SuggestedHeir {
  readonly email: Email;
  /** Of the leaver's live assets, how many this person can edit today. */
  readonly edits: number;
}

export interface LeaverReadiness {
  readonly email: Email;
  readonly state: LeaverState;
  /** Whether the search as this user was part of the snapshot: if not, what only they see is missing. */
  readonly wasRead: boolean;
  readonly reports: number;
  readonly dataSources: number;
  readonly trashed: number;
  readonly concerns: Readonly<Record<ReadinessConcern, number>>;
  /** Of those nobody else can edit, the leaver's own. */
  readonly soleEditorOfOwn: number;
  /** Assets of others that they can edit today. */
  readonly editsOfOthers: number;
  readonly heirs: readonly SuggestedHeir[];
  /** As the list names one. */
  readonly heir: { readonly email: Email; readonly isActive: boolean } | undefined;
  /** Days such as `2026-11-30`. `lastDay`: until when a deleted account, and what it owned, can be restored. */
  readonly suspendedOn: string | undefined;
  readonly deletedOn: string | undefined;
  readonly lastDay: string | undefined;
}

export interface ReadinessView {
  readonly snapshot: string;
  readonly header: SnapshotHeader;
  readonly finished: { readonly at: number; readonly digest: Digest } | undefined;
  readonly coverage: InventoryCoverage;
  /** The file that lists who leaves. */
  readonly list: string;
  readonly leavers: readonly LeaverReadiness[];
  /** By leaver, then with the most pressing first. */
  readonly rows: readonly ReadinessRow[];
  readonly toolVersion: string;
  readonly madeAt: number;
}

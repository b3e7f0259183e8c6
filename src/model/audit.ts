/** What an audit counts over a whole snapshot: the figures behind its pictures. */
import type { Asset } from "./asset.ts";
import type { Email } from "./email.ts";
import type { FindingCount, Severity } from "./finding.ts";
import type { InventoryCoverage, SnapshotHeader } from "./inventory.ts";
import type { Digest } from "./run.ts";

/** Who a grant lets in, from widest to narrowest. */
export const audiences = ["public", "outside", "domain", "group", "person", "service account", "gone"] as const;
export type AuditAudience = (typeof audiences)[number];

/** How: the columns of the exposure matrix. `other` stands for roles this version does not know. */
export const exposureRoles = ["LINK_EDITOR", "EDITOR", "LINK_VIEWER", "VIEWER", "other"] as const;
export type ExposureRole = (typeof exposureRoles)[number];

export const ownerStates = ["active", "suspended", "archived", "deleted", "unknown", "outside", "none"] as const;
export type OwnerState = (typeof ownerStates)[number];

/** Ages by last change, the upper end of each in days; the last has none. */
export const ageBuckets: readonly (number | undefined)[] = [30, 90, 180, 365, 730, undefined];

export interface AuditSums {
  readonly assets: number;
  readonly trashed: number;
  /** Live assets with at least one grant of that kind. */
  readonly exposure: readonly {
    readonly audience: AuditAudience;
    readonly role: ExposureRole;
    readonly assets: number;
  }[];
  readonly owners: readonly { readonly state: OwnerState; readonly assetType: string; readonly assets: number }[];
  /** The owners with the most severe findings, worst first. */
  readonly risks: readonly {
    readonly owner: Email;
    readonly assets: number;
    readonly findings: Readonly<Record<Severity, number>>;
  }[];
  /** Domains outside, with the assets they reach and how many of those they can edit; most first. */
  readonly domains: readonly {
    readonly domain: string;
    readonly members: number;
    readonly assets: number;
    readonly editable: number;
  }[];
  /** Live assets by age, in the order of `ageBuckets`, and those without a time. */
  readonly ages: readonly number[];
  readonly ageless: number;
}

/** One asset as an audit lists it. */
export interface AuditedRow {
  readonly asset: Asset;
  readonly ownerState: OwnerState;
  /** Each audience with how it gets in, `public LINK_VIEWER`; undefined when the permissions could not be read. */
  readonly access: readonly string[] | undefined;
  readonly editors: number;
}

/** A rule as people read it. */
export interface RuleWords {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  readonly rationale: string;
  readonly remedy: string;
}

/** Everything a view of an audit shows, apart from the findings themselves, which come in pages. */
export interface AuditView {
  /** What the snapshot is called where it was given. */
  readonly snapshot: string;
  readonly header: SnapshotHeader;
  readonly finished: { readonly at: number; readonly digest: Digest } | undefined;
  readonly coverage: InventoryCoverage;
  readonly sums: AuditSums;
  readonly counts: readonly FindingCount[];
  /** The rules that were asked, in order; those of a comparison at their place. */
  readonly rules: readonly RuleWords[];
  readonly settings: {
    readonly trusted: readonly string[];
    readonly staleAfterMs: number;
    readonly editorsMax: number;
  };
  /** The snapshot that was compared with. */
  readonly earlier: { readonly name: string; readonly snapshotId: string; readonly at: number } | undefined;
  readonly baseline:
    | {
        readonly name: string;
        readonly entries: number;
        /** Entries whose day has passed: their findings count again. */
        readonly expired: number;
        /** Entries that stand for no finding any more. */
        readonly unused: number;
      }
    | undefined;
  readonly toolVersion: string;
  /** Wall ms at which the audit was made. */
  readonly madeAt: number;
}

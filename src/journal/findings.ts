/** Where an audit keeps what it finds until it is shown: off the heap, in order, compared with an earlier audit. */
import type { Finding, Severity } from "../model/finding.ts";

/** `old` are the findings of the snapshot that is compared with. */
export type FindingSide = "new" | "old";

/** Somebody has looked at the finding and lives with it, until a day such as `2027-03-31`. */
export interface Acceptance {
  readonly until: string | undefined;
  readonly reason: string;
}

export interface StoredFinding {
  /** Grows down the list: pages go on after it. */
  readonly order: number;
  readonly finding: Finding;
  readonly accepted: Acceptance | undefined;
  /** Against the earlier snapshot; undefined when there is none. */
  readonly change: "new" | "known" | "fixed" | undefined;
}

export interface FindingCount {
  readonly rule: string;
  readonly severity: Severity;
  readonly change: StoredFinding["change"];
  readonly accepted: boolean;
  readonly count: number;
}

/** Temporary; gone when closed. */
export interface FindingStore {
  add(
    side: FindingSide,
    findings: readonly { readonly finding: Finding; readonly accepted: Acceptance | undefined }[],
  ): Promise<void>;
  /** No more will be added: sorts and compares. `compared` says whether there is an old side, also when it is empty. */
  settle(compared: boolean): Promise<void>;
  /** From worst to least, rule by rule, asset by asset; those that are fixed last. An empty page ends. */
  page(after: number, max: number): Promise<readonly StoredFinding[]>;
  counts(): Promise<readonly FindingCount[]>;
  close(): Promise<void>;
}

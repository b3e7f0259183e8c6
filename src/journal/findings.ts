/** Where an audit keeps what it finds until it is shown: off the heap, in order, compared with an earlier audit. */
import type { Acceptance, Finding, FindingCount, StoredFinding } from "../model/finding.ts";

/** `old` are the findings of the snapshot that is compared with. */
export type FindingSide = "new" | "old";

/** Temporary; gone when closed. */
export interface FindingStore {
  /** All findings of an asset in one call, and of each side in order of asset. */
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

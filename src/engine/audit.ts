/** Audits a snapshot: every rule over every asset, in one sweep; compared, where asked, with an earlier snapshot in a second. */
import { assetRow } from "../audit/asset-row.ts";
import { checkAsset } from "../audit/check.ts";
import { compareAsset } from "../audit/compare.ts";
import type { Rule } from "../audit/rule.ts";
import { Sums } from "../audit/sums.ts";
import type { FindingSide, FindingStore } from "../journal/findings.ts";
import type { SnapshotReader } from "../journal/snapshot.ts";
import type { AuditSums, AuditedRow } from "../model/audit.ts";
import type { Domain } from "../model/email.ts";
import { findingKey } from "../model/finding.ts";
import type { Acceptance, Finding } from "../model/finding.ts";
import type { InventoryAsset } from "../model/inventory.ts";
import { factsOf } from "./audit-facts.ts";

export interface AuditOptions {
  readonly rules: readonly Rule[];
  /** Domains outside the tenant that are trusted like it. */
  readonly trusted: ReadonlySet<Domain>;
  readonly staleAfterMs: number;
  readonly editorsMax: number;
  /** Findings somebody lives with, by `findingKey`. */
  readonly baseline: ReadonlyMap<string, Acceptance>;
  /** An earlier snapshot of the same tenant to compare with. */
  readonly earlier: SnapshotReader | undefined;
  /** Whether findings that only a comparison makes are wanted. */
  readonly changes: boolean;
}

export interface AuditSummary {
  readonly sums: AuditSums;
  /** Baseline entries that stand for no finding any more. */
  readonly unused: readonly string[];
}

const pageSize = 1000;

/**
 * Fills `findings` and settles it. Acceptances whose day has passed are not honoured: the caller leaves them out.
 * Memory grows with people, not with assets. Throws RunFileError.
 */
export async function auditSnapshot(
  snapshot: SnapshotReader,
  findings: FindingStore,
  options: AuditOptions,
): Promise<AuditSummary> {
  const facts = await factsOf(snapshot, options);
  const sums = new Sums();
  const used = new Set<string>();
  const accepted = (finding: Finding): Acceptance | undefined => {
    if (options.baseline.size === 0) return undefined;
    const key = findingKey(finding);
    const acceptance = options.baseline.get(key);
    if (acceptance !== undefined) used.add(key);
    return acceptance;
  };
  const { earlier } = options;
  const before = earlier === undefined ? undefined : new Walk(earlier);
  await sweep(snapshot, findings, "new", accepted, async (record) => {
    const found = checkAsset(record, facts, options.rules);
    const open =
      options.baseline.size === 0 ? found : found.filter((finding) => !options.baseline.has(findingKey(finding)));
    sums.add(record, facts, open);
    if (!options.changes) return found;
    const was = await before?.to(record.asset.name);
    return was === undefined ? found : [...found, ...compareAsset(was, record, facts)];
  });
  if (earlier !== undefined) {
    const then = await factsOf(earlier, options);
    await sweep(
      earlier,
      findings,
      "old",
      () => undefined,
      async (record) => checkAsset(record, then, options.rules),
    );
  }
  await findings.settle(earlier !== undefined);
  return { sums: sums.end(), unused: [...options.baseline.keys()].filter((key) => !used.has(key)) };
}

/** Every asset as the pages of an audit list it, in order of name. */
export async function* auditedAssets(
  snapshot: SnapshotReader,
  options: Pick<AuditOptions, "trusted" | "staleAfterMs" | "editorsMax">,
): AsyncGenerator<readonly AuditedRow[]> {
  const facts = await factsOf(snapshot, options);
  for (let after = ""; ;) {
    const page = await snapshot.assets(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.asset.name;
    yield page.map((record) => assetRow(record, facts));
  }
}

async function sweep(
  snapshot: SnapshotReader,
  findings: FindingStore,
  side: FindingSide,
  accepted: (finding: Finding) => Acceptance | undefined,
  check: (record: InventoryAsset) => Promise<readonly Finding[]>,
): Promise<void> {
  let after = "";
  for (;;) {
    const page = await snapshot.assets(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.asset.name;
    const found = [];
    for (const record of page) {
      for (const finding of await check(record)) found.push({ finding, accepted: accepted(finding) });
    }
    await findings.add(side, found);
  }
}

/** Goes through a snapshot beside another one, both in order of name. */
class Walk {
  readonly #snapshot: SnapshotReader;
  #page: readonly InventoryAsset[] = [];
  #index = 0;
  #after = "";
  #ended = false;

  constructor(snapshot: SnapshotReader) {
    this.#snapshot = snapshot;
  }

  /** The asset of that name, or undefined when there is none. Names must come in ascending order. */
  async to(name: string): Promise<InventoryAsset | undefined> {
    for (;;) {
      const here = this.#page[this.#index];
      if (here === undefined) {
        if (this.#ended) return undefined;
        await this.#turn();
        continue;
      }
      if (here.asset.name >= name) return here.asset.name === name ? here : undefined;
      this.#index += 1;
    }
  }

  async #turn(): Promise<void> {
    this.#page = await this.#snapshot.assets(this.#after, pageSize);
    this.#index = 0;
    this.#after = this.#page.at(-1)?.asset.name ?? this.#after;
    this.#ended = this.#page.length === 0;
  }
}

/** What the views of an audit have in common: pages of findings, and how often each severity was found. */
import { severities } from "../model/finding.ts";
import type { FindingCount, Severity, StoredFinding } from "../model/finding.ts";

/** In order; each page may be empty. */
export type FindingPages = AsyncIterable<readonly StoredFinding[]>;

export interface SeverityTally {
  readonly severity: Severity;
  /** Findings that stand and that nobody has accepted. */
  readonly open: number;
  /** Of those, the ones the earlier snapshot did not have. */
  readonly fresh: number;
  readonly accepted: number;
  /** Findings of the earlier snapshot that are gone. */
  readonly fixed: number;
}

/** From worst to least, those with nothing included. */
export function tallies(counts: readonly FindingCount[]): readonly SeverityTally[] {
  return severities.map((severity) => {
    const of = (test: (count: FindingCount) => boolean): number =>
      counts.filter((each) => each.severity === severity && test(each)).reduce((sum, { count }) => sum + count, 0);
    return {
      severity,
      open: of((each) => each.change !== "fixed" && !each.accepted),
      fresh: of((each) => each.change === "new" && !each.accepted),
      accepted: of((each) => each.change !== "fixed" && each.accepted),
      fixed: of((each) => each.change === "fixed"),
    };
  });
}

/** Open findings of one rule. */
export function openOfRule(counts: readonly FindingCount[], rule: string): number {
  return counts
    .filter((each) => each.rule === rule && each.change !== "fixed" && !each.accepted)
    .reduce((sum, { count }) => sum + count, 0);
}

/** The worst severity at which something is open, or undefined when nothing is. */
export function worstOpen(counts: readonly FindingCount[]): Severity | undefined {
  return tallies(counts).find(({ open }) => open > 0)?.severity;
}

/** Carrying an audit out: the snapshots opened, the baseline read, and everything a view of the audit shows. */
import { changeRules } from "../audit/compare.ts";
import type { Rule } from "../audit/rule.ts";
import { auditSnapshot } from "../engine/audit.ts";
import type { FindingStore } from "../journal/findings.ts";
import type { SnapshotReader } from "../journal/snapshot.ts";
import { openSnapshot } from "../journal/sqlite/snapshot-reader.ts";
import type { AuditView, RuleWords } from "../model/audit.ts";
import { instantText } from "../model/clock.ts";
import type { Domain } from "../model/email.ts";
import { UsageError } from "../model/errors.ts";
import { severities } from "../model/finding.ts";
import { printable } from "../model/text.ts";
import type { Baseline } from "./baseline.ts";
import type { Context } from "./context.ts";
import { existingSnapshotPath } from "./files.ts";

/** What to ask of a snapshot, and what to compare it with. */
export interface Auditing {
  readonly rules: readonly Rule[];
  readonly changes: boolean;
  readonly trusted: ReadonlySet<Domain>;
  readonly staleAfterMs: number;
  readonly editorsMax: number;
  /** A snapshot and a file by the names they were given. */
  readonly compare: string | undefined;
  readonly baseline: string | undefined;
}

/** Fills `findings`. `name` is what the snapshot is called. Throws UsageError, PlanFileError, RunFileError. */
export async function audited(
  context: Context,
  options: Auditing,
  snapshot: SnapshotReader,
  findings: FindingStore,
  name: string,
): Promise<AuditView> {
  const now = context.clock.now();
  const baseline = options.baseline === undefined ? undefined : await loadBaseline(context, options.baseline, now);
  const earlierPath = options.compare === undefined ? undefined : await existingSnapshotPath(context, options.compare);
  const earlier = earlierPath === undefined ? undefined : await openSnapshot(earlierPath);
  try {
    if (earlier !== undefined && earlier.header.tenant !== snapshot.header.tenant) {
      throw new UsageError(
        `${printable(options.compare ?? "")} is of the tenant ${earlier.header.tenant}, not ${snapshot.header.tenant}`,
        "compare two snapshots of one tenant",
      );
    }
    const { trusted, staleAfterMs, editorsMax, rules } = options;
    const changes = options.changes && earlier !== undefined;
    const asked = { rules, trusted, staleAfterMs, editorsMax, changes, earlier };
    const accepted = baseline?.accepted ?? new Map();
    const { sums, unused } = await auditSnapshot(snapshot, findings, { ...asked, baseline: accepted });
    return {
      snapshot: name,
      header: snapshot.header,
      finished: snapshot.finished,
      coverage: await snapshot.coverage(),
      sums,
      counts: await findings.counts(),
      rules: ruleWords(rules, changes),
      settings: { trusted: [...trusted].toSorted(), staleAfterMs, editorsMax },
      earlier:
        earlier === undefined
          ? undefined
          : {
              name: printable(options.compare ?? ""),
              snapshotId: earlier.header.snapshotId,
              at: earlier.finished?.at ?? earlier.header.startedAt,
            },
      baseline:
        baseline === undefined
          ? undefined
          : {
              name: printable(baseline.name),
              entries: baseline.entries,
              expired: baseline.expired,
              unused: unused.length,
            },
      toolVersion: context.version,
      madeAt: now,
    };
  } finally {
    await earlier?.close();
  }
}

/** Loaded only where one is used: YAML and its schema take longer to load than the rest of a verb. */
async function loadBaseline(context: Context, name: string, now: number): Promise<Baseline> {
  const { readBaseline } = await import("./baseline.ts");
  return readBaseline(context, name, instantText(now).slice(0, 10));
}

export function ruleWords(rules: readonly Rule[], changes: boolean): readonly RuleWords[] {
  const all: readonly RuleWords[] = [...rules, ...(changes ? changeRules : [])];
  return all
    .map(({ id, severity, title, rationale, remedy }) => ({ id, severity, title, rationale, remedy }))
    .toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

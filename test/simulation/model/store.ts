/** What a modelled run holds durably, as plain objects, and what may be said of it; whoever has an older epoch has lost it. */
import type { Email } from "../../../src/model/email.ts";
import { noCounts } from "../../../src/model/run.ts";
import type { Counts, Digest, RunHeader } from "../../../src/model/run.ts";
import type { Intent, Outcome, Step, StepResult, StepState } from "../../../src/model/step.ts";
import type { StepRow } from "../../../src/journal/journal.ts";

interface Attempt {
  readonly intent: Intent;
  fate: "doubtful" | "no effect" | "conflict";
}

export interface Row {
  readonly step: Step;
  /** The user whose turn the step takes. */
  readonly turnOf: Email;
  /** Of an open step; once it has ended, only their number is kept. */
  attempts: Attempt[];
  attempted: number;
  /** Undefined while the step is open. */
  result: StepResult | undefined;
  endedAt: number | undefined;
  memo: string | undefined;
}

/** A row of the audit chain before it is written out. */
export type AuditEntry =
  | { readonly kind: "ended"; readonly at: number; readonly row: Row; readonly result: StepResult }
  | { readonly kind: "skipped"; readonly at: number; readonly because: number; readonly rows: readonly Row[] }
  | {
      readonly kind: "note";
      readonly at: number;
      readonly name: string;
      readonly details: Readonly<Record<string, string | number | boolean>>;
    };

export type Verdict = "verified" | "drifted" | "unreadable";

export interface Store {
  readonly header: RunHeader;
  readonly digest: Digest;
  /** In order: the row of step `seq` stands at `seq - 1`. */
  readonly rows: readonly Row[];
  readonly audit: AuditEntry[];
  readonly kept: Map<string, string>;
  readonly verdicts: Map<number, { readonly verdict: Verdict; readonly at: number }>;
  /** How often the run was opened to be carried out. */
  epoch: number;
  /** The last fence handed out. */
  fence: number;
}

const good: ReadonlySet<Outcome> = new Set(["applied", "confirmed", "unchanged"]);

function rowOf(store: Store, seq: number): Row {
  const row = store.rows[seq - 1];
  if (row === undefined) throw new Error(`the model holds no step ${seq}`);
  return row;
}

export function stateOf(row: Row): StepState {
  return row.result?.outcome ?? (row.attempts.length > 0 ? "in-flight" : "planned");
}

export function stepRow(row: Row): StepRow {
  return {
    step: row.step,
    state: stateOf(row),
    attempts: row.result === undefined ? row.attempts.length : row.attempted,
    result: row.result,
    updatedAt: row.result === undefined ? row.attempts.at(-1)?.intent.at : row.endedAt,
    memo: row.memo,
  };
}

export function countsOf(store: Store): Counts {
  const counts: Record<StepState, number> = { ...noCounts };
  for (const row of store.rows) counts[stateOf(row)] += 1;
  return counts;
}

/**
 * Whether a step still waits for another: `after` must have succeeded, the edit in `unless` must have ended. Where both
 * name one step, its end is enough.
 */
export function isWaiting(store: Store, row: Row): boolean {
  const { after } = row.step;
  const unless = unlessOf(row.step);
  if (unless !== undefined && rowOf(store, unless).result === undefined) return true;
  if (after === undefined || after === unless) return false;
  const before = rowOf(store, after).result;
  return before === undefined || !good.has(before.outcome);
}

export function unlessOf(step: Step): number | undefined {
  return step.kind === "by-hand" ? step.unless : undefined;
}

/** Ends a step, and skips what can never come after it. */
export function endStep(store: Store, row: Row, attempted: number, result: StepResult, at: number): void {
  end(row, attempted, result, at);
  store.audit.push({ kind: "ended", at, row, result });
  if (good.has(result.outcome)) return;
  const doomed = store.rows.filter((other) => isDoomed(store, other, row));
  if (doomed.length === 0) return;
  const because = row.step.seq;
  store.audit.push({ kind: "skipped", at, because, rows: doomed });
  for (const other of doomed) end(other, 0, skippedAfter(because, other.step), at);
}

function end(row: Row, attempted: number, result: StepResult, at: number): void {
  row.result = result;
  row.attempted = attempted;
  row.attempts = [];
  row.endedAt = at;
}

/** Whether an open step needs the success of `failed`, be it through others that are open as well. */
function isDoomed(store: Store, row: Row, failed: Row): boolean {
  for (let link: Row | undefined = row; link !== undefined && link.result === undefined;) {
    const { after }: Step = link.step;
    if (after === undefined || after === unlessOf(link.step)) return false;
    if (after === failed.step.seq) return true;
    link = rowOf(store, after);
  }
  return false;
}

function skippedAfter(because: number, step: Step): StepResult {
  return {
    outcome: "skipped",
    failure: "predecessor",
    reason: `step ${because}, which must come first, did not succeed`,
    evidence: "none",
    changed: { add: [], remove: [] },
    newOwner: undefined,
    etagBefore: undefined,
    etagAfter: undefined,
    actor: step.actor,
    calls: 0,
  };
}

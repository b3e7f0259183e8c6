/** A modelled run as anybody may read it: straight from what is durable. */
import { hash } from "node:crypto";
import type { AuditRow, RunReader, StepFilter, StepRow } from "../../../src/journal/journal.ts";
import type { SealedRunReader } from "../../../src/journal/opening.ts";
import type { Counts, Digest, RunHeader } from "../../../src/model/run.ts";
import { auditText } from "./audit-text.ts";
import { countsOf, stateOf, stepRow } from "./store.ts";
import type { Row, Store } from "./store.ts";

type Failure = Awaited<ReturnType<RunReader["failures"]>>[number];

export class ModelReader implements Omit<SealedRunReader, "head"> {
  protected readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  get header(): RunHeader {
    return this.store.header;
  }

  get digest(): Digest {
    return this.store.digest;
  }

  async counts(): Promise<Counts> {
    return countsOf(this.store);
  }

  async page({ states, kinds }: StepFilter, after: number, max: number): Promise<readonly StepRow[]> {
    const found: StepRow[] = [];
    for (let index = after; index < this.store.rows.length && found.length < max; index += 1) {
      const row = this.store.rows[index];
      if (row === undefined || states?.includes(stateOf(row)) === false || kinds?.includes(row.step.kind) === false)
        continue;
      found.push(stepRow(row));
    }
    return found;
  }

  async step(seq: number): Promise<StepRow | undefined> {
    const row = this.store.rows[seq - 1];
    return row === undefined ? undefined : stepRow(row);
  }

  async failures(max: number): Promise<readonly Failure[]> {
    const groups = new Map<string, Failure>();
    for (const { step, result } of this.store.rows) {
      if (result?.outcome !== "failed" && result?.outcome !== "skipped") continue;
      const { outcome, failure = "", reason = "" } = result;
      const key = JSON.stringify([outcome, failure, reason]);
      const known = groups.get(key) ?? { outcome, failure, reason, count: 0, seq: step.seq };
      groups.set(key, { ...known, count: known.count + 1 });
    }
    return [...groups.values()].toSorted((a, b) => b.count - a.count || a.seq - b.seq).slice(0, max);
  }

  async audit(afterSeq: number, max: number): Promise<readonly AuditRow[]> {
    const rows: AuditRow[] = [];
    let last = this.digest;
    for (const [index, entry] of this.store.audit.slice(0, afterSeq + max).entries()) {
      const body = auditText(entry);
      last = hash("sha256", last + body);
      rows.push({ seq: index + 1, at: entry.at, body, hash: last });
    }
    return rows.slice(afterSeq);
  }

  /** Rows are plain objects that nobody can tamper with; what can be wrong is that steps and rows do not match. */
  async firstBadAuditRow(): Promise<number | undefined> {
    const told = new Set<Row>();
    for (const [index, entry] of this.store.audit.entries()) {
      if (entry.kind === "note") continue;
      const rows = entry.kind === "ended" ? [entry.row] : entry.rows;
      for (const row of rows) {
        const outcome = entry.kind === "ended" ? entry.result.outcome : "skipped";
        if (told.has(row) || row.result?.outcome !== outcome) return index + 1;
        told.add(row);
      }
    }
    const isUntold = this.store.rows.some((row) => row.result !== undefined && !told.has(row));
    return isUntold ? this.store.audit.length + 1 : undefined;
  }

  async verification(): ReturnType<RunReader["verification"]> {
    if (this.store.verdicts.size === 0) return undefined;
    const sums = { at: 0, verified: 0, drifted: 0, unreadable: 0 };
    for (const { verdict, at } of this.store.verdicts.values()) {
      sums[verdict] += 1;
      sums.at = Math.max(sums.at, at);
    }
    return sums;
  }

  async kept(name: string): Promise<string | undefined> {
    return this.store.kept.get(name);
  }

  async verifyDigest(): Promise<void> {}

  async close(): Promise<void> {}
}

/** How the model writes its audit rows: keys in order, pairs as lists. Only ever made when asked for. Also its digest. */
import { hash } from "node:crypto";
import type { Delta } from "../../../src/model/permissions.ts";
import type { Digest, RunHeader } from "../../../src/model/run.ts";
import type { AuditEntry, Row } from "./store.ts";

/** Of the run's name and the members its steps name; it tells runs apart, and guards nothing. */
export function digestOf(header: RunHeader, rows: readonly Row[]): Digest {
  const deltas = rows.map(({ step }) => (step.kind === "edit" ? step.delta : step.kind));
  return hash("sha256", JSON.stringify([header.runId, deltas]));
}

export function auditText(entry: AuditEntry): string {
  switch (entry.kind) {
    case "ended":
      return ordered(endedBody(entry));
    case "skipped": {
      const seqs = entry.rows.map((row) => row.step.seq);
      const { at, because } = entry;
      return ordered({ at, because, count: seqs.length, kind: "skipped", steps: spans(seqs) });
    }
    case "note":
      return ordered({ at: entry.at, details: entry.details, kind: `note:${entry.name}` });
  }
}

function endedBody({ row, result, at }: AuditEntry & { readonly kind: "ended" }): object {
  const { step } = row;
  return {
    ...result,
    asset: step.kind === "transfer" ? undefined : step.asset.name,
    at,
    attempts: row.attempted,
    changed: deltaBody(result.changed),
    kind: "ended",
    step: step.seq,
  };
}

function deltaBody({ add, remove }: Delta): object {
  return { add: add.map(({ role, member }) => [role, member]), remove: remove.map((pair) => [pair.role, pair.member]) };
}

/** Such as `3-5,9`. */
function spans(seqs: readonly number[]): string {
  const found: { first: number; last: number }[] = [];
  for (const seq of seqs) {
    const open = found.at(-1);
    if (open !== undefined && open.last === seq - 1) open.last = seq;
    else found.push({ first: seq, last: seq });
  }
  return found.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join();
}

function ordered(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Map) return [...part];
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

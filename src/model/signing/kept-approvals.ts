/** The approvals a run was begun on, as it keeps them, and the audit rows that say that they counted. */
import { hash } from "node:crypto";
import type { FoundApproval, SignedText } from "./judge.ts";

/** Under these names a run keeps the approvals, and the signers file they were last judged by. */
export const approvalsName = "approvals";
export const signersName = "signers";

/** `row` is the audit row that says it counted. */
export interface KeptApproval extends SignedText {
  readonly name: string;
  readonly row: number;
}

/** The file may be anybody's: undefined when it has not the shape it was written in. */
export function keptApprovalsIn(text: string | undefined): readonly KeptApproval[] | undefined {
  try {
    const read: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(read) && read.every(isKept) ? read : undefined;
  } catch {
    return undefined;
  }
}

/** An approval by what an audit row says of it: the SHA-256 of its text. */
export function approvalId(text: string): string {
  return hash("sha256", text);
}

/** The approvals that an audit row says counted; undefined for a row about anything else. */
export function approvedIn(body: string): readonly string[] | undefined {
  try {
    const { kind, details } = JSON.parse(body) as { kind?: unknown; details?: unknown };
    if (kind !== "note:approved" || typeof details !== "object" || details === null) return undefined;
    const { by, approvals } = details as { by?: unknown; approvals?: unknown };
    return by === "signatures" && typeof approvals === "string" ? approvals.split(",") : undefined;
  } catch {
    return undefined;
  }
}

/** One as it is judged: by the time of its row, if that row names it; else it was put there by somebody, and counts as any other. */
export function foundAgain(
  kept: KeptApproval,
  row: { readonly at: number; readonly body: string } | undefined,
): FoundApproval {
  const named = row !== undefined && (approvedIn(row.body)?.includes(approvalId(kept.text)) ?? false);
  return {
    name: `the run's own copy of ${kept.name}`,
    text: kept.text,
    signature: kept.signature,
    countedAt: named ? row.at : undefined,
    fault: undefined,
  };
}

function isKept(value: unknown): value is KeptApproval {
  if (typeof value !== "object" || value === null) return false;
  const { name, text, signature, row } = value as Readonly<Record<string, unknown>>;
  return (
    [name, text, signature].every((each) => typeof each === "string") && Number.isSafeInteger(row) && Number(row) > 0
  );
}

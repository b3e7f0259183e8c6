/** What an evidence bundle says in words of its own: assets before and after, and a summary. */
import { instantText } from "../model/clock.ts";
import type { ChainHead } from "../model/examination.ts";
import { applyDelta } from "../model/permissions.ts";
import type { RoleMap } from "../model/permissions.ts";
import type { Approval } from "../model/signing/approval.ts";
import type { Pages, RunFacts, StepProgress } from "./rows.ts";

/** A plan file that the run names. */
export interface PlanFileInBundle {
  readonly name: string;
  readonly sha256: string;
  /** Where it lies in the bundle, below its one folder; undefined: it was not found, or is not as it was planned. */
  readonly member: string | undefined;
}

/** Each asset a step edits, and each user moved whole, as the plan read it. */
export async function* beforeLines(steps: Pages): AsyncGenerator<string> {
  for await (const page of steps) yield page.map((row) => beforeLine(row)).join("");
}

/** The same as the run left it: what was read before, and what its audit row says was changed. */
export async function* afterLines(steps: Pages): AsyncGenerator<string> {
  for await (const page of steps) yield page.map((row) => afterLine(row)).join("");
}

function beforeLine({ step }: StepProgress): string {
  switch (step.kind) {
    case "by-hand":
      return "";
    case "transfer":
      return line({
        step: step.seq,
        transfer: { from: step.from.email, to: step.to.email },
        live: step.live,
        trashed: step.trashed,
      });
    case "edit": {
      const { asset, base, owner } = step;
      const known =
        base === undefined
          ? { roles: null, unknown: "it is read only after the transfer before it" }
          : { etag: base.etag, roles: rolesList(base.roles) };
      return line({ step: step.seq, asset: asset.name, type: asset.assetType, title: asset.title, owner, ...known });
    }
  }
}

function afterLine({ step, state, result, updatedAt }: StepProgress): string {
  if (step.kind === "by-hand") return "";
  const at = updatedAt === undefined ? undefined : instantText(updatedAt);
  const said = { outcome: state, evidence: result?.evidence, reason: result?.reason, at };
  if (step.kind === "transfer") {
    return line({
      step: step.seq,
      transfer: { from: step.from.email, to: step.to.email },
      newOwner: result?.newOwner,
      ...said,
    });
  }
  const { asset, base } = step;
  const changed = result?.changed ?? { add: [], remove: [] };
  // With another etag somebody changed the asset in between, and what else it held then is not known.
  const asPlanned = base !== undefined && (result?.etagBefore === undefined || result.etagBefore === base.etag);
  const roles = asPlanned && result?.newOwner === undefined ? rolesList(applyDelta(base.roles, changed)) : null;
  const pairs = { add: changed.add.map(pairOf), remove: changed.remove.map(pairOf) };
  return line({
    step: step.seq,
    asset: asset.name,
    etag: result?.etagAfter,
    roles,
    changed: pairs,
    newOwner: result?.newOwner,
    ...said,
  });
}

function pairOf({ role, member }: { readonly role: string; readonly member: string }): readonly [string, string] {
  return [role, member];
}

function rolesList(roles: RoleMap): readonly (readonly [string, readonly string[]])[] {
  return [...roles];
}

function line(said: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(said)}\n`;
}

export interface BundleContent {
  readonly facts: RunFacts;
  readonly head: ChainHead;
  /** The last row that is signed; undefined: none. */
  readonly signedTo: number | undefined;
  readonly approvals: readonly Approval[];
  readonly planFiles: readonly PlanFileInBundle[];
  /** Of the handover that made the bundle. */
  readonly toolVersion: string;
}

export function summaryText({ facts, head, signedTo, approvals, planFiles, toolVersion }: BundleContent): string {
  const { header, digest, counts, verification, failures } = facts;
  const summary = {
    type: "evidence-summary",
    version: 1,
    run: header.runId,
    digest,
    tenant: header.tenant,
    admin: header.admin,
    planner: header.planner,
    planned: instantText(header.createdAt),
    read: instantText(header.snapshotAt),
    toolVersions: { planned: header.toolVersion, bundled: toolVersion },
    counts,
    failures,
    // The verdicts are no part of the chain: whoever holds the run can write them anew.
    verification: verification === undefined ? null : { ...verification, at: instantText(verification.at) },
    coverage: header.coverage,
    exposureBefore: header.exposureBefore,
    exposureAfter: header.exposureAfter,
    auditHead: head,
    signedToRow: signedTo ?? null,
    approvals: approvals.map(({ approver, key, issuedAt, expiresAt, note }) => ({
      approver,
      key,
      issued: instantText(issuedAt),
      expires: instantText(expiresAt),
      note,
    })),
    planFiles: planFiles.map(({ name, sha256, member }) => ({ name, sha256, member: member ?? null })),
  };
  return `${JSON.stringify(summary, undefined, 2)}\n`;
}

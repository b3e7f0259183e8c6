/**
 * Judges a run by what happened on the server and on the wire (reliability.md 2.1). The judges have their own arithmetic
 * on pairs and trust nothing the engine says of itself; what the engine says is among what is judged.
 */
import type { StepRow } from "../../src/journal/journal.ts";
import type { RoleMap } from "../../src/model/permissions.ts";
import type { EditStep, Step } from "../../src/model/step.ts";
import { good } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import { judgeEdit } from "./judge-edits.ts";
import { judgePace } from "./judge-pace.ts";
import { jobsOnce, judgeTransfer } from "./judge-transfers.ts";
import { ownersOf, signed, signedTexts } from "./pairs.ts";

/** What is wrong; empty when nothing is. */
export function judge(evidence: Evidence): readonly string[] {
  return [
    ...oneOwner(evidence),
    ...onlyWhatIsPlanned(evidence),
    ...evidence.rows.flatMap((row) => judgeRow(row, evidence)),
    ...jobsOnce(evidence),
    ...judgePace(evidence),
    ...inOrder(evidence),
  ];
}

/** I1. */
function oneOwner({ changes }: Evidence): readonly string[] {
  return changes
    .filter((change) => ownersOf(change.after).length !== 1)
    .map((change) => `I1: ${change.asset} has the owners [${ownersOf(change.after).join()}]`);
}

/** I2, and writes that change nothing. */
function onlyWhatIsPlanned({ changes, isOurs, rows, switches }: Evidence): readonly string[] {
  const steps = new Map<string, EditStep>();
  for (const { step } of rows) if (step.kind === "edit") steps.set(step.asset.name, step);
  const found: string[] = [];
  if (switches.etagMismatch === "ignore") return found;
  for (const change of changes) {
    if (!isOurs(change)) continue;
    const step = steps.get(change.asset);
    const made = signed(change);
    if (step === undefined) {
      found.push(`I2: ${change.asset} is changed and not in the plan`);
      continue;
    }
    const allowed = new Set(signedTexts(step.delta));
    if (step.attemptOwner !== undefined) {
      allowed.add(`+OWNER user:${step.attemptOwner}`);
      for (const owner of ownersOf(change.before)) allowed.add(`-OWNER ${owner}`);
    }
    const outside = made.filter((pair) => !allowed.has(pair));
    if (outside.length > 0) found.push(`I2: ${change.asset}: ${outside.join(", ")} is not in the plan`);
    // Where a role that a write leaves out stays, a write can change nothing and nobody knows before.
    const isIdle = made.length === 0 && step.attemptOwner === undefined && switches.patchOmittedRole !== "keep";
    if (isIdle) found.push(`I3: ${change.asset}: a write that changes nothing`);
  }
  return found;
}

function judgeRow(row: StepRow, evidence: Evidence): readonly string[] {
  const { step, state, result } = row;
  if (state === "planned" || state === "in-flight") {
    if (evidence.isHalf || isLockedOut(step, evidence)) return [];
    return [`I7: step ${step.seq} is still ${state}`];
  }
  if (result === undefined) return [`I8: step ${step.seq} is ${state} without a result`];
  switch (step.kind) {
    case "edit":
      return judgeEdit(step, row, result, evidence).map(
        (text) => `${text} (step ${step.seq}, ${step.asset.name}, ${state})`,
      );
    case "transfer":
      return judgeTransfer(step, row, evidence);
    case "by-hand":
      return [];
  }
}

/** The asset as it was when the run last asked for it: what somebody gives back after its last start comes too late. */
function whenLastLookedAt(
  name: string,
  { sent, changes, state, wallStart }: Evidence,
): { readonly trashed: boolean | undefined; readonly roles: RoleMap | undefined } {
  const lookedAt = sent.findLast((each) => each.asset === name && each.handledAt !== undefined)?.handledAt;
  const next = changes.find((change) => change.asset === name && change.at > wallStart + (lookedAt ?? Infinity));
  const now = state.assets.get(name);
  if (next === undefined) return { trashed: now?.trashed, roles: now?.roles };
  const last = changes.findLast((change) => change.asset === name && change.seq < next.seq);
  return { trashed: last?.trashed ?? next.trashed, roles: next.before };
}

/** Nobody listed for the step may look at the asset any more, so that what was sent for it can never be checked. */
function isLockedOut(step: Step, evidence: Evidence): boolean {
  const { rows, switches, state } = evidence;
  if (step.kind === "transfer") return false;
  if (step.kind === "by-hand") {
    const edit = rows.find((row) => row.step.seq === step.unless)?.step;
    return edit !== undefined && isLockedOut(edit, evidence);
  }
  const { trashed, roles } = whenLastLookedAt(step.asset.name, evidence);
  if (trashed === true && switches.readTrashed === "404") return true;
  const able = new Set([...ownersOf(roles ?? new Map()), ...(roles?.get("EDITOR") ?? [])]);
  const isActive = (actor: string): boolean => state.directory.person(actor)?.suspended === false;
  return ![step.actor, ...step.alternates].some((actor) => able.has(`user:${actor}`) && isActive(actor));
}

/** A step that waits for another is not begun before that has succeeded. */
function inOrder({ rows, sent, endOf }: Evidence): readonly string[] {
  const bySeq = new Map(rows.map((row) => [row.step.seq, row]));
  const found: string[] = [];
  for (const { step } of rows) {
    if (step.after === undefined || step.kind !== "edit") continue;
    const first = bySeq.get(step.after);
    const ready = first !== undefined && good.has(first.state) ? (endOf(first) ?? 0) : Infinity;
    const writes = sent.filter((each) => each.kind === "patch" && each.asset === step.asset.name);
    if (writes.some((write) => write.sentAt < ready))
      found.push(`order: step ${step.seq} did not wait for ${step.after}`);
  }
  return found;
}

/** Calm weather: nothing may fail. */
export function judgeCalm({ rows, sent }: Evidence): readonly string[] {
  const found: string[] = [];
  for (const { step, state, result } of rows) {
    const isExpected = good.has(state) || (step.kind === "by-hand" && state === "by-hand");
    if (!isExpected) found.push(`calm: step ${step.seq} (${step.kind}) ended ${state} ${result?.failure ?? ""}`);
  }
  const steps = rows.filter(({ step }) => step.kind === "edit");
  const writes = sent.filter((each) => each.kind === "patch").length;
  const tries = steps.filter(({ step }) => step.kind === "edit" && step.attemptOwner !== undefined).length;
  if (writes > steps.length + tries) found.push(`calm: ${writes} writes for ${steps.length} steps`);
  return found;
}

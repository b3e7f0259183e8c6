/** Judges one edited asset: what its step claims against what the server did, and what was seen before it was called ended. */
import type { StepRow } from "../../src/journal/journal.ts";
import type { EditStep, StepResult } from "../../src/model/step.ts";
import { good } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import { holds, lastSeen, opposite, signed, signedTexts } from "./pairs.ts";
import type { Sent } from "./wire.ts";

/** Attempts at one read, and more looks at an asset than one for each write and each process need a reason. */
const readsMax = 10;

export function judgeEdit(step: EditStep, row: StepRow, result: StepResult, evidence: Evidence): readonly string[] {
  const sent = evidence.sent.filter((each) => each.asset === step.asset.name);
  if (result.failure === "predecessor") {
    const isTouched = sent.some((each) => each.kind === "patch");
    return isTouched ? ["I4b: written to, and skipped with its predecessor"] : [];
  }
  const endedAt = evidence.endOf(row);
  if (endedAt === undefined) return ["I8: ended, and no process has ended it"];
  const planning = evidence.sentPlanning.filter((each) => each.asset === step.asset.name);
  const seen = lastSeen([...planning, ...sent], endedAt);
  const found = [...judgeWrites(row, sent, endedAt, evidence), ...judgeClaims(step, endedAt, result, sent, evidence)];
  if (good.has(result.outcome)) {
    if (seen === undefined || !holds(seen, step))
      found.push("I3b: called done, and the server was not seen to hold it");
    const claims = signedTexts(result.changed).size + (result.newOwner === undefined ? 0 : 1);
    if ((result.outcome === "unchanged") !== (claims === 0)) found.push(`I4c: claims ${claims} changes`);
    return found;
  }
  if (result.evidence === "none") found.push("I11: ended without evidence");
  const isRefused = sent.some((each) => each.isRefusal && (each.deliveredAt ?? Infinity) <= endedAt);
  if (result.evidence === "refusal" && !isRefused) {
    found.push(`I11: called refused (${result.failure ?? ""}), and no answer was a refusal`);
  }
  if (result.evidence === "read" && seen === undefined) found.push("I11: nothing was read");
  if (seen !== undefined && result.evidence === "read" && holds(seen, step) && step.attemptOwner === undefined) {
    found.push("I11: given up, and the server was seen to hold it");
  }
  return found;
}

/** I4, I10, I11, and that nobody goes round in circles. */
function judgeWrites(row: StepRow, sent: readonly Sent[], endedAt: number, evidence: Evidence): readonly string[] {
  const found: string[] = [];
  const { attemptsMax } = evidence.setting.options;
  const writes = sent.filter((each) => each.kind === "patch");
  // A write whose token was rejected is made again with another one.
  const tries = writes.filter((write) => write.status !== 401).length;
  if (tries > attemptsMax) found.push(`I10: ${tries} writes were sent`);
  if (writes.length > row.attempts) found.push(`I4: ${writes.length} writes for ${row.attempts} intents`);
  // Another process may be about to send what it had written down when it was replaced.
  const late = writes.find((write) => write.sentAt > endedAt);
  if (late !== undefined && !evidence.isShared) found.push("I11: a write was sent after the end");
  const processes = new Set(sent.map((each) => each.process)).size;
  const looksMax = (row.attempts + processes + 2) * readsMax * 2;
  if (sent.length - writes.length > looksMax) found.push(`I10: ${sent.length - writes.length} reads of one asset`);
  return found;
}

/**
 * Nobody learned what came of the write; or it was answered without having changed anything, which is no result, so that
 * whoever takes the step up later does not know of it.
 */
function isOpenToDoubt(write: Sent, { isTakenUpAgain }: Evidence): boolean {
  return write.isDoubtful || (isTakenUpAgain && write.status === 200);
}

/** I3, I4b, I4c, I6: what the result says was changed is what was changed, no less and no more. */
function judgeClaims(
  step: EditStep,
  endedAt: number,
  result: StepResult,
  sent: readonly Sent[],
  evidence: Evidence,
): readonly string[] {
  const found: string[] = [];
  // Where nothing guards a write, one may undo another unseen.
  if (evidence.switches.etagMismatch === "ignore") return found;
  const until = endedAt + evidence.wallStart;
  const claims = signedTexts(result.changed);
  const ours = new Set<string>();
  const standing = new Set<string>();
  const theirs = new Set<string>();
  for (const change of evidence.changes) {
    if (change.asset !== step.asset.name) continue;
    const isOurs = evidence.isOurs(change);
    if (isOurs && change.at > until) found.push("I11: a write landed after the end");
    if (change.at > until) continue;
    for (const pair of signed(change)) {
      standing.delete(opposite(pair));
      if (!isOurs) {
        theirs.add(pair);
        continue;
      }
      if (standing.has(pair)) found.push(`I3: ${pair} took effect twice`);
      ours.add(pair);
      standing.add(pair);
    }
  }
  // An asset that is gone for good holds nothing.
  if (!evidence.state.assets.has(step.asset.name)) standing.clear();
  for (const pair of standing) {
    if (pair.slice(1).startsWith("OWNER ")) continue;
    if (!claims.has(pair)) found.push(`I4b: ${pair} is on the server and not in the result`);
  }
  const newOwner = [...standing].some((pair) => pair === `+OWNER user:${step.attemptOwner ?? ""}`);
  if (newOwner && result.newOwner === undefined) found.push("I4b: the owner changed and the result does not say so");
  // What was sent to an asset that is gone from sight counts as made: nobody can tell, and undo looks again.
  if (result.failure === "not-found") return found;
  const mayBeWrong = evidence.hasGaps || sent.some((each) => each.kind === "patch" && isOpenToDoubt(each, evidence));
  for (const pair of claims) {
    if (ours.has(pair)) continue;
    if (!theirs.has(pair)) found.push(`I3b: ${pair} is claimed and never happened`);
    // Only a write of which nobody learned what came of it can be taken for somebody else's.
    else if (!mayBeWrong) found.push(`I6: ${pair} is claimed, and somebody else did it`);
  }
  return found;
}

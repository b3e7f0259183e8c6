/** Which approvals of a run count, and why the others do not: signed by a known approver, for this very run, in time, within its limits. */
import { instantText } from "../clock.ts";
import { printable, thousands } from "../text.ts";
import { parseApproval } from "./approval.ts";
import type { Approval, ApprovedRun } from "./approval.ts";
import { checkSignature } from "./signature.ts";
import { namesOf, signerNamed } from "./signers.ts";
import type { Signer } from "./signers.ts";

/** An approval as it lies somewhere: the text that was signed, and the signature, neither of them trusted. */
export interface SignedText {
  readonly text: string;
  readonly signature: string;
}

/** One that was found. `name` is what it is called for people. */
export interface FoundApproval extends SignedText {
  readonly name: string;
  /** Wall ms at which it was recorded in the run as counting; undefined for one that never was. */
  readonly countedAt: number | undefined;
  /** Why its file cannot be read. */
  readonly fault: string | undefined;
}

export interface CountedApproval {
  readonly found: FoundApproval;
  readonly approval: Approval;
}

export interface Judgement {
  readonly counted: readonly CountedApproval[];
  /** Each with one sentence, without a full stop. */
  readonly refused: readonly { readonly found: FoundApproval; readonly problem: string }[];
}

/** A clock that is this far ahead of another is not yet a reason to refuse. */
const aheadMs = 5 * 60_000;

/**
 * Judges each by itself, then against those before it: one approver counts once, and so does one key. An approval that
 * was recorded when it counted is judged by the time of that: to stop half-way is worse than to finish what was approved.
 */
export function judgeApprovals(
  found: readonly FoundApproval[],
  run: ApprovedRun,
  signers: readonly Signer[],
  now: number,
): Judgement {
  const counted: CountedApproval[] = [];
  const refused: { found: FoundApproval; problem: string }[] = [];
  for (const each of found) {
    if (counted.some(({ found: { text, signature } }) => text === each.text && signature === each.signature)) continue;
    const judged = each.fault ?? judgeOne(each, run, signers, each.countedAt ?? now);
    const problem = typeof judged === "string" ? judged : repeated(judged, counted);
    if (problem === undefined && typeof judged !== "string") counted.push({ found: each, approval: judged });
    else refused.push({ found: each, problem: problem ?? "" });
  }
  return { counted, refused };
}

/** The approval, or why it does not count. */
function judgeOne(found: SignedText, run: ApprovedRun, signers: readonly Signer[], at: number): Approval | string {
  const parsed = parseApproval(found.text);
  if (!parsed.ok) return parsed.problem;
  const approval = parsed.value;
  if (found.signature.trim() === "") return "it is not signed";
  const checked = checkSignature(Buffer.from(found.text, "utf8"), found.signature);
  if (!checked.ok) return checked.problem;
  const { key } = checked;
  const who = printable(approval.approver);
  if (approval.key !== key.fingerprint) {
    return `it says it is signed by the key ${printable(approval.key, 60)}, and it is signed by ${key.fingerprint}`;
  }
  switch (signerNamed(signers, key, approval.approver, at)) {
    case "unknown-key":
      return `its key ${key.fingerprint} is not in the signers file`;
    case "other-name":
      return `its key ${key.fingerprint} belongs to somebody else than ${who}, by the signers file`;
    case "outside-its-time":
      return `its key ${key.fingerprint} is not valid now, by the signers file`;
    case "known":
      return notForThis(approval, run) ?? outOfTime(approval, at) ?? bySelf(approval, run, signers) ?? approval;
  }
}

function notForThis(approval: Approval, { header, digest }: ApprovedRun): string | undefined {
  if (approval.run !== header.runId)
    return `it approves the run ${printable(approval.run, 40)}, and this one is ${header.runId}`;
  if (approval.digest !== digest)
    return "it approves this run with another content: the run was changed after it was approved";
  if (approval.tenant !== header.tenant) {
    return `it approves a run for the tenant ${printable(approval.tenant)}, and this one is for ${header.tenant}`;
  }
  if (approval.admin !== header.admin) {
    return `it approves acting as ${printable(approval.admin)}, and this run acts as ${header.admin}`;
  }
  const { changes } = approval.limits;
  return changes === undefined || header.totals.changes <= changes
    ? undefined
    : `it approves ${thousands(changes)} changes at most, and this run makes ${thousands(header.totals.changes)}`;
}

function outOfTime({ issuedAt, expiresAt }: Approval, at: number): string | undefined {
  if (at >= expiresAt) return `it expired on ${instantText(expiresAt)}`;
  return issuedAt > at + aheadMs
    ? `it was issued on ${instantText(issuedAt)}, which is still to come: one of the two clocks is wrong`
    : undefined;
}

/**
 * The key that signed the plan is the only thing that says for sure who planned. Without one the account's name is
 * compared, which whoever owns the machine can choose.
 */
function bySelf(approval: Approval, { header }: ApprovedRun, signers: readonly Signer[]): string | undefined {
  const { planner } = header;
  if (planner === undefined) return undefined;
  const said = `${printable(approval.approver)} planned this run, and an approver is somebody else`;
  if (planner.key !== undefined) {
    return planner.key === approval.key || namesOf(signers, planner.key).includes(approval.approver) ? said : undefined;
  }
  const account = planner.account.toLowerCase();
  const names = [account, account.split("@")[0]];
  return names.includes(approval.approver) || names.includes(approval.approver.split("@")[0]) ? said : undefined;
}

function repeated(approval: Approval, counted: readonly CountedApproval[]): string | undefined {
  const who = printable(approval.approver);
  if (counted.some((each) => each.approval.approver === approval.approver)) {
    return `it is another approval by ${who}, who counts once`;
  }
  const other = counted.find((each) => each.approval.key === approval.key);
  return other === undefined
    ? undefined
    : `its key has signed for ${printable(other.approval.approver)} already, and one key counts once`;
}

/** The approvals an apply asks for: finding them, refusing when too few count, and keeping with the run those that did. */
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { SigningJournal } from "../journal/opening.ts";
import { GuardError, UsageError } from "../model/errors.ts";
import type { Counts } from "../model/run.ts";
import { approvalCharactersMax } from "../model/signing/approval.ts";
import { checkCheckpoint, checkpointName } from "../model/signing/checkpoint.ts";
import { judgeApprovals } from "../model/signing/judge.ts";
import type { FoundApproval, Judgement } from "../model/signing/judge.ts";
import {
  approvalId,
  approvalsName,
  foundAgain,
  keptApprovalsIn,
  signersName,
} from "../model/signing/kept-approvals.ts";
import type { KeptApproval } from "../model/signing/kept-approvals.ts";
import { signatureCharactersMax } from "../model/signing/signature.ts";
import { counted, printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import { approvalPrefix } from "./approve.ts";
import type { Context } from "./context.ts";
import { shownPath } from "./files.ts";
import { hasBegun } from "./guards.ts";
import { print } from "./output.ts";
import type { RunPlace } from "./run-place.ts";
import { readSigners, textOf } from "./signing-key.ts";

/** How many must approve, and who may. */
export interface ApprovalPolicy {
  readonly required: number;
  /** Where the number was set, for the sentence that refuses. */
  readonly setBy: string;
  readonly signersFile: string | undefined;
  /** Files of approvals, beside those that lie by the run. */
  readonly files: readonly string[];
}

const besideMax = 100;

/**
 * Throws GuardError unless enough different people approve this run; answers what keeps a record of them in the run, for
 * when it is about to begin.
 */
export async function findApprovals(
  context: Context,
  policy: ApprovalPolicy,
  journal: SigningJournal,
  place: RunPlace,
  counts: Counts,
): Promise<() => Promise<void>> {
  if (policy.signersFile === undefined) {
    throw new UsageError(
      "approvals are asked for, and who may give them is not said",
      "add --signers FILE, with a line for each approver",
    );
  }
  await refuseUnsignedPlan(journal);
  const { signers, text } = await readSigners(context, policy.signersFile);
  const recorded = await keptApprovals(journal);
  const given = await givenApprovals(context, policy.files);
  const found = [...(hasBegun(counts) ? recorded : []), ...given, ...(await approvalsBeside(context, place))];
  const judgement = judgeApprovals(found, journal, signers, context.clock.now());
  refuse(policy, judgement, given, place);
  const who = judgement.counted.map(({ approval }) => printable(approval.approver));
  await print(context.stderr, [
    `Approved by ${who.join(", ")}.`,
    ...judgement.refused.map(({ found: { name }, problem }) => `Not counted: ${printable(name)}: ${problem}.`),
    ...plannerNote(journal),
  ]);
  return () => record(journal, policy, judgement, text);
}

/** The key a run names as its planner's has signed it, or the name is worth nothing. */
async function refuseUnsignedPlan(journal: SigningJournal): Promise<void> {
  const { header, digest } = journal;
  const key = header.planner?.key;
  if (key === undefined) return;
  const body = await journal.kept(checkpointName(0));
  const checked = body === undefined ? undefined : checkCheckpoint(body, { runId: header.runId, digest });
  if (checked?.ok === true && checked.checkpoint.key.fingerprint === key) return;
  throw new GuardError(
    "approvals",
    `the run says that the key ${printable(key, 60)} planned it, and that key has not signed it`,
    "do not apply it: find out who changed it, then plan again",
  );
}

/** Those a person named must count; those that merely lie there need not, as long as enough do. */
function refuse(
  policy: ApprovalPolicy,
  { counted: good, refused }: Judgement,
  given: readonly FoundApproval[],
  place: RunPlace,
): void {
  const named = refused.find(({ found }) => given.includes(found));
  const others = refused.slice(0, 10).map(({ found: { name }, problem }) => `${printable(name)}: ${problem}`);
  const remedy = `have it approved by somebody else who is in the signers file: handover approve ${shellWord(place.name)} --key KEY`;
  if (named !== undefined) {
    throw new GuardError(
      "approvals",
      `${printable(named.found.name)} does not count: ${named.problem}`,
      `${remedy}; or leave that --approval out`,
    );
  }
  if (good.length >= policy.required) return;
  const count =
    good.length === 0
      ? "none of them is there"
      : `${counted(good.length, "counts", "count")}: ${good.map(({ approval }) => printable(approval.approver)).join(", ")}`;
  throw new GuardError(
    "approvals",
    `${policy.setBy} asks for ${counted(policy.required, "approval")}, and ${others.length > 0 && good.length === 0 ? "none counts" : count}` +
      (others.length === 0 ? "" : `; not counted: ${others.join("; ")}`),
    remedy,
  );
}

/** What the comparison of approver and planner rests on, where it is less than a signature. */
function plannerNote({ header }: SigningJournal): readonly string[] {
  const { planner } = header;
  if (planner === undefined) return ["The run does not say who planned it: whether an approver did is not known."];
  return planner.key === undefined
    ? [
        `That no approver planned it rests on an account name, ${printable(planner.account)}: plan with --sign-key to have it signed.`,
      ]
    : [];
}

async function record(
  journal: SigningJournal,
  policy: ApprovalPolicy,
  { counted: good }: Judgement,
  signers: string,
): Promise<void> {
  if (good.every(({ found }) => found.countedAt !== undefined)) return;
  await journal.note("approved", {
    by: "signatures",
    required: policy.required,
    approvers: good.map(({ approval }) => approval.approver).join(","),
    keys: good.map(({ approval }) => approval.key).join(","),
    approvals: good.map(({ found }) => approvalId(found.text)).join(","),
    signers: approvalId(signers),
  });
  const { row } = await journal.head();
  const before = await keptIn(journal);
  const added = good
    .filter(({ found }) => !before.some((each) => each.text === found.text && each.signature === found.signature))
    .map(({ found: { name, text, signature } }): KeptApproval => ({ name: basename(name), text, signature, row }));
  journal.keep(approvalsName, JSON.stringify([...before, ...added]));
  journal.keep(signersName, signers);
  await journal.flush();
}

async function keptIn(journal: SigningJournal): Promise<readonly KeptApproval[]> {
  return keptApprovalsIn(await journal.kept(approvalsName)) ?? [];
}

async function keptApprovals(journal: SigningJournal): Promise<readonly FoundApproval[]> {
  const found: FoundApproval[] = [];
  for (const each of await keptIn(journal)) {
    const [row] = await journal.audit(each.row - 1, 1);
    found.push(foundAgain(each, row?.seq === each.row ? row : undefined));
  }
  return found;
}

async function givenApprovals(context: Context, files: readonly string[]): Promise<readonly FoundApproval[]> {
  const found: FoundApproval[] = [];
  for (const file of files) {
    const read = await approvalIn(resolve(context.cwd, file), file);
    if (read === undefined)
      throw new UsageError(`there is no approval ${printable(file)}`, "check the path given with --approval");
    found.push(read);
  }
  return found;
}

async function approvalsBeside(context: Context, place: RunPlace): Promise<readonly FoundApproval[]> {
  const { folder } = place;
  const prefix = approvalPrefix(place);
  const names = (await readdir(folder)).filter((name) => name.startsWith(prefix) && name.endsWith(".json")).toSorted();
  const found: FoundApproval[] = [];
  for (const name of names.slice(0, besideMax)) {
    const file = join(folder, name);
    const read = await approvalIn(file, shownPath(context, file));
    if (read !== undefined) found.push(read);
  }
  return found;
}

async function approvalIn(path: string, name: string): Promise<FoundApproval | undefined> {
  try {
    const text = await textOf(path, 4 * approvalCharactersMax);
    if (text === undefined) return undefined;
    const signature = (await textOf(`${path}.sig`, 4 * signatureCharactersMax)) ?? "";
    return { name, text, signature, countedAt: undefined, fault: undefined };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { name, text: "", signature: "", countedAt: undefined, fault: error.message };
  }
}

/** The approvals an apply asks for: its options, how many must approve, and who may. */
import type { Command } from "commander";
import type { SigningJournal } from "../journal/opening.ts";
import { UsageError } from "../model/errors.ts";
import type { Counts } from "../model/run.ts";
import { printable } from "../model/text.ts";
import type { ApprovalPolicy } from "./approvals-found.ts";
import type { Context } from "./context.ts";
import { collect, countOrNone } from "./flags.ts";
import type { GuardSettings } from "./guard-settings.ts";
import type { RunPlace } from "./run-place.ts";

export interface ApprovalFlags {
  readonly requireApprovals?: number;
  readonly signers?: string;
  readonly approval?: readonly string[];
}

export function addApprovalOptions(command: Command): Command {
  return command
    .option(
      "--require-approvals <n>",
      "begin only when this many people have approved the run (handover approve)",
      countOrNone,
    )
    .option("--signers <file>", "who may approve, with which key: a file as ssh-keygen's allowed_signers")
    .option("--approval <file>", "an approval that does not lie beside the run; may be repeated", collect);
}

/**
 * What options and settings ask for together: the larger number, and the signers file of the settings, which no option
 * replaces: whoever types the command must not choose who may approve.
 */
export function approvalPolicy(flags: ApprovalFlags, settings: GuardSettings["approvals"]): ApprovalPolicy {
  const { signers } = settings;
  const files = flags.approval ?? [];
  const asked = [
    { value: flags.requireApprovals ?? 0, from: "--require-approvals" },
    ...(settings.require === undefined ? [] : [settings.require]),
  ];
  const most = asked.reduce((a, b) => (b.value > a.value ? b : a));
  if (most.value === 0 && files.length > 0) {
    throw new UsageError("--approval names an approval, and none is asked for", "add --require-approvals 1");
  }
  if (signers !== undefined && flags.signers !== undefined) {
    throw new UsageError(
      `who may approve is set in ${printable(signers.from)}, and --signers does not change it`,
      "leave --signers out",
    );
  }
  return { required: most.value, setBy: most.from, signersFile: signers?.value ?? flags.signers, files };
}

/**
 * Throws GuardError unless enough different people approve this run; answers what keeps a record of them in the run, for
 * when it is about to begin. Undefined when nothing is asked for, or nothing is left to do.
 */
export async function requireApprovals(
  context: Context,
  policy: ApprovalPolicy,
  journal: SigningJournal,
  place: RunPlace,
  counts: Counts,
): Promise<(() => Promise<void>) | undefined> {
  if (policy.required === 0 || counts.planned + counts["in-flight"] === 0) return undefined;
  // Loaded only now: keys, signatures and their judge are asked for by few.
  const { findApprovals } = await import("./approvals-found.ts");
  return findApprovals(context, policy, journal, place, counts);
}

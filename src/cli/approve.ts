/** `handover approve`: shows a run to somebody who did not plan it, and signs that it may be carried out. Changes no run, asks Google nothing. */
import { dayMs } from "../model/clock.ts";
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import type { RunReader } from "../journal/journal.ts";
import { GuardError, UsageError } from "../model/errors.ts";
import { approvalText, isPrincipal, noteCharactersMax } from "../model/signing/approval.ts";
import type { Approval } from "../model/signing/approval.ts";
import type { PublicKey } from "../model/signing/public-key.ts";
import { namespace, signText } from "../model/signing/signature.ts";
import { namesOf } from "../model/signing/signers.ts";
import { counted, firstForbiddenCharacter, printable, thousands } from "../model/text.ts";
import { planHead, planSums } from "../report/plan-text.ts";
import { labelled, labelledCommand } from "../report/style.ts";
import { shellWord, timeText } from "../report/words.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { refuseTakenFile, shownPath, writeWhole } from "./files.ts";
import { addJournalOptions, countOrNone, duration } from "./flags.ts";
import type { CommonFlags, JournalFlags } from "./flags.ts";
import { principal } from "./key.ts";
import { print, printText, styleOf } from "./output.ts";
import { canAsk, confirm } from "./prompt.ts";
import { existingRun } from "./run-store.ts";
import type { RunPlace } from "./run-place.ts";
import { readPublicKey, readSigners, readSigningKey } from "./signing-key.ts";

export interface ApproveFlags extends CommonFlags, JournalFlags {
  readonly key?: string;
  readonly as?: string;
  readonly signers?: string;
  readonly expires?: number;
  readonly maxChanges?: number;
  readonly note?: string;
  readonly output?: string;
  readonly replace?: boolean;
  readonly print?: boolean;
  readonly yes?: boolean;
}

export interface ApproveOptions {
  readonly run: string;
  readonly key: string;
  /** Undefined: as the signers file or the key calls its owner. */
  readonly principal: string | undefined;
  readonly signers: string | undefined;
  readonly expiresMs: number;
  readonly changesMax: number | undefined;
  readonly note: string | undefined;
  /** Undefined: beside the run, or stdout with `print`. */
  readonly output: string | undefined;
  readonly replace: boolean;
  /** Only the text to sign, for ssh-keygen. */
  readonly print: boolean;
  readonly yes: boolean;
  readonly color: boolean;
  readonly store: JournalFlags;
}

const expiresMaxMs = 366 * dayMs;

export function define(command: Command): void {
  addJournalOptions(command)
    .argument("<run>", "the run: friday or friday.handover")
    .requiredOption("--key <file>", "the private key to sign with (Ed25519); with --print, its public half is enough")
    .option(
      "--as <name>",
      "who approves, as the signers file says; by default as it, or the key, names the key",
      principal,
    )
    .option("--signers <file>", "the signers file, to look up whose key it is")
    .option("--expires <time>", "how long an apply may begin on it (default 7d)", duration)
    .option("--max-changes <n>", "approve no more changes than this", countOrNone)
    .option("--note <text>", "why, or under which condition: kept with the approval")
    .option("-o, --output <file>", "write it to this file; the signature goes to FILE.sig")
    .option("--replace", "take the place of an approval of that name")
    .option("--print", "print the exact text to sign, for ssh-keygen -Y sign, and sign nothing")
    .option("-y, --yes", "do not ask; needed where nobody can be asked")
    .addHelpText(
      "after",
      `
Examples:
  handover approve friday.handover --key anna.key
  handover approve friday --key anna.key --expires 2d --max-changes 500 --note "CHG-1234"

With a key that has a passphrase or lives on hardware, sign the same text with ssh-keygen:
  handover approve friday --key ~/.ssh/id_ed25519_sk.pub --as anna@acme.example \\
    --print -o friday.approval-anna@acme.example.json
  ssh-keygen -Y sign -n ${namespace} -f ~/.ssh/id_ed25519_sk friday.approval-anna@acme.example.json

An approval holds for this run as it is now: its digest, tenant, administrator and limits. It is two files beside
the run, the text and its signature; apply --require-approvals finds them there. Nothing is sent to Google.`,
    );
}

export function parse(args: readonly string[], flags: ApproveFlags): ApproveOptions {
  const expiresMs = flags.expires ?? 7 * dayMs;
  if (expiresMs > expiresMaxMs)
    throw new UsageError("an approval holds for a year at most", "write such as --expires 7d");
  const { note } = flags;
  const forbidden = note === undefined ? undefined : firstForbiddenCharacter(note);
  if (forbidden !== undefined)
    throw new UsageError(`the note contains ${forbidden}`, "write it on one line, as plain text");
  if (note !== undefined && note.length > noteCharactersMax) {
    throw new UsageError(
      `the note has more than ${thousands(noteCharactersMax)} characters`,
      "shorten it, and name where the rest stands",
    );
  }
  return {
    run: args[0] ?? "",
    key: flags.key ?? "",
    principal: flags.as,
    signers: flags.signers,
    expiresMs,
    changesMax: flags.maxChanges,
    note,
    output: flags.output,
    replace: flags.replace === true,
    print: flags.print === true,
    yes: flags.yes === true,
    color: flags.color,
    store: flags,
  };
}

export async function run(context: Context, options: ApproveOptions): Promise<ExitCode> {
  const place = await existingRun(context, options.store, options.run);
  const { name } = place;
  const signing = options.print ? undefined : await readSigningKey(context, options.key);
  const { comment, ...key } =
    signing === undefined ? await readPublicKey(context, options.key) : { ...signing.key, comment: signing.comment };
  const approver = await approverOf(context, options, key, comment);
  const reader = await place.openReader();
  try {
    await reader.verifyDigest();
    const approval = approvalOf(context, options, reader, approver, key);
    const text = approvalText(approval);
    if (signing === undefined) return await printed(context, options, text, approval);
    const file = resolve(context.cwd, options.output ?? join(place.folder, approvalName(place, approver)));
    for (const each of [file, `${file}.sig`]) await refuseTakenFile(context, each, options.replace);
    if (!(await agreed(context, options, reader, name, approval))) {
      await print(context.stderr, ["Nothing was signed."]);
      return exitCode({ kind: "stopped" });
    }
    await writeWhole(file, [text]);
    await writeWhole(`${file}.sig`, [signText(text, signing)]);
    const shown = shownPath(context, file);
    await print(context.stdout, [
      `Approved by ${printable(approver)} until ${timeText(approval.expiresAt)}`,
      `Written: ${printable(shown)} and ${printable(basename(file))}.sig`,
      `Next: keep both beside the run, then: handover apply ${shellWord(name)} --require-approvals 1 --signers FILE`,
    ]);
    return exitCode({ kind: "done" });
  } finally {
    await reader.close();
  }
}

/** What the files of a run's approvals begin with. */
export function approvalPrefix({ stem }: Pick<RunPlace, "stem">): string {
  return `${stem}.approval-`;
}

function approvalName(place: RunPlace, approver: string): string {
  return `${approvalPrefix(place)}${approver.replace(/[^\w@.+-]/g, "_").slice(0, 100)}.json`;
}

async function approverOf(context: Context, options: ApproveOptions, key: PublicKey, comment: string): Promise<string> {
  if (options.principal !== undefined) return options.principal;
  if (options.signers !== undefined) {
    const { signers } = await readSigners(context, options.signers);
    const [first, ...others] = new Set(namesOf(signers, key.fingerprint));
    if (first === undefined) {
      throw new UsageError(
        `the key ${key.fingerprint} is not in ${printable(options.signers)}`,
        "add its line, which handover key show FILE prints, or use the key that is there",
      );
    }
    if (others.length === 0) return first;
    throw new UsageError(
      `the key belongs to ${[first, ...others].map((each) => printable(each)).join(" and ")}`,
      "say who approves: --as NAME",
    );
  }
  if (isPrincipal(comment)) return comment.toLowerCase();
  throw new UsageError(
    "it is not said who approves",
    "add --as NAME, as the signers file has it, such as --as anna@acme.example",
  );
}

function approvalOf(
  context: Context,
  options: ApproveOptions,
  { header, digest }: RunReader,
  approver: string,
  key: PublicKey,
): Approval {
  const { changes } = header.totals;
  if (options.changesMax !== undefined && changes > options.changesMax) {
    throw new GuardError(
      "max-changes",
      `the run makes ${counted(changes, "change")}, and --max-changes permits ${thousands(options.changesMax)}`,
      "have it planned smaller, or approve it with another --max-changes",
    );
  }
  const { planner } = header;
  if (planner?.key === key.fingerprint) {
    throw new GuardError(
      "approvals",
      "this key planned the run, and an approver is somebody else",
      "have somebody else approve it",
    );
  }
  const issuedAt = context.clock.now();
  return {
    run: header.runId,
    digest,
    tenant: header.tenant,
    admin: header.admin,
    approver,
    key: key.fingerprint,
    issuedAt,
    expiresAt: issuedAt + options.expiresMs,
    limits: { changes: options.changesMax },
    note: options.note,
    toolVersion: context.version,
  };
}

/** To a file or to stdout, with what to type next on stderr. */
async function printed(context: Context, options: ApproveOptions, text: string, approval: Approval): Promise<ExitCode> {
  const { output } = options;
  const file = output === undefined || output === "-" ? undefined : resolve(context.cwd, output);
  if (file === undefined) await printText(context.stdout, text);
  else {
    await refuseTakenFile(context, file, options.replace);
    await writeWhole(file, [text]);
  }
  const named = file === undefined ? "FILE" : shellWord(shownPath(context, file));
  const keyFile = shellWord(options.key.replace(/\.pub$/, ""));
  await print(context.stderr, [
    `To be signed by ${printable(approval.approver)} with ${approval.key}, until ${timeText(approval.expiresAt)}; nothing is signed yet.`,
    ...(file === undefined ? ["Put this text into FILE, as it is, or add -o FILE."] : []),
    `Next: ssh-keygen -Y sign -n ${namespace} -f ${keyFile} ${named}`,
  ]);
  return exitCode({ kind: "done" });
}

async function agreed(
  context: Context,
  options: ApproveOptions,
  reader: RunReader,
  name: string,
  approval: Approval,
): Promise<boolean> {
  if (!options.yes && !canAsk(context)) {
    throw new GuardError(
      "approval",
      "nobody is at a terminal to confirm, and --yes is not given",
      "look at the run with handover show, then add --yes",
    );
  }
  const style = styleOf(context, context.stderr, options.color);
  const { header, digest } = reader;
  const key = header.planner?.key === undefined ? "" : ` with the key ${printable(header.planner.key)}`;
  const planned =
    header.planner === undefined
      ? "by somebody the run does not name"
      : `by ${printable(header.planner.account)}${key}`;
  const approved = `by ${printable(approval.approver)} with ${approval.key}, until ${timeText(approval.expiresAt)}`;
  await print(context.stderr, [
    ...planHead(header, name, style),
    ...planSums(header, digest, name, style),
    ...labelled("Planned", planned, style),
    ...labelled("Approval", approved, style),
    ...labelledCommand("Steps", `handover show ${shellWord(name)} --all`, style),
    "",
  ]);
  return options.yes || confirm(context, "Approve this run?");
}

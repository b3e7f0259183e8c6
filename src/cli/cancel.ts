/** `handover cancel`: ends open steps of a run by a person's decision; nothing is sent to Google. */
import type { Command } from "commander";
import { cancelRun } from "../engine/cancel.ts";
import type { CancelSummary } from "../engine/verbs.ts";
import type { Journal } from "../journal/journal.ts";
import { GuardError, UsageError } from "../model/errors.ts";
import { counted, printable, thousands } from "../model/text.ts";
import { cancelJson } from "../report/json.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";
import { exitCode, exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { addJournalOptions, collect } from "./flags.ts";
import type { CommonFlags, JournalFlags } from "./flags.ts";
import { print } from "./output.ts";
import { canAsk, confirm } from "./prompt.ts";
import { existingRun } from "./run-store.ts";

const reasonMax = 500;
const seqsListed = 20;

export interface CancelFlags extends CommonFlags, JournalFlags {
  readonly step?: readonly string[];
  readonly all?: boolean;
  readonly reason?: string;
  readonly evenInDoubt?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export interface CancelOptions {
  readonly run: string;
  /** Undefined: all that are open. */
  readonly steps: ReadonlySet<number> | undefined;
  readonly reason: string;
  readonly evenInDoubt: boolean;
  readonly yes: boolean;
  readonly json: boolean;
  readonly store: JournalFlags;
}

export function define(command: Command): void {
  addJournalOptions(command)
    .argument("<run>", "the run: friday or friday.handover")
    .option("--step <n>", "a step to end, by its number; may be repeated", collect)
    .option("--all", "every step that is still open")
    .requiredOption("--reason <text>", "why, for the audit chain and the report")
    .option("--even-in-doubt", "also steps of which a request may have been carried out")
    .option("-y, --yes", "do not ask; needed where nobody can be asked")
    .option("--json", "one JSON document")
    .addHelpText(
      "after",
      `
Examples:
  handover cancel friday --step 17 --reason "the report was deleted by hand"
  handover cancel friday --all --reason "the merger is off" --yes

Ended steps stay as they are, and steps that wait for a cancelled one are skipped. It cannot be taken
back: plan again what is needed after all. A step whose request got no answer stays open until apply
has looked; where nobody can look any more, --even-in-doubt ends it, and undo takes back what it finds.`,
    );
}

export function parse(args: readonly string[], flags: CancelFlags): CancelOptions {
  if ((flags.step === undefined) === (flags.all !== true)) {
    throw new UsageError("say which steps: one of --step N and --all", "handover status shows what is open");
  }
  const reason = (flags.reason ?? "").trim();
  if (reason === "" || reason.length > reasonMax) {
    throw new UsageError(`--reason takes 1 to ${reasonMax} characters`, "say in a sentence why");
  }
  return {
    run: args[0] ?? "",
    steps: flags.step === undefined ? undefined : new Set(flags.step.map(stepNumber)),
    reason: printable(reason, reasonMax),
    evenInDoubt: flags.evenInDoubt === true,
    yes: flags.yes === true,
    json: flags.json === true,
    store: flags,
  };
}

function stepNumber(text: string): number {
  const seq = /^#?(\d{1,9})$/.exec(text)?.[1];
  if (seq !== undefined && Number(seq) > 0) return Number(seq);
  throw new UsageError(`${JSON.stringify(printable(text))} is not the number of a step`, "write such as --step 17");
}

export async function run(context: Context, options: CancelOptions): Promise<ExitCode> {
  const place = await existingRun(context, options.store, options.run);
  const { name } = place;
  const journal = await place.openJournal({ clock: context.clock });
  try {
    await refuseWrongSteps(journal, options.steps);
    const { ready, waiting } = await journal.open();
    const open = options.steps?.size ?? ready + waiting;
    if (open > 0 && !(await isAgreed(context, options, `End ${counted(open, "step")} of ${name} for good?`))) {
      await print(context.stderr, ["Nothing was cancelled."]);
      return exitCode({ kind: "stopped" });
    }
    const summary = await cancelRun(journal, options);
    await print(context.stdout, options.json ? [cancelJson(summary, name)] : cancelText(summary, name));
    return summary.doubtful.length > 0 ? exitCodes.incomplete : exitCodes.done;
  } finally {
    await journal.close();
  }
}

/** A step that has ended, or is none, is told before anything is done. One that waits is skipped with the one it waits for. */
async function refuseWrongSteps(journal: Journal, steps: ReadonlySet<number> | undefined): Promise<void> {
  for (const seq of steps ?? []) {
    const row = await journal.step(seq);
    if (row === undefined) {
      throw new UsageError(
        `the run has no step ${seq}`,
        `its steps are 1 to ${thousands(journal.header.totals.steps)}`,
      );
    }
    if (row.state !== "planned" && row.state !== "in-flight") {
      throw new UsageError(`step ${seq} has ended already: ${row.state}`, "leave it out");
    }
    const before = row.step.after === undefined ? undefined : await journal.step(row.step.after);
    if (
      before !== undefined &&
      (before.state === "planned" || before.state === "in-flight") &&
      !steps?.has(before.step.seq)
    ) {
      throw new UsageError(
        `step ${seq} waits for step ${before.step.seq}, which is open`,
        `apply first, or cancel step ${before.step.seq}: what waits for it is skipped`,
      );
    }
  }
}

async function isAgreed(context: Context, { yes, json }: CancelOptions, question: string): Promise<boolean> {
  if (yes) return true;
  if (!json && canAsk(context)) return confirm(context, question);
  throw new GuardError(
    "approval",
    "nobody is at a terminal to confirm, and --yes is not given",
    "look at the run with handover status, then add --yes",
  );
}

function cancelText({ cancelled, doubtful, counts }: CancelSummary, name: string): readonly string[] {
  const open = counts.planned + counts["in-flight"];
  const listed = doubtful.slice(0, seqsListed).map((seq) => `#${seq}`);
  return [
    `Cancelled ${counted(cancelled, "step")} of ${name}; ${thousands(open)} open.`,
    ...(doubtful.length === 0
      ? []
      : [
          `Left open: ${listed.join(", ")}${doubtful.length > seqsListed ? ", …" : ""}. A request may have been carried out: apply looks.`,
          `Next      handover apply ${shellWord(name)}`,
        ]),
  ];
}

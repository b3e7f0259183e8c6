/** `handover verify`: reads back every touched asset and shows what is not as the run left it. */
import type { Command } from "commander";
import type { VerifySummary } from "../engine/verbs.ts";
import { verifyRun } from "../engine/verify.ts";
import type { Journal, RunReader } from "../journal/journal.ts";
import { RunFileError, RunLockedError } from "../model/errors.ts";
import { verifyJson } from "../report/json.ts";
import { verifyText } from "../report/verify-text.ts";
import { resolveSettings } from "./config.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { typedCommand } from "./files.ts";
import { addGoogleOptions, addJournalOptions, atOnce } from "./flags.ts";
import type { GoogleFlags, JournalFlags } from "./flags.ts";
import { guardTenant } from "./guards.ts";
import { beginReading } from "./reading.ts";
import { print, styleOf } from "./output.ts";
import { existingRun } from "./run-store.ts";
import type { RunPlace } from "./run-place.ts";

export interface VerifyFlags extends GoogleFlags, JournalFlags {
  readonly json?: boolean;
  readonly detailedExitcode?: boolean;
  readonly concurrency?: number;
}

export interface VerifyOptions {
  readonly run: string;
  readonly json: boolean;
  readonly detailed: boolean;
  readonly concurrency: number;
  readonly color: boolean;
  readonly google: GoogleFlags & JournalFlags;
}

/** Drifts that are listed one by one; all are counted. */
const driftsMax = 1000;

export function define(command: Command): void {
  command
    .argument("<run>", "the run: friday or friday.handover")
    .option("--json", "one JSON document")
    .option("--detailed-exitcode", "exit 2 when something differs, instead of 5")
    .option("--concurrency <n>", "calls under way at once (default 8)", atOnce);
  addGoogleOptions(addJournalOptions(command)).addHelpText(
    "after",
    `
Examples:
  handover verify friday.handover
  handover verify friday --json | jq '.drifts'`,
  );
}

export function parse(args: readonly string[], flags: VerifyFlags): VerifyOptions {
  return {
    run: args[0] ?? "",
    json: flags.json === true,
    detailed: flags.detailedExitcode === true,
    concurrency: flags.concurrency ?? 8,
    color: flags.color,
    google: flags,
  };
}

export async function run(context: Context, options: VerifyOptions): Promise<ExitCode> {
  const place = await existingRun(context, options.google, options.run);
  const settings = await resolveSettings(context, options.google);
  const { reader, record } = await openForVerdicts(context, place);
  const { header } = reader;
  const reading = await beginReading(context, {
    verb: "verify",
    id: header.runId,
    logFile: settings.logFile,
    color: options.color,
    again: typedCommand(context),
  });
  try {
    const api = await reading.connect(settings, options.concurrency);
    let summary: VerifySummary;
    try {
      await guardTenant(api, header);
      const { concurrency } = options;
      summary = await verifyRun(reading.surroundings(api), reader, { concurrency, driftsMax, record });
    } finally {
      reading.view.close();
      await api.close();
    }
    await show(context, options, summary, reader, place.name);
    return exitCode({ kind: "verify", summary, detailed: options.detailed });
  } finally {
    await reading.close();
    await reader.close();
  }
}

/** Verdicts are kept in the run, unless another process holds it or it cannot be written. */
async function openForVerdicts(
  context: Context,
  place: RunPlace,
): Promise<{ readonly reader: RunReader; readonly record: Pick<Journal, "verified"> | undefined }> {
  try {
    const journal = await place.openJournal({ clock: context.clock });
    return { reader: journal, record: journal };
  } catch (error) {
    const readable =
      error instanceof RunLockedError ||
      (error instanceof RunFileError && (error.kind === "read-only" || error.kind === "moved"));
    if (!readable) throw error;
    await print(context.stderr, [`The verdicts are not kept in the run: ${error.message}.`]);
    return { reader: await place.openReader(), record: undefined };
  }
}

async function show(
  context: Context,
  options: VerifyOptions,
  summary: VerifySummary,
  reader: RunReader,
  name: string,
): Promise<void> {
  await print(
    context.stdout,
    options.json
      ? [verifyJson(summary, reader.header, reader.digest, name)]
      : verifyText(summary, reader.header, name, styleOf(context, context.stdout, options.color)),
  );
}

/** `handover show`: the plan of a run, as `plan` showed it; of a snapshot, what it covers. */
import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import type { RunReader } from "../journal/journal.ts";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import { Redactor } from "../report/redact.ts";
import type { Redaction } from "../report/redact.ts";
import { pagesOf } from "../report/rows.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { refuseTakenFile, shownPath, writeWhole } from "./files.ts";
import { addJournalOptions } from "./flags.ts";
import type { CommonFlags, JournalFlags } from "./flags.ts";
import { print } from "./output.ts";
import { showRun } from "./plan-view.ts";
import { runFacts } from "./run-facts.ts";
import { existingNamed } from "./run-store.ts";
import { showCoverage } from "./snapshots.ts";

export interface ShowFlags extends CommonFlags, JournalFlags {
  readonly html?: string;
  readonly redact?: Redaction;
  readonly replace?: boolean;
  readonly json?: boolean;
  readonly all?: boolean;
}

export interface ShowOptions {
  readonly run: string;
  /** A file for the page of the review; undefined: text or JSON on stdout. */
  readonly html: string | undefined;
  readonly redact: Redaction | undefined;
  readonly replace: boolean;
  readonly json: boolean;
  readonly all: boolean;
  readonly color: boolean;
  readonly store: JournalFlags;
}

export function define(command: Command): void {
  addJournalOptions(command)
    .argument("<run>", "the run: friday or friday.handover; or a snapshot: october.snapshot")
    .option("--all", "show every step by itself; without it the first 400, in short")
    .option("--json", "one JSON document with every step")
    .option("--html <file>", "write the review as one HTML page")
    .addOption(
      new Option("--redact <what>", "with --html: replace addresses, titles or both").choices([
        "emails",
        "titles",
        "both",
      ]),
    )
    .option("--replace", "take the place of a file of that name")
    .addHelpText(
      "after",
      `
Examples:
  handover show friday.handover
  handover show friday --all | less
  handover show friday --html review.html
  handover show friday --json | jq '.header.totals'`,
    );
}

export function parse(args: readonly string[], flags: ShowFlags): ShowOptions {
  if (flags.html !== undefined && flags.json === true) {
    throw new UsageError("--html and --json are two views", "ask for one after the other");
  }
  if (flags.html === undefined && flags.redact !== undefined) {
    throw new UsageError("--redact is for pages", "add --html FILE");
  }
  return {
    run: args[0] ?? "",
    html: flags.html,
    redact: flags.redact,
    replace: flags.replace === true,
    json: flags.json === true,
    all: flags.all === true,
    color: flags.color,
    store: flags,
  };
}

export async function run(context: Context, options: ShowOptions): Promise<ExitCode> {
  const named = await existingNamed(context, options.store, options.run);
  if (named.kind === "snapshot") return showSnapshot(context, named.path, options);
  const { place } = named;
  const output = options.html === undefined ? undefined : resolve(context.cwd, options.html);
  if (output !== undefined) await refuseTakenFile(context, output, options.replace);
  const reader = await place.openReader();
  try {
    if (output === undefined) await showRun(context, reader, place.name, options);
    else await writeReview(context, reader, place.name, output, options);
  } finally {
    await reader.close();
  }
  return exitCode({ kind: "done" });
}

async function showSnapshot(context: Context, path: string, options: ShowOptions): Promise<ExitCode> {
  if (options.html !== undefined) {
    throw new UsageError(
      `${printable(options.run)} is a snapshot, and a review is of a run`,
      `for the page of a snapshot: handover audit ${shellWord(options.run)} --format html -o ${shellWord(options.html)}`,
    );
  }
  await showCoverage(context, path, { ...options, output: undefined });
  return exitCode({ kind: "done" });
}

async function writeReview(
  context: Context,
  reader: RunReader,
  name: string,
  output: string,
  options: ShowOptions,
): Promise<void> {
  const { planPage } = await import("../report/page/plan-page.ts");
  const { pageHtml } = await import("../report/page/page.ts");
  const { loadPageAssets } = await import("./page-assets.ts");
  const page = await planPage(await runFacts(reader), pagesOf(reader), name, new Redactor(options.redact));
  await writeWhole(output, [pageHtml(page, await loadPageAssets())]);
  await print(context.stderr, [`Written: ${printable(shownPath(context, output))}`]);
}

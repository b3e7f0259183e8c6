/** `handover report`: what a run did and what is left for people, in every format; of a snapshot, what it covers. */
import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import type { RunReader } from "../journal/journal.ts";
import { UsageError } from "../model/errors.ts";
import { stepsCsv } from "../report/csv.ts";
import { printable } from "../model/text.ts";
import { handoverSheet, sheetCsv, sheetMarkdown, sheetText } from "../report/handover-sheet.ts";
import { reportJson, sheetJson } from "../report/json.ts";
import { Redactor } from "../report/redact.ts";
import type { Redaction } from "../report/redact.ts";
import { pagesOf } from "../report/rows.ts";
import { runReportMarkdown, runReportText } from "../report/run-report.ts";
import { plainStyle } from "../report/style.ts";
import type { Style } from "../report/style.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { refuseTakenFile, shownPath, writeWhole } from "./files.ts";
import { addJournalOptions } from "./flags.ts";
import type { CommonFlags, JournalFlags } from "./flags.ts";
import { print, printText, styleOf } from "./output.ts";
import { auditHead, runFacts, telemetryOf } from "./run-facts.ts";
import { existingNamed } from "./run-store.ts";
import { showCoverage } from "./snapshots.ts";

type Format = "text" | "md" | "csv" | "json" | "html";

export interface ReportFlags extends CommonFlags, JournalFlags {
  readonly format?: Format;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly handoverSheet?: boolean;
  readonly redact?: Redaction;
  readonly output?: string;
  readonly replace?: boolean;
  readonly evidence?: string;
  readonly signKey?: string;
}

export interface ReportOptions {
  readonly run: string;
  readonly format: Format;
  readonly sheet: boolean;
  readonly redact: Redaction | undefined;
  /** Undefined: stdout. */
  readonly output: string | undefined;
  /** Whether `output` may be a file that is there already. */
  readonly replace: boolean;
  /** A bundle of everything that proves the run, instead of a report. */
  readonly evidence: string | undefined;
  readonly signKey: string | undefined;
  readonly color: boolean;
  readonly store: JournalFlags;
}

export function define(command: Command): void {
  addJournalOptions(command)
    .argument("<run>", "the run: friday or friday.handover; or a snapshot: october.snapshot")
    .addOption(new Option("--format <format>", "how it is written").choices(["text", "md", "csv", "json", "html"]))
    .option("--json", "the same as --format json")
    .option("--csv", "the same as --format csv")
    .option("--handover-sheet", "only what people must do by hand, by person")
    .option("-o, --output <file>", "write it to this file instead of stdout")
    .addOption(
      new Option("--redact <what>", "with html: replace addresses, titles or both").choices([
        "emails",
        "titles",
        "both",
      ]),
    )
    .option("--evidence <file>", "instead: a tar file of everything that proves the run, to keep and to check offline")
    .option("--sign-key <file>", "with --evidence: sign its list of hashes with this key (Ed25519) [HANDOVER_SIGN_KEY]")
    .option("--replace", "take the place of a file of that name")
    .addHelpText(
      "after",
      `
Examples:
  handover report friday.handover
  handover report friday --handover-sheet --format md -o sheet.md
  handover report friday --format html -o friday.html
  handover report friday --csv -o friday-report.csv
  handover report friday --evidence friday.tar --sign-key auditor.key`,
    );
}

export function parse(args: readonly string[], flags: ReportFlags): ReportOptions {
  const asked = new Set<Format>();
  if (flags.format !== undefined) asked.add(flags.format);
  if (flags.json === true) asked.add("json");
  if (flags.csv === true) asked.add("csv");
  if (asked.size > 1) {
    throw new UsageError(`a report has one format, not ${[...asked].join(" and ")}`, "leave only one of the options");
  }
  const format = [...asked][0] ?? "text";
  if (format === "html" && flags.handoverSheet === true) {
    throw new UsageError("the hand-over sheet has no page", "add --format md, or leave --handover-sheet out");
  }
  if (format !== "html" && flags.redact !== undefined) {
    throw new UsageError("--redact is for pages", "add --format html");
  }
  if (flags.evidence !== undefined && (asked.size > 0 || flags.handoverSheet === true || flags.output !== undefined)) {
    throw new UsageError("an evidence bundle is a file of its own form", "leave --format, --handover-sheet and -o out");
  }
  if (flags.evidence === undefined && flags.signKey !== undefined) {
    throw new UsageError("--sign-key is for evidence bundles", "add --evidence FILE");
  }
  return {
    run: args[0] ?? "",
    evidence: flags.evidence,
    signKey: flags.signKey,
    format,
    redact: flags.redact,
    sheet: flags.handoverSheet === true,
    output: flags.output === "-" ? undefined : flags.output,
    replace: flags.replace === true,
    color: flags.color,
    store: flags,
  };
}

export async function run(context: Context, options: ReportOptions): Promise<ExitCode> {
  const named = await existingNamed(context, options.store, options.run);
  if (named.kind === "snapshot") return reportSnapshot(context, named.path, options);
  const { place } = named;
  if (options.evidence !== undefined) {
    const { writeBundle } = await import("./bundle-writer.ts");
    await writeBundle(context, place, { ...options, file: options.evidence });
    return exitCode({ kind: "done" });
  }
  const { name } = place;
  const output = options.output === undefined ? undefined : resolve(context.cwd, options.output);
  if (output !== undefined) await refuseTakenFile(context, output, options.replace);
  const reader = await place.openReader();
  try {
    const style = output === undefined ? styleOf(context, context.stdout, options.color) : plainStyle;
    const pieces = options.sheet
      ? sheetPieces(reader, options.format, style)
      : options.format === "html"
        ? pagePieces(reader, name, options.redact)
        : reportPieces(reader, options.format, name, style);
    if (output === undefined) {
      for await (const piece of pieces) await printText(context.stdout, piece);
    } else {
      await writeWhole(output, pieces);
      await print(context.stderr, [`Written: ${printable(shownPath(context, output))}`]);
    }
  } finally {
    await reader.close();
  }
  return exitCode({ kind: "done" });
}

async function reportSnapshot(context: Context, path: string, options: ReportOptions): Promise<ExitCode> {
  const { format, sheet, run: given } = options;
  if (options.evidence !== undefined) {
    throw new UsageError(
      `${printable(given)} is a snapshot, and evidence is bundled of runs`,
      `a snapshot proves itself: handover evidence verify ${shellWord(given)}`,
    );
  }
  if (sheet || (format !== "text" && format !== "json")) {
    throw new UsageError(
      `${printable(given)} is a snapshot, and its report is text or JSON`,
      `for what it shows: handover audit ${shellWord(given)} --format ${format === "text" || format === "json" ? "md" : format}; for who leaves: add --leavers FILE`,
    );
  }
  await showCoverage(context, path, { ...options, json: format === "json" });
  return exitCode({ kind: "done" });
}

async function* pagePieces(reader: RunReader, name: string, redact: Redaction | undefined): AsyncGenerator<string> {
  const { runPage } = await import("../report/page/run-page.ts");
  const { pageHtml } = await import("../report/page/page.ts");
  const { loadPageAssets } = await import("./page-assets.ts");
  const facts = await runFacts(reader);
  const page = await runPage(
    facts,
    await auditHead(reader),
    pagesOf(reader),
    await telemetryOf(reader),
    name,
    new Redactor(redact),
  );
  yield pageHtml(page, await loadPageAssets());
}

async function* reportPieces(
  reader: RunReader,
  format: Exclude<Format, "html">,
  name: string,
  style: Style,
): AsyncGenerator<string> {
  if (format === "csv") {
    yield* stepsCsv(pagesOf(reader));
    return;
  }
  const facts = await runFacts(reader);
  const audit = await auditHead(reader);
  const transfers = pagesOf(reader, { kinds: ["transfer"] });
  switch (format) {
    case "text":
      return yield* lines(runReportText(facts, audit, transfers, name, style));
    case "md":
      return yield* lines(runReportMarkdown(facts, audit, transfers, name));
    case "json":
      return yield* reportJson(facts, audit, pagesOf(reader), name, await telemetryOf(reader));
  }
}

async function* sheetPieces(reader: RunReader, format: Format, style: Style): AsyncGenerator<string> {
  const sheet = await handoverSheet(reader.header, reader.digest, pagesOf(reader));
  switch (format) {
    case "text":
    case "html":
      return yield* lines(sheetText(sheet, style));
    case "md":
      return yield* lines(sheetMarkdown(sheet));
    case "csv":
      return yield* sheetCsv(sheet);
    case "json":
      return yield* sheetJson(sheet);
  }
}

async function* lines(source: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  for await (const line of source) yield `${line}\n`;
}

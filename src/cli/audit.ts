/** `handover audit`: what a snapshot, or the live tenant, shows that somebody should know. Reads only. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { changeRules } from "../audit/compare.ts";
import type { Rule } from "../audit/rule.ts";
import { auditRules } from "../audit/rules.ts";
import { auditedAssets } from "../engine/audit.ts";
import type { FindingStore } from "../journal/findings.ts";
import { openFindings } from "../journal/sqlite/findings.ts";
import { openSnapshot } from "../journal/sqlite/snapshot-reader.ts";
import type { AuditView, AuditedRow } from "../model/audit.ts";
import { parseDomain } from "../model/email.ts";
import type { Domain } from "../model/email.ts";
import { UsageError } from "../model/errors.ts";
import { severities } from "../model/finding.ts";
import type { Severity, StoredFinding } from "../model/finding.ts";
import { isWhole } from "../model/inventory.ts";
import { printable } from "../model/text.ts";
import { auditMarkdown, auditText } from "../report/audit-document.ts";
import { auditCsv, auditJson, auditSarif } from "../report/audit-formats.ts";
import { tallies } from "../report/findings.ts";
import { fixPlanCsv, fixPlanYaml } from "../report/fix-plan.ts";
import { Redactor } from "../report/redact.ts";
import type { Redaction } from "../report/redact.ts";
import { plainStyle } from "../report/style.ts";
import type { Style } from "../report/style.ts";
import { audited, ruleWords } from "./auditing.ts";
import type { Auditing } from "./auditing.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { existingSnapshotPath, planFormat, refuseTakenFile, shownPath, writeWhole } from "./files.ts";
import { addGoogleOptions, collect, count, duration } from "./flags.ts";
import type { GoogleFlags } from "./flags.ts";
import { print, printText, styleOf } from "./output.ts";

const formats = ["text", "json", "csv", "md", "html", "sarif"] as const;
type Format = (typeof formats)[number];

type FailCondition = Severity | "new" | "coverage";
const failConditions: readonly FailCondition[] = [...severities, "new", "coverage"];

export interface AuditFlags extends GoogleFlags {
  readonly format?: Format;
  readonly json?: boolean;
  readonly output?: string;
  readonly replace?: boolean;
  readonly all?: boolean;
  readonly rules?: readonly string[];
  readonly listRules?: boolean;
  readonly trusted?: readonly string[];
  readonly staleAfter?: number;
  readonly editorsMax?: number;
  readonly compare?: string;
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly reason?: string;
  readonly until?: string;
  readonly fixPlan?: string;
  readonly failOn?: readonly FailCondition[];
  readonly redact?: Redaction;
  readonly concurrency?: number;
}

export interface AuditOptions extends Auditing {
  /** Undefined: the live tenant. */
  readonly snapshot: string | undefined;
  readonly listRules: boolean;
  readonly write: { readonly path: string; readonly reason: string; readonly until: string | undefined } | undefined;
  readonly fixPlan: string | undefined;
  readonly failOn: readonly FailCondition[];
  readonly redact: Redaction | undefined;
  readonly format: Format;
  readonly output: string | undefined;
  readonly replace: boolean;
  readonly all: boolean;
  readonly concurrency: number;
  readonly color: boolean;
  readonly google: GoogleFlags;
}

const dayMs = 86_400_000;
const pageSize = 1000;
const perRuleMax = 10;

export function define(command: Command): void {
  command
    .argument("[snapshot]", "what handover inventory has taken; without it the live tenant is read first")
    .addOption(new Option("--format <format>", "how it is written (default text)").choices(formats))
    .option("--json", "the same as --format json")
    .option("-o, --output <file>", "write it to this file instead of stdout")
    .option("--replace", "take the place of files of those names")
    .option("--all", "list every finding, not only the first 10 of each rule")
    .option("--rules <rules>", "ask only these rules; may be repeated", collect)
    .option("--list-rules", "print the rules and end")
    .option("--trusted <domains>", "domains that count as inside; may be repeated", collect)
    .option("--stale-after <time>", "how long unchanged is stale (default 365d)", duration)
    .option("--editors-max <n>", "how many editors are not yet many (default 10)", count)
    .option("--compare <snapshot>", "what is new, what is fixed and what has changed since this snapshot")
    .option("--baseline <file>", "leave out what this file accepts")
    .option("--write-baseline <file>", "accept everything found now, into this file; needs --reason")
    .option("--reason <text>", "with --write-baseline: why it is accepted")
    .option("--until <day>", "with --write-baseline: the last day it is accepted, such as 2027-03-31")
    .option("--fix-plan <file>", "write the plan (.csv, .yaml) that would remedy what was found")
    .addOption(
      new Option(
        "--fail-on <conditions>",
        "exit 2 for findings this bad or worse, for new ones, or for gaps in coverage",
      ).argParser(failOn),
    )
    .addOption(
      new Option("--redact <what>", "with html: replace addresses, titles or both").choices([
        "emails",
        "titles",
        "both",
      ]),
    )
    .option("--concurrency <n>", "calls under way at once, for the live tenant (default 8)", count);
  addGoogleOptions(command).addHelpText(
    "after",
    `
Examples:
  handover audit october.snapshot
  handover audit november --compare october --fail-on high,new --format sarif -o audit.sarif
  handover audit october --rules public-link-edit,public-link-view --fix-plan close-links.csv
  handover audit october --write-baseline accepted.yaml --reason "reviewed with the data office" --until 2027-03-31

Reads only: a fix plan is a plan file for handover plan, which shows what it would do.`,
  );
}

export function parse(args: readonly string[], flags: AuditFlags): AuditOptions {
  if (flags.format !== undefined && flags.json === true && flags.format !== "json") {
    throw new UsageError(`an audit has one format, not ${flags.format} and json`, "leave only one of the options");
  }
  if (flags.redact !== undefined && flags.format !== "html") {
    throw new UsageError("--redact is for pages", "add --format html");
  }
  const { rules, changes } = chosenRules(flags.rules);
  if (flags.until !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(flags.until)) {
    throw new UsageError(`${printable(flags.until)} is not a day`, "write year, month and day: 2027-03-31");
  }
  if (flags.fixPlan !== undefined) planFormat(flags.fixPlan, undefined);
  return {
    snapshot: args[0],
    listRules: flags.listRules === true,
    rules,
    changes,
    trusted: new Set((flags.trusted ?? []).map(trustedDomain)),
    staleAfterMs: flags.staleAfter ?? 365 * dayMs,
    editorsMax: flags.editorsMax ?? 10,
    compare: flags.compare,
    baseline: flags.baseline,
    write: baselineToWrite(flags),
    fixPlan: flags.fixPlan,
    failOn: flags.failOn ?? [],
    redact: flags.redact,
    format: flags.json === true ? "json" : (flags.format ?? "text"),
    output: flags.output === "-" ? undefined : flags.output,
    replace: flags.replace === true,
    all: flags.all === true,
    concurrency: flags.concurrency ?? 8,
    color: flags.color,
    google: flags,
  };
}

function baselineToWrite(flags: AuditFlags): AuditOptions["write"] {
  const { writeBaseline, reason, until } = flags;
  if (writeBaseline === undefined) {
    if (reason === undefined && until === undefined) return undefined;
    throw new UsageError("--reason and --until belong to a baseline that is written", "add --write-baseline FILE");
  }
  if (reason === undefined || reason.trim() === "") {
    throw new UsageError("a baseline says why its findings are accepted", 'add --reason "reviewed by …"');
  }
  return { path: writeBaseline, reason, until };
}

function chosenRules(names: readonly string[] | undefined): {
  readonly rules: readonly Rule[];
  readonly changes: boolean;
} {
  if (names === undefined) return { rules: auditRules, changes: true };
  const known = new Set([...auditRules, ...changeRules].map((rule) => rule.id));
  const strange = names.filter((name) => !known.has(name));
  if (strange.length > 0) {
    throw new UsageError(
      `there is no rule ${strange.map((name) => printable(name)).join(" and no rule ")}`,
      "handover audit --list-rules prints them",
    );
  }
  return {
    rules: auditRules.filter((rule) => names.includes(rule.id)),
    changes: changeRules.some((rule) => names.includes(rule.id)),
  };
}

function trustedDomain(text: string): Domain {
  const parsed = parseDomain(text);
  if (!parsed.ok) throw new UsageError(`--trusted: ${parsed.problem}`, parsed.remedy);
  return parsed.value;
}

function failOn(text: string, before: readonly FailCondition[] | undefined): readonly FailCondition[] {
  const asked = collect(text, undefined);
  const found = asked.map((word) => failConditions.find((condition) => condition === word));
  const strange = asked.filter((_, index) => found[index] === undefined);
  if (strange.length > 0) {
    throw new UsageError(
      `--fail-on does not know ${strange.map((word) => printable(word)).join(", ")}`,
      `write some of: ${failConditions.join(", ")}`,
    );
  }
  return [...(before ?? []), ...found.filter((condition) => condition !== undefined)];
}

export async function run(context: Context, options: AuditOptions): Promise<ExitCode> {
  if (options.listRules) {
    await printRules(context, options);
    return exitCode({ kind: "done" });
  }
  const outputs = [options.output, options.fixPlan, options.write?.path].map((name) =>
    name === undefined ? undefined : resolve(context.cwd, name),
  );
  for (const path of outputs) if (path !== undefined) await refuseTakenFile(context, path, options.replace);
  const [output, fixPlan, written] = outputs;
  if (options.snapshot !== undefined) {
    const path = await existingSnapshotPath(context, options.snapshot);
    return withSnapshot(path, shownPath(context, path));
  }
  const folder = await mkdtemp(join(tmpdir(), "handover-audit-"));
  try {
    const { takeSnapshot } = await import("./inventory-taking.ts");
    const path = join(folder, "live.snapshot");
    const taking = { verb: "audit", users: undefined, orgUnit: undefined, refresh: undefined, maxAgeMs: 0 };
    const { end } = await takeSnapshot(context, { ...options, ...taking }, path);
    if (end === "stopped") return exitCode({ kind: "stopped" });
    return await withSnapshot(path, "the live tenant");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }

  async function withSnapshot(path: string, name: string): Promise<ExitCode> {
    const snapshot = await openSnapshot(path);
    const findings = await openFindings();
    try {
      const view = await audited(context, options, snapshot, findings, name);
      const pages = (): AsyncGenerator<readonly StoredFinding[]> => pagesOf(findings);
      const style = output === undefined ? styleOf(context, context.stdout, options.color) : plainStyle;
      const pieces =
        options.format === "html"
          ? pagePieces(options, view, pages(), auditedAssets(snapshot, options))
          : piecesOf(options.format, options, view, pages(), style);
      if (output === undefined) for await (const piece of pieces) await printText(context.stdout, piece);
      else await put(context, output, pieces);
      if (fixPlan !== undefined) {
        const isCsv = planFormat(fixPlan, undefined) === "csv";
        await put(context, fixPlan, isCsv ? fixPlanCsv(pages()) : fixPlanYaml(pages(), view.header.tenant));
      }
      if (written !== undefined && options.write !== undefined) {
        const { baselineText } = await import("./baseline.ts");
        await put(context, written, baselineText(pages(), options.write.reason, options.write.until));
      }
      return exitCode({ kind: "audit", fails: fails(options, view) });
    } finally {
      await findings.close();
      await snapshot.close();
    }
  }
}

async function* pagesOf(findings: FindingStore): AsyncGenerator<readonly StoredFinding[]> {
  for (let after = 0; ;) {
    const page = await findings.page(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.order;
    yield page;
  }
}

async function* pagePieces(
  options: AuditOptions,
  view: AuditView,
  pages: AsyncIterable<readonly StoredFinding[]>,
  assets: AsyncIterable<readonly AuditedRow[]>,
): AsyncGenerator<string> {
  const { auditPage } = await import("../report/page/audit-page.ts");
  const { pageHtml } = await import("../report/page/page.ts");
  const { loadPageAssets } = await import("./page-assets.ts");
  const content = await auditPage(view, pages, assets, new Redactor(options.redact));
  yield pageHtml(content, await loadPageAssets());
}

async function* piecesOf(
  format: Exclude<Format, "html">,
  options: AuditOptions,
  view: AuditView,
  pages: AsyncIterable<readonly StoredFinding[]>,
  style: Style,
): AsyncGenerator<string> {
  const showing = { perRuleMax: options.all ? Number.POSITIVE_INFINITY : perRuleMax };
  switch (format) {
    case "text":
      return yield* lines(auditText(view, pages, showing, style));
    case "md":
      return yield* lines(auditMarkdown(view, pages, showing));
    case "json":
      return yield* auditJson(view, pages);
    case "csv":
      return yield* auditCsv(pages);
    case "sarif":
      return yield* auditSarif(view, pages);
  }
}

async function* lines(source: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of source) yield `${line}\n`;
}

async function put(context: Context, path: string, pieces: AsyncIterable<string>): Promise<void> {
  await writeWhole(path, pieces);
  await print(context.stderr, [`Written: ${printable(shownPath(context, path))}`]);
}

function fails({ failOn: conditions }: AuditOptions, view: AuditView): boolean {
  const found = tallies(view.counts);
  return conditions.some((condition) => {
    if (condition === "coverage") return !isWhole(view.coverage);
    if (condition === "new") return found.some(({ fresh }) => fresh > 0);
    return found.slice(0, severities.indexOf(condition) + 1).some(({ open }) => open > 0);
  });
}

async function printRules(context: Context, options: AuditOptions): Promise<void> {
  const rules = ruleWords(auditRules, true);
  if (options.format === "json") {
    const { jsonText } = await import("../report/json.ts");
    await print(context.stdout, [jsonText({ type: "audit-rules", version: 1, rules })]);
    return;
  }
  await print(
    context.stdout,
    rules.flatMap(({ id, severity, title, rationale, remedy }) => [
      `${id}  (${severity})`,
      `  ${title}. ${rationale}`,
      `  ${remedy}`,
    ]),
  );
}

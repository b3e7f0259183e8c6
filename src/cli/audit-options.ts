/** The options of `handover audit`: what can be asked of a snapshot, how it is shown, and what makes it fail. */
import { Option } from "commander";
import type { Command } from "commander";
import { changeRules } from "../audit/compare.ts";
import type { Rule } from "../audit/rule.ts";
import { auditRules } from "../audit/rules.ts";
import { dayMs, isDay } from "../model/clock.ts";
import { parseDomain } from "../model/email.ts";
import type { Domain } from "../model/email.ts";
import { UsageError } from "../model/errors.ts";
import { severities } from "../model/finding.ts";
import type { Severity } from "../model/finding.ts";
import { printable } from "../model/text.ts";
import type { Redaction } from "../report/redact.ts";
import type { Auditing } from "./auditing.ts";
import { planFormat } from "./files.ts";
import { addGoogleOptions, atOnce, collect, count, duration } from "./flags.ts";
import type { GoogleFlags } from "./flags.ts";

const formats = ["text", "json", "csv", "md", "html", "sarif"] as const;
export type AuditFormat = (typeof formats)[number];

export type FailCondition = Severity | "new" | "coverage";
const failConditions: readonly FailCondition[] = [...severities, "new", "coverage"];

export interface AuditFlags extends GoogleFlags {
  readonly format?: AuditFormat;
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
  readonly leavers?: string;
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
  /** A file of people who leave: readiness instead of findings. */
  readonly leavers: string | undefined;
  readonly format: AuditFormat;
  readonly output: string | undefined;
  readonly replace: boolean;
  readonly all: boolean;
  readonly concurrency: number;
  readonly color: boolean;
  readonly google: GoogleFlags;
}

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
    .option("--leavers <file>", "off-boarding readiness of the people in this CSV file, instead of findings")
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
    .option("--concurrency <n>", "calls under way at once, for the live tenant (default 8)", atOnce);
  addGoogleOptions(command).addHelpText(
    "after",
    `
Examples:
  handover audit october.snapshot
  handover audit november --compare october --fail-on high,new --format sarif -o audit.sarif
  handover audit october --rules public-link-edit,public-link-view --fix-plan close-links.csv
  handover audit october --leavers people.csv --format html -o readiness.html
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
  if (flags.leavers !== undefined) refuseBesideLeavers(flags);
  const { rules, changes } = chosenRules(flags.rules);
  if (flags.until !== undefined && !isDay(flags.until)) {
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
    leavers: flags.leavers,
    format: flags.json === true ? "json" : (flags.format ?? "text"),
    output: flags.output === "-" ? undefined : flags.output,
    replace: flags.replace === true,
    all: flags.all === true,
    concurrency: flags.concurrency ?? 8,
    color: flags.color,
    google: flags,
  };
}

/** Readiness asks questions of its own. */
function refuseBesideLeavers(flags: AuditFlags): void {
  const idle = (
    [
      ["--rules", flags.rules],
      ["--compare", flags.compare],
      ["--baseline", flags.baseline],
      ["--write-baseline", flags.writeBaseline],
      ["--fail-on", flags.failOn],
      ["--format sarif", flags.format === "sarif" ? true : undefined],
    ] as const
  ).filter(([, value]) => value !== undefined);
  if (idle.length === 0) return;
  throw new UsageError(
    `${idle.map(([name]) => name).join(", ")} would do nothing beside --leavers`,
    "ask for readiness and for findings one after the other",
  );
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

/** `handover audit`: what a snapshot, or the live tenant, shows that somebody should know. Reads only. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { auditRules } from "../audit/rules.ts";
import { auditedAssets } from "../engine/audit.ts";
import type { FindingStore } from "../journal/findings.ts";
import type { SnapshotReader } from "../journal/snapshot.ts";
import { openFindings } from "../journal/sqlite/findings.ts";
import { openSnapshot } from "../journal/sqlite/snapshot-reader.ts";
import type { AuditView, AuditedRow } from "../model/audit.ts";
import { severities } from "../model/finding.ts";
import type { StoredFinding } from "../model/finding.ts";
import { isWhole } from "../model/inventory.ts";
import { printable } from "../model/text.ts";
import { auditMarkdown, auditText } from "../report/audit-document.ts";
import { auditCsv, auditJson, auditSarif } from "../report/audit-formats.ts";
import { tallies } from "../report/findings.ts";
import { readinessPlanCsv, readinessPlanYaml } from "../report/readiness-document.ts";
import { fixPlanCsv, fixPlanYaml } from "../report/fix-plan.ts";
import { Redactor } from "../report/redact.ts";
import { plainStyle } from "../report/style.ts";
import type { Style } from "../report/style.ts";
import type { AuditFormat, AuditOptions } from "./audit-options.ts";
import { audited, ruleWords } from "./auditing.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { existingSnapshotPath, planFormat, refuseTakenFile, shownPath, writeWhole } from "./files.ts";
import { print, printText, styleOf } from "./output.ts";
import { readLeavers, readinessPieces, readinessView } from "./readiness.ts";

export { define, parse } from "./audit-options.ts";

const pageSize = 1000;
const perRuleMax = 10;

export async function run(context: Context, options: AuditOptions): Promise<ExitCode> {
  if (options.listRules) {
    await printRules(context, options);
    return exitCode({ kind: "done" });
  }
  const outputs = await freeOutputs(context, options);
  const { leavers } = options;
  const listed = leavers === undefined ? undefined : { file: leavers, people: await readLeavers(context, leavers) };
  return withSnapshot(context, options, (snapshot, name) =>
    listed === undefined
      ? showFindings(context, options, outputs, snapshot, name)
      : showReadiness(context, options, outputs, snapshot, { name, listed }),
  );
}

/** Where what is found goes beside, or instead of, the screen. */
interface Outputs {
  readonly output: string | undefined;
  readonly fixPlan: string | undefined;
  readonly baseline: string | undefined;
}

/** Looked at before anything is read: whoever names a file that is taken has not waited for an hour first. */
async function freeOutputs(context: Context, { output, fixPlan, write, replace }: AuditOptions): Promise<Outputs> {
  const free = async (name: string | undefined): Promise<string | undefined> => {
    if (name === undefined) return undefined;
    const path = resolve(context.cwd, name);
    await refuseTakenFile(context, path, replace);
    return path;
  };
  return { output: await free(output), fixPlan: await free(fixPlan), baseline: await free(write?.path) };
}

/** The snapshot named, or one taken of the live tenant for this alone. `name` is what views call it. */
async function withSnapshot(
  context: Context,
  options: AuditOptions,
  show: (snapshot: SnapshotReader, name: string) => Promise<ExitCode>,
): Promise<ExitCode> {
  const opened = async (path: string, name: string): Promise<ExitCode> => {
    const snapshot = await openSnapshot(path);
    try {
      return await show(snapshot, name);
    } finally {
      await snapshot.close();
    }
  };
  if (options.snapshot !== undefined) {
    const path = await existingSnapshotPath(context, options.snapshot);
    return opened(path, shownPath(context, path));
  }
  const folder = await mkdtemp(join(tmpdir(), "handover-audit-"));
  try {
    const { takeSnapshot } = await import("./inventory-taking.ts");
    const path = join(folder, "live.snapshot");
    const taking = { verb: "audit", users: undefined, orgUnit: undefined, refresh: undefined, maxAgeMs: 0 };
    const { end } = await takeSnapshot(context, { ...options, ...taking }, path);
    return end === "stopped" ? exitCode({ kind: "stopped" }) : await opened(path, "the live tenant");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function showReadiness(
  context: Context,
  options: AuditOptions,
  { output, fixPlan }: Outputs,
  snapshot: SnapshotReader,
  { name, listed }: { readonly name: string; readonly listed: Parameters<typeof readinessView>[3] },
): Promise<ExitCode> {
  const view = await readinessView(context, snapshot, name, listed);
  const format = options.format === "sarif" ? "text" : options.format;
  const style = styleFor(context, options, output);
  await give(context, output, readinessPieces(view, format, { all: options.all, style, redact: options.redact }));
  if (fixPlan !== undefined) {
    const isCsv = planFormat(fixPlan, undefined) === "csv";
    await put(context, fixPlan, isCsv ? readinessPlanCsv(view) : readinessPlanYaml(view));
  }
  return exitCode({ kind: "done" });
}

async function showFindings(
  context: Context,
  options: AuditOptions,
  { output, fixPlan, baseline }: Outputs,
  snapshot: SnapshotReader,
  name: string,
): Promise<ExitCode> {
  const findings = await openFindings();
  try {
    const view = await audited(context, options, snapshot, findings, name);
    const pages = (): AsyncGenerator<readonly StoredFinding[]> => pagesOf(findings);
    const pieces =
      options.format === "html"
        ? pagePieces(options, view, pages(), auditedAssets(snapshot, options))
        : piecesOf(options.format, options, view, pages(), styleFor(context, options, output));
    await give(context, output, pieces);
    if (fixPlan !== undefined) {
      const isCsv = planFormat(fixPlan, undefined) === "csv";
      await put(context, fixPlan, isCsv ? fixPlanCsv(pages()) : fixPlanYaml(pages(), view.header.tenant));
    }
    if (baseline !== undefined && options.write !== undefined) {
      const { baselineText } = await import("./baseline.ts");
      await put(context, baseline, baselineText(pages(), options.write.reason, options.write.until));
    }
    return exitCode({ kind: "audit", fails: fails(options, view) });
  } finally {
    await findings.close();
  }
}

function styleFor(context: Context, options: AuditOptions, output: string | undefined): Style {
  return output === undefined ? styleOf(context, context.stdout, options.color) : plainStyle;
}

async function give(
  context: Context,
  output: string | undefined,
  pieces: AsyncIterable<string> | Iterable<string>,
): Promise<void> {
  if (output === undefined) for await (const piece of pieces) await printText(context.stdout, piece);
  else await put(context, output, pieces);
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
  format: Exclude<AuditFormat, "html">,
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

async function put(context: Context, path: string, pieces: AsyncIterable<string> | Iterable<string>): Promise<void> {
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

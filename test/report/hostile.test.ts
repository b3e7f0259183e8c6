import { describe, expect, test } from "vitest";
import { ApiError, GuardError, PlanFileError, RunFileError, UsageError } from "../../src/model/errors.ts";
import type { FailureClass, GuardRule } from "../../src/model/errors.ts";
import { noCounts } from "../../src/model/run.ts";
import { applyFoot, eventLine, statusLine } from "../../src/report/apply-text.ts";
import { stepsCsv } from "../../src/report/csv.ts";
import { diagnosticsText, matchedNothingText, refusedText } from "../../src/report/diagnostics-text.ts";
import { errorText } from "../../src/report/error-text.ts";
import { handoverSheet, sheetCsv, sheetMarkdown, sheetText } from "../../src/report/handover-sheet.ts";
import { eventJson, planJson, reportJson, sheetJson } from "../../src/report/json.ts";
import { errorJson } from "../../src/report/error-json.ts";
import { planFoot, planHead, planStep } from "../../src/report/plan-text.ts";
import { planSteps } from "../../src/report/plan-steps.ts";
import { advance, beginProgress } from "../../src/report/progress.ts";
import { runReportMarkdown, runReportText } from "../../src/report/run-report.ts";
import { statusText } from "../../src/report/status-text.ts";
import { cells, plainStyle } from "../../src/report/style.ts";
import { verifyText } from "../../src/report/verify-text.ts";
import { hostile, isActing } from "./hostile.ts";
import * as sample from "./sample.ts";

/** A run in which every piece of foreign text is `text`. */
function poisoned(text: string) {
  const place = { file: text, line: 1, column: 1 };
  const asset = { ...sample.edit().asset, title: text, assetType: text === "" ? "REPORT" : text };
  const delta = { add: [sample.pair(text, text)], remove: [sample.pair("VIEWER", `user:${text}`)] };
  const edit = sample.edit({ asset, delta, sources: [place] });
  const byHand = sample.byHand({ asset, sources: [place], hazards: ["keeps-credentials"] });
  const header = sample.header({
    planFiles: [{ name: text, sha256: "00" }],
    hazards: [{ name: "new-public", count: 1, text }],
    refusals: [{ rule: "not-found", places: [place, place], problem: text, remedy: text }],
    noActions: [{ place, why: "matched-nothing", assets: 0 }],
    remarks: [text],
    coverage: { ...sample.header().coverage, usersFailed: [{ user: sample.leaver, reason: text }] },
  });
  const failed = sample.result({ outcome: "failed", failure: text, reason: text });
  const rows = [sample.progressOf(edit, failed), sample.progressOf(byHand), sample.progressOf(sample.transfer())];
  const failures = [{ outcome: "failed" as const, failure: text, reason: text, count: 1, seq: 2 }];
  const facts = sample.facts({ header, failures });
  return { text, place, asset, delta, edit, byHand, header, rows, failures, facts };
}

type Poisoned = ReturnType<typeof poisoned>;

const blocked = (text: string) => [{ actor: sample.leaver, failure: text, reason: text }];

/** Every text for a terminal. */
async function screens(run: Poisoned): Promise<ReadonlyMap<string, readonly string[]>> {
  const { text, header, facts, failures } = run;
  const style = plainStyle;
  const diagnostics = [{ place: run.place, problem: text, remedy: text }];
  const ending = { end: "halted" as const, reason: text, counts: noCounts, blocked: blocked(text), ended: 0 };
  const sheet = await handoverSheet(header, sample.digest, sample.pages(run.rows));
  const findings = {
    checked: 1,
    verified: 0,
    drifted: 1,
    unreadableCount: 1,
    byHandDone: 0,
    byHandOpen: 1,
    notApplied: 0,
    drifts: [{ seq: 1, asset: run.asset, missing: run.delta, problem: text }],
    unreadable: [{ seq: 2, reason: text }],
    stopped: false,
  };
  const api = new ApiError(text, { disposition: "refuse", failure: text as FailureClass });
  const report = await sample.written(
    runReportText(facts, undefined, sample.pages(run.rows.slice(2)), text, style),
    "\n",
  );
  return new Map<string, readonly string[]>([
    ["head", planHead(header, text, style)],
    ["steps", run.rows.flatMap(({ step }) => planStep(step, header, style))],
    ["alike steps", planSteps([run.edit, run.edit, run.edit, run.byHand], header, style)],
    ["foot", planFoot(header, sample.digest, "run", style)],
    ["diagnostics", diagnosticsText(diagnostics, 0, style)],
    ["refused", refusedText(header, "handover plan x.csv", style)],
    ["matched nothing", matchedNothingText(header, style)],
    [
      "errors",
      [api, new UsageError(text, text), new GuardError(text as GuardRule, text, text)].flatMap((e) =>
        errorText(e, style),
      ),
    ],
    [
      "files",
      [new RunFileError("corrupt", text, text), new PlanFileError(diagnostics), new Error(text), text].flatMap((e) =>
        errorText(e, style),
      ),
    ],
    ["apply", applyFoot(ending, failures, "run", "handover apply run", style)],
    ["status", statusText(facts, text, false, style)],
    ["verify", verifyText(findings, header, "run", style)],
    ["report", report.split("\n")],
    ["sheet", [...sheetText(sheet, style)]],
  ]);
}

/** Isolates that are opened and not closed on the same line, or closed and not opened. */
function unbalanced(line: string): boolean {
  let depth = 0;
  for (const character of line) {
    if (character === "\u2068") depth += 1;
    if (character === "\u2069") depth -= 1;
    if (depth < 0 || depth > 1) return true;
  }
  return depth !== 0;
}

/** Addresses and commands are for copying: they are never broken. */
const forCopying = /^ +https:\/\/\S+$|^(?:Next|Resume) /;

describe.each(hostile)("foreign text that %s", (_name, text) => {
  test("is inert on every screen, on lines of its own, within 80 cells", async () => {
    for (const [where, lines] of await screens(poisoned(text))) {
      for (const line of lines) {
        expect(isActing(line), `${where}: ${line}`).toBe(false);
        expect(line.includes("\n"), where).toBe(false);
        expect(unbalanced(line), `${where}: ${line}`).toBe(false);
        if (!forCopying.test(line)) expect(cells(line), `${where}: ${line}`).toBeLessThanOrEqual(80);
      }
    }
  });

  test("is inert in event lines and on the status line", () => {
    const events = [
      { type: "user-unreadable", user: sample.leaver, reason: text },
      { type: "step", seq: 1, outcome: "failed", failure: text, reason: text, asset: text },
      { type: "transfer", seq: 1, transferId: text, status: text, attached: false },
      { type: "pace", perSecond: 1, reason: text },
      { type: "actor-halted", actor: sample.leaver, failure: text, reason: text },
      { type: "stopping", why: text },
    ] as const;
    let progress = beginProgress({ ...noCounts, planned: 10 }, 0);
    for (const event of events) {
      progress = advance(progress, event, 0);
      const line = eventLine(event, plainStyle) ?? "";
      expect(isActing(line), line).toBe(false);
      expect(line).not.toContain("\n");
    }
    const status = statusLine(progress, 0, plainStyle);
    expect(isActing(status)).toBe(false);
    expect(cells(status)).toBeLessThanOrEqual(80);
  });

  test("stays text in Markdown", async () => {
    const run = poisoned(text);
    const sheet = await handoverSheet(run.header, sample.digest, sample.pages(run.rows));
    const report = runReportMarkdown(run.facts, undefined, sample.pages(run.rows.slice(2)), text);
    const markdown = [...sheetMarkdown(sheet), ...(await sample.written(report, "\n")).split("\n")];
    for (const line of markdown) {
      expect(isActing(line), line).toBe(false);
      const prose = line
        .replace(/(`+)(?!`).*?(?<!`)\1(?!`)/g, "")
        .replace(/\]\(<https:\/\/lookerstudio[^<>]*>\)/g, "]");
      const bare = prose.replace(/\\[!-/:-@[-`{-~]/g, "");
      expect(bare).not.toMatch(/<|>|\]\(|!\[|https?:\/\/|www\.|\{\{|\$\{/);
    }
  });

  test("is inert in CSV, one record a step", async () => {
    const run = poisoned(text);
    const sheet = await handoverSheet(run.header, sample.digest, sample.pages(run.rows));
    const csv = (await sample.written(stepsCsv(sample.pages(run.rows)))) + [...sheetCsv(sheet)].join("");
    const records = csv.split("\r\n");
    expect(records.filter(isActing)).toEqual([]);
    expect(csv).not.toMatch(/[^\r]\n/);
  });

  test("is inert in JSON, and the value is exact", async () => {
    const run = poisoned(text);
    const sheet = await handoverSheet(run.header, sample.digest, sample.pages(run.rows));
    const made = { verdict: "made", header: run.header, digest: sample.digest, runName: text, breaches: [] } as const;
    const plan = await sample.written(planJson(made, sample.pages(run.rows)));
    const report = await sample.written(reportJson(run.facts, undefined, sample.pages(run.rows), text));
    const event = eventJson({ type: "stopping", why: text }, 0);
    const error = errorJson(new UsageError(text, text), 3);
    for (const document of [plan, report, event, error, [...sheetJson(sheet)].join("")]) {
      expect(isActing(document)).toBe(false);
      JSON.parse(document);
    }
    expect(JSON.parse(plan).steps[0].asset.title).toBe(text);
    expect(JSON.parse(plan).steps[0].delta.add[0]).toEqual({ role: text, member: text });
    expect(JSON.parse(event).why).toBe(text);
    expect(JSON.parse(error).problem).toBe(text);
  });
});

/** The page of a run as it was carried out: for somebody who wants to know what happened, and why it can be believed. */
import type { StepState } from "../../model/step.ts";
import type { TelemetryView } from "../../model/telemetry.ts";
import { counted, thousands } from "../../model/text.ts";
import { openOf, totalOf } from "../counts-text.ts";
import type { Redactor } from "../redact.ts";
import type { AuditHead, Pages, RunFacts, StepProgress } from "../rows.ts";
import { verdict } from "../run-report.ts";
import { verificationText } from "../status-text.ts";
import { applyCommand, evidenceCommand, shellWord, stateWords, timeText } from "../words.ts";
import { html, joined } from "./markup.ts";
import type { Markup } from "./markup.ts";
import type { PageContent } from "./page.ts";
import { callsPart } from "./calls-part.ts";
import { bars, facts, plainTable, readMore, sections, strip, tablePlace } from "./parts.ts";
import type { Tone } from "./parts.ts";
import { exposurePicture, footLine, provenance } from "./run-parts.ts";
import { stateText, stepsTable } from "./steps-table.ts";
import { TextPools } from "./tables.ts";

export async function runPage(
  facts0: RunFacts,
  audit: AuditHead | undefined,
  steps: Pages,
  telemetry: TelemetryView | undefined,
  runName: string,
  redact: Redactor,
): Promise<PageContent> {
  const { header, digest } = facts0;
  const pools = new TextPools();
  const titles = new Map<number, string>(telemetry?.slowest.map(({ seq }) => [seq, ""]));
  const table = await stepsTable(header, withTitles(steps, titles, redact), { withProgress: true, pools, redact });
  const { timeLines, calls, slowest } = callsPart(
    telemetry === undefined ? undefined : redacted(telemetry, redact),
    titles,
  );
  return {
    title: `Run ${runName}`,
    body: html`
      <h1>${`Run ${runName}`}</h1>
      <p class="lead" id="verdict">${redact.text(verdict(facts0))}</p>
      <div id="outcomes">${outcomeStrip(facts0)}</div>
      ${outcomePicture(facts0)} ${sections([["What went wrong", failures(facts0, redact)]])}
      <section>
        <h2>Steps</h2>
        ${tablePlace("steps")}
      </section>
      ${sections([
        ["Who gets in, as planned", exposurePicture(header)],
        ["Proof", proof(facts0, audit)],
        ["Next", nextCommands(facts0, runName)],
        ["Calls", calls],
        ["Slowest steps", slowest],
        ["Made from", provenance(header, redact)],
      ])}
    `,
    tables: [table.end()],
    pools: pools.end(),
    timeLines,
    provenance: footLine(header, digest, redact),
  };
}

/** The same pages; the titles of the assets of the steps in `wanted` are put there as they go by. */
async function* withTitles(
  steps: Pages,
  wanted: Map<number, string>,
  redact: Redactor,
): AsyncGenerator<readonly StepProgress[]> {
  for await (const page of steps) {
    for (const { step } of page) {
      if (step.kind !== "transfer" && wanted.has(step.seq)) wanted.set(step.seq, redact.title(step.asset.title));
    }
    yield page;
  }
}

function redacted(telemetry: TelemetryView, redact: Redactor): TelemetryView {
  return { ...telemetry, held: telemetry.held.map((span) => ({ ...span, reason: redact.text(span.reason) })) };
}

export const stateTones: Readonly<Record<StepState, Tone>> = {
  applied: "good",
  confirmed: "good",
  unchanged: "info",
  "by-hand": "medium",
  skipped: "high",
  failed: "critical",
  cancelled: "info",
  "in-flight": "low",
  planned: "info",
};

function outcomeStrip({ counts }: RunFacts): Markup {
  return strip(
    [...stateWords.keys()]
      .filter((state) => counts[state] > 0)
      .map((state) => ({
        value: thousands(counts[state]),
        label: stateText(state),
        tone: stateTones[state],
        filter: { table: "steps", where: `state=${encodeURIComponent(stateText(state))}` },
      })),
  );
}

function outcomePicture({ counts }: RunFacts): Markup | undefined {
  if (totalOf(counts) === 0) return undefined;
  const parts = [...stateWords.keys()].map((state) => ({
    value: counts[state],
    tone: stateTones[state],
    label: stateText(state),
  }));
  return bars([{ label: "steps", parts }], "Steps by how they ended");
}

function failures({ failures: groups }: RunFacts, redact: Redactor): Markup | undefined {
  if (groups.length === 0) return undefined;
  const table = plainTable(
    ["Ended", "Class", "Reason", "Steps", "For example"],
    groups.map(({ outcome, failure, reason, count, seq }) => [
      stateText(outcome),
      html`<code>${failure}</code>`,
      redact.text(reason),
      thousands(count),
      html`<button type="button" data-filter="steps" data-where="${`failure=${encodeURIComponent(failure)}`}">
        ${`step ${seq}`}
      </button>`,
    ]),
    [3],
  );
  const classes = groups.map(({ failure }) => failure);
  return joined([table, readMore("failure", classes)]);
}

function proof({ digest, verification }: RunFacts, audit: AuditHead | undefined): Markup {
  const chain =
    audit?.firstBad === undefined ? "whole: every link follows from the one before" : `BROKEN at row ${audit.firstBad}`;
  return facts([
    ["Verified", verification === undefined ? "not yet" : verificationText(verification)],
    ["Digest", html`<code>${digest}</code>`],
    [
      "Audit chain",
      audit === undefined
        ? "nothing recorded yet"
        : `${counted(audit.seq, "row")}, the last at ${timeText(audit.at)}; ${chain}`,
    ],
    ...(audit === undefined ? [] : [["Head", html`<code>${audit.hash}</code>`] as const]),
  ]);
}

function nextCommands({ header, counts, verification }: RunFacts, runName: string): Markup {
  const run = shellWord(runName);
  const undone = shellWord(`${runName.replace(/\.handover$/, "")}-undo`);
  const commands = [
    openOf(counts) > 0 ? `${applyCommand(header, runName)}   # goes on` : "",
    verification === undefined ? `handover verify ${run}   # reads every touched asset back` : "",
    counts["by-hand"] > 0 ? `handover report ${run} --handover-sheet   # what people must click` : "",
    openOf(counts) === 0 ? `${evidenceCommand(runName)}   # everything that proves it, in one file` : "",
    header.undoOf === undefined ? `handover undo ${run} -o ${undone}   # plans what takes it back` : "",
  ].filter((command) => command !== "");
  return joined(commands.map((command) => html`<pre>${command}</pre>`));
}

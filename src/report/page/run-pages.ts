/** The pages of a run: before it is carried out, for review; and afterwards, with what became of every step. */
import type { RunHeader } from "../../model/run.ts";
import type { StepState } from "../../model/step.ts";
import { hazardsToAllow } from "../../model/step.ts";
import type { TelemetryView } from "../../model/telemetry.ts";
import { counted, thousands } from "../../model/text.ts";
import { openOf, totalOf } from "../counts-text.ts";
import { exposureWords } from "../plan-sums.ts";
import type { Redactor } from "../redact.ts";
import type { AuditHead, Pages, RunFacts } from "../rows.ts";
import { verdict } from "../run-report.ts";
import { verificationText } from "../status-text.ts";
import { applyCommand, namesToAllow, percentText, shellWord, stateWords, timeText } from "../words.ts";
import { html, joined } from "./markup.ts";
import type { Markup } from "./markup.ts";
import type { PageContent } from "./page.ts";
import { callsPart } from "./calls-part.ts";
import { bars, facts, plainTable, sections, strip, tablePlace } from "./parts.ts";
import type { Tone } from "./parts.ts";
import { slopes } from "./slopes.ts";
import { stateText, stepsTable } from "./steps-table.ts";
import { TextPools } from "./tables.ts";

/** For somebody who decides whether the run is carried out: the irreversible first. */
export async function planPage(
  facts0: RunFacts,
  steps: Pages,
  runName: string,
  redact: Redactor,
): Promise<PageContent> {
  const { header, digest } = facts0;
  const pools = new TextPools();
  const table = await stepsTable(header, steps, { withProgress: false, pools, redact });
  return {
    title: `Plan ${runName}`,
    body: html`
      <h1>${`Plan ${runName}`}</h1>
      <p class="lead">${planVerdict(header)}</p>
      ${planStrip(header)} ${readNotice(header, redact)}
      ${sections([
        ["Who gets in, before and after", exposurePicture(header)],
        ["Hazards", hazardList(header, redact)],
        ["Refused", refusals(header, redact)],
      ])}
      <section>
        <h2>Steps</h2>
        ${tablePlace("steps")}
      </section>
      ${sections([
        ["Limits", limits(header)],
        ["Approval", approval(header, digest, runName)],
        ["Made from", provenance(header, redact)],
      ])}
    `,
    tables: [table.end()],
    pools: pools.end(),
    timeLines: [],
    provenance: footLine(header, digest, redact),
  };
}

/** For somebody who wants to know what happened, and why it can be believed. */
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
  const table = await stepsTable(header, steps, { withProgress: true, pools, redact });
  const { timeLines, calls, slowest } = callsPart(telemetry === undefined ? undefined : redacted(telemetry, redact));
  return {
    title: `Run ${runName}`,
    body: html`
      <h1>${`Run ${runName}`}</h1>
      <p class="lead" id="verdict">${redact.text(verdict(facts0))}</p>
      <div id="outcomes">${outcomeStrip(facts0)}</div>
      ${outcomePicture(facts0)}
      ${sections([
        ["Calls", calls],
        ["What went wrong", failures(facts0, redact)],
        ["Slowest steps", slowest],
      ])}
      <section>
        <h2>Steps</h2>
        ${tablePlace("steps")}
      </section>
      ${sections([
        ["Who gets in, as planned", exposurePicture(header)],
        ["Proof", proof(facts0, audit)],
        ["Next", nextCommands(facts0, runName)],
        ["Made from", provenance(header, redact)],
      ])}
    `,
    tables: [table.end()],
    pools: pools.end(),
    timeLines,
    provenance: footLine(header, digest, redact),
  };
}

function redacted(telemetry: TelemetryView, redact: Redactor): TelemetryView {
  return { ...telemetry, held: telemetry.held.map((span) => ({ ...span, reason: redact.text(span.reason) })) };
}

function planVerdict({ totals, hazards }: RunHeader): string {
  if (totals.steps === 0) return "There is nothing to do: everything is as the plan asks.";
  const parts = [
    totals.transfers > 0
      ? `${counted(totals.transfers, "whole-user transfer")} of ${counted(totals.assetsTransferred, "asset")}`
      : "",
    totals.assetsEdited > 0 ? `${counted(totals.edits, "change")} on ${counted(totals.assetsEdited, "asset")}` : "",
    totals.byHand > 0 ? `${counted(totals.byHand, "owner change")} by hand` : "",
  ].filter((part) => part !== "");
  const named = hazards.filter(({ name }) => hazardsToAllow.has(name)).length;
  const allow = named === 0 ? "" : ` ${counted(named, "hazard")} must be allowed by name.`;
  const irreversible = totals.transfers > 0 ? " Transfers cannot be taken back." : "";
  return `${parts.join(", ")}.${irreversible}${allow}`;
}

function planStrip({ totals }: RunHeader): Markup {
  const where = (kind: string): { readonly table: string; readonly where: string } => ({
    table: "steps",
    where: `kind=${encodeURIComponent(kind)}`,
  });
  return strip([
    {
      value: thousands(totals.transfers),
      label: "transfers, irreversible",
      tone: totals.transfers > 0 ? "critical" : undefined,
      filter: where("whole-user transfer"),
    },
    {
      value: thousands(totals.assetsEdited),
      label: "assets edited",
      tone: totals.assetsEdited > 0 ? "low" : undefined,
      filter: where("edit"),
    },
    {
      value: thousands(totals.byHand),
      label: "by hand",
      tone: totals.byHand > 0 ? "medium" : undefined,
      filter: where("by hand"),
    },
    { value: thousands(totals.refused), label: "refused", tone: totals.refused > 0 ? "high" : undefined },
    { value: thousands(totals.alreadySo), label: "already so", tone: undefined },
  ]);
}

function readNotice({ coverage }: RunHeader, redact: Redactor): Markup | undefined {
  const gaps = coverage.usersFailed.map(({ user, reason }) => [redact.text(user), redact.text(reason)]);
  if (gaps.length === 0 && coverage.permissionsUnreadable === 0) return undefined;
  return html`<section class="notice">
    <strong>Not everything could be read.</strong>
    <p>
      ${`${counted(coverage.usersFailed.length, "user")} could not be searched as; permissions of ${counted(coverage.permissionsUnreadable, "asset")} could not be read.`}
    </p>
    ${
      gaps.length === 0
        ? undefined
        : html`<details>
            <summary>Which users</summary>
            ${plainTable(["User", "Why"], gaps.slice(0, 500))}
          </details>`
    }
  </section>`;
}

function exposurePicture({ exposureBefore, exposureAfter, totals }: RunHeader): Markup | undefined {
  if (totals.steps === 0) return undefined;
  return slopes(
    exposureWords.map(([key, label]) => ({ label, before: exposureBefore[key], after: exposureAfter[key] })),
    "Assets open to people outside, before and after the run",
  );
}

function hazardList({ hazards }: RunHeader, redact: Redactor): Markup | undefined {
  if (hazards.length === 0) return undefined;
  return plainTable(
    ["Hazard", "Count", "What it means", "Allowed"],
    hazards
      .toSorted((a, b) => Number(hazardsToAllow.has(b.name)) - Number(hazardsToAllow.has(a.name)))
      .map(({ name, count, text }) => [
        html`<code>${name}</code>`,
        thousands(count),
        redact.text(text),
        hazardsToAllow.has(name) ? "must be, by name" : "need not be",
      ]),
    [1],
  );
}

function refusals({ refusals: list, totals }: RunHeader, redact: Redactor): Markup | undefined {
  if (list.length === 0) return undefined;
  const more = totals.refused - list.length;
  return joined([
    plainTable(
      ["Rule", "Row", "Why", "Remedy"],
      list.slice(0, 1000).map(({ rule, places, problem, remedy }) => [
        html`<code>${rule}</code>`,
        places
          .slice(0, 3)
          .map(({ file, line }) => `${file}:${line}`)
          .join(", "),
        redact.text(problem),
        redact.text(remedy),
      ]),
    ),
    more > 0 ? html`<p>${`and ${thousands(more)} more, which are counted only`}</p>` : undefined,
  ]);
}

function limits({ limits: ceilings, totals, coverage }: RunHeader): Markup {
  const touched = coverage.assetsRead === 0 ? 0 : (100 * totals.assetsTouched) / coverage.assetsRead;
  const ceiling = (value: number | undefined, text = (limit: number): string => thousands(limit)): string =>
    value === undefined ? "no limit" : text(value);
  return plainTable(
    ["What is limited", "This run", "Limit"],
    [
      ["Changes", thousands(totals.changes), ceiling(ceilings.changes)],
      ["Share of the assets read", percentText(touched), ceiling(ceilings.percentOfAssets, percentText)],
      ["New external", thousands(totals.newExternal), ceiling(ceilings.newExternal)],
      ["New public", thousands(totals.newPublic), ceiling(ceilings.newPublic)],
      ["Failures before it stops", "", ceiling(ceilings.failures)],
    ],
    [1, 2],
  );
}

function approval(header: RunHeader, digest: string, runName: string): Markup {
  return html`<p>
      Whoever approves this approves the digest: it covers every step above, and a run that was changed afterwards is
      refused.
    </p>
    ${facts([["Digest", html`<code>${digest}</code> <button type="button" data-copy="${digest}">Copy</button>`]])}
    <p>To carry it out:</p>
    <pre>${applyCommand(header, runName)}</pre>
    <table class="plain sign">
      <tbody>
        <tr>
          <th scope="row">Approved by</th>
          <td>&nbsp;</td>
          <th scope="row">On</th>
          <td>&nbsp;</td>
        </tr>
      </tbody>
    </table>`;
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
  return plainTable(
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

function nextCommands({ header, counts }: RunFacts, runName: string): Markup {
  const run = shellWord(runName);
  const commands = [
    openOf(counts) > 0 ? `${applyCommand(header, runName)}   # goes on` : "",
    `handover verify ${run}   # reads every touched asset back`,
    counts["by-hand"] > 0 ? `handover report ${run} --handover-sheet   # what people must click` : "",
    header.undoOf === undefined ? `handover undo ${run}   # plans what takes it back` : "",
  ].filter((command) => command !== "");
  return joined(commands.map((command) => html`<pre>${command}</pre>`));
}

function provenance(header: RunHeader, redact: Redactor): Markup {
  const { coverage, undoOf, planFiles } = header;
  return facts([
    ["Tenant", header.domains.join(", ")],
    ...(planFiles.length === 0
      ? []
      : [["Plan files", joined(planFiles.map(({ name, sha256 }) => html`${name} <code>${sha256}</code> `))] as const]),
    ...(undoOf === undefined ? [] : [["Takes back", html`<code>${undoOf.runId}</code>`] as const]),
    ["Made", `${timeText(header.createdAt)} by handover ${header.toolVersion}, as ${redact.text(header.admin)}`],
    [
      "Read",
      `${counted(coverage.assetsRead, "asset")} of ${thousands(coverage.usersRead)} of ${counted(coverage.usersTried, "user")}, ${timeText(header.snapshotAt)}`,
    ],
    ["Must be allowed", namesToAllow(header).join(", ") || "nothing"],
  ]);
}

function footLine(header: RunHeader, digest: string, redact: Redactor): string {
  return [`Run ${header.runId} of ${header.tenant}`, `digest ${digest}`, `handover ${header.toolVersion}`, redact.note]
    .filter((part) => part !== "")
    .join(" · ");
}

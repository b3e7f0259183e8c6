/** The page of a run before it is carried out: for somebody who decides whether it is, the irreversible first. */
import type { RunHeader } from "../../model/run.ts";
import { hazardsToAllow } from "../../model/step.ts";
import { counted, thousands } from "../../model/text.ts";
import type { Redactor } from "../redact.ts";
import type { Pages, RunFacts } from "../rows.ts";
import { applyCommand, percentText } from "../words.ts";
import { html, joined } from "./markup.ts";
import type { Markup } from "./markup.ts";
import type { PageContent } from "./page.ts";
import { facts, plainTable, readMore, sections, strip, tablePlace } from "./parts.ts";
import { exposurePicture, footLine, provenance } from "./run-parts.ts";
import { stepsTable } from "./steps-table.ts";
import { TextPools } from "./tables.ts";

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

function hazardList({ hazards }: RunHeader, redact: Redactor): Markup | undefined {
  if (hazards.length === 0) return undefined;
  const table = plainTable(
    ["Hazard", "Allowed", "What it means"],
    hazards
      .toSorted((a, b) => Number(hazardsToAllow.has(b.name)) - Number(hazardsToAllow.has(a.name)))
      .map(({ name, text }) => [
        html`<code>${name}</code>`,
        hazardsToAllow.has(name) ? "must be, by name" : "need not be",
        redact.text(text),
      ]),
  );
  const names = hazards.map(({ name }) => name);
  return joined([table, readMore("hazard", names)]);
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
    readMore(
      "failure",
      list.map(({ rule }) => rule),
    ),
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
      ["Changes to one owner's assets", thousands(totals.mostOfOneOwner?.changes ?? 0), ceiling(ceilings.perOwner)],
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

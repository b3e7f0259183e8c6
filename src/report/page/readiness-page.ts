/** The page of off-boarding readiness: everybody who leaves, what must happen before, and a checklist to work through. */
import { instantText } from "../../model/clock.ts";
import { isWhole } from "../../model/inventory.ts";
import { readinessConcerns } from "../../model/readiness.ts";
import type { LeaverReadiness, ReadinessConcern, ReadinessView } from "../../model/readiness.ts";
import { counted, thousands } from "../../model/text.ts";
import {
  concernRemedy,
  concernWords,
  deadlineText,
  heirsText,
  readinessVerdict,
  stateWords,
} from "../readiness-words.ts";
import type { Redactor } from "../redact.ts";
import { timeText } from "../words.ts";
import { html } from "./markup.ts";
import type { Markup } from "./markup.ts";
import type { PageContent } from "./page.ts";
import { bars, facts, strip, tablePlace } from "./parts.ts";
import type { Tone } from "./parts.ts";
import { TableBuilder, TextPools } from "./tables.ts";

const rowsMax = 50_000;

const tones: Readonly<Record<ReadinessConcern, Tone>> = {
  "only-reachable": "critical",
  "sole-editor": "high",
  credentials: "medium",
  ownership: "info",
  unreadable: "low",
};

export function readinessPage(view: ReadinessView, redact: Redactor): PageContent {
  const pools = new TextPools();
  const checklist = checklistTable(view, pools, redact);
  const { header, finished } = view;
  const provenance = [
    `Snapshot ${header.snapshotId} of ${header.tenant}`,
    finished === undefined ? "not finished" : `taken ${timeText(finished.at)}, digest ${finished.digest}`,
    `list ${view.list}`,
    `made ${timeText(view.madeAt)} by handover ${view.toolVersion}`,
    redact.note,
  ];
  return {
    title: `Off-boarding readiness, ${header.tenant}`,
    body: bodyOf(view, redact),
    tables: [checklist.end()],
    pools: pools.end(),
    timeLines: [],
    provenance: provenance.filter((part) => part !== "").join(" · "),
  };
}

function bodyOf(view: ReadinessView, redact: Redactor): Markup {
  const sum = (concern: ReadinessConcern): number =>
    view.leavers.reduce((total, { concerns }) => total + concerns[concern], 0);
  return html`
    <h1>${`Off-boarding readiness, ${view.header.tenant}`}</h1>
    <p class="lead">${redact.text(readinessVerdict(view))}</p>
    ${isWhole(view.coverage) ? undefined : html`<p class="notice">Part of the tenant could not be seen: what is listed here may not be all. The audit of the same snapshot shows the gaps.</p>`}
    ${strip(
      readinessConcerns.map((concern) => ({
        value: thousands(sum(concern)),
        label: concernWords[concern],
        tone: sum(concern) > 0 ? tones[concern] : undefined,
        filter: { table: "checklist", where: `concerns=~${concernWords[concern]}` },
      })),
    )}
    <section>
      <h2>Who leaves</h2>
      ${picture(view, redact)}
    </section>
    <div class="columns">${view.leavers.map((leaver) => leaverSection(leaver, redact))}</div>
    <section>
      <h2>Checklist</h2>
      <p class="muted">Press a figure above to see only those; open a row for what to do.</p>
      ${tablePlace("checklist")}
    </section>
    <section>
      <h2>What this cannot see</h2>
      <p>
        Google's API does not tell whose credentials a data source uses, which deliveries are scheduled, or where a
        report is embedded. A data source is taken to use its owner's credentials; deliveries and embeddings stop or go
        on unseen. What belongs to a deleted account is kept for 20 days and can be had back only by restoring the
        account.
      </p>
    </section>
  `;
}

function picture({ leavers }: ReadinessView, redact: Redactor): Markup {
  return bars(
    leavers.slice(0, 40).map((leaver) => ({
      label: redact.text(leaver.email).split("@")[0] ?? "",
      parts: parts(leaver),
    })),
    "Live assets of each",
  );
}

/** Of what the leaver owns: each asset in one part. */
function parts({
  reports,
  dataSources,
  concerns,
  soleEditorOfOwn,
}: LeaverReadiness): Parameters<typeof bars>[0][number]["parts"] {
  const owned = reports + dataSources;
  const { "only-reachable": alone, unreadable } = concerns;
  return [
    { value: alone, tone: "critical", label: concernWords["only-reachable"] },
    { value: soleEditorOfOwn, tone: "high", label: concernWords["sole-editor"] },
    { value: unreadable, tone: "plain", label: concernWords.unreadable },
    { value: owned - alone - soleEditorOfOwn - unreadable, tone: "good", label: "others can edit" },
  ];
}

function leaverSection(leaver: LeaverReadiness, redact: Redactor): Markup {
  const { email, state, wasRead, reports, dataSources, trashed, editsOfOthers, concerns } = leaver;
  const name = redact.text(email);
  return html`<section>
    <h3>${name}</h3>
    <button
      type="button"
      data-filter="checklist"
      data-where="${`leaver=${encodeURIComponent(name)}`}"
      aria-label="${`Only ${name} in the checklist`}"
    >
      In the checklist
    </button>
    ${wasRead ? undefined : html`<p class="notice">${`${name} was not read: what only they see is missing here.`}</p>`}
    ${facts([
      ["Now", stateWords[state]],
      ["Deadlines", deadlineText(leaver)],
      [
        "Owns",
        `${counted(reports, "report")}, ${counted(dataSources, "data source")}, ${thousands(trashed)} in the trash`,
      ],
      [
        "Alone",
        `${thousands(concerns["only-reachable"])} nobody else gets into, ${thousands(concerns["sole-editor"])} nobody else can edit`,
      ],
      ["Edits", `${counted(editsOfOthers, "asset")} of others`],
      ["Heirs", redact.text(heirsText(leaver))],
    ])}
  </section>`;
}

function checklistTable(view: ReadinessView, pools: TextPools, redact: Redactor): TableBuilder {
  const table = new TableBuilder(
    "checklist",
    ["asset", "assets"],
    [
      { key: "leaver", label: "Leaver", kind: "choice", share: 2 },
      { key: "title", label: "Asset", kind: "text", share: 3, pool: "titles" },
      { key: "type", label: "Type", kind: "choice", share: 1.4 },
      { key: "concerns", label: "Why", kind: "text", share: 3, isList: true },
      { key: "editors", label: "Can be edited by", kind: "text", share: 2.6, isList: true },
      { key: "changed", label: "Changed", kind: "text", share: 1.2 },
      { key: "todo", label: "To do", kind: "detail" },
      { key: "id", label: "Asset id", kind: "detail", pool: "ids" },
    ],
    { rowsMax, link: { from: "title", id: "id", type: "type" }, pools },
  );
  for (const { leaver, asset, concerns, editors } of view.rows) {
    const changed = Date.parse(asset.updateTime ?? "");
    table.add([
      redact.text(leaver),
      redact.title(asset.title),
      asset.assetType,
      concerns.map((concern) => concernWords[concern]).join(", "),
      redact.text(editors.join(", ")),
      Number.isNaN(changed) ? "" : instantText(changed).slice(0, 10),
      concerns.map(concernRemedy).join(" "),
      asset.name,
    ]);
  }
  return table;
}

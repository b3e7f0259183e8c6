/** The page of an audit: the verdict, coverage, the pictures, every finding with its remedy, and every asset. */
import { dayMs } from "../../model/clock.ts";
import { ageBuckets, audiences, exposureRoles, ownerStates } from "../../model/audit.ts";
import type { AuditView, AuditedRow, OwnerState } from "../../model/audit.ts";
import { isWhole } from "../../model/inventory.ts";
import { counted, thousands } from "../../model/text.ts";
import { ageText, auditVerdict } from "../audit-document.ts";
import { tallies } from "../findings.ts";
import type { FindingPages } from "../findings.ts";
import type { Redactor } from "../redact.ts";
import { percentText, timeText } from "../words.ts";
import { assetsTable, findingsTable } from "./audit-tables.ts";
import { html, joined } from "./markup.ts";
import type { Markup } from "./markup.ts";
import type { PageContent } from "./page.ts";
import { bars, facts, matrix, plainTable, sections, strip, tablePlace } from "./parts.ts";
import type { Tone } from "./parts.ts";
import { TextPools } from "./tables.ts";

export async function auditPage(
  view: AuditView,
  findings: FindingPages,
  assets: AsyncIterable<readonly AuditedRow[]>,
  redact: Redactor,
): Promise<PageContent> {
  const pools = new TextPools();
  const assetTable = await assetsTable(assets, pools, redact);
  const findingTable = await findingsTable(view, findings, pools, redact);
  const { header, finished } = view;
  const provenance = [
    `Snapshot ${header.snapshotId} of ${header.tenant}`,
    finished === undefined ? "not finished" : `taken ${timeText(finished.at)}, digest ${finished.digest}`,
    `audited ${timeText(view.madeAt)} by handover ${view.toolVersion}`,
    redact.note,
  ];
  return {
    title: `Audit of ${header.tenant}`,
    body: bodyOf(view, redact),
    tables: [findingTable.end(), assetTable.end()],
    pools: pools.end(),
    timeLines: [],
    provenance: provenance.filter((part) => part !== "").join(" · "),
  };
}

function bodyOf(view: AuditView, redact: Redactor): Markup {
  return html`
    <h1>${`Audit of ${view.header.tenant}`}</h1>
    <p class="lead">${auditVerdict(view)}</p>
    ${verdictStrip(view)} ${coverageNotice(view, redact)}
    <div class="columns">
      <section>
        <h2>Who gets in, and how</h2>
        <p class="muted">Live assets; press a figure to see them.</p>
        ${exposurePicture(view)}
      </section>
      <section>
        <h2>Whose they are</h2>
        ${ownersPicture(view)}
      </section>
    </div>
    <section>
      <h2>Findings</h2>
      ${tablePlace("findings")}
    </section>
    <div class="columns">
      <section>
        <h2>Owners who carry most</h2>
        ${risks(view, redact)}
      </section>
      <section>
        <h2>Domains outside</h2>
        ${domains(view)}
      </section>
    </div>
    <div class="columns">
      <section>
        <h2>Last changed</h2>
        ${agesPicture(view)}
      </section>
      <section>
        <h2>Rules</h2>
        ${ruleList(view)}
      </section>
    </div>
    <section>
      <h2>Assets</h2>
      ${tablePlace("assets")}
    </section>
    ${sections([["How this was made, and what it cannot see", method(view)]])}
  `;
}

function verdictStrip(view: AuditView): Markup {
  const compared = view.earlier !== undefined;
  return strip(
    tallies(view.counts).map(({ severity, open, fresh, fixed, accepted }) => {
      const change = compared ? [`${thousands(fresh)} new`, `${thousands(fixed)} fixed`] : [];
      const known = accepted > 0 ? [`${thousands(accepted)} accepted`] : [];
      return {
        value: thousands(open),
        label: severity,
        note: [...change, ...known].join(", "),
        tone: open > 0 ? (severity satisfies Tone) : undefined,
        filter: { table: "findings", where: `severity=${severity}` },
      };
    }),
  );
}

function coverageNotice({ coverage }: AuditView, redact: Redactor): Markup {
  const readable = coverage.usersTotal - coverage.usersSkipped.length;
  const asked = coverage.permissionsRead + coverage.permissionsUnreadable + coverage.permissionsPending;
  const share = (part: number, whole: number): string => percentText(whole === 0 ? 100 : (100 * part) / whole);
  const whole = isWhole(coverage);
  const gaps: readonly (readonly [string, string])[] = [
    ...coverage.usersFailed.map(({ user, reason }) => [`user ${redact.text(user)}`, redact.text(reason)] as const),
    ...coverage.unreadable.map(({ reason, count }) => [counted(count, "asset"), redact.text(reason)] as const),
    ...coverage.groupsUnreadable.map(
      ({ group, reason }) => [`group ${redact.text(group)}`, redact.text(reason)] as const,
    ),
  ];
  const summary = `Coverage: ${share(coverage.usersRead, readable)} of users, ${share(coverage.permissionsRead, asked)} of permissions`;
  return html`<section class="notice ${whole ? "calm" : ""}" aria-label="Coverage">
    <strong>${whole ? `${summary}: whole` : `${summary}. What follows could not be seen`}</strong>
    ${facts([
      [
        "Users",
        `${thousands(coverage.usersRead)} of ${thousands(readable)} read; ${counted(coverage.usersSkipped.length, "user")} cannot be acted as (suspended, archived, deleted): what only they see is not here`,
      ],
      [
        "Assets",
        coverage.queries
          .map(({ assetType, trashed, assets }) => `${thousands(assets)} ${assetType}${trashed ? " in the trash" : ""}`)
          .join(" · "),
      ],
      [
        "Permissions",
        `${thousands(coverage.permissionsRead)} read, ${thousands(coverage.permissionsUnreadable)} unreadable, ${thousands(coverage.permissionsCarriedOver)} carried over`,
      ],
      ["Groups", `${thousands(coverage.groupsRead)} read, ${thousands(coverage.groupsUnreadable.length)} not`],
    ])}
    ${
      gaps.length === 0
        ? undefined
        : html`<details>
            <summary>${counted(gaps.length, "gap")}</summary>
            ${plainTable(["Not seen", "Why"], gaps.slice(0, 500))}
          </details>`
    }
  </section>`;
}

function exposurePicture({ sums }: AuditView): Markup {
  return matrix({
    rows: audiences,
    columns: exposureRoles,
    count: (audience, role) =>
      sums.exposure.find((each) => each.audience === audience && each.role === role)?.assets ?? 0,
    filter: (audience, role) => ({ table: "assets", where: `access=~${audience} ${role}&trashed=live` }),
  });
}

const stateTones: Readonly<Record<OwnerState, Tone>> = {
  active: "good",
  suspended: "high",
  archived: "high",
  deleted: "critical",
  unknown: "critical",
  outside: "high",
  none: "critical",
};

function ownersPicture({ sums }: AuditView): Markup {
  const types = [...new Set(sums.owners.map(({ assetType }) => assetType))];
  const list = types.map((type) => ({
    label: type,
    parts: ownerStates.map((state) => ({
      value: sums.owners.find((each) => each.state === state && each.assetType === type)?.assets ?? 0,
      tone: stateTones[state],
      label: state,
    })),
  }));
  const rows = ownerStates.map((state) => [
    html`<button type="button" data-filter="assets" data-where="${`owner_state=${state}&trashed=live`}">
      ${state}
    </button>`,
    ...types.map((type) =>
      thousands(sums.owners.find((each) => each.state === state && each.assetType === type)?.assets ?? 0),
    ),
  ]);
  return joined([
    bars(list, "Live assets by the state of their owner"),
    plainTable(
      ["Owner is", ...types],
      rows,
      types.map((_, index) => index + 1),
    ),
  ]);
}

function risks({ sums }: AuditView, redact: Redactor): Markup {
  if (sums.risks.length === 0) return html`<p class="muted">Nobody.</p>`;
  return plainTable(
    ["Owner", "Assets", "Critical", "High", "Medium"],
    sums.risks
      .slice(0, 15)
      .map(({ owner, assets, findings }) => [
        html`<button type="button" data-filter="findings" data-where="${`q=${encodeURIComponent(redact.text(owner))}`}">
          ${redact.text(owner)}
        </button>`,
        thousands(assets),
        thousands(findings.critical),
        thousands(findings.high),
        thousands(findings.medium),
      ]),
    [1, 2, 3, 4],
  );
}

function domains({ sums }: AuditView): Markup {
  if (sums.domains.length === 0) return html`<p class="muted">None.</p>`;
  return plainTable(
    ["Domain", "Members", "Assets", "Of them editable"],
    sums.domains
      .slice(0, 15)
      .map(({ domain, members, assets, editable }) => [
        html`<button type="button" data-filter="findings" data-where="${`q=${encodeURIComponent(domain)}`}">
          ${domain}
        </button>`,
        thousands(members),
        thousands(assets),
        thousands(editable),
      ]),
    [1, 2, 3],
  );
}

function agesPicture({ sums }: AuditView): Markup {
  const list = ageBuckets.map((_, index) => ({
    label: `${ageText(index)} days`,
    parts: [{ value: sums.ages[index] ?? 0, tone: "plain" as const, label: "assets" }],
  }));
  return bars(list, "Live assets by days since the last change");
}

function ruleList(view: AuditView): Markup {
  return joined(
    view.rules.map(
      ({ id, severity, title, rationale, remedy }) =>
        html`<details>
          <summary><strong>${title}</strong> <span class="muted">${severity} · ${id}</span></summary>
          <p>${rationale}</p>
          <p>${remedy}</p>
        </details>`,
    ),
  );
}

function method({ header, settings, earlier, baseline }: AuditView): Markup {
  const trusted = settings.trusted.length === 0 ? "none beside the tenant's own" : settings.trusted.join(", ");
  return html`<p>
      Every user who can be acted as was asked for the reports and data sources they see, live and in the trash; the
      permissions of each asset were read once, through whoever may. Google offers no list of all assets of an
      organisation: what nobody who was asked has ever seen is not here, and neither are workspaces, sharing of the
      underlying data, or links that were published elsewhere.
    </p>
    ${facts([
      ["Tenant", [...header.domains].join(", ")],
      ["Trusted domains", trusted],
      ["Stale after", counted(Math.round(settings.staleAfterMs / dayMs), "day")],
      ["Many editors", `above ${settings.editorsMax}`],
      ...(earlier === undefined ? [] : [["Compared with", `${earlier.name}, ${timeText(earlier.at)}`] as const]),
      ...(baseline === undefined
        ? []
        : [
            [
              "Baseline",
              `${baseline.name}: ${thousands(baseline.entries)} accepted, ${thousands(baseline.expired)} expired, ${thousands(baseline.unused)} unused`,
            ] as const,
          ]),
    ])}`;
}

/** The audit as a document for people: the verdict, what was seen and what was not, the figures, then each finding. */
import { dayMs } from "../model/clock.ts";
import { assetUrl } from "../model/asset.ts";
import { ageBuckets, audiences, exposureRoles, ownerStates } from "../model/audit.ts";
import type { AuditView, RuleWords } from "../model/audit.ts";
import type { StoredFinding } from "../model/finding.ts";
import { isWhole } from "../model/inventory.ts";
import { counted, thousands } from "../model/text.ts";
import type { Block, Phrase } from "./document.ts";
import { blockMarkdown } from "./document-markdown.ts";
import { blockText } from "./document-text.ts";
import { openOfRule, tallies, worstOpen } from "./findings.ts";
import type { FindingPages } from "./findings.ts";
import type { Style } from "./style.ts";
import { percentText, shellWord, timeText } from "./words.ts";

const listedMax = 10;

export interface AuditShowing {
  /** Findings listed under each rule; all are counted. */
  readonly perRuleMax: number;
}

/** Lines without their ends. */
export async function* auditText(
  view: AuditView,
  pages: FindingPages,
  showing: AuditShowing,
  style: Style,
): AsyncGenerator<string> {
  for await (const block of auditBlocks(view, pages, showing)) yield* blockText(block, style);
}

export async function* auditMarkdown(
  view: AuditView,
  pages: FindingPages,
  showing: AuditShowing,
): AsyncGenerator<string> {
  for await (const block of auditBlocks(view, pages, showing)) yield* blockMarkdown(block);
}

async function* auditBlocks(view: AuditView, pages: FindingPages, showing: AuditShowing): AsyncGenerator<Block> {
  yield { kind: "heading", level: 1, text: `Audit of ${view.header.tenant}` };
  yield { kind: "paragraph", text: [auditVerdict(view)] };
  yield provenance(view);
  yield severityTable(view);
  yield* coverageBlocks(view);
  yield* figureBlocks(view);
  yield* findingBlocks(view, pages, showing);
  yield { kind: "next", command: nextCommand(view) };
}

/** One sentence for somebody who reads no further. What was not seen comes before what was found. */
export function auditVerdict(view: AuditView): string {
  const worst = worstOpen(view.counts);
  const whole = isWhole(view.coverage) ? "" : " Part of the tenant could not be seen: see Coverage.";
  const accepted = tallies(view.counts).reduce((sum, each) => sum + each.accepted, 0);
  if (worst === undefined) {
    const but = accepted === 0 ? "" : ` but ${counted(accepted, "finding")} that the baseline accepts`;
    return `Nothing was found in ${counted(view.sums.assets, "asset")}${but}.${whole}`;
  }
  const listed = tallies(view.counts)
    .filter(({ open }) => open > 0)
    .map(({ severity, open }) => `${thousands(open)} ${severity}`)
    .join(", ");
  return `Found in ${counted(view.sums.assets, "asset")}: ${listed}.${whole}`;
}

function provenance(view: AuditView): Block {
  const { header, finished, settings, earlier, baseline } = view;
  const taken = finished === undefined ? `begun ${timeText(header.startedAt)}, NOT FINISHED` : timeText(finished.at);
  const trusted = settings.trusted.length === 0 ? "no domain beside the tenant's own" : settings.trusted.join(", ");
  return {
    kind: "fields",
    fields: [
      ["Snapshot", [`${view.snapshot} `, { code: header.snapshotId }]],
      ["Taken", [`${taken} by handover ${header.toolVersion}, as ${header.admin}`]],
      ...(finished === undefined ? [] : [["Digest", [{ code: finished.digest }]] as const]),
      ["Trusted", [trusted]],
      [
        "Rules",
        [
          `${counted(view.rules.length, "rule")}; stale after ${Math.round(settings.staleAfterMs / dayMs)} days, many editors above ${settings.editorsMax}`,
        ],
      ],
      ...(earlier === undefined ? [] : [["Compared", [`with ${earlier.name}, ${timeText(earlier.at)}`]] as const]),
      ...(baseline === undefined ? [] : [["Baseline", [baselineText(baseline)]] as const]),
      ["Audited", [`${timeText(view.madeAt)} by handover ${view.toolVersion}`]],
    ],
  };
}

function baselineText({ name, entries, expired, unused }: NonNullable<AuditView["baseline"]>): string {
  const parts = [
    `${name}: ${counted(entries, "entry", "entries")}`,
    expired > 0 ? `${thousands(expired)} expired and counted again` : "",
    unused > 0 ? `${thousands(unused)} stand for nothing any more` : "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function severityTable(view: AuditView): Block {
  const compared = view.earlier !== undefined;
  const accepts = view.baseline !== undefined;
  return {
    kind: "table",
    columns: [
      { name: "Severity" },
      { name: "Findings", right: true },
      ...(compared
        ? [
            { name: "New", right: true },
            { name: "Fixed", right: true },
          ]
        : []),
      ...(accepts ? [{ name: "Accepted", right: true }] : []),
    ],
    rows: tallies(view.counts).map(({ severity, open, fresh, fixed, accepted }) => [
      [severity],
      [thousands(open)],
      ...(compared ? [[thousands(fresh)], [thousands(fixed)]] : []),
      ...(accepts ? [[thousands(accepted)]] : []),
    ]),
  };
}

function* coverageBlocks({ coverage }: AuditView): Generator<Block> {
  const readable = coverage.usersTotal - coverage.usersSkipped.length;
  const permissions = coverage.permissionsRead + coverage.permissionsUnreadable + coverage.permissionsPending;
  yield { kind: "heading", level: 2, text: isWhole(coverage) ? "Coverage" : "Coverage: INCOMPLETE" };
  const share = (part: number, whole: number): string => percentText(whole === 0 ? 100 : (100 * part) / whole);
  yield {
    kind: "fields",
    fields: [
      [
        "Users",
        [`${thousands(coverage.usersRead)} of ${thousands(readable)} read (${share(coverage.usersRead, readable)})`],
      ],
      [
        "Permissions",
        [
          `${thousands(coverage.permissionsRead)} of ${thousands(permissions)} read (${share(coverage.permissionsRead, permissions)})`,
        ],
      ],
      ["Groups", [`${thousands(coverage.groupsRead)} read, ${thousands(coverage.groupsUnreadable.length)} not`]],
      [
        "Not acted as",
        [
          `${counted(coverage.usersSkipped.length, "user")} suspended, archived or deleted: what only they see is not here`,
        ],
      ],
      ...(coverage.permissionsCarriedOver === 0
        ? []
        : [
            [
              "Carried over",
              [
                `permissions of ${counted(coverage.permissionsCarriedOver, "asset")} from an earlier snapshot${coverage.oldestReadAt === undefined ? "" : `, the oldest of ${timeText(coverage.oldestReadAt)}`}`,
              ],
            ] as const,
          ]),
    ],
  };
  const gaps = [
    ...coverage.usersFailed.map(({ user, reason }) => [`user ${user}`, reason]),
    ...coverage.unreadable.map(({ reason, count }) => [counted(count, "asset"), reason]),
    ...coverage.groupsUnreadable.map(({ group, reason }) => [`group ${group}`, reason]),
  ];
  if (gaps.length === 0) return;
  yield {
    kind: "table",
    columns: [{ name: "Not seen" }, { name: "Why" }],
    rows: gaps.slice(0, listedMax).map((row) => row.map((text) => [text])),
  };
  if (gaps.length > listedMax) yield { kind: "paragraph", text: [`and ${thousands(gaps.length - listedMax)} more`] };
}

function* figureBlocks({ sums }: AuditView): Generator<Block> {
  yield { kind: "heading", level: 2, text: "Who gets in, and how (live assets)" };
  yield {
    kind: "table",
    columns: [{ name: "" }, ...exposureRoles.map((name) => ({ name, right: true }))],
    rows: audiences.map((audience) => [
      [audience],
      ...exposureRoles.map((role) => [thousands(cell(sums.exposure, audience, role))]),
    ]),
  };
  const types = [...new Set(sums.owners.map(({ assetType }) => assetType))];
  yield { kind: "heading", level: 2, text: "Owners (live assets)" };
  yield {
    kind: "table",
    columns: [{ name: "Owner is" }, ...types.map((name) => ({ name, right: true }))],
    rows: ownerStates.map((state) => [
      [state],
      ...types.map((type) => [
        thousands(sums.owners.find((each) => each.state === state && each.assetType === type)?.assets ?? 0),
      ]),
    ]),
  };
  if (sums.risks.length > 0) {
    yield { kind: "heading", level: 2, text: "Owners who carry most" };
    yield {
      kind: "table",
      columns: [{ name: "Owner" }, ...["Assets", "critical", "high", "medium"].map((name) => ({ name, right: true }))],
      rows: sums.risks
        .slice(0, listedMax)
        .map(({ owner, assets, findings }) => [
          [owner],
          [thousands(assets)],
          [thousands(findings.critical)],
          [thousands(findings.high)],
          [thousands(findings.medium)],
        ]),
    };
  }
  if (sums.domains.length > 0) {
    yield { kind: "heading", level: 2, text: "Domains outside" };
    yield {
      kind: "table",
      columns: [
        { name: "Domain" },
        ...["Members", "Assets", "Of them editable"].map((name) => ({ name, right: true })),
      ],
      rows: sums.domains
        .slice(0, listedMax)
        .map(({ domain, members, assets, editable }) => [
          [domain],
          [thousands(members)],
          [thousands(assets)],
          [thousands(editable)],
        ]),
    };
  }
  yield { kind: "heading", level: 2, text: "Last changed (live assets)" };
  yield {
    kind: "table",
    columns: ["Days ago", "Assets"].map((name) => ({ name, right: true })),
    rows: sums.ages.map((count, index) => [[ageText(index)], [thousands(count)]]),
  };
}

function cell(exposure: AuditView["sums"]["exposure"], audience: string, role: string): number {
  return exposure.find((each) => each.audience === audience && each.role === role)?.assets ?? 0;
}

/** Such as `30 to 90`; the last bucket is open. */
export function ageText(index: number): string {
  const from = ageBuckets[index - 1];
  const to = ageBuckets[index];
  if (from === undefined) return `under ${to ?? 0}`;
  return to === undefined ? `over ${from}` : `${from} to ${to}`;
}

async function* findingBlocks(
  view: AuditView,
  pages: FindingPages,
  { perRuleMax }: AuditShowing,
): AsyncGenerator<Block> {
  const words = new Map(view.rules.map((rule) => [rule.id, rule]));
  const compared = view.earlier !== undefined;
  let section: StoredFinding[] = [];
  let passed = 0;
  const end = function* (): Generator<Block> {
    const rule = words.get(section[0]?.finding.rule ?? "");
    if (rule !== undefined) yield* ruleBlocks(rule, section, passed, compared, openOfRule(view.counts, rule.id));
    section = [];
    passed = 0;
  };
  for await (const page of pages) {
    for (const stored of page) {
      if (stored.accepted !== undefined) continue;
      const first = section[0];
      const isOther =
        first !== undefined &&
        (first.finding.rule !== stored.finding.rule || (first.change === "fixed") !== (stored.change === "fixed"));
      if (isOther) yield* end();
      if (section.length < perRuleMax) section.push(stored);
      else passed += 1;
    }
  }
  yield* end();
}

function* ruleBlocks(
  rule: RuleWords,
  section: readonly StoredFinding[],
  passed: number,
  compared: boolean,
  open: number,
): Generator<Block> {
  const fixed = section[0]?.change === "fixed";
  const count = fixed ? section.length + passed : open;
  yield { kind: "heading", level: 2, text: `${fixed ? "fixed" : rule.severity}: ${rule.title} (${thousands(count)})` };
  if (!fixed) yield { kind: "paragraph", text: [`${rule.rationale} ${rule.remedy} `, { code: rule.id }] };
  yield {
    kind: "table",
    columns: [{ name: "Asset" }, { name: "Owner" }, { name: "Found" }, ...(compared ? [{ name: "" }] : [])],
    rows: section.map(({ finding, change }) => [
      assetPhrase(finding.asset),
      [finding.asset?.owner ?? ""],
      [finding.text],
      ...(compared ? [[change === "new" ? "new" : ""]] : []),
    ]),
  };
  if (passed > 0) yield { kind: "paragraph", text: [`and ${thousands(passed)} more: add --all, or --format csv`] };
}

function assetPhrase(asset: StoredFinding["finding"]["asset"]): Phrase {
  if (asset === undefined) return [""];
  return [`${asset.assetType} "${asset.title}" `, { code: asset.name }];
}

/** The page of an asset, for the formats that link. */
export function findingUrl({ finding }: StoredFinding): string {
  return finding.asset === undefined ? "" : assetUrl(finding.asset.name, finding.asset.assetType);
}

function nextCommand(view: AuditView): string {
  const snapshot = shellWord(view.snapshot);
  return worstOpen(view.counts) === undefined
    ? `handover audit ${snapshot} --format html -o audit.html`
    : `handover audit ${snapshot} --fix-plan fix.csv`;
}

/** What pages are made of, for the tests that look at them: an audit, readiness, a plan and a run, with a bit of everything. */
import { ageBuckets, audiences, exposureRoles } from "../../src/model/audit.ts";
import type { AuditSums, AuditView, AuditedRow, OwnerState, RuleWords } from "../../src/model/audit.ts";
import type { Asset } from "../../src/model/asset.ts";
import type { Email } from "../../src/model/email.ts";
import { severities } from "../../src/model/finding.ts";
import type { Finding, FindingCount, Severity, StoredFinding } from "../../src/model/finding.ts";
import { inventoryQueries } from "../../src/model/inventory.ts";
import type { InventoryCoverage } from "../../src/model/inventory.ts";
import { member } from "../../src/model/member.ts";
import { EDITOR } from "../../src/model/permissions.ts";
import { noCounts } from "../../src/model/run.ts";
import { readinessConcerns } from "../../src/model/readiness.ts";
import type { LeaverReadiness, ReadinessConcern, ReadinessRow, ReadinessView } from "../../src/model/readiness.ts";
import type { TelemetryView } from "../../src/model/telemetry.ts";
import type { PageContent } from "../../src/report/page/page.ts";
import { auditPage } from "../../src/report/page/audit-page.ts";
import { readinessPage } from "../../src/report/page/readiness-page.ts";
import { planPage } from "../../src/report/page/plan-page.ts";
import { runPage } from "../../src/report/page/run-page.ts";
import { Redactor } from "../../src/report/redact.ts";
import type { Redaction } from "../../src/report/redact.ts";
import type { StepProgress } from "../../src/report/rows.ts";
import { anna, assetName, createdAt, digest, edit, email, ended, facts, header, leaver, pages } from "./sample.ts";

const dayMs = 86_400_000;
const tenant = header().tenant;

const rules: readonly RuleWords[] = (
  [
    ["public-link-edit", "critical", "Anyone with the link can edit"],
    ["owner-deleted", "critical", "The owner's account is gone"],
    ["public-link-view", "high", "Anyone with the link can view"],
    ["external-editor", "high", "Somebody outside can edit"],
    ["external-viewer", "medium", "Somebody outside can view"],
    ["no-second-editor", "medium", "Nobody but the owner can edit"],
    ["deleted-principal", "low", "A grant to an account that is gone"],
    ["stale", "info", "Not changed for a long time"],
  ] as const
).map(([id, severity, title]) => ({
  id,
  severity,
  title,
  rationale: `Why ${id} matters, in a sentence for whoever has to decide.`,
  remedy: "What can be done about it, in a sentence.",
}));

const titles = [
  "EMEA pipeline",
  "Quarterly board minutes (confidential)",
  "売上データ – Q3",
  "דוח מכירות - 2026",
  "Cost per acquisition by channel, region and campaign, daily, with the forecast of the next two quarters beside it",
  "Support backlog",
];

const owners: readonly Email[] = ["anna", "bo", "chika", "dieter.van.der.heide", "leaver"].map((name) =>
  email(`${name}@acme.example`),
);

function pick<T>(list: readonly T[], place: number): T {
  const found = list[place % list.length];
  if (found === undefined) throw new Error("an empty list has nothing to pick");
  return found;
}

/** An id in the shape of Google's, another for each place. */
function idOf(place: number): string {
  // Spread like random ids: a page of them must not compress better than the real ones.
  let state = (place + 1) * 2_654_435_761;
  const hex = Array.from({ length: 32 }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) | 0;
    return ((state >>> 9) & 15).toString(16);
  }).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function asset(place: number, title = `${pick(titles, place)} ${place}`): Asset {
  return {
    name: assetName(idOf(place)),
    assetType: place % 3 === 2 ? "DATA_SOURCE" : "REPORT",
    title,
    owner: pick(owners, place),
    trashed: place % 17 === 16,
    updateTime: new Date(createdAt - (place % 900) * dayMs).toISOString(),
  };
}

const ownerStates: readonly OwnerState[] = ["active", "active", "active", "active", "suspended", "deleted", "outside"];

/** Rows of an audit, `count` of them. `named` are titles that stand first. */
function* auditedRows(count: number, named: readonly string[] = []): Generator<readonly AuditedRow[]> {
  for (let from = 0; from < count; from += 1000) {
    yield Array.from({ length: Math.min(1000, count - from) }, (_, index): AuditedRow => {
      const place = from + index;
      return {
        asset: asset(place, named[place]),
        ownerState: pick(ownerStates, place),
        access:
          place % 29 === 28
            ? undefined
            : [
                ...(place % 5 === 0 ? ["public LINK_VIEWER"] : []),
                ...(place % 7 === 0 ? ["outside EDITOR"] : []),
                "person EDITOR",
              ],
        editors: place % 12,
      };
    });
  }
}

function* storedFindings(count: number, named: readonly string[] = []): Generator<readonly StoredFinding[]> {
  for (let from = 0; from < count; from += 1000) {
    yield Array.from({ length: Math.min(1000, count - from) }, (_, index): StoredFinding => {
      const place = from + index;
      return {
        order: place + 1,
        finding: finding(place, named[place]),
        accepted:
          place % 11 === 10
            ? { until: "2027-03-31", reason: "agreed with the data office, boss@acme.example" }
            : undefined,
        change: pick(["known", "known", "new", "fixed"] as const, place),
      };
    });
  }
}

function finding(place: number, title: string | undefined): Finding {
  const rule = pick(rules, place);
  const about = asset(place, title);
  const who = member(`user:guest${place % 40}@partner.example`);
  return {
    rule: rule.id,
    severity: rule.severity,
    asset: { name: about.name, assetType: about.assetType, title: about.title, owner: about.owner },
    member: who,
    role: EDITOR,
    text: `${who} is outside and can edit${title === undefined ? "" : ` "${title}"`}`,
    fix:
      place % 4 === 3
        ? undefined
        : new Map([
            ["action", "revoke"],
            ["asset", about.name],
            ["member", who],
            ["role", EDITOR],
          ]),
  };
}

function countsOf(found: Iterable<readonly StoredFinding[]>): readonly FindingCount[] {
  const counts = new Map<string, FindingCount>();
  for (const page of found) {
    for (const { finding: each, change, accepted } of page) {
      const key = JSON.stringify([each.rule, change, accepted !== undefined]);
      const before = counts.get(key)?.count ?? 0;
      const { rule, severity } = each;
      counts.set(key, { rule, severity, change, accepted: accepted !== undefined, count: before + 1 });
    }
  }
  return [...counts.values()];
}

function sumsOf(assets: number): AuditSums {
  return {
    assets,
    trashed: Math.floor(assets / 17),
    exposure: audiences.flatMap((audience, row) =>
      exposureRoles.flatMap((role, column) => {
        const count = (row * 7 + column * 3) % 5 === 0 ? 0 : Math.ceil(assets / (1 + row * 3 + column * 5));
        return count === 0 ? [] : [{ audience, role, assets: count }];
      }),
    ),
    owners: ownerStates.flatMap((state, place) => [
      { state, assetType: "REPORT", assets: Math.ceil(assets / (2 + 9 * place)) },
      { state, assetType: "DATA_SOURCE", assets: Math.ceil(assets / (3 + 20 * place)) },
    ]),
    risks: owners.map((owner, place) => ({
      owner,
      assets: 120 - 9 * place,
      findings: severityRecord((_, at) => Math.max(0, 14 - 4 * at - 2 * place)),
    })),
    domains: ["partner.example", "gmail.com", "agency-with-a-rather-long-name.example"].map((domain, place) => ({
      domain,
      members: 40 - 11 * place,
      assets: 300 - 90 * place,
      editable: 30 - 12 * place,
    })),
    ages: ageBuckets.map((_, place) => Math.ceil(assets / (3 + place))),
    ageless: 2,
  };
}

function severityRecord(of: (severity: Severity, place: number) => number): Readonly<Record<Severity, number>> {
  const [critical, high, medium, low, info] = severities.map(of);
  return { critical: critical ?? 0, high: high ?? 0, medium: medium ?? 0, low: low ?? 0, info: info ?? 0 };
}

function coverage(overrides: Partial<InventoryCoverage> = {}): InventoryCoverage {
  return {
    usersTotal: 124,
    usersTried: 118,
    usersRead: 117,
    usersPending: 0,
    usersFailed: [{ user: email("zoe@acme.example"), reason: "Data Studio is turned off for zoe@acme.example" }],
    usersSkipped: [{ user: email("gone@acme.example"), reason: "suspended" }],
    assetsRead: 2893,
    permissionsRead: 2890,
    permissionsUnreadable: 3,
    permissionsPending: 0,
    permissionsCarriedOver: 0,
    trashedRead: true,
    queries: inventoryQueries.map((query, place) => ({ ...query, users: 117, assets: 1900 - 600 * place })),
    unreadable: [{ reason: "The caller does not have permission", count: 3 }],
    oldestReadAt: createdAt - 60_000,
    groupsRead: 12,
    groupsUnreadable: [{ group: email("board@acme.example"), reason: "not in the tenant" }],
    ...overrides,
  };
}

const snapshotHeader: AuditView["header"] = {
  snapshotId: "01JD4Z6T5Q8W9X0Y1Z2A3B4C5E",
  toolVersion: "0.1.0",
  tenant,
  domains: header().domains,
  admin: email("admin@acme.example"),
  scope: { kind: "everybody" },
  startedAt: createdAt - 90_000,
  refreshOf: undefined,
};

function auditView(findings: number, assets: number, overrides: Partial<AuditView> = {}): AuditView {
  return {
    snapshot: "october",
    header: snapshotHeader,
    finished: { at: createdAt, digest },
    coverage: coverage(),
    sums: sumsOf(assets),
    counts: countsOf(storedFindings(findings)),
    rules,
    settings: { trusted: ["sister.example"], staleAfterMs: 365 * dayMs, editorsMax: 10 },
    earlier: { name: "september", snapshotId: "01JD4Z6T5Q8W9X0Y1Z2A3B4C5A", at: createdAt - 30 * dayMs },
    baseline: { name: "accepted.yaml", entries: 12, expired: 1, unused: 2 },
    toolVersion: "0.1.0",
    madeAt: createdAt + 3_600_000,
    ...overrides,
  };
}

function leaverReadiness(who: Email, overrides: Partial<LeaverReadiness> = {}): LeaverReadiness {
  return {
    email: who,
    state: "active",
    wasRead: true,
    reports: 31,
    dataSources: 12,
    trashed: 3,
    concerns: { "only-reachable": 6, "sole-editor": 11, credentials: 12, ownership: 43, unreadable: 1 },
    soleEditorOfOwn: 9,
    editsOfOthers: 88,
    heirs: [
      { email: anna, edits: 22 },
      { email: email("bo@acme.example"), edits: 7 },
    ],
    heir: { email: anna, isActive: true },
    suspendedOn: "2026-11-30",
    deletedOn: "2026-12-31",
    lastDay: "2027-01-20",
    ...overrides,
  };
}

function readinessView(rows: number, named: readonly string[] = []): ReadinessView {
  const quiet = { "only-reachable": 0, "sole-editor": 0, credentials: 1, ownership: 2, unreadable: 0 };
  return {
    snapshot: "october",
    header: snapshotHeader,
    finished: { at: createdAt, digest },
    coverage: coverage(),
    list: "people.csv",
    leavers: [
      leaverReadiness(leaver),
      leaverReadiness(email("zoe@acme.example"), {
        state: "suspended",
        wasRead: false,
        reports: 2,
        dataSources: 1,
        trashed: 0,
        concerns: quiet,
        heirs: [],
        heir: undefined,
        suspendedOn: undefined,
        deletedOn: undefined,
        lastDay: undefined,
      }),
    ],
    rows: Array.from({ length: rows }, (_, place): ReadinessRow => ({
      leaver: place % 9 === 8 ? email("zoe@acme.example") : leaver,
      asset: asset(place, named[place]),
      concerns: concernsOf(place),
      editors: place % 3 === 0 ? [] : [anna, email("bo@acme.example")],
    })),
    toolVersion: "0.1.0",
    madeAt: createdAt + 3_600_000,
  };
}

/** Some of everything; every seventh is somebody else's. */
function concernsOf(place: number): readonly ReadinessConcern[] {
  if (place % 7 === 6) return ["sole-editor"];
  const pressing = pick(readinessConcerns, Math.floor(place / 3));
  return place % 3 === 0 && pressing !== "ownership" ? [pressing, "ownership"] : ["ownership"];
}

/** The steps of `ended()`, and edits after them up to `count`; `named` are the titles of those edits. */
function manySteps(count: number, named: readonly string[] = []): readonly StepProgress[] {
  const first = ended();
  const more = Array.from({ length: Math.max(0, count - first.length) }, (_, place): StepProgress => {
    const { name, assetType, title } = asset(place, named[place]);
    const step = edit({ seq: first.length + 1 + place, asset: { name, assetType, title } });
    return {
      step,
      state: pick(["applied", "confirmed", "unchanged", "skipped"] as const, place),
      attempts: 1,
      result: undefined,
      updatedAt: undefined,
    };
  });
  return [...first, ...more];
}

/** Two minutes of calls with a pause in the middle that Google asked for. */
function telemetry(): TelemetryView {
  return {
    bucketMs: 1000,
    buckets: Array.from({ length: 120 }, (_, second) => {
      const isHeld = second >= 50 && second < 70;
      return {
        at: createdAt + second * 1000,
        calls: isHeld ? 0 : 20 + ((second * 7) % 11),
        writes: isHeld ? 0 : 8,
        retries: second % 13 === 0 ? 2 : 0,
        throttles: second === 49 ? 3 : 0,
        p95Ms: isHeld ? undefined : 180 + ((second * 31) % 90),
        permittedPerSecond: isHeld ? 2 : 10,
      };
    }),
    held: [{ from: createdAt + 50_000, to: createdAt + 70_000, reason: "Quota exceeded for anna@acme.example" }],
    slowest: [{ seq: 2, asset: assetName(idOf(2)), ms: 21_400, calls: 4 }],
  };
}

export interface PageOptions {
  readonly rows?: number;
  readonly titles?: readonly string[];
  readonly redaction?: Redaction;
}

export type PageName = "audit" | "readiness" | "plan" | "run";
export const pageNames: readonly PageName[] = ["audit", "readiness", "plan", "run"];

/** One of the four pages. `rows` in each of its tables. */
export async function pageContent(page: PageName, options: PageOptions = {}): Promise<PageContent> {
  const { rows = 300, titles: named = [] } = options;
  const redactor = new Redactor(options.redaction);
  switch (page) {
    case "audit":
      return auditPage(
        auditView(rows, rows),
        inTurn(storedFindings(rows, named)),
        inTurn(auditedRows(rows, named)),
        redactor,
      );
    case "readiness":
      return readinessPage(readinessView(rows, named), redactor);
    case "plan":
      return planPage(facts(), pages(manySteps(rows, named).map(planned), 500), "october-leavers.run", redactor);
    case "run": {
      const counts = { ...noCounts, applied: 93, confirmed: 21, "by-hand": 4, failed: 2, unchanged: 17, skipped: 9 };
      const verification = { at: createdAt + 900_000, verified: 120, drifted: 1, unreadable: 2 };
      const head = { seq: 612, at: createdAt + 900_000, hash: digest, firstBad: undefined };
      const run = pages(manySteps(rows, named), 500);
      return runPage(facts({ counts, verification }), head, run, telemetry(), "october-leavers.run", redactor);
    }
  }
}

function planned({ step }: StepProgress): StepProgress {
  return { step, state: "planned", attempts: 0, result: undefined, updatedAt: undefined };
}

async function* inTurn<T>(pagesOf: Iterable<T>): AsyncGenerator<T> {
  yield* pagesOf;
}

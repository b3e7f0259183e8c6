/** A run with a bit of everything, for the texts that show runs. */
import { assetNameOrUndefined } from "../../src/model/asset.ts";
import type { AssetName } from "../../src/model/asset.ts";
import { etag } from "../../src/model/brand.ts";
import type { Place } from "../../src/model/diagnostic.ts";
import { parseDomain, parseEmail } from "../../src/model/email.ts";
import type { Domain, Email } from "../../src/model/email.ts";
import { member } from "../../src/model/member.ts";
import { nothing } from "../../src/model/permissions.ts";
import type { Delta, Pair } from "../../src/model/permissions.ts";
import { noCounts } from "../../src/model/run.ts";
import type { Digest, RunHeader } from "../../src/model/run.ts";
import type { ByHandStep, EditStep, Step, StepResult, TransferStep } from "../../src/model/step.ts";
import type { RunFacts, StepProgress } from "../../src/report/rows.ts";

export function email(text: string): Email {
  const parsed = parseEmail(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export function assetName(text: string): AssetName {
  const name = assetNameOrUndefined(text);
  if (name === undefined) throw new Error(`not an asset name: ${text}`);
  return name;
}

export function place(line: number, column = 1, file = "moves.csv"): Place {
  return { file, line, column };
}

export function pair(role: string, who: string): Pair {
  return { role, member: member(who) };
}

export const digest: Digest = "9f2c41d07ab35e68".repeat(4);
export const createdAt: number = Date.UTC(2026, 10, 20, 9, 14, 5);

export const leaver: Email = email("leaver@acme.example");
const heir: Email = email("heir@acme.example");
export const anna: Email = email("anna@acme.example");
export const bi: Email = email("emea-bi@acme.example");

export function edit(overrides: Partial<EditStep> = {}): EditStep {
  return {
    kind: "edit",
    seq: 2,
    after: undefined,
    actor: anna,
    hazards: [],
    sources: [place(22), place(31)],
    asset: { name: assetName("b1c4a7d2-0f8e-4c55-9a31-77d0e2f4c001"), assetType: "REPORT", title: "EMEA pipeline" },
    alternates: [],
    owner: anna,
    delta: {
      add: [pair("EDITOR", "user:ana@acme.example")],
      remove: [pair("VIEWER", "user:guest@partner.example"), pair("LINK_VIEWER", "allUsers")],
    },
    attemptOwner: undefined,
    base: {
      roles: new Map([
        ["OWNER", [member("user:anna@acme.example")]],
        ["__proto__", [member("user:odd@acme.example")]],
        ["VIEWER", [member("user:guest@partner.example")]],
        ["LINK_VIEWER", [member("allUsers")]],
      ]),
      etag: etag("BwXhqDVT8qk="),
    },
    ...overrides,
  };
}

export function transfer(overrides: Partial<TransferStep> = {}): TransferStep {
  return {
    kind: "transfer",
    seq: 1,
    after: undefined,
    actor: email("admin@acme.example"),
    hazards: ["whole-user-transfer", "moves-unnamed-assets", "keeps-credentials"],
    sources: [place(14)],
    from: { email: leaver, id: "104477" },
    to: { email: heir, id: "104478" },
    live: 37,
    trashed: 2,
    ...overrides,
  };
}

export function byHand(overrides: Partial<ByHandStep> = {}): ByHandStep {
  return {
    kind: "by-hand",
    seq: 4,
    after: undefined,
    actor: anna,
    hazards: [],
    sources: [place(3, 5, "reorganisation.yaml")],
    asset: { name: assetName("2b606487-11aa-4d0e-8a76-0c5b9be0a002"), assetType: "REPORT", title: "EMEA forecast" },
    from: anna,
    to: bi,
    keep: "editor",
    unless: undefined,
    ...overrides,
  };
}

export function header(overrides: Partial<RunHeader> = {}): RunHeader {
  return {
    runId: "01JD4Z6T5Q8W9X0Y1Z2A3B4C5D",
    toolVersion: "0.1.0",
    tenant: domain("acme.example"),
    domains: [domain("acme.example"), domain("acme-labs.example")],
    admin: email("admin@acme.example"),
    createdAt,
    snapshotAt: createdAt - 40_000,
    planFiles: [{ name: "moves.csv", sha256: "ab12".repeat(16) }],
    undoOf: undefined,
    limits: { changes: 500, percentOfAssets: 5, newExternal: 0, newPublic: 0, failures: 20 },
    totals: {
      steps: 101,
      transfers: 1,
      assetsTransferred: 37,
      assetsEdited: 96,
      edits: 212,
      byHand: 4,
      refused: 3,
      alreadySo: 2760,
      changes: 253,
      assetsTouched: 133,
      newExternal: 0,
      newPublic: 0,
      rows: 226,
      duplicateRows: 3,
    },
    hazards: [
      {
        name: "keeps-credentials",
        count: 9,
        text: "9 data sources keep leaver's credentials: reconnect before suspension",
      },
      { name: "whole-user-transfer", count: 1, text: "leaver@acme.example -> heir@acme.example cannot be taken back" },
      { name: "moves-unnamed-assets", count: 3, text: "3 assets that moves.csv does not name move too" },
    ],
    refusals: [
      {
        rule: "protected",
        places: [place(22), place(24)],
        problem: 'REPORT "Board minutes" is protected by protect[0]',
        remedy: "leave the asset out, or remove the rule on purpose",
      },
      {
        rule: "protected",
        places: [place(40)],
        problem: 'REPORT "Board pack" is protected by protect[0]',
        remedy: "leave the asset out, or remove the rule on purpose",
      },
      {
        rule: "to-suspended",
        places: [place(57)],
        problem: "suspended.sam@acme.example is suspended and cannot own anything",
        remedy: "name another heir, or reactivate the user first",
      },
    ],
    noActions: [
      { place: place(60), why: "already-so", assets: 12 },
      { place: place(61), why: "matched-nothing", assets: 0 },
    ],
    coverage: {
      usersTried: 118,
      usersRead: 117,
      usersFailed: [{ user: email("zoe@acme.example"), reason: "Data Studio is turned off for the user" }],
      assetsRead: 2893,
      permissionsRead: 2890,
      permissionsUnreadable: 3,
      trashedRead: true,
    },
    exposureBefore: { publicLinks: 31, wholeDomainLinks: 240, externalEditors: 18, externalViewers: 0 },
    exposureAfter: { publicLinks: 12, wholeDomainLinks: 240, externalEditors: 4, externalViewers: 0 },
    remarks: [],
    ...overrides,
  };
}

/** One of each kind, with everything a line can show. */
export function steps(): readonly Step[] {
  return [
    transfer(),
    edit(),
    edit({
      seq: 3,
      after: 1,
      actor: heir,
      hazards: ["new-external", "new-public", "owner-change-attempt", "removes-last-editor"],
      sources: [place(30)],
      asset: {
        name: assetName("77aa0011-2233-4455-6677-8899aabbcc03"),
        assetType: "DATA_SOURCE",
        title: "売上データ – Q3",
      },
      delta: {
        add: [
          pair("VIEWER", "user:consultant@partner.example"),
          pair("LINK_VIEWER", "allUsers"),
          pair("VIEWER", "domain:acme-labs.example"),
        ],
        remove: [pair("EDITOR", "group:bi-team@acme.example")],
      },
      attemptOwner: bi,
      base: undefined,
    }),
    byHand({ unless: 3 }),
    byHand({
      seq: 5,
      keep: "none",
      hazards: ["keeps-credentials"],
      asset: {
        name: assetName("0aa1bb2c-cc33-4dd4-8ee5-ff6600110022"),
        assetType: "DATA_SOURCE",
        title: "EMEA orders",
      },
    }),
  ];
}

export function result(overrides: Partial<StepResult> = {}): StepResult {
  return {
    outcome: "applied",
    failure: undefined,
    reason: undefined,
    evidence: "answer",
    changed: nothing,
    newOwner: undefined,
    etagBefore: etag("BwXhqDVT8qk="),
    etagAfter: etag("BwXhqDVT9aa="),
    actor: anna,
    calls: 1,
    ...overrides,
  };
}

export function progressOf(step: Step, how?: StepResult): StepProgress {
  return {
    step,
    state: how?.outcome ?? "planned",
    attempts: how?.calls ?? 0,
    result: how,
    updatedAt: how === undefined ? undefined : createdAt + step.seq * 1000,
  };
}

/** The steps of `steps()` as an apply leaves them: one transferred, one applied, one failed, two by hand. */
export function ended(): readonly StepProgress[] {
  const [first, second, third, fourth, fifth] = steps();
  if (!first || !second || !third || !fourth || !fifth) throw new Error("the sample has five steps");
  const changed: Delta = second.kind === "edit" ? second.delta : nothing;
  return [
    progressOf(first, result({ evidence: "read", newOwner: heir, actor: first.actor })),
    progressOf(second, result({ changed })),
    progressOf(
      third,
      result({
        outcome: "failed",
        failure: "permission-denied",
        reason: "The caller does not have permission",
        evidence: "refusal",
        actor: heir,
        calls: 2,
      }),
    ),
    progressOf(fourth, result({ outcome: "by-hand", evidence: "none", calls: 0 })),
    progressOf(fifth, result({ outcome: "by-hand", evidence: "none", calls: 0 })),
  ];
}

export async function* pages(rows: readonly StepProgress[], size = 2): AsyncGenerator<readonly StepProgress[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}

export function facts(overrides: Partial<RunFacts> = {}): RunFacts {
  return {
    header: header(),
    digest,
    counts: { ...noCounts, applied: 93, confirmed: 1, "by-hand": 4, failed: 2, unchanged: 1 },
    failures: [
      {
        outcome: "failed",
        failure: "permission-denied",
        reason: "The caller does not have permission",
        count: 2,
        seq: 3,
      },
    ],
    verification: undefined,
    ...overrides,
  };
}

/** Everything `source` yields, as it is written to a file. */
export async function written(source: AsyncIterable<string> | Iterable<string>, end = ""): Promise<string> {
  let text = "";
  for await (const piece of source) text += piece + end;
  return text;
}

/** Lines the way a terminal shows them, for snapshots. */
export function screen(lines: readonly string[]): string {
  return `\n${lines.join("\n")}\n`;
}

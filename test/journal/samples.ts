/** Small runs to fill journals with: a header, and steps of which only what matters to a test is said. */
import type { AssetName } from "../../src/model/asset.ts";
import { etag } from "../../src/model/brand.ts";
import type { Domain, Email } from "../../src/model/email.ts";
import { member } from "../../src/model/member.ts";
import type { Member } from "../../src/model/member.ts";
import { nothing } from "../../src/model/permissions.ts";
import type { Delta, RoleMap } from "../../src/model/permissions.ts";
import type { RunHeader } from "../../src/model/run.ts";
import { noExposure } from "../../src/model/snapshot.ts";
import type { ByHandStep, EditStep, Intent, StepDraft, StepResult, TransferStep } from "../../src/model/step.ts";

export const anna: Email = "anna@acme.example" as Email;
export const ben: Email = "ben@acme.example" as Email;
export const cleo: Email = "cleo@acme.example" as Email;

const grantEditor: Delta = { add: [{ role: "EDITOR", member: member("user:ben@acme.example") }], remove: [] };

/** A role map with the names that break plain objects. */
export const oddRoles: RoleMap = new Map<string, readonly Member[]>([
  ["OWNER", [member("user:anna@acme.example")]],
  ["__proto__", [member("user:ben@acme.example"), member("mystery:\u{1f600}\u0000\n")]],
  ["constructor", []],
  ["VIEWER", [member("allUsers")]],
]);

export function header(changes: Partial<RunHeader> = {}): RunHeader {
  return {
    runId: "01JDSAMPLE0000000000000000",
    toolVersion: "0.1.0",
    tenant: "acme.example" as Domain,
    domains: ["acme.example" as Domain],
    admin: "admin@acme.example" as Email,
    createdAt: 1_763_715_600_000,
    snapshotAt: 1_763_715_500_000,
    planFiles: [{ name: "moves.csv", sha256: "00" }],
    undoOf: undefined,
    limits: { failures: 10 },
    totals: {
      steps: 1,
      transfers: 0,
      assetsTransferred: 0,
      assetsEdited: 1,
      edits: 1,
      byHand: 0,
      refused: 0,
      alreadySo: 0,
      changes: 1,
      assetsTouched: 1,
      newExternal: 0,
      newPublic: 0,
      rows: 1,
      duplicateRows: 0,
    },
    hazards: [],
    refusals: [],
    noActions: [],
    coverage: {
      usersTried: 1,
      usersRead: 1,
      usersFailed: [],
      assetsRead: 1,
      permissionsRead: 1,
      permissionsUnreadable: 0,
      trashedRead: false,
    },
    exposureBefore: noExposure,
    exposureAfter: noExposure,
    remarks: [],
    ...changes,
  };
}

let assets = 0;

export function edit(changes: Partial<Omit<EditStep, "kind">> = {}): StepDraft {
  assets += 1;
  return {
    kind: "edit",
    after: undefined,
    actor: anna,
    hazards: [],
    sources: [{ file: "moves.csv", line: 2, column: 1 }],
    asset: { name: `asset-${assets}` as AssetName, assetType: "REPORT", title: `Report ${assets}` },
    alternates: [],
    owner: anna,
    delta: grantEditor,
    attemptOwner: undefined,
    base: { etag: etag("e1"), roles: new Map([["OWNER", [member("user:anna@acme.example")]]]) },
    ...changes,
  };
}

export function edits(count: number, changes: Partial<Omit<EditStep, "kind">> = {}): readonly StepDraft[] {
  return Array.from({ length: count }, () => edit(changes));
}

export function transfer(changes: Partial<Omit<TransferStep, "kind">> = {}): StepDraft {
  return {
    kind: "transfer",
    after: undefined,
    actor: "admin@acme.example" as Email,
    hazards: ["whole-user-transfer"],
    sources: [{ file: "moves.yaml", line: 7, column: 3 }],
    from: { email: anna, id: "1001" },
    to: { email: ben, id: "1002" },
    live: 37,
    trashed: 2,
    ...changes,
  };
}

export function byHand(changes: Partial<Omit<ByHandStep, "kind">> = {}): StepDraft {
  return {
    kind: "by-hand",
    after: undefined,
    actor: anna,
    hazards: [],
    sources: [],
    asset: { name: "by-hand-1" as AssetName, assetType: "DATA_SOURCE", title: "Warehouse" },
    from: anna,
    to: ben,
    keep: "viewer",
    unless: undefined,
    ...changes,
  };
}

export function intent(attempt: number, changes: Partial<Intent> = {}): Intent {
  return {
    attempt,
    actor: anna,
    etag: etag(`e${attempt}`),
    delta: grantEditor,
    newOwner: undefined,
    before: undefined,
    at: 1_763_715_600_000 + attempt,
    ...changes,
  };
}

export function result(changes: Partial<StepResult> = {}): StepResult {
  return {
    outcome: "applied",
    failure: undefined,
    reason: undefined,
    evidence: "answer",
    changed: grantEditor,
    newOwner: undefined,
    etagBefore: etag("e1"),
    etagAfter: etag("e2"),
    actor: anna,
    calls: 1,
    ...changes,
  };
}

export function failed(failure = "permission-denied", reason = "Google says no"): StepResult {
  return result({ outcome: "failed", failure, reason, evidence: "refusal", changed: nothing, etagAfter: undefined });
}

/** The run every figure is taken on: step `i` of it, and the requests that carry it out, as plain functions of `i`. */
import type { Asset, AssetName } from "../../src/model/asset.ts";
import { etag } from "../../src/model/brand.ts";
import type { Domain, Email } from "../../src/model/email.ts";
import { member } from "../../src/model/member.ts";
import type { RunHeader } from "../../src/model/run.ts";
import { noExposure } from "../../src/model/snapshot.ts";
import type { StepDraft } from "../../src/model/step.ts";

/** Users who own assets; each is acted as, with a token of its own. */
export const ownerCount = 200;
const heir = "heir@acme.example" as Email;

export function ownerOf(i: number): Email {
  return `owner${i % ownerCount}@acme.example` as Email;
}

/** As long as the ids of Data Studio. */
export function assetName(i: number): AssetName {
  return `2b606487-42c2-416f-98a1-${String(i).padStart(12, "0")}` as AssetName;
}

const etagBefore = "BwYx0aQ7vXA=";

/** The roles of asset `i` before its step: an owner, two editors, a viewer. */
export function rolesBefore(i: number): readonly (readonly [string, readonly string[]])[] {
  return [
    ["OWNER", [`user:${ownerOf(i)}`]],
    ["EDITOR", [`user:${ownerOf(i + 1)}`, "group:bi-team@acme.example"]],
    ["VIEWER", [`user:${ownerOf(i + 2)}`]],
  ];
}

/** An editor more: the step of nearly every hand-over. */
export function editDraft(i: number): StepDraft {
  const owner = ownerOf(i);
  return {
    kind: "edit",
    after: undefined,
    actor: owner,
    hazards: [],
    sources: [{ file: "moves.csv", line: i + 1, column: 1 }],
    asset: { name: assetName(i), assetType: i % 3 === 0 ? "DATA_SOURCE" : "REPORT", title: `Sales by region ${i}` },
    alternates: [ownerOf(i + 1)],
    owner,
    delta: { add: [{ role: "EDITOR", member: member(`user:${heir}`) }], remove: [] },
    attemptOwner: undefined,
    base: {
      etag: etag(etagBefore),
      roles: new Map(rolesBefore(i).map(([role, members]) => [role, members.map((each) => member(each))])),
    },
  };
}

/** The body of the request that carries out step `i`, byte for byte as the product sends it. */
export function patchText(i: number): string {
  const roles = rolesBefore(i)
    .map(([role, members]) => {
      const wanted = role === "EDITOR" ? [...members, `user:${heir}`] : members;
      return `"${role}":{"members":["${wanted.join('","')}"]}`;
    })
    .join(",");
  return `{"name":"${assetName(i)}","permissions":{"permissions":{${roles}},"etag":"${etagBefore}"}}`;
}

/** What a read of asset `i` answers before its step. */
export function answerBefore(i: number): string {
  const roles = rolesBefore(i).map(([role, members]) => `"${role}":{"members":["${members.join('","')}"]}`);
  return `{"permissions":{${roles.join(",")}},"etag":"${etagBefore}"}`;
}

/** What a search shows of asset `i`. */
export function foundAsset(i: number): Asset {
  return {
    name: assetName(i),
    assetType: "REPORT",
    title: `Sales by region ${i}`,
    owner: ownerOf(i),
    trashed: false,
    createTime: "2025-03-01T08:00:00Z",
    updateTime: "2026-10-01T08:00:00Z",
  };
}

/** What a read of asset `i` answers after its step. */
export function answerText(i: number): string {
  const sent = patchText(i);
  return sent.slice(sent.indexOf('"permissions":{') + '"permissions":'.length, -1).replace(etagBefore, "BwYx0aQ7vXB=");
}

export function headerFor(steps: number, at: number): RunHeader {
  return {
    runId: "01JDBENCH00000000000000000",
    toolVersion: "0.1.0",
    tenant: "acme.example" as Domain,
    domains: ["acme.example" as Domain],
    admin: "admin@acme.example" as Email,
    createdAt: at,
    snapshotAt: at,
    planFiles: [{ name: "moves.csv", sha256: "00" }],
    undoOf: undefined,
    limits: {},
    totals: {
      steps,
      transfers: 0,
      assetsTransferred: 0,
      assetsEdited: steps,
      edits: steps,
      byHand: 0,
      refused: 0,
      alreadySo: 0,
      changes: steps,
      assetsTouched: steps,
      newExternal: 0,
      newPublic: 0,
      rows: steps,
      duplicateRows: 0,
    },
    hazards: [],
    refusals: [],
    noActions: [],
    coverage: {
      usersTried: ownerCount,
      usersRead: ownerCount,
      usersFailed: [],
      assetsRead: steps,
      permissionsRead: steps,
      permissionsUnreadable: 0,
      trashedRead: false,
    },
    exposureBefore: noExposure,
    exposureAfter: noExposure,
    remarks: [],
  };
}

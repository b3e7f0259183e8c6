import { describe, expect, it } from "vitest";
import { RequestRows } from "../../src/journal/sqlite/request-rows.ts";
import type { AssetName } from "../../src/model/asset.ts";
import type { Email } from "../../src/model/email.ts";
import type { Member } from "../../src/model/member.ts";
import { EDITOR, VIEWER } from "../../src/model/permissions.ts";
import type { GrantRequest, Request } from "../../src/model/request.ts";

const asset = "a1" as AssetName;
const heir = { member: "user:heir@acme.example" as Member, bare: true };
const common = {
  place: { file: "moves.csv", line: 2, column: 1 },
  trashed: "exclude",
  note: "ticket 7",
  select: { asset, owner: undefined, title: undefined, types: ["REPORT"], audience: undefined },
} as const;
const grant: GrantRequest = { action: "grant", ...common, member: heir, role: EDITOR };
const from = "leaver@acme.example" as Email;
const to = "heir@acme.example" as Email;

/** Each differs from the first, or from one of its own action, in one thing. */
const requests: readonly (readonly [string, Request])[] = [
  ["a grant", grant],
  ["another line", { ...grant, place: { ...grant.place, line: 3 } }],
  ["another column", { ...grant, place: { ...grant.place, column: 4 } }],
  ["another file", { ...grant, place: { ...grant.place, file: "more.csv" } }],
  ["no note", { ...grant, note: undefined }],
  ["an odd note", { ...grant, note: 'half \ud800 a "note"\u0000' }],
  ["the trash", { ...grant, trashed: "include" }],
  ["another role", { ...grant, role: VIEWER }],
  ["another member", { ...grant, member: { ...heir, member: "user:b@acme.example" as Member } }],
  ["a member that is not bare", { ...grant, member: { ...heir, bare: false } }],
  ["other types", { ...grant, select: { ...grant.select, types: ["DATA_SOURCE"] } }],
  ["an owner", { ...grant, select: { ...grant.select, owner: from } }],
  ["a title", { ...grant, select: { ...grant.select, title: "Q?*" } }],
  ["an audience", { ...grant, select: { ...grant.select, audience: "public" } }],
  ["the same fields as another action", { ...grant, action: "set-role" }],
  ["a revoke", { action: "revoke", ...common, member: heir, role: undefined }],
  ["a revoke of a role", { action: "revoke", ...common, member: heir, role: VIEWER }],
  ["a transfer", { action: "transfer", ...common, from, to, keep: "editor", ownerChange: "compile" }],
  ["a transfer that keeps less", { action: "transfer", ...common, from, to, keep: "none", ownerChange: "compile" }],
  ["a transfer that tries", { action: "transfer", ...common, from, to, keep: "none", ownerChange: "attempt" }],
  ["a replacement", { action: "replace-member", ...common, from: heir, to: heir, roles: [EDITOR] }],
  ["a replacement in other roles", { action: "replace-member", ...common, from: heir, to: heir, roles: [VIEWER] }],
  ["a closed link", { action: "close-link", ...common }],
];

describe("requests as rows", () => {
  it.each(requests)("come back as they were, beside all the others: %s", (_what, request) => {
    const rows = new RequestRows(() => {});
    // Each of the others right before it, so that nothing is taken for what came last.
    for (const [, other] of requests) {
      const cells = rows.cellsOf(other);
      expect(rows.requestOf(asset, rows.cellsOf(request))).toEqual(request);
      expect(rows.requestOf(asset, cells)).toEqual(other);
    }
  });

  it("take the asset from the row, and share nothing that one of them could change for another", () => {
    const rows = new RequestRows(() => {});
    const cells = rows.cellsOf(grant);
    const other = rows.requestOf("b2" as AssetName, cells);
    expect(other.select).toEqual({ ...grant.select, asset: "b2" });
    expect(rows.requestOf(asset, cells)).not.toBe(other);
    expect(rows.requestOf(asset, cells).place).not.toBe(other.place);
  });

  it("are written whole once too many forms are kept", () => {
    const told: Request[] = [];
    const rows = new RequestRows((request) => told.push(request));
    const people = Array.from({ length: 10_050 }, (_nothing, index): Request => {
      return { ...grant, member: { ...heir, member: `user:u${index}@acme.example` as Member } };
    });
    const cells = people.map((each) => rows.cellsOf(each));
    expect(cells.filter(([, , , body]) => body !== null)).toHaveLength(50);
    expect(cells.map((each) => rows.requestOf(asset, each))).toEqual(people);
    // Whoever is told of each form knows everybody whom the requests name.
    expect(told).toEqual(people);
    for (const each of people.slice(0, 3)) rows.cellsOf({ ...each, place: { ...each.place, line: 9 } });
    expect(told).toHaveLength(people.length);
  });
});

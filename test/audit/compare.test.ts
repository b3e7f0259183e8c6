/** What changed about one asset between two snapshots: each change is one finding, and what did not change is none. */
import { describe, expect, it } from "vitest";
import { compareAsset } from "../../src/audit/compare.ts";
import { factsWith, inventoryAsset } from "./assets.ts";

type Given = Parameters<typeof inventoryAsset>[0];
const ed = "user:ed@acme.example";

const cases: readonly {
  readonly name: string;
  readonly before: Given;
  readonly now: Given;
  readonly finds: readonly string[];
}[] = [
  { name: "nothing", before: { roles: { EDITOR: [ed] } }, now: { roles: { EDITOR: [ed] } }, finds: [] },
  {
    name: "a link opened to anyone",
    before: { roles: {} },
    now: { roles: { LINK_VIEWER: ["allUsers"] } },
    finds: ["exposure-widened allUsers LINK_VIEWER"],
  },
  {
    name: "somebody outside let in",
    before: { roles: {} },
    now: { roles: { VIEWER: ["user:eve@partner.example"] } },
    finds: ["exposure-widened user:eve@partner.example VIEWER"],
  },
  {
    name: "somebody of a trusted domain let in",
    before: { roles: {} },
    now: { roles: { VIEWER: ["user:t@trusted.example"] } },
    finds: [],
  },
  { name: "a colleague let in", before: { roles: {} }, now: { roles: { EDITOR: [ed] } }, finds: [] },
  {
    name: "the whole domain let in",
    before: { roles: {} },
    now: { roles: { LINK_VIEWER: ["domain:acme.example"] } },
    finds: ["exposure-widened domain:acme.example LINK_VIEWER"],
  },
  {
    name: "a viewer made editor",
    before: { roles: { VIEWER: [ed] } },
    now: { roles: { EDITOR: [ed] } },
    finds: [`role-raised ${ed} EDITOR`],
  },
  {
    name: "a public link made one to edit",
    before: { roles: { LINK_VIEWER: ["allUsers"] } },
    now: { roles: { LINK_EDITOR: ["allUsers"] } },
    finds: ["role-raised allUsers LINK_EDITOR"],
  },
  { name: "an editor made viewer", before: { roles: { EDITOR: [ed] } }, now: { roles: { VIEWER: [ed] } }, finds: [] },
  {
    name: "a second, lesser role",
    before: { roles: { EDITOR: [ed] } },
    now: { roles: { EDITOR: [ed], VIEWER: [ed] } },
    finds: [],
  },
  {
    name: "another owner",
    before: { owner: "own@acme.example", roles: {} },
    now: { owner: "ed@acme.example", roles: {} },
    finds: ["owner-changed - OWNER"],
  },
  {
    name: "no owner any more, permissions unread",
    before: { roles: {} },
    now: { owner: undefined, roles: undefined },
    finds: ["owner-changed - OWNER"],
  },
  {
    name: "permissions that were unread before",
    before: { roles: undefined },
    now: { roles: { LINK_VIEWER: ["allUsers"] } },
    finds: [],
  },
  {
    name: "a link opened in the trash",
    before: { roles: {} },
    now: { trashed: true, roles: { LINK_VIEWER: ["allUsers"] } },
    finds: [],
  },
];

describe("a comparison of one asset", () => {
  it.each(cases)("finds of $name what there is", ({ before, now, finds }) => {
    const found = compareAsset(inventoryAsset(before), inventoryAsset(now), factsWith());
    expect(found.map(({ rule, member, role }) => `${rule} ${member ?? "-"} ${role ?? "-"}`)).toEqual(finds);
  });
});

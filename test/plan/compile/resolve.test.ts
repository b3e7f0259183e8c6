/** Rows against the Directory: whom each address stands for, in which forms, and which rows that rules out. */
import { describe, expect, it } from "vitest";
import type { Request } from "../../../src/model/request.ts";
import type { Principal } from "../../../src/model/tenant.ts";
import type { CompileContext } from "../../../src/plan/compile/context.ts";
import { addressesOf } from "../../../src/model/request.ts";
import { canonical, protectionsOf, resolveRequest } from "../../../src/plan/compile/resolve.ts";
import { World, email, everything, named, row, transfer, written } from "./world.ts";

const robot = "robot@project.iam.gserviceaccount.com";
const known = new World()
  .user("ana", { id: "1" })
  .user("ben", { id: "2", aliases: [email("bee"), email("b.e.n")] })
  .user("sam", { id: "3", suspended: true })
  .user("old", { id: "4", archived: true })
  .deleted("gone")
  .group("team").principals;
known.set(email("crew"), { kind: "group", id: "g9", email: email("team") });
known.set(email("undated"), { kind: "deleted", person: { ...personOf("gone"), deletionTime: undefined } });
known.set(email(robot), { kind: "serviceAccount", email: email(robot) });
known.set(email("nobody"), { kind: "missing", email: email("nobody") });
known.set(email("x@far.example"), { kind: "external", email: email("x@far.example") });

function personOf(name: string): Extract<Principal, { person: unknown }>["person"] {
  const found = known.get(email(name));
  return found?.kind === "user" || found?.kind === "deleted" ? found.person : expect.fail();
}

const context = { principal: (address) => known.get(address) } as Pick<CompileContext, "principal"> as CompileContext;

type Member = Parameters<typeof written>[0];
const grant = (to: Member): Request =>
  row({ action: "grant", select: named("r1"), member: written(to), role: "EDITOR" });
const revoke = (of: Member): Request =>
  row({ action: "revoke", select: named("r1"), member: written(of), role: undefined });
const setRole = (of: Member): Request =>
  row({ action: "set-role", select: named("r1"), member: written(of), role: "VIEWER" });
const replace = (from: Member, to: Member): Request =>
  row({ action: "replace-member", select: everything, from: written(from), to: written(to), roles: ["EDITOR"] });

/** What a row resolves to, without what every row has. */
function resolved(request: Request): object {
  const found = resolveRequest(context, request);
  if ("rule" in found) expect.fail(found.problem);
  const { title: _title, request: same, ...rest } = found;
  expect(same).toBe(request);
  return rest;
}

describe("the addresses to look up for", () => {
  const select = { ...everything, owner: email("own") };
  it.each<[string, () => Request, readonly string[]]>([
    ["a transfer", () => transfer("ana", "ben"), ["ana", "ana", "ben"]],
    ["a grant", () => grant("ana@acme.example"), ["ana"]],
    ["a grant by owner", () => ({ ...grant("ana@acme.example"), select }), ["own", "ana"]],
    ["a revoke", () => revoke("group:team@acme.example"), ["team"]],
    ["a change of role", () => setRole("ana@acme.example"), ["ana"]],
    ["a grant to a domain", () => grant("domain:acme.example"), []],
    ["a replacement", () => replace("ana@acme.example", "ben@acme.example"), ["ana", "ben"]],
    [
      "a link",
      () => row({ action: "set-link", select: named("r1"), role: "LINK_VIEWER", member: "allUsers" as never }),
      [],
    ],
    ["a link to close", () => row({ action: "close-link", select }), ["own"]],
  ])("%s are all it names", (_, make, names) => {
    expect(addressesOf(make())).toEqual(names.map(email));
  });
});

describe("a transfer", () => {
  it("is between two people, whichever of their addresses it names", () => {
    expect(resolved(transfer("bee", "ana"))).toEqual({
      action: "transfer",
      owner: email("ben"),
      from: personOf("ben"),
      to: personOf("ana"),
    });
    expect(resolved(transfer("ana", "b.e.n"))).toMatchObject({ owner: email("ana"), to: personOf("ben") });
    expect(resolved(transfer("sam", "ana"))).toMatchObject({ owner: email("sam") });
  });

  it.each([
    ["gone", "ana", "from-deleted", "was deleted on 2026-11-10T00:00:00Z"],
    ["undated", "ana", "from-deleted", "was deleted on an unknown day"],
    ["x@far.example", "ana", "from-outside", "in none of the tenant's domains"],
    ["team", "ana", "from-unknown", "is not a person and owns nothing"],
    [robot, "ana", "from-unknown", "is not a person and owns nothing"],
    ["nobody", "ana", "from-unknown", "the Directory knows no nobody@acme.example"],
    ["never-asked", "ana", "from-unknown", "the Directory knows no never-asked@acme.example"],
    ["ana", "sam", "to-suspended", "is suspended and cannot"],
    ["ana", "old", "to-suspended", "is archived and cannot"],
    ["ana", "x@far.example", "to-outside", "outside the tenant"],
    ["ana", "team", "to-not-a-person", "is a group: only a person"],
    ["ana", robot, "to-not-a-person", "is a service account: only a person"],
    ["ana", "gone", "to-unknown", "the Directory knows no user gone@acme.example"],
    ["ana", "nobody", "to-unknown", "the Directory knows no user nobody@acme.example"],
    ["ana", "never-asked", "to-unknown", "the Directory knows no user never-asked@acme.example"],
    ["ben", "bee", "same-person", "ben@acme.example and bee@acme.example are the same person (ben@acme.example)"],
  ])("from %s to %s is refused as %s", (from, to, rule, problem) => {
    const request = transfer(from, to);
    const refusal = resolveRequest(context, request);
    expect(refusal).toMatchObject({ rule, places: [request.place] });
    expect(refusal).toHaveProperty("problem", expect.stringContaining(problem));
  });
});

describe("a member that is given a role", () => {
  it.each([
    ["ana@acme.example", "user:ana@acme.example"],
    ["user:bee@acme.example", "user:ben@acme.example"],
    ["crew@acme.example", "group:team@acme.example"],
    ["group:team@acme.example", "group:team@acme.example"],
    [robot, `serviceAccount:${robot}`],
    [`user:${robot}`, `serviceAccount:${robot}`],
    ["x@far.example", "user:x@far.example"],
    ["group:x@far.example", "group:x@far.example"],
    ["domain:acme.example", "domain:acme.example"],
    ["allUsers", "allUsers"],
  ])("as %s is %s", (text, member) => {
    expect(resolved(grant(text))).toEqual({ action: "grant", owner: undefined, member });
    expect(resolved(setRole(text))).toMatchObject({ action: "set-role", owner: undefined, member });
    expect(resolved(replace("user:who@acme.example", text))).toMatchObject({ action: "replace-member", member });
  });

  it.each([
    ["group:ana@acme.example", "ana@acme.example is a user, not a group"],
    ["serviceAccount:ana@acme.example", "ana@acme.example is a user, not a serviceAccount"],
    ["user:team@acme.example", "team@acme.example is a group, not a user"],
    ["serviceAccount:team@acme.example", "team@acme.example is a group, not a serviceAccount"],
    ["gone@acme.example", "knows neither a user nor a group gone@acme.example"],
    ["nobody@acme.example", "knows neither a user nor a group nobody@acme.example"],
    ["never-asked@acme.example", "knows neither a user nor a group never-asked@acme.example"],
  ])("as %s is refused: %s", (text, problem) => {
    for (const request of [grant(text), setRole(text), replace("user:who@acme.example", text)]) {
      const refusal = resolveRequest(context, request);
      expect(refusal).toMatchObject({ rule: "member-unknown", places: [request.place] });
      expect(refusal).toHaveProperty("problem", expect.stringContaining(problem));
    }
  });
});

describe("a member that loses a role", () => {
  const forms = (text: string): unknown => resolved(revoke(text));
  it.each<[string, readonly string[]]>([
    ["ana@acme.example", ["user:ana@acme.example"]],
    ["ben@acme.example", ["user:ben@acme.example", "user:bee@acme.example", "user:b.e.n@acme.example"]],
    ["bee@acme.example", ["user:bee@acme.example", "user:ben@acme.example", "user:b.e.n@acme.example"]],
    ["gone@acme.example", ["user:gone@acme.example"]],
    ["crew@acme.example", ["user:crew@acme.example", "group:team@acme.example", "group:crew@acme.example"]],
    ["group:team@acme.example", ["group:team@acme.example"]],
    [
      "nobody@acme.example",
      ["user:nobody@acme.example", "group:nobody@acme.example", "serviceAccount:nobody@acme.example"],
    ],
    ["user:nobody@acme.example", ["user:nobody@acme.example"]],
    ["x@far.example", ["user:x@far.example", "group:x@far.example", "serviceAccount:x@far.example"]],
    ["domain:acme.example", ["domain:acme.example"]],
    ["allUsers", ["allUsers"]],
  ])("as %s may stand as %j", (text, list) => {
    expect(forms(text)).toEqual({ action: "revoke", owner: undefined, forms: list });
  });

  it("is looked for in the same forms when it is set to a role or replaced", () => {
    expect(resolved(setRole("bee@acme.example"))).toHaveProperty("forms.length", 3);
    expect(resolved(replace("bee@acme.example", "ana@acme.example"))).toEqual({
      action: "replace-member",
      owner: undefined,
      forms: ["user:bee@acme.example", "user:ben@acme.example", "user:b.e.n@acme.example"],
      member: "user:ana@acme.example",
      roles: ["EDITOR"],
    });
  });

  it("is not replaced by itself, by whichever address", () => {
    expect(resolveRequest(context, replace("bee@acme.example", "ben@acme.example"))).toMatchObject({
      rule: "same-person",
      problem: "user:ben@acme.example would replace itself",
    });
  });
});

describe("a selection", () => {
  const closing = (select: object): Request => row({ action: "close-link", select: { ...everything, ...select } });

  it("by owner means the person, whichever address it names", () => {
    expect(resolved(closing({ owner: email("bee") }))).toEqual({ action: "close-link", owner: email("ben") });
    const link = { action: "set-link", role: "LINK_VIEWER", member: "allUsers" } as const;
    expect(resolved(row({ ...link, select: { ...everything, owner: email("bee") } } as never))).toEqual({
      action: "set-link",
      owner: email("ben"),
    });
  });

  it("by title is a test of titles, and none where every title will do", () => {
    const titled = resolveRequest(context, closing({ title: "Board *" }));
    const test = "rule" in titled ? undefined : titled.title;
    expect([test?.("Board 1"), test?.("board 1")]).toEqual([true, false]);
    expect(resolveRequest(context, closing({}))).toHaveProperty("title", undefined);
  });
});

it.each([
  ["ana", "ana"],
  ["bee", "ben"],
  ["gone", "gone"],
  ["crew", "crew"],
  ["never-asked", "never-asked"],
])("the primary address of %s is %s", (name, primary) => {
  expect(canonical(context, email(name))).toBe(email(primary));
  expect(canonical(context, undefined)).toBeUndefined();
});

it("what is protected is so by the primary address of its owner", () => {
  const place = { file: "plan.yaml", line: 1, column: 1 };
  const rules = [
    { id: "protect[0]", place, owner: email("bee"), title: undefined, asset: undefined },
    { id: "protect[1]", place, owner: undefined, title: "B*", asset: undefined },
  ];
  const [byOwner, byTitle] = protectionsOf(context, rules);
  expect(byOwner).toEqual({ rule: rules[0], owner: email("ben"), title: undefined });
  expect([byTitle?.owner, byTitle?.title?.("Board"), byTitle?.title?.("board")]).toEqual([undefined, true, false]);
});

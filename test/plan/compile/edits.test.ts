/** What rows about one asset come to: which pairs each takes and gives, and how rows go together. */
import { describe, expect, it } from "vitest";
import { member } from "../../../src/model/member.ts";
import type { Request } from "../../../src/model/request.ts";
import { World, email, everything, named, row, shown, transfer, written } from "./world.ts";

const user = (name: string): string => `user:${email(name)}`;
const select = named("r1");
const grant = (name: string, role: string): Request =>
  row({ action: "grant", select, member: written(email(name)), role });
const revoke = (name: string, role?: string): Request =>
  row({ action: "revoke", select, member: written(email(name)), role });
const setRole = (name: string, role: string): Request =>
  row({ action: "set-role", select, member: written(email(name)), role });
const setLink = (role: string, to: string): Request => row({ action: "set-link", select, role, member: member(to) });
const replace = (from: string, to: string): Request =>
  row({ action: "replace-member", select, from: written(email(from)), to: written(email(to)), roles: ["EDITOR"] });

function staffed(roles: Record<string, readonly string[]> = {}): World {
  return new World()
    .user("leaver")
    .user("heir")
    .user("ana", { aliases: [email("annie")] })
    .user("ben")
    .asset("r1", "leaver", roles)
    .asset("r2", "leaver");
}

describe("a row", () => {
  it.each<[string, Record<string, readonly string[]>, Request, readonly string[]]>([
    [
      "that revokes every role takes all but the owner's",
      { EDITOR: [user("leaver")], VIEWER: [user("ana")] },
      revoke("leaver"),
      ["-EDITOR user:leaver@acme.example"],
    ],
    [
      "that revokes every role finds unknown ones as well",
      { REVIEWER: [user("ana")], VIEWER: [user("ana"), user("ben")] },
      revoke("ana"),
      ["-REVIEWER user:ana@acme.example", "-VIEWER user:ana@acme.example"],
    ],
    [
      "that revokes one role takes it in every form the member stands in",
      { EDITOR: [user("annie"), user("ana")], VIEWER: [user("annie")] },
      revoke("ana", "EDITOR"),
      ["-EDITOR user:ana@acme.example", "-EDITOR user:annie@acme.example"],
    ],
    [
      "that sets a role takes the other",
      { EDITOR: [user("ana")], VIEWER: [user("ana")] },
      setRole("ana", "EDITOR"),
      ["-VIEWER user:ana@acme.example"],
    ],
    [
      "that sets a role takes the same one of an alias",
      { EDITOR: [user("annie")] },
      setRole("ana", "EDITOR"),
      ["+EDITOR user:ana@acme.example", "-EDITOR user:annie@acme.example"],
    ],
    [
      "that sets a role leaves roles alone that are neither EDITOR nor VIEWER",
      { REVIEWER: [user("ana")] },
      setRole("ana", "EDITOR"),
      ["+EDITOR user:ana@acme.example"],
    ],
    [
      "that sets the link takes other audiences of the same role",
      { LINK_VIEWER: ["allUsers"] },
      setLink("LINK_VIEWER", "domain:acme.example"),
      ["+LINK_VIEWER domain:acme.example", "-LINK_VIEWER allUsers"],
    ],
    [
      "that sets the link takes other roles of the same audience",
      { LINK_EDITOR: ["allUsers"] },
      setLink("LINK_VIEWER", "allUsers"),
      ["+LINK_VIEWER allUsers", "-LINK_EDITOR allUsers"],
    ],
    [
      "that sets the link leaves what is so already",
      { LINK_VIEWER: ["domain:acme.example", "allUsers"] },
      setLink("LINK_VIEWER", "domain:acme.example"),
      ["-LINK_VIEWER allUsers"],
    ],
    [
      "that replaces a member does so in the roles it names",
      { EDITOR: [user("ana")], VIEWER: [user("ana")] },
      replace("ana", "ben"),
      ["+EDITOR user:ben@acme.example", "-EDITOR user:ana@acme.example"],
    ],
  ])("%s", (_, roles, request, pairs) => {
    const { edits, diagnostics, refusals } = staffed(roles).compile(request);
    expect([edits.map(shown), diagnostics, refusals]).toEqual([[pairs], [], []]);
  });

  it("that replaces a member who holds nothing is so already", () => {
    expect(staffed({ VIEWER: [user("ana")] }).compile(replace("ana", "ben")).alreadySo).toBe(1);
  });
});

describe("the owner's own role", () => {
  it.each<[string, Record<string, readonly string[]>, Request, readonly string[], number]>([
    ["cannot be revoked", {}, revoke("leaver"), [], 1],
    [
      "is passed over where there is more to revoke",
      { EDITOR: [user("leaver")] },
      revoke("leaver"),
      ["-EDITOR user:leaver@acme.example"],
      0,
    ],
    ["cannot be set", { VIEWER: [user("leaver")] }, setRole("leaver", "VIEWER"), [], 1],
    [
      "is not meant by a row about somebody else",
      { EDITOR: [user("ana")] },
      revoke("ana"),
      ["-EDITOR user:ana@acme.example"],
      0,
    ],
  ])("%s", (_, roles, request, pairs, refused) => {
    const { edits, refusals } = staffed(roles).compile(request);
    expect(edits.flatMap(shown)).toEqual(pairs);
    expect(refusals.map(({ rule, places }) => [rule, places])).toEqual(
      Array.from({ length: refused }, () => ["owner-role", [request.place]]),
    );
    for (const { problem } of refusals) expect(problem).toContain("user:leaver@acme.example owns REPORT");
  });

  it("is free to be edited once a transfer has carried the asset away", () => {
    const { edits, refusals } = staffed().compile(transfer("leaver", "heir"), grant("leaver", "VIEWER"));
    expect(edits.find(({ asset }) => asset.name === "r1")).toMatchObject({
      delta: {
        add: [
          { role: "EDITOR", member: user("leaver") },
          { role: "VIEWER", member: user("leaver") },
        ],
      },
    });
    expect(refusals).toEqual([]);
  });
});

describe("rows about one asset", () => {
  const heirViews = { VIEWER: [user("heir")] };
  const some = (): Request => transfer("leaver", "heir", { select });

  it.each([false, true])(
    "let what one asks for outright stand before what follows from another (reversed: %s)",
    (reversed) => {
      const rows = [some(), grant("heir", "VIEWER")];
      const { edits, diagnostics } = staffed(heirViews).compile(...(reversed ? rows.toReversed() : rows));
      expect([edits.map(shown), diagnostics]).toEqual([[["+EDITOR user:heir@acme.example"]], []]);
    },
  );

  it.each<[string, () => readonly [Request, Request], string]>([
    [
      "a role given and taken away",
      () => [grant("ana", "VIEWER"), row({ ...revokeAll("ana", "VIEWER") })],
      "VIEWER of user:ana@acme.example is taken away here and given at",
    ],
    [
      "a role given, and every role taken away",
      () => [grant("ana", "VIEWER"), revoke("ana")],
      "VIEWER of user:ana@acme.example is taken away here and given at",
    ],
    [
      "a role the old owner must not keep, and is given",
      () => [transfer("leaver", "heir", { keep: "none" }), grant("leaver", "VIEWER")],
      "VIEWER of user:leaver@acme.example is",
    ],
    [
      "a role the old owner keeps, and is taken away",
      () => [grant("leaver", "EDITOR"), transfer("leaver", "heir", { keep: "viewer" })],
      "EDITOR of user:leaver@acme.example is",
    ],
    [
      "a link closed and set",
      () => [setLink("LINK_VIEWER", "allUsers"), row({ action: "close-link", select })],
      "LINK_VIEWER of allUsers is",
    ],
  ])("contradict each other over %s, and then nothing is done", (_, make, problem) => {
    const { edits, diagnostics } = staffed({ LINK_VIEWER: ["allUsers"] }).compile(...make());
    expect(diagnostics[0]?.problem).toContain(problem);
    expect(diagnostics[0]?.problem).toContain("for the same asset");
    expect(edits.map(({ asset }) => asset.name)).not.toContain("r1");
  });

  it("come to pairs in order of role and member, in whatever order they were written", () => {
    const rows = [grant("ben", "VIEWER"), grant("heir", "EDITOR"), grant("ana", "VIEWER"), grant("ben", "EDITOR")];
    const sorted = [
      "+EDITOR user:ben@acme.example",
      "+EDITOR user:heir@acme.example",
      "+VIEWER user:ana@acme.example",
      "+VIEWER user:ben@acme.example",
    ];
    expect(
      staffed()
        .compile(...rows)
        .edits.map(shown),
    ).toEqual([sorted]);
    expect(
      staffed()
        .compile(...rows.toReversed())
        .edits.map(shown),
    ).toEqual([sorted]);
  });
});

function revokeAll(name: string, role: string) {
  return {
    action: "revoke" as const,
    select: { ...everything, owner: email("leaver"), title: "Title of r1" },
    member: written(email(name)),
    role,
  };
}

describe("an asset whose permissions nobody could read", () => {
  function unread(): World {
    const world = staffed();
    world.assets.splice(
      0,
      1,
      ...world.assets.slice(0, 1).map((record) => ({ ...record, permissions: undefined, unreadable: "403 for all" })),
    );
    return world;
  }
  const closeLink = (): Request => row({ action: "close-link", select });
  const all: readonly (readonly [string, () => Request])[] = [
    ["revoke", () => revoke("ana")],
    ["revoke of one role", () => revoke("ana", "VIEWER")],
    ["set-role", () => setRole("ana", "VIEWER")],
    ["replace-member", () => replace("ana", "ben")],
    ["set-link", () => setLink("LINK_VIEWER", "allUsers")],
    ["close-link", closeLink],
  ];

  it.each([...all, ["grant", () => grant("ana", "VIEWER")] as const])("is not edited by %s", (_, make) => {
    const { edits, refusals } = unread().compile(make());
    expect(edits).toEqual([]);
    expect(refusals).toMatchObject([{ rule: "unreadable" }]);
    expect(refusals[0]?.problem).toContain("403 for all");
  });

  it.each(all)("is not edited by %s behind a transfer either, because what that changes cannot be told", (_, make) => {
    const { edits, refusals } = unread().compile(transfer("leaver", "heir"), make());
    expect(edits.find(({ asset }) => asset.name === "r1")?.sources).toHaveLength(1);
    expect(refusals).toMatchObject([{ rule: "unreadable" }]);
  });

  it("is given to somebody behind a transfer, because that needs no reading", () => {
    const { edits, refusals } = unread().compile(transfer("leaver", "heir"), grant("ana", "VIEWER"));
    expect(edits.filter(({ asset }) => asset.name === "r1").map(shown)).toEqual([
      ["+EDITOR user:leaver@acme.example", "+VIEWER user:ana@acme.example"],
    ]);
    expect(refusals).toEqual([]);
  });
});

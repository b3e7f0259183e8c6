/** The ownership compiler, line by line of the table in the product's documentation: what is asked, what it becomes. */
import { describe, expect, it } from "vitest";
import type { RefusalRule } from "../../../src/model/run.ts";
import { World, email, everything, named, row, shown, transfer, written } from "./world.ts";

function staffed(): World {
  return new World()
    .user("admin")
    .user("leaver", { aliases: [email("leaver.alias")] })
    .user("heir")
    .user("other")
    .user("ana")
    .user("sam", { suspended: true })
    .deleted("dora")
    .group("bi-team");
}

describe("a transfer", () => {
  it("of everything one user owns becomes one job, and each asset's follow-up waits for it and acts as the heir", () => {
    const { transfers, edits, byHand } = staffed()
      .asset("r1", "leaver")
      .asset("d1", "leaver", {}, { assetType: "DATA_SOURCE" })
      .asset("x1", "heir")
      .compile(transfer("leaver", "heir", { keep: "none" }));
    expect(transfers).toMatchObject([{ live: 2, liveDataSources: 1, unnamed: 0, complete: true }]);
    expect(byHand).toEqual([]);
    expect(edits.map((edit) => [edit.asset.name, edit.after, edit.actor, edit.owner, edit.base])).toEqual([
      ["r1", 1, email("heir"), email("heir"), undefined],
      ["d1", 1, email("heir"), email("heir"), undefined],
    ]);
    expect(shown(edits[0] ?? expect.fail())).toEqual([
      "-EDITOR user:leaver@acme.example",
      "-VIEWER user:leaver@acme.example",
    ]);
  });

  it.each([
    ["editor", ["+EDITOR user:leaver@acme.example"]],
    ["viewer", ["+VIEWER user:leaver@acme.example", "-EDITOR user:leaver@acme.example"]],
    ["none", ["-EDITOR user:leaver@acme.example", "-VIEWER user:leaver@acme.example"]],
  ] as const)("that keeps the old owner as %s says so in full, whatever Google leaves behind", (keep, pairs) => {
    const { edits } = staffed()
      .asset("r1", "leaver")
      .compile(transfer("leaver", "heir", { keep }));
    expect(edits.map(shown)).toEqual([pairs]);
  });

  it("whose rows together name every asset of the user becomes the same job", () => {
    const world = staffed().asset("r1", "leaver").asset("r2", "leaver");
    const { transfers, byHand } = world.compile(
      transfer("leaver", "heir", { select: named("r1") }),
      transfer("leaver", "heir", { select: named("r2") }),
    );
    expect(transfers).toHaveLength(1);
    expect(transfers[0]?.requests).toHaveLength(2);
    expect(byHand).toEqual([]);
  });

  it("whose rows name every live asset says what the job moves beyond them", () => {
    const { transfers } = staffed()
      .asset("r1", "leaver")
      .asset("t1", "leaver", {}, { trashed: true })
      .compile(transfer("leaver", "heir", { select: named("r1") }));
    expect(transfers).toMatchObject([{ live: 1, trashed: 1, unnamed: 1 }]);
  });

  it("of some of a user's assets becomes EDITOR for the heir and a line on the hand-over sheet", () => {
    const { transfers, edits, byHand } = staffed()
      .asset("r1", "leaver", { VIEWER: ["user:heir@acme.example"] })
      .asset("r2", "leaver")
      .compile(transfer("leaver", "heir", { select: named("r1"), keep: "viewer" }));
    expect(transfers).toEqual([]);
    expect(edits.map(shown)).toEqual([["+EDITOR user:heir@acme.example", "-VIEWER user:heir@acme.example"]]);
    expect(edits).toMatchObject([{ actor: email("leaver"), attemptOwner: undefined }]);
    expect(byHand).toMatchObject([{ from: email("leaver"), to: email("heir"), keep: "viewer", tried: false }]);
  });

  it("to several heirs gives each EDITOR on theirs, because a job cannot split a user", () => {
    const { transfers, edits, byHand } = staffed()
      .asset("r1", "leaver")
      .asset("r2", "leaver")
      .compile(
        transfer("leaver", "heir", { select: named("r1") }),
        transfer("leaver", "other", { select: named("r2") }),
      );
    expect(transfers).toEqual([]);
    expect(edits.map(shown)).toEqual([["+EDITOR user:heir@acme.example"], ["+EDITOR user:other@acme.example"]]);
    expect(byHand).toHaveLength(2);
  });

  it("with owner_change: attempt tries the new owner too, and keeps the line until that has worked", () => {
    const { transfers, edits, byHand } = staffed()
      .asset("r1", "leaver")
      .compile(transfer("leaver", "heir", { select: named("r1"), ownerChange: "attempt" }));
    expect(transfers).toEqual([]);
    expect(edits).toMatchObject([
      { attemptOwner: email("heir"), hazards: ["owner-change-attempt", "leaves-data-sources"] },
    ]);
    expect(byHand).toMatchObject([{ tried: true }]);
  });

  it("by an alias is the owner's, and an heir who already edits needs only the line", () => {
    const { edits, byHand } = staffed()
      .asset("r1", "leaver", { EDITOR: ["user:heir@acme.example"] })
      .asset("r2", "leaver")
      .compile(transfer("leaver.alias", "heir", { select: named("r1") }));
    expect(edits).toEqual([]);
    expect(byHand).toMatchObject([{ from: email("leaver") }]);
  });

  it("of a suspended user's everything is still one job, which may move more than any search showed", () => {
    const { transfers } = staffed().asset("r1", "sam").compile(transfer("sam", "heir"));
    expect(transfers).toMatchObject([{ complete: false }]);
  });

  it("that names all assets others can see of a suspended user is not taken for everything he owns", () => {
    const { transfers, edits } = staffed()
      .asset("r1", "sam", { EDITOR: ["user:ana@acme.example"] })
      .compile(transfer("sam", "heir", { select: named("r1") }));
    expect(transfers).toEqual([]);
    expect(edits).toMatchObject([{ actor: email("ana") }]);
  });
});

describe("stages", () => {
  it("order a chain so that each asset moves once: the heir's own departure goes first", () => {
    const { transfers, after } = staffed()
      .asset("r1", "leaver")
      .asset("r2", "heir")
      .compile(transfer("leaver", "heir"), transfer("heir", "other"));
    expect(transfers.map((t) => t.from.email)).toEqual([email("heir"), email("leaver")]);
    const [departure, arrival] = transfers;
    expect(arrival !== undefined && after.get(arrival)).toBe(departure);
  });

  it.each([
    [
      "a swap",
      [
        ["leaver", "heir"],
        ["heir", "leaver"],
      ],
    ],
    [
      "a ring of three",
      [
        ["leaver", "heir"],
        ["heir", "other"],
        ["other", "leaver"],
      ],
    ],
  ] as const)("refuse %s, and say that it needs a third account", (_, pairs) => {
    const world = staffed().asset("r1", "leaver").asset("r2", "heir").asset("r3", "other");
    const { transfers, refusals } = world.compile(...pairs.map(([from, to]) => transfer(from, to)));
    expect(transfers).toEqual([]);
    expect(refusals.map((refusal) => refusal.rule)).toEqual(pairs.map(() => "swap"));
    expect(refusals[0]?.remedy).toContain("third account");
  });

  it("carry a transfer into a ring out only after nothing: the ring is refused, the rest goes on", () => {
    const { transfers, refusals } = staffed()
      .asset("r1", "leaver")
      .asset("r2", "heir")
      .asset("r3", "ana")
      .compile(transfer("leaver", "heir"), transfer("heir", "leaver"), transfer("ana", "heir"));
    expect(transfers.map((t) => t.from.email)).toEqual([email("ana")]);
    expect(refusals).toHaveLength(2);
  });
});

describe("a refusal", () => {
  it.each<[string, RefusalRule, string, string]>([
    ["an owner outside the tenant", "from-outside", "x@partner.example", "heir"],
    ["an owner nobody knows", "from-unknown", "nobody", "heir"],
    ["a deleted owner", "from-deleted", "dora", "heir"],
    ["a group as owner", "from-unknown", "bi-team", "heir"],
    ["an heir outside the tenant", "to-outside", "leaver", "x@partner.example"],
    ["an heir nobody knows", "to-unknown", "leaver", "nobody"],
    ["a deleted heir", "to-unknown", "leaver", "dora"],
    ["a suspended heir", "to-suspended", "leaver", "sam"],
    ["a group as heir", "to-not-a-person", "leaver", "bi-team"],
    ["a service account as heir", "to-not-a-person", "leaver", "bot@project.iam.gserviceaccount.com"],
    ["an heir who is the owner by alias", "same-person", "leaver", "leaver.alias"],
  ])("meets %s, with the row and a remedy", (_, rule, from, to) => {
    const world = staffed();
    world.principals.set(email("bot@project.iam.gserviceaccount.com"), {
      kind: "serviceAccount",
      email: email("bot@project.iam.gserviceaccount.com"),
    });
    const request = transfer(from, to);
    const { refusals, transfers, edits } = world.asset("r1", "leaver").compile(request);
    expect(refusals).toMatchObject([{ rule, places: [request.place] }]);
    expect(refusals[0]?.remedy).not.toBe("");
    expect([...transfers, ...edits]).toEqual([]);
  });

  it("meets an asset that belongs to somebody else", () => {
    const { refusals } = staffed()
      .asset("r1", "ana")
      .compile(transfer("leaver", "heir", { select: named("r1") }));
    expect(refusals).toMatchObject([{ rule: "not-owner" }]);
  });

  it("meets a named asset in the trash", () => {
    const { refusals } = staffed()
      .asset("r1", "leaver", {}, { trashed: true })
      .compile(row({ action: "grant", select: named("r1"), member: written("ana@acme.example"), role: "VIEWER" }));
    expect(refusals).toMatchObject([{ rule: "in-trash" }]);
  });

  it.each([
    ["title", { title: "Board *" }],
    ["owner", { owner: email("leaver.alias") }],
    ["id", { asset: "r1" as never }],
  ])("meets an asset protected by %s, also when only a whole-user transfer would touch it", (_, condition) => {
    const world = staffed().asset("r1", "leaver", {}, { title: "Board pack" }).asset("r2", "ana");
    world.protect = [{ id: "protect[0]", place: { file: "p.yaml", line: 3, column: 1 }, ...condition }];
    expect(world.compile(transfer("leaver", "heir")).transfers).toEqual([]);
    expect(world.compile(transfer("leaver", "heir")).refusals).toMatchObject([
      { rule: "protected" },
      { rule: "protected" },
    ]);
    const grant = row({ action: "grant", select: named("r1"), member: written("ana@acme.example"), role: "VIEWER" });
    expect(world.compile(grant).refusals).toMatchObject([{ rule: "protected" }]);
  });

  it("meets a row that would take the owner's role away", () => {
    const world = staffed().asset("r1", "leaver");
    const revoke = row({
      action: "revoke",
      select: named("r1"),
      member: written("leaver@acme.example"),
      role: undefined,
    });
    const lower = row({
      action: "set-role",
      select: named("r1"),
      member: written("leaver@acme.example"),
      role: "VIEWER",
    });
    expect(world.compile(revoke).refusals).toMatchObject([{ rule: "owner-role" }]);
    expect(world.compile(lower).refusals).toMatchObject([{ rule: "owner-role" }]);
  });

  it("meets a grant to an address the Directory does not know, but lets outside addresses pass as a hazard", () => {
    const world = staffed().asset("r1", "leaver");
    const grant = (who: string) => row({ action: "grant", select: named("r1"), member: written(who), role: "VIEWER" });
    expect(world.compile(grant("nobody@acme.example")).refusals).toMatchObject([{ rule: "member-unknown" }]);
    expect(world.compile(grant("guest@partner.example")).edits).toMatchObject([{ hazards: ["new-external"] }]);
    expect(world.compile(grant("bi-team@acme.example")).edits.map(shown)).toEqual([
      ["+VIEWER group:bi-team@acme.example"],
    ]);
  });
});

describe("the actor of a step", () => {
  const revokeAna = () =>
    row({ action: "revoke", select: named("r1"), member: written("ana@acme.example"), role: undefined });

  it("is the owner, with active editors of the tenant standing by", () => {
    const { edits } = staffed()
      .asset("r1", "leaver", {
        EDITOR: ["user:ana@acme.example", "user:x@partner.example", "group:bi-team@acme.example"],
      })
      .compile(row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "VIEWER" }));
    expect(edits).toMatchObject([{ actor: email("leaver"), alternates: [email("ana")] }]);
  });

  it("is never a member who loses the right to act by the step", () => {
    const { edits } = staffed()
      .asset("r1", "sam", { EDITOR: ["user:ana@acme.example", "user:other@acme.example"] })
      .compile(revokeAna());
    expect(edits).toMatchObject([{ actor: email("other"), alternates: [] }]);
  });

  it("is nobody, as a refusal, when the owner is suspended and no editor remains", () => {
    const { refusals, edits } = staffed()
      .asset("r1", "sam", { EDITOR: ["user:ana@acme.example"] })
      .compile(revokeAna());
    expect(edits).toEqual([]);
    expect(refusals).toMatchObject([{ rule: "nobody-can-act" }]);
  });
});

describe("edits", () => {
  it("of one asset by several rows merge into one step that names all of them", () => {
    const rows = [
      row({ action: "grant", select: named("r1"), member: written("ana@acme.example"), role: "EDITOR" }),
      row({ action: "revoke", select: named("r1"), member: written("guest@partner.example"), role: undefined }),
      row({ action: "close-link", select: named("r1") }),
    ];
    const { edits } = staffed()
      .asset("r1", "leaver", { VIEWER: ["user:guest@partner.example"], LINK_VIEWER: ["allUsers"] })
      .compile(...rows);
    expect(edits.map(shown)).toEqual([
      ["+EDITOR user:ana@acme.example", "-LINK_VIEWER allUsers", "-VIEWER user:guest@partner.example"],
    ]);
    expect(edits[0]?.sources).toEqual(rows.map((request) => request.place));
  });

  it("do not depend on the order of the rows", () => {
    const rows = [
      row({ action: "grant", select: named("r1"), member: written("ana@acme.example"), role: "EDITOR" }),
      row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "VIEWER" }),
      transfer("leaver", "heir", { select: named("r1") }),
    ];
    const world = staffed().asset("r1", "leaver").asset("r2", "leaver");
    expect(world.compile(...rows.toReversed()).edits.map(shown)).toEqual(world.compile(...rows).edits.map(shown));
  });

  it.each([
    [
      "set-role moves a member from one role to the other",
      row({ action: "set-role", select: named("r1"), member: written("ana@acme.example"), role: "VIEWER" }),
      ["+VIEWER user:ana@acme.example", "-EDITOR user:ana@acme.example"],
    ],
    [
      "replace-member takes over every role held",
      row({
        action: "replace-member",
        select: named("r1"),
        from: written("ana@acme.example"),
        to: written("other@acme.example"),
        roles: ["EDITOR", "VIEWER"],
      }),
      ["+EDITOR user:other@acme.example", "-EDITOR user:ana@acme.example"],
    ],
    [
      "replace-member everywhere finds the asset by who holds a role",
      row({
        action: "replace-member",
        select: everything,
        from: written("ana@acme.example"),
        to: written("other@acme.example"),
        roles: ["EDITOR", "VIEWER"],
      }),
      ["+EDITOR user:other@acme.example", "-EDITOR user:ana@acme.example"],
    ],
    [
      "set-link makes link sharing exactly what the row says",
      row({ action: "set-link", select: named("r1"), role: "LINK_VIEWER", member: "domain:acme.example" as never }),
      ["+LINK_VIEWER domain:acme.example", "-LINK_EDITOR allUsers"],
    ],
    [
      "close-link ends all link sharing",
      row({ action: "close-link", select: { ...everything, audience: "public" } }),
      ["-LINK_EDITOR allUsers"],
    ],
    [
      "revoke of one role leaves the other",
      row({ action: "revoke", select: named("r1"), member: written("ana@acme.example"), role: "EDITOR" }),
      ["-EDITOR user:ana@acme.example"],
    ],
  ])("%s", (_, request, pairs) => {
    const world = staffed()
      .asset("r1", "leaver", { EDITOR: ["user:ana@acme.example"], LINK_EDITOR: ["allUsers"] })
      .asset("r2", "leaver", { LINK_VIEWER: ["domain:acme.example"] });
    expect(world.compile(request).edits.map(shown)).toEqual([pairs]);
  });

  it("that are so already make no step", () => {
    const { edits, alreadySo } = staffed()
      .asset("r1", "leaver", { VIEWER: ["user:ana@acme.example"] })
      .compile(row({ action: "grant", select: named("r1"), member: written("ana@acme.example"), role: "VIEWER" }));
    expect(edits).toEqual([]);
    expect(alreadySo).toBe(1);
  });

  it("leave out a grant to the owner, who may do everything already", () => {
    const { edits, alreadySo } = staffed()
      .asset("r1", "leaver")
      .compile(row({ action: "grant", select: named("r1"), member: written("leaver@acme.example"), role: "EDITOR" }));
    expect(edits).toEqual([]);
    expect(alreadySo).toBe(1);
  });

  it("find a member in every form he may stand in, also as an alias", () => {
    const { edits } = staffed()
      .asset("r1", "ana", { VIEWER: ["user:leaver.alias@acme.example", "group:gone@acme.example"] })
      .compile(
        row({ action: "revoke", select: named("r1"), member: written("leaver@acme.example"), role: undefined }),
        row({ action: "revoke", select: named("r1"), member: written("gone@acme.example"), role: undefined }),
      );
    expect(edits.map(shown)).toEqual([["-VIEWER group:gone@acme.example", "-VIEWER user:leaver.alias@acme.example"]]);
  });
});

describe("contradictions found by asset", () => {
  it.each([
    [
      "two heirs",
      () => [
        transfer("leaver", "heir", { select: named("r1") }),
        transfer("leaver", "other", { select: { ...everything, title: "Title*" } }),
      ],
    ],
    [
      "grant and revoke of one pair by different selectors",
      () => [
        row({ action: "grant", select: named("r1"), member: written("ana@acme.example"), role: "VIEWER" }),
        row({
          action: "revoke",
          select: { ...everything, owner: email("leaver"), title: "Title*" },
          member: written("ana@acme.example"),
          role: "VIEWER",
        }),
      ],
    ],
    [
      "grant and revoke of a pair that nobody holds yet",
      () => [
        row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "VIEWER" }),
        row({
          action: "revoke",
          select: { ...everything, owner: email("leaver"), title: "Title*" },
          member: written("other@acme.example"),
          role: "VIEWER",
        }),
      ],
    ],
    [
      "a grant and a revoke of every role",
      () => [
        row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "VIEWER" }),
        row({ action: "revoke", select: named("r1"), member: written("other@acme.example"), role: undefined }),
      ],
    ],
    [
      "everything to one heir and everything to another",
      () => [transfer("leaver", "heir"), transfer("leaver", "other")],
    ],
  ])("name both rows: %s", (_, make) => {
    const world = staffed()
      .asset("r1", "leaver", { VIEWER: ["user:ana@acme.example"] })
      .asset("r2", "ana");
    const rows = make();
    const { diagnostics, edits } = world.compile(...rows);
    expect(diagnostics.length).toBeGreaterThan(0);
    const lines = rows.map((request) => request.place.line);
    expect(lines).toContain(diagnostics[0]?.place.line);
    expect(lines.some((number) => diagnostics[0]?.problem.includes(`:${number}:`))).toBe(true);
    expect(edits).toEqual([]);
  });
});

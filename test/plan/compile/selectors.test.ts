/** Which assets a row is about: each condition of a selector alone, all of them together, and what protects an asset. */
import { describe, expect, it } from "vitest";
import type { ProtectRule, Request, Selector } from "../../../src/model/request.ts";
import { BroadRequests } from "../../../src/plan/compile/broad.ts";
import type { CompileContext, Resolved } from "../../../src/plan/compile/context.ts";
import { resolveRequest } from "../../../src/plan/compile/resolve.ts";
import { World, email, everything, named, row, written } from "./world.ts";

function varied(): World {
  return new World()
    .user("leaver", { aliases: [email("lee")] })
    .user("ana")
    .user("other")
    .asset("plain", "leaver")
    .asset("source", "leaver", {}, { assetType: "DATA_SOURCE" })
    .asset("trash", "leaver", {}, { trashed: true })
    .asset("public", "ana", { LINK_VIEWER: ["allUsers"] })
    .asset("public-edit", "ana", { LINK_EDITOR: ["allUsers"] })
    .asset("domain", "ana", { LINK_VIEWER: ["domain:acme.example"] })
    .asset("partners", "ana", { VIEWER: ["domain:partner.example"] })
    .asset("guest", "ana", { EDITOR: ["user:other@acme.example", "user:guest@partner.example"] });
}

const grantOther = (select: Partial<Selector>, trashed?: "include"): Request =>
  row({
    action: "grant",
    select: { ...everything, ...select },
    member: written("other@acme.example"),
    role: "VIEWER",
    ...(trashed === undefined ? {} : { trashed }),
  });

const live = ["plain", "source", "public", "public-edit", "domain", "partners", "guest"];

describe("a selector", () => {
  it.each<[string, Request, readonly string[]]>([
    ["without conditions meets all but the trash", grantOther({}), live],
    ["that includes the trash meets that too", grantOther({}, "include"), ["trash", ...live]],
    ["of an owner meets his", grantOther({ owner: email("leaver") }), ["plain", "source"]],
    ["of an owner by an alias meets his", grantOther({ owner: email("lee") }), ["plain", "source"]],
    ["of a type meets that type", grantOther({ types: ["DATA_SOURCE"] }), ["source"]],
    ["of a title meets the whole title", grantOther({ title: "Title of publi?" }), ["public"]],
    ["of a title that is only part of one meets nothing", grantOther({ title: "of public" }), []],
    ["of a public audience meets links for anyone", grantOther({ audience: "public" }), ["public", "public-edit"]],
    ["of the domain as audience meets the tenant's domain alone", grantOther({ audience: "domain" }), ["domain"]],
    [
      "of an audience outside meets outsiders, one or a domain of them",
      grantOther({ audience: "external" }),
      ["partners", "guest"],
    ],
    ["with two conditions meets what meets both", grantOther({ owner: email("ana"), title: "*st" }), ["guest"]],
    [
      "with two conditions meets nothing where one fails",
      grantOther({ owner: email("leaver"), audience: "public" }),
      [],
    ],
  ])("%s", (_, request, found) => {
    const { edits } = varied().compile(request);
    expect(edits.map((edit) => edit.asset.name).toSorted()).toEqual(found.toSorted());
  });

  it("of an audience is not met by permissions that nobody could read; one without is, and that is refused", () => {
    const world = varied();
    const [first] = world.assets.splice(0);
    world.assets.push({ ...(first ?? expect.fail()), permissions: undefined, unreadable: "no access" });
    expect(world.compile(grantOther({ audience: "public" })).refusals).toEqual([]);
    expect(world.compile(grantOther({})).refusals).toMatchObject([{ rule: "unreadable" }]);
  });

  it("of an asset by its id meets it in the trash as well, which is refused unless the row includes the trash", () => {
    expect(varied().compile(grantOther(named("trash"))).refusals).toMatchObject([{ rule: "in-trash" }]);
    const { edits, refusals } = varied().compile(grantOther(named("trash"), "include"));
    expect([edits.map((edit) => edit.asset.name), refusals]).toEqual([["trash"], []]);
  });
});

describe("a rule of protect:", () => {
  const place = { file: "p.yaml", line: 3, column: 1 };
  it.each<[string, Partial<ProtectRule>, readonly string[]]>([
    ["by owner", { owner: email("leaver") }, ["plain", "source"]],
    ["by an alias of the owner", { owner: email("lee") }, ["plain", "source"]],
    ["by title", { title: "Title of public*" }, ["public", "public-edit"]],
    ["by id", { asset: named("guest").asset }, ["guest"]],
    ["by owner and title", { owner: email("ana"), title: "*d*" }, ["public-edit", "domain"]],
    ["by owner and id that do not go together", { owner: email("ana"), asset: named("plain").asset }, []],
  ])("%s covers what meets all of it", (_, rule, covered) => {
    const world = varied();
    world.protect = [{ id: "protect[0]", place, ...rule }];
    const { edits, refusals } = world.compile(grantOther({}));
    expect(edits.map((edit) => edit.asset.name)).toEqual(live.filter((name) => !covered.includes(name)));
    expect(refusals.map(({ rule: name }) => name)).toEqual(covered.map(() => "protected"));
  });
});

describe("rows without an asset id", () => {
  function broad(...requests: readonly Request[]): {
    readonly broad: BroadRequests;
    readonly rows: readonly Resolved[];
  } {
    const { tenant, principals } = varied();
    const context: CompileContext = {
      tenant,
      admin: email("admin"),
      protections: [],
      principal: (address) => principals.get(address),
      reachable: () => true,
    };
    const rows = requests.map((request) => {
      const found = resolveRequest(context, request);
      return "rule" in found ? expect.fail(found.problem) : found;
    });
    return { broad: new BroadRequests(tenant, rows), rows };
  }
  const record = (name: string) => varied().assets.find(({ asset }) => asset.name === name) ?? expect.fail();
  const { asset: plain, permissions: plainRoles } = record("plain");
  const { asset: guest, permissions: guestRoles } = record("guest");
  const nobodySearched = () => undefined;

  it("that meet an asset are those of its owner and those of no owner", () => {
    const made = broad(
      grantOther({ owner: email("leaver") }),
      grantOther({ owner: email("ana") }),
      grantOther({}),
      grantOther({ owner: email("leaver"), types: ["REPORT"] }),
    );
    const [leavers, anas, all, reports] = made.rows;
    expect(made.broad.matching(plain, plainRoles)).toEqual([leavers, reports, all]);
    expect(made.broad.matching(guest, guestRoles)).toEqual([anas, all]);
    expect(made.broad.matching({ ...plain, owner: undefined }, plainRoles)).toEqual([all]);
    expect(made.broad.all()).toEqual(made.rows);
  });

  it("may touch an asset unless what searches say rules it out; the audience is not looked at", () => {
    const { broad: leavers } = broad(grantOther({ owner: email("leaver"), audience: "public" }));
    expect(leavers.mayTouch(plain, nobodySearched)).toBe(true);
    expect(leavers.mayTouch(guest, nobodySearched)).toBe(false);
    expect(leavers.mayTouch({ ...plain, owner: undefined }, nobodySearched)).toBe(false);
    expect(leavers.mayTouch({ ...plain, trashed: true }, nobodySearched)).toBe(false);
  });

  it("may replace a user only where searches as that user showed the asset, or nobody could search so", () => {
    const { broad: replacing } = broad(
      row({
        action: "replace-member",
        select: everything,
        from: written("ana@acme.example"),
        to: written("other@acme.example"),
        roles: ["EDITOR"],
      }),
    );
    const shownTo =
      (name: string, ...assets: readonly (typeof plain)[]) =>
      (user: string) =>
        user === email(name) ? new Set(assets.map((asset) => asset.name)) : undefined;
    expect(replacing.mayTouch(plain, nobodySearched)).toBe(true);
    expect(replacing.mayTouch(plain, shownTo("ana", plain))).toBe(true);
    expect(replacing.mayTouch(plain, shownTo("ana", guest))).toBe(false);
    expect(replacing.mayTouch(plain, shownTo("other", guest))).toBe(true);
  });

  it("that asked for nothing new say whether anything met them", () => {
    const made = broad(grantOther({}), grantOther({ owner: email("leaver") }), grantOther({ title: "none" }));
    const [changing, so] = made.rows;
    if (changing === undefined || so === undefined) throw new Error("the rows were not resolved");
    const refusal = { rule: "in-trash" as const, places: [changing.request.place], problem: "p", remedy: "r" };
    const nothing = { edit: undefined, byHand: undefined, refusals: [] };
    made.broad.saw([changing], nothing);
    made.broad.saw([changing, so], { ...nothing, refusals: [refusal] });
    made.broad.saw(broad(grantOther({})).rows, nothing);
    expect(made.broad.noActions().map(({ why, assets }) => [why, assets])).toEqual([
      ["already-so", 1],
      ["matched-nothing", 0],
    ]);
  });
});

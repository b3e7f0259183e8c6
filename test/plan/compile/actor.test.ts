/** Who is asked to carry out a step: in which order, and who never. */
import { describe, expect, it } from "vitest";
import type { Email } from "../../../src/model/email.ts";
import { member } from "../../../src/model/member.ts";
import { nothing } from "../../../src/model/permissions.ts";
import type { Delta } from "../../../src/model/permissions.ts";
import { actorsFor } from "../../../src/plan/compile/actor.ts";
import type { CompileContext } from "../../../src/plan/compile/context.ts";
import { World, email } from "./world.ts";

const user = (name: string): string => `user:${email(name)}`;

/** Those who may act on an asset of `owner` with these editors. */
function actors(
  owner: string,
  editors: readonly string[],
  more: { readonly delta?: Delta; readonly readAs?: string; readonly unreachable?: string } = {},
): readonly Email[] {
  const world = new World()
    .user("leaver")
    .user("ana", { aliases: [email("annie")] })
    .user("ben")
    .user("cem")
    .user("dee")
    .user("sam", { suspended: true })
    .user("arne", { archived: true })
    .deleted("dora")
    .asset("r1", owner, { EDITOR: editors });
  const context: CompileContext = {
    tenant: world.tenant,
    admin: email("admin"),
    protections: [],
    principal: (address) => world.principals.get(address),
    reachable: (address) => address !== (more.unreachable === undefined ? undefined : email(more.unreachable)),
  };
  const { asset, permissions } = world.assets[0] ?? expect.fail();
  const readAs = more.readAs === undefined ? undefined : email(more.readAs);
  return actorsFor(context, asset, permissions, more.delta ?? nothing, readAs);
}

const losing = (role: string, name: string): Delta => ({ add: [], remove: [{ role, member: member(user(name)) }] });

describe("those who may act", () => {
  it.each<[string, () => readonly Email[], readonly string[]]>([
    ["begin with the owner", () => actors("leaver", [user("ana"), user("ben")]), ["leaver", "ana", "ben"]],
    [
      "are at most four",
      () => actors("leaver", ["ana", "ben", "cem", "dee"].map(user)),
      ["leaver", "ana", "ben", "cem"],
    ],
    [
      "prefer the editor who could read the asset",
      () => actors("leaver", [user("ana"), user("ben")], { readAs: "ben" }),
      ["leaver", "ben", "ana"],
    ],
    [
      "leave out the reader who is no editor",
      () => actors("leaver", [user("ana")], { readAs: "ben" }),
      ["leaver", "ana"],
    ],
    ["name nobody twice", () => actors("leaver", [user("leaver"), user("ana")]), ["leaver", "ana"]],
    ["are users, no groups", () => actors("leaver", ["group:ana@acme.example", user("ben")]), ["leaver", "ben"]],
    ["are of the tenant", () => actors("leaver", ["user:x@partner.example", user("ben")]), ["leaver", "ben"]],
    ["go by primary addresses", () => actors("leaver", [user("annie"), user("ben")]), ["leaver", "ben"]],
    ["are neither suspended nor archived nor deleted", () => actors("sam", ["arne", "dora", "ben"].map(user)), ["ben"]],
    ["can be reached", () => actors("leaver", ["ana", "ben"].map(user), { unreachable: "ana" }), ["leaver", "ben"]],
    [
      "include one the Directory was not asked about, while he can be reached",
      () => actors("leaver", [user("stranger")]),
      ["leaver", "stranger"],
    ],
    [
      "leave out one the Directory was not asked about and nobody can reach",
      () => actors("leaver", [user("stranger")], { unreachable: "stranger" }),
      ["leaver"],
    ],
    [
      "leave out the editor who is removed",
      () => actors("leaver", ["ana", "ben"].map(user), { delta: losing("EDITOR", "ana") }),
      ["leaver", "ben"],
    ],
    [
      "keep the editor who loses another role",
      () => actors("leaver", [user("ana")], { delta: losing("VIEWER", "ana") }),
      ["leaver", "ana"],
    ],
    [
      "keep the owner who is removed as an editor, because he stays the owner",
      () => actors("leaver", [user("leaver")], { delta: losing("EDITOR", "leaver") }),
      ["leaver"],
    ],
  ])("%s", (_, found, names) => {
    expect(found()).toEqual(names.map(email));
  });

  it("are the editors alone where nobody owns the asset, and nobody where nothing is known of it", () => {
    const world = new World().user("ana").asset("r1", "ana", { EDITOR: [user("ana")] });
    const context: CompileContext = {
      tenant: world.tenant,
      admin: email("admin"),
      protections: [],
      principal: (address) => world.principals.get(address),
      reachable: () => true,
    };
    const { asset, permissions } = world.assets[0] ?? expect.fail();
    expect(actorsFor(context, { ...asset, owner: undefined }, permissions, nothing, undefined)).toEqual([email("ana")]);
    expect(actorsFor(context, { ...asset, owner: undefined }, undefined, nothing, email("ana"))).toEqual([]);
  });
});

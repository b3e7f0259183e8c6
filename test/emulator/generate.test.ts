/** Generated tenants: the same for the same seed, whole, and with the cast that plans name. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Emulator } from "../../src/emulator/emulator.ts";
import type { DirectoryState } from "../../src/emulator/directory-state.ts";
import { generateTenant } from "../../src/emulator/generate.ts";
import { nastyTitles } from "../../src/emulator/generate-words.ts";
import { seededRandom } from "../../src/emulator/random.ts";
import type { StoredAsset } from "../../src/emulator/state.ts";
import type { World } from "../../src/emulator/world.ts";
import { startOfTest } from "../support/clock.ts";
import { call } from "./support.ts";

function emulatorOver(world: World): Emulator {
  return new Emulator({ clock: { now: () => startOfTest }, random: seededRandom(1), world });
}

function state(seed: number, users = 40, assets = 300): string {
  return emulatorOver(generateTenant({ seed, users, assets })).exportState();
}

function owned(
  world: World,
  who: string,
): readonly { readonly title: string; readonly type: string; readonly trashed: boolean }[] {
  return world.state.ownedBy(who.includes("@") ? who : world.address(who));
}

/** What is wrong with an asset, in words. */
function faultsOf(asset: StoredAsset, directory: DirectoryState): readonly string[] {
  const owners = asset.roles.get("OWNER") ?? [];
  const email = owners[0]?.slice("user:".length) ?? "";
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const lists = [...asset.roles.values()];
  // A domain may well be viewer and have the link.
  const people = lists.flat().filter((member) => !member.startsWith("domain:"));
  return [
    ...(owners.length === 1 ? [] : [`${asset.name} has ${owners.length} owners`]),
    ...((directory.person(email) ?? directory.deletedPerson(email)) === undefined ? [`${email} does not exist`] : []),
    ...(uuid.test(asset.name) ? [] : [`${asset.name} is no UUID`]),
    ...(lists.every((members) => members.length > 0) ? [] : [`${asset.name} has an empty role`]),
    ...(new Set(people).size === people.length ? [] : [`${asset.name} names somebody twice`]),
  ];
}

describe("a generated tenant", () => {
  it("is the same for the same seed and another for another", () => {
    expect(state(7)).toBe(state(7));
    expect(state(7)).not.toBe(state(8));
  });

  it("keeps people, ids, titles and sharing when only the time moves", () => {
    const shape = (now: number): unknown => {
      const world = generateTenant({ seed: 3, users: 30, assets: 200, now });
      const people = [...world.state.directory.people.values()].map(({ id, email, suspended }) => [
        id,
        email,
        suspended,
      ]);
      return [people, [...world.state.assets.values()].map(({ name, title, roles }) => [name, title, [...roles]])];
    };
    expect(shape(startOfTest)).toEqual(shape(startOfTest + 86_400_000_000));
  });

  it("has exactly the people and assets asked for, each asset with one owner who exists, at any size", () => {
    const sizes = fc.record({
      seed: fc.nat(1_000_000),
      users: fc.integer({ min: 20, max: 90 }),
      assets: fc.integer({ min: 100, max: 400 }),
    });
    fc.assert(
      fc.property(sizes, (shape) => {
        const { directory, assets } = generateTenant(shape).state;
        expect(directory.people.size).toBe(shape.users);
        expect(assets.size).toBe(shape.assets);
        expect([...assets.values()].flatMap((asset) => faultsOf(asset, directory))).toEqual([]);
        const titles = new Set([...assets.values()].map((asset) => asset.title));
        expect(nastyTitles.filter((title) => !titles.has(title))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    [20, 100],
    [200, 5000],
  ])("of %i people and %i assets holds the cast", (users, assets) => {
    const world = generateTenant({ seed: 11, users, assets });
    const { directory } = world.state;
    const leaver = owned(world, "leaver");
    const live = leaver.filter((asset) => !asset.trashed);
    expect(live.length).toBeGreaterThanOrEqual(30);
    expect(live.length).toBeLessThanOrEqual(40);
    expect(new Set(live.map((asset) => asset.type))).toEqual(new Set(["REPORT", "DATA_SOURCE"]));
    expect(leaver.length).toBeGreaterThan(live.length);
    expect(
      owned(world, "anna").filter((asset) => asset.title.startsWith("EMEA ") && asset.type === "REPORT").length,
    ).toBeGreaterThan(3);
    expect(owned(world, "anna").some((asset) => !asset.title.startsWith("EMEA "))).toBe(true);
    expect(owned(world, "cfo").every((asset) => asset.title.startsWith("Board "))).toBe(true);
    expect(world.person("admin").isAdmin).toBe(true);
    expect(world.person("suspended.sam").suspended).toBe(true);
    expect(owned(world, "suspended.sam").length).toBeGreaterThan(3);
    expect(directory.deletedPerson("deleted.dora@acme.example")).toBeDefined();
    expect(directory.person("leaver.alias@acme.example")).toBe(world.person("leaver"));
    expect(directory.person("leaver@acme.test")).toBe(world.person("leaver"));
    const counts = ["anna", "ben", "heir", "emea-bi", "cfo", "deleted.dora"].map((name) => owned(world, name).length);
    expect(counts).toEqual([11, 3, 2, 2, 5, 3]);
    for (const name of ["heir", "ben", "emea-bi"]) expect(world.person(name).suspended).toBe(false);
    for (const name of ["bi-team", "everyone"]) expect(directory.group(world.address(name))).toBeDefined();
    const all = [...world.state.assets.values()];
    expect(all.some((asset) => asset.roles.get("LINK_VIEWER")?.includes("allUsers" as never))).toBe(true);
    expect(all.some((asset) => asset.roles.get("VIEWER")?.includes("user:guest@partner.example" as never))).toBe(true);
    expect(all.filter((asset) => asset.title.startsWith("Board "))).toHaveLength(owned(world, "cfo").length);
  });

  it("is skewed: a tenth of the people own most of it, and every kind of sharing occurs", () => {
    const world = generateTenant({ seed: 5, users: 200, assets: 4000 });
    const counts = [...world.state.directory.people.values()]
      .map((person) => owned(world, person.email).length)
      .toSorted((a, b) => b - a);
    const top = counts.slice(0, 20).reduce((sum, count) => sum + count, 0);
    expect(top / 4000).toBeGreaterThan(0.4);
    const kinds = new Set(
      [...world.state.assets.values()].flatMap((asset) =>
        [...asset.roles].flatMap(([role, members]) => members.map((one) => `${role} ${one.split(":")[0]}`)),
      ),
    );
    for (const kind of [
      "EDITOR group",
      "VIEWER domain",
      "EDITOR serviceAccount",
      "LINK_VIEWER allUsers",
      "LINK_EDITOR domain",
    ])
      expect(kinds).toContain(kind);
  });

  it("takes another domain, and shows a leaver's assets to the leaver", () => {
    const world = generateTenant({ seed: 2, users: 20, assets: 100, domain: "corp.example" });
    expect(world.state.directory.domains.map((domain) => domain.name)).toEqual(["corp.example", "corp-labs.example"]);
    const seen = call(
      emulatorOver(world),
      "leaver@corp.example",
      "GET /v1/assets:search?assetTypes=REPORT&owner=leaver@corp.example",
    ).json;
    expect(seen.assets).toHaveLength(22);
  });

  it.each([
    [19, 100],
    [20, 99],
    [Number.NaN, 100],
  ])("of %d people and %d assets is refused", (users, assets) => {
    expect(() => generateTenant({ seed: 1, users, assets })).toThrow(/at least|cannot have/);
  });
});

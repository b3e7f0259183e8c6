/** The arithmetic on permissions: laws that hold for any roles and any change, and the cases that once bite. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { member } from "../../src/model/member.ts";
import {
  applyDelta,
  EDITOR,
  hasPair,
  inverse,
  isEmpty,
  need,
  nothing,
  OWNER,
  ownerOf,
  rolesOf,
  samePair,
  size,
  union,
  VIEWER,
  without,
} from "../../src/model/permissions.ts";
import type { Delta, Pair, RoleMap } from "../../src/model/permissions.ts";

// Roles and members that an object would lose, beside those that Google documents and those it may add.
const role = fc.oneof(
  fc.constantFrom(OWNER, EDITOR, VIEWER, "LINK_VIEWER", "LINK_EDITOR"),
  fc.constantFrom("__proto__", "constructor", "toString", "", "0", "ROLE_OF_TOMORROW", "Editor"),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const anyMember = fc
  .oneof(
    fc.constantFrom("user:anna@acme.example", "user:ben@acme.example", "group:bi@acme.example", "allUsers"),
    fc.constantFrom("__proto__", "user:", "", "principal://x/y", "USER:anna@acme.example"),
    fc.string({ unit: "binary", maxLength: 6 }),
  )
  .map(member);
const pair: fc.Arbitrary<Pair> = fc.record({ role, member: anyMember });

/** As a server holds it: each member once in a role. */
const roleMap: fc.Arbitrary<RoleMap> = fc
  .uniqueArray(fc.tuple(role, fc.uniqueArray(anyMember, { minLength: 1, maxLength: 4 })), {
    maxLength: 5,
    selector: ([name]) => name,
  })
  .map((entries) => new Map(entries));

/** As the compiler makes it: no pair twice, none both added and removed. */
const delta: fc.Arbitrary<Delta> = fc
  .uniqueArray(fc.tuple(pair, fc.boolean()), { maxLength: 8, comparator: ([a], [b]) => samePair(a, b) })
  .map((entries) => ({
    add: entries.filter(([, add]) => add).map(([one]) => one),
    remove: entries.filter(([, add]) => !add).map(([one]) => one),
  }));

/** Roles, and a change some of whose pairs are among them. */
const rolesAndDelta: fc.Arbitrary<readonly [RoleMap, Delta]> = roleMap.chain((roles) => {
  const held = pairsOf(roles);
  const near = held.length === 0 ? pair : fc.oneof(pair, fc.constantFrom(...held));
  return fc
    .uniqueArray(fc.tuple(near, fc.boolean()), { maxLength: 8, comparator: ([a], [b]) => samePair(a, b) })
    .map((entries): readonly [RoleMap, Delta] => [
      roles,
      {
        add: entries.filter(([, add]) => add).map(([one]) => one),
        remove: entries.filter(([, add]) => !add).map(([one]) => one),
      },
    ]);
});

function pairsOf(roles: RoleMap): readonly Pair[] {
  return [...roles].flatMap(([name, members]) => members.map((m): Pair => ({ role: name, member: m })));
}

/** The pairs as a set of texts; written apart from the code under test. */
function pairSet(roles: RoleMap): ReadonlySet<string> {
  return new Set(pairsOf(roles).map((one) => JSON.stringify([one.role, one.member])));
}

function isNamed(change: Delta, one: Pair): boolean {
  return [...change.add, ...change.remove].some((other) => other.role === one.role && other.member === one.member);
}

describe("a change of permissions", () => {
  it("needs nothing more once what it needed is applied", () => {
    fc.assert(
      fc.property(rolesAndDelta, ([roles, change]) => {
        expect(isEmpty(need(applyDelta(roles, need(roles, change)), change))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("gives the same whether the whole of it or only what is needed is applied", () => {
    fc.assert(
      fc.property(rolesAndDelta, ([roles, change]) => {
        expect(applyDelta(roles, need(roles, change))).toEqual(applyDelta(roles, change));
      }),
    );
  });

  it("gives the same when it is applied twice", () => {
    fc.assert(
      fc.property(rolesAndDelta, ([roles, change]) => {
        const once = applyDelta(roles, change);
        expect([...applyDelta(once, change)]).toEqual([...once]);
      }),
    );
  });

  it("is taken back pair by pair by the inverse of what was needed", () => {
    fc.assert(
      fc.property(rolesAndDelta, ([roles, change]) => {
        const needed = need(roles, change);
        const back = applyDelta(applyDelta(roles, needed), inverse(needed));
        expect(pairSet(back)).toEqual(pairSet(roles));
      }),
      { numRuns: 500 },
    );
  });

  it("when taken back leaves alone what somebody else did meanwhile to other pairs", () => {
    fc.assert(
      fc.property(rolesAndDelta, delta, ([roles, change], foreign) => {
        const needed = need(roles, change);
        const others: Delta = {
          add: foreign.add.filter((one) => !isNamed(needed, one)),
          remove: foreign.remove.filter((one) => !isNamed(needed, one)),
        };
        const meanwhile = applyDelta(applyDelta(roles, needed), others);
        expect(pairSet(applyDelta(meanwhile, inverse(needed)))).toEqual(pairSet(applyDelta(roles, others)));
      }),
      { numRuns: 500 },
    );
  });

  it("never touches a pair it does not name, nor the order of such pairs", () => {
    fc.assert(
      fc.property(rolesAndDelta, ([roles, change]) => {
        const rest = (map: RoleMap): readonly Pair[] => pairsOf(map).filter((one) => !isNamed(change, one));
        const ordered = (map: RoleMap, name: string): readonly Pair[] => rest(map).filter((one) => one.role === name);
        const after = applyDelta(roles, change);
        for (const name of new Set([...roles.keys(), ...after.keys()])) {
          expect(ordered(after, name)).toEqual(ordered(roles, name));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("holds every pair it adds and none it removes", () => {
    fc.assert(
      fc.property(rolesAndDelta, ([roles, change]) => {
        const after = pairSet(applyDelta(roles, change));
        for (const one of change.add) expect(after).toContain(JSON.stringify([one.role, one.member]));
        for (const one of change.remove) expect(after).not.toContain(JSON.stringify([one.role, one.member]));
      }),
    );
  });

  it("leaves the roles it was given as they were", () => {
    fc.assert(
      fc.property(rolesAndDelta, ([roles, change]) => {
        const before = JSON.stringify([...roles]);
        applyDelta(roles, change);
        expect(JSON.stringify([...roles])).toBe(before);
      }),
    );
  });

  it("never lists a member twice in a role", () => {
    fc.assert(
      fc.property(rolesAndDelta, ([roles, change]) => {
        for (const members of applyDelta(roles, { ...change, add: [...change.add, ...change.add] }).values()) {
          expect(new Set(members).size).toBe(members.length);
        }
      }),
    );
  });

  it("counts its pairs, and is empty without any", () => {
    fc.assert(
      fc.property(delta, (change) => {
        expect(size(change)).toBe(change.add.length + change.remove.length);
        expect(isEmpty(change)).toBe(size(change) === 0);
        expect(size(inverse(change))).toBe(size(change));
        expect(inverse(inverse(change))).toEqual(change);
      }),
    );
    expect(isEmpty(nothing)).toBe(true);
  });

  it("joined with another names each pair of both once, and parted from it only its own", () => {
    fc.assert(
      fc.property(delta, delta, (a, b) => {
        const joined = union(a, b);
        for (const side of ["add", "remove"] as const) {
          const keys = joined[side].map((one) => JSON.stringify([one.role, one.member]));
          expect(new Set(keys).size).toBe(keys.length);
          const both = [...a[side], ...b[side]].map((one) => JSON.stringify([one.role, one.member]));
          expect(new Set(keys)).toEqual(new Set(both));
          for (const one of without(a, b)[side]) expect(b[side].some((other) => samePair(one, other))).toBe(false);
        }
        expect(size(without(a, a))).toBe(0);
        expect(without(a, nothing)).toEqual(a);
        expect(union(without(a, b), b).add).toHaveLength(union(a, b).add.length);
      }),
    );
  });
});

describe("permissions", () => {
  const anna = member("user:anna@acme.example");
  const ben = member("user:ben@acme.example");
  const roles: RoleMap = new Map([
    [OWNER, [anna]],
    [EDITOR, [ben, member("group:bi@acme.example")]],
    ["__proto__", [ben, member("principal://x")]],
    ["ROLE_OF_TOMORROW", [member("martian:marvin")]],
    ["EMPTY", []],
  ]);

  it("carry unknown roles and members through, byte for byte and in their place", () => {
    const after = applyDelta(roles, { add: [{ role: VIEWER, member: anna }], remove: [{ role: EDITOR, member: ben }] });
    expect([...after]).toEqual([
      [OWNER, [anna]],
      [EDITOR, ["group:bi@acme.example"]],
      ["__proto__", [ben, "principal://x"]],
      ["ROLE_OF_TOMORROW", ["martian:marvin"]],
      ["EMPTY", []],
      [VIEWER, [anna]],
    ]);
  });

  it("change in a role named __proto__ as in any other, and leave all objects as they are", () => {
    const change: Delta = { add: [{ role: "__proto__", member: anna }], remove: [{ role: "__proto__", member: ben }] };
    expect(applyDelta(roles, change).get("__proto__")).toEqual(["principal://x", anna]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("lose a role when its last member goes, but not one that was empty before", () => {
    const last: Pair = { role: "ROLE_OF_TOMORROW", member: member("martian:marvin") };
    const after = applyDelta(roles, { add: [], remove: [last] });
    expect([after.has("ROLE_OF_TOMORROW"), after.has("EMPTY")]).toEqual([false, true]);
  });

  it("tell members apart by every byte", () => {
    expect(hasPair(roles, { role: EDITOR, member: member("USER:ben@acme.example") })).toBe(false);
    expect(hasPair(roles, { role: "editor", member: ben })).toBe(false);
    expect(hasPair(roles, { role: EDITOR, member: ben })).toBe(true);
  });

  it("name the roles of a member in the server's order", () => {
    expect(rolesOf(roles, ben)).toEqual([EDITOR, "__proto__"]);
    expect(rolesOf(roles, member("user:nobody@acme.example"))).toEqual([]);
  });

  it.each([
    ["one person", ["user:anna@acme.example"], "anna@acme.example"],
    ["a person in capitals", ["user:Anna@Acme.Example"], "anna@acme.example"],
    ["nobody", [], undefined],
    ["two people", ["user:anna@acme.example", "user:ben@acme.example"], undefined],
    ["a group", ["group:bi@acme.example"], undefined],
    ["something that is no address", ["user:gone"], undefined],
  ])("name the owner only when it is one person: %s", (_, owners, expected) => {
    expect(ownerOf(new Map([[OWNER, owners.map(member)]]))).toBe(expected);
  });

  it("name no owner when there is no such role", () => {
    expect(ownerOf(new Map())).toBeUndefined();
  });
});

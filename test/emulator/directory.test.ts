/** The Directory API: users, groups, members, domains, customer. */
import { describe, expect, it } from "vitest";
import { at, call, scopes, smallWorld, stage } from "./support.ts";
import type { Stage } from "./support.ts";

const base = "/admin/directory/v1";

function office(): Stage {
  const world = smallWorld();
  world.addGroup({ email: "all", members: [world.state.directory.customerId] });
  const on = stage({ world });
  world.deleteUser("dora", on.clock.now() - 3 * 86_400_000);
  world.addUser({ email: "old" });
  world.deleteUser("old", on.clock.now() - 30 * 86_400_000);
  return on;
}

describe("users", () => {
  it.each([
    ["address", at("leaver")],
    ["alias", at("leaver.alias")],
    ["address under the alias domain", "leaver@acme.test"],
    ["address in capitals", "LEAVER@ACME.EXAMPLE"],
  ])("are found by %s", (_how, key) => {
    const user = call(office().emulator, "admin", `GET ${base}/users/${encodeURIComponent(key)}`).json;
    expect(user.primaryEmail).toBe(at("leaver"));
    expect(user.aliases).toEqual([at("leaver.alias")]);
    expect(user.nonEditableAliases).toEqual(["leaver@acme.test", "leaver.alias@acme.test"]);
    expect(user.kind).toBe("admin#directory#user");
  });

  it("are found by id", () => {
    const on = office();
    const { id } = on.world.person("anna");
    expect(call(on.emulator, "admin", `GET ${base}/users/${id}`).json.primaryEmail).toBe(at("anna"));
  });

  it.each([
    ["an unknown address", at("nobody"), 404, "notFound", "Resource Not Found: userKey"],
    ["a deleted user", at("dora"), 404, "notFound", "Resource Not Found: userKey"],
    ["a group", at("team"), 404, "notFound", "Resource Not Found: userKey"],
    [
      "an address of another organisation",
      "x@elsewhere.example",
      403,
      "forbidden",
      "Not Authorized to access this resource/api",
    ],
    ["a key with a blank", "a b", 400, "invalid", "Invalid Input: userKey"],
    ["a key with two signs", "a@b@c", 400, "invalid", "Invalid Input: userKey"],
  ])("answer to %s as Google does", (_what, key, status, reason, message) => {
    const answer = call(office().emulator, "admin", `GET ${base}/users/${encodeURIComponent(key)}`);
    expect([answer.status, answer.json.error.errors[0].reason, answer.json.error.message]).toEqual([
      status,
      reason,
      message,
    ]);
  });

  it("are an administrator's to read, except the public part", () => {
    const { emulator } = office();
    expect(call(emulator, "anna", `GET ${base}/users/${at("ben")}`).status).toBe(403);
    const seen = call(emulator, "anna", `GET ${base}/users/${at("ben")}?viewType=domain_public`).json;
    expect(seen.primaryEmail).toBe(at("ben"));
    expect(seen.suspended).toBeUndefined();
  });

  it.each([
    ["the customer", "customer=my_customer", ["admin", "anna", "ben", "carl", "heir", "lab", "leaver", "sam"]],
    ["a domain", "domain=acme-labs.example", ["lab"]],
    ["deleted people of the last 20 days", "customer=my_customer&showDeleted=true", ["dora"]],
    ["people by prefix", "customer=my_customer&query=email:le*", ["leaver"]],
    ["people by alias", `customer=my_customer&query=email=${at("leaver.alias")}`, ["leaver"]],
    ["suspended people", "customer=my_customer&query=isSuspended=true", ["sam"]],
    ["administrators", "customer=my_customer&query=isAdmin=true", ["admin"]],
    ["nobody archived", "customer=my_customer&query=isArchived=true", []],
    ["people by unit", "customer=my_customer&query=orgUnitPath=%27/Sales%27", []],
    ["people by bare text", "customer=my_customer&query=he", ["heir"]],
    ["people downwards", "customer=my_customer&orderBy=email&sortOrder=DESCENDING&query=email:a*", ["anna", "admin"]],
  ])("are listed for %s", (_what, query, expected) => {
    const users = call(office().emulator, "admin", `GET ${base}/users?${query}`).json.users ?? [];
    expect(users.map((user: { primaryEmail: string }) => user.primaryEmail.split("@")[0])).toEqual(expected);
  });

  it("are listed page by page, and a token holds for its query only", () => {
    const { emulator } = office();
    const seen: string[] = [];
    let token = "";
    for (let page = 0; page < 10; page += 1) {
      const answer = call(
        emulator,
        "admin",
        `GET ${base}/users?customer=my_customer&maxResults=3&pageToken=${token}`,
      ).json;
      seen.push(...answer.users.map((user: { id: string }) => user.id));
      if (answer.nextPageToken === undefined) break;
      token = answer.nextPageToken;
      expect(call(emulator, "admin", `GET ${base}/users?domain=acme.example&pageToken=${token}`).status).toBe(400);
    }
    expect(new Set(seen).size).toBe(8);
    expect(seen).toHaveLength(8);
  });

  it.each([
    ["neither customer nor domain", "", 400],
    ["a foreign domain", "domain=elsewhere.example", 404],
    ["too many", "customer=my_customer&maxResults=501", 400],
    ["an unknown order", "customer=my_customer&orderBy=age", 400],
    ["an order that only every object has", "customer=my_customer&orderBy=constructor", 400],
    ["an unknown query", "customer=my_customer&query=shoeSize=44", 400],
    ["another customer", "customer=C999", 400],
  ])("are not listed for %s", (_what, query, status) => {
    expect(call(office().emulator, "admin", `GET ${base}/users?${query}`).status).toBe(status);
  });
});

describe("groups and members", () => {
  it("get and list groups", () => {
    const { emulator } = office();
    const group = call(emulator, "admin", `GET ${base}/groups/${at("team")}`).json;
    expect([group.email, group.directMembersCount]).toEqual([at("team"), "2"]);
    expect(call(emulator, "admin", `GET ${base}/groups/${group.id}`).json.email).toBe(at("team"));
    const names = (query: string): readonly string[] =>
      call(emulator, "admin", `GET ${base}/groups?${query}`).json.groups.map(
        (one: { email: string }) => one.email.split("@")[0],
      );
    expect(names("customer=my_customer")).toEqual(["all-teams", "all", "team"]);
    expect(names(`userKey=${at("carl")}`)).toEqual(["team"]);
    expect(call(emulator, "admin", `GET ${base}/groups/${at("anna")}`).json.error.message).toBe(
      "Resource Not Found: groupKey",
    );
  });

  it("list members with kind and role, derived ones when asked", () => {
    const { emulator } = office();
    const members = (query: string): readonly (readonly string[])[] =>
      call(emulator, "admin", `GET ${base}/groups/${at("all-teams")}/members${query}`).json.members.map(
        (one: { email: string; type: string; role: string }) => [one.email, one.type, one.role],
      );
    expect(members("")).toEqual([
      [at("team"), "GROUP", "MEMBER"],
      [at("dora"), "USER", "MEMBER"],
    ]);
    expect(members("?includeDerivedMembership=true").map(([email]) => email)).toContain("guest@partner.example");
    const all = call(emulator, "admin", `GET ${base}/groups/${at("all")}/members`).json.members;
    expect(all).toEqual([expect.objectContaining({ type: "CUSTOMER", id: "C01emul8d" })]);
    expect(
      call(emulator, "admin", `GET ${base}/groups/${at("team")}/members?roles=OWNER`).json.members,
    ).toBeUndefined();
    expect(call(emulator, "admin", `GET ${base}/groups/${at("team")}/members/${at("carl")}`).json.type).toBe("USER");
  });

  it.each([
    ["a direct member", "team", at("carl"), true],
    ["a member of an inner group", "all-teams", at("carl"), true],
    ["an inner group", "all-teams", at("team"), true],
    ["everybody in an all-customer group", "all", at("anna"), true],
    ["somebody else", "team", at("anna"), false],
  ])("hasMember knows %s", (_who, group, key, expected) => {
    expect(call(office().emulator, "admin", `GET ${base}/groups/${at(group)}/hasMember/${key}`).json).toEqual({
      isMember: expected,
    });
  });
});

describe("domains and customer", () => {
  it("list every domain with its aliases", () => {
    const { domains } = call(office().emulator, "admin", `GET ${base}/customer/my_customer/domains`).json;
    expect(domains.map((one: { domainName: string; isPrimary: boolean }) => [one.domainName, one.isPrimary])).toEqual([
      ["acme.example", true],
      ["acme-labs.example", false],
    ]);
    expect(domains[0].domainAliases[0].domainAliasName).toBe("acme.test");
  });

  it("name the customer", () => {
    const customer = call(office().emulator, "admin", `GET ${base}/customers/my_customer`).json;
    expect([customer.id, customer.customerDomain]).toEqual(["C01emul8d", "acme.example"]);
  });

  it.each([
    [`${base}/users/${at("anna")}`, scopes.groups],
    [`${base}/groups/${at("team")}`, scopes.users],
    [`${base}/groups/${at("team")}/members`, scopes.users],
    [`${base}/customer/my_customer/domains`, scopes.users],
    [`${base}/customers/my_customer`, scopes.domains],
  ])("%s asks for its own scope", (path, scope) => {
    const answer = call(office().emulator, "admin", `GET ${path}`, { scopes: [scope] });
    expect([answer.status, answer.json.error.errors[0].reason]).toEqual([403, "insufficientPermissions"]);
  });
});

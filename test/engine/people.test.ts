/** Who is who: each address is asked for once, in the right place of the Directory, and never where the answer is known. */
import { describe, expect, it } from "vitest";
import { People, tenantOf } from "../../src/engine/people.ts";
import type { DirectoryApi } from "../../src/model/api.ts";
import type { Domain, Email } from "../../src/model/email.ts";
import type { Person, Tenant } from "../../src/model/tenant.ts";
import { address } from "../support/rig.ts";

const domain = "acme.example" as Domain;
const tenant: Tenant = { primaryDomain: domain, domains: new Set([domain]) };
const never = new AbortController().signal;

function person(name: string, more: Partial<Person> = {}): Person {
  return { id: `id-${name}`, email: address(name), aliases: [], suspended: false, archived: false, ...more };
}

/** A Directory of these people that notes what it is asked. */
class Directory implements DirectoryApi {
  readonly asked: string[] = [];
  readonly #people: readonly Person[];
  readonly #deleted: readonly Person[];
  readonly #pageSize: number;

  constructor(people: readonly Person[], deleted: readonly Person[] = [], pageSize = 1000) {
    this.#people = people;
    this.#deleted = deleted;
    this.#pageSize = pageSize;
  }

  async domains(): ReturnType<DirectoryApi["domains"]> {
    return { primary: domain, all: ["acme-labs.example" as Domain] };
  }

  async user(key: string): Promise<Person | undefined> {
    this.asked.push(`user ${key}`);
    return this.#people.find(({ email, aliases }) => email === key || aliases.includes(key as Email));
  }

  async group(key: string): ReturnType<DirectoryApi["group"]> {
    this.asked.push(`group ${key}`);
    return key.startsWith("team") ? { id: "g1", email: address("team") } : undefined;
  }

  async deletedUsers(): Promise<readonly Person[]> {
    this.asked.push("deleted");
    return this.#deleted;
  }

  async users(pageToken = "0"): ReturnType<DirectoryApi["users"]> {
    this.asked.push(`users ${pageToken}`);
    const next = Number(pageToken) + this.#pageSize;
    return {
      people: this.#people.slice(Number(pageToken), next),
      nextPageToken: next < this.#people.length ? String(next) : undefined,
    };
  }

  groupMembers = (): never => expect.fail();
}

describe("an address that is looked up", () => {
  const gone = person("gone", { aliases: [address("gone.too")] });
  const ana = person("ana", { aliases: [address("a.n.a")] });

  it.each<[string, string, object, readonly string[]]>([
    ["a user", "ana", { kind: "user", person: ana }, ["user"]],
    ["a user by another address", "a.n.a", { kind: "user", person: ana }, ["user"]],
    ["a group", "team-alias", { kind: "group", id: "g1", email: address("team") }, ["user", "group"]],
    ["a deleted user", "gone", { kind: "deleted", person: gone }, ["user", "group", "deleted"]],
    ["a deleted user by another address", "gone.too", { kind: "deleted", person: gone }, ["user", "group", "deleted"]],
    ["nobody", "nobody", { kind: "missing", email: address("nobody") }, ["user", "group", "deleted"]],
    ["somebody outside", "x@far.example", { kind: "external", email: address("x@far.example") }, []],
    [
      "a service account",
      "robot@project.iam.gserviceaccount.com",
      { kind: "serviceAccount", email: address("robot@project.iam.gserviceaccount.com") },
      [],
    ],
  ])("is %s: %s", async (_, text, principal, asked) => {
    const directory = new Directory([ana], [gone]);
    const people = new People(directory, tenant);
    expect(people.principal(address(text))).toBeUndefined();
    await people.lookUp([address(text), address(text)], 4, never);
    expect(people.principal(address(text))).toEqual(principal);
    expect(directory.asked.map((each) => each.split(" ")[0])).toEqual(asked);
  });

  it("is not asked for again", async () => {
    const directory = new Directory([ana], [gone]);
    const people = new People(directory, tenant);
    await people.lookUp([ana.email, gone.email], 4, never);
    const before = directory.asked.length;
    await people.lookUp([gone.email, ana.email], 4, never);
    await people.lookUp([address("nobody")], 4, never);
    expect(directory.asked.slice(before)).toEqual(["user nobody@acme.example", "group nobody@acme.example"]);
  });

  it("is not asked for once the user has stopped", async () => {
    const directory = new Directory([ana]);
    const people = new People(directory, tenant);
    await people.lookUp([ana.email], 4, AbortSignal.abort());
    expect([directory.asked, people.principal(ana.email)]).toEqual([[], undefined]);
  });
});

describe("many addresses", () => {
  const users = Array.from({ length: 200 }, (_, index) => person(`user${index}`));

  it("of which 200 are inside are found by one listing, and the rest of them one by one", async () => {
    const directory = new Directory(users.slice(1), [], 150);
    const people = new People(directory, tenant);
    await people.lookUp(
      users.map(({ email }) => email),
      4,
      never,
    );
    expect(directory.asked).toEqual([
      "users 0",
      "users 150",
      "user user0@acme.example",
      "group user0@acme.example",
      "deleted",
    ]);
    expect(people.principal(address("user199"))).toEqual({ kind: "user", person: users[199] });
    expect(people.principal(address("user0"))?.kind).toBe("missing");
  });

  it.each([
    ["fewer than 200 are inside", users.slice(1), 199],
    ["the 200th is outside", [...users.slice(1), person("x@far.example")], 199],
    ["the 200th is a service account", [...users.slice(1), person("robot@project.iam.gserviceaccount.com")], 199],
  ])("are asked for one by one when %s", async (_, wanted, asked) => {
    const directory = new Directory(users);
    const emails = wanted.map(({ email }) => email);
    await new People(directory, tenant).lookUp(emails, 4, never);
    expect(directory.asked).toEqual(emails.slice(0, asked).map((email) => `user ${email}`));
  });
});

describe("the listing of everybody", () => {
  it("is made once, and tells who can be acted as", async () => {
    const listed = [
      person("ana", { aliases: [address("a.n.a")] }),
      person("sam", { suspended: true }),
      person("old", { archived: true }),
      person("ben"),
    ];
    const directory = new Directory(listed, [], 3);
    const people = new People(directory, tenant);
    expect(await people.active()).toEqual([address("ana"), address("ben")]);
    expect(await people.everyone()).toEqual(listed);
    expect(directory.asked).toEqual(["users 0", "users 3"]);
    await people.lookUp([address("a.n.a"), address("old")], 4, never);
    expect(directory.asked).toHaveLength(2);
    expect(people.principal(address("a.n.a"))).toEqual({ kind: "user", person: listed[0] });
  });
});

it("a tenant is its primary domain and all the others", async () => {
  expect(await tenantOf(new Directory([]))).toEqual({
    primaryDomain: domain,
    domains: new Set([domain, "acme-labs.example"]),
  });
});

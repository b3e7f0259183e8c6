/** Who is inside the organisation, and who could sign in. */
import { describe, expect, it } from "vitest";
import type { Domain, Email } from "../../src/model/email.ts";
import { member } from "../../src/model/member.ts";
import { isActive, isExternal, isInside } from "../../src/model/tenant.ts";
import type { Person, Principal, Tenant } from "../../src/model/tenant.ts";

const tenant: Tenant = {
  primaryDomain: "acme.example" as Domain,
  domains: new Set(["acme.example", "acme-labs.example"] as Domain[]),
};

describe("a tenant", () => {
  it.each([
    ["anna@acme.example", true],
    ["anna@acme-labs.example", true],
    ["guest@partner.example", false],
    ["anna@sub.acme.example", false],
    ["anna@notacme.example", false],
  ])("%s belongs to it: %s", (email, expected) => {
    expect(isInside(tenant, email as Email)).toBe(expected);
  });

  it.each([
    ["user:anna@acme.example", false],
    ["group:bi@acme-labs.example", false],
    ["domain:acme.example", false],
    ["user:guest@partner.example", true],
    ["group:all@partner.example", true],
    ["domain:partner.example", true],
    ["user:anna@sub.acme.example", true],
    ["serviceAccount:bot@p.iam.gserviceaccount.com", false],
    ["allUsers", false],
    ["allAuthenticatedUsers", true],
    ["user:gone", true],
    ["martian:marvin@acme.example", true],
  ])("a grant to %s lets an outsider in: %s", (text, expected) => {
    expect(isExternal(tenant, member(text))).toBe(expected);
  });
});

describe("a principal", () => {
  const email = "anna@acme.example" as Email;
  const person: Person = { id: "1", email, aliases: [], suspended: false, archived: false };

  it.each<[string, Principal | undefined, boolean]>([
    ["a user", { kind: "user", person }, true],
    ["a suspended user", { kind: "user", person: { ...person, suspended: true } }, false],
    ["an archived user", { kind: "user", person: { ...person, archived: true } }, false],
    ["a deleted user", { kind: "deleted", person }, false],
    ["a group", { kind: "group", id: "g", email }, false],
    ["a service account", { kind: "serviceAccount", email }, false],
    ["nobody known", { kind: "missing", email }, false],
    ["an outsider", { kind: "external", email }, false],
    ["nothing", undefined, false],
  ])("can sign in or not: %s", (_, principal, expected) => {
    expect(isActive(principal)).toBe(expected);
  });
});

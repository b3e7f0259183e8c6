/** Members: as Google writes them, and as people write them in plan files. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstForbiddenCharacter } from "../../src/model/text.ts";
import { member, memberDomain, memberEmail, memberKind, parseMember } from "../../src/model/member.ts";

describe("a member in an answer of Google", () => {
  it.each([
    ["user:anna@acme.example", "user", "anna@acme.example", "acme.example"],
    ["group:bi-team@acme.example", "group", "bi-team@acme.example", "acme.example"],
    [
      "serviceAccount:bot@p.iam.gserviceaccount.com",
      "serviceAccount",
      "bot@p.iam.gserviceaccount.com",
      "p.iam.gserviceaccount.com",
    ],
    ["domain:acme.example", "domain", undefined, "acme.example"],
    ["allUsers", "allUsers", undefined, undefined],
    ["allAuthenticatedUsers", "unknown", undefined, undefined],
    ["principal://iam.example/x", "unknown", undefined, undefined],
    ["deleted:user:anna@acme.example?uid=1", "unknown", undefined, undefined],
    ["User:anna@acme.example", "unknown", undefined, undefined],
    ["user:", "user", undefined, undefined],
    ["user:not an address", "user", undefined, undefined],
    ["domain:nowhere", "domain", undefined, undefined],
    ["", "unknown", undefined, undefined],
    ["user", "unknown", undefined, undefined],
    ["users:", "unknown", undefined, undefined],
    ["__proto__:x", "unknown", undefined, undefined],
    ["constructor", "unknown", undefined, undefined],
  ])("%j is of kind %s", (text, kind, email, domain) => {
    expect([memberKind(member(text)), memberEmail(member(text)), memberDomain(member(text))]).toEqual([
      kind,
      email,
      domain,
    ]);
  });

  it("is kept byte for byte, whatever it says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(member(text)).toBe(text);
      }),
    );
  });
});

describe("a member in a plan file", () => {
  it.each([
    ["anna@acme.example", "user:anna@acme.example", true],
    [" Anna@Acme.Example ", "user:anna@acme.example", true],
    ["user:Anna@acme.example", "user:anna@acme.example", false],
    ["USER: anna@acme.example", "user:anna@acme.example", false],
    ["group:bi@acme.example", "group:bi@acme.example", false],
    ["serviceaccount:bot@p.iam.gserviceaccount.com", "serviceAccount:bot@p.iam.gserviceaccount.com", false],
    ["domain:ACME.example", "domain:acme.example", false],
    ["allusers", "allUsers", false],
    ["AllUsers", "allUsers", false],
  ])("%j is %j", (text, expected, bare) => {
    expect(parseMember(text)).toEqual({ ok: true, value: { member: expected, bare } });
  });

  it.each([
    ["", "is not an e-mail address"],
    ["anna", "is not an e-mail address"],
    ["allAuthenticatedUsers", "is not an e-mail address"],
    ["mailto:anna@acme.example", "unknown kind of member"],
    ["__proto__:anna@acme.example", "unknown kind of member"],
    ["constructor:anna@acme.example", "unknown kind of member"],
    ["hasOwnProperty:anna@acme.example", "unknown kind of member"],
    [":anna@acme.example", "unknown kind of member"],
    ["user:", "is not an e-mail address"],
    ["user:group:anna@acme.example", "is not an e-mail address"],
    ["domain:acme", "is not a domain name"],
    ["domain:anna@acme.example", "is not a domain name"],
    ["\u202e:anna@acme.example", "unknown kind of member"],
    ["user:an\u200bna@acme.example", "U+200B"],
  ])("%j is refused", (text, reason) => {
    const parsed = parseMember(text);
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringContaining(reason) as string });
    expect(firstForbiddenCharacter(parsed.ok ? "" : parsed.problem)).toBeUndefined();
  });

  it("reads back what Google writes", () => {
    const address = fc.stringMatching(/^[a-z0-9]{1,8}@[a-z0-9]{1,8}\.example$/);
    const written = fc.oneof(
      fc.constantFrom("user:", "group:", "serviceAccount:").chain((prefix) => address.map((a) => `${prefix}${a}`)),
      fc.stringMatching(/^domain:[a-z0-9]{1,8}\.example$/),
      fc.constant("allUsers"),
    );
    fc.assert(
      fc.property(written, (text) => {
        expect(parseMember(text)).toEqual({ ok: true, value: { member: text, bare: false } });
      }),
    );
  });

  it("never throws, and never makes a member that Google would not know", () => {
    const text = fc.tuple(fc.constantFrom("", "user:", "domain:", "x:"), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(text, ([prefix, rest]) => {
        const parsed = parseMember(`${prefix}${rest}`);
        if (parsed.ok) expect(memberKind(parsed.value.member)).not.toBe("unknown");
        else expect(firstForbiddenCharacter(parsed.problem)).toBeUndefined();
      }),
    );
  });
});

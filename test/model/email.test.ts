/** Addresses and domains: what is read as one, and what is refused although it looks like one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  domainOf,
  emailOrUndefined,
  isServiceAccount,
  parseDomain,
  parseEmail,
  projectOf,
} from "../../src/model/email.ts";
import type { Email } from "../../src/model/email.ts";

function email(text: string): Email {
  const parsed = parseEmail(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

describe("an address", () => {
  it("is the same whether it is written plainly or has a blank before it, which is read letter by letter", () => {
    const part = fc.string({ unit: fc.constantFrom("a", "b", "9", "-", ".", "@", "_", " ", "É"), maxLength: 70 });
    fc.assert(
      fc.property(part, part, fc.constantFrom("", ".example", ".a-b.example", "."), (local, domain, end) => {
        const text = `${local}@${domain}${end}`;
        expect(parseEmail(text)).toEqual(parseEmail(` ${text}`));
      }),
    );
  });

  it.each([
    ["a label of 63 letters", `a@${"b".repeat(63)}.example`, true],
    ["a label of 64 letters", `a@${"b".repeat(64)}.example`, false],
    ["a domain of 253 letters", `a@${"b.".repeat(123)}example`, true],
    ["a domain of 254 letters", `a@${"b.".repeat(123)}examples`, false],
  ])("with %s is read alike", (_, text, isOk) => {
    expect([parseEmail(text).ok, parseEmail(` ${text}`).ok]).toEqual([isOk, isOk]);
  });

  it.each([
    ["anna@acme.example", "anna@acme.example"],
    ["  Anna.Meier@ACME.Example ", "anna.meier@acme.example"],
    ["o'neil+bi@a-b.acme.example", "o'neil+bi@a-b.acme.example"],
    ["a@b.co", "a@b.co"],
    ["\u00a0anna@acme.example\u00a0", "anna@acme.example"],
    [`${"a".repeat(64)}@acme.example`, `${"a".repeat(64)}@acme.example`],
    ["sa-1@project.iam.gserviceaccount.com", "sa-1@project.iam.gserviceaccount.com"],
    ["x@xn--bcher-kva.example", "x@xn--bcher-kva.example"],
  ])("reads %j", (text, expected) => {
    expect(parseEmail(text)).toEqual({ ok: true, value: expected });
  });

  it.each([
    ["", "is not an e-mail address"],
    ["anna", "is not an e-mail address"],
    ["@acme.example", "is not an e-mail address"],
    ["anna@", "is not an e-mail address"],
    ["anna@acme", "is not an e-mail address"],
    ["anna@@acme.example", "is not an e-mail address"],
    ["anna@ben@acme.example", "is not an e-mail address"],
    ["anna meier@acme.example", "is not an e-mail address"],
    ["anna@acme..example", "is not an e-mail address"],
    ["anna@-acme.example", "is not an e-mail address"],
    ["anna@acme-.example", "is not an e-mail address"],
    ["anna@acme.example.", "is not an e-mail address"],
    ["Anna <anna@acme.example>", "is not an e-mail address"],
    ["anna@acme.example,ben@acme.example", "is not an e-mail address"],
    ['"anna"@acme.example', "is not an e-mail address"],
    [`${"a".repeat(65)}@acme.example`, "is not an e-mail address"],
    [`anna@${"a".repeat(64)}.example`, "is not an e-mail address"],
    [`anna@${"abcdefg.".repeat(32)}example`, "is not an e-mail address"],
    ["аnna@acme.example", "outside ASCII"],
    ["anna@acmé.example", "outside ASCII"],
    ["anna＠acme.example", "outside ASCII"],
    ["\u212aim@acme.example", "outside ASCII"],
    ["anna\u00a0m@acme.example", "outside ASCII"],
    ["an\u200bna@acme.example", "U+200B"],
    ["anna@acme.example\u202e", "U+202E"],
    ["\ufeffanna@acme.example", "BOM"],
    ["anna\0@acme.example", "a NUL character"],
    ["anna@acme.example\n", "a line feed"],
    ["anna@acme.example\r\nBcc: x@y.example", "a carriage return"],
    ["anna\u001b[31m@acme.example", "an escape character"],
  ])("refuses %j and says why", (text, reason) => {
    const parsed = parseEmail(text);
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringContaining(reason) as string });
    expect(parsed.ok ? "" : parsed.remedy).not.toBe("");
  });

  it("is the same however its letters are cased and whatever blanks stand round it", () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,12}$/);
    fc.assert(
      fc.property(part, part, fc.array(fc.boolean()), fc.stringMatching(/^ {0,3}$/), (local, host, upper, blank) => {
        const plain = `${local}@${host}.example`;
        const cased = Array.from(plain, (c, index) => (upper[index] === true ? c.toUpperCase() : c)).join("");
        expect(parseEmail(`${blank}${cased}${blank}`)).toEqual({ ok: true, value: plain });
      }),
    );
  });

  it("is printable ASCII without blanks, with one @, once it is read, whatever was written", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.tuple(fc.string({ unit: "grapheme" }), fc.string()).map(([a, b]) => `${a}@${b}.example`),
    );
    fc.assert(
      fc.property(text, (written) => {
        const parsed = parseEmail(written);
        if (!parsed.ok) return;
        expect(parsed.value).toMatch(/^[!-?A-~]+@[a-z0-9.-]+\.[a-z0-9-]+$/);
        expect(parseEmail(parsed.value)).toEqual(parsed);
      }),
    );
  });

  it("does not repeat hostile text in what it says about it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (written) => {
        const parsed = parseEmail(written);
        if (!parsed.ok) expect(parsed.problem).not.toMatch(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe("an address that needs no evening out", () => {
  const part = fc.string({
    unit: fc.constantFrom("a", "b", "0", "-", ".", "_", "+", "@", "A", " ", "é", "\u0000", "\u212a"),
    maxLength: 12,
  });
  const long = fc.integer({ min: 1, max: 70 }).map((count) => "a".repeat(count));
  const near = fc
    .tuple(fc.oneof(part, long), fc.array(fc.oneof(part, long), { maxLength: 6 }))
    .map(([name, labels]) => `${name}@${labels.join(".")}`);

  it("is read as one that does: a blank before it changes nothing", () => {
    const read = (text: string): unknown => {
      const parsed = parseEmail(text);
      return parsed.ok ? parsed.value : undefined;
    };
    fc.assert(
      fc.property(near, (text) => read(text) === read(` ${text}`)),
      { numRuns: 2000 },
    );
  });
});

describe("a domain", () => {
  it.each([
    ["acme.example", "acme.example"],
    [" ACME.Example ", "acme.example"],
    ["a.b.c.d.example", "a.b.c.d.example"],
    ["1.example", "1.example"],
  ])("reads %j", (text, expected) => {
    expect(parseDomain(text)).toEqual({ ok: true, value: expected });
  });

  it.each([
    "",
    "example",
    ".example",
    "acme.",
    "acme..example",
    "-a.example",
    "a_b.example",
    "ac me.example",
    "acmé.example",
    "\u212aim.example",
    "acme\u202e.example",
    "acme.example/x",
    "acme.example:443",
    "*.acme.example",
    "acme.example\0",
    `${"a".repeat(64)}.example`,
  ])("refuses %j", (text) => {
    expect(parseDomain(text)).toMatchObject({ ok: false });
  });

  it("is what stands after the last @ of an address", () => {
    expect(domainOf(email("anna@sub.acme.example"))).toBe("sub.acme.example");
  });
});

describe("an address in an answer of Google", () => {
  it.each([
    ["anna@acme.example", "anna@acme.example"],
    ["Anna@Acme.Example", "anna@acme.example"],
    [undefined, undefined],
    ["", undefined],
    ["deleted user", undefined],
  ])("%j becomes %j", (text, expected) => {
    expect(emailOrUndefined(text)).toBe(expected);
  });

  it.each([
    ["bot@p.iam.gserviceaccount.com", true],
    ["123-compute@developer.gserviceaccount.com", true],
    ["bot@gserviceaccount.com.acme.example", false],
    ["anna@acme.example", false],
    ["anna@evilgserviceaccount.com", false],
  ])("%j is a service account's: %j", (text, expected) => {
    expect(isServiceAccount(email(text))).toBe(expected);
  });

  it.each([
    ["bot@moving-day.iam.gserviceaccount.com", "moving-day"],
    ["bot@moving-day.acme.example.iam.gserviceaccount.com", "moving-day.acme.example"],
    ["123-compute@developer.gserviceaccount.com", undefined],
    ["bot@.iam.gserviceaccount.com", undefined],
    ["bot@moving-day.iam.gserviceaccount.com.acme.example", undefined],
    ["anna@acme.example", undefined],
  ])("%j belongs to the Cloud project %j", (text, expected) => {
    expect(projectOf(text as Email)).toBe(expected);
  });
});

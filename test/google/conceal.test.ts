import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concealed } from "../../src/google/conceal.ts";

const secret = fc.string({
  unit: fc.constantFrom(..."a b c X Y Z 0 1 9 . _ - ~ + / =".split(" ")),
  minLength: 16,
  maxLength: 60,
});
const around = fc.string({ maxLength: 40 });

describe("a secret in what a server says", () => {
  it.each<readonly [string, (secret: string, before: string, after: string) => string]>([
    ["as it is", (text, before, after) => before + text + after],
    ["percent-encoded", (text, before, after) => before + encodeURIComponent(text) + after],
    ["in hexadecimal", (text) => Buffer.from(text).toString("hex")],
    ["in large hexadecimal", (text) => Buffer.from(text).toString("hex").toUpperCase()],
  ])("is taken out %s, and the rest stays", (_, said) => {
    fc.assert(
      fc.property(secret, around, around, (text, before, after) => {
        fc.pre(!before.includes(text) && !after.includes(text));
        const safe = concealed(said(text, before, after), text);
        expect(safe).toContain("[hidden]");
        expect(safe).not.toContain(text);
      }),
    );
  });

  it.each(["base64", "base64url"] as const)("is taken out of %s within something longer", (encoding) => {
    fc.assert(
      fc.property(secret, around, around, (text, before, after) => {
        const safe = concealed(Buffer.from(before + text + after).toString(encoding), text);
        // What is left of the secret at either end of the gap is at most the letters it shares with its neighbours.
        const [left = "", right = ""] = safe.split("[hidden]");
        expect(safe).toContain("[hidden]");
        expect(Buffer.from(left, "base64").toString("latin1").length).toBeLessThanOrEqual(
          Buffer.byteLength(before) + 2,
        );
        expect(right.length * 0.75).toBeLessThanOrEqual(Buffer.byteLength(after) + 5);
      }),
    );
  });

  it.each([
    [
      "alone between quotation marks",
      "s3cr3t-s3cr3t-s3cr3t",
      '{"error":"s3cr3t-s3cr3t-s3cr3t"}',
      '{"error":"[hidden]"}',
    ],
    ["although it has blanks", "of several words", "a secret of several words is known", "a secret [hidden] is known"],
    ["although it has quotation marks", 'half"half', 'it is half"half here', "it is [hidden] here"],
  ])("is taken out %s", (_, text, said, safe) => {
    expect(concealed(said, text)).toBe(safe);
  });

  it("leaves everything else alone", () => {
    expect(concealed("nothing to hide here", "s3cr3t-s3cr3t-s3cr3t")).toBe("nothing to hide here");
    expect(concealed("nothing to hide here", "")).toBe("nothing to hide here");
  });
});

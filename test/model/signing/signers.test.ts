import { describe, expect, it } from "vitest";
import { parsePrivateKey } from "../../../src/model/signing/private-key.ts";
import { keyLine } from "../../../src/model/signing/public-key.ts";
import { parseSigners, signerNamed } from "../../../src/model/signing/signers.ts";
import { recordedKey, recordedPkcs8Key } from "./recorded.ts";

function publicOf(text: string): Parameters<typeof keyLine>[0] {
  const parsed = parsePrivateKey(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value.key;
}

const anna = publicOf(recordedKey);
const ben = publicOf(recordedPkcs8Key);
const line = keyLine(anna);
const base64 = line.split(" ")[1] ?? "";

describe("a signers file", () => {
  it("is read as ssh-keygen reads it: names, options, comments, blank lines", () => {
    const text = [
      "\uFEFF# approvers",
      "",
      `Anna@acme.example,a.smith@acme.example ${line} her laptop`,
      `ben@acme.example namespaces="file,handover",valid-after="20260101",valid-before="202612312359Z" ${keyLine(ben)}`,
      `"cleo@acme.example" namespaces="git" ${line}`,
      "",
    ].join("\r\n");
    const { signers, problems } = parseSigners(text, "signers");
    expect(problems).toEqual([]);
    expect(signers.map(({ principals }) => principals)).toEqual([
      ["anna@acme.example", "a.smith@acme.example"],
      ["ben@acme.example"],
    ]);
    expect(signers[1]).toMatchObject({ from: Date.UTC(2026, 0, 1), until: Date.UTC(2026, 11, 31, 23, 59) });
  });

  it.each([
    ["a pattern for a name", `*@acme.example ${line}`, "nobody in particular"],
    ["a name that is excluded", `!anna ${line}`, "nobody in particular"],
    ["no name", line, "no key of a known kind"],
    ["no key", "anna@acme.example", "no key of a known kind"],
    ["a kind that is not known", `anna@acme.example ssh-dss ${base64}`, "no key of a known kind"],
    ["a key that was cut", `anna@acme.example ssh-ed25519 ${base64.slice(0, 40)}`, "cannot be used"],
    ["a key that is no base64", "anna@acme.example ssh-ed25519 AAAA*", "cannot be used"],
    ["a key of another kind", `anna@acme.example ssh-rsa ${base64}`, "another kind"],
    ["an authority", `anna@acme.example cert-authority ${line}`, "authority"],
    ["an option that is not known", `anna@acme.example no-touch-required ${line}`, "not known here"],
    [
      "the same option twice",
      `anna@acme.example namespaces="a",namespaces="handover" ${line}`,
      "no key of a known kind",
    ],
    ["a day that does not exist", `anna@acme.example valid-before="20260231" ${line}`, "a time that is none"],
    ["a minute of 75 seconds", `anna@acme.example valid-before="20261130103075Z" ${line}`, "a time that is none"],
    ["an invisible letter in a name", `an\u200bna@acme.example ${line}`, "nobody in particular"],
  ])("with %s is refused with the line it stands in", (_, text, says) => {
    const { signers, problems } = parseSigners(`# first\n${text}\n`, "signers");
    expect(signers).toEqual([]);
    expect(problems).toMatchObject([{ place: { file: "signers", line: 2 } }]);
    expect(problems[0]?.problem).toContain(says);
  });

  it("tells whose a key is, and when", () => {
    const { signers } = parseSigners(
      `anna@acme.example valid-before="20260201" ${line}\nben@acme.example ${keyLine(ben)}\n`,
      "signers",
    );
    const january = Date.UTC(2026, 0, 15);
    expect(signerNamed(signers, anna, "ANNA@acme.example", january)).toBe("known");
    expect(signerNamed(signers, anna, "anna@acme.example", Date.UTC(2026, 1, 1))).toBe("outside-its-time");
    expect(signerNamed(signers, anna, "ben@acme.example", january)).toBe("other-name");
    expect(signerNamed(signers.slice(1), anna, "anna@acme.example", january)).toBe("unknown-key");
  });
});

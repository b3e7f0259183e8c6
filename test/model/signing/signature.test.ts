import { createPublicKey, generateKeyPairSync, hash, sign } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSshText, parsePrivateKey } from "../../../src/model/signing/private-key.ts";
import { keyLine } from "../../../src/model/signing/public-key.ts";
import { checkSignature, signText } from "../../../src/model/signing/signature.ts";
import type { SigningKey } from "../../../src/model/signing/signature.ts";
import { wireNumber, wireString } from "../../../src/model/signing/wire.ts";
import { hasSshKeygen, sshKeygen } from "./openssh.ts";
import {
  recordedEncryptedKey,
  recordedFingerprint,
  recordedKey,
  recordedMessage,
  recordedPkcs8Key,
  recordedSignatures,
} from "./recorded.ts";

const message = Buffer.from(recordedMessage);
const recordedEd25519 = recordedSignatures.get("ssh-ed25519") ?? "";

function keyOf(text: string): SigningKey {
  const parsed = parsePrivateKey(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

/** What stands between the lines of the armour. */
function blobOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----.*-----/g, ""), "base64");
}

function armoured(blob: Buffer): string {
  return `-----BEGIN SSH SIGNATURE-----\n${blob.toString("base64")}\n-----END SSH SIGNATURE-----\n`;
}

describe("signatures that ssh-keygen made", () => {
  it.each([...recordedSignatures])("count when their key is %s", (type, signature) => {
    expect(checkSignature(message, signature)).toMatchObject({ ok: true, key: { type } });
    expect(checkSignature(Buffer.from("hullo\n"), signature)).toMatchObject({ ok: false, key: { type } });
  });

  it("are the very bytes that are made here: Ed25519 leaves nothing to chance", () => {
    expect(signText(recordedMessage, keyOf(recordedKey))).toBe(recordedEd25519);
  });

  it("name the key as ssh-keygen does", () => {
    expect(checkSignature(message, recordedEd25519)).toMatchObject({ key: { fingerprint: recordedFingerprint } });
  });
});

describe("a signature that was changed", () => {
  it("does not count, whichever byte of it was, nor does any other text", () => {
    for (const [, signature] of recordedSignatures) {
      const blob = blobOf(signature);
      for (let at = 0; at < blob.length; at += 1) {
        const changed = Buffer.from(blob);
        changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
        expect(checkSignature(message, armoured(changed)).ok, `byte ${at}`).toBe(false);
      }
    }
  });

  it("does not count when it was cut, or when something follows", () => {
    const blob = blobOf(recordedEd25519);
    for (let length = 0; length < blob.length; length += 1) {
      expect(checkSignature(message, armoured(blob.subarray(0, length))).ok).toBe(false);
    }
    expect(checkSignature(message, armoured(Buffer.concat([blob, Buffer.from([0])]))).ok).toBe(false);
  });

  it("never throws, whatever it is made of", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.uint8Array().map((bytes) => armoured(Buffer.from(bytes))),
        ),
        (text) => {
          expect(checkSignature(message, text).ok).toBe(false);
        },
      ),
    );
  });

  it.each([
    ["nothing", "", "not in the form"],
    ["longer than any", "x".repeat(20_000), "not in the form"],
    ["base64 with a stray sign", recordedEd25519.replace("U1NI", "U1N!"), "not in the form"],
    ["two in one", recordedEd25519 + recordedEd25519, "not in the form"],
    [
      "a length beyond its end",
      armoured(Buffer.concat([Buffer.from("SSHSIG"), wireNumber(1), wireNumber(0xffffffff)])),
      "ends too early",
    ],
    ["another version", armoured(Buffer.concat([Buffer.from("SSHSIG"), wireNumber(2)])), "version"],
  ])("is refused in a sentence when it is %s", (_, text, says) => {
    const checked = checkSignature(message, text);
    expect(checked.ok ? "" : checked.problem).toContain(says);
  });

  it("for another purpose is refused, so that a commit or a login approves nothing", () => {
    const { secret, key } = keyOf(recordedKey);
    const signed = Buffer.concat([
      Buffer.from("SSHSIG"),
      wireString("git"),
      wireString(""),
      wireString("sha512"),
      wireString(hash("sha512", message, "buffer")),
    ]);
    const inner = Buffer.concat([wireString("ssh-ed25519"), wireString(sign(null, signed, secret))]);
    const blob = Buffer.concat([
      Buffer.from("SSHSIG"),
      wireNumber(1),
      wireString(key.blob),
      wireString("git"),
      wireString(""),
      wireString("sha512"),
      wireString(inner),
    ]);
    const checked = checkSignature(message, armoured(blob));
    expect(checked.ok ? "" : checked.problem).toContain("it was not made with -n handover");
  });
});

describe("a hardware key", () => {
  /** What a hardware key signs: the hashes of its application and of the text, and between them whether it was touched. */
  function signedByHardware(flags: number, application = "ssh:"): string {
    const { privateKey } = generateKeyPairSync("ed25519");
    const x = Buffer.from(
      createPublicKey(privateKey.export({ type: "pkcs8", format: "pem" })).export({ format: "jwk" }).x ?? "",
      "base64url",
    );
    const type = "sk-ssh-ed25519@openssh.com";
    const key = Buffer.concat([wireString(type), wireString(x), wireString(application)]);
    const envelope = Buffer.concat([
      Buffer.from("SSHSIG"),
      wireString("handover"),
      wireString(""),
      wireString("sha512"),
      wireString(hash("sha512", message, "buffer")),
    ]);
    const wrapped = Buffer.concat([
      hash("sha256", application, "buffer"),
      Buffer.from([flags]),
      wireNumber(7),
      hash("sha256", envelope, "buffer"),
    ]);
    const signature = Buffer.concat([
      wireString(type),
      wireString(sign(null, wrapped, privateKey)),
      Buffer.from([flags]),
      wireNumber(7),
    ]);
    return armoured(
      Buffer.concat([
        Buffer.from("SSHSIG"),
        wireNumber(1),
        wireString(key),
        wireString("handover"),
        wireString(""),
        wireString("sha512"),
        wireString(signature),
      ]),
    );
  }

  it("counts when somebody touched it, and not when nobody did", () => {
    expect(checkSignature(message, signedByHardware(1))).toMatchObject({
      ok: true,
      key: { type: "sk-ssh-ed25519@openssh.com" },
    });
    const untouched = checkSignature(message, signedByHardware(0));
    expect(untouched.ok ? "" : untouched.problem).toContain("nobody touched");
  });
});

describe("a private key", () => {
  it("is read as OpenSSH and as OpenSSL write it", () => {
    expect(keyOf(recordedKey)).toMatchObject({
      comment: "anna@acme.example",
      key: { fingerprint: recordedFingerprint },
    });
    const other = keyOf(recordedPkcs8Key);
    expect(checkSignature(message, signText(recordedMessage, other))).toMatchObject({
      ok: true,
      key: { fingerprint: other.key.fingerprint },
    });
  });

  it("is written so that it is read back the same", () => {
    const { secret, key } = keyOf(recordedPkcs8Key);
    expect(keyOf(openSshText(secret, "ben@acme.example", 42))).toMatchObject({
      comment: "ben@acme.example",
      key: { fingerprint: key.fingerprint },
    });
  });

  const rsaPem = generateKeyPairSync("rsa", { modulusLength: 1024 })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
  it.each([
    ["a passphrase", recordedEncryptedKey, "protected by a passphrase", "ssh-keygen"],
    [
      "a passphrase of OpenSSL's",
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
      "protected by a passphrase",
      "ssh-keygen",
    ],
    ["another kind", rsaPem, "kind rsa", "ssh-keygen"],
    ["only the public half", `${keyLine(keyOf(recordedKey).key)} anna`, "is a public key", "without .pub"],
    ["a few letters", "key", "is not a private key", "handover key new"],
    ["nothing", "", "is not a private key", "handover key new"],
    ["no key inside", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be read", "copy"],
    ["a piece missing", recordedKey.replace(/\n.*\n-----END/, "\n-----END"), "damaged", "copy"],
  ])("with %s is refused with the way round it, and not quoted", (_, text, problem, remedy) => {
    const parsed = parsePrivateKey(text);
    expect(parsed.ok).toBe(false);
    expect(parsed.ok ? "" : parsed.problem).toContain(problem);
    expect(parsed.ok ? "" : parsed.remedy).toContain(remedy);
    expect(parsed.ok ? "" : parsed.problem + parsed.remedy).not.toMatch(/[A-Za-z0-9+/]{24}/);
  });

  it("whose halves do not belong together signs nothing: such a signature would give the private half away", () => {
    const blob = Buffer.from(recordedKey.replace(/-----.*-----/g, ""), "base64");
    const { key } = keyOf(recordedKey);
    const x = key.blob.subarray(-32);
    const at = blob.lastIndexOf(x);
    const first = blob.indexOf(x, blob.indexOf(x) + 1);
    for (const places of [[at], [first], [at, first]]) {
      const changed = Buffer.from(blob);
      for (const place of places) changed[place] = (changed[place] ?? 0) ^ 1;
      const text = `-----BEGIN OPENSSH PRIVATE KEY-----\n${changed.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
      expect(parsePrivateKey(text)).toMatchObject({ ok: false });
    }
  });
});

describe.skipIf(!hasSshKeygen)("ssh-keygen itself", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "handover-ssh-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it("accepts what is signed here with a key made here", async () => {
    const made = keyOf(openSshText(generateKeyPairSync("ed25519").privateKey, "anna@acme.example", 1));
    await writeFile(join(folder, "text.sig"), signText("a text\n", made));
    await writeFile(join(folder, "signers"), `anna@acme.example namespaces="handover" ${keyLine(made.key)}\n`);
    const args = ["-Y", "verify", "-f", "signers", "-I", "anna@acme.example", "-n", "handover", "-s", "text.sig"];
    expect(sshKeygen(folder, args, "a text\n")).toContain("Good");
    expect(() => sshKeygen(folder, args, "another text\n")).toThrow("Command failed");
  });

  it("reads the private key that is written here", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const text = openSshText(privateKey, "anna@acme.example", 7);
    await writeFile(join(folder, "key"), text, { mode: 0o600 });
    expect(sshKeygen(folder, ["-y", "-f", "key"])).toBe(`${keyLine(keyOf(text).key)} anna@acme.example\n`);
  });

  it.each([["ed25519"], ["ecdsa"], ["rsa"]])(
    "makes signatures that count with a fresh key of the kind %s",
    async (kind) => {
      sshKeygen(folder, ["-q", "-t", kind, "-N", "", "-f", `fresh-${kind}`]);
      await writeFile(join(folder, `text-${kind}`), recordedMessage);
      sshKeygen(folder, ["-q", "-Y", "sign", "-n", "handover", "-f", `fresh-${kind}`, `text-${kind}`]);
      const signature = await readFile(join(folder, `text-${kind}.sig`), "utf8");
      expect(checkSignature(message, signature).ok).toBe(true);
    },
  );
});

/** Keys for tests, and the lines of a signers file for them. */
import { generateKeyPairSync } from "node:crypto";
import type { CheckpointSigner } from "../../../src/model/signing/checkpoint.ts";
import { openSshText, parsePrivateKey } from "../../../src/model/signing/private-key.ts";
import { keyLine } from "../../../src/model/signing/public-key.ts";
import type { SigningKey } from "../../../src/model/signing/signature.ts";
import { parseSigners } from "../../../src/model/signing/signers.ts";
import type { Signer } from "../../../src/model/signing/signers.ts";

export function newKey(name: string): SigningKey {
  const parsed = parsePrivateKey(openSshText(generateKeyPairSync("ed25519").privateKey, name, 1));
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export function signerWith(signing: SigningKey): CheckpointSigner {
  return { signing, toolVersion: "0.0.0-test" };
}

export function signersText(...keys: readonly SigningKey[]): string {
  return keys.map(({ key, comment }) => `${comment} ${keyLine(key)}\n`).join("");
}

export function signersOf(...keys: readonly SigningKey[]): readonly Signer[] {
  return parseSigners(signersText(...keys), "signers").signers;
}

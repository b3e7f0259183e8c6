/** Signatures as `ssh-keygen -Y sign` makes them (OpenSSH's PROTOCOL.sshsig): made here with Ed25519, checked for every kind of key. */
import { hash, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { holds, publicKeyOf } from "./public-key.ts";
import type { PublicKey } from "./public-key.ts";
import { WireError, WireReader, strictBase64, wireNumber, wireString } from "./wire.ts";

/** What signatures of handover are for (`ssh-keygen -n`): one made for a login or a commit is none. */
export const namespace = "handover";

/** A private Ed25519 key, and the public one that belongs to it. */
export interface SigningKey {
  readonly key: PublicKey;
  readonly secret: KeyObject;
  /** What the file says the key is called; often an address. */
  readonly comment: string;
}

/** The public key that made a signature which fits; or why there is none. Who the key belongs to is another question. */
export type Checked =
  | { readonly ok: true; readonly key: PublicKey }
  | { readonly ok: false; readonly problem: string; readonly key: PublicKey | undefined };

const magic = Buffer.from("SSHSIG");
const armour = /^-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END SSH SIGNATURE-----\s*$/;
const lineLength = 70;
/** No signature of a key in use is longer. */
export const signatureCharactersMax = 16_384;

/** The text `ssh-keygen -Y sign -n handover` writes for the same key and message: Ed25519 leaves nothing to chance. */
export function signText(message: string, { key, secret }: SigningKey): string {
  const signed = sign(null, signedBytes(Buffer.from(message, "utf8"), "sha512"), secret);
  const blob = Buffer.concat([
    magic,
    wireNumber(1),
    wireString(key.blob),
    wireString(namespace),
    wireString(""),
    wireString("sha512"),
    wireString(Buffer.concat([wireString("ssh-ed25519"), wireString(signed)])),
  ]);
  const lines = blob.toString("base64").match(new RegExp(`.{1,${lineLength}}`, "g")) ?? [];
  return ["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----", ""].join("\n");
}

/** Whether `armoured` is a signature for handover over exactly these bytes. Never throws. */
export function checkSignature(message: Uint8Array, armoured: string): Checked {
  let key: PublicKey | undefined;
  try {
    const reader = new WireReader(unarmoured(armoured));
    if (!reader.take(magic.length).equals(magic)) throw new WireError("it does not begin as a signature does");
    if (reader.number() !== 1) throw new WireError("it is of a version that is not known here");
    key = publicKeyOf(reader.string());
    const purpose = reader.text();
    if (purpose !== namespace) throw new WireError(`it was not made with -n ${namespace}`);
    if (reader.string().length > 0) throw new WireError("it holds what no version known here writes");
    const digest = reader.text();
    if (digest !== "sha256" && digest !== "sha512") throw new WireError("it is over a hash that is not known here");
    const signature = reader.string();
    reader.end();
    if (holds(key, signedBytes(message, digest), signature)) return { ok: true, key };
    return { ok: false, problem: "the signature does not fit the text: one of them was changed", key };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { ok: false, problem: `it is no signature that counts: ${error.message}`, key };
  }
}

function unarmoured(text: string): Buffer {
  const inner = text.length > signatureCharactersMax ? undefined : armour.exec(text)?.[1];
  if (inner === undefined) throw new WireError("it is not in the form ssh-keygen -Y sign writes");
  return strictBase64(inner.replace(/\r?\n/g, ""));
}

function signedBytes(message: Uint8Array, digest: "sha256" | "sha512"): Buffer {
  return Buffer.concat([
    magic,
    wireString(namespace),
    wireString(""),
    wireString(digest),
    wireString(hash(digest, message, "buffer")),
  ]);
}

/** Private keys to sign with: Ed25519 as PKCS8 PEM or as OpenSSH writes it; every other file is refused with the way round it. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Parsed } from "../brand.ts";
import { ed25519KeyOf } from "./public-key.ts";
import type { SigningKey } from "./signature.ts";
import { WireError, WireReader, strictBase64, wireNumber, wireString } from "./wire.ts";

const magic = Buffer.from("openssh-key-v1\0");
const openssh = /^-----BEGIN OPENSSH PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END OPENSSH PRIVATE KEY-----\s*$/;
const lineLength = 70;
const byHand = "sign with ssh-keygen instead: handover approve RUN --print says how";

type Refused = Extract<Parsed<SigningKey>, { readonly ok: false }>;

/** The key in the text of a file; nothing of the text is ever in what is answered. */
export function parsePrivateKey(text: string): Parsed<SigningKey> {
  const trimmed = text.trimStart();
  if (/^(?:ssh-|ecdsa-|sk-)\S+ AAAA/.test(trimmed)) {
    return refused("is a public key", "name the private one: the same name without .pub");
  }
  if (trimmed.startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----")) return encrypted();
  const own = openssh.exec(trimmed)?.[1];
  try {
    if (own !== undefined) return ofOpenSsh(strictBase64(own.replace(/\r?\n/g, "")));
    if (trimmed.startsWith("-----BEGIN ")) return ofPem(trimmed);
  } catch (error) {
    if (error instanceof WireError) return refused(`is damaged: ${error.message}`, "restore it from a copy");
    throw error;
  }
  return refused("is not a private key", "make one with: handover key new FILE");
}

function ofPem(text: string): Parsed<SigningKey> {
  let secret: KeyObject;
  try {
    secret = createPrivateKey(text);
  } catch {
    // What the library says may quote the file.
    return text.includes("Proc-Type: 4,ENCRYPTED") ? encrypted() : refused("cannot be read", "restore it from a copy");
  }
  if (secret.asymmetricKeyType !== "ed25519") return otherKind(secret.asymmetricKeyType ?? "another");
  return { ok: true, value: { secret, key: ed25519KeyOf(publicBytes(secret)), comment: "" } };
}

/** OpenSSH's PROTOCOL.key. */
function ofOpenSsh(bytes: Buffer): Parsed<SigningKey> {
  const reader = new WireReader(bytes);
  if (!reader.take(magic.length).equals(magic)) throw new WireError("it does not begin as a key does");
  const cipher = reader.text();
  reader.string();
  reader.string();
  if (cipher !== "none") return encrypted();
  if (reader.number() !== 1) throw new WireError("it holds more than one key");
  const outer = new WireReader(reader.string()).text();
  const inner = new WireReader(reader.string());
  reader.end();
  if (outer !== "ssh-ed25519") return otherKind(outer);
  if (inner.number() !== inner.number()) throw new WireError("its two check numbers differ");
  if (inner.text() !== "ssh-ed25519") throw new WireError("it holds another kind of key than it says");
  const x = inner.string();
  const pair = inner.string();
  const comment = inner.string().toString("utf8");
  if (pair.length !== 64) throw new WireError("the key has not the length of an Ed25519 key");
  const d = pair.subarray(0, 32).toString("base64url");
  const jwk = { kty: "OKP", crv: "Ed25519", x: x.toString("base64url"), d };
  let secret: KeyObject;
  try {
    secret = createPrivateKey({ key: jwk, format: "jwk" });
  } catch {
    throw new WireError("the key is not valid");
  }
  // A signature under a public key that is not its own gives the private one away.
  const derived = publicBytes(secret);
  if (!derived.equals(x) || !pair.subarray(32).equals(x)) throw new WireError("its two halves do not belong together");
  return { ok: true, value: { secret, key: ed25519KeyOf(x), comment } };
}

/** The file ssh-keygen would write for this key, without a passphrase. `check` is any number. */
export function openSshText(secret: KeyObject, comment: string, check: number): string {
  const { d = "" } = secret.export({ format: "jwk" });
  const x = publicBytes(secret);
  const seed = Buffer.from(d, "base64url");
  const open = Buffer.concat([
    wireNumber(check),
    wireNumber(check),
    wireString("ssh-ed25519"),
    wireString(x),
    wireString(Buffer.concat([seed, x])),
    wireString(comment),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (open.length % 8)) % 8 }, (_, index) => index + 1));
  const blob = Buffer.concat([
    magic,
    wireString("none"),
    wireString("none"),
    wireString(""),
    wireNumber(1),
    wireString(ed25519KeyOf(x).blob),
    wireString(Buffer.concat([open, padding])),
  ]);
  const lines = blob.toString("base64").match(new RegExp(`.{1,${lineLength}}`, "g")) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

/** What the seed gives, whatever the file says beside it. */
function publicBytes(secret: KeyObject): Buffer {
  const spki = createPublicKey(secret.export({ format: "pem", type: "pkcs8" }));
  const { x = "" } = spki.export({ format: "jwk" });
  return Buffer.from(x, "base64url");
}

function encrypted(): Refused {
  return refused("is protected by a passphrase, which handover does not ask for", byHand);
}

function otherKind(kind: string): Refused {
  return refused(`is a key of the kind ${kind.slice(0, 60)}, and handover itself signs with ssh-ed25519 only`, byHand);
}

function refused(problem: string, remedy: string): Refused {
  return { ok: false, problem, remedy };
}

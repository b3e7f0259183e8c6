/** Public keys as OpenSSH writes them, and how a signature of each kind is checked. */
import { createPublicKey, hash, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { WireError, WireReader, strictBase64, wireNumber, wireString } from "./wire.ts";

export interface PublicKey {
  /** Such as `ssh-ed25519`. */
  readonly type: string;
  /** The key in SSH's own bytes: two keys are the same when these are. */
  readonly blob: Buffer;
  /** `SHA256:` and 43 characters, as ssh-keygen prints it. */
  readonly fingerprint: string;
}

/** A kind of key: what its bytes hold after the type, and whether `signature` is one of it over `signed`. */
interface Kind {
  readonly key: (reader: WireReader) => KeyObject;
  readonly check: (key: KeyObject, signed: Buffer, signature: WireReader, algorithm: string) => boolean;
  /** A hardware key: its bytes end with the application it was made for, and what it signs is wrapped. */
  readonly hardware?: true;
}

const rsaBitsMin = 2048;
/** Somebody touched the hardware key. */
const touched = 0x01;

const ed25519: Kind = {
  key: (reader) => {
    const x = reader.string();
    if (x.length !== 32) throw new WireError("the key has not the length of an Ed25519 key");
    return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: x.toString("base64url") }, format: "jwk" });
  },
  check: (key, signed, signature) => {
    const bytes = signature.string();
    return bytes.length === 64 && verify(null, signed, key, bytes);
  },
};

function ecdsa(curve: string, crv: string, digest: string, size: number): Kind {
  return {
    key: (reader) => {
      const named = reader.text();
      const point = reader.string();
      if (named !== curve || point.length !== 1 + 2 * size || point[0] !== 4) {
        throw new WireError("the key is not a point of its curve");
      }
      const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)].map((each) => each.toString("base64url"));
      return createPublicKey({ key: { kty: "EC", crv, x: x ?? "", y: y ?? "" }, format: "jwk" });
    },
    check: (key, signed, signature) => {
      const pair = new WireReader(signature.string());
      const halves = [pair.magnitude(), pair.magnitude()];
      pair.end();
      if (halves.some((half) => half.length > size)) return false;
      const padded = halves.map((half) => Buffer.concat([Buffer.alloc(size - half.length), half]));
      return verify(digest, signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.concat(padded));
    },
  };
}

const rsa: Kind = {
  key: (reader) => {
    const e = reader.magnitude();
    const n = reader.magnitude();
    if (n.length * 8 < rsaBitsMin) throw new WireError(`an RSA key must have at least ${rsaBitsMin} bits`);
    if (n.length > 2048 || e.length > 8) throw new WireError("the RSA key is larger than any in use");
    const jwk = { kty: "RSA", n: n.toString("base64url"), e: e.toString("base64url") };
    return createPublicKey({ key: jwk, format: "jwk" });
  },
  check: (key, signed, signature, algorithm) => {
    // The algorithm named after the key alone signs with SHA-1, which can be forged.
    const digest = algorithm === "rsa-sha2-512" ? "sha512" : algorithm === "rsa-sha2-256" ? "sha256" : undefined;
    return digest !== undefined && verify(digest, signed, key, signature.string());
  },
};

const p256 = ecdsa("nistp256", "P-256", "sha256", 32);
const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["ssh-ed25519", ed25519],
  ["sk-ssh-ed25519@openssh.com", { ...ed25519, hardware: true }],
  ["ecdsa-sha2-nistp256", p256],
  ["ecdsa-sha2-nistp384", ecdsa("nistp384", "P-384", "sha384", 48)],
  ["ecdsa-sha2-nistp521", ecdsa("nistp521", "P-521", "sha512", 66)],
  ["sk-ecdsa-sha2-nistp256@openssh.com", { ...p256, hardware: true }],
  ["ssh-rsa", rsa],
]);

/** Kinds of key whose signatures can be checked. */
export const keyTypes: readonly string[] = [...kinds.keys()];

/** Throws WireError, with what is wrong. */
export function publicKeyOf(blob: Buffer): PublicKey {
  opened(blob);
  const type = new WireReader(blob).text();
  return { type, blob: Buffer.from(blob), fingerprint: fingerprintOf(blob) };
}

/** The key of a line such as `ssh-ed25519 AAAA… anna@acme.example`. Throws WireError. */
export function publicKeyOfLine(line: string): PublicKey & { readonly comment: string } {
  const [type = "", base64 = "", ...comment] = line.trim().split(/[ \t]+/);
  const key = publicKeyOf(strictBase64(base64));
  if (key.type !== type) throw new WireError("it says it is of another kind than it is");
  return { ...key, comment: comment.join(" ") };
}

/** Such as `ssh-ed25519 AAAA…`. */
export function keyLine(key: PublicKey): string {
  return `${key.type} ${key.blob.toString("base64")}`;
}

export function ed25519KeyOf(x: Uint8Array): PublicKey {
  return publicKeyOf(Buffer.concat([wireString("ssh-ed25519"), wireString(x)]));
}

/** Whether `signature`, in SSH's bytes, is one of this key over `signed`. Throws WireError on what is no signature. */
export function holds(key: PublicKey, signed: Buffer, signature: Buffer): boolean {
  const { kind, object, application } = opened(key.blob);
  const reader = new WireReader(signature);
  const algorithm = reader.text();
  if (key.type !== "ssh-rsa" && algorithm !== key.type)
    throw new WireError("the signature is of another kind than its key");
  if (kind.hardware !== true) {
    const good = kind.check(object, signed, reader, algorithm);
    reader.end();
    return good;
  }
  const inner = reader.string();
  const flags = reader.byte();
  const counter = reader.number();
  reader.end();
  if ((flags & touched) === 0) throw new WireError("nobody touched the hardware key when it signed");
  const digest = (bytes: Uint8Array): Buffer => hash("sha256", bytes, "buffer");
  const wrapped = [digest(application), Buffer.from([flags]), wireNumber(counter), digest(signed)];
  return kind.check(object, Buffer.concat(wrapped), new WireReader(wireString(inner)), algorithm);
}

function opened(blob: Buffer): { readonly kind: Kind; readonly object: KeyObject; readonly application: Buffer } {
  const reader = new WireReader(blob);
  const type = reader.text();
  const kind = kinds.get(type);
  if (kind === undefined) throw new WireError("it is of a kind that is not known here");
  let object: KeyObject;
  try {
    object = kind.key(reader);
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new WireError("the key is not valid");
  }
  const application = kind.hardware === true ? reader.string() : Buffer.alloc(0);
  reader.end();
  return { kind, object, application };
}

function fingerprintOf(blob: Buffer): string {
  return `SHA256:${hash("sha256", blob, "base64").replace(/=+$/, "")}`;
}

/** Keys to sign with, and files of signers: from files that nobody else can change, with the same care as other keys. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { UsageError } from "../model/errors.ts";
import { openSshText, parsePrivateKey } from "../model/signing/private-key.ts";
import { publicKeyOfLine } from "../model/signing/public-key.ts";
import type { PublicKey } from "../model/signing/public-key.ts";
import type { SigningKey } from "../model/signing/signature.ts";
import { parseSigners } from "../model/signing/signers.ts";
import type { Signer } from "../model/signing/signers.ts";
import { WireError } from "../model/signing/wire.ts";
import { printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";
import { readKey, trustedOwners } from "./key-file.ts";

const signersBytesMax = 4 * 1024 * 1024;
const words = {
  origin: "check the path, or make a key with: handover key new FILE --as NAME",
  instead: "name an Ed25519 private key, as ssh-keygen -t ed25519 or handover key new makes it",
  stdin: undefined,
};

/** Throws UsageError for a file that is unsafe, damaged, protected by a passphrase, or holds another kind of key. */
export async function readSigningKey(context: Context, file: string): Promise<SigningKey> {
  const parsed = parsePrivateKey(await readKey(context, resolve(context.cwd, file), words));
  if (parsed.ok) return parsed.value;
  throw new UsageError(`the signing key ${printable(file)} ${parsed.problem}`, parsed.remedy);
}

/** The public half: of a private key, or of a file such as id_ed25519.pub, which anybody may read. */
export async function readPublicKey(context: Context, file: string): Promise<PublicKey & { readonly comment: string }> {
  const path = resolve(context.cwd, file);
  const text = file.endsWith(".pub") ? await textOf(path, 64 * 1024) : undefined;
  if (text === undefined) {
    const { key, comment } = await readSigningKey(context, file);
    return { ...key, comment };
  }
  try {
    return publicKeyOfLine(text);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new UsageError(`${printable(file)} is no public key: ${error.message}`, "name a file that ssh-keygen made");
  }
}

/** Makes a private key that only its owner can read. Never in the place of another file: a key may be the only copy. */
export async function makeSigningKey(context: Context, file: string, comment: string): Promise<SigningKey> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const text = openSshText(privateKey, comment, randomBytes(4).readUInt32BE());
  const parsed = parsePrivateKey(text);
  if (!parsed.ok) throw new Error(`a new key ${parsed.problem}`);
  try {
    const handle = await open(resolve(context.cwd, file), "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    throw code === "EEXIST"
      ? new UsageError(`${printable(file)} exists already`, "choose another name: nothing takes the place of a key")
      : new UsageError(`${printable(file)} cannot be written (${code})`, "choose another place");
  }
  return parsed.value;
}

/** Everybody who may sign, with the text as it was read. Throws UsageError with every problem of the file. */
export async function readSigners(
  context: Context,
  file: string,
): Promise<{ readonly signers: readonly Signer[]; readonly text: string }> {
  const shown = printable(file);
  const path = resolve(context.cwd, file);
  const text = await textOf(path, signersBytesMax, (stats) => {
    if (context.uid === undefined) return;
    if (!trustedOwners(context).has(stats.uid)) {
      throw new UsageError(
        `the signers file ${shown} belongs to another user, who could let anybody sign`,
        "make a copy of your own, and check who is in it",
      );
    }
    if ((stats.mode & 0o022) !== 0) {
      throw new UsageError(
        `the signers file ${shown} can be changed by others, who could let anybody sign`,
        `check who is in it, then: chmod go-w ${shellWord(path)}`,
      );
    }
  });
  if (text === undefined) {
    throw new UsageError(
      `there is no signers file ${shown}`,
      "write one with a line for each approver: handover key show FILE --as NAME prints it",
    );
  }
  const { signers, problems } = parseSigners(text, file);
  if (problems.length > 0) {
    const listed = problems
      .slice(0, 10)
      .map(({ place, problem, remedy }) => `${shown}:${place.line} ${problem} (${remedy})`);
    const more = problems.length > listed.length ? `; and ${problems.length - listed.length} more` : "";
    throw new UsageError(
      `the signers file cannot be used: ${listed.join("; ")}${more}`,
      "mend those lines, or take them out",
    );
  }
  return { signers, text };
}

/** The text of a plain file that is no link; undefined when there is none. */
export async function textOf(
  path: string,
  bytesMax: number,
  check: (stats: { readonly uid: number; readonly mode: number }) => void = () => undefined,
): Promise<string | undefined> {
  const shown = printable(path);
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    if (error.code === "ELOOP") throw new UsageError(`${shown} is a symbolic link`, "name the file it leads to");
    throw new UsageError(`${shown} cannot be read (${error.code ?? "error"})`, "check its rights");
  });
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new UsageError(`${shown} is not a file`, "name a file");
    if (stats.size > bytesMax) throw new UsageError(`${shown} is too large`, "name the file that was meant");
    check(stats);
    const bytes = Buffer.alloc(bytesMax + 1);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

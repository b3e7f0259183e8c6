/** Reading files with secrets, of the service account, to sign with, of a sign-in: only from a file nobody else can read or put there, or from stdin. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";

const keyBytesMax = 64 * 1024;

/** What a kind of file with a secret is called where it cannot be read. */
export interface KeyWords {
  /** `key file` unless said; what it holds is the same without `file`. */
  readonly noun?: string;
  /** Where the name of the file may have come from. */
  readonly origin: string;
  /** What to name instead of what is no key. */
  readonly instead: string;
  /** The option that takes it from stdin; undefined where none does. */
  readonly stdin: string | undefined;
}

const serviceAccount: KeyWords = {
  origin: "check --key, HANDOVER_KEY or key: in handover.yaml",
  instead: "name the JSON file Google gave you",
  stdin: "--key -",
};

/** The text of the key. Problems name the command that mends them. */
export async function readKey(context: Context, path: string, words: KeyWords = serviceAccount): Promise<string> {
  if (path === "-" && words.stdin !== undefined) return readStdin(context);
  const file = await openKey(path, words);
  try {
    await refuseUnsafe(context, file, path, words);
    const text = Buffer.alloc(keyBytesMax + 1);
    const { bytesRead } = await file.read(text, 0, text.length, 0);
    return text.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function openKey(path: string, words: KeyWords): Promise<FileHandle> {
  const { noun = "key file" } = words;
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const shown = printable(path);
    switch ((error as NodeJS.ErrnoException).code) {
      case "ENOENT":
      case "ENOTDIR":
        throw new UsageError(`there is no ${noun} ${shown}`, words.origin);
      case "ELOOP":
        throw new UsageError(`the ${noun} ${shown} is a symbolic link`, "name the file it leads to");
      case "EACCES":
        throw new UsageError(`the ${noun} ${shown} cannot be read by you`, "run as the user it belongs to");
      default:
        throw error;
    }
  }
}

/** Checked on the open file, so that nobody can change it in between. */
async function refuseUnsafe(context: Context, file: FileHandle, path: string, words: KeyWords): Promise<void> {
  const { noun = "key file" } = words;
  const thing = noun.replace(/ file$/, "");
  const stats = await file.stat();
  const shown = printable(path);
  const handOver = words.stdin === undefined ? "" : `; or hand it over by ${words.stdin} < ${shellWord(path)}`;
  if (!stats.isFile()) throw new UsageError(`the ${thing} ${shown} is not a file`, words.instead);
  if (stats.size > keyBytesMax) {
    throw new UsageError(`the ${noun} ${shown} is too large to be a ${thing}`, words.instead);
  }
  if (context.uid === undefined) return;
  if (!trustedOwners(context).has(stats.uid)) {
    throw new UsageError(
      `the ${noun} ${shown} belongs to another user (uid ${stats.uid})`,
      `make it yours: chown ${context.uid} ${shellWord(path)}${handOver}`,
    );
  }
  if ((stats.mode & 0o077) !== 0) {
    throw new UsageError(
      `the ${noun} ${shown} can be read or changed by others (mode ${(stats.mode & 0o777).toString(8)})`,
      `chmod 600 ${shellWord(path)}${handOver}`,
    );
  }
}

/** Me; root, who can read everything anyway; and for root, the person who called sudo. */
export function trustedOwners(context: Context): ReadonlySet<number> {
  const owners = new Set([context.uid ?? 0, 0]);
  const caller = context.env["SUDO_UID"];
  if (context.uid === 0 && caller !== undefined && /^\d{1,10}$/.test(caller)) owners.add(Number(caller));
  return owners;
}

async function readStdin(context: Context): Promise<string> {
  if (context.stdin.isTTY === true) {
    throw new UsageError("--key - waits for the key on stdin, and stdin is a terminal", "add < KEYFILE to the command");
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of context.stdin) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > keyBytesMax) throw new UsageError("stdin holds too much to be a key", "add < KEYFILE to the command");
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

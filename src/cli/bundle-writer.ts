/** `handover report RUN --evidence FILE`: a run and everything that proves it, as one tar file with a list of its members' hashes. */
import { createHash, randomBytes } from "node:crypto";
import type { Hash } from "node:crypto";
import { open, realpath, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { RunDump } from "../journal/dump.ts";
import { RunFileError, UsageError } from "../model/errors.ts";
import { isSound } from "../model/examination.ts";
import { signText } from "../model/signing/signature.ts";
import { tarBlock, tarHeader, tarPadding, tarSizeMax } from "../model/tar.ts";
import { counted, printable } from "../model/text.ts";
import type { PlanFileInBundle } from "../report/bundle-members.ts";
import { shellWord } from "../report/words.ts";
import { bundleFolder, bundleMembers, planMember } from "./bundle-members.ts";
import type { Context } from "./context.ts";
import { refuseTakenFile, shownPath } from "./files.ts";
import { print } from "./output.ts";
import { checkpointSigner } from "./run-signer.ts";
import type { RunPlace } from "./run-place.ts";

const bufferBytes = 1024 * 1024;
const sumsFile = "SHA256SUMS";

export interface BundleOptions {
  readonly file: string;
  readonly replace: boolean;
  /** Signs the list of hashes. */
  readonly signKey: string | undefined;
}

/** Throws RunFileError (`tampered`) for a run that is not as it was written: a bundle of it would prove nothing. */
export async function writeBundle(context: Context, place: RunPlace, options: BundleOptions): Promise<void> {
  const output = resolve(context.cwd, options.file);
  await refuseTakenFile(context, output, options.replace);
  const signer = await checkpointSigner(context, options.signKey);
  const { name } = place;
  if (!isSound(await place.examine({ head: undefined }))) {
    throw new RunFileError(
      "tampered",
      `${printable(name)} is not as it was written, and a bundle of it would prove nothing`,
      `see what is wrong with it: handover evidence verify ${shellWord(name)}`,
    );
  }
  const dump = await place.openDump();
  try {
    const planFiles = await findPlanFiles(context, place, dump);
    const folder = bundleFolder(dump.header.runId);
    const members = await whole(output, async (file) => {
      const tar = new TarWriter(file, folder, Math.floor(dump.header.createdAt / 1000));
      for await (const { name: member, pieces } of bundleMembers(
        dump,
        planFiles.map(({ facts }) => facts),
        context.version,
      )) {
        await tar.add(member, pieces);
      }
      for (const { facts, found } of planFiles)
        if (facts.member !== undefined) await tar.add(facts.member, piecesOf(found));
      const sums = tar.sums();
      await tar.add(sumsFile, [sums]);
      if (signer !== undefined) await tar.add(`${sumsFile}.sig`, [signText(sums, signer.signing)]);
      await tar.end();
      return tar.members;
    });
    await report(
      context,
      output,
      members,
      planFiles.map(({ facts }) => facts),
      signer !== undefined,
    );
  } finally {
    await dump.close();
  }
}

async function report(
  context: Context,
  output: string,
  members: number,
  planFiles: readonly PlanFileInBundle[],
  signed: boolean,
): Promise<void> {
  const name = shownPath(context, output);
  const missing = planFiles.filter(({ member }) => member === undefined);
  await print(context.stderr, [
    `Written: ${printable(name)}   ${counted(members, "file")}${signed ? "" : "; its list of hashes is not signed (--sign-key)"}`,
    ...missing.map(
      (each) =>
        `Without ${printable(each.name)}: it is not here as it was planned (SHA-256 ${printable(each.sha256.slice(0, 12))}…).`,
    ),
    `Next: handover evidence verify ${shellWord(name)}`,
  ]);
}

/** In place of the file at once, or not at all; readable by its owner only. */
async function whole<T>(output: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  const temporary = join(dirname(output), `.${basename(output)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx", 0o600);
    let written: T;
    try {
      written = await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, output);
    return written;
  } catch (error) {
    await rm(temporary, { force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    throw new UsageError(`${printable(output)} cannot be written (${code})`, "choose another place");
  }
}

/** Members of unknown length: each header is put in front of its content once that has been written. */
class TarWriter {
  readonly #file: FileHandle;
  readonly #folder: string;
  readonly #mtime: number;
  readonly #sums: string[] = [];
  #at = 0;
  members = 0;

  constructor(file: FileHandle, folder: string, mtime: number) {
    this.#file = file;
    this.#folder = folder;
    this.#mtime = mtime;
  }

  async add(name: string, pieces: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>): Promise<void> {
    const headerAt = this.#at;
    const begin = headerAt + tarBlock;
    this.#at = begin;
    const digest = createHash("sha256");
    let buffered: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of pieces) {
      const chunk = typeof piece === "string" ? Buffer.from(piece, "utf8") : piece;
      buffered.push(chunk);
      bytes += chunk.length;
      if (bytes < bufferBytes) continue;
      await this.#write(buffered, digest);
      buffered = [];
      bytes = 0;
    }
    await this.#write(buffered, digest);
    const size = this.#at - begin;
    if (size > tarSizeMax)
      throw new UsageError(
        `${name} of this run is larger than a tar file can hold`,
        "keep the run file itself as the evidence",
      );
    await this.#put(tarHeader(this.#folder + name, size, this.#mtime), headerAt);
    await this.#fill(tarPadding(size));
    this.#sums.push(`${digest.digest("hex")}  ${name}\n`);
    this.members += 1;
  }

  /** As sha256sum prints it. */
  sums(): string {
    return this.#sums.join("");
  }

  async end(): Promise<void> {
    await this.#fill(2 * tarBlock);
  }

  async #write(chunks: readonly Uint8Array[], digest: Hash): Promise<void> {
    const bytes = Buffer.concat(chunks);
    digest.update(bytes);
    await this.#put(bytes, this.#at);
    this.#at += bytes.length;
  }

  async #fill(length: number): Promise<void> {
    await this.#put(Buffer.alloc(length), this.#at);
    this.#at += length;
  }

  /** All of it: one write may take a part only, as on a disk that is nearly full. */
  async #put(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += (await this.#file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    }
  }
}

interface FoundPlanFile {
  readonly facts: PlanFileInBundle;
  /** The file itself. */
  readonly found: string;
}

/** Plan files as they are named in the run, from here or from beside the run, where they still are what was planned. */
async function findPlanFiles(
  context: Context,
  { folder: own }: RunPlace,
  dump: RunDump,
): Promise<readonly FoundPlanFile[]> {
  const { header } = dump;
  const beside = [context.cwd, own];
  // What a plan file names is named from beside it.
  const folders = new Set([
    ...beside,
    ...header.planFiles.flatMap(({ name }) => beside.map((folder) => dirname(resolve(folder, name)))),
  ]);
  const files: FoundPlanFile[] = [];
  for (const [place, { name, sha256 }] of header.planFiles.entries()) {
    const candidates = isAbsolute(name) ? [name] : [...folders].map((folder) => resolve(folder, name));
    const found = await firstWith(sha256, candidates);
    files.push({
      facts: { name, sha256, member: found === undefined ? undefined : planMember(place, name) },
      found: found ?? "",
    });
  }
  return files;
}

async function firstWith(sha256: string, candidates: readonly string[]): Promise<string | undefined> {
  for (const path of new Set(candidates)) {
    const real = await realpath(path).catch(() => undefined);
    if (real === undefined || !(await stat(real)).isFile()) continue;
    const digest = createHash("sha256");
    try {
      for await (const chunk of piecesOf(real)) digest.update(chunk);
    } catch {
      continue;
    }
    if (digest.digest("hex") === sha256) return real;
  }
  return undefined;
}

async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    for await (const chunk of file.createReadStream({ autoClose: false })) yield chunk as Uint8Array;
  } finally {
    await file.close();
  }
}

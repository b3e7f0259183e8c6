/** Reads an evidence bundle as somebody's file: only plain members with expected names, within the file, each once; nothing is unpacked. */
import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { readTarHeader, tarBlock, tarPadding } from "../model/tar.ts";
import { printable } from "../model/text.ts";

const membersMax = 10_000;
const lineBytesMax = 64 * 1024 * 1024;
const chunkBytes = 256 * 1024;
/** The one folder, and names below it that can neither climb out of it nor be hidden. */
const memberName = /^evidence-[0-9A-Z]{26}\/((?:approvals\/|plan-files\/)?[\w@+-][\w@.+-]*)$/;

/** Something about the container that is not as it was written. */
export class BundleError extends Error {
  override readonly name: string = "BundleError";
}

/** Whether a file begins as a bundle does; what is wrong with it then is a finding. */
export async function isBundle(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() !== true) return false;
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(tarBlock), 0, tarBlock, 0);
    return bytesRead === tarBlock && buffer.toString("latin1", 257, 262) === "ustar";
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

export class BundleFile {
  readonly #file: FileHandle;
  readonly #members: ReadonlyMap<string, { readonly at: number; readonly size: number }>;
  readonly folder: string;

  private constructor(
    file: FileHandle,
    folder: string,
    members: ReadonlyMap<string, { readonly at: number; readonly size: number }>,
  ) {
    this.#file = file;
    this.folder = folder;
    this.#members = members;
  }

  /** Throws BundleError. Reads headers only: of a terabyte that is claimed, not a byte. */
  static async open(path: string): Promise<BundleFile> {
    const file = await open(path, "r");
    try {
      const { folder, members } = await membersOf(file);
      return new BundleFile(file, folder, members);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get names(): readonly string[] {
    return [...this.#members.keys()];
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  /** The text of a small member. Throws BundleError. */
  async text(name: string, bytesMax: number): Promise<string> {
    const member = this.#members.get(name);
    if (member === undefined) throw new BundleError(`${name} is missing`);
    if (member.size > bytesMax) throw new BundleError(`${name} is larger than it can be`);
    const chunks: Buffer[] = [];
    for await (const chunk of this.#chunks(name)) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  }

  async sha256(name: string): Promise<string> {
    const digest = createHash("sha256");
    for await (const chunk of this.#chunks(name)) digest.update(chunk);
    return digest.digest("hex");
  }

  /** Throws BundleError for a member that is missing, or a line that is longer than any. */
  async *lines(name: string): AsyncGenerator<string> {
    let rest: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of this.#chunks(name)) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        rest.push(chunk.subarray(from, end));
        yield Buffer.concat(rest).toString("utf8");
        rest = [];
        bytes = 0;
        from = end + 1;
      }
      rest.push(chunk.subarray(from));
      bytes += chunk.length - from;
      if (bytes > lineBytesMax) throw new BundleError(`${name} has a line that is longer than any`);
    }
    if (bytes > 0) throw new BundleError(`${name} ends within a line`);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async *#chunks(name: string): AsyncGenerator<Buffer> {
    const member = this.#members.get(name);
    if (member === undefined) throw new BundleError(`${name} is missing`);
    for (let done = 0; done < member.size;) {
      const length = Math.min(chunkBytes, member.size - done);
      const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(length), 0, length, member.at + done);
      if (bytesRead === 0) throw new BundleError(`it ends within ${name}`);
      yield buffer.subarray(0, bytesRead);
      done += bytesRead;
    }
  }
}

async function membersOf(file: FileHandle): Promise<{
  readonly folder: string;
  readonly members: ReadonlyMap<string, { readonly at: number; readonly size: number }>;
}> {
  const { size: total } = await file.stat();
  const members = new Map<string, { at: number; size: number }>();
  let folder = "";
  for (let at = 0; ;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(tarBlock), 0, tarBlock, at);
    if (bytesRead < tarBlock) throw new BundleError("it ends too early: a part of it is missing");
    const entry = readTarHeader(buffer);
    if (entry.kind === "strange") throw new BundleError(entry.problem);
    if (entry.kind === "end") {
      await expectEnd(file, at, total);
      return { folder, members };
    }
    const { name, size } = entry;
    const below = memberName.exec(name)?.[1];
    if (below === undefined) throw new BundleError(`it holds what no bundle holds: ${printable(name)}`);
    const its = name.slice(0, name.length - below.length);
    if (folder !== "" && its !== folder) throw new BundleError(`it holds two folders: ${folder} and ${its}`);
    folder = its;
    if (members.has(below)) throw new BundleError(`it holds ${below} twice`);
    if (members.size >= membersMax) throw new BundleError("it holds more files than any bundle");
    const next = at + tarBlock + size + tarPadding(size);
    if (next > total) throw new BundleError(`it ends within ${below}`);
    const padding = await file.read(Buffer.alloc(tarBlock), 0, tarPadding(size), next - tarPadding(size));
    if (padding.buffer.some((byte) => byte !== 0)) throw new BundleError(`something is hidden behind ${below}`);
    members.set(below, { at: at + tarBlock, size });
    at = next;
  }
}

/** Two blocks of nothing, and then nothing. */
async function expectEnd(file: FileHandle, at: number, total: number): Promise<void> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(3 * tarBlock), 0, 3 * tarBlock, at);
  const exact = bytesRead === 2 * tarBlock && total === at + 2 * tarBlock;
  if (!exact || buffer.some((byte) => byte !== 0))
    throw new BundleError("something follows its end, or its end is cut off");
}

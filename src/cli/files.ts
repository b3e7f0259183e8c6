/** Files the verbs read and write: where a run lies, plan files as hashed streams, and results put in place at once. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, realpathSync, statSync } from "node:fs";
import { lstat, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { RunFileError, UsageError } from "../model/errors.ts";
import { firstForbiddenCharacter, printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";

const runExtension = ".handover";
const snapshotExtension = ".snapshot";

/** Where a new run is put: `friday` and `friday.handover` are the same. Absolute. */
export function newRunPath(context: Context, name: string): string {
  return namedPath(context, name, "run", runExtension);
}

/** Where a new snapshot is put: `october` and `october.snapshot` are the same. Absolute. */
export function newSnapshotPath(context: Context, name: string): string {
  return namedPath(context, name, "snapshot", snapshotExtension);
}

function namedPath(context: Context, name: string, what: string, extension: string): string {
  const forbidden = firstForbiddenCharacter(name);
  const last = basename(name);
  if (
    forbidden !== undefined ||
    last === "" ||
    last === "." ||
    last === ".." ||
    last.length > 200 ||
    /[/\\]$/.test(name)
  ) {
    const problem = forbidden === undefined ? "is not a file name" : `contains ${forbidden}`;
    throw new UsageError(
      `the ${what} name ${JSON.stringify(printable(name))} ${problem}`,
      `write a name such as friday${extension}`,
    );
  }
  return resolve(context.cwd, name.endsWith(extension) ? name : `${name}${extension}`);
}

/** The file of an existing run; throws `RunFileError` (`missing`) naming runs that do exist, or for a snapshot. */
export async function existingRunPath(context: Context, name: string): Promise<string> {
  const found = await existingPath(context, name);
  if (found.kind === "run") return found.path;
  throw new RunFileError(
    "not-a-run",
    `${printable(name)} is a snapshot, and this is done with a run`,
    `make a run from it: handover plan FILE --snapshot ${shellWord(name)} -o NAME`,
  );
}

/** A run or a snapshot by its name; where both bear it, the run. What lies there tells, whatever its extension. */
export async function existingPath(
  context: Context,
  name: string,
): Promise<{ readonly kind: "run" | "snapshot"; readonly path: string }> {
  const named = newRunPath(context, name);
  for (const path of [resolve(context.cwd, name), named, newSnapshotPath(context, name)]) {
    if (!(await isThere(path))) continue;
    const { isSnapshotFile } = await import("../journal/sqlite/snapshot-file.ts");
    return { kind: isSnapshotFile(path) ? "snapshot" : "run", path };
  }
  const near = await filesIn(dirname(named), runExtension);
  throw new RunFileError(
    "missing",
    `there is no run ${printable(name)}`,
    near.length === 0
      ? "make one with: handover plan FILE"
      : `runs in that folder: ${near.map((file) => printable(file)).join(", ")}`,
  );
}

/** The file of an existing snapshot; throws `RunFileError` (`missing`) naming snapshots that do exist. */
export async function existingSnapshotPath(context: Context, name: string): Promise<string> {
  const exact = resolve(context.cwd, name);
  if (await isThere(exact)) return exact;
  const named = newSnapshotPath(context, name);
  if (await isThere(named)) return named;
  const near = await filesIn(dirname(named), snapshotExtension);
  throw new RunFileError(
    "missing",
    `there is no snapshot ${printable(name)}`,
    near.length === 0
      ? "take one with: handover inventory"
      : `snapshots in that folder: ${near.map((file) => printable(file)).join(", ")}`,
  );
}

async function isThere(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && !stats.isDirectory();
}

async function filesIn(folder: string, extension: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(extension))
    .toSorted()
    .slice(0, 5);
}

/** A path as it is best shown and typed: relative to here when it lies below. */
export function shownPath(context: Context, path: string): string {
  const below = relative(context.cwd, path);
  return below === "" || below.startsWith("..") || isAbsolute(below) ? path : below;
}

/** The command line as it was typed: running it again resumes. */
export function typedCommand(context: Context): string {
  const option = /^--?[a-z][\w=@%+:,./-]*$/i;
  return ["handover", ...context.argv.map((word) => (option.test(word) ? word : shellWord(word)))].join(" ");
}

export type PlanFormat = "csv" | "yaml";

/** The format of a plan file by its name, unless `--format` says it. */
export function planFormat(file: string, given: PlanFormat | undefined): PlanFormat {
  if (given !== undefined) return given;
  if (file === "-")
    throw new UsageError("stdin has no name to tell its format by", "add --format csv or --format yaml");
  const extension = extname(file).toLowerCase();
  if (extension === ".csv") return "csv";
  if (extension === ".yaml" || extension === ".yml") return "yaml";
  throw new UsageError(
    `the format of ${printable(file)} cannot be told by its name`,
    "name it .csv, .yaml or .yml, or add --format csv or --format yaml",
  );
}

/** A plan file while it is read, and the files it names; `hashes` is complete once all have been read to the end. */
export interface PlanSource {
  readonly name: string;
  readonly format: PlanFormat;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** A file that the plan file names, found beside or below it; undefined when there is none. */
  readonly related: (path: string) => AsyncIterable<Uint8Array> | undefined;
  readonly hashes: () => readonly { readonly name: string; readonly sha256: string }[];
}

export async function openPlanFile(context: Context, file: string, given: PlanFormat | undefined): Promise<PlanSource> {
  const format = planFormat(file, given);
  const hashes: { name: string; sha256: string }[] = [];
  const hashed = (name: string, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
    withHash(name, bytes, (sha256) => hashes.push({ name, sha256 }));
  const fromStdin = file === "-";
  const path = resolve(context.cwd, file);
  if (!fromStdin) await refuseOtherThanFile(path, file);
  const folder = fromStdin ? context.cwd : dirname(await realpath(path));
  return {
    name: fromStdin ? "stdin" : file,
    format,
    bytes: hashed(fromStdin ? "stdin" : file, fromStdin ? bytesOf(context.stdin) : createReadStream(path)),
    related: (named) => {
      const found = belowOrUndefined(folder, named);
      return found === undefined ? undefined : hashed(named, createReadStream(found));
    },
    hashes: () => hashes,
  };
}

async function refuseOtherThanFile(path: string, file: string): Promise<void> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => error.code ?? "error");
  if (typeof stats === "string") {
    throw stats === "ENOENT" || stats === "ENOTDIR"
      ? new UsageError(`there is no plan file ${printable(file)}`, "check the path; handover help plan shows examples")
      : new UsageError(`${printable(file)} cannot be read (${stats})`, "check its permissions");
  }
  if (stats.isDirectory()) throw new UsageError(`${printable(file)} is a folder`, "name the plan file in it");
}

/** A plan file can name only what lies beside or below it: a file from elsewhere must not read this machine's files. */
function belowOrUndefined(folder: string, named: string): string | undefined {
  if (named.includes("\0")) return undefined;
  try {
    const found = realpathSync(resolve(folder, named));
    return found.startsWith(folder.endsWith(sep) ? folder : folder + sep) && statSync(found).isFile()
      ? found
      : undefined;
  } catch {
    return undefined;
  }
}

async function* bytesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

async function* withHash(
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  done: (sha256: string) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of bytes) {
      hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    throw new UsageError(`${printable(name)} cannot be read (${code})`, "check its permissions");
  }
  done(hash.digest("hex"));
}

/**
 * Throws when something lies at `path` that a result must not take the place of: any file unless `replace` says so, and
 * never a run, which is the proof of what was done, nor a snapshot, device or folder.
 */
export async function refuseTakenFile(context: Context, path: string, replace: boolean): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return;
  const name = printable(shownPath(context, path));
  const other = "choose another place with -o FILE";
  if (!stats.isFile()) throw new UsageError(`${name} is not a file`, `${other}, or leave -o out to write to stdout`);
  if (await isDatabase(path)) throw new UsageError(`${name} is a run file or a snapshot`, other);
  if (!replace) throw new UsageError(`${name} exists already`, `${other}, or add --replace`);
}

const databaseMagic = "SQLite format 3\0";

async function isDatabase(path: string): Promise<boolean> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(databaseMagic.length), 0, databaseMagic.length, 0);
    return buffer.toString("latin1", 0, bytesRead) === databaseMagic;
  } finally {
    await file.close();
  }
}

/** Puts a result in place at once, durable and readable by its owner only: a reader sees the old file or the whole new one. */
export async function writeWhole(path: string, pieces: AsyncIterable<string> | Iterable<string>): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      // `write` may take a part only, and says so where nobody looks: a full disk would leave half a result in place.
      for await (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    throw new UsageError(`${printable(path)} cannot be written (${code})`, "choose another place with -o FILE");
  }
  await syncFolder(folder);
}

/** Without this the new name could be lost with the power. Systems that cannot sync a folder are left alone. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

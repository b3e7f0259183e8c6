/**
 * Where the control socket of a run lies: in a private folder beside the run, or where sockets can be, with a note beside
 * the run that says where. Node cannot ask who is at the other end of a socket, so that the folder's mode is what lets in
 * nobody but the user of the run.
 */
import { lstat, mkdir, mkdtemp, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import type { Stats } from "node:fs";
import { connect } from "node:net";
import { dirname, isAbsolute, join } from "node:path";
import { ControlError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import type { Context } from "./context.ts";

/** What every system takes as the path of a socket, in bytes; Linux would take 107. */
export const socketPathMax = 103;
const noteMax = 4096;

/** A place that somebody else could have made, or could use. */
function unsafe(problem: string): ControlError {
  return new ControlError("unsafe", problem, "find out who put it there, and take it away");
}

/** The folder beside the run that holds its socket, or the note that says where that is. */
function controlFolder(runPath: string): string {
  return `${runPath}.ctl`;
}

const socketName = "socket";
const noteName = "place";

/** Where `ctl` finds the socket of the run; undefined when there is none. Throws `ControlError` for one not to be trusted. */
export async function findSocket(context: Context, runPath: string): Promise<string | undefined> {
  const folder = controlFolder(runPath);
  if (!(await isPrivateFolder(context, folder))) return undefined;
  const beside = join(folder, socketName);
  if (await isOwnSocket(context, beside)) return beside;
  const noted = await notedPlace(context, folder);
  if (noted === undefined || !(await isPrivateFolder(context, dirname(noted)))) return undefined;
  return (await isOwnSocket(context, noted)) ? noted : undefined;
}

/** Places where a socket may be made, the best one first; folders are made for them, and dead sockets taken away. */
export async function* makePlaces(context: Context, runPath: string): AsyncGenerator<string> {
  const folder = controlFolder(runPath);
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw unsafe(`${printable(folder)} cannot be made (${error.code ?? "error"})`);
  });
  if (!(await isPrivateFolder(context, folder))) throw unsafe(`${printable(folder)} is gone again`);
  const noted = await notedPlace(context, folder);
  if (noted !== undefined) await clearAway(context, noted);
  await rm(join(folder, noteName), { force: true });
  const beside = join(folder, socketName);
  await takeDeadAway(context, beside);
  if (Buffer.byteLength(beside) <= socketPathMax) yield beside;
  for (const base of [context.env["XDG_RUNTIME_DIR"], context.env["TMPDIR"], "/tmp"]) {
    if (base === undefined || !isAbsolute(base)) continue;
    const made = await mkdtemp(join(base, "handover-")).catch(() => undefined);
    if (made === undefined) continue;
    const path = join(made, socketName);
    if (Buffer.byteLength(path) <= socketPathMax) {
      const note = join(folder, noteName);
      await writeFile(`${note}.tmp`, path, { mode: 0o600 });
      await rename(`${note}.tmp`, note);
      yield path;
    }
    await rmdir(made).catch(() => undefined);
  }
  await rm(join(folder, noteName), { force: true });
}

/** Leaves nothing behind, once nobody listens any more. */
export async function removePlace(context: Context, runPath: string, socket: string): Promise<void> {
  const folder = controlFolder(runPath);
  await rm(socket, { force: true }).catch(() => undefined);
  await rm(join(folder, noteName), { force: true }).catch(() => undefined);
  if (dirname(socket) !== folder && (await isPrivateFolder(context, dirname(socket)).catch(() => false))) {
    await rmdir(dirname(socket)).catch(() => undefined);
  }
  await rmdir(folder).catch(() => undefined);
}

async function notedPlace(context: Context, folder: string): Promise<string | undefined> {
  const note = join(folder, noteName);
  const stats = await status(note);
  if (stats === undefined || !stats.isFile() || stats.size > noteMax || isForeign(context, stats)) return undefined;
  const path = await readFile(note, "utf8");
  return isAbsolute(path) && !path.includes("\0") && path.endsWith(`/${socketName}`) ? path : undefined;
}

/** The place of an apply that was killed. */
async function clearAway(context: Context, socket: string): Promise<void> {
  if (!(await isPrivateFolder(context, dirname(socket)).catch(() => false))) return;
  await takeDeadAway(context, socket);
  await rmdir(dirname(socket)).catch(() => undefined);
}

/** A socket nobody listens at stays behind when a process is killed. */
async function takeDeadAway(context: Context, path: string): Promise<void> {
  if (!(await isOwnSocket(context, path))) return;
  if (await isAnswered(path))
    throw new ControlError("silent", `${printable(path)} is in use by another process`, "end that process");
  await rm(path, { force: true });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => settle(true));
    // A full queue of connections is a sign of life as well.
    socket.once("error", (error: NodeJS.ErrnoException) => settle(error.code === "EAGAIN"));
  });
}

/** False when there is none. Throws `ControlError` for anything else that others could use, or have made. */
async function isPrivateFolder(context: Context, path: string): Promise<boolean> {
  const stats = await status(path);
  if (stats === undefined) return false;
  if (!stats.isDirectory()) throw unsafe(`${printable(path)} is a link, or no folder`);
  if (isForeign(context, stats)) throw unsafe(`${printable(path)} belongs to another user`);
  if ((stats.mode & 0o077) !== 0) throw unsafe(`${printable(path)} is open to others (chmod 700 makes it private)`);
  return true;
}

/** False when nothing is there. Throws `ControlError` for what is no socket of the user. */
async function isOwnSocket(context: Context, path: string): Promise<boolean> {
  const stats = await status(path);
  if (stats === undefined) return false;
  if (!stats.isSocket()) throw unsafe(`${printable(path)} is no socket`);
  if (isForeign(context, stats)) throw unsafe(`${printable(path)} belongs to another user`);
  return true;
}

function isForeign({ uid }: Context, stats: Stats): boolean {
  return uid !== undefined && stats.uid !== uid;
}

async function status(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw unsafe(`${printable(path)} cannot be looked at (${error.code ?? "error"})`);
  });
}

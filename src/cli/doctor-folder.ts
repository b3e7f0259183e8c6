/** The doctor's checks of the folder in which runs lie: whose it is, what kind of disk, how much room, and a trial of it. */
import { access, constants, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { networkFileSystem } from "../journal/sqlite/file-safety.ts";
import { tryFolder } from "../journal/sqlite/trial.ts";
import type { Check, CheckFinding } from "../model/doctor.ts";
import { advised, failed, passed, unknown, unknownBecause } from "../model/doctor.ts";
import { printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";
import type { Machine } from "./doctor-machine.ts";
import { trustedOwners } from "./key-file.ts";

export interface Folder {
  readonly path: string;
  /** Appended to the ids of its checks; empty for the first. */
  readonly suffix: string;
  /** Of the runs that lie there already. */
  readonly runBytes: number;
}

const subject = { group: "files", area: "setup", isNeeded: true } as const;

export function folderChecks(context: Context, machine: Machine, folder: Folder): readonly Check[] {
  const { path, suffix } = folder;
  const id = (name: string): string => `${name}${suffix}`;
  const needs = [id("folder")];
  const disk = id("folder-disk");
  return [
    { ...subject, id: id("folder"), title: "folder of runs", needs: [], look: () => lookFolder(context, path) },
    { ...subject, id: disk, title: "local disk", isNeeded: false, needs, look: () => lookDisk(machine, path) },
    { ...subject, id: id("folder-sync"), title: "no cloud drive", needs, look: () => lookSync(path) },
    { ...subject, id: id("folder-room"), title: "room", needs, look: () => lookRoom(machine, folder) },
    {
      ...subject,
      id: id("folder-trial"),
      title: "locks, syncs",
      needs,
      // On a share that does not answer, a lock can be waited for without end.
      after: [disk],
      look: async (verdictOf) => (verdictOf(disk) === "fail" ? unknownBecause(disk) : lookTrial(path)),
    },
  ];
}

async function lookFolder(context: Context, path: string): Promise<CheckFinding> {
  const shown = printable(path);
  const elsewhere = "go to a folder of your own, or name one with -o";
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => error.code ?? "error");
  if (typeof stats === "string") return failed(`${shown} cannot be looked at (${stats})`, { action: elsewhere });
  if (!stats.isDirectory()) return failed(`${shown} is no folder`, { action: elsewhere });
  const denied = await access(path, constants.W_OK | constants.X_OK).catch(
    (error: NodeJS.ErrnoException) => error.code ?? "error",
  );
  if (denied !== undefined) return failed(`nothing can be written to ${shown} (${denied})`, { action: elsewhere });
  if (context.uid === undefined) return passed(shown);
  const mode = (stats.mode & 0o7777).toString(8);
  const isSticky = (stats.mode & 0o1000) !== 0;
  if (!isSticky && (stats.mode & 0o022) !== 0) {
    return advised(`others may take files away from ${shown} and put their own there (mode ${mode})`, {
      action: "keep runs where only you can write",
      command: `chmod go-w ${shellWord(path)}`,
    });
  }
  if (!isSticky && !trustedOwners(context).has(stats.uid)) {
    return advised(`${shown} belongs to another user (uid ${stats.uid}), who may take files away`, {
      action: elsewhere,
    });
  }
  return passed(`${shown}, mode ${mode}`);
}

/** `f_type` (statfs(2)) of systems that are not on a disk of this machine, or may not be. */
const otherSystems = new Map<number, { readonly name: string; readonly kind: "network" | "fleeting" | "untold" }>([
  [0x01021997, { name: "9P, a folder of the host", kind: "network" }],
  [0x5346414f, { name: "AFS", kind: "network" }],
  [0x00c36400, { name: "Ceph", kind: "network" }],
  [0x0bd00bd0, { name: "Lustre", kind: "network" }],
  [0x47504653, { name: "GPFS", kind: "network" }],
  [0x01161970, { name: "GFS2", kind: "network" }],
  [0x786f4256, { name: "VirtualBox's shared folders", kind: "network" }],
  [0x65735546, { name: "FUSE", kind: "untold" }],
  [0x01021994, { name: "tmpfs", kind: "fleeting" }],
  [0x858458f6, { name: "ramfs", kind: "fleeting" }],
  [0x794c7630, { name: "overlayfs", kind: "fleeting" }],
]);

const localDisk = "keep runs on a disk of this machine, and copy them elsewhere once they have ended";

async function lookDisk(machine: Machine, path: string): Promise<CheckFinding> {
  if (machine.platform !== "linux") return unknown(`what kind of disk it is cannot be told on ${machine.platform}`);
  const type = (await machine.statfs(path)).type >>> 0;
  const network = networkFileSystem(type);
  if (network !== undefined) {
    return failed(`it lies on a network share (${network}), where locks and logs cannot be relied on: apply refuses`, {
      action: localDisk,
    });
  }
  const other = otherSystems.get(type);
  switch (other?.kind) {
    case undefined:
      return passed(`no network share (type 0x${type.toString(16)})`);
    case "network":
      return failed(`it is shared with other machines (${other.name}), where locks and logs cannot be relied on`, {
        action: localDisk,
      });
    case "fleeting":
      return advised(
        `what lies there goes with the machine or the container (${other.name}), and a run is the only proof of what was done`,
        {
          action: "keep runs on a volume that stays",
        },
      );
    case "untold":
      return unknown(`${other.name}: it may be a disk of this machine or of another`, { action: localDisk });
  }
}

/** Names of folders whose contents are copied elsewhere, a piece at a time, while they are being written. */
const syncedNames: readonly (readonly [RegExp, string])[] = [
  [/^onedrive(?:$| -)/i, "OneDrive"],
  [/^dropbox(?:$| \()/i, "Dropbox"],
  [/^(?:google ?drive|googledrive-.*|my drive)$/i, "Google Drive"],
  [/^(?:icloud ?drive|mobile documents|com~apple~clouddocs)$/i, "iCloud Drive"],
  [/^cloudstorage$/i, "a cloud drive"],
  [/^(?:box|box sync)$/i, "Box"],
  [/^(?:nextcloud|owncloud)$/i, "Nextcloud"],
  [/^(?:pclouddrive|pcloud drive)$/i, "pCloud"],
];

/** Files that such programs put at the top of what they look after. */
const syncMarkers: readonly (readonly [string, string])[] = [
  [".dropbox", "Dropbox"],
  [".stfolder", "Syncthing"],
  [".owncloudsync.log", "Nextcloud"],
  [".tmp.drivedownload", "Google Drive"],
];

async function lookSync(path: string): Promise<CheckFinding> {
  const parts = (await realpath(path)).split(sep);
  for (let depth = parts.length; depth > 0; depth -= 1) {
    const folder = parts.slice(0, depth).join(sep) || sep;
    const byName = syncedNames.find(([name]) => name.test(parts[depth - 1] ?? ""))?.[1];
    const who = byName ?? (await markedBy(folder));
    if (who !== undefined) {
      return failed(
        `${printable(folder)} looks like a folder of ${who}, which copies files while they are written: a torn copy can come back`,
        {
          action: "keep runs outside of it, and copy them there once they have ended",
        },
      );
    }
  }
  return passed("no name or mark of one that is known");
}

async function markedBy(folder: string): Promise<string | undefined> {
  for (const [marker, who] of syncMarkers) {
    const isThere = await stat(join(folder, marker)).then(
      () => true,
      () => false,
    );
    if (isThere) return who;
  }
  return undefined;
}

const mebibyte = 1024 * 1024;
/** A run of a hundred thousand assets with its log and one copy. */
const roomLeast = 256 * mebibyte;

async function lookRoom(machine: Machine, { path, runBytes }: Folder): Promise<CheckFinding> {
  const { bavail, bsize } = await machine.statfs(path);
  const free = bavail * bsize;
  const needed = roomLeast + 2 * runBytes;
  const text = `${bytesText(free)} free`;
  if (free >= needed) return passed(text);
  return failed(`${text}, and a run with its log may need ${bytesText(needed)}`, {
    action: "free some space, or keep runs elsewhere",
  });
}

function bytesText(bytes: number): string {
  const megabytes = bytes / mebibyte;
  return megabytes < 1024 ? `${Math.floor(megabytes)} MiB` : `${Math.floor(megabytes / 1024)} GiB`;
}

function lookTrial(path: string): CheckFinding {
  try {
    tryFolder(path);
    return passed("a lock and a commit were tried there");
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return failed(`it does not bear what a run needs: ${printable(problem, 300)}`, { action: localDisk });
  }
}

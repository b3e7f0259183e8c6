/** Scenarios of a disk without room and of one that cannot be written: nothing is sent that cannot be written down first. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { geteuid } from "node:process";
import { promisify } from "node:util";
import type { Stage } from "../../support/process.ts";
import { Grants, fresh } from "../grants.ts";
import type { Scenario } from "../grants.ts";

const command = promisify(execFile);
const isRoot = geteuid?.() === 0;

/** A folder on a file system of its own, of `size`; undefined where it cannot be made. */
async function smallDisk(stage: Stage, size: string): Promise<string | undefined> {
  if (!isRoot) return undefined;
  const folder = join(stage.folder, `disk-${fresh()}`);
  await mkdir(folder);
  try {
    await command("mount", ["-t", "tmpfs", "-o", `size=${size},mode=700`, "tmpfs", folder]);
    return folder;
  } catch {
    return undefined;
  }
}

async function takeAway(folder: string): Promise<void> {
  await command("umount", [folder]);
}

/** Leaves `bytes` of the disk free. */
async function fill(folder: string, bytes: number): Promise<string> {
  const { bavail, bsize } = await statfs(folder);
  const filler = join(folder, "filler");
  await writeFile(filler, Buffer.alloc(Math.max(0, bavail * bsize - bytes)));
  return filler;
}

async function withSmallDisk(stage: Stage, play: (folder: string) => Promise<void>): Promise<void> {
  const folder = await smallDisk(stage, "2m");
  if (folder === undefined) {
    process.stderr.write("no disk can be mounted here: the limit on file sizes stands in for it\n");
    return;
  }
  try {
    await play(folder);
  } finally {
    await takeAway(folder);
  }
}

/** Room for the log of a few steps, of none, and of most. */
const rooms = [0, 48, 96, 160];

export const disks: readonly Scenario[] = [
  ...rooms.map((room) => ({
    name: `a disk with ${room} KiB left stops an apply before it sends, with 1, and space makes it go on`,
    play: async (stage: Stage) =>
      withSmallDisk(stage, async (folder) => {
        const grants = await Grants.plan(stage, fresh(), 24, folder);
        const filler = await fill(folder, room * 1024);
        const ended = await stage.handover(...grants.applying());
        grants.expect(ended, 1, "no space is left", grants.run);
        await grants.durable();
        await rm(filler);
        await grants.finish();
      }),
  })),
  {
    name: "a limit on the size of files stops an apply before it sends, with 1, and without it the run goes on",
    play: async (stage) => {
      const grants = await Grants.plan(stage, fresh(), 24);
      // In blocks of 512 bytes: less than the log of all the steps takes.
      const limited = ["sh", "-c", 'ulimit -f 160; exec "$@"', "sh"];
      const ended = await stage.begin(grants.applying(), { through: limited }).ended;
      grants.expect(ended, 1, "the disk refuses", grants.run);
      await grants.durable();
      await grants.finish();
    },
  },
  {
    name: "a plan for which there is no room ends with 1 and leaves nothing behind",
    play: async (stage) =>
      withSmallDisk(stage, async (folder) => {
        const grants = await Grants.plan(stage, fresh(), 24, folder);
        await fill(folder, 16 * 1024);
        const before = await readdir(folder);
        const csv = join(folder, before.find((name) => name.endsWith(".csv")) ?? "");
        grants.expect(await stage.handover("plan", csv, "-o", join(folder, "second")), 1, "no space is left", "second");
        assert.deepEqual(await readdir(folder), before);
      }),
  },
  {
    name: "a run in a folder that cannot be written is refused with 3, and can still be looked at",
    play: async (stage) => {
      const folder = await smallDisk(stage, "2m");
      if (folder === undefined && isRoot) return;
      const place = folder ?? join(stage.folder, fresh());
      if (folder === undefined) await mkdir(place);
      const grants = await Grants.plan(stage, fresh(), 4, place);
      const before = await readFile(grants.path);
      await (folder === undefined ? chmod(place, 0o500) : command("mount", ["-o", "remount,ro", folder]));
      try {
        await grants.refused(await stage.handover(...grants.applying()), 3, "cannot be opened");
        for (const verb of ["show", "status", "report"]) grants.expect(await stage.handover(verb, grants.run), 0);
        grants.expect(await stage.handover("verify", grants.run), 5, "not kept");
        grants.expect(
          await stage.handover("undo", grants.run, "-o", join(place, "back")),
          3,
          "Remedy",
          "back.handover",
        );
        assert.deepEqual(await readFile(grants.path), before);
      } finally {
        await (folder === undefined ? chmod(place, 0o700) : takeAway(folder));
      }
    },
  },
  {
    name: "a run file that cannot be written is refused with 3 and left as it is",
    play: async (stage) => {
      const grants = await Grants.plan(stage, fresh(), 4);
      const before = await readFile(grants.path);
      const bound = isRoot && (await bindReadOnly(grants.path));
      if (isRoot && !bound) return;
      if (!isRoot) await chmod(grants.path, 0o400);
      try {
        await grants.refused(await stage.handover(...grants.applying()), 3, "cannot be opened");
        grants.expect(await stage.handover("status", grants.run), 0);
      } finally {
        await (bound ? takeAway(grants.path) : chmod(grants.path, 0o600));
      }
      assert.deepEqual(await readFile(grants.path), before);
      assert.ok(!(await readdir(dirname(grants.path))).some((name) => name.startsWith(`${grants.run}.lock`)));
      await grants.finish();
    },
  },
];

async function bindReadOnly(path: string): Promise<boolean> {
  try {
    await command("mount", ["--bind", path, path]);
  } catch {
    return false;
  }
  await command("mount", ["-o", "remount,bind,ro", path]);
  return true;
}

/** Scenarios of a run file, or its folder, that is taken away under the process that carries it out. */
import assert from "node:assert/strict";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Stage } from "../../support/process.ts";
import { Grants, fresh } from "../grants.ts";
import type { Scenario } from "../grants.ts";

async function takenAway(stage: Stage, take: (grants: Grants, folder: string) => Promise<void>): Promise<void> {
  const folder = join(stage.folder, fresh());
  await mkdir(folder);
  const grants = await Grants.plan(stage, fresh(), 24, folder);
  await stage.control("PUT", "faults", [{ route: "assets.updatePermissions", fault: { kind: "delay", ms: 100 } }]);
  const apply = stage.begin(grants.applying("--concurrency", "1"));
  await stage.strikesReach(3);
  await take(grants, folder);
  const writes = await grants.writes();
  const ended = await apply.ended;
  grants.expect(ended, 1, grants.run, "is no longer");
  // One may have been on its way, and one may have been written down before.
  assert.ok(
    (await grants.writes()) <= writes + 2,
    `${(await grants.writes()) - writes} writes were sent after it was gone`,
  );
}

export const gone: readonly Scenario[] = [
  {
    name: "an apply whose run file is deleted sends nothing more, says so, and ends with 1",
    play: async (stage) =>
      takenAway(stage, async (grants, folder) => {
        for (const name of await readdir(folder)) {
          if (!name.endsWith(".csv")) await rm(join(folder, name), { recursive: true });
        }
        assert.deepEqual(
          (await readdir(folder)).filter((name) => name.startsWith(grants.run)),
          [],
        );
      }),
  },
  {
    name: "an apply whose folder is removed sends nothing more, says so, and ends with 1",
    play: async (stage) => takenAway(stage, async (_, folder) => rm(folder, { recursive: true })),
  },
  {
    name: "an apply whose run file is moved sends nothing more, and the file goes on where it is",
    play: async (stage) =>
      takenAway(stage, async (grants) => {
        for (const end of ["", "-wal", "-shm"]) await rename(`${grants.path}${end}`, `${grants.path}.moved${end}`);
      }),
  },
];

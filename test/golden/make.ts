/** `npm run golden`: makes the kept runs of the format as it is now; a folder that is there is left alone. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cwd } from "node:process";
import { schemaVersion } from "../../src/journal/sqlite/schema.ts";
import { cases } from "./cases.ts";
import { passageOf } from "./passage.ts";

const target = join(cwd(), "test", "golden", `v${schemaVersion}`);

async function make(): Promise<void> {
  for (const { name, make: makeRun } of cases) {
    const folder = join(target, name);
    if (existsSync(folder)) {
      process.stdout.write(`${folder} is there and stays as it is\n`);
      continue;
    }
    const working = await mkdtemp(join(tmpdir(), "handover-golden-"));
    await mkdir(folder, { recursive: true });
    const run = join(folder, "run.handover");
    const bench = await makeRun(join(working, "made.handover"));
    const world = bench.saved();
    await copyFile(join(working, "made.handover"), run);
    await writeFile(join(folder, "world.json"), `${JSON.stringify(world)}\n`);
    const passage = await passageOf(run, world, working);
    await writeFile(join(folder, "passage.json"), `${JSON.stringify(passage, null, 2)}\n`);
    await rm(working, { recursive: true });
    process.stdout.write(`${folder} made\n`);
  }
}

await make();
// Processes that were cut off for a case wait for their answers to this day.
process.exit(0);

/** A copy of the tree in a temporary folder, where bugs are put in and taken out again; the tree itself is never touched. */
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mutate } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** What the simulation, the tests and the check of types need. */
const copied: readonly string[] = [
  "src",
  "test",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "vitest.config.ts",
];

export class Workshop {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(root: string): Promise<Workshop> {
    const folder = await mkdtemp(join(tmpdir(), "handover-mutants-"));
    for (const name of copied) await cp(join(root, name), join(folder, name), { recursive: true });
    await linkPackages(join(root, "node_modules"), join(folder, "node_modules"));
    return new Workshop(folder);
  }

  /** Runs `work` with the bug in place, and takes it out whatever happens. Answers `stale` when it does not fit. */
  async with<T>(mutant: Mutant, work: () => Promise<T>): Promise<T | "stale"> {
    const path = join(this.folder, mutant.file);
    const sound = await readFile(path, "utf8").catch(() => "");
    const broken = mutate(sound, mutant);
    if (broken === undefined) return "stale";
    await writeFile(path, broken);
    try {
      return await work();
    } finally {
      await writeFile(path, sound);
    }
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A folder of its own with a link to each package: what tools cache in it must not reach the tree. */
async function linkPackages(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const name of await readdir(from)) {
    if (name.startsWith(".") && name !== ".bin") continue;
    await symlink(join(from, name), join(to, name));
  }
}

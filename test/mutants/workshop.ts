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

  /** Whether the bug still has its place in the code. */
  async fits(mutant: Mutant): Promise<boolean> {
    return mutate(await this.#text(mutant), mutant) !== undefined;
  }

  /** Runs `work` with these bugs in place, each in a file of its own, and takes them out whatever happens. */
  async with<T>(mutants: readonly Mutant[], work: () => Promise<T>): Promise<T> {
    const sound = new Map<string, string>();
    try {
      for (const mutant of mutants) {
        const path = join(this.folder, mutant.file);
        const text = await this.#text(mutant);
        const broken = mutate(text, mutant);
        if (broken === undefined || sound.has(path)) throw new Error(`${mutant.name} does not fit ${mutant.file}`);
        sound.set(path, text);
        await writeFile(path, broken);
      }
      return await work();
    } finally {
      for (const [path, text] of sound) await writeFile(path, text);
    }
  }

  #text(mutant: Mutant): Promise<string> {
    return readFile(join(this.folder, mutant.file), "utf8").catch(() => "");
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

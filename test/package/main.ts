/** The check of the package: packed once, looked at from every side; last, one line of JSON. */
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { output, pack, run } from "./commands.ts";
import type { Tarball } from "./commands.ts";
import { contentProblems, textProblems } from "./contents.ts";
import type { TextFile } from "./contents.ts";
import { bundledPackages, installedPackages, licenceProblems } from "./licences.ts";
import type { Lock } from "./licences.ts";

const checkout = process.cwd();
const scratch = await mkdtemp(join(tmpdir(), "handover-package-"));
try {
  const tarball = await pack(checkout, scratch);
  const lock = JSON.parse(await readFile(join(checkout, "package-lock.json"), "utf8")) as Lock;
  const problems = [
    ...contentProblems(tarball),
    ...textProblems(await unpacked(tarball), [checkout, homedir()]),
    ...licenceProblems(lock),
    ...(await judged(["publint", "run", tarball.path, "--strict"])),
    // Programs that import the package are ES modules, or load it by import().
    ...(await judged(["attw", tarball.path, "--profile", "esm-only", "--no-color"])),
  ];
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  const installed = installedPackages(lock);
  const figures = {
    type: "package",
    bytes: tarball.size,
    unpackedBytes: tarball.unpackedSize,
    files: tarball.files.length,
    directDependencies: installed.filter(({ isDirect }) => isDirect).length,
    packages: installed.length,
    licences: tally([...installed, ...bundledPackages(lock)].map(({ licence }) => licence ?? "none")),
    problems,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}

/** A linter of packages finds nothing, or its whole report is the problem. */
async function judged(argv: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await run(["npx", "--no-install", ...argv], { cwd: checkout });
  return code === 0 ? [] : [`${argv[0]} is not content:\n${`${stdout}\n${stderr}`.trim()}`];
}

async function unpacked({ path }: Tarball): Promise<readonly TextFile[]> {
  await output(["tar", "-xzf", path, "-C", scratch], { cwd: scratch });
  const folder = join(scratch, "package");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(paths.map(async (file) => ({ path: relative(folder, file), text: await readFile(file, "utf8") })));
}

function tally(names: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted((a, b) => b[1] - a[1]));
}

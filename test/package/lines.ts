/** The package on each line of Node, from its tarball and from a fresh clone; last, one line of JSON. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { output, pack } from "./commands.ts";
import type { Tarball } from "./commands.ts";
import { fetchNpm, ownNpm } from "./node-line.ts";
import { tryLine } from "./try-line.ts";
import type { Tried } from "./try-line.ts";

const { values } = parseArgs({
  options: {
    node: { type: "string", default: "20,22,24,26" },
    /** Clones are given ready binaries instead of compiling SQLite's driver as npm ci does. */
    quick: { type: "boolean", default: false },
  },
});
const checkout = process.cwd();
const scratch = await mkdtemp(join(tmpdir(), "handover-lines-"));
const tried: Tried[] = [];
try {
  const clone = await freshClone("clone");
  const tarball = await packed(clone, "tarball");
  const again = await packed(await freshClone("second"), "again");
  const sha256 = await hash(tarball);
  const isReproducible = sha256 === (await hash(again));
  const npm = { own: await ownNpm(), blocking: await fetchNpm("npm@12", join(scratch, "npm12")) };
  for (const line of values.node.split(",")) {
    const place = join(scratch, `line-${line}`);
    await mkdir(place);
    const trying = { line, checkout, clone, tarball, npm, scratch: place, isQuick: values.quick };
    tried.push(...(await tryLine(trying, (text) => void process.stderr.write(`${text}\n`))));
    await rm(place, { recursive: true, force: true });
  }
  const problems = tried.flatMap(({ node, from, problem }) =>
    problem === undefined ? [] : `${node} ${from}: ${problem}`,
  );
  if (!isReproducible) problems.push("packed from two clones, the tarball is not the same");
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  const figures = { type: "lines", bytes: tarball.size, sha256, isReproducible, tried, problems };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}

/** The last commit and nothing else, with the tools that build it. */
async function freshClone(name: string): Promise<string> {
  const clone = join(scratch, name);
  await output(["git", "clone", "--quiet", "--no-hardlinks", checkout, clone], { cwd: scratch });
  return clone;
}

async function packed(clone: string, name: string): Promise<Tarball> {
  const folder = join(scratch, name);
  await mkdir(folder);
  const copy = join(scratch, `${name}-built`);
  await output(["cp", "-a", clone, copy], { cwd: scratch });
  await output(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: copy });
  return pack(copy, folder);
}

async function hash({ path }: Tarball): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

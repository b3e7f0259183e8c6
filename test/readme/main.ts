/** The guides typed word for word, from a fresh clone and after a fresh installation; last, one line of JSON. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { output } from "../package/commands.ts";
import { entriesOf } from "./guide.ts";
import type { Ground } from "./guide.ts";
import { standOn } from "./grounds.ts";
import { rehearse } from "./rehearse.ts";
import type { Rehearsal } from "./rehearse.ts";

const grounds: readonly Ground[] = ["clone", "tarball"];
const allGuides = ["README.md", "migrations-plans/README.md", "src/emulator/README.md"];

const flags = parse(process.argv.slice(2));
if (typeof flags === "string") {
  process.stderr.write(`${flags}\n`);
  process.exitCode = 3;
} else {
  await main(flags);
}

interface Flags {
  readonly guides: readonly string[];
  readonly only: readonly Ground[];
  readonly isSlowToo: boolean;
  readonly isQuiet: boolean;
}

function parse(args: readonly string[]): Flags | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        only: { type: "string" },
        slow: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
    });
    const only = grounds.filter((ground) => values.only === undefined || values.only === ground);
    if (only.length === 0) return `--only is clone or tarball, not ${JSON.stringify(values.only)}`;
    const guides = positionals.length === 0 ? allGuides : positionals;
    return { guides, only, isSlowToo: values.slow, isQuiet: values.json };
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}

async function main({ guides, only, isSlowToo, isQuiet }: Flags): Promise<void> {
  const checkout = process.cwd();
  const scratch = await mkdtemp(join(tmpdir(), "handover-readme-"));
  const say = (text: string): void => void (isQuiet || process.stderr.write(`${text}\n`));
  const changed = await output(["git", "status", "--porcelain"], { cwd: checkout });
  if (changed !== "")
    say("what is not committed is in no clone: the guides are read here, the rest from the last commit");
  const isBare = isSlowToo && (await installs(join(checkout, guides[0] ?? "")));
  const rehearsals: Rehearsal[] = [];
  try {
    for (const ground of only) {
      const standing = await standOn(ground, { checkout, scratch, isBare });
      for (const guide of guides) {
        rehearsals.push(await rehearse({ checkout, guide, ground, standing, scratch, isSlowToo, say }));
      }
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  const problems = rehearsals.flatMap(({ ground, problems: found }) => found.map((text) => `${ground}: ${text}`));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  // A guide in which nothing is marked would pass for ever.
  const empty = rehearsals.filter(({ commands }) => commands === 0).map(({ ground, guide }) => `${ground}: ${guide}`);
  for (const name of empty) process.stderr.write(`${name}: nothing in it is run\n`);
  const node = process.versions.node;
  process.stdout.write(`${JSON.stringify({ type: "readme", node, rehearsals, problems, empty })}\n`);
  process.exitCode = problems.length === 0 && empty.length === 0 ? 0 : 1;
}

/** Whether the first thing a reader types makes the clone ready, for this guide and those after it. */
async function installs(guide: string): Promise<boolean> {
  const first = entriesOf(await readFile(guide, "utf8")).find(({ kind }) => kind === "command");
  return first?.kind === "command" && first.text.startsWith("npm ci");
}

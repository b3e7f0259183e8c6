/** What is tried on one line of Node: every way to come by the command, and what it has to do then. */
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { driverProblem } from "../../src/model/sqlite-driver.ts";
import type { Ground } from "../readme/guide.ts";
import { rehearse } from "../readme/rehearse.ts";
import { output, run } from "./commands.ts";
import type { Tarball } from "./commands.ts";
import { nodeLine, withCommand } from "./node-line.ts";
import type { NodeLine } from "./node-line.ts";

export interface Trying {
  /** Such as `22`. */
  readonly line: string;
  readonly checkout: string;
  readonly clone: string;
  readonly tarball: Tarball;
  /** `own` only warns of install scripts, `blocking` does not run them. */
  readonly npm: { readonly own: string; readonly blocking: string };
  readonly scratch: string;
  readonly isQuick: boolean;
}

export interface Tried {
  readonly node: string;
  readonly npm: string;
  readonly from: string;
  readonly seconds: number;
  /** Of the whole installation, in MB. */
  readonly installedMegabytes: number | undefined;
  readonly packages: number | undefined;
  readonly driver: string | undefined;
  readonly commands: number;
  readonly problem: string | undefined;
}

interface Installed {
  readonly bin: string;
  /** Where node_modules are. */
  readonly root: string;
  readonly ground: Ground;
  /** Whether what README says of installing is still to be typed. */
  readonly isBare: boolean;
}

/** From this line on, SQLite's driver carries its binary. */
const readyFrom = 22;
const driverReady = "better-sqlite3@13";
const compileSecondsMax = 3600;

export async function tryLine(trying: Trying, say: (text: string) => void): Promise<readonly Tried[]> {
  const { line, npm, scratch } = trying;
  const usual = await nodeLine(line, npm.own, join(scratch, "usual"));
  const isReady = Number(line) >= readyFrom;
  const tried: Tried[] = [];
  const attempt = async (node: NodeLine, from: string, way: () => Promise<Installed>, job: Job): Promise<void> => {
    say(`Node ${node.version}, npm ${node.npmVersion}: ${from}`);
    tried.push(await once(trying, node, from, way, job));
    say(`  ${tried.at(-1)?.problem ?? "does all it has to"}`);
  };
  const global =
    (node: NodeLine, name: string, ...more: readonly string[]) =>
    () =>
      installed(trying, node, name, more);
  if (isReady) {
    await attempt(usual, "tarball, scripts ignored", global(usual, "ignored", "--ignore-scripts"), guides);
    const blocking = await nodeLine(line, npm.blocking, join(scratch, "blocking"));
    await attempt(blocking, "tarball, scripts blocked by npm", global(blocking, "blocked"), rest);
  } else {
    await attempt(usual, "tarball, scripts ignored", global(usual, "ignored", "--ignore-scripts"), saysWhatIsMissing);
    await attempt(usual, "tarball", global(usual, "allowed", "--allow-scripts=better-sqlite3"), guides);
  }
  await attempt(usual, "clone", () => cloned(trying, usual, isReady), guides);
  return tried;
}

/** Answers how many commands it had. */
type Job = (trying: Trying, place: Place) => Promise<number>;

interface Place {
  readonly installed: Installed;
  readonly env: NodeJS.ProcessEnv;
  /** Empty, and nobody else's. */
  readonly folder: string;
}

async function once(
  trying: Trying,
  node: NodeLine,
  from: string,
  way: () => Promise<Installed>,
  job: Job,
): Promise<Tried> {
  const startedAt = performance.now();
  const about = { node: node.version, npm: node.npmVersion, from };
  const seconds = (): number => Math.round((performance.now() - startedAt) / 1000);
  const nothing = { installedMegabytes: undefined, packages: undefined, driver: undefined, commands: 0 };
  try {
    const got = await way();
    const { bin, root, ground } = got;
    const isClone = ground === "clone";
    const folder = join(trying.scratch, `work-${from.replaceAll(/\W+/g, "-")}`);
    await mkdir(folder);
    const commands = await job(trying, { installed: got, env: withCommand(node.env, bin, folder), folder });
    const driver = (
      await output(["node", "-p", "require('better-sqlite3/package.json').version"], { cwd: root, env: node.env })
    ).trim();
    const size = isClone ? undefined : Number((await output(["du", "-sm", root], { cwd: root })).split("\t")[0]);
    const listing = isClone
      ? undefined
      : (await run(["npm", "ls", "--all", "--parseable"], { cwd: root, env: node.env })).stdout;
    const packages = listing === undefined ? undefined : listing.trim().split("\n").length - 1;
    return { ...about, seconds: seconds(), installedMegabytes: size, packages, driver, commands, problem: undefined };
  } catch (error) {
    return {
      ...about,
      seconds: seconds(),
      ...nothing,
      problem: error instanceof Error ? error.message : String(error),
    };
  }
}

/** As `npm install --global` does it, below a prefix of its own; a warning of npm's about scripts is a problem where none is needed. */
async function installed(
  { tarball, scratch, line }: Trying,
  { env }: NodeLine,
  name: string,
  more: readonly string[],
): Promise<Installed> {
  const prefix = join(scratch, name);
  await mkdir(prefix);
  const argv = ["npm", "install", "--global", "--prefix", prefix, ...more, tarball.path];
  const { code, stdout, stderr } = await run(argv, { cwd: scratch, env, secondsMax: compileSecondsMax });
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}:\n${stdout}\n${stderr}`);
  const scriptWarnings = stderr.split("\n").filter((text) => text.includes("install-scripts"));
  if (Number(line) >= readyFrom && scriptWarnings.length > 0)
    throw new Error(`npm warns:\n${scriptWarnings.join("\n")}`);
  return {
    bin: join(prefix, "bin"),
    root: join(prefix, "lib/node_modules/handover"),
    ground: "tarball",
    isBare: false,
  };
}

/** Left for README to install. Quickly: the driver that needs no compiler, the build by hand, and the demo that README begins with. */
async function cloned({ clone, scratch, isQuick }: Trying, { env }: NodeLine, isReady: boolean): Promise<Installed> {
  const root = join(scratch, "clone");
  await cp(clone, root, { recursive: true });
  const isBare = !(isQuick && isReady);
  const running = { cwd: root, env, secondsMax: compileSecondsMax };
  if (!isBare) {
    await output(["npm", "ci", "--ignore-scripts"], running);
    await output(["npm", "install", "--no-save", "--ignore-scripts", driverReady], running);
    await output(["npm", "run", "--silent", "demo"], running);
  }
  const bin = join(scratch, "clone-bin");
  await mkdir(bin);
  await symlink(join(root, "dist/cli/main.js"), join(bin, "handover"));
  return { bin, root, ground: "clone", isBare };
}

/** Types README, in the clone or in an empty folder, and then what README does not hold. */
async function guides(trying: Trying, place: Place): Promise<number> {
  const { root, ground } = place.installed;
  const commands = await typed(trying, place, "README.md", ground === "clone" ? root : place.folder);
  return commands + (await rest(trying, place));
}

async function rest(trying: Trying, place: Place): Promise<number> {
  const folder = join(place.folder, "rest");
  await mkdir(folder);
  return typed(trying, place, "test/package/rest.md", folder);
}

async function typed(
  { checkout }: Trying,
  { installed: at, env, folder: scratch }: Place,
  guide: string,
  from: string,
): Promise<number> {
  const standing = { folder: async () => from, env };
  const { ground, isBare: isSlowToo } = at;
  const { commands, problems } = await rehearse({
    checkout,
    guide,
    ground,
    standing,
    scratch,
    isSlowToo,
    say: () => {},
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return commands;
}

/** Without its binary nothing works that keeps a run, and the command says so. */
async function saysWhatIsMissing(_: Trying, { env, folder: cwd }: Place): Promise<number> {
  await writeFile(join(cwd, "moves.csv"), "from,to\nleaver@acme.example,heir@acme.example\n");
  const verbs = [["--version"], ["--help"], ["plan", "moves.csv", "-o", "friday"], ["doctor"]];
  for (const verb of verbs) {
    const { code, stdout, stderr } = await run(["handover", ...verb], { cwd, env });
    const wants = verb.length > 1 || verb[0] === "doctor";
    const said = `${stdout}\n${stderr}`.replaceAll(/\s+/g, " ");
    if ((code !== 0) !== wants || (wants && !said.includes(driverProblem))) {
      throw new Error(`handover ${verb.join(" ")} ended with ${code} and said:\n${said}`);
    }
  }
  return verbs.length;
}

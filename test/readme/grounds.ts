/** The two places a reader may stand in: a fresh clone of the repository, and a folder after an installation from the tarball. */
import { cp, mkdir, readFile, readdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { output, pack } from "../package/commands.ts";
import type { Ground } from "./guide.ts";

export interface Standing {
  /** Where the reader of this guide begins. */
  readonly folder: (guide: string) => Promise<string>;
  readonly env: NodeJS.ProcessEnv;
}

export interface Building {
  /** The checkout whose last commit is read. */
  readonly checkout: string;
  readonly scratch: string;
  /** Whether the guide itself installs what it needs in its clone; else the clone is given what the checkout has installed. */
  readonly isBare: boolean;
}

/** Settings of whoever runs this stay outside; the registry and its cache are theirs. */
function environment(scratch: string, bin: string): NodeJS.ProcessEnv {
  const leaking = /^(?:handover_.*|xdg_.*|https?_proxy|all_proxy|no_proxy|npm_.*|force_color|ci)$/i;
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !leaking.test(name)));
  return {
    ...own,
    PATH: `${bin}:${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
    XDG_CONFIG_HOME: join(scratch, "config"),
    XDG_STATE_HOME: join(scratch, "state"),
    NO_COLOR: "1",
    COLUMNS: "80",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
  };
}

export async function standOn(ground: Ground, building: Building): Promise<Standing> {
  const scratch = join(building.scratch, ground);
  await mkdir(scratch);
  return ground === "clone" ? inClone(scratch, building) : afterInstallation(scratch, building);
}

async function inClone(scratch: string, building: Building): Promise<Standing> {
  const clone = await freshClone(scratch, building);
  const bin = join(scratch, "bin");
  await mkdir(bin);
  await symlink(join(clone, "dist/cli/main.js"), join(bin, "handover"));
  const folder = async (guide: string): Promise<string> => {
    const place = join(clone, dirname(guide));
    await mkdir(place, { recursive: true });
    return place;
  };
  return { folder, env: environment(scratch, bin) };
}

async function afterInstallation(scratch: string, building: Building): Promise<Standing> {
  const clone = await freshClone(scratch, { ...building, isBare: false });
  const work = join(scratch, "work");
  await mkdir(work);
  const tarball = await pack(clone, work);
  const prefix = join(scratch, "prefix");
  const env = { ...environment(scratch, join(prefix, "bin")), npm_config_prefix: prefix };
  await output(["npm", "install", "--global", "--ignore-scripts", tarball.path], { cwd: work, env });
  await lendBinary(building.checkout, join(prefix, "lib/node_modules/handover"));
  const folder = async (guide: string): Promise<string> => {
    const place = dirname(guide);
    if (place === ".") return work;
    await cp(join(clone, place), join(work, place), { recursive: true });
    return join(work, place);
  };
  return { folder, env };
}

async function freshClone(scratch: string, { checkout, isBare }: Building): Promise<string> {
  const clone = join(scratch, "handover");
  await output(["git", "clone", "--quiet", "--no-hardlinks", checkout, clone], { cwd: scratch });
  if (!isBare) {
    await output(["cp", "-al", join(checkout, "node_modules"), join(clone, "node_modules")], { cwd: scratch });
    await output(["npm", "run", "--silent", "build"], { cwd: clone });
  }
  return clone;
}

/** Compiling SQLite's driver takes minutes; the checkout has done it, for this Node and often for this version. */
async function lendBinary(checkout: string, installed: string): Promise<void> {
  const [from, to] = [checkout, installed].map((place) => join(place, "node_modules/better-sqlite3"));
  if (from === undefined || to === undefined) return;
  const entries = await readdir(join(from, "build/Release")).catch((): string[] => []);
  const isSame = (await versionIn(from)) === (await versionIn(to));
  if (!isSame || !entries.includes("better_sqlite3.node")) return;
  await cp(join(from, "build/Release/better_sqlite3.node"), join(to, "build/Release/better_sqlite3.node"));
}

async function versionIn(folder: string): Promise<string> {
  return (JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { version: string }).version;
}

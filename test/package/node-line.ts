/** One line of Node: its binary from npm, and an environment in which that Node and an npm run. */
import { chmod, mkdir, realpath, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { output } from "./commands.ts";

export interface NodeLine {
  readonly version: string;
  readonly npmVersion: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The npm that comes with this process's Node; an installation elsewhere has no npm of its own. */
export async function ownNpm(): Promise<string> {
  const folder = (await output(["npm", "root", "--global"], { cwd: "/" })).trim();
  return realpath(join(folder, "npm/bin/npm-cli.js"));
}

/** An npm from the registry, such as `npm@12`. */
export async function fetchNpm(spec: string, scratch: string): Promise<string> {
  await install(spec, scratch);
  return join(scratch, "node_modules/npm/bin/npm-cli.js");
}

/** Puts the newest Node of a line and the given npm first on the path. */
export async function nodeLine(line: string, npmCli: string, scratch: string): Promise<NodeLine> {
  const name = `node-${process.platform}-${process.arch}`;
  await install(`${name}@${line}`, scratch);
  const home = join(scratch, "node_modules", name);
  const bin = join(scratch, "bin");
  await mkdir(bin, { recursive: true });
  await symlink(join(home, "bin/node"), join(bin, "node"));
  await writeFile(join(bin, "npm"), `#!/bin/sh\nexec "${join(bin, "node")}" "${npmCli}" "$@"\n`);
  await chmod(join(bin, "npm"), 0o755);
  // The package brings its headers: without them the compiler's helper would ask nodejs.org.
  const env = { ...plainEnv(), PATH: `${bin}:${process.env["PATH"] ?? ""}`, npm_config_nodedir: home };
  const version = (await output([join(bin, "node"), "--version"], { cwd: scratch })).trim().slice(1);
  const npmVersion = (await output(["npm", "--version"], { cwd: scratch, env })).trim();
  return { version, npmVersion, env };
}

/** What npm sets for its scripts would make one npm obey another. */
function plainEnv(): NodeJS.ProcessEnv {
  const leaking =
    /^(?:npm_(?:config_(?!registry|cafile|userconfig|cache)|package|lifecycle|node|command|execpath).*|node|handover_.*)$/i;
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !leaking.test(name)));
  return {
    ...own,
    NO_COLOR: "1",
    COLUMNS: "80",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
  };
}

async function install(spec: string, scratch: string): Promise<void> {
  await mkdir(scratch, { recursive: true });
  await output(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", scratch, spec], { cwd: scratch });
}

/** The environment with the command of an installation first on the path. */
export function withCommand(env: NodeJS.ProcessEnv, bin: string, scratch: string): NodeJS.ProcessEnv {
  const [node = "", ...rest] = (env["PATH"] ?? "").split(":");
  return {
    ...env,
    PATH: [node, bin, ...rest].join(":"),
    XDG_CONFIG_HOME: join(scratch, "config"),
    XDG_STATE_HOME: join(scratch, "state"),
  };
}

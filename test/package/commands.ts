/** Other programs, run to their end; and the tarball that npm makes. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Packed } from "./contents.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Ends what hangs, together with what it has started. */
  readonly secondsMax?: number;
}

/** Runs a program and answers how it ended; only a program that cannot be started is an error. */
export async function run(argv: readonly string[], { cwd, env, secondsMax = 900 }: Running): Promise<Ended> {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const limit = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, secondsMax * 1000);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => void stdout.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => void stderr.push(bytes));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    return { code, stdout: String(Buffer.concat(stdout)), stderr: String(Buffer.concat(stderr)) };
  } finally {
    clearTimeout(limit);
  }
}

/** Runs a program that has to succeed, and answers what it wrote. */
export async function output(argv: readonly string[], running: Running): Promise<string> {
  const { code, stdout, stderr } = await run(argv, running);
  if (code === 0) return stdout;
  throw new Error(`${argv.join(" ")} ended with ${code}:\n${`${stdout}\n${stderr}`.trim().slice(-4000)}`);
}

/** A bill or a listing that npm wrote, after whatever its scripts have said. */
export function jsonOf(text: string): unknown {
  const start = text.search(/^[[{]/m);
  if (start === -1) throw new Error(`no JSON in ${JSON.stringify(text.slice(0, 200))}`);
  return JSON.parse(text.slice(start));
}

export interface Tarball extends Packed {
  readonly path: string;
}

/** Builds the package of a checkout anew and packs it into `folder`. */
export async function pack(checkout: string, folder: string): Promise<Tarball> {
  const listing = jsonOf(await output(["npm", "pack", "--json", "--pack-destination", folder], { cwd: checkout }));
  // An array up to npm 11, by name from npm 12 on.
  const [first] = Object.values(listing as object) as readonly (Packed & { readonly filename: string })[];
  if (first === undefined) throw new Error("npm pack lists nothing");
  return { ...first, path: join(folder, first.filename) };
}

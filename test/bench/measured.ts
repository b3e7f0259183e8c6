/** Runs one program to its end in a process of its own, with the probe in it, and answers what that took. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Probed } from "./probe/child.ts";

const here = dirname(fileURLToPath(import.meta.url));
const probe = join(here, "probe/child.js");
/** The package as it ships, built by `npm run bench` before anything is measured. */
export const mainFile: string = join(process.cwd(), "dist/cli/main.js");

export interface Measured extends Probed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are as meant; 0, 1 and 2 if absent: those say that there was something to tell. */
  readonly codes?: readonly number[];
  /** Where standard output goes; kept as text if absent. */
  readonly stdout?: string;
}

/** Throws when the program ends with a code that is not meant. */
export async function measure(program: Program): Promise<Measured> {
  const probeFile = join(program.cwd, `probe-${process.hrtime.bigint()}.json`);
  const out = program.stdout === undefined ? "pipe" : openSync(program.stdout, "w");
  const child = spawn(process.execPath, ["--import", probe, program.file, ...program.args], {
    cwd: program.cwd,
    env: { ...cleanEnv(program.cwd), ...program.env, BENCH_PROBE: probeFile },
    stdio: ["ignore", out, "pipe"],
  });
  const said: string[] = [];
  const err: string[] = [];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => said.push(text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => err.push(text));
  const [code] = (await once(child, "close")) as [number | null];
  if (typeof out === "number") closeSync(out);
  const stderr = err.join("");
  if (code === null || !(program.codes ?? [0, 1, 2]).includes(code)) {
    throw new Error(`${program.file} ${program.args.join(" ")} ended with ${code}: ${stderr.slice(-2000)}`);
  }
  const probed = JSON.parse(readFileSync(probeFile, "utf8")) as Probed;
  rmSync(probeFile);
  return { ...probed, code, stdout: said.join(""), stderr };
}

/** A child of the benchmark, such as `bare`. */
export function childFile(name: string): string {
  return join(here, name, "child.js");
}

/** Nothing of the machine's own settings. */
export function cleanEnv(home: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home, TMPDIR: home, NO_COLOR: "1", TZ: "UTC" };
}

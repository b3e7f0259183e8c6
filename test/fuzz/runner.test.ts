/** The runner sees what a case does to its process: hangs and deaths are findings, each with the command that shows it again. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
let findings: string;
let built: string;

// Beside the packages, where the built files find them.
beforeAll(async () => {
  findings = await mkdtemp(join(tmpdir(), "handover-fuzz-"));
  built = await mkdtemp(join(root, "node_modules", "handover-fuzz-"));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [compiler, "-p", "test/fuzz/tsconfig.json", "--outDir", built], { cwd: root });
});
afterAll(async () => {
  await rm(findings, { recursive: true, force: true });
  await rm(built, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly out: string;
}

async function fuzz(...args: readonly string[]): Promise<Ended> {
  const main = join(built, "test/fuzz/main.js");
  const common = ["--out", findings, "--deadline-ms", "1000"];
  return run(process.execPath, [main, ...args, ...common], { cwd: root }).then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    (error: Error & { readonly code: number; readonly stdout: string }) => ({ code: error.code, out: error.stdout }),
  );
}

describe("a case that", () => {
  it.each([
    ["hangs", "planted-hang", "9", /planted-hang, case 9: hang/],
    ["never answers", "planted-silence", "35", /planted-silence, case 35: death/],
    ["kills its process", "planted-death", "12", /planted-death, case 12: death/],
    ["throws", "planted-throw", "4", /planted-throw, case 4: TypeError/],
  ])("%s is found, and found again from its file", async (_, target, from, told) => {
    const first = await fuzz("--target", target, "--from", from, "--cases", "1");
    expect(first.out).toMatch(told);
    expect(first.code).toBe(1);
    expect(JSON.parse(first.out.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({ seed: 1, findings: 1 });
    const [, replay = ""] = /--replay (\S+)/.exec(first.out) ?? [];
    const again = await fuzz("--target", target, "--replay", replay);
    expect([again.code, again.out.includes(`${target}, case 0:`)]).toEqual([1, true]);
  });

  it("holds is no finding", async () => {
    expect(await fuzz("--target", "planted-throw", "--cases", "3")).toMatchObject({ code: 0 });
  });
});

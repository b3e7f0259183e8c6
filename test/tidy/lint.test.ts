/** Every lint rule of the house is seen to fail: planted files are judged by the real linter under the real configuration. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { top } from "./tree.ts";

/** Rule, folder or file, code. Each becomes a file of its own. */
const planted: readonly (readonly [rule: string, where: string, code: string])[] = [
  ["eslint(no-restricted-imports)", "src/model", 'export type { a } from "../plan/z.ts";'],
  ["eslint(no-restricted-imports)", "src/model", 'export { z } from "zod";'],
  ["eslint(no-restricted-imports)", "src/plan", 'export type { a } from "../google/z.ts";'],
  ["eslint(no-restricted-imports)", "src/plan", 'export { readFileSync } from "node:fs";'],
  ["eslint(no-restricted-imports)", "src/plan", 'export { request } from "undici";'],
  ["eslint(no-restricted-imports)", "src/report", 'export type { a } from "../journal/z.ts";'],
  ["eslint(no-restricted-imports)", "src/report", 'export const a = import("node:os");'],
  ["eslint(no-restricted-imports)", "src/google", 'export type { a } from "../journal/z.ts";'],
  ["eslint(no-restricted-imports)", "src/google", 'export { writeFile } from "node:fs/promises";'],
  ["eslint(no-restricted-imports)", "src/google/deep", 'export type { a } from "../../plan/z.ts";'],
  ["eslint(no-restricted-imports)", "src/journal", 'export type { a } from "../google/z.ts";'],
  ["eslint(no-restricted-imports)", "src/journal", 'export { connect } from "node:net";'],
  ["eslint(no-restricted-imports)", "src/engine", 'export type { a } from "../cli/z.ts";'],
  ["eslint(no-restricted-imports)", "src/engine", 'export type { a } from "../emulator/z.ts";'],
  ["eslint(no-restricted-imports)", "src/engine", 'export { setTimeout } from "node:timers/promises";'],
  ["eslint(no-restricted-imports)", "src/engine", 'export { admin } from "googleapis/build/src/apis/admin/index.js";'],
  ["eslint(no-restricted-imports)", "src/emulator", 'export type { a } from "../google/z.ts";'],
  ["eslint(no-restricted-imports)", "src/emulator", 'export { readFileSync } from "node:fs";'],
  ["eslint(no-restricted-globals)", "src/model", "export const a = (): unknown => process.env;"],
  ["eslint(no-restricted-globals)", "src/plan", "export const a = crypto.randomUUID();"],
  ["eslint(no-restricted-globals)", "src/report", "export const a = performance.now();"],
  ["eslint(no-restricted-globals)", "src/google", "export const a = (): unknown => setTimeout(() => 0, 1);"],
  ["eslint(no-restricted-globals)", "src/google", 'export const a = (): unknown => fetch("https://a.example");'],
  ["eslint(no-restricted-globals)", "src/journal", "export const a = (): unknown => setInterval(() => 0, 1);"],
  ["eslint(no-restricted-globals)", "src/engine", "export const a = (): unknown => setImmediate(() => 0);"],
  ["eslint(no-restricted-globals)", "src/emulator", "export const a = (): unknown => globalThis.fetch;"],
  ["eslint(no-restricted-properties)", "src/model", "export const a = Date.now();"],
  ["eslint(no-restricted-properties)", "src/emulator", "export const a = Math.random();"],
  ["eslint(no-restricted-properties)", "src/journal", "export const a = AbortSignal.timeout(1);"],
  ["eslint(no-console)", "src/journal", "export const a = (): void => console.log(1);"],
  ["unicorn(no-process-exit)", "src/journal", "export const a = (): never => process.exit(1);"],
  ["import(no-default-export)", "src/cli", "const a = 1;\nexport default a;"],
  ["import(no-cycle)", "src/cli", 'import type { b } from "./circle.ts";\nexport type a = typeof b;'],
  ["unicorn(prefer-node-protocol)", "src/cli", 'export { readFileSync } from "fs";'],
  ["eslint(eqeqeq)", "src/cli", "export const a = (b: number): boolean => b == 1;"],
  ["typescript(ban-ts-comment)", "src/cli", '// @ts-ignore\nexport const a: number = "1";'],
  ["typescript(consistent-type-imports)", "src/cli", 'import { b } from "./other.ts";\nexport type A = typeof b;'],
  ["typescript(no-explicit-any)", "src/cli", "export const a = (b: any): unknown => b;"],
  ["typescript(no-non-null-assertion)", "src/cli", "export const a = (b: string[]): string => b[0]!;"],
  ["typescript(no-floating-promises)", "src/cli", "export const a = (): void => {\n  Promise.resolve(1);\n};"],
  ["typescript(no-floating-promises)", "test", "export const a = (): void => {\n  Promise.resolve(1);\n};"],
  ["typescript(no-misused-promises)", "src/cli", "export const a = (b: Promise<boolean>): number => (b ? 1 : 2);"],
  ["typescript(await-thenable)", "src/cli", "export const a = async (): Promise<number> => await 1;"],
  ["typescript(only-throw-error)", "src/cli", 'export const a = (): never => {\n  throw "no";\n};'],
  [
    "typescript(switch-exhaustiveness-check)",
    "src/cli",
    'export const a = (b: "c" | "d"): void => {\n  switch (b) {\n    case "c":\n      break;\n  }\n};',
  ],
  ["typescript(no-unsafe-type-assertion)", "src/engine", 'export const a = (b: string): "c" => b as "c";'],
  ["typescript(no-unsafe-type-assertion)", "src/plan", 'export const a = (b: string): "c" => b as "c";'],
  ["typescript(no-unsafe-type-assertion)", "src/report", 'export const a = (b: string): "c" => b as "c";'],
  ["eslint(no-restricted-imports)", "src/emulator/http.ts", 'export { spawn } from "node:child_process";'],
  ["eslint(no-restricted-globals)", "src/emulator/start.ts", 'export const a = fetch("https://a.example");'],
  ["vitest(no-focused-tests)", "test", 'import { expect, it } from "vitest";\nit.only("a", () => expect(1).toBe(1));'],
  ["vitest(valid-expect)", "test", 'import { expect, it } from "vitest";\nit("a", () => {\n  expect(1);\n});'],
];

/** Code that must pass where it stands, so that the rules are known not to refuse everything. */
const permitted: readonly (readonly [folder: string, code: string])[] = [
  ["src/model", "export const a = (ms: number): string => new Date(ms).toISOString();"],
  ["src/plan", 'export { parse } from "csv-parse";\nexport { createHash } from "node:crypto";'],
  ["src/google", 'export type { a } from "../model/z.ts";\nexport { Pool } from "undici";'],
  ["src/journal", 'export { openSync } from "node:fs";\nexport const a = (): number => process.pid;'],
  ["src/engine", 'export type { a } from "../plan/z.ts";\nexport type { b } from "../journal/z.ts";'],
  ["src/cli", 'export { readFileSync } from "node:fs";\nexport const a = [Date.now(), process.env, console.log];'],
  ["test", "export const a = (b: string[]): string => b[0]!;"],
];

const linted = z.object({
  diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })),
});

/** The linter looks for its type-aware half beside the folder it checks, where there is none. */
const typeAware = join(top, "node_modules/.bin/tsgolint");

let folder: string;
let found: ReadonlyMap<string, readonly string[]>;

function write(path: string, text: string): void {
  const whole = join(folder, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
}

function oneLine(code: string): string {
  return code.replaceAll(/\s+/g, " ");
}

function plantedPath(index: number, inFolder: string): string {
  return inFolder.endsWith(".ts") ? inFolder : `${inFolder}/planted-${index}.ts`;
}

async function lint(): Promise<ReadonlyMap<string, readonly string[]>> {
  const output = await new Promise<string>((resolve) => {
    // The linter leaves with 1 when it finds something; what it says is judged, not how it leaves.
    execFile(
      process.execPath,
      [join(top, "node_modules/oxlint/bin/oxlint"), "--type-aware", "--deny-warnings", "-f", "json"],
      { cwd: folder, env: { ...process.env, OXLINT_TSGOLINT_PATH: typeAware }, maxBuffer: 16 * 1024 * 1024 },
      (_, stdout) => resolve(stdout),
    );
  });
  const codes = new Map<string, string[]>();
  for (const { filename, code } of linted.parse(JSON.parse(output)).diagnostics) {
    codes.set(filename, [...(codes.get(filename) ?? []), code]);
  }
  return codes;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "handover-lint-"));
  copyFileSync(join(top, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
  const compilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    module: "NodeNext",
    allowImportingTsExtensions: true,
    types: [],
  };
  write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["src", "test"] }));
  write(
    "src/cli/circle.ts",
    planted
      .map((_, index) => `import "./planted-${index}.ts";`)
      .join("\n")
      .concat("\nexport const b = 1;\n"),
  );
  write("src/cli/other.ts", "export const b = 1;\n");
  for (const [index, [, inFolder, code]] of planted.entries()) write(plantedPath(index, inFolder), `${code}\n`);
  for (const [index, [inFolder, code]] of permitted.entries()) {
    write(plantedPath(planted.length + index, inFolder), `${code}\n`);
  }
  found = await lint();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the linter", () => {
  it.each(planted.map(([rule, inFolder, code], index) => [rule, inFolder, oneLine(code), index] as const))(
    "refuses by %s in %s: %s",
    (rule, inFolder, _, index) => {
      expect(found.get(plantedPath(index, inFolder)) ?? []).toContain(rule);
    },
  );

  it.each(permitted.map(([inFolder, code], index) => [inFolder, oneLine(code), planted.length + index] as const))(
    "permits in %s: %s",
    (inFolder, _, index) => {
      expect(found.get(plantedPath(index, inFolder)) ?? []).toEqual([]);
    },
  );
});

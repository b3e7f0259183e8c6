/** A small clean tree, and violations to plant in it: at least one of every rule. */
import type { SourceFile } from "./facts.ts";
import { linesMax } from "./house.ts";
import type { Rule } from "./rules.ts";

export const cleanTree: readonly SourceFile[] = [
  { path: "src/index.ts", text: '/** The surface. */\nexport { word } from "./model/word.ts";\n' },
  {
    path: "src/model/word.ts",
    text: "/** A word. */\nexport const word = (ms: number): string => new Date(ms).toISOString();\n",
  },
  {
    path: "src/plan/read.ts",
    text: '/** Reads. */\nimport { createHash } from "node:crypto";\nimport { parse } from "csv-parse";\nimport { word } from "../model/word.ts";\nexport const read = [createHash, parse, word];\n',
  },
  {
    path: "src/google/exchange.ts",
    text: '/** Exchanges. */\nimport { Pool } from "undici";\nimport { isIP } from "node:net";\nexport const exchange = [Pool, isIP];\n',
  },
  {
    path: "src/journal/store.ts",
    text: '/** Stores. */\nimport Database from "better-sqlite3";\nimport { openSync } from "node:fs";\nexport const store = [Database, openSync, process.getuid?.()];\n',
  },
  { path: "src/report/show.ts", text: "/** Shows. */\nexport const show = Math.floor(Date.UTC(2026, 1));\n" },
  {
    path: "src/engine/apply.ts",
    text: '/** Applies. */\nimport { store } from "../journal/store.ts";\nimport { exchange } from "../google/exchange.ts";\nexport const apply = [store, exchange];\n',
  },
  {
    path: "src/cli/main.ts",
    text: '#!/usr/bin/env node\n/** Begins. */\nimport { apply } from "../engine/apply.ts";\nconsole.log(apply, process.argv, Date.now());\n',
  },
  {
    path: "src/emulator/start.ts",
    text: '/** Starts. */\nimport { generateKeyPairSync } from "node:crypto";\nimport { word } from "../model/word.ts";\nexport const start = [generateKeyPairSync, word, process.pid];\n',
  },
  {
    path: "test/model/word.test.ts",
    text: '/** Tests. */\nimport { it } from "vitest";\nimport { word } from "../../src/model/word.ts";\nit("tells", () => word(0));\n',
  },
];

// Put together here, so that the rules that look for them do not find them in this file.
const toDo = ["TO", "DO"].join("");
const fixMe = ["FIX", "ME"].join("");
const machine = ["", "work"].join("/");

export interface Plant {
  readonly rule: Rule;
  readonly title: string;
  readonly files: readonly SourceFile[];
}

function plant(rule: Rule, title: string, path: string, text: string): Plant {
  return { rule, title, files: [{ path, text }] };
}

/** A file of `layer` that holds only an opening sentence and `code`. */
function inLayer(rule: Rule, layer: string, code: string): Plant {
  return plant(
    rule,
    `in ${layer}: ${code.replaceAll("\n", " ")}`,
    `src/${layer}/planted.ts`,
    `/** Planted. */\n${code}\n`,
  );
}

const layerPlants: readonly Plant[] = (
  [
    ["model", "../plan/read.ts"],
    ["plan", "../google/exchange.ts"],
    ["plan", "../report/show.ts"],
    ["audit", "../plan/read.ts"],
    ["audit", "../journal/store.ts"],
    ["google", "../journal/store.ts"],
    ["journal", "../plan/read.ts"],
    ["report", "../journal/store.ts"],
    ["report", "../engine/apply.ts"],
    ["engine", "../cli/main.ts"],
    ["engine", "../emulator/start.ts"],
    ["emulator", "../google/exchange.ts"],
    ["emulator", "../index.ts"],
    ["cli", "../index.ts"],
    ["cli", "../../test/model/word.test.ts"],
  ] as const
).flatMap(([layer, target]) => [inLayer("layer", layer, `export type { T } from "${target}";\nexport const t = 1;`)]);

const layerFormPlants: readonly Plant[] = [
  inLayer("layer", "plan", 'import "../google/exchange.ts";'),
  inLayer("layer", "plan", 'import type { T } from "../google/exchange.ts";'),
  inLayer("layer", "plan", 'export const t = await import("../google/exchange.ts");'),
];

const effectPlants: readonly Plant[] = [
  inLayer("module", "model", 'import { readFileSync } from "node:fs";'),
  inLayer("module", "plan", 'import { readFile } from "node:fs/promises";'),
  inLayer("module", "plan", 'import { randomUUID } from "node:crypto";'),
  inLayer("module", "plan", 'import * as crypto from "node:crypto";'),
  inLayer("module", "report", 'import { createServer } from "node:http";'),
  inLayer("module", "google", 'import { writeFileSync } from "node:fs";'),
  inLayer("module", "google", 'import { setTimeout as later } from "node:timers/promises";'),
  inLayer("module", "journal", 'import { connect } from "node:net";'),
  inLayer("module", "journal", 'import { env } from "node:process";'),
  inLayer("module", "engine", 'import { pid } from "node:process";'),
  inLayer("module", "engine", 'import { performance } from "node:perf_hooks";'),
  inLayer("module", "engine", 'import { readFileSync } from "node:fs";'),
  inLayer("module", "emulator", 'import { readFileSync } from "node:fs";'),
  inLayer("module", "emulator", 'import { spawn } from "node:child_process";'),
  inLayer("package", "model", 'import { z } from "zod";'),
  inLayer("package", "plan", 'import { request } from "undici";'),
  inLayer("package", "report", 'import Database from "better-sqlite3";'),
  inLayer("package", "google", 'import Database from "better-sqlite3";'),
  inLayer("package", "journal", 'import { request } from "undici";'),
  inLayer("package", "engine", 'import { admin } from "googleapis/build/src/apis/admin/index.js";'),
  inLayer("package", "emulator", 'import { request } from "undici";'),
  inLayer("package", "cli", 'import { readFileSync } from "fs";'),
  inLayer("package", "cli", "export const t = await import(String(1));"),
  inLayer("global", "model", "export const t = Date.now();"),
  inLayer("global", "model", 'export const t = Date["now"]();'),
  inLayer("global", "model", "export const t = new Date();"),
  inLayer("global", "model", "export const t = Date();"),
  inLayer("global", "plan", "export const t = Math.random();"),
  inLayer("global", "plan", "export const t = process.env;"),
  inLayer("global", "audit", "export const t = Date.now();"),
  inLayer("global", "report", "export const t = (): void => console.log(1);"),
  inLayer("global", "report", "export const t = globalThis.Date;"),
  inLayer("global", "google", "export const t = (): unknown => setTimeout(() => 0, 1);"),
  inLayer("global", "google", "export const t = AbortSignal.timeout(1);"),
  inLayer("global", "google", 'export const t = fetch("https://datastudio.googleapis.com");'),
  inLayer("global", "journal", "export const t = process.env;"),
  inLayer("global", "journal", "export const { env } = process;"),
  inLayer("global", "journal", "export const t = Date.now;"),
  inLayer("global", "engine", "export const t = crypto.randomUUID();"),
  inLayer("global", "engine", "export const t = (): unknown => setImmediate(() => 0);"),
  inLayer("global", "engine", "export const t = performance.now();"),
  inLayer("global", "engine", "export const t = (): never => process.exit(1);"),
  inLayer("global", "emulator", "export const t = { process };"),
  inLayer("global", "emulator", "export const t = Math.random();"),
];

const filePlants: readonly Plant[] = [
  plant("syntax", "a file that does not parse", "src/model/planted.ts", "/** Planted. */\nexport const = 1;\n"),
  plant(
    "unknown-layer",
    "a folder that is no layer",
    "src/things/planted.ts",
    "/** Planted. */\nexport const t = 1;\n",
  ),
  plant("unknown-layer", "a second file beside index", "src/planted.ts", "/** Planted. */\nexport const t = 1;\n"),
  plant("opening-comment", "a file without an opening sentence", "src/model/planted.ts", "export const t = 1;\n"),
  plant("opening-comment", "a plain comment first", "src/model/planted.ts", "/* Planted. */\nexport const t = 1;\n"),
  inLayer("default-export", "model", "export default 1;"),
  inLayer("default-export", "model", "const t = 1;\nexport { t as default };"),
  inLayer("barrel", "engine", 'export { apply } from "./apply.ts";'),
  inLayer("barrel", "engine", 'export * from "./apply.ts";\nexport const t = 1;'),
  plant("empty-name", "a file named helpers", "src/model/helpers.ts", "/** Planted. */\nexport const t = 1;\n"),
  inLayer("extension", "engine", 'export type { T } from "./apply.js";\nexport const t = 1;'),
  inLayer("unresolved", "engine", 'export type { T } from "./nowhere.ts";\nexport const t = 1;'),
  plant("length", "a file that is too long", "src/model/planted.ts", `/** Planted. */\n${"\n".repeat(linesMax)}`),
  inLayer("reminder", "model", `// ${toDo}: later\nexport const t = 1;`),
  plant("reminder", "a reminder in a test", "test/planted.test.ts", `/** ${fixMe} */\n`),
  inLayer("machine-path", "model", `export const t = "${machine}/main/plan.csv";`),
  plant("machine-path", "a machine path in a text", "README.md", `Type \`ls ${machine}/x\`.\n`),
  ...["it.only", "it.skip", "describe.only", "test.skip", "it.todo", "it.each([1]).only", "it.only.each([1])"].map(
    (call) =>
      plant("focused-test", call, "test/planted.test.ts", `import { it } from "vitest";\n${call}("x", () => {});\n`),
  ),
];

const cyclePlants: readonly Plant[] = [
  {
    rule: "cycle",
    title: "two files that import each other",
    files: [
      { path: "src/model/a.ts", text: '/** A. */\nimport { b } from "./b.ts";\nexport const a = b;\n' },
      { path: "src/model/b.ts", text: '/** B. */\nimport type { a } from "./a.ts";\nexport const b: typeof a = 1;\n' },
    ],
  },
  {
    rule: "cycle",
    title: "a circle of three",
    files: [
      { path: "src/model/a.ts", text: '/** A. */\nimport { b } from "./b.ts";\nexport const a = b;\n' },
      { path: "src/model/b.ts", text: '/** B. */\nimport { c } from "./c.ts";\nexport const b = c;\n' },
      { path: "src/model/c.ts", text: '/** C. */\nimport { a } from "./a.ts";\nexport const c = a;\n' },
    ],
  },
  inLayer("cycle", "model", 'export type { T } from "./planted.ts";\nexport const t = 1;'),
];

export const plants: readonly Plant[] = [
  ...layerPlants,
  ...layerFormPlants,
  ...effectPlants,
  ...filePlants,
  ...cyclePlants,
];

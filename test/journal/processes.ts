/** Real second processes: compiles `child.ts` once, starts it, and reads what it says. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export interface Child {
  readonly lines: readonly string[];
  /** Resolves once `wanted` lines have been said; rejects if the child ends before. */
  said(wanted: number): Promise<void>;
  /** SIGKILL; resolves once it is dead. */
  kill(): Promise<void>;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
}

export interface Program {
  start(mode: "hold" | "work" | "plan" | "read", path: string): Child;
  dispose(): void;
}

/** Compiles for a Node that runs no TypeScript. */
export function compileChild(): Program {
  const folder = mkdtempSync(join(tmpdir(), "handover-child-"));
  const compilerOptions = {
    noEmit: false,
    allowImportingTsExtensions: false,
    isolatedDeclarations: false,
    declaration: false,
    rootDir: root,
    outDir: folder,
    typeRoots: [join(root, "node_modules/@types")],
  };
  const files = [join(root, "test/journal/child.ts")];
  const config = { extends: join(root, "tsconfig.json"), compilerOptions, files, include: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const compiled = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  if (compiled.status !== 0) throw new Error(`the child does not compile: ${compiled.stdout}`);
  const script = join(folder, "test/journal/child.js");
  const children: ChildProcess[] = [];
  return {
    start: (mode, path) => {
      const child = spawn(process.execPath, [script, mode, path], { stdio: ["ignore", "pipe", "inherit"] });
      children.push(child);
      return follow(child);
    },
    dispose: () => {
      for (const child of children) child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    },
  };
}

function follow(child: ChildProcess): Child {
  const lines: string[] = [];
  const waiting: { readonly wanted: number; readonly resolve: () => void; readonly reject: (e: Error) => void }[] = [];
  if (child.stdout === null) throw new Error("the child has no output");
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const one of waiting) if (lines.length >= one.wanted) one.resolve();
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on("close", (code) => {
      for (const one of waiting) one.reject(new Error(`the child ended with ${code} after: ${lines.join(" | ")}`));
      resolve(code);
    });
  });
  return {
    lines,
    said: (wanted) =>
      new Promise((resolve, reject) => {
        if (lines.length >= wanted) resolve();
        else waiting.push({ wanted, resolve, reject });
      }),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
    ended,
  };
}

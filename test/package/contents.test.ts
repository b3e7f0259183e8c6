/** What the tarball may hold: each rule, shown to find what is planted. */
import { describe, expect, it } from "vitest";
import { bounds, contentProblems, textProblems } from "./contents.ts";
import type { Packed, PackedFile } from "./contents.ts";

const paths = [
  "package.json",
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "dist/cli/main.js",
  "dist/index.d.ts",
  "dist/index.js",
  "dist/journal/sqlite/open.js",
  "dist/report/page/client/live.css",
  "dist/report/page/client/live.js",
  "dist/report/page/client/main.js",
  "dist/report/page/client/page.css",
  "migrations-plans/README.md",
  "migrations-plans/minimal.csv",
];

function packed(names: readonly string[], change: Partial<Packed> = {}): Packed {
  const files = names.map((path): PackedFile => ({
    path,
    size: 10,
    mode: path === "dist/cli/main.js" ? 0o755 : 0o644,
  }));
  return { files, size: 1000, unpackedSize: 4000, ...change };
}

describe("the contents of the tarball", () => {
  it("are as they should be", () => {
    expect(contentProblems(packed(paths))).toEqual([]);
  });

  it.each([
    "src/index.ts",
    "dist/index.ts",
    "dist/index.js.map",
    "dist/tsconfig.tsbuildinfo",
    "dist/cli/plan.test.js",
    "dist/test/cli/world.js",
    "dist/report/page/style.css",
    "node_modules/zod/index.js",
    "test/README.md",
    ".ci/run",
    "handover.yaml",
    "migrations-plans/key.json",
    "migrations-plans/friday.handover",
  ])("may not hold %s", (path) => {
    expect(contentProblems(packed([...paths, path]))).toEqual([`${path} has no place in the tarball`]);
  });

  it.each(["LICENSE", "dist/index.d.ts", "dist/report/page/client/page.css"])("must hold %s", (path) => {
    expect(contentProblems(packed(paths.filter((each) => each !== path)))).toEqual([
      `${path} is missing from the tarball`,
    ]);
  });

  it("let the command be started", () => {
    const { files } = packed(paths);
    expect(contentProblems(packed([], { files: files.map((file) => ({ ...file, mode: 0o644 })) }))).toEqual([
      "dist/cli/main.js cannot be started",
    ]);
  });

  it.each([
    ["bytes", { size: bounds.packedBytesMax + 1 }],
    ["bytes unpacked", { unpackedSize: bounds.unpackedBytesMax + 1 }],
  ] as const)("stay below their limit of %s", (what, change) => {
    expect(contentProblems(packed(paths, change))).toEqual([
      expect.stringMatching(new RegExp(`^the tarball has \\d+ ${what}, more than \\d+ `)),
    ]);
  });

  it("stay below their limit of files", () => {
    const many = Array.from({ length: bounds.filesMax }, (_, index) => `dist/plan/rule${index}.js`);
    expect(contentProblems(packed([...paths, ...many]))).toEqual([expect.stringContaining(" files, more than ")]);
  });
});

describe("the text of the tarball", () => {
  const client = "dist/report/page/client/main.js";
  it.each([
    ["the place it was made in", "dist/a.js", 'const at = "/builds/handover/src";', "names /builds/handover"],
    ["a source map", "dist/a.js", "//# sourceMappingURL=a.js.map", "points at a source map"],
    ["a key", "migrations-plans/a.yaml", `-----BEGIN PRIVATE KEY-----\n${"MIIEvQIB".repeat(6)}`, "holds a private key"],
    ["uPlot without its licence", client, 'class="u-legend"', "holds uPlot without its licence"],
  ])("does not hold %s", (_, path, text, problem) => {
    expect(textProblems([{ path, text }], ["/builds/handover"])).toEqual([`${path} ${problem}`]);
  });

  it("may speak of keys, and hold uPlot with its licence", () => {
    const files = [
      { path: "dist/google/key.js", text: 'if (!text.startsWith("-----BEGIN PRIVATE KEY-----")) refuse();' },
      { path: client, text: "u-legend /*! Copyright (c) 2022 Leon Sorokin Permission is hereby granted */" },
    ];
    expect(textProblems(files, ["/builds/handover"])).toEqual([]);
  });
});

/** The house rules hold over the whole tree, and each of them is seen to fail on a planted violation. */
import { describe, expect, it } from "vitest";
import { linesMax } from "./tidy/house.ts";
import { check, checkTop, problemText, rules } from "./tidy/rules.ts";
import { readTree, top, topLevel } from "./tidy/tree.ts";
import { cleanTree, plants } from "./tidy/plants.ts";

describe("the house", () => {
  it("keeps its rules in every file", () => {
    const tree = readTree();
    expect(tree.filter((file) => file.path.startsWith("src/")).length, `files under ${top}src`).toBeGreaterThan(15);
    expect(check(tree).map(problemText)).toEqual([]);
  });

  it("holds only the permitted names at its top", () => {
    expect(checkTop(topLevel()).map(problemText)).toEqual([]);
  });
});

describe("the tidy rules", () => {
  it("find nothing in a clean tree", () => {
    expect(check(cleanTree).map(problemText)).toEqual([]);
  });

  it.each(plants.map(({ rule, title, files }) => [rule, title, files] as const))("%s: refuse %s", (rule, _, files) => {
    const replaced = new Set(files.map((file) => file.path));
    const tree = [...cleanTree.filter((file) => !replaced.has(file.path)), ...files];
    expect(check(tree).map((problem) => problem.rule)).toEqual([rule]);
  });

  it.each(["notes.md", "lib", "helpers.ts", "src2"])("refuse %s at the top", (name) => {
    expect(checkTop([name]).map((problem) => problem.rule)).toEqual(["top-level"]);
  });

  it.each([".gitignore", "node_modules", "dist", "friday.handover", "friday.handover-wal", "README.md"])(
    "permit %s at the top",
    (name) => {
      expect(checkTop([name])).toEqual([]);
    },
  );

  it("have each been seen to fail", () => {
    expect([...new Set([...plants.map((plant) => plant.rule), "top-level"])].toSorted()).toEqual([...rules]);
  });

  it(`permit a file of exactly ${linesMax} lines`, () => {
    const text = `/** Long. */\n${"\n".repeat(linesMax - 1)}`;
    expect(check([{ path: "src/model/long.ts", text }])).toEqual([]);
  });
});

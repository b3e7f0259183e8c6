/** How a guide is read: which blocks are typed, what of them, and what each must print. */
import { describe, expect, it } from "vitest";
import { entriesOf } from "./guide.ts";
import type { Entry } from "./guide.ts";

function block(info: string, ...lines: readonly string[]): string {
  return ["Before.", "", `\`\`\`${info}`, ...lines, "```", "", "After."].join("\n");
}

function typed(entries: readonly Entry[]): readonly unknown[] {
  return entries.map((entry) => (entry.kind === "file" ? entry.name : [entry.line, entry.text]));
}

describe("a guide", () => {
  it.each(["sh", "console", "yaml", "", "sh slow"])("leaves a block of %j alone", (info) => {
    expect(entriesOf(block(info, "$ handover --version"))).toEqual([]);
  });

  it("has every line of a shell block typed, those that go on together", () => {
    const text = block("sh run", "# first", "npm ci", "", "handover plan moves.csv \\", "  -o friday");
    expect(typed(entriesOf(text))).toEqual([
      [5, "npm ci"],
      [7, "handover plan moves.csv \\\n  -o friday"],
    ]);
  });

  it("has what stands after a prompt typed, and compares what stands below", () => {
    const text = block("console run", "$ one \\", ">   more", "out", "", "out", "", "$ two", "$ three", "out");
    expect(entriesOf(text)).toMatchObject([
      { line: 4, text: "one \\\n  more", shown: { line: 6, lines: ["out", "", "out"] } },
      { line: 10, text: "two", shown: undefined },
      { line: 11, text: "three", shown: { line: 12, lines: ["out"] } },
    ]);
  });

  it("expects the exit code of a block from its last command alone", () => {
    expect(entriesOf(block("console run exit=6", "$ one", "$ two"))).toMatchObject([{ exit: 0 }, { exit: 6 }]);
  });

  it.each([
    ["sh run slow", { isSlow: true, isBackground: false, ground: undefined }],
    ["sh run background", { isSlow: false, isBackground: true, ground: undefined }],
    ["sh run clone", { ground: "clone" }],
    ["sh run tarball", { ground: "tarball" }],
  ])("says by %s how it is typed", (info, traits) => {
    expect(entriesOf(block(info, "npm ci"))).toMatchObject([traits]);
  });

  it("has a file written as it is shown", () => {
    expect(entriesOf(block("csv file=people/moves.csv", "from,to", "", "a,b"))).toMatchObject([
      { kind: "file", name: "people/moves.csv", text: "from,to\n\na,b\n" },
    ]);
  });

  it("reads a block inside a list as far in as its fence, and a longer fence to its own end", () => {
    const list = ["1. Do:", "", "   ```sh run", "   npm ci", "     --quiet", "   ```"].join("\n");
    expect(typed(entriesOf(list))).toEqual([
      [4, "npm ci"],
      [5, "  --quiet"],
    ]);
    expect(typed(entriesOf(block("`sh run", "echo", "```", "````")))).toEqual([
      [4, "echo"],
      [5, "```"],
    ]);
  });

  it.each([
    ["an unknown word", block("sh run quickly", "npm ci"), 'line 3: "quickly" says nothing about a block'],
    [
      "a language that is not typed",
      block("yaml run", "a: b"),
      "line 3: a block that is run begins with sh or console",
    ],
    ["no command", block("console run"), "line 3: the block holds no command"],
    ["output before a prompt", block("console run", "out", "$ one"), 'line 4: text before the first "$ "'],
    ["a file outside", block("csv file=../moves.csv", "a"), "says nothing about a block"],
  ])("is refused for %s", (_, text, problem) => {
    expect(() => entriesOf(text)).toThrow(problem);
  });
});

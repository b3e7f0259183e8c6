/** YAML into nodes with places: what each fault of a text is told with, and which shapes a value may have. */
import { describe, expect, it } from "vitest";
import { Problems } from "../../src/plan/problems.ts";
import { YamlText } from "../../src/plan/yaml-text.ts";
import type { Anchors } from "../../src/plan/yaml-text.ts";
import { told } from "./reading.ts";

interface Opened {
  readonly yaml: YamlText;
  readonly said: () => readonly string[];
}

function opened(text: string, anchors: Anchors = new Map()): Opened {
  const problems = new Problems();
  return {
    yaml: new YamlText("f", text, 5, problems, anchors),
    said: () => told({ diagnostics: problems.kept }),
  };
}

const keys = ["a", "b", "c"];

function entryOf({ yaml }: Opened, key: string): ReturnType<typeof valuesOf>[string] {
  return valuesOf(yaml)[key];
}

function valuesOf(yaml: YamlText): Record<string, Parameters<YamlText["value"]>[0]> {
  expect(yaml.begin()).toBe(true);
  return Object.fromEntries(yaml.entries(yaml.root, "the plan", keys) ?? []);
}

const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
const lineUp = "line the keys of one mapping up under each other, and indent what belongs to a key";
const bracket = "close the bracket, and indent what stands in it further than the key it belongs to";
const quote = "put the value in quotes";
const close = "close the quote or bracket, and put a colon and a blank after each key";
const correct = 'correct the line; text with : # * & or quotes in it belongs in "double quotes"';
const shallower = "a plan needs three or four levels; perhaps a bracket is not closed";

describe("a text that is no YAML of a plan", () => {
  it.each<[string, string, string]>([
    ["a:\n  b: 1\n c: 2", "7:1", lineUp],
    ["a: [1", "5:6", bracket],
    ["a: { b: 1", "5:10", bracket],
    ["\ta: 1", "5:1", "indent with spaces, not tabs"],
    ["a: @x", "5:4", quote],
    ["a: *", "5:4", quote],
    ["a: %x", "5:4", quote],
    ["a: !foo x", "5:4", "leave the tag out: a plan needs none"],
    ["a: 'x   \n\n", "5:6", close],
    ["a: b: c", "5:4", correct],
    ["%YAML 1.2\n---\na: 1", "5:1", "remove it: plans are YAML 1.2"],
    ["a: 1\n---\nb: 2", "6:1", "keep one document a file: remove the --- line, or split the file"],
    [deep(34), "5:34", shallower],
    [`? ${deep(34)}\n: 1`, "5:35", shallower],
    [`a: ${deep(34)}`, "5:36", shallower],
    ["[".repeat(8000), "5:34", shallower],
  ])("is told where, and how to mend it: %#", (text, place, remedy) => {
    const { yaml, said } = opened(text);
    expect(yaml.sound).toBe(false);
    expect(said()).toEqual([]);
    expect(yaml.begin()).toBe(false);
    expect(said()).toEqual([expect.stringContaining(`f:${place} `)]);
    expect(said()[0]).toMatch(new RegExp(` -> ${remedy.replaceAll(/[*]/g, String.raw`\*`)}$`));
  });

  it.each([deep(33), "? a\nb: 1", "? a\n: 1", "a:", "", "# nothing\n", "--- a"])("is not %j", (text) => {
    const { yaml, said } = opened(text);
    expect([yaml.sound, yaml.begin(), said()]).toEqual([true, true, []]);
  });

  it("brings no anchors", () => {
    const anchors: Anchors = new Map();
    expect(opened("a: &x 1\nb: [", anchors).yaml.begin()).toBe(false);
    expect(anchors.size).toBe(0);
  });
});

describe("the keys of a mapping", () => {
  it("are known, once each, or begin with x_", () => {
    const read = opened("a: 1\nx_own: 2\nb: 3\na: 4\nd: 5\n<<: 6\n");
    expect(read.yaml.begin()).toBe(true);
    const entries = read.yaml.entries(read.yaml.root, "the plan", keys);
    expect([...(entries ?? [])].map(([key, entry]) => [key, entry.key.line])).toEqual([
      ["a", 5],
      ["x_own", 6],
      ["b", 7],
    ]);
    expect(read.said()).toEqual([
      'f:8:1 "a" is written twice in the plan; first on line 5 -> keep one of the two',
      expect.stringContaining('f:9:1 the plan has no key "d"'),
      'f:10:1 the plan has no key "<<" -> merge keys are not read: write the keys out',
    ]);
  });

  it.each(["- a", "a", "", "[a]"])("are not to be had of %j", (text) => {
    const { yaml, said } = opened(text);
    yaml.begin();
    expect(yaml.entries(yaml.root, "the plan", keys)).toBeUndefined();
    expect(said()).toEqual(["f:5:1 the plan must be a mapping -> write keys with values, of: a, b, c"]);
  });
});

describe("one value", () => {
  it.each<[string, string]>([
    ["a: x", "x"],
    ["a: '  x  '", "x"],
    ["a: 2024", "2024"],
    ["a: null", ""],
    ["a: ~", ""],
    ["a:", ""],
    ["a: 'null'", "null"],
    ["a: nullable", "nullable"],
    ["a: [1]", "undefined"],
    ["a: { b: 1 }", "undefined"],
    ["a: *x", "undefined"],
    ["b: &x  y\na: *x", "y"],
    ["b: &x\na: *x", ""],
    ["b: &x [y]\na: *x", "undefined"],
    [`a: ${"y".repeat(65_536)}`, "y".repeat(65_536)],
    [`a: ${"y".repeat(65_537)}`, "undefined"],
  ])("is what is written, case %#", (text, expected) => {
    const read = opened(text);
    const written = read.yaml.text(entryOf(read, "a")?.node ?? null, "a");
    expect(String(written?.text)).toBe(expected);
    expect(read.said()).toHaveLength(expected === "undefined" ? 1 : 0);
  });

  it("that no anchor stands for says what to write", () => {
    const read = opened("a: *x\nb: &y { c: 1 }\nc: *y");
    const values = valuesOf(read.yaml);
    for (const key of keys) read.yaml.text(values[key]?.node ?? null, key);
    expect(read.said()).toEqual([
      "f:5:4 a refers to *x, which stands nowhere above -> write the value, or put &x before it where it first stands",
      "f:6:7 b must be a single value, not a mapping or a list -> write one value",
      "f:7:4 *y stands for more than a single value -> write the mapping or list out; only single values can be referred to",
    ]);
  });

  it("has an anchor of its own, through all the texts of a file", () => {
    const anchors: Anchors = new Map();
    const first = opened("a: &x 1\nb: &x 2", anchors);
    first.yaml.begin();
    expect(first.said()).toEqual(["f:6:7 the anchor &x is set twice -> give one of the two another name"]);
    const second = opened("a: *x", anchors);
    expect(second.yaml.text(entryOf(second, "a")?.node ?? null, "a")?.text).toBe("1");
  });
});

describe("a list of values", () => {
  const parse = (text: string): { ok: true; value: string } | { ok: false; problem: string; remedy: string } =>
    text === "bad" ? { ok: false, problem: "no good", remedy: "write another" } : { ok: true, value: text };

  it.each<[string, readonly string[] | undefined, readonly string[]]>([
    ["a: x", ["x"], []],
    ["a: [x, y]", ["x", "y"], []],
    ["a: [x, bad, y]", undefined, ["f:5:8 a: no good -> write another"]],
    ["a: [bad, bad]", undefined, ["f:5:5 a: no good -> write another", "f:5:10 a: no good -> write another"]],
    ["a: [x, [y]]", undefined, ["f:5:8 a must be a single value, not a mapping or a list -> write one value"]],
    ["a: []", undefined, ["f:5:4 a is an empty list -> write at least one value, or leave it out"]],
    ["b: 1", undefined, []],
  ])("of %j", (text, expected, problems) => {
    const read = opened(text);
    expect(read.yaml.list(entryOf(read, "a"), "a", parse)).toEqual(expected);
    expect(read.said()).toEqual(problems);
  });

  it("is items, and nothing else is", () => {
    const list = opened("- a\n-\n- [b]\n");
    expect(list.yaml.items(list.yaml.root, "moves", "use dashes")).toHaveLength(3);
    const none = opened("a: 1");
    expect(none.yaml.items(none.yaml.root, "moves", "use dashes")).toBeUndefined();
    expect(none.said()).toEqual(["f:5:1 moves must be a list -> use dashes"]);
  });
});

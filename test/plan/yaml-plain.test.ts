/** What is read line by line is what the library reads, to the letter and to the place; all else is left to it. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Node } from "yaml";
import { plainItems } from "../../src/plan/yaml-plain.ts";

const options = { schema: "failsafe", uniqueKeys: false, stringKeys: true, prettyErrors: false, merge: false } as const;

interface Said {
  readonly text: unknown;
  readonly type: unknown;
  readonly at: number | undefined;
}

/** Every item with where it begins, and its keys and values with how they are written and where. */
function shape(root: Node | null | undefined): unknown {
  if (!isSeq<Node>(root)) return undefined;
  return root.items.map((item) =>
    isMap<Node, Node>(item)
      ? [item.range?.[0], item.items.map(({ key, value }) => [said(key), said(value)])]
      : "no mapping",
  );
}

function said(node: Node | null): Said | string {
  return isScalar(node) ? { text: node.value, type: node.type, at: node.range?.[0] } : "no scalar";
}

function byLibrary(text: string): { readonly sound: boolean; readonly root: unknown; readonly lines: LineCounter } {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...options, lineCounter: lines });
  const sound = document.errors.length + document.warnings.length === 0;
  return { sound, root: shape(document.contents), lines };
}

function readPlainly(text: string): { readonly root: Node | undefined; readonly lines: LineCounter } {
  const lines = new LineCounter();
  return { root: plainItems(text, lines.addNewLine), lines };
}

/** Whether the lines were enough; where they were, the library has to say the same. */
function agreed(text: string): boolean {
  const { root, lines } = readPlainly(text);
  if (root === undefined) {
    expect(lines.lineStarts).toEqual([]);
    return false;
  }
  const library = byLibrary(text);
  expect(library.sound, text).toBe(true);
  expect(shape(root), text).toEqual(library.root);
  for (let at = 0; at < text.length; at += 1) expect(lines.linePos(at)).toEqual(library.lines.linePos(at));
  return true;
}

describe("a list of moves of one line to a key", () => {
  it.each([
    "- a: b",
    "  - from: a@b.example\n    to: c@d.example\n",
    "- a: b\n  c: d\n\n# said in between\n- e: f\n   # and here\n  g: h  \n",
    "-   a: b\n    c: d\n- e: f\n",
    "# first\n - type: report\n   title: Umsätze 2024 – Übersicht\n",
    "- title: \"a: b # c, 'd'\"\n  note: 'x \"y\" {z'\n  note: ''\n",
    "- a: user:x@y.example\n  b: https://h.example/u/0/reporting/1?x=1#y\n",
    "- a: null\n- a: b - c\n- a: b, [c] {d} & *e !f | g > h % @ `\n",
    "- note: (x) =1+1\n",
    "- a: b\n# to the left\n  c: d\n",
  ])("is read without the library: %j", (text) => {
    expect(agreed(text)).toBe(true);
  });

  it.each([
    "",
    "\n# nothing\n",
    "a: b\n",
    "- a\n",
    "- a:\n",
    "- a: b: c\n",
    "- a: b:\n",
    "- a: b # c\n",
    "- a: b\n   more\n",
    "- a: b\n   c: d\n",
    "- a: b\n c: d\n",
    "- a: b\n - c: d\n",
    " - a: b\n- c: d\n",
    "  c: d\n- a: b\n",
    "- - a: b\n",
    "- a: &x b\n",
    "- a: *x\n",
    "- a: !!str b\n",
    "- a: [b]\n",
    "- a: { b: c }\n",
    "- a: |\n  b\n",
    "- a: >-\n",
    "- a: - b\n",
    "- a: ? b\n",
    "- a: @b\n",
    "- a: `b\n",
    "- a: %b\n",
    "- a: #b\n",
    '- a: "b\\n"\n',
    '- a: "b\n',
    '- a: "b" c\n',
    "- a: 'b''c'\n",
    "- a:\tb\n",
    "- a: b\tc\n",
    "\t- a: b\n",
    '- "a": b\n',
    "- ? a\n  : b\n",
    "- <<: a\n",
    "---\n- a: b\n",
    "- a: b\n---\n",
    "- a: b\n...\n",
    "%YAML 1.2\n---\n- a: b\n",
    "\ufeff- a: b\n",
    "- a: b\r\n- c: d\r\n",
    "# x\ry\n- a: b\n",
    '- a: "b\r"\n',
    `- ${"a".repeat(1100)}: b\n`,
  ])("is left to the library: %j", (text) => {
    expect(agreed(text)).toBe(false);
  });

  it("is what the library reads, whatever its lines are put together from", () => {
    const sign = fc.constantFrom(
      ..."ab0 :#-\"'&*!|>%@`[]{},?~=.\\_/(\t\u00a0\u2028\u0085\r\u0000ä".split(""),
      ": ",
      " #",
      "- ",
      "null",
      "...",
      "---",
    );
    const value = fc.array(sign, { maxLength: 5 }).map((signs) => signs.join(""));
    const quoted = fc.tuple(fc.constantFrom('"', "'"), value).map(([quote, text]) => `${quote}${text}${quote}`);
    const blanks = fc.constantFrom("", " ", "  ", "   ", "    ");
    const key = fc.constantFrom("a", "b", "from", "x_1", "null", "-", "<<", '"a"');
    const line = fc
      .tuple(
        blanks,
        fc.constantFrom("- ", "", "-  ", "-", "# "),
        key,
        fc.constantFrom(": ", ":", ":  ", " : "),
        fc.oneof(value, quoted),
        blanks,
      )
      .map((parts) => parts.join(""));
    const neat = fc
      .tuple(fc.constantFrom("- ", "  "), key, fc.oneof(value, quoted))
      .map(([lead, name, text]) => `${lead}${name}: ${text}`);
    const filling = fc.constantFrom("", "  ", "# x", "    # x: y", "#");
    const lines = fc.array(
      fc.oneof({ weight: 6, arbitrary: neat }, { weight: 1, arbitrary: line }, { weight: 1, arbitrary: filling }),
      { maxLength: 5 },
    );
    let plain = 0;
    fc.assert(
      fc.property(lines, fc.boolean(), (list, ended) => {
        if (agreed(`- a: b\n${list.join("\n")}${ended ? "\n" : ""}`)) plain += 1;
      }),
      { numRuns: 1500 },
    );
    expect(plain).toBeGreaterThan(100);
  });
});

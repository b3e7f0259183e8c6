import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printable } from "../../src/model/text.ts";
import { blockMarkdown, escaped } from "../../src/report/document-markdown.ts";
import { blockText } from "../../src/report/document-text.ts";
import { cells, inked, plainStyle } from "../../src/report/style.ts";

const entities = new Map([
  ["&lt;", "<"],
  ["&gt;", ">"],
  ["&amp;", "&"],
]);

/** What a Markdown renderer shows of `markdown` that holds nothing but text. */
function rendered(markdown: string): string {
  return markdown.replace(
    /\\([!-/:-@[-`{-~])|&(?:lt|gt|amp);/g,
    (all, mark: string) => mark ?? entities.get(all) ?? all,
  );
}

const markup = fc
  .array(fc.constantFrom("\\", "`", "*", "_", "[", "](x)", "<b>", "&lt;", "|", "#", "1.", "- ", "{{", "www.", "a"))
  .map((parts) => parts.join(""));

describe("text in Markdown", () => {
  test("is shown exactly as it is", () => {
    fc.assert(
      fc.property(fc.oneof(markup, fc.string({ unit: "binary" })), (text) => {
        expect(rendered(escaped(text))).toBe(inked(printable(text, 2000)));
      }),
      { numRuns: 300 },
    );
  });

  test("leaves no mark of Markdown or HTML standing", () => {
    fc.assert(
      fc.property(markup, (text) => {
        const bare = escaped(text)
          .replace(/\\[!-/:-@[-`{-~]/g, "x")
          .replace(/&(?:lt|gt|amp);/g, "");
        expect(bare).not.toMatch(/[`*_[\]{}|<>&$]|^\s*(?:[#+=-]|\d+[.)])|www\./);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ["EMEA (final) - Q3, v1.2", "EMEA (final) - Q3, v1.2"],
    ["# not a heading", "\\# not a heading"],
    ["1. not a list", "1\\. not a list"],
    ["a|b", "a\\|b"],
    ["<b>&amp;", "&lt;b&gt;&amp;amp;"],
    ["https://evil.example", "https\\://evil.example"],
  ])("%j is written %j", (text, expected) => {
    expect(escaped(text)).toBe(expected);
  });

  test("a command with a | is set as it is typed, but in a table", () => {
    expect(blockMarkdown({ kind: "next", command: "handover help | less" })).toEqual([
      "",
      "**Next:** `handover help | less`",
    ]);
    const cell = [{ code: "handover help | less" }];
    const lines = blockMarkdown({ kind: "table", columns: [{ name: "a" }], rows: [[cell]] });
    expect(lines.at(-1)).toBe("| `handover help \\| less` |");
  });

  test("a link cannot be ended from within, nor a code span", () => {
    const [, line] = blockMarkdown({
      kind: "tasks",
      tasks: [{ what: "Report", title: "a](x)", url: "https://x.example/>)<", details: [[{ code: "`a` | ``b``" }]] }],
    });
    expect(line).toBe("- [ ] Report [a\\](x)](<https://x.example/%3E)%3C>)");
    expect(blockMarkdown({ kind: "paragraph", text: [{ code: "`a` | ``b``" }] })[1]).toBe("``` `a` | ``b`` ```");
  });
});

describe("a table on a terminal", () => {
  const table = {
    kind: "table",
    columns: [{ name: "Steps", right: true }, { name: "Class" }, { name: "Reason" }],
    rows: [
      [["12"], ["permission-denied"], ["The caller does not have permission"]],
      [["1,204"], ["not-found"], ["Requested entity was not found, or it cannot be seen by anybody who was asked"]],
    ],
  } as const;

  test("is as wide as it needs to be, and goes on below where that is too wide", () => {
    expect(`\n${blockText(table, plainStyle).join("\n")}\n`).toMatchInlineSnapshot(`
      "

        Steps  Class              Reason
           12  permission-denied  The caller does not have permission
        1,204  not-found          Requested entity was not found, or it cannot be seen
                                  by anybody who was asked
      "
    `);
  });

  test("may have any number of rows", () => {
    const rows = Array.from({ length: 200_000 }, (_, row) => [[`${row}`]]);
    expect(blockText({ kind: "table", columns: [{ name: "Step" }], rows }, plainStyle)).toHaveLength(200_002);
  });

  test.each([40, 60, 80, 120])("fits %i cells", (width) => {
    for (const line of blockText(table, { ...plainStyle, width })) expect(cells(line)).toBeLessThanOrEqual(width);
  });
});

/** A YAML plan reads the same whether its moves are cut apart or parsed as one tree. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { singly, splitMoves } from "../../src/plan/yaml-split.ts";
import { readYaml, told, wishes } from "./reading.ts";

const item = "{ from: a@b.example, to: c@d.example }";

describe("the list of moves is cut", () => {
  it.each<[string, string, number]>([
    ["at two blanks", `version: 1\nmoves:\n  - ${item}\n  - ${item}\n`, 2],
    ["at no blank", `moves:\n- ${item}\n- ${item}\nversion: 1\n`, 2],
    [
      "with comments and empty lines between",
      `moves: # all\n\n# one\n  - ${item}\n\n# two\n  - ${item}\nversion: 1`,
      2,
    ],
    [
      "with mappings over several lines",
      "moves:\n  - from: a\n    to: b\n    select:\n      - x\n  -\n    from: c\n",
      2,
    ],
    [
      "with a block of text that looks like items",
      "moves:\n  - note: |\n      - one\n      - two\n    from: a\n  - from: b\n",
      2,
    ],
  ])("%s", (_, text, count) => {
    const split = splitMoves(text);
    const batches = [...(split?.batches ?? [])];
    expect(batches.flatMap((batch) => batch.items)).toHaveLength(count);
    const lines = text.split("\n");
    for (const one of batches.flatMap((batch) => singly(batch))) {
      expect(one.text.split("\n")[0]).toBe(lines[one.firstLine - 1]);
    }
    expect(split?.rest.split("\n").length).toBe(lines.length);
  });

  it.each<[string, string]>([
    ["in flow form", `moves: [ ${item} ]\n`],
    ["empty", "moves:\nversion: 1\n"],
    ["twice", `moves:\n  - ${item}\nmoves:\n  - ${item}\n`],
    ["indented with tabs", `moves:\n\t- ${item}\n`],
    ["with an item at another indentation", `moves:\n    - ${item}\n  - ${item}\n`],
    ["with a key among the items", `moves:\n  - ${item}\n  to: b\n`],
    ["under an anchor", `moves: &m\n  - ${item}\n`],
    ["not at the top", `x_y:\n  moves:\n    - ${item}\n`],
    ["not there", "version: 1\n"],
  ])("not when it stands %s", (_, text) => {
    expect(splitMoves(text)).toBeUndefined();
  });

  it("not when what surrounds it gives the lines another meaning", async () => {
    const flow = `{ version: 1,\nmoves:\n  - ${item}\n}`;
    expect((await readYaml(flow)).diagnostics.length).toBeGreaterThan(0);
    const text = `version: 1\nx_note: "\n  text\n\nmoves:\n  - ${item}\n"\n`;
    expect((await readYaml(text)).requests).toEqual([]);
  });
});

describe("cut or whole, the meaning is the same", () => {
  const address = fc.constantFrom("a@b.example", "c@d.example", "x", "group:g@b.example", "", "*t");
  const pairs = fc.tuple(
    fc.constantFrom("from", "to", "keep", "title", "grant", "role", "note", "asset", "foo", "select"),
    fc.oneof(
      address,
      fc.constantFrom("none", "EDITOR", '"A *"', "{ owner: o@b.example }", "abc", "[a]", "'it''s'", "&t t@b.example"),
    ),
  );
  const flow = fc
    .array(pairs, { minLength: 1, maxLength: 5 })
    .map((list) => [`{ ${list.map(([key, value]) => `${key}: ${value}`).join(", ")} }`]);
  const block = fc
    .array(pairs, { minLength: 1, maxLength: 5 })
    .map((list) => list.map(([key, value]) => `${key}: ${value}`));
  const text = fc.constantFrom(
    ["note: |", "  - not an item", "  # nor a comment", "from: a@b.example", "to: c@d.example"],
    ["note: >-", "", "  folded", "  text", "to: a@b.example"],
  );
  const document = fc.record({
    indent: fc.constantFrom("", "  ", "    "),
    items: fc.array(fc.oneof(flow, block, text), { minLength: 1, maxLength: 6 }),
    between: fc.constantFrom("", "\n", "# remark\n", "   # deep remark\n"),
    before: fc.constantFrom("version: 1\n", "---\nversion: 1\n", "version: 1\ndefaults: { keep: none }\n"),
    after: fc.constantFrom("", "tenant: acme.example\n", "# end\n", "limits:\n  changes: 5\n"),
  });

  it("for any mixture of items", async () => {
    await fc.assert(
      fc.asyncProperty(document, async ({ indent, items, between, before, after }) => {
        const list = items
          .map((lines) => lines.map((line, index) => `${indent}${index === 0 ? "- " : "  "}${line}\n`).join(""))
          .join(between);
        const cut = await readYaml(`${before}moves:\n${list}${after}`);
        // A blank before the colon gives the list a shape that is not cut.
        const whole = await readYaml(`${before}moves :\n${list}${after}`);
        fc.pre(whole.rows > 0);
        expect(wishes(cut)).toEqual(wishes(whole));
        expect(cut.settings).toEqual(whole.settings);
        expect([cut.rows, cut.duplicates]).toEqual([whole.rows, whole.duplicates]);
        expect(new Set(told(cut))).toEqual(new Set(told(whole)));
      }),
      { numRuns: 200 },
    );
  });

  it("over many batches, with the right places", async () => {
    const list = Array.from(
      { length: 3000 },
      (_, index) => `  - { from: p${index}@b.example, to: c@d.example, note: "line ${index + 3}" }\n`,
    ).join("");
    const cut = await readYaml(`version: 1\nmoves:\n${list}tenant: acme.example\n`);
    expect([told(cut), cut.requests.length, cut.settings.tenant]).toEqual([[], 3000, "acme.example"]);
    expect(
      cut.requests.every((request) => request.note === `line ${request.place.line}` && request.place.column === 5),
    ).toBe(true);
  });
});

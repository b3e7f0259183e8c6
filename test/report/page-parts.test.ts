import { describe, expect, it } from "vitest";
import { escaped, html, joined } from "../../src/report/page/markup.ts";
import { bars, facts, matrix, plainTable, sections, strip, tablePlace } from "../../src/report/page/parts.ts";
import { slopes } from "../../src/report/page/slopes.ts";
import { hostile, isActing } from "./hostile.ts";

/** Markup without the blanks between its tags. */
function tight({ text }: { readonly text: string }): string {
  return text.replace(/\s+/g, " ").replace(/ ?(<|>) ?/g, "$1");
}

describe("markup", () => {
  it.each([
    ["a tag", "<b>", "&lt;b&gt;"],
    ["the end of a script", "</script>", "&lt;/script&gt;"],
    ["an entity", "&lt;", "&amp;lt;"],
    ["quotation marks, which end an attribute", `"a" 'b'`, "&quot;a&quot; &#39;b&#39;"],
    ["a control character", "a\u001bb", "a\\u{1b}b"],
    ["a change of direction", "a\u202eb", "a\\u{202e}b"],
    ["marks piled on a letter", `a${"\u0301".repeat(40)}`, `a${"\u0301".repeat(4)}`],
    ["a plain word", "EMEA", "EMEA"],
  ])("writes %s as text", (_, text, expected) => {
    expect(html`<i title="${text}">${text}</i>`.text).toBe(`<i title="${expected}">${expected}</i>`);
  });

  it.each(hostile)("makes inert what %s", (_, text) => {
    const made = escaped(text);
    expect(made).not.toMatch(/[<>"']/);
    expect(isActing(made)).toBe(false);
    expect(Array.from(made.replaceAll(/&[a-z#0-9]+;|\\u\{[0-9a-f]+\}/g, "x")).length).toBeLessThanOrEqual(2001);
  });

  it("keeps what it has made itself, in lists too, and leaves out what is undefined", () => {
    const bold = html`<b>${"<"}</b>`;
    expect(html`<p>${[bold, "&", 7]}${undefined}</p>`.text).toBe("<p><b>&lt;</b>&amp;7</p>");
    expect(joined([bold, undefined, [1, [" ", "a"]]]).text).toBe("<b>&lt;</b>1 a");
  });

  it("escapes what only looks like markup of its own", () => {
    const forged = { text: "<script>" } as unknown as string;
    expect(() => html`${forged}`.text).toThrow(TypeError);
  });
});

describe("a strip of figures", () => {
  const figure = { value: "69", label: "critical", tone: "critical" } as const;

  it("has a button for each figure that filters a table, and none for the others", () => {
    const made = tight(
      strip([
        { ...figure, note: "34 new", filter: { table: "findings", where: "severity=critical&q=<" } },
        { ...figure, tone: undefined },
      ]),
    );
    expect(made.match(/<button/g)).toHaveLength(1);
    expect(made).toContain('data-filter="findings" data-where="severity=critical&amp;q=&lt;"');
    expect(made).toContain('<span class="note">34 new</span>');
    expect(made).toContain('<li class="tone-critical">');
    expect(made).toContain('<li class="">');
  });
});

describe("plain tables and facts", () => {
  it("set columns of figures apart, in the head as below it", () => {
    const made = tight(plainTable(["Who", "Assets"], [["<anna>", "12"]], [1]));
    expect(made).toContain('<th scope="col" class="">Who</th><th scope="col" class="number">Assets</th>');
    expect(made).toContain('<td class="">&lt;anna&gt;</td><td class="number">12</td>');
  });

  it("name each value", () => {
    expect(tight(facts([["Tenant", "a & b"]]))).toContain("<dt>Tenant</dt><dd>a &amp; b</dd>");
  });

  it("leave out a section without content, its heading included", () => {
    const made = tight(
      sections([
        ["Hazards", undefined],
        ["Limits", html`<p>none</p>`],
      ]),
    );
    expect(made).toBe("<section><h2>Limits</h2><p>none</p></section>");
  });

  it("leave places for the page's program", () => {
    expect(tablePlace("findings").text).toBe('<div data-table="findings"></div>');
  });
});

describe("a matrix", () => {
  const counts = new Map([
    ["public VIEWER", 1],
    ["outside VIEWER", 1600],
    ["outside EDITOR", 100],
  ]);
  const made = tight(
    matrix({
      rows: ["public", "outside"],
      columns: ["VIEWER", "EDITOR"],
      count: (row, column) => counts.get(`${row} ${column}`) ?? 0,
      filter: (row, column) => ({ table: "assets", where: `access=~${row} ${column}` }),
    }),
  );

  it.each([
    ["the largest count", "outside VIEWER", 8],
    ["a sixteenth of it, by its root", "outside EDITOR", 2],
    ["a single one, which is still seen", "public VIEWER", 1],
  ])("shades %s", (_, where, shade) => {
    expect(made).toContain(`class="heat-${shade}" data-filter="assets" data-where="access=~${where}"`);
  });

  it("has nothing to press where there is nothing, and says in words what a button shows", () => {
    expect(made.match(/<button/g)).toHaveLength(3);
    expect(made).toContain('<td><span class="muted">0</span></td>');
    expect(made).toContain('aria-label="outside, VIEWER: 1600; show them">1,600</button>');
  });

  it("stands without a single count", () => {
    const empty = matrix({ rows: ["a"], columns: ["b"], count: () => 0, filter: () => ({ table: "t", where: "" }) });
    expect(empty.text).not.toContain("<button");
  });
});

describe("bars", () => {
  const list = [
    {
      label: "REPORT",
      parts: [
        { value: 600, tone: "good", label: "active" },
        { value: 200, tone: "high", label: "suspended" },
        { value: 200, tone: "high", label: "outside" },
      ],
    },
    {
      label: "<DATA>",
      parts: [
        { value: 1, tone: "good", label: "active" },
        { value: 0, tone: "critical", label: "deleted" },
      ],
    },
  ] as const;
  const made = tight(bars(list, "Live assets"));

  it("share one scale, part after part", () => {
    expect(made).toContain('class="bar-good" x="0.0" y="0" width="600.0"');
    expect(made).toContain('class="bar-high" x="600.0" y="0" width="200.0"');
    expect(made).toContain('class="bar-high" x="800.0" y="0" width="200.0"');
  });

  it("show the smallest part and none that is not there", () => {
    expect(made).toContain('class="bar-good" x="0.0" y="0" width="3.0"');
    expect(made).not.toContain("bar-critical");
  });

  it("tell their parts in words, and each colour once", () => {
    expect(made).toContain("active 600, suspended 200, outside 200");
    expect(made).toContain("<title>REPORT, suspended: 200</title>");
    const legend = made.slice(made.indexOf('class="legend"'));
    expect(legend.match(/<rect/g)).toHaveLength(2);
    expect(legend).toContain("suspended, outside");
  });

  it("need no legend for a single part, and stand without any value", () => {
    const single = bars([{ label: "over 730 days", parts: [{ value: 0, tone: "plain", label: "assets" }] }], "Ages");
    expect(single.text).not.toContain("legend");
    expect(single.text).not.toContain("NaN");
  });
});

describe("slopes", () => {
  it.each([
    ["falls", 40, 10, "good", "40 → 10", "30 fewer", "6.0", "33.0"],
    ["rises", 1000, 4000, "high", "1,000 → 4,000", "3,000 more", "33.0", "6.0"],
    ["stays", 5, 5, "info", "5", "as before", "6.0", "6.0"],
    ["is nothing", 0, 0, "info", "0", "as before", "42.0", "42.0"],
    ["goes away", 3, 0, "good", "3 → 0", "3 fewer", "6.0", "42.0"],
  ])("show a figure that %s", (_, before, after, tone, figures, change, from, to) => {
    const made = tight(slopes([{ label: "public links", before, after }], "Who gets in"));
    expect(made).toContain(`<li class="tone-${tone}">`);
    expect(made).toContain(`<span class="figure">${figures}</span><span class="note">${change}</span>`);
    expect(made).toContain(`y1="${from}" x2="154" y2="${to}"`);
  });
});

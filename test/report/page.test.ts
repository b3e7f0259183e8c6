import { createHash } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { contentPolicy, pageHtml } from "../../src/report/page/page.ts";
import { planPage } from "../../src/report/page/plan-page.ts";
import { Redactor } from "../../src/report/redact.ts";
import type { Redaction } from "../../src/report/redact.ts";
import { hostile } from "./hostile.ts";
import { pageContent, pageNames } from "./page-samples.ts";
import { email, facts, header, pages } from "./sample.ts";

const assets = { script: "console.log('the program');\n", style: "body { color: red }\n" };

/** All that is inside a page, its packed data in the open. */
function inside(page: string): string {
  const packed = /<script type="application\/octet-stream" id="page-data">([^<]*)<\/script>/.exec(page)?.[1];
  if (packed === undefined) throw new Error("the page carries no data");
  return page.replace(packed, inflateRawSync(Buffer.from(packed, "base64")).toString("utf8"));
}

/** Every local part that stands before an `@`. */
function people(text: string): ReadonlySet<string> {
  const found = text.matchAll(/([\p{L}\p{N}._'+-]+)(?:@|&#64;)[\p{L}\p{N}]/gu);
  return new Set([...found].map(([, local = ""]) => local));
}

describe("a page", () => {
  it("of a plan holds each of its limits against what the run does", async () => {
    const own = header();
    const owner = email("leaver@acme.example");
    const limited = {
      ...own,
      limits: { ...own.limits, perOwner: 1500 },
      totals: { ...own.totals, mostOfOneOwner: { owner, changes: 1234 } },
    };
    const content = await planPage({ ...facts(), header: limited }, pages([]), "friday", new Redactor(undefined));
    expect(content.body.text.replace(/<[^>]*>/g, " ")).toMatch(/Changes to one owner&#39;s assets\s+1,234\s+1,500/);
  });

  it("lets in its own program and its own style, and nothing else", async () => {
    const page = pageHtml(await pageContent("audit", { rows: 3 }), assets);
    const policy =
      /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.replaceAll("&#39;", "'") ?? "";
    const hashOf = (text = ""): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    const script = /<script>([^]*?)<\/script>/.exec(page)?.[1];
    const style = /<style>([^]*?)<\/style>/.exec(page)?.[1];
    expect([script, style]).toEqual([assets.script, assets.style]);
    expect(policy.split("; ")).toEqual([
      "default-src 'none'",
      `script-src ${hashOf(script)}`,
      `style-src ${hashOf(style)}`,
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  it("may talk to where it came from only while it follows a run", () => {
    expect(contentPolicy(assets, false)).not.toContain("connect-src");
    expect(contentPolicy(assets, true)).toContain("connect-src 'self'");
  });

  it.each(pageNames)("of the kind %s holds no style, handler or address that its policy would stop", async (name) => {
    const page = pageHtml(await pageContent(name, { rows: 20, titles: hostile.map(([, text]) => text) }), assets);
    const tags = page.match(/<[a-z][^>]*>/g) ?? [];
    expect(tags.filter((tag) => /\s(?:style|on[a-z]+|src|action)=/.test(tag))).toEqual([]);
    expect(tags.filter((tag) => /\shref="(?!#|data:,)/.test(tag))).toEqual([]);
    expect(tags.filter((tag) => tag.startsWith("<script"))).toHaveLength(2);
  });

  it.each(pageNames)("of the kind %s is the same whenever it is made", async (name) => {
    const [one, other] = await Promise.all([pageContent(name), pageContent(name)]);
    expect(pageHtml(one, assets)).toBe(pageHtml(other, assets));
  });
});

describe("a redacted page", () => {
  it.each(pageNames.flatMap((name) => (["emails", "both"] as const).map((what) => [name, what] as const)))(
    "of the kind %s without %s names nobody, in its data neither",
    async (name, redaction) => {
      const titles = ["ask o'brien@acme.example", "Åsa.Öberg@bücher.example"];
      const text = inside(pageHtml(await pageContent(name, { rows: 60, titles, redaction }), assets));
      expect([...people(text)].filter((person) => !/^person-\d+$/.test(person))).toEqual([]);
      expect(people(text).size).toBeGreaterThan(2);
      expect(text.match(/brien|Åsa|Öberg/g)).toBeNull();
      expect(text.match(/addresses( and titles)? replaced/)).not.toBeNull();
    },
  );

  it.each(pageNames.flatMap((name) => (["titles", "both"] as const).map((what) => [name, what] as const)))(
    "of the kind %s without %s shows no title, in its data neither",
    async (name, redaction) => {
      const text = inside(
        pageHtml(await pageContent(name, { rows: 60, titles: ['A "quoted" plan'], redaction }), assets),
      );
      expect(text.match(/EMEA|Board|売上|דוח|Cost per|backlog|"quoted/g)).toBeNull();
      expect(text.match(/title-1\b/)).not.toBeNull();
      expect(text.match(/titles replaced/)).not.toBeNull();
    },
  );

  it("would be seen if it named somebody or showed a title", async () => {
    const text = inside(pageHtml(await pageContent("plan", { rows: 60 }), assets));
    expect(people(text)).toContain("anna");
    expect(text.match(/EMEA pipeline|Board minutes/g)?.length ?? 0).toBeGreaterThan(1);
  });
});

describe("a redactor", () => {
  it.each<[string, Redaction, string, string]>([
    ["an address alone", "emails", "anna@acme.example", "person-1@acme.example"],
    ["the domain is what the report is about", "emails", "user:x@gmail.com", "user:person-1@gmail.com"],
    ["two people", "emails", "a@x.example -> b@x.example", "person-1@x.example -> person-2@x.example"],
    ["one person twice, in any case", "emails", "a@x.example, A@x.example", "person-1@x.example, person-1@x.example"],
    ["an apostrophe in a name", "emails", "o'brien@x.example's", "person-1@x.example's"],
    [
      "an address in quotation marks",
      "emails",
      `'a@x.example' "b@x.example"`,
      `'person-1@x.example' "person-2@x.example"`,
    ],
    ["signs that addresses may hold", "emails", "(a.b+c/d=e|f@x.example)", "(person-1@x.example)"],
    ["letters of any script", "emails", "Åsa@bücher.example", "person-1@bücher.example"],
    ["a host without dots", "emails", "root@localhost", "person-1@localhost"],
    ["a line of a plan file", "emails", "revoke,user:a@x.example,EDITOR", "revoke,user:person-1@x.example,EDITOR"],
    ["no address", "emails", "2 @ 3 and a@", "2 @ 3 and a@"],
    ["addresses that may stay", "titles", "a@x.example", "a@x.example"],
    ["a title in a message", "titles", 'REPORT "Board" is protected', 'REPORT "title-1" is protected'],
    ["a title that holds quotation marks", "titles", 'REPORT "My "best" one" is', 'REPORT "title-1" is'],
    ["a title over two lines", "titles", '"a\nb"', '"title-1"'],
    ["both", "both", 'REPORT "of a@x.example" by b@x.example', 'REPORT "title-1" by person-1@x.example'],
  ])("replaces %s", (_, redaction, text, expected) => {
    expect(new Redactor(redaction).text(text)).toBe(expected);
  });

  it("calls a title the same in a table and in a message, and leaves none for what has none", () => {
    const redactor = new Redactor("titles");
    expect(redactor.title("Board")).toBe("title-1");
    expect(redactor.title("Other")).toBe("title-2");
    expect(redactor.text('REPORT "Board" is protected')).toBe('REPORT "title-1" is protected');
    expect(redactor.title("")).toBe("");
  });

  it("replaces addresses in a title that may stay", () => {
    expect(new Redactor("emails").title('"Best of" a@x.example')).toBe('"Best of" person-1@x.example');
  });

  it.each<[Redaction | undefined, string]>([
    [undefined, ""],
    ["emails", "addresses replaced"],
    ["titles", "titles replaced"],
    ["both", "addresses and titles replaced"],
  ])("says of %s at the foot of the page: %s", (redaction, note) => {
    expect(new Redactor(redaction).note).toBe(note);
  });

  it("changes nothing unless it is asked to", () => {
    const redactor = new Redactor(undefined);
    expect([redactor.text('"t" a@x.example'), redactor.title("t")]).toEqual(['"t" a@x.example', "t"]);
  });
});

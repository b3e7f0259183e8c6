/** What a CSV plan may say, and what it is told when it says something else. */
import { describe, expect, it } from "vitest";
import { PlanReader } from "../../src/plan/read.ts";
import { readCsv, readPlan, told, wishes } from "./reading.ts";

const id = "2b606487-42c2-416f-98a1-0d8e5a1f0c11";
const both = ["REPORT", "DATA_SOURCE"];

describe("a row becomes a request", () => {
  it.each<[string, string, object]>([
    [
      "two columns transfer everything, and the old owner stays editor",
      "from,to\nleaver@acme.example,heir@acme.example",
      {
        action: "transfer",
        from: "leaver@acme.example",
        to: "heir@acme.example",
        keep: "editor",
        ownerChange: "compile",
        trashed: "exclude",
        select: { owner: "leaver@acme.example", types: both },
        place: { file: "plan.csv", line: 2, column: 1 },
      },
    ],
    [
      "case and blanks around cells do not count, in the header neither",
      " From ,TO, Keep\n Leaver@ACME.example , heir@acme.example, None ",
      { action: "transfer", from: "leaver@acme.example", to: "heir@acme.example", keep: "none" },
    ],
    [
      "columns stand in any order",
      `title,type,to,from\nEMEA *,Report,heir@acme.example,anna@acme.example`,
      {
        action: "transfer",
        select: { owner: "anna@acme.example", title: "EMEA *", types: ["REPORT"] },
      },
    ],
    [
      "an asset is named by id, without a condition on its owner",
      `from,to,asset\nanna@acme.example,heir@acme.example,${id}`,
      { action: "transfer", from: "anna@acme.example", select: { asset: id, types: both } },
    ],
    [
      "an asset is named by the address of the browser",
      `from,to,asset\nanna@acme.example,heir@acme.example,https://datastudio.google.com/u/1/reporting/${id}/page/1?s=x`,
      { action: "transfer", select: { asset: id, types: both } },
    ],
    [
      "a user: before the address of an owner is understood",
      "from,to\nuser:a@acme.example,User:b@acme.example",
      { action: "transfer", from: "a@acme.example", to: "b@acme.example" },
    ],
    [
      "grant takes a bare member for a user until it is looked up",
      `action,asset,member,role\ngrant,${id},bi@acme.example,editor`,
      {
        action: "grant",
        select: { asset: id },
        member: { member: "user:bi@acme.example", bare: true },
        role: "EDITOR",
      },
    ],
    [
      "grant by owner and title",
      "action,from,title,member,role\nGrant,anna@acme.example,EMEA *,group:bi@acme.example,VIEWER",
      {
        action: "grant",
        select: { owner: "anna@acme.example", title: "EMEA *", types: both },
        member: { member: "group:bi@acme.example", bare: false },
      },
    ],
    [
      "revoke without a role means every role",
      "action,title,member,role\nrevoke,*,guest@partner.example,",
      {
        action: "revoke",
        select: { title: "*" },
        member: { member: "user:guest@partner.example", bare: true },
        role: undefined,
      },
    ],
    [
      "set-role, written with a blank",
      `action,asset,member,role\nset role,${id},domain:acme.example,viewer`,
      { action: "set-role", member: { member: "domain:acme.example", bare: false }, role: "VIEWER" },
    ],
    [
      "replace-member everywhere, in the roles a person can hold",
      "action,from,to\nreplace-member,leaver@acme.example,heir@acme.example",
      {
        action: "replace-member",
        from: { member: "user:leaver@acme.example", bare: true },
        to: { member: "user:heir@acme.example", bare: true },
        roles: ["EDITOR", "VIEWER"],
        select: { types: both },
      },
    ],
    [
      "replace-member of a domain looks at link sharing as well",
      "action,from,to,title\nreplace-member,domain:old.example,domain:new.example,A?",
      { roles: ["EDITOR", "VIEWER", "LINK_VIEWER", "LINK_EDITOR"], select: { title: "A?" } },
    ],
    [
      "set-link for a domain",
      `action,asset,role,member\nset-link,${id},link_viewer,Domain:acme.example`,
      { action: "set-link", role: "LINK_VIEWER", member: "domain:acme.example" },
    ],
    ["set-link for everybody", `action,asset,role,member\nset-link,${id},LINK_EDITOR,allusers`, { member: "allUsers" }],
    ["close-link", `action,asset\nclose-link,assets/${id}`, { action: "close-link", select: { asset: id } }],
    ["an empty action is a transfer", "action,from,to\n,a@b.example,c@d.example", { action: "transfer" }],
    ["x_ columns are the writer's own", "x_ticket,from,to\n\u202e=;,a@b.example,c@d.example", { from: "a@b.example" }],
    [
      "a note is free text",
      'from,to,note\na@b.example,c@d.example,"two\nlines, ""quoted"""',
      { note: 'two\nlines, "quoted"' },
    ],
    [
      "the quote that exports put before formulas is taken away",
      "from,to,title\na@b.example,c@d.example,'=Sum of *",
      { select: { title: "=Sum of *" } },
    ],
    ["an apostrophe elsewhere stays", "from,to,title\na@b.example,c@d.example,'tis *", { select: { title: "'tis *" } }],
    [
      "types are written in the plural too",
      "from,to,type\na@b.example,c@d.example,Data Sources",
      { select: { types: ["DATA_SOURCE"] } },
    ],
  ])("%s", async (_, csv, expected) => {
    const outcome = await readCsv(csv);
    expect(told(outcome)).toEqual([]);
    expect(outcome.requests).toHaveLength(1);
    expect(outcome.requests[0]).toMatchObject(expected);
    expect(outcome.settings).toEqual({ tenant: undefined, protect: [], limits: {}, limitsFrom: {} });
  });
});

describe("a mistake is reported with its place and what to write instead", () => {
  const rows = (header: string, row: string): string => `${header}\n${row}`;
  it.each<[string, string, string | RegExp]>([
    ["a missing column", rows("from,title", "a@b.example,x"), /^plan\.csv:1:1 the header has no column to -> add it/],
    [
      "a missing header",
      "a@b.example,c@d.example\n",
      /^plan\.csv:1:1 the first line names no known column: "a@b\.example,c@d\.example" -> begin the file with a header line, such as from,to/,
    ],
    [
      "semicolons",
      "from;to;keep\na@b.example;c@d.example;none\n",
      /^plan\.csv:1:1 the columns are separated by semicolons, not by commas -> save the file with commas/,
    ],
    ["tabs", "from\tto\na@b.example\tc@d.example\n", /^plan\.csv:1:1 the columns are separated by tabs/],
    ["a sep= line", "sep=;\nfrom;to\n", /^plan\.csv:1:1 the columns are separated by what the line "sep=;" says/],
    [
      "too few cells",
      rows("from,to,keep", "a@b.example,c@d.example"),
      /^plan\.csv:2:3 the row has 2 cells and the header 3 ->/,
    ],
    [
      "too many cells",
      rows("from,to", "a@b.example,c@d.example,none"),
      /^plan\.csv:2:3 the row has 3 cells and the header 2 ->/,
    ],
    [
      "a word that is no action",
      rows("action,from,to", "transferr,a@b.example,c@d.example"),
      /^plan\.csv:2:1 action: "transferr" is not an action -> did you mean "transfer"\?/,
    ],
    [
      "an empty column that is needed",
      rows("from,to", "a@b.example,"),
      "plan.csv:2:2 to is empty, and transfer needs it -> write the address of the new one",
    ],
    [
      "a filled column that is not read",
      rows("from,to,role", "a@b.example,c@d.example,EDITOR"),
      /^plan\.csv:2:3 role is not read by transfer -> empty it;/,
    ],
    [
      "a member beside a replace-member",
      rows("action,from,to,member", "replace-member,a@b.example,c@d.example,e@f.example"),
      /^plan\.csv:2:4 member is not read by replace-member/,
    ],
    [
      "a title beside a close-link",
      rows("action,title", "close-link,A*"),
      /^plan\.csv:2:2 title is not read by close-link -> name the asset; choosing by owner or title needs a select in a YAML plan/,
    ],
    [
      "keep beside a grant",
      rows("action,asset,member,role,keep", "grant,abc,c@d.example,EDITOR,none"),
      /^plan\.csv:2:5 keep is not read by grant/,
    ],
    [
      "OWNER as a granted role",
      rows("action,asset,member,role", "grant,abc,c@d.example,OWNER"),
      /^plan\.csv:2:4 role: OWNER can be neither given nor taken through Google's API -> write a transfer instead/,
    ],
    [
      "OWNER as a revoked role",
      rows("action,asset,member,role", "revoke,abc,c@d.example,owner"),
      /OWNER can be neither given nor taken/,
    ],
    [
      "a link role in a grant",
      rows("action,asset,member,role", "grant,abc,c@d.example,LINK_VIEWER"),
      /^plan\.csv:2:4 role: LINK_VIEWER is a role of link sharing.*use set-link/,
    ],
    [
      "a person's role in a set-link",
      rows("action,asset,member,role", "set-link,abc,allUsers,VIEWER"),
      /^plan\.csv:2:4 role: "VIEWER" is not a role of link sharing -> did you mean "LINK_VIEWER"\?/,
    ],
    [
      "an unknown role",
      rows("action,asset,member,role", "grant,abc,c@d.example,EDITR"),
      /"EDITR" is not a role -> did you mean "EDITOR"\?/,
    ],
    [
      "a person in a set-link",
      rows("action,asset,member,role", "set-link,abc,c@d.example,LINK_VIEWER"),
      /^plan\.csv:2:3 member: "c@d\.example" is not somebody a link can be for -> write allUsers/,
    ],
    [
      "a set-link for nobody",
      rows("action,asset,member,role", "set-link,abc,,LINK_VIEWER"),
      /^plan\.csv:2:3 member is empty, and set-link needs it -> write allUsers/,
    ],
    [
      "allUsers in a grant",
      rows("action,asset,member,role", "grant,abc,allUsers,VIEWER"),
      /^plan\.csv:2:3 member: allUsers is link sharing/,
    ],
    [
      "a grant of nothing",
      rows("action,asset,member,role", "grant,,c@d.example,VIEWER"),
      /^plan\.csv:2:2 grant does not say which assets -> fill asset, or from/,
    ],
    [
      "a revoke of nothing",
      rows("action,asset,member", "revoke,,c@d.example"),
      /^plan\.csv:2:2 revoke does not say which assets/,
    ],
    [
      "a close-link of nothing",
      rows("action,asset", "close-link,"),
      /^plan\.csv:2:2 close-link does not say which assets -> fill asset with an id/,
    ],
    [
      "an asset and a title",
      rows("from,to,asset,title", "a@b.example,c@d.example,abc,EMEA"),
      /^plan\.csv:2:4 title is not read when an asset is named/,
    ],
    [
      "an asset that is none",
      rows("from,to,asset", "a@b.example,c@d.example,https://example.com/reporting/abc"),
      /^plan\.csv:2:3 asset: .* is neither an asset id nor a Looker Studio address/,
    ],
    [
      "an address of another type than the column says",
      rows("from,to,asset,type", `a@b.example,c@d.example,https://lookerstudio.google.com/datasources/${id},report`),
      /^plan\.csv:2:4 type says "report", but the address is that of a data source/,
    ],
    [
      "a type that is none",
      rows("from,to,type", "a@b.example,c@d.example,dashboard"),
      /^plan\.csv:2:3 type: "dashboard" is not a type of asset/,
    ],
    [
      "a keep that is none",
      rows("from,to,keep", "a@b.example,c@d.example,owner"),
      /^plan\.csv:2:3 keep: "owner" is not something the old owner can keep/,
    ],
    [
      "an address that is none",
      rows("from,to", "anna,c@d.example"),
      /^plan\.csv:2:1 from: "anna" is not an e-mail address -> write an address such as/,
    ],
    [
      "a group as an owner",
      rows("from,to", "a@b.example,group:bi@d.example"),
      /^plan\.csv:2:2 to: "group:bi@d\.example" is not a person, and only people own assets/,
    ],
    [
      "one person twice",
      rows("from,to", "a@b.example,A@B.example"),
      /^plan\.csv:2:2 from and to are both a@b\.example/,
    ],
    ["an empty file", "", /^plan\.csv:1:1 the file is empty -> begin it with a header line, such as from,to/],
    ["a file of blank lines", "\n\n", /^plan\.csv:1:1 the file is empty/],
  ])("%s", async (_, csv, expected) => {
    const outcome = await readCsv(csv);
    expect(told(outcome)).toEqual([expect.stringMatching(expected)]);
    expect(outcome.requests).toEqual([]);
  });

  it.each<[string, string, RegExp]>([
    [
      "an unknown column, with a guess",
      rows("form,to,from", "a@b.example,c@d.example,a@b.example"),
      /^plan\.csv:1:1 there is no column "form" -> did you mean "from"\?/,
    ],
    [
      "a column that appears twice",
      rows("from,to,From", "a@b.example,c@d.example,x@y.example"),
      /^plan\.csv:1:3 the column "from" appears twice: as number 1 and number 3/,
    ],
    ["a column without a name", rows("from,,to", "a@b.example,,c@d.example"), /^plan\.csv:1:2 column 2 has no name/],
    [
      "an invisible character in a column's name",
      rows("from,to,t\u200bitle", "a@b.example,c@d.example,"),
      /^plan\.csv:1:3 the name of column 3 contains the invisible character U\+200B/,
    ],
  ])("%s, and the rows below are read all the same", async (_, csv, expected) => {
    const outcome = await readCsv(`${csv}\nbad\n`);
    expect(told(outcome)).toEqual([
      expect.stringMatching(expected),
      expect.stringMatching(/^plan\.csv:3:2 the row has/),
    ]);
  });

  it("tells nothing of the rows below a first line that names no column, however the file arrives", async () => {
    for (const chunk of [1, 3, 1000]) {
      const outcome = await readPlan({ csv: 'm\r{"a":\n"x"y\n', chunk });
      expect(told(outcome)).toEqual([expect.stringMatching(/^plan\.csv:1:1 the first line names no known column/)]);
    }
  });

  it("tells all problems of all files at once, each under its file", async () => {
    const outcome = await readPlan(
      { name: "one.csv", csv: "from,to\nanna,\nb@c.example,d@e.example\nx@y.example,z\n" },
      { name: "two.csv", csv: "from,to\nq,r@s.example\n" },
      { name: "three.yaml", yaml: "version: 2\nmoves:\n  - { from: t, to: u@v.example }\n" },
    );
    expect(told(outcome).map((line) => line.split(" ")[0])).toEqual([
      "one.csv:2:2",
      "one.csv:2:1",
      "one.csv:4:2",
      "two.csv:2:1",
      "three.yaml:1:10",
      "three.yaml:3:13",
    ]);
    expect(outcome.rows).toBe(5);
  });

  it("keeps the first thousand problems and counts the rest", async () => {
    const outcome = await readCsv(`from,to\n${"x,a@b.example\n".repeat(1500)}`);
    expect([outcome.diagnostics.length, outcome.diagnosticsOmitted]).toEqual([1000, 500]);
  });
});

describe("lines are counted as an editor counts them", () => {
  it.each([
    ["LF", "\n"],
    ["CR LF", "\r\n"],
    ["CR", "\r"],
  ])("with %s, empty lines and lines within quotes", async (_, end) => {
    const lines = [
      "from,to,note",
      "",
      "a@b.example,c@d.example,1",
      "",
      "",
      'e@b.example,c@d.example,"x',
      "",
      'y"',
      "bad,c@d.example,",
      '"',
      '",,',
    ];
    const outcome = await readCsv(lines.join(end));
    expect(outcome.requests.map((request) => request.place.line)).toEqual([3, 6]);
    expect(told(outcome).map((line) => line.split(" ")[0])).toEqual(["plan.csv:9:1"]);
  });

  it("with line ends mixed in one file, however the bytes arrive", async () => {
    const csv =
      'from,to,note\r\na@b.example,c@d.example,"1\r\n2\r3\n"\n\re@b.example,c@d.example,\r\r\n\nf@b.example,c@d.example,';
    for (const chunk of [1, 2, 3, 7, 1000]) {
      const outcome = await readPlan({ csv, chunk });
      expect(outcome.requests.map((request) => request.place.line)).toEqual([2, 7, 10]);
    }
  });

  it("rows of blanks and commas alone are skipped", async () => {
    const outcome = await readCsv("from,to\n,\n \na@b.example,c@d.example\n , \n");
    expect([told(outcome), outcome.requests.length, outcome.rows]).toEqual([[], 1, 1]);
  });
});

describe("quotes", () => {
  it.each<[string, string, RegExp, number]>([
    [
      "one that is never closed is told with the line where it opens",
      'from,to\na@b.example,c@d.example\n"e@b.example,c@d.example\nf@b.example,c@d.example\n',
      /^plan\.csv:3:1 a quote opens in this row and is never closed/,
      1,
    ],
    [
      "one that swallows more than 1 MiB is told with the line where it opens",
      `from,to\na@b.example,c@d.example\n"e@b.example,c@d.example\n${"f@b.example,c@d.example\n".repeat(60_000)}`,
      /^plan\.csv:3:1 a quote opens in this row and is not closed within 1 MiB/,
      1,
    ],
    [
      "text after a closing one ends the reading",
      'from,to\n"a@b.example"x,c@d.example\nf@b.example,c@d.example\n',
      /^plan\.csv:2:1 text follows a closing quote; the rest of the file was not read/,
      0,
    ],
    [
      "one within a cell leaves the row out and nothing else",
      'from,to\na@b.example,c"d"@e.example\nf@b.example,c@d.example\n',
      /^plan\.csv:2:2 a quote stands in the middle of a cell/,
      1,
    ],
  ])("%s", async (_, csv, expected, requests) => {
    const outcome = await readCsv(csv);
    expect(told(outcome)).toEqual([expect.stringMatching(expected)]);
    expect(outcome.requests).toHaveLength(requests);
  });
});

describe("sizes", () => {
  it("a row of nothing but misplaced quotes is told of once, and is not looked at quote by quote", async () => {
    const outcome = await readCsv(`from,to\na${'{"a":'.repeat(100_000)},b@c.example\n`);
    expect(told(outcome)).toEqual([expect.stringMatching(/^plan\.csv:2:1 a quote stands in the middle of a cell/)]);
  });

  it("a cell over 64 KiB is refused, with its place, and reading goes on", async () => {
    const outcome = await readCsv(`from,to,note\na@b.example,c@d.example,${"x".repeat(65_537)}\nbad,c@d.example,\n`);
    expect(told(outcome)).toEqual([
      expect.stringMatching(/^plan\.csv:2:3 the cell is longer than 65,536 characters: "x+"/),
      expect.stringMatching(/^plan\.csv:3:1 from/),
    ]);
  });

  it("a cell of 64 KiB is accepted", async () => {
    const outcome = await readCsv(`from,to,note\na@b.example,c@d.example,${"x".repeat(65_536)}\n`);
    expect(told(outcome)).toEqual([]);
  });

  it("a row over 1 MiB ends the reading before the file is held", async () => {
    let produced = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("from,to\n");
      for (; produced < 1000; produced += 1) yield Buffer.alloc(64 * 1024, "x");
    }
    const reader = new PlanReader();
    await reader.read({ name: "big.csv", format: "csv", bytes: endless() }, () => {});
    expect(told(reader.finish())).toEqual([expect.stringMatching(/^big\.csv:2:1 the row is longer than 1 MiB/)]);
    expect(produced).toBeLessThan(20);
  });

  it("a file with quotes in the middle of every row is given up", async () => {
    const outcome = await readCsv(`from,to\n${'a"b,c"d\n'.repeat(5000)}`);
    expect(outcome.diagnostics).toHaveLength(200);
  });
});

describe("hostile text", () => {
  it.each<[string, string, RegExp]>([
    ["NUL in an address", "a\0@b.example,c@d.example,,", /^plan\.csv:2:1 from: the address contains a NUL character/],
    [
      "a zero-width space in an address",
      "a@b.example,c\u200b@d.example,,",
      /^plan\.csv:2:2 to: the address contains the invisible character U\+200B/,
    ],
    [
      "a direction change in an address",
      "a@b.example,c@d\u202eelpmaxe.,,",
      /^plan\.csv:2:2 to: the address contains the invisible character U\+202E/,
    ],
    ["Cyrillic in an address", "\u0430nna@b.example,c@d.example,,", /^plan\.csv:2:1 from: .*letters outside ASCII/],
    [
      "an escape character in a title",
      "a@b.example,c@d.example,x\u001b[31m,",
      /^plan\.csv:2:3 title: the title contains an escape character -> write \? in its place/,
    ],
    ["NUL in a note", "a@b.example,c@d.example,,x\0y", /^plan\.csv:2:4 note contains a NUL character/],
    [
      "a line end in a title",
      'a@b.example,c@d.example,"x\ny",',
      /^plan\.csv:2:3 title: the title contains a line feed/,
    ],
  ])("%s is refused with its place", async (_, row, expected) => {
    const outcome = await readCsv(`from,to,title,note\n${row}\n`);
    expect(told(outcome)).toEqual([expect.stringMatching(expected)]);
  });

  it("is never shown as it is, and never at length", async () => {
    const outcome = await readCsv(`from,to\u001b]0;x\u0007\n"${"\u001b[2J\u202e".repeat(5000)}",b@c.example\n`);
    const shown = told(outcome).join("");
    expect(shown).not.toMatch(/[\u001b\u202e\u0007]/);
    expect(shown.length).toBeLessThan(2000);
  });

  it("column names of JavaScript's own are columns like others", async () => {
    const outcome = await readCsv("from,to,__proto__,constructor,x___proto__\na@b.example,c@d.example,1,2,3\n");
    expect(told(outcome).map((line) => line.slice(0, 45))).toEqual([
      'plan.csv:1:3 there is no column "__proto__" -',
      'plan.csv:1:4 there is no column "constructor"',
    ]);
    expect(({} as Record<string, unknown>)["1"]).toBeUndefined();
  });
});

describe("files that are read but ask for nothing", () => {
  it("a header alone is a plan without wishes", async () => {
    const outcome = await readCsv("from,to\n");
    expect([told(outcome), wishes(outcome), outcome.rows]).toEqual([[], [], 0]);
  });
});

describe("the place of a row", () => {
  it.each<[string, string, readonly string[]]>([
    ["after a row that is left out", 'from,to\na"b,c@d.example\nbad,c@d.example\n', ["2:1", "3:1"]],
    ["after two quotes in one row", 'from,to\na"b,c"d\nbad,c@d.example\na"b,x\n', ["2:1", "3:1", "4:1"]],
    ["after a cell of several lines", 'note,from,to\n"a\nb\n",x@d.example,c@d.example\n,bad,c@d.example\n', ["5:2"]],
    ["of several lines itself", 'note,from,to\n"a\nb",bad,c@d.example\n', ["2:2"]],
    [
      "of several lines after a row that is left out",
      'note,from,to\nx"y,a,b\n"a\nb",bad,c@d.example\n',
      ["2:1", "3:2"],
    ],
    ["after empty lines", "from,to\n\n\nbad,c@d.example\n\nbad,c@d.example\n", ["4:1", "6:1"]],
    ["after empty lines, when its quote is never closed", 'from,to\n\n\n"a@b.example,c\n', ["4:1"]],
    ["after a row, when its quote is never closed", 'from,to\na@b.example,c@d.example\n"a@b.example,c\nd\n', ["3:1"]],
    ["when text follows its quote", 'from,to\n\n"a"b,c\n', ["3:1"]],
  ])("%s is where it begins", async (_, csv, places) => {
    const outcome = await readCsv(csv);
    expect(outcome.diagnostics.map(({ place }) => `${place.line}:${place.column}`)).toEqual(places);
  });
});

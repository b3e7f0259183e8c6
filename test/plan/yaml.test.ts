/** What a YAML plan may say, and what it is told when it says something else. */
import { describe, expect, it } from "vitest";
import { PlanReader } from "../../src/plan/read.ts";
import { moves, readCsv, readPlan, readYaml, told, wishes } from "./reading.ts";

const id = "2b606487-42c2-416f-98a1-0d8e5a1f0c11";
const both = ["REPORT", "DATA_SOURCE"];

describe("the settings of a file", () => {
  it("are read with their places", async () => {
    const outcome = await readPlan({
      name: "plans/weekend.yaml",
      yaml: `
version: 1
tenant: ACME.example
defaults: { keep: viewer, types: [report], trashed: include, owner_change: attempt }
protect: [ { owner: cfo@acme.example }, { title: "Board *" }, { asset: https://lookerstudio.google.com/reporting/${id} } ]
limits:  { changes: 500, percent_of_assets: 5.5, new_external: 0, new_public: 0, failures: 20 }
moves:
  - { from: a@acme.example, to: b@acme.example }
`,
    });
    expect(told(outcome)).toEqual([]);
    expect(outcome.settings).toEqual({
      tenant: "acme.example",
      protect: [
        { id: "protect[0]", place: { file: "plans/weekend.yaml", line: 5, column: 12 }, owner: "cfo@acme.example" },
        { id: "protect[1]", place: { file: "plans/weekend.yaml", line: 5, column: 41 }, title: "Board *" },
        { id: "protect[2]", place: { file: "plans/weekend.yaml", line: 5, column: 63 }, asset: id },
      ],
      limits: { changes: 500, percentOfAssets: 5.5, newExternal: 0, newPublic: 0, failures: 20 },
      limitsFrom: {
        changes: "plans/weekend.yaml:6:21",
        percentOfAssets: "plans/weekend.yaml:6:45",
        newExternal: "plans/weekend.yaml:6:64",
        newPublic: "plans/weekend.yaml:6:79",
        failures: "plans/weekend.yaml:6:92",
      },
    });
    expect(outcome.requests).toMatchObject([
      { keep: "viewer", ownerChange: "attempt", trashed: "include", select: { types: ["REPORT"] } },
    ]);
  });

  it("combine to the strictest over several files", async () => {
    const outcome = await readPlan(
      {
        name: "a.yaml",
        yaml: "version: 1\ntenant: acme.example\nlimits: { changes: 10, new_public: 3 }\nprotect: [ { title: A } ]\n",
      },
      { name: "b.csv", csv: "from,to\nx@a.example,y@a.example\n" },
      {
        name: "c.yaml",
        yaml: "version: 1\nlimits: { changes: 20, new_public: 0, failures: 1 }\nprotect: [ { title: B } ]\n",
      },
    );
    expect(told(outcome)).toEqual([]);
    expect(outcome.settings.tenant).toBe("acme.example");
    expect(outcome.settings.limits).toEqual({ changes: 10, newPublic: 0, failures: 1 });
    expect(outcome.settings.protect.map((rule) => rule.title)).toEqual(["A", "B"]);
  });

  it("of one file do not reach the moves of another", async () => {
    const outcome = await readPlan(
      { name: "a.yaml", yaml: "version: 1\ndefaults: { keep: none }\n" },
      { name: "b.yaml", yaml: moves("{ from: x@a.example, to: y@a.example }") },
    );
    expect(outcome.requests).toMatchObject([{ keep: "editor" }]);
  });

  it.each<[string, string, RegExp]>([
    [
      "two tenants",
      "tenant: acme.example",
      /^b\.yaml:2:9 the tenant is acme\.example here, and other\.example in a\.yaml:2:9 -> plan each tenant on its own/,
    ],
    ["a tenant that is none", "tenant: acme", /^b\.yaml:2:9 tenant: "acme" is not a domain name/],
    [
      "a limit that is no number",
      "limits: { changes: many }",
      /^b\.yaml:2:20 changes must be a whole number, 0 or more, and "many" is not/,
    ],
    ["a negative limit", "limits: { changes: -1 }", /^b\.yaml:2:20 changes must be a whole number/],
    ["a limit in another notation", "limits: { changes: 0x10 }", /changes must be a whole number/],
    [
      "a share above 100",
      "limits: { percent_of_assets: 101 }",
      /^b\.yaml:2:30 percent_of_assets must be a number from 0 to 100, and "101" is not/,
    ],
    ["a limit that is a list", "limits: { changes: [1] }", /^b\.yaml:2:20 limits\.changes must be a single value/],
    [
      "an unknown limit",
      "limits: { change: 1 }",
      /^b\.yaml:2:11 limits has no key "change" -> did you mean "changes"\?/,
    ],
    ["an unknown key", "protct: []", /^b\.yaml:2:1 the plan has no key "protct" -> did you mean "protect"\?/],
    [
      "an unknown default",
      "defaults: { kep: none }",
      /^b\.yaml:2:13 defaults has no key "kep" -> did you mean "keep"\?/,
    ],
    [
      "a default with an unknown value",
      "defaults: { keep: all }",
      /^b\.yaml:2:19 keep: "all" is not something the old owner can keep/,
    ],
    [
      "an unknown type",
      "defaults: { types: [report, dashboard] }",
      /^b\.yaml:2:29 types: "dashboard" is not a type of asset/,
    ],
    ["an empty list of types", "defaults: { types: [] }", /^b\.yaml:2:20 types is an empty list/],
    ["a protect rule that says nothing", "protect: [ {} ]", /^b\.yaml:2:12 protect\[0\] says nothing to protect/],
    ["a protect rule that is text", "protect: [ Board ]", /^b\.yaml:2:12 protect\[0\] must be a mapping/],
    ["a protect that is no list", "protect: { title: Board }", /^b\.yaml:2:10 protect must be a list/],
    [
      "a version that is not known",
      "version: 2",
      /^b\.yaml:2:1 "version" is written twice in the plan; first on line 1/,
    ],
    [
      "a key written twice",
      "limits: {}\nlimits: {}",
      /^b\.yaml:3:1 "limits" is written twice in the plan; first on line 2/,
    ],
    ["a users file that no move reads", "users: people.csv", /^b\.yaml:2:1 no move reads the file that users names/],
  ])("%s is told", async (_, line, expected) => {
    const outcome = await readPlan(
      { name: "a.yaml", yaml: "version: 1\ntenant: other.example\n" },
      { name: "b.yaml", yaml: `version: 1\n${line}\n` },
    );
    expect(told(outcome)).toEqual([expect.stringMatching(expected)]);
  });

  it.each<[string, string, RegExp]>([
    ["no version", "moves: []", /^plan\.yaml:1:1 the plan has no version -> begin the file with version: 1/],
    ["another version", "version: 2", /^plan\.yaml:1:10 version "2" is not one this program reads/],
    ["nothing at all", "", /^plan\.yaml:1:1 the file is empty/],
    ["a list", "- a", /^plan\.yaml:1:1 the plan must be a mapping/],
    ["text", "hello", /^plan\.yaml:1:1 the plan must be a mapping/],
    ["comments only", "# nothing", /^plan\.yaml:1:1 the plan must be a mapping/],
    [
      "two documents",
      "version: 1\n---\nversion: 1",
      /^plan\.yaml:2:1 a second document begins here -> keep one document a file/,
    ],
    [
      "a second document after the moves",
      `${moves("{ from: a@b.example, to: c@d.example }")}---\nversion: 1\n`,
      /^plan\.yaml:4:1 a second document begins here/,
    ],
    ["a directive", "%YAML 1.1\n---\nversion: 1", /^plan\.yaml:1:1 a %YAML directive stands at the top/],
    ["a tag", "version: !!int 1", /^plan\.yaml:1:10 .*Unresolved tag.* -> leave the tag out/],
    ["a tag of its own", "version: 1\nlimits: !ruby/object:X {}", /^plan\.yaml:2:9 .*Unresolved tag/],
    [
      "a quote that is not closed",
      'version: 1\ntenant: "acme.example\n',
      /^plan\.yaml:2:\d+ not YAML as a plan may use it: Missing closing .* -> close the quote/,
    ],
    ["a tab for indentation", "version: 1\nlimits:\n\tchanges: 1\n", /^plan\.yaml:3:1 .*-> indent with spaces/],
    [
      "moves that are no list",
      "version: 1\nmoves: { from: a }",
      /^plan\.yaml:2:8 moves must be a list -> begin each move with a dash/,
    ],
    ["moves that are not there", "version: 1\nmoves:\n", /^plan\.yaml:2:7 moves must be a list/],
  ])("%s is told", async (_, yaml, expected) => {
    const outcome = await readYaml(yaml);
    expect(told(outcome)).toEqual([expect.stringMatching(expected)]);
    expect(outcome.requests.length).toBeLessThan(2);
  });

  it("without moves are a file of their own", async () => {
    expect(told(await readYaml("version: 1\nprotect: [ { title: A } ]\n"))).toEqual([]);
  });
});

describe("a move says the same as a row", () => {
  it.each<[string, string, string]>([
    ["{ from: a@b.example, to: c@d.example }", "from,to", "a@b.example,c@d.example"],
    [
      "{ from: a@b.example, to: c@d.example, keep: none, title: A*, type: report }",
      "from,to,keep,title,type",
      "a@b.example,c@d.example,none,A*,report",
    ],
    ["{ action: transfer, from: a@b.example, to: c@d.example }", "from,to", "a@b.example,c@d.example"],
    [
      "{ transfer: { from: a@b.example, to: c@d.example, asset: abc } }",
      "from,to,asset",
      "a@b.example,c@d.example,abc",
    ],
    [
      "{ transfer: true, from: a@b.example, to: c@d.example, asset: abc }",
      "from,to,asset",
      "a@b.example,c@d.example,abc",
    ],
    ["{ select: { owner: a@b.example }, to: c@d.example }", "from,to", "a@b.example,c@d.example"],
    ["{ from: a@b.example, select: { asset: abc }, to: c@d.example }", "from,to,asset", "a@b.example,c@d.example,abc"],
    [
      "{ select: { owner: a@b.example, title: A*, type: report }, to: c@d.example }",
      "from,to,title,type",
      "a@b.example,c@d.example,A*,report",
    ],
    [
      `{ action: grant, asset: ${id}, member: m@b.example, role: EDITOR }`,
      "action,asset,member,role",
      `grant,${id},m@b.example,EDITOR`,
    ],
    [
      "{ grant: m@b.example, role: editor, from: a@b.example, title: A* }",
      "action,from,title,member,role",
      "grant,a@b.example,A*,m@b.example,EDITOR",
    ],
    [
      "{ grant: { member: m@b.example, role: EDITOR }, select: { owner: a@b.example, title: A* } }",
      "action,from,title,member,role",
      "grant,a@b.example,A*,m@b.example,EDITOR",
    ],
    ["{ revoke: group:m@b.example, asset: abc }", "action,asset,member", "revoke,abc,group:m@b.example"],
    [
      '{ set-role: "m@b.example", role: VIEWER, select: { title: "*" } }',
      "action,title,member,role",
      "set-role,*,m@b.example,VIEWER",
    ],
    ["{ replace-member: a@b.example, to: c@d.example }", "action,from,to", "replace-member,a@b.example,c@d.example"],
    [
      "{ replace-member: { from: a@b.example, to: c@d.example }, title: A }",
      "action,from,to,title",
      "replace-member,a@b.example,c@d.example,A",
    ],
    [
      "{ set-link: LINK_VIEWER, member: allUsers, asset: abc }",
      "action,asset,member,role",
      "set-link,abc,allUsers,LINK_VIEWER",
    ],
    ["{ close-link: true, asset: abc }", "action,asset", "close-link,abc"],
    ["{ close-link: { asset: abc } }", "action,asset", "close-link,abc"],
  ])("%s", async (move, header, row) => {
    const yaml = await readYaml(moves(move));
    expect(told(yaml)).toEqual([]);
    expect(wishes(yaml)).toEqual(wishes(await readCsv(`${header}\n${row}\n`)));
  });
});

describe("what only a move can say", () => {
  it.each<[string, object]>([
    [
      "{ close-link: true, select: { audience: public } }",
      { action: "close-link", select: { audience: "public", types: both } },
    ],
    [
      "{ set-link: LINK_VIEWER, member: 'domain:b.example', select: { owner: a@b.example } }",
      { action: "set-link", member: "domain:b.example", select: { owner: "a@b.example" } },
    ],
    [
      "{ revoke: m@b.example, select: { audience: external, type: [report, data_source] } }",
      { select: { audience: "external", types: both } },
    ],
    ["{ from: a@b.example, to: c@d.example, trashed: include }", { trashed: "include" }],
    ["{ from: a@b.example, to: c@d.example, owner_change: attempt }", { ownerChange: "attempt" }],
    ["{ from: a@b.example, to: c@d.example, types: [data_source] }", { select: { types: ["DATA_SOURCE"] } }],
    [
      "{ replace-member: a@b.example, to: c@d.example, roles: VIEWER, select: { owner: o@b.example } }",
      { roles: ["VIEWER"], select: { owner: "o@b.example" } },
    ],
    ["{ from: a@b.example, to: c@d.example, title: 2024 }", { select: { title: "2024" } }],
    ["{ from: a@b.example, to: c@d.example, title: 'null' }", { select: { title: "null" } }],
    ["{ from: a@b.example, to: c@d.example, x_ticket: [1, { a: 2 }] }", { action: "transfer" }],
    ["{ from: a@b.example, to: c@d.example, note: 'a: # b' }", { note: "a: # b" }],
  ])("%s", async (move, expected) => {
    const outcome = await readYaml(moves(move));
    expect(told(outcome)).toEqual([]);
    expect(outcome.requests).toMatchObject([expected]);
  });

  it("an address of an asset is looked at although the defaults name another type", async () => {
    const outcome = await readYaml(
      `version: 1\ndefaults: { types: [report] }\nmoves:\n  - { from: a@b.example, to: c@d.example, asset: https://lookerstudio.google.com/datasources/${id} }\n`,
    );
    expect(outcome.requests[0]?.select.types).toContain("DATA_SOURCE");
  });
});

describe("a mistake in a move is told with its place", () => {
  it.each<[string, RegExp]>([
    ["{ form: a@b.example, to: c@d.example }", /^plan\.yaml:3:7 a move has no key "form" -> did you mean "from"\?/],
    [
      "{ from: a@b.example, to: c@d.example, to: e@f.example }",
      /^plan\.yaml:3:43 "to" is written twice in a move; first on line 3/,
    ],
    ["{ from: a@b.example, to: }", /^plan\.yaml:3:26 to is empty -> write a value, or leave the key out/],
    ["{ from: a@b.example, to: c@d.example, title: ~ }", /^plan\.yaml:3:43 title is empty/],
    ["{ from: a@b.example, to: c@d.example, asset: null }", /^plan\.yaml:3:43 asset is empty/],
    [
      "{ from: [a@b.example], to: c@d.example }",
      /^plan\.yaml:3:13 from must be a single value, not a mapping or a list/,
    ],
    ["just text", /^plan\.yaml:3:5 a move must be a mapping/],
    ["[ a, b ]", /^plan\.yaml:3:5 a move must be a mapping/],
    [
      "{ grant: m@b.example, revoke: m@b.example, asset: abc, role: EDITOR }",
      /^plan\.yaml:3:27 a move does one thing, and this one says grant and revoke/,
    ],
    [
      "{ action: grant, revoke: m@b.example, asset: abc }",
      /^plan\.yaml:3:7 a move does one thing, and this one says revoke and action/,
    ],
    [
      "{ grant: { member: m@b.example }, member: n@b.example, role: EDITOR, asset: abc }",
      /^plan\.yaml:3:16 "member" is written both in the move and under its action/,
    ],
    [
      "{ grant: m@b.example, member: n@b.example, role: EDITOR, asset: abc }",
      /^plan\.yaml:3:14 member is written twice: after grant and as member/,
    ],
    [
      "{ close-link: false, asset: abc }",
      /^plan\.yaml:3:19 close-link: "false" says nothing -> write close-link: true/,
    ],
    ["{ grant: , role: EDITOR, asset: abc }", /^plan\.yaml:3:14 grant: "" says nothing -> write grant: and the member/],
    ["{ close-link: true, title: A }", /^plan\.yaml:3:32 title is not read by close-link -> name the asset;/],
    ["{ close-link: true, select: {} }", /^plan\.yaml:3:25 select does not say which assets/],
    ["{ close-link: true }", /^plan\.yaml:3:5 close-link does not say which assets/],
    [
      "{ close-link: true, select: { audience: everyone } }",
      /^plan\.yaml:3:45 select\.audience: "everyone" is not an audience/,
    ],
    [
      "{ close-link: true, select: { titel: A } }",
      /^plan\.yaml:3:35 select has no key "titel" -> did you mean "title"\?/,
    ],
    ["{ close-link: true, select: [ a ] }", /^plan\.yaml:3:33 select must be a mapping/],
    ["{ close-link: true, select: { asset: abc, title: A } }", /^plan\.yaml:3:25 an asset is chosen by its id alone/],
    [
      "{ close-link: true, asset: abc, select: { title: A } }",
      /^plan\.yaml:3:32 asset stands beside select -> write it inside select/,
    ],
    [
      "{ from: a@b.example, select: { owner: x@b.example }, to: c@d.example }",
      /^plan\.yaml:3:43 the owner in select is x@b\.example, and from is a@b\.example/,
    ],
    [
      "{ grant: m@b.example, role: EDITOR, from: a@b.example, select: { title: A } }",
      /^plan\.yaml:3:47 from is not read by grant beside select -> write it inside select as owner/,
    ],
    ["{ from: a@b.example, to: c@d.example, roles: [EDITOR] }", /^plan\.yaml:3:43 roles is not read by transfer/],
    [
      "{ revoke: m@b.example, asset: abc, owner_change: attempt }",
      /^plan\.yaml:3:40 owner_change is not read by revoke/,
    ],
    [
      "{ replace-member: a@b.example, to: c@d.example, roles: [OWNER] }",
      /^plan\.yaml:3:61 roles: OWNER can be neither given nor taken/,
    ],
    ["{ to: c@d.example, title: A }", /^plan\.yaml:3:5 from is empty, and transfer needs it/],
    ["{ from: *who, to: c@d.example }", /^plan\.yaml:3:13 from refers to \*who, which stands nowhere above/],
    [
      "{ <<: *base, to: c@d.example }",
      /^plan\.yaml:3:7 a key of a move refers to|^plan\.yaml:3:7 a move has no key "<<" -> merge keys are not read/,
    ],
    ["{ from: !!str a@b.example, to: !mine c@d.example }", /^plan\.yaml:3:36 .*Unresolved tag/],
    ["{ ? [a, b] : c, from: a@b.example, to: c@d.example }", /^plan\.yaml:3:9 .*keys must be strings/],
    [
      "{ replace-member: users }",
      /^plan\.yaml:3:5 replace-member: users needs a file of old and new addresses -> add users: people\.csv/,
    ],
    ["{ from: a@b.example, to: c@d.example", /^plan\.yaml:3:\d+ .*must be sufficiently indented and end with a }/],
  ])("%s", async (move, expected) => {
    const outcome = await readYaml(moves(move));
    expect(told(outcome)).toContainEqual(expect.stringMatching(expected));
    expect(outcome.requests).toEqual([]);
    expect(outcome.rows).toBe(1);
  });

  it("and hides no other: every broken move is told, every sound one is read", async () => {
    const outcome = await readYaml(
      moves(
        '{ from: "a@b.example, to: c@d.example }',
        "{ from: a@b.example, to: c@d.example }",
        "{ from: x, to: }",
        "[ {",
        "{ from: e@b.example, to: f@d.example }",
      ),
    );
    expect(new Set(outcome.diagnostics.map((one) => one.place.line))).toEqual(new Set([3, 5, 6]));
    expect(outcome.requests.map((request) => request.place.line)).toEqual([4, 7]);
    expect(outcome.rows).toBe(5);
  });
});

describe("the file of people", () => {
  const yaml =
    "version: 1\nusers: maps/people.csv\nmoves:\n  - { replace-member: users, roles: [EDITOR, VIEWER], select: { title: A* }, note: rename }\n";

  it("gives one replace-member a line, placed on that line", async () => {
    const people =
      "note,new,old\nx,b@new.example,a@old.example\n,d@new.example,c@old.example\n,d@new.example,C@old.example\n";
    const outcome = await readPlan({ name: "plans/p.yaml", yaml, beside: { "maps/people.csv": people } });
    expect(told(outcome)).toEqual([]);
    expect(outcome.requests).toMatchObject([
      {
        action: "replace-member",
        from: { member: "user:a@old.example" },
        to: { member: "user:b@new.example" },
        roles: ["EDITOR", "VIEWER"],
        select: { title: "A*" },
        place: { file: "plans/maps/people.csv", line: 2 },
      },
      { from: { member: "user:c@old.example" }, place: { line: 3 } },
    ]);
    expect([outcome.rows, outcome.duplicates]).toEqual([3, 1]);
  });

  it.each<[string, string, RegExp]>([
    [
      "an unknown column",
      "old,new,nwe\na@b.example,c@d.example,\n",
      /^maps\/people\.csv:1:3 there is no column "nwe" -> did you mean "new"\?/,
    ],
    [
      "no header",
      "a@b.example,c@d.example\n",
      /^maps\/people\.csv:1:1 the first line names no known column.* such as old,new/,
    ],
    ["an empty address", "old,new\na@b.example,\n", /^maps\/people\.csv:2:2 new is empty, and replace-member needs it/],
    ["an address that is none", "old,new\na,c@d.example\n", /^maps\/people\.csv:2:1 old: "a" is not an e-mail address/],
    [
      "one address onto itself",
      "old,new\na@b.example,A@b.example\n",
      /^maps\/people\.csv:2:2 old and new are both user:a@b\.example/,
    ],
    [
      "one address onto two",
      "old,new\na@b.example,c@d.example\na@b.example,e@f.example\n",
      /^maps\/people\.csv:3:1 user:a@b\.example is replaced by user:e@f\.example here, and by user:c@d\.example in maps\/people\.csv:2/,
    ],
    ["an empty file", "", /^maps\/people\.csv:1:1 the file is empty -> begin it with a header line, such as old,new/],
  ])("%s is told", async (_, people, expected) => {
    const outcome = await readPlan({ yaml, beside: { "maps/people.csv": people } });
    expect(told(outcome)).toEqual([expect.stringMatching(expected)]);
  });

  it("that is not there is told", async () => {
    expect(told(await readPlan({ yaml }))).toEqual([
      expect.stringMatching(/^plan\.yaml:2:8 users: there is no file "maps\/people\.csv" beside this one/),
    ]);
  });

  it.each([
    "/etc/passwd",
    "../people.csv",
    "a/../../b.csv",
    "..\\people.csv",
    "C:\\people.csv",
    "https://example.com/p.csv",
    String.raw`\\people.csv`,
    '"peo\\u0007ple.csv"',
    '""',
  ])("at %s is not read", async (path) => {
    const outcome = await readPlan({ yaml: yaml.replace("maps/people.csv", path), beside: { [path]: "old,new\n" } });
    expect(told(outcome)).toEqual([
      expect.stringMatching(/^plan\.yaml:2:8 users: .* is not the path of a file beside or below this one/),
    ]);
  });

  it.each(["dir/c:people.csv", "people.csv/", String.raw`maps\people.csv`])("at %s is looked for", async (path) => {
    const people = "old,new\na@old.example,b@new.example\n";
    const found = await readPlan({ yaml: yaml.replace("maps/people.csv", path), beside: { [path]: people } });
    expect(told(found)).toEqual([]);
    expect(found.requests).toHaveLength(1);
    expect(told(await readPlan({ yaml: yaml.replace("maps/people.csv", path) }))[0]).toContain("there is no file");
  });

  it.each([
    ["[maps/people.csv]", "users must be a single value, not a mapping or a list"],
    ["../people.csv", "is not the path of a file beside or below this one"],
  ])("at %s is told once, and no move reads it", async (path, problem) => {
    const outcome = await readPlan({ yaml: yaml.replace("maps/people.csv", path) });
    expect(told(outcome)).toEqual([expect.stringContaining(problem)]);
    expect([outcome.requests, outcome.rows]).toEqual([[], 1]);
  });

  it("that no move reads is told", async () => {
    const outcome = await readPlan({
      yaml: "version: 1\nusers: p.csv\nmoves:\n  - { from: a@b.example, to: c@d.example }\n",
    });
    expect(told(outcome)).toEqual([
      "plan.yaml:2:1 no move reads the file that users names -> add the move { replace-member: users }, or remove users",
    ]);
  });

  it.each([
    ["a move", "  - { replace-member: users, colour: red }", "a move has no key"],
    ["a text", "  - { replace-member: users", "not YAML as a plan may use it"],
    ["a list", "  replace-member: users", "moves must be a list"],
  ])("that only %s nobody can read might name is not said to be read by none", async (_, broken, problem) => {
    const outcome = await readPlan({ yaml: `version: 1\nusers: p.csv\nmoves:\n${broken}\n` });
    expect(told(outcome)).toEqual([expect.stringContaining(problem)]);
  });

  it("that is not named is asked for where it is needed", async () => {
    expect(told(await readYaml(moves("{ replace-member: users }")))).toEqual([
      "plan.yaml:3:5 replace-member: users needs a file of old and new addresses -> add users: people.csv at the top, with the columns old,new",
    ]);
  });

  const inFile = "the addresses stand in the file that users names";
  const selected = "say which assets with select, or leave it out";
  it.each([
    ["from: x@y.example", "from", inFile],
    ["to: x@y.example", "to", inFile],
    [`asset: ${id}`, "asset", selected],
    ["title: A*", "title", selected],
    ["type: report", "type", selected],
    ["member: x@y.example", "member", selected],
    ["role: VIEWER", "role", selected],
    ["keep: none", "keep", selected],
  ])("and %s beside it cannot both be meant", async (said, field, remedy) => {
    const outcome = await readPlan({
      yaml: yaml.replace("select: { title: A* }, note: rename", said),
      beside: { "maps/people.csv": "old,new\na@old.example,b@new.example\n" },
    });
    expect(told(outcome)).toEqual([
      expect.stringMatching(
        new RegExp(`^plan\\.yaml:4:\\d+ ${field} is not read by replace-member: users -> ${remedy}$`),
      ),
    ]);
    expect([outcome.requests, outcome.rows]).toEqual([[], 1]);
  });
});

describe("anchors and aliases", () => {
  it("may name single values, across moves", async () => {
    const outcome = await readYaml(
      `version: 1\nx_people:\n  - &boss heir@a.example\nmoves:\n  - { from: &who a@a.example, to: *boss }\n  - { revoke: *who, asset: abc }\n`,
    );
    expect(told(outcome)).toEqual([]);
    expect(outcome.requests).toMatchObject([
      { from: "a@a.example", to: "heir@a.example" },
      { member: { member: "user:a@a.example" } },
    ]);
  });

  it("may not name mappings or lists", async () => {
    const outcome = await readYaml(
      "version: 1\nx_s: &s { owner: a@a.example }\nmoves:\n  - { close-link: true, select: *s }\n",
    );
    expect(told(outcome)).toEqual([expect.stringMatching(/^plan\.yaml:4:33 select must be a mapping/)]);
  });

  it("may not change their meaning", async () => {
    const outcome = await readYaml(
      "version: 1\nx_a: &a a@a.example\nx_b: &a b@a.example\nmoves:\n  - { from: *a, to: c@a.example }\n",
    );
    expect(told(outcome)).toEqual([expect.stringMatching(/^plan\.yaml:3:\d+ the anchor &a is set twice/)]);
  });

  it("cannot be piled up", async () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `x_${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(9)}*l${level}]`,
    );
    const bomb = `version: 1\nx_0: &l0 lol\n${levels.join("\n")}\ntenant: *l30\nprotect: *l30\nmoves: *l29\n`;
    const outcome = await readYaml(bomb);
    expect(outcome.diagnostics.map((one) => one.place.line)).toEqual([33, 34, 35]);
  });
});

describe("a file", () => {
  it.each(["", " \n\t\n", "\n"])("of blanks (%j) is empty", async (yaml) => {
    expect(told(await readYaml(yaml))).toEqual(["plan.yaml:1:1 the file is empty -> begin it with version: 1"]);
  });

  it.each<[string, string]>([
    ["in a flow mapping", "{ version: 1, moves: [\n{ from: a@b.example, to: c@d.example }\n] }"],
    ["in a flow list", "version: 1\nmoves: [ { from: a@b.example, to: c@d.example } ]\n"],
    ["at the margin", "version: 1\nmoves:\n- { from: a@b.example, to: c@d.example }\n"],
    ["behind an anchor", "version: 1\nmoves: &all\n  - { from: a@b.example, to: c@d.example }\n"],
    [
      "below another text of that name",
      "version: 1\nx_a: |\n  moves:\n    - no\nmoves:\n  - { from: a@b.example, to: c@d.example }\n",
    ],
    ["before the settings", "moves:\n  - { from: a@b.example, to: c@d.example }\nversion: 1\n"],
  ])("has its moves %s", async (_, yaml) => {
    const outcome = await readYaml(yaml);
    expect(told(outcome)).toEqual([]);
    expect(outcome.requests).toMatchObject([{ action: "transfer", from: "a@b.example", to: "c@d.example" }]);
  });

  it("with a NUL is not read at all", async () => {
    for (const [yaml, place] of [
      ["\0", "1:1"],
      ["version: 1\nmo\0ves", "2:3"],
    ] as const) {
      expect(told(await readYaml(yaml))).toEqual([
        `plan.yaml:${place} the file contains a NUL character -> save it as plain UTF-8 text`,
      ]);
    }
  });
});

describe("sizes and depths", () => {
  it.each<[string, string]>([
    ["flow lists", "[".repeat(5_000)],
    ["flow mappings", "{a: ".repeat(5_000)],
    ["block lists", "- ".repeat(5_000)],
    ["complex keys", "? ".repeat(5_000)],
    ["maps on one line", "a: ".repeat(20_000)],
    ["closed flow lists", `${"[".repeat(40)}${"]".repeat(40)}`],
  ])("deep %s are refused without being climbed into", async (_, deep) => {
    for (const yaml of [deep, `version: 1\nx_deep: ${deep}`, moves(`{ from: a@b.example, to: ${deep}`)]) {
      expect(told(await readYaml(yaml))).toContainEqual(
        expect.stringMatching(/the nesting is deeper than 32 levels|must be|not YAML/),
      );
    }
  });

  it("a move over 1 MiB is refused and the others are read", async () => {
    const outcome = await readYaml(
      moves(`{ note: "${"x".repeat(1_100_000)}" }`, "{ from: a@b.example, to: c@d.example }"),
    );
    expect(told(outcome)).toEqual([
      expect.stringMatching(/^plan\.yaml:3:1 the move is longer than 1,048,576 characters/),
    ]);
    expect(outcome.requests).toHaveLength(1);
  });

  it("a value over 64 KiB is refused", async () => {
    const outcome = await readYaml(moves(`{ from: a@b.example, to: c@d.example, note: "${"x".repeat(65_537)}" }`));
    expect(told(outcome)).toEqual([expect.stringMatching(/^plan\.yaml:3:49 note is longer than 65,536 characters/)]);
  });

  it("a file over 64 MiB is not held", async () => {
    let produced = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; produced < 2000; produced += 1) yield Buffer.alloc(1024 * 1024, "# \n");
    }
    const reader = new PlanReader();
    await reader.read({ name: "big.yaml", format: "yaml", bytes: endless() }, () => {});
    expect(told(reader.finish())).toEqual([expect.stringMatching(/^big\.yaml:1:1 the file is longer than 64 MiB/)]);
    expect(produced).toBeLessThan(70);
  });

  it("a file over 8 MiB needs its moves one below the other", async () => {
    const outcome = await readYaml(
      `version: 1\nmoves: [\n${"{ from: a@b.example, to: c@d.example },\n".repeat(220_000)}]\n`,
    );
    expect(told(outcome)).toEqual([
      expect.stringMatching(
        /^plan\.yaml:1:1 the file is longer than 8 MiB, and its moves do not stand one below the other/,
      ),
    ]);
  });
});

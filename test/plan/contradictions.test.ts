/** Rows that say the same are merged; rows that cannot both be true name each other. */
import { describe, expect, it } from "vitest";
import { moves, readCsv, readPlan, told } from "./reading.ts";

const one = "2b606487-42c2-416f-98a1-0d8e5a1f0c11";
const two = "2b606487-42c2-416f-98a1-0d8e5a1f0c12";
const header = "action,from,to,asset,type,title,member,role,keep,note\n";
const transfer = (from: string, to: string, rest = ",,,,,,"): string =>
  `transfer,${from}@a.example,${to}@a.example,${rest}\n`;
const pair = (action: string, member: string, role: string, asset = one): string =>
  `${action},,,${asset},,,${member},${role},,\n`;
const link = (action: string, member = "", role = ""): string => `${action},,,${one},,,${member},${role},,\n`;

describe("repeated rows", () => {
  it.each<[string, string, string]>([
    ["word for word", transfer("x", "y"), transfer("x", "y")],
    ["with another note", transfer("x", "y", ",,,,,,first"), transfer("x", "y", ",,,,,,second")],
    ["in another case", transfer("x", "y"), transfer("X", "Y")],
    ["with the default written out", transfer("x", "y"), transfer("x", "y", ",,,,,editor,")],
    [
      "an asset by its id and by its address",
      transfer("x", "y", `${one},,,,,,`),
      transfer("x", "y", `https://lookerstudio.google.com/reporting/${one}/page/1,,,,,,`),
    ],
    ["a grant", pair("grant", "m@a.example", "EDITOR"), pair("grant", "M@a.example", "editor")],
    ["a revoke of every role", pair("revoke", "m@a.example", ""), pair("revoke", "m@a.example", "")],
    ["a set-role", pair("set-role", "group:m@a.example", "VIEWER"), pair("set-role", "group:m@a.example", "VIEWER")],
    ["a set-link", link("set-link", "allUsers", "LINK_VIEWER"), link("set-link", "allusers", "link_viewer")],
    ["a close-link", link("close-link"), link("close-link")],
    [
      "a replace-member",
      "replace-member,x@a.example,y@a.example,,,,,,,\n",
      "replace-member,x@a.example,y@a.example,,,,,,,\n",
    ],
    [
      "an asset whose id is no UUID",
      pair("grant", "m@a.example", "EDITOR", "some_Other-id"),
      pair("grant", "m@a.example", "EDITOR", "some_Other-id"),
    ],
  ])("%s: are merged and counted", async (_, first, second) => {
    const outcome = await readCsv(header + first + second + first);
    expect(told(outcome)).toEqual([]);
    expect([outcome.requests.length, outcome.rows, outcome.duplicates]).toEqual([1, 3, 2]);
    expect(outcome.requests[0]?.place.line).toBe(2);
  });

  it("are merged across files and formats", async () => {
    const outcome = await readPlan(
      { name: "one.csv", csv: header + transfer("x", "y") + pair("grant", "m@a.example", "EDITOR") },
      {
        name: "two.yaml",
        yaml: moves("{ from: x@a.example, to: y@a.example }", `{ grant: m@a.example, role: EDITOR, asset: ${one} }`),
      },
    );
    expect([told(outcome), outcome.requests.length, outcome.duplicates]).toEqual([[], 2, 2]);
  });
});

describe("contradictions name both places, whichever row comes first", () => {
  it.each<[string, string, string, RegExp]>([
    [
      "everything to two heirs",
      transfer("x", "y"),
      transfer("x", "z"),
      /everything of x@a\.example goes to [yz]@a\.example here, and to [yz]@a\.example in/,
    ],
    [
      "one asset to two heirs",
      transfer("x", "y", `${one},,,,,,`),
      transfer("x", "z", `${one},,,,,,`),
      /asset 2b606487\S+ of x@a\.example goes to/,
    ],
    [
      "one title to two heirs",
      transfer("x", "y", ",,A*,,,,"),
      transfer("x", "z", ",,A*,,,,"),
      /every asset titled "A\*" of x@a\.example goes to/,
    ],
    [
      "all types and one type of an asset",
      transfer("x", "y", `${one},,,,,,`),
      transfer("x", "z", `${one},report,,,,,`),
      /goes to/,
    ],
    [
      "an asset whose id is no UUID",
      transfer("x", "y", "other_id,,,,,,"),
      transfer("x", "z", "other_id,,,,,,"),
      /asset other_id of/,
    ],
    [
      "everything to one heir, an asset to another",
      transfer("x", "y"),
      transfer("x", "z", `${one},,,,,,`),
      /everything of x@a\.example goes to y@a\.example, and some of it to z@a\.example: .*Name the assets of each heir by id or title/,
    ],
    [
      "everything to one heir, a title to another",
      transfer("x", "y"),
      transfer("x", "z", ",,A*,,,,"),
      /everything of x@a\.example goes to y@a\.example, and some of it to z@a\.example/,
    ],
    [
      "two things the old owner keeps",
      transfer("x", "y", ",,,,,none,"),
      transfer("x", "y"),
      /under other terms \(keep, owner_change\)/,
    ],
    [
      "everything with one keep, an asset with another",
      transfer("x", "y", ",,,,,none,"),
      transfer("x", "y", `${one},,,,,,`),
      /some of it under other terms/,
    ],
    [
      "grant and revoke of one pair",
      pair("grant", "m@a.example", "EDITOR"),
      pair("revoke", "m@a.example", "EDITOR"),
      /user:m@a\.example (is granted|loses) EDITOR on asset \S+ here, and (is granted|loses) EDITOR in/,
    ],
    [
      "grant, and revoke of every role",
      pair("grant", "m@a.example", "VIEWER"),
      pair("revoke", "m@a.example", ""),
      /loses every role/,
    ],
    [
      "grant and revoke, once as user: and once bare",
      pair("grant", "m@a.example", "VIEWER"),
      pair("revoke", "user:m@a.example", "VIEWER"),
      /loses VIEWER/,
    ],
    [
      "two set-role",
      pair("set-role", "m@a.example", "EDITOR"),
      pair("set-role", "m@a.example", "VIEWER"),
      /is set to VIEWER/,
    ],
    [
      "set-role, and a grant of the other role",
      pair("set-role", "m@a.example", "EDITOR"),
      pair("grant", "m@a.example", "VIEWER"),
      /is granted VIEWER/,
    ],
    [
      "set-role, and a revoke of that role",
      pair("set-role", "m@a.example", "EDITOR"),
      pair("revoke", "m@a.example", "EDITOR"),
      /loses EDITOR/,
    ],
    [
      "set-role, and a revoke of every role",
      pair("set-role", "m@a.example", "EDITOR"),
      pair("revoke", "m@a.example", ""),
      /loses every role/,
    ],
    [
      "two set-link",
      link("set-link", "allUsers", "LINK_VIEWER"),
      link("set-link", "allUsers", "LINK_EDITOR"),
      /link sharing of asset \S+ becomes/,
    ],
    [
      "set-link for two audiences",
      link("set-link", "allUsers", "LINK_VIEWER"),
      link("set-link", "domain:a.example", "LINK_VIEWER"),
      /link sharing/,
    ],
    ["set-link and close-link", link("set-link", "allUsers", "LINK_VIEWER"), link("close-link"), /closed/],
    [
      "a member replaced by two",
      "replace-member,x@a.example,y@a.example,,,,,,,\n",
      "replace-member,x@a.example,z@a.example,,,,,,,\n",
      /user:x@a\.example is replaced by user:[yz]@a\.example here, and by user:[yz]@a\.example in/,
    ],
  ])("%s", async (_, first, second, expected) => {
    for (const rows of [first + second, second + first]) {
      const outcome = await readCsv(header + rows);
      expect(told(outcome)).toEqual([expect.stringMatching(expected)]);
      expect(outcome.diagnostics[0]?.place.line).toBe(3);
      expect(outcome.diagnostics[0]?.problem).toMatch(/plan\.csv:2/);
    }
  });

  it("across files, by their names", async () => {
    const outcome = await readPlan(
      { name: "monday.csv", csv: "from,to\nq@a.example,r@a.example\nx@a.example,y@a.example\n" },
      { name: "friday.yaml", yaml: moves("{ from: x@a.example, to: z@a.example }") },
    );
    expect(told(outcome)).toEqual([expect.stringMatching(/^friday\.yaml:3:5 everything of .* in monday\.csv:3 ->/)]);
  });
});

describe("rows that differ but do not contradict", () => {
  it.each<[string, string, string]>([
    ["two assets to two heirs", transfer("x", "y", `${one},,,,,,`), transfer("x", "z", `${two},,,,,,`)],
    [
      "reports to one heir, data sources to another",
      transfer("x", "y", ",report,,,,,"),
      transfer("x", "z", ",data_source,,,,,"),
    ],
    ["two titles to two heirs", transfer("x", "y", ",,A*,,,,"), transfer("x", "z", ",,B*,,,,")],
    ["everything to an heir, and an asset by name to the same", transfer("x", "y"), transfer("x", "y", `${one},,,,,,`)],
    ["a chain", transfer("x", "y"), transfer("y", "z")],
    ["two owners' assets to one heir", transfer("x", "z"), transfer("y", "z")],
    [
      "grant and revoke of one member on two assets",
      pair("grant", "m@a.example", "EDITOR"),
      pair("revoke", "m@a.example", "EDITOR", two),
    ],
    [
      "grant of one role, revoke of the other",
      pair("grant", "m@a.example", "EDITOR"),
      pair("revoke", "m@a.example", "VIEWER"),
    ],
    [
      "a grant and a revoke for two members",
      pair("grant", "m@a.example", "EDITOR"),
      pair("revoke", "n@a.example", "EDITOR"),
    ],
    [
      "set-role and a grant of the same role",
      pair("set-role", "m@a.example", "EDITOR"),
      pair("grant", "m@a.example", "EDITOR"),
    ],
    [
      "a member replaced by two, on two titles",
      "replace-member,x@a.example,y@a.example,,,A,,,,\n",
      "replace-member,x@a.example,z@a.example,,,B,,,,\n",
    ],
  ])("%s", async (_, first, second) => {
    const outcome = await readCsv(header + first + second);
    expect([told(outcome), outcome.requests.length, outcome.duplicates]).toEqual([[], 2, 0]);
  });

  it("one member replaced by two, each in another role", async () => {
    const outcome = await readPlan({
      yaml: moves(
        "{ replace-member: x@a.example, to: y@a.example, roles: [EDITOR] }",
        "{ replace-member: x@a.example, to: z@a.example, roles: [VIEWER] }",
        "{ replace-member: x@a.example, to: z@a.example, roles: [VIEWER, EDITOR] }",
      ),
    });
    expect(told(outcome)).toEqual([
      expect.stringMatching(
        /^plan\.yaml:5:5 .* replaced by user:z@a\.example here, and by user:y@a\.example in plan\.yaml:3/,
      ),
    ]);
  });
});

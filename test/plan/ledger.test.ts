/** Requests two by two: which say the same, which cannot both be true, and where the other one stands. */
import { describe, expect, it } from "vitest";
import type { AssetType } from "../../src/model/asset.ts";
import type { Request, Selector } from "../../src/model/request.ts";
import { Ledger } from "../../src/plan/ledger.ts";
import type { Verdict } from "../../src/plan/ledger.ts";
import { email, everything, named, transfer, written } from "./compile/world.ts";

const uuid = "2b606487-42c2-416f-98a1-0d8e5a1f0c1";
const one = named(`${uuid}1`);
const titled: Selector = { ...everything, title: "A*" };
const reports: readonly AssetType[] = ["REPORT"];
const dataSources: readonly AssetType[] = ["DATA_SOURCE"];

type Loose<T> = T extends Request ? Omit<T, "place" | "trashed"> : never;
/** A request that stands in line `line` of `file`. */
function at(line: number, request: Loose<Request>, file = "a.csv"): Request {
  return { trashed: "exclude", ...request, place: { file, line, column: 1 } };
}

type Word = "grant E" | "grant V" | "revoke E" | "revoke V" | "revoke" | "set E" | "set V";
const words: readonly Word[] = ["grant E", "grant V", "revoke E", "revoke V", "revoke", "set E", "set V"];
const sayings: Readonly<Record<Word, string>> = {
  "grant E": "is granted EDITOR",
  "grant V": "is granted VIEWER",
  "revoke E": "loses EDITOR",
  "revoke V": "loses VIEWER",
  revoke: "loses every role",
  "set E": "is set to EDITOR",
  "set V": "is set to VIEWER",
};
const excluded: ReadonlySet<string> = new Set(
  [
    ["grant E", "revoke E"],
    ["grant E", "revoke"],
    ["grant E", "set V"],
    ["grant V", "revoke V"],
    ["grant V", "revoke"],
    ["grant V", "set E"],
    ["revoke E", "set E"],
    ["revoke V", "set V"],
    ["revoke", "set E"],
    ["revoke", "set V"],
    ["set E", "set V"],
  ].flatMap(([a, b]) => [`${a}, ${b}`, `${b}, ${a}`]),
);

interface Of {
  readonly select?: Selector;
  readonly member?: string;
  readonly trashed?: "include";
}

function pair(word: Word, { select = one, member = "m@acme.example", ...more }: Of = {}): Loose<Request> {
  const [action, letter] = word.split(" ");
  const common = { ...more, select, member: written(member) };
  const role = letter === "E" ? "EDITOR" : "VIEWER";
  if (action === "revoke") return { ...common, action, role: letter === undefined ? undefined : role };
  return { ...common, action: action === "grant" ? "grant" : "set-role", role };
}

const link = (role: "LINK_VIEWER" | "LINK_EDITOR", member = "allUsers", select = one): Loose<Request> => ({
  action: "set-link",
  select,
  role,
  member: member as never,
});
const close = (select = one): Loose<Request> => ({ action: "close-link", select });
const replace = (
  from: string,
  to: string,
  roles: readonly ("EDITOR" | "VIEWER" | "LINK_VIEWER" | "LINK_EDITOR")[] = ["EDITOR"],
  select: Selector = everything,
): Loose<Request> => ({ action: "replace-member", select, from: written(from), to: written(to), roles });

/** What is said of the second, after the first has been taken for new. */
function second(first: Loose<Request>, other: Loose<Request>): Verdict {
  const ledger = new Ledger();
  expect(ledger.add(at(7, first))).toEqual({ kind: "new" });
  return ledger.add(at(8, other));
}
const kindOf = (first: Loose<Request>, other: Loose<Request>): string => second(first, other).kind;
const problemOf = (verdict: Verdict): string => (verdict.kind === "contradiction" ? verdict.problem : verdict.kind);

describe("what is asked of one member", () => {
  it.each(words.flatMap((a) => words.map((b) => [a, b] as const)))("%s, then %s", (a, b) => {
    const verdict = second(pair(a), pair(b));
    if (a === b) expect(verdict).toEqual({ kind: "duplicate" });
    else if (!excluded.has(`${a}, ${b}`)) expect(verdict).toEqual({ kind: "new" });
    else {
      expect(verdict).toEqual({
        kind: "contradiction",
        problem: `user:m@acme.example ${sayings[b]} on asset ${uuid}1 here, and ${sayings[a]} in a.csv:7`,
        remedy: "keep one of the two",
      });
    }
  });

  it.each<[string, Of, Of, string]>([
    ["one and another member", {}, { member: "n@acme.example" }, "new"],
    ["a person and a group", {}, { member: "group:m@acme.example" }, "new"],
    ["a person and perhaps that person", { member: "user:m@acme.example" }, {}, "contradiction"],
    ["one and another asset", {}, { select: named(`${uuid}2`) }, "new"],
    ["one and another title", { select: titled }, { select: { ...everything, title: "B*" } }, "new"],
    ["a title, and a title of one owner", { select: titled }, { select: { ...titled, owner: email("o") } }, "new"],
    [
      "one and another owner",
      { select: { ...titled, owner: email("o") } },
      { select: { ...titled, owner: email("p") } },
      "new",
    ],
    [
      "one and another audience",
      { select: { ...everything, audience: "public" } },
      { select: { ...everything, audience: "domain" } },
      "new",
    ],
    [
      "one and the same audience",
      { select: { ...everything, audience: "public" } },
      { select: { ...everything, audience: "public" } },
      "contradiction",
    ],
    [
      "reports and data sources",
      { select: { ...one, types: reports } },
      { select: { ...one, types: dataSources } },
      "new",
    ],
    ["reports and everything", { select: { ...one, types: reports } }, {}, "contradiction"],
    ["everything and data sources", {}, { select: { ...one, types: dataSources } }, "contradiction"],
    ["live assets, and trashed ones too", {}, { trashed: "include" }, "contradiction"],
    ["an id that is no UUID", { select: named("some-id") }, { select: named("some-id") }, "contradiction"],
  ])("of %s: granted, then revoked", (_, first, other, kind) => {
    expect(kindOf(pair("grant E", first), pair("revoke E", other))).toBe(kind);
    const isSame = kind === "contradiction" && JSON.stringify(first) === JSON.stringify(other);
    expect(kindOf(pair("grant E", first), pair("grant E", other))).toBe(isSame ? "duplicate" : "new");
  });

  it("is the selector in words", () => {
    const select = { ...everything, title: 'A "*"', owner: email("o"), audience: "public" } as const;
    expect(problemOf(second(pair("grant E", { select }), pair("revoke", { select })))).toContain(
      'on every asset titled "A \\"*\\"" owned by o@acme.example with audience public here, and',
    );
    expect(
      problemOf(second(pair("grant E", { select: everything }), pair("revoke", { select: everything }))),
    ).toContain("on every asset here, and");
  });

  it("stands in whichever file it stands", () => {
    const ledger = new Ledger();
    for (const [index, file] of ["a.csv", "b.csv", "a.csv", "c.csv"].entries()) {
      ledger.add(at(10 + index, pair("grant E", { select: named(`r${index}`) }), file));
    }
    const told = [0, 1, 2, 3].map((index) =>
      problemOf(ledger.add(at(99, pair("revoke", { select: named(`r${index}`) }), "d.csv"))),
    );
    expect(told.map((problem) => problem.split(" in ").at(-1))).toEqual([
      "a.csv:10",
      "b.csv:11",
      "a.csv:12",
      "c.csv:13",
    ]);
  });

  it("goes on being found after others were taken for new, and what contradicted is not kept", () => {
    const ledger = new Ledger();
    ledger.add(at(1, pair("grant E", { trashed: "include" })));
    ledger.add(at(2, pair("grant E", { select: { ...one, types: reports } })));
    ledger.add(at(3, pair("grant V", { member: "n@acme.example" })));
    expect(problemOf(ledger.add(at(4, pair("revoke"))))).toMatch(/granted EDITOR in a\.csv:1$/);
    expect(ledger.add(at(5, pair("grant E")))).toEqual({ kind: "new" });
    expect(ledger.add(at(6, pair("grant E")))).toEqual({ kind: "duplicate" });
  });

  it("names a role that plan files have", () => {
    expect(() => new Ledger().add(at(1, { ...pair("grant E"), role: "COMMENTER" } as never))).toThrow(
      "no plan file can name the role COMMENTER",
    );
  });
});

describe("assets are told apart by every letter of their ids", () => {
  const base = "01234567-89ab-cdef-0123-456789abcdef";
  it.each([
    ...[0, 7, 9, 12, 14, 17, 19, 22, 24, 35].map((index) => [
      base,
      `${base.slice(0, index)}${base[index] === "0" ? "1" : "0"}${base.slice(index + 1)}`,
    ]),
    [base, base.toUpperCase()],
    [base, base.replace("-", "_")],
    [base, base.replaceAll("-", "0")],
    [base, `${base}0`],
    [base, base.slice(1)],
    ["g".repeat(36), "h".repeat(36)],
    [`${base.slice(0, 35)}g`, `${base.slice(0, 35)}h`],
    [`${base.slice(0, 35)}:`, `${base.slice(0, 35)}/`],
    [`${base.slice(0, 35)}\``, `${base.slice(0, 35)}0`],
    ["0".repeat(8), "0".repeat(9)],
    ["a-00000000", "a_00000000"],
    ["80000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"],
    ["ffffffff-ffff-ffff-ffff-ffffffffffff", "7fffffff-ffff-ffff-ffff-ffffffffffff"],
  ])("%s and %s", (first, other) => {
    const grants = (name: string | undefined): Loose<Request> => pair("grant E", { select: named(name ?? "") });
    expect(kindOf(grants(first), grants(other))).toBe("new");
    expect(kindOf(grants(other), grants(first))).toBe("new");
    expect(kindOf(grants(first), grants(first))).toBe("duplicate");
    expect(kindOf(grants(other), grants(other))).toBe("duplicate");
  });
});

describe("link sharing", () => {
  it.each<[Loose<Request>, Loose<Request>, string]>([
    [link("LINK_VIEWER"), link("LINK_VIEWER"), "duplicate"],
    [close(), close(), "duplicate"],
    [
      link("LINK_VIEWER"),
      link("LINK_EDITOR"),
      "becomes LINK_EDITOR for allUsers here, and LINK_VIEWER for allUsers in a.csv:7",
    ],
    [
      link("LINK_VIEWER"),
      link("LINK_VIEWER", "domain:acme.example"),
      "becomes LINK_VIEWER for domain:acme.example here, and LINK_VIEWER for allUsers in",
    ],
    [
      link("LINK_VIEWER"),
      close(),
      `link sharing of asset ${uuid}1 becomes closed here, and LINK_VIEWER for allUsers in a.csv:7`,
    ],
    [close(), link("LINK_EDITOR"), "becomes LINK_EDITOR for allUsers here, and closed in a.csv:7"],
    [close(), link("LINK_EDITOR", "allUsers", named(`${uuid}2`)), "new"],
    [close({ ...one, types: reports }), link("LINK_EDITOR", "allUsers", { ...one, types: dataSources }), "new"],
    [
      close({ ...one, types: reports }),
      link("LINK_EDITOR"),
      "becomes LINK_EDITOR for allUsers here, and closed in a.csv:7",
    ],
  ])("case %#", (first, other, problem) => {
    expect(problemOf(second(first, other))).toContain(problem);
  });
});

type Transfer = Extract<Request, { action: "transfer" }>;
const give = (to: string, more: Partial<Transfer> = {}, from = "x"): Loose<Request> => transfer(from, to, more);

describe("ownership", () => {
  it.each<[string, Loose<Request>, Loose<Request>, string]>([
    ["everything to one heir twice", give("y"), give("y"), "duplicate"],
    [
      "everything to two heirs",
      give("y"),
      give("z"),
      "everything of x@acme.example goes to z@acme.example here, and to y@acme.example in a.csv:7",
    ],
    ["everything of two people", give("y"), give("z", {}, "w"), "new"],
    [
      "everything, with two things kept",
      give("y"),
      give("y", { keep: "none" }),
      "everything of x@acme.example goes to y@acme.example under other terms (keep, owner_change) than in a.csv:7",
    ],
    [
      "everything, with viewer and none kept",
      give("y", { keep: "viewer" }),
      give("y", { keep: "none" }),
      "under other terms",
    ],
    ["everything, compiled and attempted", give("y"), give("y", { ownerChange: "attempt" }), "under other terms"],
    [
      "everything, attempted and compiled",
      give("y", { ownerChange: "attempt" }),
      give("y"),
      "to y@acme.example under other",
    ],
    [
      "everything with nothing kept, and attempted",
      give("y", { keep: "none" }),
      give("y", { ownerChange: "attempt" }),
      "other terms",
    ],
    [
      "a report, and the same as any type",
      give("y", { select: { ...one, types: reports } }),
      give("y", { select: one }),
      "new",
    ],
    [
      "one asset to two heirs",
      give("y", { select: one }),
      give("z", { select: one }),
      `asset ${uuid}1 of x@acme.example goes to z@acme.example here, and to y@acme.example in a.csv:7`,
    ],
    [
      "one asset under two terms",
      give("y", { select: one }),
      give("y", { select: one, keep: "none" }),
      `asset ${uuid}1 of x@acme.example goes to y@acme.example under other terms`,
    ],
    ["two assets to two heirs", give("y", { select: one }), give("z", { select: named("other") }), "new"],
    [
      "one title to two heirs",
      give("y", { select: titled }),
      give("z", { select: titled }),
      'every asset titled "A*" of x@acme.example goes to z',
    ],
    [
      "everything to one, an asset to another",
      give("y"),
      give("z", { select: one }),
      "everything of x@acme.example goes to y@acme.example, and some of it to z@acme.example: this line and a.csv:7",
    ],
    [
      "an asset to one, everything to another",
      give("z", { select: one }),
      give("y"),
      "everything of x@acme.example goes to y@acme.example, and some of it to z@acme.example: this line and a.csv:7",
    ],
    [
      "everything, and an asset under other terms",
      give("y"),
      give("y", { select: one, keep: "none" }),
      "everything of x@acme.example goes to y@acme.example, and some of it under other terms (keep, owner_change), in a.csv:7",
    ],
    ["everything, and an asset of it", give("y"), give("y", { select: one }), "new"],
    [
      "everything public, and everything",
      give("y", { select: { ...everything, audience: "public" } }),
      give("z"),
      "some of it to y@acme.example",
    ],
    [
      "all reports, and a data source",
      give("y", { select: { ...everything, types: reports } }),
      give("z", { select: { ...one, types: dataSources } }),
      "new",
    ],
    [
      "all reports, and all data sources",
      give("y", { select: { ...everything, types: reports } }),
      give("z", { select: { ...everything, types: dataSources } }),
      "new",
    ],
    [
      "all reports, and everything",
      give("y", { select: { ...everything, types: reports } }),
      give("z"),
      "goes to z@acme.example here, and to y@acme.example in a.csv:7",
    ],
    [
      "a data source, and all reports",
      give("y", { select: { ...one, types: dataSources } }),
      give("z", { select: { ...everything, types: reports } }),
      "new",
    ],
  ])("%s", (_, first, other, problem) => {
    expect(problemOf(second(first, other))).toContain(problem);
  });

  it("says what to do instead", () => {
    const remedyOf = (verdict: Verdict): string => (verdict.kind === "contradiction" ? verdict.remedy : verdict.kind);
    expect(remedyOf(second(give("y"), give("z")))).toContain("an asset has one owner");
    expect(remedyOf(second(give("y"), give("z", { select: one })))).toContain(
      "or send everything to y@acme.example and grant z@acme.example EDITOR",
    );
    expect(remedyOf(second(give("y"), give("y", { select: one, keep: "none" })))).toContain(
      "keep the line for everything",
    );
    expect(remedyOf(second(give("y"), give("y", { keep: "none" })))).toBe("keep one of the two");
  });

  it("is compared with the first of many that say the same", () => {
    const ledger = new Ledger();
    for (const [index, name] of ["r1", "r2", "r3"].entries())
      ledger.add(at(1 + index, give("z", { select: named(name) })));
    ledger.add(at(4, give("y", { select: named("r4"), keep: "none" })));
    expect(problemOf(ledger.add(at(9, give("y", { keep: "none" }))))).toMatch(
      /some of it to z@acme\.example: this line and a\.csv:1:1$/,
    );
    const wide = new Ledger();
    wide.add(at(1, give("y", { select: { ...everything, types: reports } })));
    wide.add(at(2, give("z", { select: { ...everything, types: dataSources } })));
    expect(problemOf(wide.add(at(3, give("y", { select: { ...one, types: dataSources } }))))).toMatch(
      /goes to z@acme\.example, and some of it to y@acme\.example: this line and a\.csv:2:1$/,
    );
  });
});

describe("a replacement", () => {
  const [m, n, o] = ["m@acme.example", "n@acme.example", "o@acme.example"];
  it.each<[string, Loose<Request>, Loose<Request>, string]>([
    ["twice", replace(m, n), replace(m, n), "duplicate"],
    [
      "of one by two",
      replace(m, n),
      replace(m, o),
      "user:m@acme.example is replaced by user:o@acme.example here, and by user:n@acme.example in a.csv:7",
    ],
    ["of two by one", replace(m, n), replace(o, n), "new"],
    ["in one role and in another", replace(m, n), replace(m, o, ["VIEWER"]), "new"],
    ["in one role and in both", replace(m, n, ["VIEWER"]), replace(m, o, ["EDITOR", "VIEWER"]), "is replaced by"],
    ["in both roles and in one of them", replace(m, n, ["EDITOR", "VIEWER"]), replace(m, n, ["VIEWER"]), "duplicate"],
    ["in one role and in both, by the same", replace(m, n), replace(m, n, ["EDITOR", "VIEWER"]), "new"],
    [
      "of a domain in its link roles",
      replace("domain:a.example", n, ["LINK_VIEWER"]),
      replace("domain:a.example", o, ["LINK_EDITOR"]),
      "new",
    ],
    ["by one and perhaps by the same", replace(m, n), replace(m, `user:${n}`), "new"],
    ["here and elsewhere", replace(m, n), replace(m, o, ["EDITOR"], one), "new"],
  ])("%s", (_, first, other, problem) => {
    expect(problemOf(second(first, other))).toContain(problem);
  });

  it("says what to do instead", () => {
    expect(second(replace(m, n), replace(m, o))).toMatchObject({
      remedy: "keep one of the two, or grant the second person the role in a row of its own",
    });
  });
});

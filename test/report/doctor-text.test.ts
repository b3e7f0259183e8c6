/** An examination on a terminal: words beside colours, one line where it fits, nothing cut that is to be copied. */
import { describe, expect, it } from "vitest";
import type { CheckResult, Checkup } from "../../src/model/doctor.ts";
import { advised, failed, passed, unknown, unknownBecause } from "../../src/model/doctor.ts";
import { doctorJson } from "../../src/report/doctor-json.ts";
import { doctorText } from "../../src/report/doctor-text.ts";
import { cells, plainStyle } from "../../src/report/style.ts";

const subject = { group: "grants", area: "access", isNeeded: true } as const;
const longScopes = Array.from(
  { length: 8 },
  (_, index) => `https://www.googleapis.com/auth/scope.number.${index}`,
).join(",");

const checks: readonly CheckResult[] = [
  { ...subject, id: "node", group: "machine", title: "Node", ...passed("20.20.2"), area: "setup" },
  {
    ...subject,
    id: "scope:one",
    title: "datastudio.readonly",
    ...failed("not granted, for inventory: 401 unauthorized_client: Client is unauthorized to retrieve access tokens", {
      action: "add this scope to the entry of client 104000000000000000001",
      url: "https://admin.google.com/ac/owl/domainwidedelegation",
      enter: [{ field: "OAuth scopes", value: longScopes }],
      command: "handover help auth",
    }),
    area: "access",
  },
  { ...subject, id: "two", title: "\u001b[31mevil\u202e", ...unknownBecause("scope:one"), area: "access" },
  { ...subject, id: "age", title: "age", ...advised("old"), area: "setup" },
];

function checkup(of: readonly CheckResult[]): Checkup {
  return {
    checks: of,
    hosts: [],
    scopes: [],
    admin: "admin@acme.example",
    tenant: undefined,
    toolVersion: "0.1.0",
    at: Date.UTC(2026, 10, 22),
  };
}

describe("an examination as text", () => {
  const lines = doctorText(checkup(checks), "handover doctor", plainStyle);

  it("says each verdict in a word, with the evidence beside it where it fits", () => {
    expect(lines).toContain("  = pass    Node  20.20.2");
    expect(lines).toContain("  x FAIL    datastudio.readonly");
    expect(lines.some((line) => line.startsWith("  ? unknown"))).toBe(true);
    expect(lines.some((line) => line.startsWith("  ! advice"))).toBe(true);
  });

  it("keeps what is to be copied on one line, and everything else within eighty cells", () => {
    const copied = lines.filter((line) => /^ {15}(?:command|page|OAuth scopes) /.test(line));
    expect(copied).toEqual([
      "               command      handover help auth",
      "               page         https://admin.google.com/ac/owl/domainwidedelegation",
      `               OAuth scopes ${longScopes}`,
    ]);
    expect(lines.filter((line) => !copied.includes(line) && cells(line) > 80)).toEqual([]);
  });

  it("makes foreign text harmless", () => {
    expect(lines.join("\n")).toContain("\\u{1b}[31mevil\\u{202e}");
  });

  it("ends with sums, what to mend, and the command to type then", () => {
    expect(lines.slice(-4)).toEqual([
      "",
      "Checks    1 passed · 1 failed · 1 advised · 1 unknown because of these",
      "Verdict   mend 1 thing first: datastudio.readonly",
      "Next      handover doctor",
    ]);
  });

  it("goes on to planning when nothing stands in the way", () => {
    const last = doctorText(checkup(checks.slice(0, 1)), "handover doctor", plainStyle).slice(-2);
    expect(last).toEqual(["Verdict   nothing stands in the way", "Next      handover plan moves.csv -o friday"]);
  });

  it("says a fix once, and a cause once for a group that follows from it", () => {
    const fix = { action: "edit the entry", url: "https://admin.google.com/ac/owl/domainwidedelegation" };
    const finding = (id: string): CheckResult => ({ ...subject, id, title: id, ...failed("no", fix), area: "access" });
    const following = (id: string): CheckResult => ({
      ...subject,
      group: "rights",
      id,
      title: id,
      ...unknownBecause("one"),
      area: "access",
    });
    const given = [finding("one"), finding("two"), following("users"), following("groups")];
    const text = doctorText(checkup(given), "handover doctor", plainStyle);
    expect(text.filter((line) => line.includes("edit the entry"))).toHaveLength(1);
    expect(text).toContain("            -> the same as for one");
    expect(text).toContain('  ? unknown not looked at because of "one": users, groups');
  });

  it("does not call unknown what is needed a success", () => {
    const dark = {
      ...subject,
      id: "dark",
      title: "dark",
      ...unknown("no result within 10 s"),
      area: "access",
    } as const;
    const text = doctorText(checkup([dark]), "handover doctor", plainStyle).join("\n");
    expect(text).toContain("nothing failed, but something needed could not be told");
  });

  it("has colour only where the style has it", () => {
    expect(lines.join("\n")).not.toContain("\u001b[");
    expect(doctorText(checkup(checks), "handover doctor", { ...plainStyle, color: true }).join("\n")).toContain(
      "\u001b[31m",
    );
  });
});

describe("an examination as JSON", () => {
  it("is one versioned document", () => {
    const document: unknown = JSON.parse(doctorJson(checkup(checks)));
    expect(document).toMatchObject({
      type: "doctor",
      version: 1,
      at: "2026-11-22T00:00:00.000Z",
      admin: "admin@acme.example",
      sums: { pass: 1, fail: 2, advice: 1, unknown: 1, following: 1 },
      hindrances: ["access", "other"],
      checks: [{ id: "node" }, { id: "scope:one", verdict: "fail" }, { because: "scope:one" }, { isAdvice: true }],
    });
  });
});

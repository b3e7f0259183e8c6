/** An audit from the command line: every rule finds what was planted for it, in every format, and its plan remedies it. */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse as parseCsv } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditRules } from "../../src/audit/rules.ts";
import { allUsers } from "../../src/model/member.ts";
import { namesToAllow } from "../../src/report/words.ts";
import { expected, hostileTitle, plantedTenant } from "./planted.ts";
import { Scene } from "./scene.ts";

let scene: Scene;
const spaces = /\s+/g;
const rule = "--editors-max 3";

interface Found {
  readonly rule: string;
  readonly severity: string;
  readonly asset: { readonly name: string };
  readonly member?: string;
  readonly role?: string;
  readonly fix?: Readonly<Record<string, string>>;
  readonly accepted?: { readonly reason: string };
  readonly change?: string;
}

beforeAll(async () => {
  scene = await Scene.start({ world: plantedTenant(), transferPace: { startMs: 10, perAssetMs: 1 } });
  await scene.prints("inventory -o tenant");
});

afterAll(async () => {
  await scene.close();
});

async function findings(line: string): Promise<readonly Found[]> {
  return (await scene.json(`${line} --json`))["findings"] as readonly Found[];
}

/** What the built command prints: the program of the pages exists only there. */
async function built(line: string): Promise<string> {
  const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
  const options = { cwd: scene.folder, env: { PATH: process.env["PATH"], HOME: scene.folder }, maxBuffer: 1e8 };
  return (await promisify(execFile)(process.execPath, [main, ...line.split(" ")], options)).stdout;
}

const named = (found: readonly Found[]): readonly string[] =>
  found.map((each) => `${each.rule} ${each.asset.name}`).toSorted();

describe("an audit", () => {
  it("of a tenant in which every rule is broken once reports each of them, and no other", async () => {
    expect(new Set(expected.map((each) => each.split(" ")[0]))).toEqual(new Set(auditRules.map((each) => each.id)));
    expect(named(await findings(`audit tenant ${rule}`))).toEqual(expected);
  });

  it("of the live tenant finds the same, and leaves no file behind", async () => {
    const before = [await readdir(scene.folder), await leftOver()];
    expect(named(await findings(`audit ${rule}`))).toEqual(expected);
    expect([await readdir(scene.folder), await leftOver()]).toEqual(before);
  });

  it("asks only the rules it is told to", async () => {
    expect(named(await findings("audit tenant --rules stale,owner-deleted"))).toEqual(["owner-deleted g1", "stale a1"]);
    expect(await findings("audit tenant --rules many-editors")).toEqual([]);
  });

  it("counts a trusted domain as inside", async () => {
    const found = named(await findings(`audit tenant --trusted partner.example ${rule}`));
    expect(expected.filter((each) => !found.includes(each))).toEqual([
      "external-editor x1",
      "external-viewer x2",
      "owner-outside o1",
    ]);
  });

  it.each([
    ["--rules no-such-rule", "there is no rule no-such-rule"],
    ["--trusted not_a_domain", "--trusted"],
    ["--fail-on never", "--fail-on does not know never"],
    ["--write-baseline b.yaml", "says why"],
    ["--reason why", "--write-baseline"],
    ["--baseline none.yaml", "there is no baseline none.yaml"],
    ["--compare none", "there is no snapshot none"],
    ["--fix-plan fix.txt", "fix.txt"],
    ["--leavers none.csv", "there is no file none.csv"],
    ["--leavers people.csv --fail-on high", "would do nothing beside --leavers"],
  ])("is not guessed from %s", async (options, words) => {
    await scene.write("people.csv", "email\nown@acme.example\n");
    const { code, err } = await scene.handover(`audit tenant ${options}`);
    expect(code).toBe(3);
    expect(err.replaceAll(spaces, " ")).toContain(words);
  });
});

async function leftOver(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith("handover-audit-"));
}

describe("--fail-on", () => {
  it.each([
    ["critical", "owner-deleted", 2],
    ["critical", "public-link-view", 0],
    ["high", "public-link-view", 2],
    ["high", "owner-deleted", 2],
    ["high", "no-second-editor", 0],
    ["medium", "no-second-editor", 2],
    ["low", "many-editors,deleted-principal", 2],
    ["low", "stale", 0],
    ["info", "stale", 2],
    ["coverage", "stale", 2],
    ["new", "stale", 0],
    ["critical,info", "stale", 2],
  ])("%s, where %s is asked, exits %i+", async (condition, rules, code) => {
    expect((await scene.handover(`audit tenant --rules ${rules} --fail-on ${condition}`)).code).toBe(code);
  });

  it("new fails only where something is new since the snapshot compared with", async () => {
    const asset = scene.google.emulator.state.assets.get("ok");
    if (asset === undefined) throw new Error("it is gone");
    expect((await scene.handover("audit tenant --compare tenant --fail-on new")).code).toBe(0);
    const before = asset.roles;
    const roles = new Map(before).set("LINK_VIEWER", [allUsers]);
    scene.google.emulator.state.setRoles(asset, roles, { at: Date.now(), actor: "own@acme.example", via: "person" });
    await scene.prints("inventory -o later");
    scene.google.emulator.state.setRoles(asset, before, { at: Date.now(), actor: "own@acme.example", via: "person" });
    const found = await findings("audit later --compare tenant");
    expect(found.filter((each) => each.change === "new").map((each) => each.rule)).toContain("public-link-view");
    expect(found.filter((each) => each.change === "new").every((each) => each.asset.name === "ok")).toBe(true);
    expect((await scene.handover("audit later --compare tenant --fail-on new")).code).toBe(2);
    const back = await findings("audit tenant --compare later");
    expect(named(back.filter((each) => each.change === "fixed"))).toContain("public-link-view ok");
  });
});

describe("a baseline", () => {
  it("that accepts everything leaves nothing open, and says why", async () => {
    const { code } = await scene.handover(
      "audit tenant -o before.txt --write-baseline all.yaml --until 2099-12-31 --reason",
      {
        words: ['reviewed by Ed: "fine"'],
      },
    );
    expect(code).toBe(0);
    expect((await scene.handover("audit tenant --baseline all.yaml --fail-on info")).code).toBe(0);
    const found = await findings("audit tenant --baseline all.yaml");
    expect(found.every((each) => each.accepted?.reason === 'reviewed by Ed: "fine"')).toBe(true);
    expect((await scene.handover("audit tenant --write-baseline all.yaml --reason again")).code).toBe(3);
  });

  it("no longer holds the day after its last, and tells of entries that stand for nothing", async () => {
    const entries = [
      '{ rule: stale, asset: a1, reason: "old", until: 2020-01-01 }',
      '{ rule: stale, asset: gone, reason: "nothing there" }',
      '{ rule: no-second-editor, asset: n1, reason: "alone" }',
    ];
    await scene.write("some.yaml", `version: 1\naccepted:\n${entries.map((each) => `  - ${each}\n`).join("")}`);
    const view = await scene.json(`audit tenant ${rule} --baseline some.yaml --json`);
    expect(view["baseline"]).toEqual({ name: "some.yaml", entries: 3, expired: 1, unused: 1 });
    const accepted = (view["findings"] as readonly Found[]).filter((each) => each.accepted !== undefined);
    expect(named(accepted)).toEqual(["no-second-editor n1"]);
    const text = await scene.prints("audit tenant --baseline some.yaml");
    expect(text).toContain("some.yaml");
  });

  it.each([
    ["no version", "accepted: []\n", ":1:1"],
    ["another version", "version: 2\naccepted: []\n", ":1:10"],
    ["a key nobody knows", "version: 1\naccepted:\n  - { rule: stale, reason: x, colour: red }\n", ":3:5"],
    ["no reason", "version: 1\naccepted:\n  - { rule: stale }\n", ":3:5"],
    ["an empty reason", 'version: 1\naccepted:\n  - { rule: stale, reason: "" }\n', ":3:28"],
    ["no day", "version: 1\naccepted:\n  - { rule: stale, reason: x, until: soon }\n", ":3:38"],
    [
      "a day that does not exist",
      "version: 1\naccepted:\n  - { rule: stale, reason: x, until: 2026-02-30 }\n",
      ":3:38",
    ],
    ["the same key twice", "version: 1\nversion: 1\naccepted: []\n", ":2:1"],
    ["no YAML", "version: [\n", ":2:1"],
    ["an alias", "version: 1\naccepted: [&a { rule: stale, reason: x }, *a]\n", ":2:43"],
    ["an alias of nothing", "version: 1\naccepted: [*a]\n", ":2:12"],
    ["a list", "- 1\n", ":1:1"],
  ])("with %s is refused at its place", async (_, text, place) => {
    await scene.write("bad.yaml", text);
    const { code, err } = await scene.handover("audit tenant --baseline bad.yaml");
    expect(code).toBe(3);
    expect(err).toContain(`bad.yaml${place}`);
  });
});

describe("the plan of an audit", () => {
  it.each(["csv", "yaml"])("as %s is one that plan takes", async (format) => {
    await scene.prints(`audit tenant ${rule} --fix-plan fix.${format} -o fix-${format}.txt`);
    expect((await scene.handover(`plan fix.${format} --snapshot tenant -o fix-${format}`)).code).toBe(0);
  });

  it("once carried out leaves none of the findings it was made for but those the sheet hands to people", async () => {
    const own = await Scene.start({ world: plantedTenant(), transferPace: { startMs: 10, perAssetMs: 1 } });
    try {
      await own.prints("inventory -o before");
      const found = (await own.json(`audit before ${rule} --fix-plan fix.csv --json`))["findings"] as readonly Found[];
      const fixed = found.filter((each) => each.fix !== undefined);
      expect(new Set(fixed.map((each) => each.fix?.["action"]))).toEqual(
        new Set(["close-link", "set-link", "revoke", "transfer"]),
      );
      await own.prints("plan fix.csv -o fix");
      const { header } = await own.json("show fix --json");
      const hazards = namesToAllow(header as Parameters<typeof namesToAllow>[0]);
      await own.prints(`apply fix --yes${hazards.map((name) => ` --allow ${name}`).join("")}`);
      await own.prints("verify fix");
      await own.prints("inventory -o after");
      const left = named((await own.json(`audit after ${rule} --json`))["findings"] as readonly Found[]);
      expect(named(fixed).filter((each) => left.includes(each))).toEqual(["owner-suspended s1"]);
      expect(await own.prints("report fix --handover-sheet --csv")).toMatch(/s1.*sam@acme\.example/);
    } finally {
      await own.close();
    }
  });
});

describe("the formats of an audit", () => {
  it("as SARIF hold what readers of SARIF need", async () => {
    const sarif = JSON.parse(await scene.prints(`audit tenant ${rule} --format sarif`)) as {
      readonly version: string;
      readonly runs: readonly {
        readonly tool: {
          readonly driver: { readonly name: string; readonly rules: readonly { readonly id: string }[] };
        };
        readonly results: readonly {
          readonly ruleId: string;
          readonly ruleIndex: number;
          readonly level: string;
          readonly message: { readonly text: string };
          readonly locations: readonly {
            readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
          }[];
          readonly partialFingerprints: Readonly<Record<string, string>>;
        }[];
      }[];
    };
    expect(sarif.version).toBe("2.1.0");
    const [run] = sarif.runs;
    if (run === undefined) throw new Error("there is no run");
    expect(run.tool.driver.name).toBe("handover");
    expect(run.results.length).toBe(expected.length);
    for (const result of run.results) {
      expect(run.tool.driver.rules[result.ruleIndex]?.id).toBe(result.ruleId);
      expect(["error", "warning", "note"]).toContain(result.level);
      expect(result.message.text).not.toBe("");
      for (const { physicalLocation } of result.locations)
        expect(() => new URL(physicalLocation.artifactLocation.uri)).not.toThrow();
    }
    const prints = run.results.map((result) => JSON.stringify(result.partialFingerprints));
    expect(new Set(prints).size).toBe(prints.length);
  });

  it("as CSV are rows of one width, no cell of which a spreadsheet would carry out", async () => {
    const rows = parseCsv(await scene.prints(`audit tenant ${rule} --format csv`), { bom: true });
    expect(rows.length).toBe(expected.length + 1);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
    expect(rows.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
    expect(rows.flat().some((cell) => cell.startsWith(`'=HYPERLINK`))).toBe(true);
  });

  it.each(["text", "md", "csv", "json", "sarif", "html"])("as %s show a hostile title inert", async (format) => {
    const shown = await built(`audit tenant ${rule} --all --format ${format}`);
    expect(shown).not.toContain("\u001B");
    expect(shown).not.toContain("\u202E");
    if (format === "html") expect(shown).not.toContain("<img src=x");
    if (format === "md") expect(shown).not.toContain("[a](http://evil.example)");
    if (format === "json") {
      const titles = (JSON.parse(shown) as { findings: { asset: { title: string } }[] }).findings.map(
        (each) => each.asset.title,
      );
      expect(titles).toContain(hostileTitle);
    }
  });

  it("as text and Markdown say at their head what could not be seen", async () => {
    for (const format of ["text", "md"]) {
      const text = await scene.prints(`audit tenant --format ${format}`);
      expect(text).toContain("INCOMPLETE");
      expect(text).toMatch(/permission/i);
    }
  });
});

describe("off-boarding readiness", () => {
  const readiness = async (list: string, format = "json"): Promise<string> => {
    await scene.write("leavers.csv", list);
    return built(`audit tenant --leavers leavers.csv --format ${format}`);
  };

  it("says what each leaver takes along, under the alias too, and who would take over", async () => {
    const view = JSON.parse(
      await readiness(
        "email,suspended_on,deleted_on,heir\nown.alias@acme.example,2026-12-01,2026-12-31,heir@acme.example\n",
      ),
    ) as { readonly leavers: readonly Record<string, unknown>[] };
    expect(view.leavers).toHaveLength(1);
    expect(view.leavers[0]).toMatchObject({
      email: "own@acme.example",
      state: "active",
      suspendedOn: "2026-12-01",
      lastDay: "2027-01-20",
      heir: { email: "heir@acme.example", isActive: true },
    });
    expect(JSON.stringify(view.leavers[0]?.["heirs"])).toContain("ed@acme.example");
  });

  it.each([
    ["somebody nobody knows", "no.one@acme.example", "missing"],
    ["somebody outside", "eve@partner.example", "outside"],
    ["somebody suspended", "sam@acme.example", "suspended"],
    ["somebody deleted", "del@acme.example", "deleted"],
    ["a group", "crew@acme.example", "not a person"],
  ])("says so of %s", async (_, email, state) => {
    const { leavers } = JSON.parse(await readiness(`email\n${email}\n`)) as { leavers: readonly { state: string }[] };
    expect(leavers[0]?.state).toBe(state);
  });

  it.each([
    ["a day that does not exist", "own@acme.example,2026-02-30,,", ":2:2"],
    ["a day in other words", "own@acme.example,,31.12.2026,", ":2:3"],
    ["a deletion before the suspension", "own@acme.example,2026-12-31,2026-12-01,", ":2:3"],
    ["an heir who is the leaver", "own@acme.example,,,own@acme.example", ":2:4"],
    ["an heir who is the leaver by an alias", "own@acme.example,,,own.alias@acme.example", ":2:4"],
    ["a leaver under two addresses", "own@acme.example,,,\nown.alias@acme.example,,,heir@acme.example", ":3:1"],
    ["an heir who is no address", "own@acme.example,,,heir", ":2:4"],
  ])("is refused for %s, at its place", async (_, row, place) => {
    await scene.write("bad.csv", `email,suspended_on,deleted_on,heir\n${row}\n`);
    const { code, err } = await scene.handover("audit tenant --leavers bad.csv");
    expect(code).toBe(3);
    expect(err).toContain(`bad.csv${place}`);
  });

  it.each(["text", "md", "csv", "json", "html"])("as %s shows a hostile title inert", async (format) => {
    const shown = await readiness("email\nown@acme.example\ned@acme.example\n", format);
    expect(shown).not.toContain("\u001B");
    expect(shown).not.toContain("\u202E");
    expect(shown).toContain(format === "html" ? "<!doctype html>" : "own@acme.example");
  });

  it.each([
    ["csv", "own@acme.example,heir@acme.example,"],
    ["yaml", '  - { from: "own@acme.example", to: "heir@acme.example", note: '],
  ])("writes the plan that hands everything over to the heirs named, as %s", async (format, row) => {
    await scene.write("leavers.csv", "email,heir\nown@acme.example,heir@acme.example\n");
    const plan = `leavers-plan.${format}`;
    await scene.prints(`audit tenant --leavers leavers.csv --fix-plan ${plan} -o readiness-${format}.txt`);
    expect(await scene.read(plan)).toContain(row);
    expect((await scene.handover(`plan ${plan} --snapshot tenant -o leavers-${format}`)).code).toBe(0);
  });
});

/** Every guard, at plan and at apply: at the limit it lets through, one beyond it refuses by its own name, and nothing is sent. */
import { copyFile, mkdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { Scene, later } from "./scene.ts";
import type { Ran } from "./scene.ts";

let scene: Scene;
let settings: string;
let figures: Readonly<Record<string, number>>;
let first: { readonly name: string; readonly title: string };
let copies = 0;

interface PlanJson {
  readonly header: {
    readonly totals: Readonly<Record<string, number>> & { readonly mostOfOneOwner: { readonly changes: number } };
    readonly coverage: { readonly assetsRead: number };
  };
  readonly steps: readonly {
    readonly asset: { readonly name: string; readonly title: string };
    readonly base: object;
  }[];
}

beforeAll(async () => {
  scene = await Scene.start({ seed: 7, users: 20, assets: 100 });
  settings = await scene.read("handover.yaml");
  const head = "action,from,title,asset,member,role\n";
  const grants = "grant,anna@acme.example,EMEA *,,heir@acme.example,VIEWER\n";
  await scene.write("small.csv", head + grants);
  const small = JSON.parse(await scene.prints("plan small.csv -o small --json --all")) as PlanJson;
  const one = small.steps.find(({ base }) => !JSON.stringify(base).includes("allUsers"));
  if (one === undefined) throw new Error("the tenant has no such asset");
  first = one.asset;
  const rows = [
    "grant,anna@acme.example,EMEA *,,stranger@elsewhere.example,VIEWER",
    "grant,ben@acme.example,*,,heir@acme.example,VIEWER",
    `set-link,,,${first.name},allUsers,LINK_VIEWER`,
  ];
  await scene.write("moves.csv", `${head}${grants}${rows.join("\n")}\n`);
  const { header } = JSON.parse(await scene.prints("plan moves.csv -o master --json --all")) as PlanJson;
  const { totals } = header;
  figures = {
    changes: totals["changes"] ?? 0,
    percent: Math.round((10_000 * (totals["assetsTouched"] ?? 0)) / header.coverage.assetsRead) / 100,
    perOwner: totals.mostOfOneOwner.changes,
    external: totals["newExternal"] ?? 0,
    public: totals["newPublic"] ?? 0,
  };
  for (const figure of Object.values(figures)) expect([figures, figure > 0]).toEqual([figures, true]);
});

afterAll(async () => {
  await scene.close();
});

async function fresh(): Promise<string> {
  copies += 1;
  await mkdir(scene.path(`copy-${copies}`));
  await copyFile(scene.path("master.handover"), scene.path(`copy-${copies}/friday.handover`));
  return `copy-${copies}/friday`;
}

const allowed = "--yes --allow new-external,new-public";

/** Runs a line under settings of its own, and answers what was written to the server meanwhile. */
async function under(
  more: string,
  line: string,
  given: Parameters<Scene["handover"]>[1] = {},
): Promise<Ran & { writes: number }> {
  await scene.write("handover.yaml", settings + more);
  const before = scene.google.emulator.log.writes;
  const ran = await scene.handover(line.trim(), given);
  await scene.write("handover.yaml", settings);
  return { ...ran, err: ran.err.replace(/\s+/g, " "), writes: scene.google.emulator.log.writes - before };
}

const limits = [
  ["changes", "--max-changes", "changes"],
  ["percent", "--max-percent", "percent_of_assets"],
  ["perOwner", "--max-per-owner", "per_owner"],
  ["external", "--max-new-external", "new_external"],
  ["public", "--max-new-public", "new_public"],
] as const;

/** Just below the figure: by one, or for a share by a tenth. */
function below(figure: (typeof limits)[number][0]): number {
  const value = figures[figure] ?? 0;
  return figure === "percent" ? Math.floor(value * 10 - 1) / 10 : value - 1;
}

describe.each(limits)("the limit of %s", (figure, flag, key) => {
  it("lets a plan through that comes up to it, by option, settings or plan file", async () => {
    const value = figure === "percent" ? Math.ceil((figures[figure] ?? 0) * 10) / 10 : figures[figure];
    expect((await under("", `plan moves.csv -o at-${figure} --replace ${flag} ${value}`)).code).toBe(0);
    expect((await under(`limits: { ${key}: ${value} }\n`, `plan moves.csv -o at-${figure} --replace`)).code).toBe(0);
    expect((await under("", `apply at-${figure} ${allowed} ${flag} ${value} --window never`, {})).err).toContain(
      "--window",
    );
  });

  it.each([
    ["option", () => ["", `${flag} ${below(figure)}`, flag]],
    ["settings", () => [`limits: { ${key}: ${below(figure)} }\n`, "", "handover.yaml:6:"]],
    [
      "profile",
      () => [`profiles: { acme: { limits: { ${key}: ${below(figure)} } } }\n`, "--profile acme", "handover.yaml:6:"],
    ],
  ] as const)("makes no run and sends nothing beyond it, and says where it was set: by %s", async (_, given) => {
    const [more = "", option = "", from = ""] = given();
    const planned = await under(more, `plan moves.csv -o beyond ${option}`);
    expect([planned.code, planned.writes]).toEqual([6, 0]);
    expect(planned.err).toContain(`${key} allows ${below(figure)}`);
    expect(planned.err).toContain(from);
    expect(planned.err).toContain("on purpose");
    expect((await scene.handover("show beyond")).code).toBe(3);
    const applied = await under(more, `apply ${await fresh()} ${allowed} ${option}`);
    expect([applied.code, applied.writes]).toEqual([6, 0]);
    expect(applied.err).toContain(`${key} allows ${below(figure)}`);
    expect(applied.err).toContain(from);
    expect(applied.err).toContain("on purpose");
  });

  it("makes no run beyond what the plan file itself says", async () => {
    const moves = `version: 1\nlimits: { ${key}: ${below(figure)} }\nmoves:\n`;
    const rows = [
      `  - { grant: stranger@elsewhere.example, role: VIEWER, select: { owner: anna@acme.example, title: "EMEA *" } }`,
      `  - { grant: heir@acme.example, role: VIEWER, select: { owner: anna@acme.example, title: "EMEA *" } }`,
      `  - { grant: heir@acme.example, role: VIEWER, select: { owner: ben@acme.example } }`,
      `  - { set-link: LINK_VIEWER, member: allUsers, select: { asset: ${first.name} } }`,
    ];
    await scene.write("moves.yaml", `${moves}${rows.join("\n")}\n`);
    const { code, err } = await under("", "plan moves.yaml -o beyond");
    expect([code, err]).toEqual([6, expect.stringContaining("(moves.yaml:2:")]);
  });
});

describe("what settings protect", () => {
  const rules = (): readonly (readonly [string, string])[] => [
    ["its owner", "{ owner: anna@acme.example }"],
    ["its title", `{ title: "${first.title.slice(0, 6)}*" }`],
    ["its id", `{ asset: ${first.name} }`],
    ["a member", "{ member: stranger@elsewhere.example }"],
  ];

  it.each([0, 1, 2, 3])("makes no run, and is not touched by one made elsewhere: rule %d", async (index) => {
    const [, rule = ""] = rules()[index] ?? [];
    const more = `protect: [ ${rule} ]\n`;
    const planned = await under(more, "plan moves.csv -o beyond");
    expect([planned.code, planned.writes]).toEqual([6, 0]);
    expect(planned.err).toContain("protected by protect[0] (handover.yaml:6:12)");
    const applied = await under(more, `apply ${await fresh()} ${allowed}`);
    expect([applied.code, applied.writes]).toEqual([6, 0]);
    expect(applied.err).toMatch(/step \d+ .*which protect\[0\] \(handover\.yaml:6:12\) protects/);
  });

  it.each([
    ["{ owner: leaver@acme.example }", /step 1 moves everything leaver@acme\.example owns, which protect\[0\]/],
    ['{ title: "*" }', /step 1 moves everything leaver@acme\.example owns, .* among it, which protect\[0\]/],
    ['{ title: "?*", owner: leaver@acme.example }', /among it, which protect\[0\] \(handover\.yaml:6:12\) protects/],
  ])("does not go along with a whole user either: %s", async (rule, sentence) => {
    await scene.write("leaver.csv", "from,to\nleaver@acme.example,heir@acme.example\n");
    await scene.prints("plan leaver.csv -o leaver --replace");
    const ran = await under(
      `protect: [ ${rule} ]\n`,
      "apply leaver --yes --allow whole-user-transfer,moves-unnamed-assets",
    );
    expect([ran.code, ran.writes]).toEqual([6, 0]);
    expect(ran.err).toMatch(sentence);
  });

  it("holds back no run that leaves it alone", async () => {
    const more = `protect: [ { owner: cfo@acme.example }, { title: "No such title *" }, { asset: ${first.name}, member: nobody@acme.example } ]\n`;
    expect((await under(more, "plan small.csv -o free --replace")).code).toBe(0);
  });
});

describe("an apply under guards", () => {
  it.each([
    ["the age of the run, by settings", "limits: { age: 1h }\n", "", 7_200_000, 6, "handover.yaml:6:16 permits 60 min"],
    ["the age of the run, by option", "", "--max-age 1h", 7_200_000, 6, "--max-age permits 60 min"],
    ["a window that is closed, by settings", `windows: [ "${closedNow()}" ]\n`, "", 0, 6, "--outside-window"],
    ["a window that is closed, by option", "", "", 0, 6, "leave --window out"],
    ["a wish that contradicts itself", "", "--outside-window --window x", 0, 3, "contradict"],
    ["waves that do not rise", "", "--canary 5%,1%", 0, 3, "1 % is not more than 5 %"],
    ["waves behind the last", "", "--canary 100%,200", 0, 3, "is not more than 100 %"],
    ["a wave of nothing", "", "--canary 0,5", 0, 3, "no size of a wave"],
    ["a rate that is none", "", "--max-failure-rate often", 0, 3, "percentage"],
    ["a drift that is none", "", "--max-drift 101%", 0, 3, "percentage"],
  ])("sends nothing for %s", async (name, more, option, ageMs, code, word) => {
    const words = name.endsWith("closed, by option") ? ["--window", closedNow()] : [];
    const line = `apply ${await fresh()} ${allowed}${option === "" ? "" : ` ${option}`}`;
    const ran = await under(more, line, { words, clock: ageMs === 0 ? wallClock : later(ageMs) });
    expect([ran.code, ran.writes]).toEqual([code, 0]);
    expect(ran.err).toContain(word);
  });

  it("says as JSON which rule stopped it", async () => {
    const { out } = await under("limits: { changes: 1 }\n", `apply ${await fresh()} ${allowed} --json`);
    expect(JSON.parse(out)).toMatchObject({ type: "error", kind: "guard", rule: "changes", exitCode: 6 });
  });

  it("goes on outside its window when told to by name, which stands in the audit chain", async () => {
    const run = await fresh();
    const ran = await under(
      `windows: [ "${closedNow()}" ]\n`,
      `apply ${run} ${allowed} --outside-window --max-calls 3`,
    );
    expect(ran.code).toBe(10);
    const report = JSON.parse(await scene.prints(`status ${run} --json`)) as { counts: Record<string, number> };
    expect(report.counts["planned"]).toBeGreaterThan(0);
  });

  it("is carried out in waves, shows in status where it is, and goes on", async () => {
    const run = await fresh();
    const paused = await under("", `apply ${run} ${allowed} --canary 1,50% --pause-after-wave`);
    expect(paused.code).toBe(7);
    expect(paused.out).toContain("wave 1 of 3 is carried out and verified");
    const status = await scene.prints(`status ${run}`);
    expect(status.replace(/\s+/g, " ")).toMatch(/Waves wave 2 of 3, \d+ steps \(1, 50 % and the rest\)/);
    expect((await under("", `apply ${run} ${allowed} --canary 2,50%`)).code).toBe(3);
    expect(JSON.parse(await scene.prints(`status ${run} --json`))).toMatchObject({
      waves: { wave: 2, dropped: false },
    });
    const rest = await under("", `apply ${run} ${allowed}`);
    expect(rest.err).toContain("gate of wave 2 of 3 is open");
    expect(rest.code).toBe(0);
  });
});

/** A window of one minute, half a day away. */
function closedNow(): string {
  const hour = (new Date().getUTCHours() + 12) % 24;
  return `${String(hour).padStart(2, "0")}:00-${String(hour).padStart(2, "0")}:01 UTC`;
}

/** What the benchmark rests on: its arithmetic, that its limit sends what the product sends, and figures that need no clock. */
import { describe, expect, it } from "vitest";
import { parsePermissions, patchBody } from "../../src/google/permissions-json.ts";
import { applyDelta } from "../../src/model/permissions.ts";
import { calls } from "./calls.ts";
import { atLeast, atMost, figure, verdictOf } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { parseFlags } from "./flags.ts";
import { helpText, meanings } from "./help.ts";
import { figureLine, markdown, missedOf, together } from "./table.ts";
import type { Report } from "./table.ts";
import { answerText, assetName, editDraft, patchText } from "./tenant.ts";

describe("a figure", () => {
  it.each([
    ["is met at its bound", [0.7, 0.8, 0.9], atLeast(0.8), "met"],
    ["is missed by the median, whatever the best round was", [0.7, 0.79, 0.9], atLeast(0.8), "MISSED"],
    ["with a ceiling is missed above it", [1.5, 1.7], atMost(1.6 - 1e-9), "MISSED"],
    ["with a ceiling is met below it", [1.5, 1.69], atMost(1.6), "met"],
    ["without a goal is told", [1], undefined, "told"],
  ])("%s", (_, values, goal, verdict) => {
    expect(verdictOf(figure("apply", "steps", "x", values, goal))).toBe(verdict);
  });

  it("that could not be measured is missed", () => {
    expect(verdictOf(figure("apply", "steps", "x", [NaN], atMost(1)))).toBe("MISSED");
  });

  const shown = figure("apply", "steps | all", "x", [0.7, 0.9, 0.84], atLeast(0.8), "so and so");

  it("shows its spread and its goal", () => {
    expect(figureLine(shown)).toBe(
      `met       0.84 x  0.7 to 0.9      >= 0.8    apply: steps | all\n${" ".repeat(44)}so and so`,
    );
  });

  it("is a row of the table in README, the machine and the command above it", () => {
    const machine = { cpu: "Z80", cores: 2, memoryGb: 1, system: "cpm", node: "v20", loadBefore: 0.5, loadAfter: 1 };
    const told = figure("apply", "told only", "ms", [1], undefined);
    const report = { scale: "full", seconds: 90, machine, missed: [], wrong: [], figures: [shown, told] };
    expect(markdown(report).split("\n")).toEqual([
      "`npm run bench -- --scale full --table` on Z80, 2 cores, 1 GB, cpm, Node v20; load 0.5 at the most before, 1.5 min:",
      "",
      "| figure | median | spread | goal | | measured at |",
      "| ------ | ------ | ------ | ---- | - | ----------- |",
      "| apply: steps \\| all | 0.84 x | 0.7 to 0.9 | >= 0.8 | met | so and so |",
    ]);
  });

  it("is taken from the latest of several calls", () => {
    const machine = { cpu: "Z80", cores: 2, memoryGb: 1, system: "cpm", node: "v20", loadBefore: 0.5, loadAfter: 1 };
    const called = (...figures: Figure[]): Report => ({
      scale: "full",
      seconds: 9,
      machine,
      ...missedOf(figures),
      figures,
    });
    const slow = figure("apply", "steps | all", "x", [0.1], atLeast(0.8));
    const other = figure("plan", "rows", "x", [3], atMost(2.5));
    const all = together([called(slow, other), called(shown)]);
    expect(all).toMatchObject({ seconds: 18, missed: ["plan: rows"], figures: [other, shown] });
  });
});

describe("the command line", () => {
  it.each([
    [["--only", "apply,plan", "--scale", "small"], { only: ["apply", "plan"], scale: "small", json: false }],
    [["--json", "--strict"], { only: [], scale: "full", json: true, strict: true }],
  ])("%j is understood", (args, flags) => {
    expect(parseFlags(args, ["apply", "plan"])).toMatchObject(flags);
  });

  it.each([
    [["--only", "speed"], '--only is one of apply, plan, not "speed"'],
    [["--scale", "huge"], '--scale is small or full, not "huge"'],
    [["--most", "10"], '--most is a size from 1000 up, not "10"'],
    [["--json", "--table"], "--json and --table are two ways to say it: choose one"],
  ])("%j is refused with a sentence", (args, sentence) => {
    expect(parseFlags(args, ["apply", "plan"])).toBe(sentence);
  });
});

it("help tells what each figure is a figure of", () => {
  for (const name of Object.keys(meanings)) expect(helpText()).toContain(`\n  ${name}\n`);
});

describe("the limit for apply", () => {
  it("sends byte for byte what the product sends, and the server shows the change in its answer", () => {
    const draft = editDraft(4711);
    if (draft.kind !== "edit" || draft.base === undefined) throw new Error("step 4711 is no edit");
    const wanted = { ...draft.base, roles: applyDelta(draft.base.roles, draft.delta) };
    expect(patchText(4711)).toBe(patchBody(assetName(4711), wanted));
    expect(parsePermissions(answerText(4711)).roles).toEqual(wanted.roles);
  });
});

describe("requests for a changed asset", () => {
  it("are as few as they can be, and each has its reason", async () => {
    const missed = (await calls()).filter((each) => verdictOf(each) === "MISSED").map(figureLine);
    expect(missed).toEqual([]);
  });
});

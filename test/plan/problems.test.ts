/** The list of problems: a thousand are kept, all are counted, and none is told at length. */
import { expect, it } from "vitest";
import { Problems } from "../../src/plan/problems.ts";

const place = { file: "a.csv", line: 1, column: 1 };

it("the first thousand problems are kept, and all are counted", () => {
  const problems = new Problems();
  for (let index = 0; index < 1002; index += 1) problems.add(place, `problem ${index}`, "mend it");
  expect([problems.count, problems.kept.length, problems.omitted]).toEqual([1002, 1000, 2]);
  expect(problems.kept.at(-1)?.problem).toBe("problem 999");
});

it("a value is handed on, or told under the name of its field", () => {
  const problems = new Problems();
  expect(problems.value({ ok: true, value: 7 }, place, "keep")).toBe(7);
  expect(problems.value({ ok: false, problem: "no", remedy: "yes" }, place, "keep")).toBeUndefined();
  expect(problems.kept).toEqual([{ place, problem: "keep: no", remedy: "yes" }]);
});

it("foreign text in a problem is made safe to show, and cut", () => {
  const problems = new Problems();
  problems.add(place, `\u001b[2J${"x".repeat(1000)}`, "y".repeat(1000));
  const [told] = problems.kept;
  expect(told?.problem).not.toContain("\u001b");
  expect([(told?.problem.length ?? 0) < 500, (told?.remedy.length ?? 0) < 500]).toEqual([true, true]);
});

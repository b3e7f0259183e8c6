/** Fuzzing in every run of the tests: some cases of each target, always the same ones. `npm run fuzz` goes on from there. */
import { describe, expect, it } from "vitest";
import { caseOf } from "./mutate.ts";
import { runSession } from "./session.ts";
import type { Finding } from "./session.ts";
import { openTarget, targets } from "./targets.ts";

/** Cases by target where one costs more than a millisecond or two. */
const fewer: ReadonlyMap<string, number> = new Map([
  ["plan-csv", 120],
  ["plan-yaml", 100],
  ["plan-people", 80],
  ["run-file", 80],
  ["bundle", 60],
  ["config", 80],
  ["api-search", 150],
  ["api-token", 100],
  ["api-directory", 120],
  ["api-transfer", 120],
  ["wire", 150],
]);

async function found(name: string, cases: number, areShrunk = false): Promise<readonly Finding[]> {
  const target = await openTarget(name);
  const findings: Finding[] = [];
  try {
    await runSession({
      name,
      target,
      seed: 1,
      from: 0,
      goesOn: (number) => number < cases,
      onFinding: (finding) => findings.push(finding),
      ...(areShrunk ? { onSmaller: (finding: Finding) => findings.splice(-1, 1, finding) } : {}),
    });
    return findings;
  } finally {
    await target.close?.();
  }
}

describe("any input whatsoever is taken or refused in the product's own words", () => {
  it.each([...targets.keys()])("%s", async (name) => {
    const findings = await found(name, fewer.get(name) ?? 400);
    expect(
      findings.map((one) => `npm run fuzz -- --target ${name} --from ${one.case} --cases 1: ${one.message}`),
    ).toEqual([]);
  });
});

describe("a case", () => {
  it.each([...targets.keys()])("of %s is the same twice from the same seed, and another from another", async (name) => {
    const [one, other] = [await openTarget(name), await openTarget(name)];
    const inputs = (target: typeof one, seed: number): readonly string[] =>
      [0, 1, 2, 3].map((number) => caseOf(name, target, seed, number).toString("base64"));
    expect(inputs(one, 7)).toEqual(inputs(other, 7));
    expect(inputs(one, 7)).not.toEqual(inputs(one, 8));
    await one.close?.();
    await other.close?.();
  });
});

describe("a planted fault", () => {
  it.each([
    ["planted-throw", /^TypeError/, "x"],
    ["planted-broken", /^Broken a promise is broken/, "x"],
    ["planted-pollution", /^pollution/, "x"],
  ])("%s is found once and made small", async (name, kind, input) => {
    const findings = await found(name, 200, true);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.kind).toMatch(kind);
    expect(findings[0]?.input.toString()).toBe(input);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

/** What counts as found: a violation or a failed check, and never a copy that merely fell over. */
import { describe, expect, it } from "vitest";
import { readSimulation, readTests } from "./hunt.ts";
import type { Finding } from "./hunt.ts";
import type { Ended } from "./command.ts";

function ended(code: number, out: string, err = ""): Ended {
  return { code, out, err, timedOut: false };
}

const figures = '{"seeds":7,"failing":1}\n';

describe("a simulation", () => {
  it.each<[string, Ended, Finding]>([
    [
      "with a violation has found it, at its seed",
      ended(1, `seed 7: apply: I2: r1 is changed\n  npm run sim -- --seed 7 --trace\n${figures}`),
      { kind: "found", where: "seed 7", said: "apply: I2: r1 is changed" },
    ],
    [
      "that is not the same twice has found it",
      ended(1, `seed 100 is not the same twice: npm run sim\n${figures}`),
      { kind: "found", where: "seed 100", said: "not the same twice: npm run sim" },
    ],
    ["without one has missed it", ended(0, figures), { kind: "survived" }],
    [
      "that fell over has found nothing",
      ended(1, `seed 1: threw: TypeError: x is undefined\n${figures}`),
      { kind: "broken", said: "seed 1: threw: TypeError: x is undefined" },
    ],
    [
      "that does not start has found nothing",
      ended(1, "", "\nError: no\n  at x"),
      { kind: "broken", said: "Error: no" },
    ],
    ["that says nothing has found nothing", ended(0, ""), { kind: "broken", said: "" }],
    ["without an end has found nothing", { ...ended(1, figures), timedOut: true }, broken("the simulation")],
  ])("%s", (_, end, finding) => {
    expect(readSimulation(end)).toEqual(finding);
  });
});

function broken(what: string): Finding {
  return { kind: "broken", said: `${what} does not end` };
}

function report(passed: number, ...messages: readonly string[]): string {
  const failed = messages.map((message) => ({ fullName: " a b", status: "failed", failureMessages: [message] }));
  const assertionResults = [{ fullName: "c", status: "passed" }, ...failed];
  return JSON.stringify({
    success: messages.length === 0,
    numPassedTests: passed,
    testResults: [{ assertionResults }],
  });
}

describe("a test file", () => {
  it.each<[string, Ended, string, Finding]>([
    [
      "with a failed check has found it, by the name of the test",
      ended(1, ""),
      report(1, "AssertionError: expected 1 to be 2\n  at y"),
      { kind: "found", where: "a b", said: "AssertionError: expected 1 to be 2" },
    ],
    ["that passes has missed it", ended(0, ""), report(3), { kind: "survived" }],
    [
      "that fell over has found nothing",
      ended(1, ""),
      report(1, "TypeError: x is not a function\n  at y"),
      { kind: "broken", said: "TypeError: x is not a function" },
    ],
    ["that cannot be loaded has found nothing", ended(1, "", "boom"), "", { kind: "broken", said: "boom" }],
    ["without a test has found nothing", ended(0, ""), report(0), { kind: "broken", said: "" }],
  ])("%s", (_, end, text, finding) => {
    expect(readTests(end, text)).toEqual(finding);
  });
});

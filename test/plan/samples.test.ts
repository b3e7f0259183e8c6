/** The samples that ship with the product, and the examples of their README, are plans without a mistake. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readPlan, told } from "./reading.ts";

const folder = new URL("../../migrations-plans/", import.meta.url);
const textOf = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const beside = { "people.csv": textOf("people.csv") };

describe("the samples", () => {
  it.each<[string, number]>([
    ["minimal.csv", 1],
    ["off-boarding.csv", 7],
    ["reorganisation.yaml", 6],
  ])("%s is read without a problem", async (name, requests) => {
    const outcome = await readPlan(
      name.endsWith(".csv") ? { name, csv: textOf(name) } : { name, yaml: textOf(name), beside },
    );
    expect(told(outcome)).toEqual([]);
    expect([outcome.requests.length, outcome.duplicates]).toEqual([requests, 0]);
  });

  it("are all of them listed here", () => {
    const names = readdirSync(folder).toSorted();
    expect(names).toEqual(["README.md", "minimal.csv", "off-boarding.csv", "people.csv", "reorganisation.yaml"]);
  });
});

describe("the README", () => {
  const examples = [...textOf("README.md").matchAll(/^```(csv|yaml)\n([^]*?)^```$/gm)];

  it("has eleven examples", () => {
    expect(examples).toHaveLength(11);
  });

  it.each(examples.map(([, format, text], index) => [index + 1, format, text] as const))(
    "shows in example %i (%s) what is accepted",
    async (_, format, text) => {
      const outcome = await readPlan(format === "csv" ? { csv: text ?? "" } : { yaml: text ?? "", beside });
      expect(told(outcome)).toEqual([]);
    },
  );
});

/** The samples that ship with the product, and the examples of their README, are plans without a mistake. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readPlan, told } from "./reading.ts";

const folder = new URL("../../migrations-plans/", import.meta.url);
const textOf = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const beside = { "people.csv": textOf("people.csv"), "merged-people.csv": textOf("merged-people.csv") };
const readme = textOf("README.md");

describe("the samples", () => {
  it.each<[string, number]>([
    ["minimal.csv", 1],
    ["off-boarding.csv", 7],
    ["several-heirs.csv", 3],
    ["selected-assets.csv", 3],
    ["central-account.csv", 3],
    ["replace-member.csv", 2],
    ["merged-domains.yaml", 5],
    ["close-the-doors.yaml", 4],
    ["group-access.csv", 4],
    ["reorganisation.yaml", 6],
    ["house-rules.yaml", 0],
  ])("%s is read without a problem", async (name, requests) => {
    const outcome = await readPlan(
      name.endsWith(".csv") ? { name, csv: textOf(name) } : { name, yaml: textOf(name), beside },
    );
    expect(told(outcome)).toEqual([]);
    expect([outcome.requests.length, outcome.duplicates]).toEqual([requests, 0]);
  });

  it("are all of them shown in the README, word for word", () => {
    const names = readdirSync(folder).filter((name) => name !== "README.md");
    expect(names).toHaveLength(13);
    for (const name of names) {
      expect(readme.includes(`\`\`\`${name.split(".")[1]}\n${textOf(name)}\`\`\``), name).toBe(true);
    }
  });
});

describe("the README", () => {
  const examples = [...readme.matchAll(/^```(csv|yaml)\n([^]*?)^```$/gm)];
  const lists = [textOf("people.csv"), textOf("merged-people.csv")];
  const plans = examples.filter(([, , text = ""]) => !lists.includes(text));

  it("shows every sample, what stands in a plan by itself, and every form of a move", () => {
    expect(plans).toHaveLength(13);
  });

  it.each(plans.map(([, format, text], index) => [index + 1, format, text] as const))(
    "shows in example %i (%s) what is accepted",
    async (_, format, text) => {
      const outcome = await readPlan(format === "csv" ? { csv: text ?? "" } : { yaml: text ?? "", beside });
      expect(told(outcome)).toEqual([]);
    },
  );
});

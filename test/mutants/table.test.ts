/** The table of mutants: that each bug still fits the code, and is looked for in something that exists. */
import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { mutate } from "./mutant.ts";
import { mutants } from "./table.ts";

it("holds at least a hundred bugs, each under a name of its own", () => {
  expect(new Set(mutants.map((mutant) => mutant.name)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(100);
});

it.each(mutants.map((mutant) => [mutant.name, mutant] as const))("%s fits the code in one place", (_, mutant) => {
  const sound = readFileSync(mutant.file, "utf8");
  expect(mutate(sound, mutant), "its text stands in the file exactly once").toBeDefined();
  expect(mutate(sound, mutant)).not.toBe(sound);
  if (mutant.hunt !== "sim") expect(existsSync(mutant.hunt), mutant.hunt).toBe(true);
});

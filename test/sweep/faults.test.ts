/** One fault, once or for ever: the verb ends, says what is wrong, claims nothing that is not so, and goes on afterwards. */
import { describe, expect, it } from "vitest";
import { loadDataTransfer, loadDirectory } from "../../src/google/generated.ts";
import { checkColumn, columns } from "./fault-table.ts";
import { makeScene } from "./faults.ts";

await Promise.all([loadDataTransfer(), loadDirectory()]);
const scene = await makeScene();

/** The other verbs, and what is struck the second time only, have their turn in the sweep of everything. */
const own = columns.filter(({ verb, when }) => verb === "apply" && when !== "second");

describe("under any fault an apply ends as the table says", () => {
  it.each(own)("on $route, struck $when", { timeout: 300_000 }, async (column) => {
    expect((await checkColumn(scene, column)).violations).toEqual([]);
  });
});

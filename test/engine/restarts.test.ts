/** Budgets that are spent once: a restart gives none of them back. */
import { describe, expect, it } from "vitest";
import type { Exchange } from "../../src/google/exchange.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { named, row, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const patch = "assets.updatePermissions";
const names = ["r1", "r2", "r3", "r4"];

function rigOfFour(): Rig {
  const world = smallTenant();
  for (const name of names) world.addAsset({ name, owner: "leaver" });
  return new Rig(world);
}

const grants = names.map((name) =>
  row({ action: "grant", select: named(name), member: written("other@acme.example"), role: "EDITOR" }),
);

/** Applies one step at a time, and is asked to stop while the n-th write is under way. */
async function applyUntil(rig: Rig, run: MemoryRun, nth: number): Promise<void> {
  const stop = new AbortController();
  let writes = 0;
  const exchange = (inner: Exchange): Exchange => {
    return async (request) => {
      if (request.method === "PATCH" && (writes += 1) === nth) stop.abort();
      return inner(request);
    };
  };
  expect(await rig.apply(run, { concurrency: 1 }, { exchange }, stop.signal)).toMatchObject({ end: "stopped" });
}

describe("over a restart", () => {
  it("the conflicts of a step go on being counted", async () => {
    const rig = rigOfFour();
    rig.onceApplied = [{ route: patch, fault: { kind: "concurrentEditor" } }];
    const run = await rig.made(grants.slice(0, 1));
    await applyUntil(rig, run, 3);
    await rig.apply(run, { conflictsMax: 5 });
    expect(await rig.outcomes(run)).toEqual(["1 failed contention"]);
    expect(rig.count(patch)).toBe(5);
  });

  it("the failures of a run go on being counted", async () => {
    const rig = rigOfFour();
    rig.onceApplied = [{ route: patch, fault: { kind: "status", status: 403 } }];
    const run = await rig.made(grants);
    await applyUntil(rig, run, 1);
    const summary = await rig.apply(run, { concurrency: 1, failuresMax: 2 });
    expect(summary).toMatchObject({ end: "breaker", counts: { failed: 2, planned: 2 } });
  });
});

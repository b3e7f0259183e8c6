/** A run that another process takes over while this one is at work: who has lost it sends nothing more. */
import { describe, expect, it } from "vitest";
import type { Exchange } from "../../src/google/exchange.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { RunLockedError } from "../../src/model/errors.ts";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

function rigOfOne(): Rig {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver" });
  return new Rig(world, { transferPace: { startMs: 60_000, perAssetMs: 1000 } });
}

/** Applies, and has the run opened by another process right before the first request that `isIt`. */
async function applyUntilTakenOver(rig: Rig, run: MemoryRun, isIt: (url: string) => boolean): Promise<void> {
  let taken = false;
  const exchange = (inner: Exchange): Exchange => {
    return async (request) => {
      if (!taken && isIt(request.url)) {
        taken = true;
        await run.openJournal({ clock: rig.clock });
      }
      return inner(request);
    };
  };
  await expect(rig.apply(run, {}, { exchange })).rejects.toThrow(RunLockedError);
  expect(taken).toBe(true);
}

describe("a process that has lost its run", () => {
  it("does not send the write it was about to make", async () => {
    const rig = rigOfOne();
    const grant = row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "EDITOR" });
    const run = await rig.made([grant]);
    await applyUntilTakenOver(rig, run, (url) => url.endsWith("/token"));
    expect(rig.count("assets.updatePermissions")).toBe(0);
    expect(rig.emulator.history).toEqual([]);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { applied: 1 } });
  });

  it("starts no transfer", async () => {
    const rig = rigOfOne();
    const run = await rig.made([transfer("leaver", "heir")]);
    await applyUntilTakenOver(rig, run, (url) => url.includes("/assets:search"));
    expect(rig.emulator.transfers.jobs.size).toBe(0);
  });

  it("leaves a transfer under way to the other one", async () => {
    const rig = rigOfOne();
    const run = await rig.made([transfer("leaver", "heir")]);
    await applyUntilTakenOver(rig, run, (url) => /\/transfers\/[^/?]+/.test(url));
    expect(rig.count("transfers.get")).toBe(1);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { failed: 0 } });
    expect(rig.emulator.transfers.jobs.size).toBe(1);
  });
});

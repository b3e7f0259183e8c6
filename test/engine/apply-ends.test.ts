/** What makes a run end before its steps are done, which reason is told, and what is told of each step. */
import { describe, expect, it } from "vitest";
import type { Exchange } from "../../src/google/exchange.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const grant = (name: string): ReturnType<typeof row> =>
  row({ action: "grant", select: named(name), member: written("other@acme.example"), role: "EDITOR" });

/** Five assets to edit a minute after planning, and Google taking ten seconds for each write, which `atWrite` counts. */
async function five(
  atWrite: (writes: number) => void = () => undefined,
): Promise<{ readonly rig: Rig; readonly run: MemoryRun; readonly slow: (inner: Exchange) => Exchange }> {
  const world = smallTenant();
  const names = ["s1", "s2", "s3", "s4", "s5"];
  for (const name of names) world.addAsset({ name, owner: "leaver" });
  const rig = new Rig(world);
  const run = await rig.made(names.map(grant));
  await rig.clock.advance(60_000);
  let writes = 0;
  const slow = (inner: Exchange): Exchange => {
    return async (request) => {
      if (request.method !== "PATCH") return inner(request);
      atWrite((writes += 1));
      await rig.clock.sleep(10_000);
      return inner(request);
    };
  };
  return { rig, run, slow };
}

describe("the time allowed", () => {
  it.each([
    [19_999, 2],
    [20_000, 2],
    [20_001, 3],
  ])(
    "of %i ms ends the run after %i writes of ten seconds; the next apply does the rest",
    async (durationMs, applied) => {
      const { rig, run, slow } = await five();
      expect(await rig.apply(run, { concurrency: 1, durationMs }, { exchange: slow })).toMatchObject({
        end: "budget",
        reason: "the time allowed is used up",
        counts: { applied, planned: 5 - applied },
        ended: applied,
      });
      expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { applied: 5 }, ended: 5 - applied });
    },
  );

  it("that is enough ends nothing", async () => {
    const { rig, run, slow } = await five();
    const summary = await rig.apply(run, { concurrency: 1, durationMs: 51_000 }, { exchange: slow });
    expect(summary).toMatchObject({ end: "finished", reason: undefined, counts: { applied: 5 } });
  });

  it("is as long as a transfer is waited for, also when more was allowed for that", async () => {
    const world = smallTenant();
    world.addAsset({ name: "r1", owner: "leaver" });
    const rig = new Rig(world, { transferPace: { startMs: 600_000, perAssetMs: 1000 } });
    const run = await rig.made([transfer("leaver", "heir", { keep: "none" })]);
    await rig.clock.advance(60_000);
    const began = rig.clock.monotonic();
    const summary = await rig.apply(run, { durationMs: 60_000, transferWaitMs: 3_600_000 });
    expect(summary).toMatchObject({ end: "budget", counts: { failed: 0 }, ended: 0 });
    expect(summary.reason).toMatch(/^transfer \S+ is still \S+; apply again to go on waiting$/);
    expect(rig.clock.monotonic() - began).toBeLessThanOrEqual(60_000);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { failed: 0 } });
  });
});

describe("the first reason to end", () => {
  it("stays, and is told once", async () => {
    const stop = new AbortController();
    const { rig, run, slow } = await five((writes) => {
      if (writes === 1) stop.abort();
    });
    const options = { concurrency: 1, durationMs: 5000 };
    expect(await rig.apply(run, options, { exchange: slow }, stop.signal)).toMatchObject({
      end: "stopped",
      reason: "stopped on request",
    });
    expect(rig.events.filter(({ type }) => type === "stopping")).toEqual([
      { type: "stopping", why: "stopped on request" },
    ]);
  });

  it("is no number of failures while steps succeed", async () => {
    const { rig, run, slow } = await five();
    expect(await rig.apply(run, { failuresMax: 1 }, { exchange: slow })).toMatchObject({ end: "finished" });
    expect(rig.events.filter(({ type }) => type === "stopping")).toEqual([]);
  });
});

describe("what is told of a step", () => {
  it("is how it ended, on which asset, after how long and how many calls", async () => {
    const { rig, run, slow } = await five();
    await rig.apply(run, { concurrency: 1 }, { exchange: slow });
    expect(rig.events.filter((event) => event.type === "step")[0]).toEqual({
      type: "step",
      seq: 1,
      outcome: "applied",
      failure: undefined,
      reason: undefined,
      asset: "s1",
      ms: 10_000,
      calls: 1,
    });
  });

  it("is no asset for a transfer", async () => {
    const world = smallTenant();
    world.addAsset({ name: "r1", owner: "leaver" });
    const rig = new Rig(world);
    await rig.apply(await rig.made([transfer("leaver", "heir")]));
    const told = rig.events.flatMap((event) => (event.type === "step" ? [event.asset] : []));
    expect(told).toEqual([undefined, "r1"]);
  });

  it.each([
    ["400", "an owner change only a person can make"],
    ["apply", "the owner was changed through the API"],
  ])("is why a line by hand stays or goes (patchOwnerChanged=%s): %s", async (position, reason) => {
    const world = smallTenant();
    world.addAsset({ name: "r1", owner: "leaver" });
    const rig = new Rig(world, { switches: { patchOwnerChanged: position } });
    const run = await rig.made([transfer("leaver", "heir", { select: named("r1"), ownerChange: "attempt" })]);
    await rig.apply(run);
    expect((await (await run.openReader()).step(2))?.result?.reason).toBe(reason);
  });
});

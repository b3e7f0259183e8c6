/** What a person ends without carrying it out: nothing is sent, nothing in doubt is forgotten. */
import { describe, expect, it } from "vitest";
import { cancelRun } from "../../src/engine/cancel.ts";
import type { CancelSummary } from "../../src/engine/verbs.ts";
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const grant = (name: string): ReturnType<typeof row> =>
  row({ action: "grant", select: named(name), member: written("other@acme.example"), role: "EDITOR" });

function rig(): Rig {
  const world = smallTenant();
  for (const name of ["r1", "r2", "r3"]) world.addAsset({ name, owner: "leaver" });
  return new Rig(world);
}

function requests(at: Rig): number {
  return at.emulator.log.counts.reduce((sum, { count }) => sum + count, 0);
}

async function cancel(
  at: Rig,
  run: MemoryRun,
  wish: Partial<Parameters<typeof cancelRun>[1]> = {},
): Promise<CancelSummary> {
  const journal = await run.openJournal({ clock: at.clock });
  const summary = await at.clock.drive(
    cancelRun(journal, { steps: undefined, reason: "called off", evenInDoubt: false, ...wish }),
  );
  await journal.close();
  return summary;
}

/** A run whose only write got no answer, cut off before anybody could look. */
async function inDoubt(at: Rig): Promise<MemoryRun> {
  const faults: readonly FaultRule[] = [
    { route: "assets.updatePermissions", fault: { kind: "reset", applied: true } },
    { route: "assets.getPermissions", fault: { kind: "status", status: 500 } },
  ];
  const run = await at.made([grant("r1")]);
  at.onceApplied = faults;
  await at.apply(run);
  at.emulator.setFaults([]);
  at.onceApplied = [];
  return run;
}

describe("cancelling", () => {
  it("ends all open steps, sends nothing, and leaves apply nothing to do", async () => {
    const at = rig();
    const run = await at.made([grant("r1"), grant("r2")]);
    const before = requests(at);
    expect(await cancel(at, run)).toMatchObject({ cancelled: 2, doubtful: [], counts: { cancelled: 2, planned: 0 } });
    expect(requests(at)).toBe(before);
    expect(await at.apply(run)).toMatchObject({ end: "finished", ended: 0, counts: { cancelled: 2 } });
    expect(at.roles("r1")).not.toContain("EDITOR user:other@acme.example");
  });

  it("ends the steps that are named and no others", async () => {
    const at = rig();
    const run = await at.made([grant("r1"), grant("r2"), grant("r3")]);
    expect(await cancel(at, run, { steps: new Set([2]) })).toMatchObject({ cancelled: 1, counts: { planned: 2 } });
    await at.apply(run);
    expect(await at.outcomes(run)).toEqual(["1 applied", "2 cancelled", "3 applied"]);
  });

  it("skips what waits for a cancelled transfer", async () => {
    const at = rig();
    const run = await at.made([transfer("leaver", "heir", { keep: "none" })]);
    const { counts } = await cancel(at, run, { steps: new Set([1]) });
    expect(counts).toMatchObject({ cancelled: 1, planned: 0 });
    expect(counts.skipped).toBeGreaterThan(0);
  });

  it.each([
    ["all are to end", undefined],
    ["it is named", new Set([1])],
  ])("leaves a step open whose request may have been carried out, where %s", async (_what, steps) => {
    const at = rig();
    const run = await inDoubt(at);
    expect(await cancel(at, run, { steps })).toMatchObject({ cancelled: 0, doubtful: [1], counts: { "in-flight": 1 } });
    await at.apply(run);
    expect(await at.outcomes(run)).toEqual(["1 confirmed"]);
  });

  it("leaves steps open of which a job is remembered, names them in order, and notes nothing", async () => {
    const world = smallTenant();
    for (const [name, owner] of Object.entries({ r1: "leaver", r2: "heir", r3: "leaver" })) {
      world.addAsset({ name, owner });
    }
    const at = new Rig(world);
    const run = await at.made([grant("r1"), grant("r2"), grant("r3")]);
    const journal = await run.openJournal({ clock: at.clock });
    const claims = await journal.claim({ max: 9, perActor: 9, halted: new Set() });
    await at.clock.drive(Promise.all(claims.map(async (claim) => journal.remember(claim, "job"))));
    await journal.close();
    expect(await cancel(at, run)).toMatchObject({ cancelled: 0, doubtful: [1, 2, 3], counts: { cancelled: 0 } });
    expect(await (await run.openReader()).audit(0, 10)).toEqual([]);
  });

  it("ends it when told to, and undo takes back what it finds of it", async () => {
    const at = rig();
    const run = await inDoubt(at);
    expect(await cancel(at, run, { evenInDoubt: true })).toMatchObject({ cancelled: 1, doubtful: [] });
    const undo = await at.undo(run);
    expect(undo.outcome).toMatchObject({ kind: "made", header: { totals: { steps: 1 } } });
    await at.apply(undo.run);
    expect(at.roles("r1").join()).not.toContain("other@acme.example");
  });

  it("stands in the audit chain with its reason", async () => {
    const at = rig();
    const run = await at.made([grant("r1")]);
    await cancel(at, run, { reason: "the merger is off" });
    const reader = await run.openReader();
    const bodies = (await reader.audit(0, 10)).map(({ body }) => body);
    expect(bodies[0]).toContain('"outcome":"cancelled","reason":"the merger is off"');
    expect(bodies[1]).toContain('"kind":"note:cancelled"');
    expect(bodies[1]).toContain('"reason":"the merger is off","steps":1');
    expect(await reader.firstBadAuditRow()).toBeUndefined();
  });
});

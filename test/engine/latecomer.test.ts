/** A transfer whose request was lost on the way attaches to the same job of somebody else, and does not end before its own is through. */
import { expect, it } from "vitest";
import { transfer } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

it("a transfer does not end while its own request, asked for without an answer, may still start a job", async () => {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver" });
  const rig = new Rig(world);
  const run = await rig.made([transfer("leaver", "heir", { keep: "none" })]);
  // The request is under way for 70 s; meanwhile somebody else's job for the same two people begins and completes.
  rig.onceApplied = [{ route: "transfers.insert", nth: 1, fault: { kind: "hang", lateMs: 70_000 } }];
  const other = rig.api();
  const { id: from } = rig.emulator.world.person("leaver");
  const { id: to } = rig.emulator.world.person("heir");
  const elsewhere = rig.clock.sleep(5000).then(() => other.dataTransfer.insert(from, to, async () => undefined));
  const summary = await rig.apply(run, { settleMs: 120_000 });
  await elsewhere;
  expect(summary).toMatchObject({ end: "finished", counts: { failed: 0 } });
  const endedAt = (await (await run.openReader()).step(1))?.updatedAt ?? 0;
  const jobs = [...rig.emulator.transfers.jobs.values()];
  expect(jobs).toHaveLength(2);
  for (const { status, requestedAt } of jobs) {
    expect(status).toBe("completed");
    expect(requestedAt).toBeLessThan(endedAt);
  }
});

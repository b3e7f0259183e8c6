/** What comes in pages is read to its last page: searches of Google's, and the steps of a run. */
import { describe, expect, it } from "vitest";
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import { everything, named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

/** Steps that fill one page of the run and begin another. */
const stepsMany = 501;

function rigWith(assets: number, maxPageSize: number, faults: readonly FaultRule[] = []): Rig {
  const world = smallTenant();
  for (let n = 0; n < assets; n += 1) world.addAsset({ name: `r${n}`, owner: "leaver", title: `Title ${n}` });
  const rig = new Rig(world);
  rig.emulator.setSwitches({ maxPageSize: String(maxPageSize) });
  rig.onceApplied = faults;
  return rig;
}

describe("a search in pages", () => {
  it("shows the survey every asset", async () => {
    const select = { ...everything, owner: "leaver@acme.example" as never, title: "Title *" };
    const grant = row({ action: "grant", select, member: written("other@acme.example"), role: "EDITOR" });
    const { outcome } = await rigWith(7, 2).plan([grant]);
    expect(outcome.header.totals).toMatchObject({ assetsEdited: 7 });
    expect(outcome.header.coverage).toMatchObject({ assetsRead: 7 });
  });

  it("counts everything that a completed transfer left behind", async () => {
    const rig = rigWith(6, 2, [{ route: "transfers.insert", fault: { kind: "transfer", outcome: "partial" } }]);
    const run = await rig.made([transfer("leaver", "heir")]);
    await rig.apply(run);
    const [first] = await (await run.openReader()).page({}, 0, 1);
    expect(first?.result).toMatchObject({ outcome: "failed", failure: "transfer-incomplete" });
    expect(first?.result?.reason).toContain("3 assets still belong");
  });
});

describe("a run of many pages", () => {
  it("is verified and undone to its last step", { timeout: 120_000 }, async () => {
    const rig = rigWith(stepsMany, 1000);
    const run = await rig.made(
      Array.from({ length: stepsMany }, (_, n) =>
        row({ action: "grant", select: named(`r${n}`), member: written("other@acme.example"), role: "EDITOR" }),
      ),
    );
    expect(await rig.apply(run, { concurrency: 64, perActor: 64 })).toMatchObject({ counts: { applied: stepsMany } });
    expect(await rig.verify(run)).toMatchObject({ verified: stepsMany });
    const { outcome } = await rig.undo(run);
    expect(outcome.header.totals).toMatchObject({ steps: stepsMany });
  });
});

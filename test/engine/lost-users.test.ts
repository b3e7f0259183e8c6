/** Users who cannot be acted as any more: when they are single cases, and when the credentials must be at fault. */
import { describe, expect, it } from "vitest";
import { named, row, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const gone = Array.from({ length: 8 }, (_, n) => `gone${n}`);
const well = Array.from({ length: 8 }, (_, n) => `well${n}`);

const grant = (name: string): ReturnType<typeof row> =>
  row({ action: "grant", select: named(name), member: written("other@acme.example"), role: "EDITOR" });

/** Each owner has one asset, named so that those of `owners` come in that order. */
async function applyWithout(owners: readonly string[]): Promise<Awaited<ReturnType<Rig["apply"]>>> {
  const world = smallTenant();
  for (const [index, owner] of owners.entries()) {
    world.addUser({ email: owner });
    world.addAsset({ name: `a${String(index).padStart(2, "0")}`, owner });
  }
  const rig = new Rig(world);
  const run = await rig.made(owners.map((_, index) => grant(`a${String(index).padStart(2, "0")}`)));
  for (const owner of gone) if (owners.includes(owner)) rig.emulator.world.changeUser(owner, { suspended: true });
  return rig.apply(run, { concurrency: 1 });
}

describe("users who cannot be acted as", () => {
  it("halt the run when five follow one another with nothing done in between", async () => {
    const summary = await applyWithout([...gone, ...well]);
    expect(summary).toMatchObject({ end: "halted", counts: { failed: 0 } });
    expect(summary.blocked).toHaveLength(5);
  });

  it("are left out, however many there are, as long as others can be acted as", async () => {
    const summary = await applyWithout(gone.flatMap((owner, index) => [owner, well[index] ?? ""]));
    expect(summary).toMatchObject({ end: "blocked", counts: { applied: 8, failed: 0 } });
    expect(summary.blocked).toHaveLength(8);
  });
});

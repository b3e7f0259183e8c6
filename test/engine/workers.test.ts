/** How many steps are under way at once, changed by hand while a run is carried out. */
import { expect, it } from "vitest";
import { applyRun } from "../../src/engine/apply.ts";
import { Workers } from "../../src/engine/workers.ts";
import { named, row, written } from "../plan/compile/world.ts";
import { settle } from "../support/clock.ts";
import { Rig, applyDefaults, smallTenant } from "../support/rig.ts";

const assets = 60;

it("another number holds from then on: more are begun at once, and fewer once those under way have ended", async () => {
  const world = smallTenant();
  for (let index = 0; index < assets; index += 1)
    world.addAsset({ name: `r${index}`, owner: "leaver", title: `${index}` });
  const rig = new Rig(world);
  const grants = Array.from({ length: assets }, (_, index) =>
    row({ action: "grant", select: named(`r${index}`), member: written("other@acme.example"), role: "EDITOR" }),
  );
  const run = await rig.made(grants);
  rig.emulator.setFaults([{ route: "assets.updatePermissions", fault: { kind: "delay", ms: 1000 } }]);
  const journal = await run.openJournal({ clock: rig.clock });
  const workers = new Workers(2, undefined);
  const surroundings = { ...rig.surroundings(rig.api({}, "write")), workers };
  const applying = applyRun(surroundings, journal, { ...applyDefaults, concurrency: 2 });
  const atOnce = async (): Promise<number> => {
    await rig.clock.advance(1500);
    await settle(50);
    return workers.work.steps;
  };
  expect(await atOnce()).toBe(2);
  workers.permit(8);
  await settle(50);
  expect(workers.work.steps).toBe(8);
  expect(await atOnce()).toBe(8);
  workers.permit(1);
  expect(workers.work.steps).toBe(8);
  expect(await atOnce()).toBe(1);
  expect(await atOnce()).toBe(1);
  workers.permit(100);
  const summary = await rig.clock.drive(applying);
  expect(summary).toMatchObject({ end: "finished", counts: { applied: assets } });
  expect(workers.work).toEqual({ steps: 0, waiting: 0, transfers: 0 });
});

it.each([
  [undefined, 5],
  [2, 2],
])("with %s for one user there are %i", (perActor, count) => {
  const workers = new Workers(3, perActor);
  workers.permit(5);
  expect(workers.perActor).toBe(count);
});

it("there is nothing in hand before an apply keeps to their number", () => {
  expect(new Workers(3, undefined).work).toEqual({ steps: 0, waiting: 0, transfers: 0 });
});

/** A run that somebody has paused: no step is begun and nothing is sent until it goes on, or is stopped. */
import { expect, it } from "vitest";
import { applyRun } from "../../src/engine/apply.ts";
import type { ApplySummary } from "../../src/engine/verbs.ts";
import type { Exchange } from "../../src/google/exchange.ts";
import { named, row, written } from "../plan/compile/world.ts";
import { settle } from "../support/clock.ts";
import { Rig, applyDefaults, smallTenant } from "../support/rig.ts";

const assets = 30;

/** An apply that pauses itself after so many writes. */
async function pausedApply(afterWrites: number): Promise<{
  readonly rig: Rig;
  readonly applying: Promise<ApplySummary>;
  readonly writes: () => number;
  readonly ended: () => number;
  readonly goOn: () => void;
  readonly stop: AbortController;
}> {
  const world = smallTenant();
  for (let index = 0; index < assets; index += 1)
    world.addAsset({ name: `r${index}`, owner: "leaver", title: `${index}` });
  const rig = new Rig(world);
  const grants = Array.from({ length: assets }, (_, index) =>
    row({ action: "grant", select: named(`r${index}`), member: written("other@acme.example"), role: "EDITOR" }),
  );
  const run = await rig.made(grants);
  const journal = await run.openJournal({ clock: rig.clock });
  let writes = 0;
  let pause: Promise<void> | undefined;
  let goOn = (): void => undefined;
  const counting =
    (inner: Exchange): Exchange =>
    (request) => {
      if (request.method === "PATCH" && (writes += 1) === afterWrites) {
        pause = new Promise((resolve) => {
          goOn = () => {
            pause = undefined;
            resolve();
          };
        });
      }
      return inner(request);
    };
  const stop = new AbortController();
  stop.signal.addEventListener("abort", () => goOn());
  const surroundings = rig.surroundings(rig.api({ exchange: counting }, "write", stop.signal), stop.signal);
  const applying = applyRun({ ...surroundings, paused: () => pause }, journal, {
    ...applyDefaults,
    concurrency: 4,
    perActor: 8,
  });
  const ended = (): number => rig.events.filter(({ type }) => type === "step").length;
  return { rig, applying, writes: () => writes, ended, goOn: () => goOn(), stop };
}

it("what is under way is finished, and then nothing is sent, for as long as it takes", async () => {
  const { rig, applying, writes, ended, goOn } = await pausedApply(1);
  await rig.clock.advance(60_000);
  await settle(50);
  const [sent, done] = [writes(), ended()];
  // Four are under way when the first one is sent; four more are held and wait for their worker.
  expect(sent).toBeGreaterThanOrEqual(1);
  expect(sent).toBeLessThanOrEqual(4);
  expect(done).toBe(sent);
  const requests = rig.emulator.log.total;
  await rig.clock.advance(86_400_000);
  await settle(50);
  expect([writes(), ended(), rig.emulator.log.total]).toEqual([sent, done, requests]);
  goOn();
  const summary = await rig.clock.drive(applying);
  expect(summary).toMatchObject({ end: "finished", ended: assets, counts: { applied: assets } });
  expect(writes()).toBe(assets);
});

it("a stop ends the pause and the run, and resuming carries out the rest", async () => {
  const { rig, applying, writes, stop } = await pausedApply(5);
  await rig.clock.advance(60_000);
  await settle(50);
  const sent = writes();
  stop.abort();
  const summary = await rig.clock.drive(applying);
  expect(summary).toMatchObject({ end: "stopped", counts: { applied: sent, planned: assets - sent } });
  expect(writes()).toBe(sent);
});

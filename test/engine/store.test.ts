/** What apply does when the run file is slow, full, or in another worker's hands at the worst moment. */
import { describe, expect, it } from "vitest";
import type { Journal } from "../../src/journal/journal.ts";
import { RunFileError } from "../../src/model/errors.ts";
import { named, row, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const grantOther = row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "EDITOR" });
const otherEdits = "EDITOR user:other@acme.example";
const patch = "assets.updatePermissions";

function rigWithOne(): Rig {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver" });
  return new Rig(world);
}

/** `inner` with one method replaced. */
function withInstead<K extends keyof Journal>(inner: Journal, name: K, instead: Journal[K]): Journal {
  return new Proxy(inner, {
    get: (target, key) => {
      if (key === name) return instead;
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

const full = (): never => {
  throw new RunFileError("full", "no space is left", "free some space");
};

describe("a disk that is full", () => {
  it.each(["flush", "note", "intent", "result", "claim"] as const)(
    "ends apply cleanly when it is met in %s, and with room the same command finishes",
    async (name) => {
      const rig = rigWithOne();
      const run = await rig.made([grantOther]);
      const summary = await rig.apply(run, {}, { journal: (inner) => withInstead(inner, name, async () => full()) });
      expect(summary).toMatchObject({ end: "journal", reason: "no space is left; free some space" });
      expect(await rig.apply(run)).toMatchObject({ end: "finished" });
      expect(rig.roles("r1")).toContain(otherEdits);
      expect(rig.count(patch)).toBe(1);
    },
  );
});

describe("a stop asked for while the intent is being written down", () => {
  it("sends nothing, and leaves no doubt behind", async () => {
    const rig = rigWithOne();
    const run = await rig.made([grantOther]);
    const stop = new AbortController();
    const slow = (inner: Journal): Journal =>
      withInstead(inner, "intent", async (claim, intent) => {
        const kept = await inner.intent(claim, intent);
        stop.abort();
        return kept;
      });
    expect(await rig.apply(run, {}, { journal: slow }, stop.signal)).toMatchObject({ end: "stopped" });
    expect(rig.count(patch)).toBe(0);
    const journal = await run.openJournal({ clock: rig.clock });
    const [claim] = await journal.claim({ max: 1, perActor: 1, halted: new Set() });
    expect([claim?.attempts, claim?.doubtful.length]).toEqual([1, 0]);
  });
});

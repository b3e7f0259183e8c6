/** What stops an apply that is under way: at the limit it goes on, one beyond it ends resumably, and restarts forget nothing. */
import { describe, expect, it } from "vitest";
import type { ApplyGuards } from "../../src/engine/apply-guards.ts";
import { CallBudget } from "../../src/engine/call-budget.ts";
import type { ApplySummary } from "../../src/engine/verbs.ts";
import type { Exchange } from "../../src/google/exchange.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { parseAmount } from "../../src/model/guard.ts";
import { parseTimeWindow } from "../../src/model/window.ts";
import { named, row, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const patch = "assets.updatePermissions";

function rigOf(count: number): Rig {
  const world = smallTenant();
  for (let n = 0; n < count; n += 1) world.addAsset({ name: `r${String(n).padStart(2, "0")}`, owner: "leaver" });
  return new Rig(world);
}

function made(rig: Rig, count: number): Promise<MemoryRun> {
  const grants = Array.from({ length: count }, (_, n) => {
    const select = named(`r${String(n).padStart(2, "0")}`);
    return row({ action: "grant", select, member: written("heir@acme.example"), role: "EDITOR" });
  });
  return rig.made(grants);
}

/** Every write is refused that `fails` picks by its number, from 1. */
function refusing(fails: (write: number) => boolean): (inner: Exchange) => Exchange {
  let writes = 0;
  return (inner) => async (request) => {
    if (request.method !== "PATCH" || !fails((writes += 1))) return inner(request);
    return { status: 400, headers: {}, body: '{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"no"}}' };
  };
}

function apply(
  rig: Rig,
  run: MemoryRun,
  guards: ApplyGuards,
  exchange?: (inner: Exchange) => Exchange,
): Promise<ApplySummary> {
  return rig.apply(run, { concurrency: 1, guards }, exchange === undefined ? {} : { exchange });
}

function drift(text: string): ApplyGuards {
  return { drift: { value: parseAmount(text) ?? expect.fail(text), from: "handover.yaml:8:3" } };
}

/** Somebody edits assets between plan and apply. */
function edited(rig: Rig, names: readonly string[]): void {
  for (const name of names) {
    const asset = rig.emulator.state.assets.get(name) ?? expect.fail();
    const roles = new Map([...asset.roles, ["VIEWER", ["user:ana@acme.example" as never]] as const]);
    rig.emulator.state.setRoles(asset, roles, { at: rig.clock.now(), actor: "x", via: "person" });
  }
}

describe("the failure rate", () => {
  const failureRate = { value: { percent: 20, over: 10, least: 5 }, from: "handover.yaml:4:3" };

  it("lets a run go on up to it, and stops it beyond", async () => {
    const rig = rigOf(12);
    const run = await made(rig, 12);
    const two = (write: number): boolean => write % 5 === 0;
    expect(await apply(rig, run, { failureRate }, refusing(two))).toMatchObject({
      end: "finished",
      counts: { failed: 2 },
    });
    const other = rigOf(12);
    const bad = await made(other, 12);
    const summary = await apply(
      other,
      bad,
      { failureRate },
      refusing((write) => write % 3 === 0),
    );
    expect(summary).toMatchObject({ end: "breaker", counts: { failed: 2, planned: 6 } });
    expect(summary.reason).toContain("2 of the last 6 steps failed (33.3 %), the limit is 20 % (handover.yaml:4:3)");
  });

  it("counts over restarts, and anew once what failed is accepted", async () => {
    const rig = rigOf(12);
    const run = await made(rig, 12);
    expect(
      (
        await apply(
          rig,
          run,
          { failureRate },
          refusing((write) => write % 3 === 0),
        )
      ).end,
    ).toBe("breaker");
    rig.emulator.log.clear();
    expect(await apply(rig, run, { failureRate })).toMatchObject({ end: "breaker", ended: 0 });
    expect(rig.count(patch)).toBe(0);
    const accept = { failures: true, drift: false };
    expect(await apply(rig, run, { failureRate, accept })).toMatchObject({ end: "finished", counts: { failed: 2 } });
  });
});

describe("the number of failures", () => {
  const failures = { value: 2, from: "--max-failures" };

  it("stops a resumed run at once, until what failed is accepted", async () => {
    const rig = rigOf(6);
    const run = await made(rig, 6);
    expect(
      await apply(
        rig,
        run,
        { failures },
        refusing(() => true),
      ),
    ).toMatchObject({ end: "breaker", counts: { failed: 2 } });
    const again = await apply(rig, run, { failures });
    expect(again).toMatchObject({ end: "breaker", ended: 0 });
    expect(again.reason).toContain("2 failed steps, the limit is 2 (--max-failures)");
    const accept = { failures: true, drift: false };
    expect(await apply(rig, run, { failures, accept })).toMatchObject({ end: "finished", counts: { applied: 4 } });
  });
});

describe("drift since the plan", () => {
  it.each([
    ["2", 2, "finished"],
    ["1", 2, "drift"],
    ["20%", 2, "finished"],
    ["19%", 2, "drift"],
    ["0", 1, "drift"],
    ["0", 0, "finished"],
  ])("of %s permits, with %d assets changed, that it is %s", async (text, changed, end) => {
    const rig = rigOf(10);
    const run = await made(rig, 10);
    edited(rig, ["r00", "r01", "r02"].slice(0, changed));
    const summary = await apply(rig, run, drift(text));
    expect(summary.end).toBe(end);
    if (end === "drift")
      expect(summary.reason).toContain("(handover.yaml:8:3); plan again, or go on with --accept-drift");
  });

  it("is counted over restarts, each asset once, and anew once it is accepted", async () => {
    const rig = rigOf(10);
    const run = await made(rig, 10);
    edited(rig, ["r00", "r01", "r02", "r03"]);
    expect(await apply(rig, run, drift("1"))).toMatchObject({ end: "drift", counts: { applied: 2 } });
    rig.emulator.log.clear();
    expect(await apply(rig, run, drift("1"))).toMatchObject({ end: "drift", ended: 0 });
    expect(rig.count(patch)).toBe(0);
    const accept = { failures: false, drift: true };
    expect(await apply(rig, run, { ...drift("2"), accept })).toMatchObject({
      end: "finished",
      counts: { applied: 10 },
    });
  });
});

describe("a window", () => {
  it("that closes meanwhile lets what is under way finish, and the run goes on when it opens", async () => {
    const rig = rigOf(6);
    const run = await made(rig, 6);
    const window = parseTimeWindow("Sat 08:00-10:00 Europe/London");
    if (!window.ok) throw new Error(window.problem);
    const guards: ApplyGuards = { windows: [{ value: [window.value], from: "handover.yaml:3:1" }] };
    // Tests begin on Saturday at 09:00; each write takes twenty minutes.
    const slow = (inner: Exchange): Exchange => {
      return async (request) => {
        if (request.method === "PATCH") await rig.clock.sleep(20 * 60_000);
        return inner(request);
      };
    };
    const summary = await apply(rig, run, guards, slow);
    expect(summary).toMatchObject({ end: "window", counts: { applied: 3, planned: 3, "in-flight": 0 } });
    expect(summary.reason).toContain("(handover.yaml:3:1), which opens 2026-11-28 08:00 UTC");
    expect(await apply(rig, run, guards)).toMatchObject({ end: "window", ended: 0 });
    await rig.clock.advance(7 * 24 * 3_600_000 - 3_600_000);
    expect(await apply(rig, run, guards)).toMatchObject({ end: "finished" });
  });
});

describe("the budget of calls", () => {
  const budget = (max: number, spent = 0): CallBudget => new CallBudget({ value: max, from: "--max-calls" }, spent);

  /** Counts what leaves, as the command line does. */
  function counting(calls: CallBudget): (inner: Exchange) => Exchange {
    return (inner) => async (request) => {
      const answer = await inner(request);
      calls.called();
      return answer;
    };
  }

  it("that is just enough finishes the run, and one less ends it resumably with no call more", async () => {
    const all = rigOf(6);
    const whole = budget(1000);
    await apply(all, await made(all, 6), { calls: whole }, counting(whole));
    const needed = whole.spent;
    const exact = rigOf(6);
    const enough = budget(needed);
    expect(await apply(exact, await made(exact, 6), { calls: enough }, counting(enough))).toMatchObject({
      end: "finished",
    });
    const less = rigOf(6);
    const run = await made(less, 6);
    const calls = budget(needed - 1);
    const summary = await less.apply(run, { concurrency: 4, guards: { calls } }, { exchange: counting(calls) });
    expect(summary).toMatchObject({ end: "budget", counts: { applied: 5, planned: 1 } });
    expect(summary.reason).toContain("calls allowed are used up (--max-calls)");
    expect(calls.spent).toBe(needed - 1);
    expect(await (await run.openReader()).kept("calls")).toBe("0");
    expect(await less.apply(run)).toMatchObject({ end: "finished" });
  });

  it("holds what processes spent that were killed", async () => {
    const rig = rigOf(6);
    const run = await made(rig, 6);
    expect(await apply(rig, run, { calls: budget(5, 5) })).toMatchObject({ end: "budget", ended: 0 });
  });
});

/** Waves: what is taken when, what a gate looks at, and that a kill at any instant changes neither. */
import { describe, expect, it } from "vitest";
import type { ApplyGuards, WaveWish } from "../../src/engine/apply-guards.ts";
import type { Exchange } from "../../src/google/exchange.ts";
import type { Journal } from "../../src/journal/journal.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { parseAmount } from "../../src/model/guard.ts";
import { parseWaves } from "../../src/model/waves.ts";
import type { Waves } from "../../src/model/waves.ts";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const patch = "assets.updatePermissions";
const owners = ["leaver", "other", "ana"];

/** Twelve assets of three owners, each to be shared with the heir. */
function twelve(): Rig {
  const world = smallTenant();
  for (let n = 0; n < 12; n += 1) {
    world.addAsset({ name: `r${String(n).padStart(2, "0")}`, owner: owners[Math.floor(n / 4)] ?? "ana" });
  }
  return new Rig(world);
}

const grants = Array.from({ length: 12 }, (_, n) => {
  const select = named(`r${String(n).padStart(2, "0")}`);
  return row({ action: "grant", select, member: written("heir@acme.example"), role: "EDITOR" });
});

function waves(sizes: string, more: Partial<WaveWish> = {}): ApplyGuards {
  const amounts = sizes.split(",").map((size) => parseAmount(size) ?? expect.fail(size));
  return { waves: { sizes: amounts, pause: false, without: false, ...more } };
}

async function keptWaves(run: MemoryRun): Promise<Waves | undefined> {
  const text = await (await run.openReader()).kept("waves");
  return text === undefined ? undefined : parseWaves(text);
}

async function notes(run: MemoryRun, kind: string): Promise<readonly Record<string, unknown>[]> {
  const rows = await (await run.openReader()).audit(0, 1000);
  return rows
    .map(({ body }) => JSON.parse(body) as { kind: string; details: Record<string, unknown> })
    .filter((body) => body.kind === `note:${kind}`)
    .map(({ details }) => details);
}

/** Assets in the order in which the server changed them. */
function changed(rig: Rig): readonly string[] {
  return rig.emulator.state.history.filter(({ via }) => via !== "person").map(({ asset }) => asset);
}

function ownersOf(rig: Rig, assets: readonly string[]): readonly string[] {
  const all = assets.map((name) => rig.roles(name).find((role) => role.startsWith("OWNER ")) ?? "");
  return [...new Set(all)].toSorted();
}

function person(rig: Rig, name: string, change: (roles: Map<never, readonly never[]>) => void): void {
  const asset = rig.emulator.state.assets.get(name) ?? expect.fail();
  const roles = new Map(asset.roles) as Map<never, readonly never[]>;
  change(roles);
  rig.emulator.state.setRoles(asset, roles, { at: rig.clock.now(), actor: "x", via: "person" });
}

describe("a run in waves", () => {
  it("is carried out a wave at a time, each read back before the next begins, and spread over the owners", async () => {
    const rig = twelve();
    const run = await rig.made(grants);
    rig.emulator.log.clear();
    expect(await rig.apply(run, { guards: waves("1,50%,100%") })).toMatchObject({
      end: "finished",
      counts: { applied: 12 },
    });
    const order = changed(rig);
    expect(order).toHaveLength(12);
    expect(ownersOf(rig, order.slice(0, 6))).toHaveLength(3);
    const told = rig.events.flatMap((event) =>
      event.type === "wave" ? [`${event.wave}/${event.of} ${event.state} ${event.steps}`] : [],
    );
    expect(told).toEqual([
      "1/3 begun 1",
      "1/3 checking 1",
      "1/3 passed 1",
      "2/3 begun 5",
      "2/3 checking 5",
      "2/3 passed 5",
      "3/3 begun 6",
    ]);
    // Twelve writes, and one read for each step of the first two waves.
    expect([rig.count(patch), rig.count("assets.getPermissions")]).toEqual([12, 6]);
    expect(await notes(run, "gate")).toMatchObject([
      { wave: 1, of: 3, steps: 1, open: true },
      { wave: 2, of: 3, steps: 5, open: true },
    ]);
    expect(await notes(run, "waves")).toMatchObject([{ sizes: "1, 50 %, 100 %", steps: "1, 5" }]);
  });

  it("stops at a gate when a step of the wave failed, and goes on once that is accepted", async () => {
    const rig = twelve();
    const run = await rig.made(grants);
    rig.onceApplied = [{ route: patch, times: 1, fault: { kind: "status", status: 400 } }];
    const first = await rig.apply(run, { guards: waves("2,100%"), concurrency: 1 });
    expect(first).toMatchObject({ end: "gate", counts: { failed: 1, applied: 1, planned: 10 } });
    expect(first.reason).toContain("wave 1 of 2: 1 of its 2 steps failed, the limit is 0 %");
    rig.emulator.log.clear();
    const again = await rig.apply(run);
    expect(again).toMatchObject({ end: "gate", ended: 0 });
    expect(rig.count(patch)).toBe(0);
    const accepted = await rig.apply(run, { guards: { accept: { failures: true, drift: false } } });
    expect(accepted).toMatchObject({ end: "finished", counts: { failed: 1, applied: 11 } });
    expect(await notes(run, "accepted")).toEqual([{ failures: 1 }]);
  });

  it("lets failures through that the failure rate permits", async () => {
    const rig = twelve();
    const run = await rig.made(grants);
    rig.onceApplied = [{ route: patch, times: 1, fault: { kind: "status", status: 400 } }];
    const failureRate = { value: { percent: 50, over: 100, least: 100 }, from: "--max-failure-rate" };
    const summary = await rig.apply(run, { guards: { ...waves("2,100%"), failureRate } });
    expect(summary).toMatchObject({ end: "finished", counts: { failed: 1, applied: 11 } });
  });

  it("stops at a gate when somebody took back what the wave did, until that is accepted", async () => {
    const rig = twelve();
    const run = await rig.made(grants);
    await rig.apply(run, { guards: waves("3,100%", { pause: true }), concurrency: 1 }, { journal: stopAtGate(rig) });
    const waved = await keptWaves(run);
    expect(waved).toMatchObject({ passed: 0, problems: [expect.stringContaining("1 step drifted since")] });
    expect(await rig.apply(run)).toMatchObject({ end: "gate" });
    expect(changed(rig)).toHaveLength(3);
    expect(await rig.apply(run, { guards: { accept: { failures: false, drift: true } } })).toMatchObject({
      end: "finished",
    });
  });

  it("stops at a gate when an asset of the wave had another owner than planned", async () => {
    const rig = twelve();
    const run = await rig.made(grants);
    person(rig, "r00", (roles) => {
      roles.set("OWNER" as never, ["user:sam@acme.example" as never]);
      roles.set("EDITOR" as never, ["user:leaver@acme.example" as never]);
    });
    const summary = await rig.apply(run, { guards: waves("1,100%") });
    expect(summary).toMatchObject({ end: "gate" });
    expect(summary.reason).toContain("1 asset had changed since the plan and stayed as found");
    expect(await rig.apply(run, { guards: { accept: { failures: false, drift: true } } })).toMatchObject({
      end: "finished",
      counts: { applied: 11, skipped: 1 },
    });
  });

  it("stops at a gate while a step of the wave cannot go on, and passes it once it could", async () => {
    const rig = twelve();
    const run = await rig.made(grants);
    rig.emulator.world.changeUser("leaver", { suspended: true });
    const summary = await rig.apply(run, { guards: waves("3,100%") });
    expect(summary).toMatchObject({ end: "gate", counts: { applied: 2, planned: 10 } });
    expect(summary.reason).toContain("1 of its 3 steps cannot go on now");
    rig.emulator.world.changeUser("leaver", { suspended: false });
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { applied: 12 } });
  });

  it("ends after each wave when somebody is to look, and the same again goes on with the next", async () => {
    const rig = twelve();
    const run = await rig.made(grants);
    const options = { guards: waves("1,50%,100%", { pause: true }) };
    expect(await rig.apply(run, options)).toMatchObject({ end: "wave", counts: { applied: 1 } });
    expect(await rig.apply(run, options)).toMatchObject({ end: "wave", counts: { applied: 6 } });
    expect(await rig.apply(run, options)).toMatchObject({ end: "finished", counts: { applied: 12 } });
    expect(await notes(run, "waves")).toHaveLength(1);
  });

  it("keeps its waves when nobody names them again, and gives them up when told to", async () => {
    const rig = twelve();
    const run = await rig.made(grants);
    const pause = { waves: { sizes: undefined, pause: true, without: false } };
    await rig.apply(run, { guards: waves("1,50%", { pause: true }) });
    expect(await rig.apply(run, { guards: pause })).toMatchObject({ end: "wave", counts: { applied: 6 } });
    const other = twelve();
    const dropped = await other.made(grants);
    await other.apply(dropped, { guards: waves("1,50%", { pause: true }) });
    const without = { waves: { sizes: undefined, pause: true, without: true } };
    expect(await other.apply(dropped, { guards: without })).toMatchObject({ end: "finished" });
    expect(await notes(dropped, "waves-dropped")).toEqual([{ passed: 1, of: 3 }]);
  });

  it("takes up first what an earlier process had under way, whichever wave is on", async () => {
    const rig = twelve();
    const run = await rig.made(grants);
    const met = await dyingApply(rig, run, {}, Infinity, "PATCH");
    expect(met).toBeGreaterThan(0);
    expect(await (await run.openReader()).counts()).toMatchObject({ "in-flight": 2 });
    const summary = await rig.apply(run, { guards: waves("1,100%") });
    expect(summary).toMatchObject({ end: "finished", counts: { planned: 0, "in-flight": 0 } });
  });

  it("counts a transfer as one step, and takes the edits behind it no earlier", async () => {
    const rig = twelve();
    const after = row({ action: "grant", select: named("r01"), member: written("ana@acme.example"), role: "VIEWER" });
    const run = await rig.made([transfer("leaver", "heir"), after, ...grants.slice(4)]);
    const chosen = async (): Promise<readonly (readonly number[])[] | undefined> => (await keptWaves(run))?.chosen;
    const first = await rig.apply(run, { guards: waves("1,4,100%", { pause: true }) });
    expect(first).toMatchObject({ end: "wave" });
    expect(rig.events.filter((event) => event.type === "step").map((event) => event.asset)).toEqual([undefined]);
    expect((await chosen())?.map((seqs) => seqs.length)).toEqual([1, 3]);
    await rig.apply(run);
    expect(await (await run.openReader()).counts()).toMatchObject({ planned: 0, failed: 0, skipped: 0 });
  });

  it("halts, and no gate opens, when the credentials are gone while it reads back", async () => {
    const rig = twelve();
    const run = await rig.made(grants);
    let reads = 0;
    const exchange = (inner: Exchange): Exchange => {
      return async (request) => {
        if (request.method === "GET" && request.url.includes("/permissions") && (reads += 1) === 1) {
          return { status: 403, headers: {}, body: JSON.stringify(apiDisabled) };
        }
        return inner(request);
      };
    };
    const summary = await rig.apply(run, { guards: waves("1,100%") }, { exchange });
    expect(summary).toMatchObject({ end: "halted", counts: { applied: 1, planned: 11 } });
    expect(await keptWaves(run)).toMatchObject({ passed: 0 });
    expect(await rig.apply(run)).toMatchObject({ end: "finished" });
  });
});

const apiDisabled = {
  error: {
    code: 403,
    message: "Data Studio API has not been used in project 1 before or it is disabled.",
    status: "PERMISSION_DENIED",
    details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "SERVICE_DISABLED" }],
  },
};

/** Takes a grant of the wave back just before the gate reads. */
function stopAtGate(rig: Rig): (inner: Journal) => Journal {
  let results = 0;
  return (inner) =>
    new Proxy(inner, {
      get: (target, name) => {
        const found: unknown = Reflect.get(target, name, target);
        if (typeof found !== "function") return found;
        return async (...given: unknown[]) => {
          const answer: unknown = await Reflect.apply(found, target, given);
          if (name === "result" && (results += 1) === 3) {
            const [first = ""] = changed(rig);
            person(rig, first, (roles) => roles.delete("EDITOR" as never));
          }
          return answer;
        };
      },
    });
}

/**
 * Applies until boundary `at` of journal and network, or the first request by `method`, where the process ends: no call of
 * it is answered any more. Answers how many boundaries it came to.
 */
async function dyingApply(rig: Rig, run: MemoryRun, guards: ApplyGuards, at: number, method?: string): Promise<number> {
  const never = new Promise<never>(() => undefined);
  let met = 0;
  let die: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => {
    die = resolve;
  });
  let isDead = false;
  const boundary = async (kills = false): Promise<void> => {
    met += 1;
    if (met === at || kills) isDead = true;
    if (!isDead) return;
    die();
    await never;
  };
  const journal = (inner: Journal): Journal =>
    new Proxy(inner, {
      get: (target, name) => {
        const found: unknown = Reflect.get(target, name, target);
        if (typeof found !== "function") return found;
        if (name === "keep" || name === "noEffect") {
          return (...given: unknown[]) => (isDead ? undefined : Reflect.apply(found, target, given));
        }
        return async (...given: unknown[]) => {
          await boundary();
          const answer: unknown = await Reflect.apply(found, target, given);
          await boundary();
          return answer;
        };
      },
    });
  const exchange = (inner: Exchange): Exchange => {
    return async (request) => {
      await boundary(request.method === method);
      const answer = await inner(request);
      await boundary();
      return answer;
    };
  };
  const applying = rig.apply(run, { guards, concurrency: 2 }, { journal, exchange }).then(() => undefined);
  await Promise.race([applying, rig.clock.drive(dead.then(() => undefined)).catch(() => undefined)]);
  return met;
}

describe("a run in waves that is killed", () => {
  it("at any boundary of journal and network goes on in the same wave, and no wave begins before its gate is open", async () => {
    const sizes = "1,50%,100%";
    const violations: string[] = [];
    let boundaries = 0;
    for (let at = 1; ; at += 1) {
      const rig = twelve();
      const run = await rig.made(grants.slice(2, 6));
      if ((await dyingApply(rig, run, waves(sizes), at)) < at) break;
      boundaries = at;
      const before = await keptWaves(run);
      const summary = await rig.apply(run, { guards: waves(sizes) });
      const kept = await keptWaves(run);
      const say = (problem: string): void => void violations.push(`killed at ${at}: ${problem}`);
      if (summary.end !== "finished" || summary.counts.applied + summary.counts.confirmed !== 4) say(summary.end);
      if (before !== undefined && JSON.stringify(before.chosen) !== JSON.stringify(kept?.chosen)) say("other waves");
      if (kept === undefined || kept.passed !== 2) say(`${kept?.passed} gates passed`);
      const reader = await run.openReader();
      if ((await reader.firstBadAuditRow()) !== undefined) say("the audit chain is broken");
      // Killed just after a note, the next process notes the same again.
      const chosen = new Set((await notes(run, "waves")).map((details) => JSON.stringify(details)));
      if (chosen.size !== 1) say(`chosen ${chosen.size} times`);
      const passed = new Set((await notes(run, "gate")).map(({ wave, open }) => `${String(wave)} ${String(open)}`));
      if ([...passed].join() !== "1 true,2 true") say(`gates ${[...passed].join()}`);
      // What the server changed, in waves: nobody of a later one before the last of an earlier one.
      const steps = new Map(
        (await reader.page({}, 0, 100)).map(({ step }) => [step.kind === "edit" ? step.asset.name : "", step.seq]),
      );
      const waveOf = (asset: string): number => {
        const found = kept?.chosen.findIndex((seqs) => seqs.includes(steps.get(asset) ?? 0)) ?? -1;
        return found < 0 ? 2 : found;
      };
      const order = changed(rig).map(waveOf);
      if (order.join() !== order.toSorted((a, b) => a - b).join() || order.length !== 4) say(`order ${order.join()}`);
      run.dispose();
    }
    expect(violations).toEqual([]);
    expect(boundaries).toBeGreaterThan(50);
  }, 120_000);
});

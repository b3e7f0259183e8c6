/** A crash at every single boundary of journal and network, and at every pair of them: nothing lost, nothing doubled. */
import { describe, expect, it } from "vitest";
import { applyRun } from "../../src/engine/apply.ts";
import type { Exchange } from "../../src/google/exchange.ts";
import type { Journal } from "../../src/journal/journal.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { Request } from "../../src/model/request.ts";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, applyDefaults, smallTenant } from "../support/rig.ts";

/** Blows at the n-th boundary it is asked about; from then on the process it belongs to is dead. */
class Fuse {
  readonly blown: Promise<"killed">;
  readonly #blowAt: number;
  #blow: (how: "killed") => void = () => undefined;
  #passed = 0;
  #dead = false;

  constructor(blowAt: number) {
    this.#blowAt = blowAt;
    this.blown = new Promise((resolve) => {
      this.#blow = resolve;
    });
  }

  get passed(): number {
    return this.#passed;
  }

  /** Resolves at a living boundary; never, once the process is dead. */
  async pass(): Promise<void> {
    if (!this.#dead && (this.#passed += 1) === this.#blowAt) {
      this.#dead = true;
      this.#blow("killed");
    }
    if (this.#dead) await new Promise<never>(() => undefined);
  }

  exchange(inner: Exchange): Exchange {
    return async (request) => {
      await this.pass();
      const response = await inner(request);
      await this.pass();
      return response;
    };
  }

  journal(inner: Journal): Journal {
    return new Proxy(inner, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (name === "intent" || name === "result" || name === "remember" || name === "claim") {
          return async (...given: readonly unknown[]) => {
            await this.pass();
            const answer: unknown = await Reflect.apply(member, target, given);
            await this.pass();
            return answer;
          };
        }
        return member.bind(target) as unknown;
      },
    });
  }
}

interface Scene {
  readonly rig: Rig;
  readonly run: MemoryRun;
}

/** One apply that is killed at boundary `blowAt`, or ends by itself; answers the boundaries it passed. */
async function applyUntil({ rig, run }: Scene, blowAt: number): Promise<number> {
  const fuse = new Fuse(blowAt);
  const journal = await run.openJournal({ clock: rig.clock });
  const api = rig.api({ exchange: (inner) => fuse.exchange(inner) });
  const applying = applyRun(rig.surroundings(api), fuse.journal(journal), applyDefaults);
  const ended = await rig.clock.drive(Promise.race([applying, fuse.blown]), 1e9);
  if (ended !== "killed") await journal.close();
  return fuse.passed;
}

const plans: Readonly<Record<string, () => readonly Request[]>> = {
  "two edits": () => [
    row({ action: "grant", select: named("x1"), member: written("ana@acme.example"), role: "EDITOR" }),
    row({ action: "revoke", select: named("x2"), member: written("other@acme.example"), role: undefined }),
  ],
  "a transfer with its follow-ups": () => [transfer("leaver", "heir", { keep: "none" })],
  "an attempted owner change": () => [transfer("heir", "ana", { select: named("x1"), ownerChange: "attempt" })],
  "everything at once": () => [
    transfer("leaver", "heir", { keep: "viewer" }),
    row({ action: "grant", select: named("r1"), member: written("ana@acme.example"), role: "EDITOR" }),
    row({ action: "close-link", select: named("x1") }),
    row({ action: "set-role", select: named("x2"), member: written("other@acme.example"), role: "EDITOR" }),
  ],
};

async function scene(plan: () => readonly Request[]): Promise<Scene> {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver", roles: { VIEWER: ["user:other@acme.example"] } });
  world.addAsset({ name: "r2", owner: "leaver", type: "DATA_SOURCE" });
  world.addAsset({ name: "x1", owner: "heir", roles: { LINK_VIEWER: ["allUsers"] } });
  world.addAsset({ name: "x2", owner: "heir", roles: { VIEWER: ["user:other@acme.example"] } });
  const rig = new Rig(world, { transferPace: { startMs: 1000, perAssetMs: 500 } });
  return { rig, run: await rig.made(plan()) };
}

/** Everything the server was made to do, each thing with how often: what "exactly once" is judged by. */
function effects(rig: Rig): readonly string[] {
  return rig.emulator.history
    .flatMap(({ asset, before, after, via }) => [
      ...pairs(after)
        .filter((pair) => !pairs(before).includes(pair))
        .map((pair) => `${via} ${asset} + ${pair}`),
      ...pairs(before)
        .filter((pair) => !pairs(after).includes(pair))
        .map((pair) => `${via} ${asset} - ${pair}`),
    ])
    .toSorted();
}

function pairs(roles: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return [...roles].flatMap(([role, members]) => members.map((m) => `${role} ${m}`));
}

async function judge(at: string, crashed: Scene, calm: Scene): Promise<void> {
  expect(effects(crashed.rig), at).toEqual(effects(calm.rig));
  expect(crashed.rig.fingerprint(), at).toBe(calm.rig.fingerprint());
  expect([...crashed.rig.emulator.transfers.jobs.values()].length, at).toBe(
    [...calm.rig.emulator.transfers.jobs.values()].length,
  );
  const reader = await crashed.run.openReader();
  const counts = await reader.counts();
  expect([counts.planned, counts["in-flight"], counts.failed, counts.skipped], at).toEqual([0, 0, 0, 0]);
  expect(await reader.firstBadAuditRow(), at).toBeUndefined();
}

describe.each(Object.keys(plans))("a crash during %s", (name) => {
  const plan = plans[name] ?? (() => []);

  it("at any single boundary loses nothing and doubles nothing", { timeout: 120_000 }, async () => {
    const calm = await scene(plan);
    const boundaries = await applyUntil(calm, Infinity);
    expect(boundaries).toBeGreaterThan(5);
    for (let at = 1; at <= boundaries; at += 1) {
      const crashed = await scene(plan);
      await applyUntil(crashed, at);
      await applyUntil(crashed, Infinity);
      await judge(`killed at boundary ${at} of ${boundaries}`, crashed, calm);
    }
  });
});

/** Every pair for the small plan; for the long one every fifth boundary as the second, which keeps the sweep short. */
describe.each([
  ["two edits", 1],
  ["a transfer with its follow-ups", 5],
] as const)("two crashes during %s", (name, stride) => {
  it("at any pair of boundaries lose nothing and double nothing", { timeout: 120_000 }, async () => {
    const plan = plans[name] ?? (() => []);
    const calm = await scene(plan);
    const boundaries = await applyUntil(calm, Infinity);
    for (let first = 1; first <= boundaries; first += 1) {
      for (let second = 1; second <= boundaries; second += stride) {
        const crashed = await scene(plan);
        await applyUntil(crashed, first);
        await applyUntil(crashed, second);
        await applyUntil(crashed, Infinity);
        await judge(`killed at boundaries ${first} and ${second} of ${boundaries}`, crashed, calm);
      }
    }
  });
});

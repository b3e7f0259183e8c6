/** The states in which runs are kept: for each, how a run gets there. */
import { member } from "../../src/model/member.ts";
import type { Request } from "../../src/model/request.ts";
import type { World } from "../../src/emulator/world.ts";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { smallTenant } from "../support/rig.ts";
import { Bench } from "./bench.ts";

export interface GoldenCase {
  readonly name: string;
  /** Makes the run at `path`, and answers the world to go on in. */
  readonly make: (path: string) => Promise<Bench>;
}

const patch = "assets.updatePermissions";

function tenant(): World {
  const world = smallTenant();
  for (const name of ["l1", "l2", "l3"]) {
    const type = name === "l3" ? "DATA_SOURCE" : "REPORT";
    world.addAsset({
      name,
      owner: "leaver",
      title: `Leaver's ${name}`,
      type,
      roles: { VIEWER: ["user:other@acme.example"] },
    });
  }
  for (const name of ["a1", "a2", "a3", "a4", "a5", "a6"]) {
    world.addAsset({
      name,
      owner: "ana",
      title: `Ana's ${name}`,
      roles: { VIEWER: ["user:other@acme.example"], LINK_VIEWER: ["domain:acme.example"] },
    });
  }
  world.addAsset({ name: "h1", owner: "heir", title: "Übergabe ✓" });
  return world;
}

const grant = (asset: string): Request =>
  row({ action: "grant", select: named(asset), member: written("heir@acme.example"), role: "EDITOR" });
const revoke = (asset: string): Request =>
  row({ action: "revoke", select: named(asset), member: written("other@acme.example"), role: undefined });
const closeLink = (asset: string): Request => row({ action: "close-link", select: named(asset) });
const everythingOfLeaver = (): Request => transfer("leaver", "heir", { keep: "viewer" });
const byHand = (asset: string): Request => transfer("ana", "heir", { select: named(asset), keep: "editor" });

async function planned(path: string, bench: Bench, requests: readonly Request[]): Promise<Bench> {
  const outcome = await bench.plan(path, "01KB0GOLDEN000000000000001", requests);
  if (outcome.kind !== "made") throw new Error(`no run: ${JSON.stringify(outcome.header.refusals)}`);
  return bench;
}

/**
 * Applies one step after the other until the write after `writes` has reached the server, whose answer never comes: the
 * process is gone, and with it all that it had in memory.
 */
async function killedAfter(bench: Bench, path: string, writes: number): Promise<void> {
  let reached = (): void => undefined;
  const cut = new Promise<void>((resolve) => (reached = resolve));
  let sent = 0;
  await bench.apply(path, {
    concurrency: 1,
    cut,
    exchange: (inner) => async (request) => {
      const answer = await inner(request);
      if (request.method !== "PATCH" || (sent += 1) <= writes) return answer;
      reached();
      return new Promise(() => undefined);
    },
  });
}

export const cases: readonly GoldenCase[] = [
  {
    name: "planned",
    make: async (path) =>
      planned(path, new Bench(tenant()), [
        everythingOfLeaver(),
        grant("a1"),
        revoke("a2"),
        closeLink("a3"),
        byHand("a4"),
      ]),
  },
  {
    name: "interrupted",
    make: async (path) => {
      const bench = await planned(
        path,
        new Bench(tenant()),
        ["a1", "a2", "a3", "a4"].flatMap((name) => [grant(name), revoke(name)]),
      );
      await killedAfter(bench, path, 1);
      return bench;
    },
  },
  {
    name: "finished",
    make: async (path) => {
      const world = tenant();
      const bench = await planned(path, new Bench(world), [
        everythingOfLeaver(),
        ...["a1", "a2", "a3", "a4"].map(grant),
        closeLink("a6"),
        byHand("a5"),
      ]);
      const { emulator } = bench.rig;
      const already = { add: [{ role: "EDITOR", member: member("user:heir@acme.example") }], remove: [] };
      emulator.state.edit("a4", already, { at: bench.rig.clock.now(), actor: "ana@acme.example", via: "edit" });
      bench.rig.onceApplied = [
        { route: patch, asset: "a2", fault: { kind: "status", status: 403 } },
        { route: patch, asset: "a3", nth: 1, fault: { kind: "reset", applied: true } },
        { route: "transfers.insert", fault: { kind: "transfer", outcome: "failed", share: 0 } },
      ];
      await bench.apply(path);
      emulator.setFaults([]);
      await bench.verify(path);
      return bench;
    },
  },
  {
    name: "undo-interrupted",
    make: async (path) => {
      const done = `${path}.done`;
      const bench = await planned(done, new Bench(tenant()), ["a1", "a2", "a3"].map(grant));
      await bench.apply(done);
      await bench.undo(done, path, "01KB0GOLDEN000000000000002");
      await killedAfter(bench, path, 1);
      return bench;
    },
  },
  {
    name: "transferring",
    make: async (path) => {
      const slow = { transferPace: { startMs: 60_000, perAssetMs: 60_000 } };
      const bench = await planned(path, new Bench(tenant(), slow), [everythingOfLeaver(), grant("a1")]);
      const stop = new AbortController();
      const asked = bench.rig.clock.sleep(90_000).then(() => stop.abort());
      await bench.apply(path, { stop: stop.signal });
      await asked;
      return bench;
    },
  },
];

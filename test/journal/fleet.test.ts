/** What holds over a whole fleet: steps of the dead are taken over, and guards, budgets, waves and pauses count for all workers together. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Exchange } from "../../src/google/exchange.ts";
import { openPostgresJournal } from "../../src/journal/postgres/journal.ts";
import { openPostgresReader } from "../../src/journal/postgres/reader.ts";
import { endForAll, steer } from "../../src/journal/postgres/fleet.ts";
import { takeCalls } from "../../src/journal/postgres/fleet-beat.ts";
import { workersOf } from "../../src/journal/postgres/fleet-workers.ts";
import type { HandedRun } from "../../src/journal/postgres/fleet.ts";
import { parseAmount } from "../../src/model/guard.ts";
import type { Amount } from "../../src/model/guard.ts";
import { named, row, written } from "../plan/compile/world.ts";
import { startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { until } from "../support/process.ts";
import { Rig, smallTenant } from "../support/rig.ts";
import { Dam, FleetStage, runName } from "./fleet-stage.ts";
import type { AtWork, AtWorkOptions } from "./fleet-stage.ts";

let server: PostgresServer;
let stage: FleetStage;

beforeAll(async () => {
  server = await startPostgres();
});

afterEach(async () => {
  await stage.close();
});

afterAll(async () => {
  await server.dispose();
});

interface Played {
  readonly rig: Rig;
  readonly run: HandedRun;
  start(workers: number, options?: AtWorkOptions): Promise<readonly AtWork[]>;
  /** Changes that the server has made, by asset. */
  made(): ReadonlyMap<string, number>;
}

/** A run that shares so many assets with the heir, in the database. */
async function played(assets: number, callsMax?: number, waves?: readonly Amount[]): Promise<Played> {
  const world = smallTenant();
  const names = Array.from({ length: assets }, (_, n) => `r${String(n).padStart(3, "0")}`);
  for (const [n, name] of names.entries()) world.addAsset({ name, owner: ["leaver", "other", "ana"][n % 3] ?? "ana" });
  const rig = new Rig(world);
  const grants = names.map((name) =>
    row({ action: "grant", select: named(name), member: written("heir@acme.example"), role: "EDITOR" }),
  );
  const made = await rig.made(grants);
  stage = new FleetStage(rig, await server.database(), server.port);
  const run = await stage.handOver(made, callsMax, waves);
  const before = rig.emulator.state.history.length;
  return {
    rig,
    run,
    start: async (workers, options) => Promise.all(Array.from({ length: workers }, () => stage.work(run, options))),
    made: () => {
      const times = new Map<string, number>();
      for (const { asset } of rig.emulator.state.history.slice(before)) times.set(asset, (times.get(asset) ?? 0) + 1);
      return times;
    },
  };
}

async function counts(): Promise<Readonly<Record<string, number>>> {
  const reader = await openPostgresReader(await stage.database(), runName);
  expect(await reader.firstBadAuditRow()).toBeUndefined();
  return reader.counts();
}

/** Answers take a little while, so that workers meet. */
function slowly(inner: Exchange): Exchange {
  return async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return inner(request);
  };
}

function refusing(inner: Exchange): Exchange {
  return async (request) =>
    request.method === "PATCH"
      ? { status: 400, headers: {}, body: '{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"no"}}' }
      : slowly(inner)(request);
}

describe("several workers of one run", () => {
  it("carry it out once between them, and all end when it has ended", async () => {
    const play = await played(60);
    const workers = await play.start(4, { exchange: slowly });
    const summaries = await Promise.all(workers.map(({ ended }) => ended));
    expect(summaries.map(({ end }) => end)).toEqual(["finished", "finished", "finished", "finished"]);
    expect(summaries.reduce((sum, { ended }) => sum + ended, 0)).toBe(60);
    expect([...play.made().values()].filter((times) => times !== 1)).toEqual([]);
    expect((await counts())["applied"]).toBe(60);
  });

  it("write results while others write what names the run: neither waits for the other", async () => {
    await played(3);
    const database = await stage.database();
    const journal = await openPostgresJournal(await stage.database(), runName, { clock: stage.clock });
    await database.transaction(async (client) => {
      // As an intent that is not committed yet has it.
      await client.query("select 1 from runs for key share");
      await journal.note("here", {});
    });
    await journal.close();
    expect((await counts())["planned"]).toBe(3);
  });

  it("take over what a worker held that died, once its lease has run out", async () => {
    const play = await played(60);
    const dam = new Dam(5);
    const [doomed] = await play.start(1, { exchange: dam.exchange, leaseMs: 1500 });
    await until(async () => (play.made().size === 5 ? true : undefined));
    doomed?.die();
    const others = await play.start(2, { exchange: slowly });
    const summaries = await Promise.all(others.map(({ ended }) => ended));
    expect(summaries.map(({ end }) => end)).toEqual(["finished", "finished"]);
    expect([...play.made().values()].filter((times) => times !== 1)).toEqual([]);
    expect(play.made().size).toBe(60);
  });

  it("go on after the database was killed and started again, without a lost or doubled step", async () => {
    const play = await played(80);
    const dam = new Dam(20);
    const workers = await play.start(3, { exchange: dam.exchange, leaseMs: 1500 });
    await until(async () => (play.made().size === 20 ? true : undefined));
    await server.kill();
    dam.open();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await server.start();
    const summaries = await Promise.all(workers.map(({ ended }) => ended));
    expect(summaries.map(({ end }) => end)).toEqual(["finished", "finished", "finished"]);
    expect([...play.made().values()].filter((times) => times !== 1)).toEqual([]);
    const { applied = 0, confirmed = 0 } = await counts();
    expect(applied + confirmed).toBe(80);
  });

  it("stop together at the failures that all of them have met", async () => {
    const play = await played(90);
    const guards = { failures: { value: 6, from: "--max-failures" } };
    const workers = await play.start(3, { guards, exchange: refusing, concurrency: 1 });
    const summaries = await Promise.all(workers.map(({ ended }) => ended));
    expect(summaries.map(({ end }) => end)).toEqual(["breaker", "breaker", "breaker"]);
    const { failed = 0 } = await counts();
    expect(failed).toBeGreaterThanOrEqual(6);
    // Each may have had its claims in hand when the last one failed.
    expect(failed).toBeLessThanOrEqual(6 + 3 * 2);
  });

  it("make no more calls between them than the budget has", async () => {
    const play = await played(100, 70);
    const workers = await play.start(3, { calls: { value: 70, from: "--max-calls" }, exchange: slowly });
    const summaries = await Promise.all(workers.map(({ ended }) => ended));
    expect(summaries.some(({ end }) => end === "budget")).toBe(true);
    expect(workers.reduce((sum, { calls }) => sum + calls(), 0)).toBeLessThanOrEqual(70);
    expect(play.made().size).toBeGreaterThan(40);
  });

  it("leave a run that was ended and handed over again, and give nothing back to its new budget", async () => {
    const play = await played(80, 1000);
    const calls = { value: 1000, from: "--max-calls" };
    const dam = new Dam(5);
    const [worker] = await play.start(1, { calls, exchange: dam.exchange, concurrency: 1 });
    await until(async () => (play.made().size === 5 ? true : undefined));
    const database = await stage.database();
    // Told of the end alone, it would leave with that.
    const again = await stage.endAndHandOver(play.run, 100);
    dam.open();
    expect((await takeCalls(database, again, 90)).left).toBe(10);
    expect(await worker?.ended).toMatchObject({ end: "stopped", reason: "it was handed over again" });
    expect((await takeCalls(database, again, 0)).left).toBe(10);
    expect(await endForAll(database, play.run, "finished", "")).toBe(false);
    expect(await endForAll(database, again, "finished", "")).toBe(true);
    expect(await endForAll(database, again, "stopped", "")).toBe(false);
  });

  it("begin a wave only once the one before was read back, by one of them for all", async () => {
    const sizes = ["3", "50%"].map((text) => parseAmount(text) ?? expect.fail(text));
    const play = await played(30, undefined, sizes);
    const workers = await play.start(3, { exchange: slowly });
    const summaries = await Promise.all(workers.map(({ ended }) => ended));
    expect(summaries.map(({ end }) => end)).toEqual(["finished", "finished", "finished"]);
    const reader = await openPostgresReader(await stage.database(), runName);
    const gates = (await reader.audit(0, 1000)).filter(({ body }) => body.includes('"note:gate"'));
    expect(gates).toHaveLength(2);
    expect([...play.made().values()].filter((times) => times !== 1)).toEqual([]);
  });

  it("pause, go on and end together, as they are told through the database", async () => {
    const play = await played(80);
    const dam = new Dam(5);
    const workers = await play.start(3, { exchange: dam.exchange, concurrency: 1 });
    const all = async (is: (worker: AtWork) => boolean): Promise<true> =>
      until(async () => workers.every(is) || undefined);
    await until(async () => (play.made().size === 5 ? true : undefined));
    const database = await stage.database();
    expect(await steer(database, play.run.run, { pausedBy: "ana" })).toBe(true);
    await all(({ isPaused }) => isPaused());
    expect(await workersOf(database, play.run.run)).toHaveLength(3);
    dam.open(20);
    await until(async () => dam.underway === 0 || undefined);
    // What was sent has been answered, and nothing more is sent.
    const before = play.made().size;
    expect(before).toBeLessThanOrEqual(5 + 3);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(play.made().size).toBe(before);
    await steer(database, play.run.run, { pausedBy: null });
    await until(async () => (play.made().size === 25 ? true : undefined));
    await steer(database, play.run.run, { drainingBy: "ana" });
    await all(({ isStopping }) => isStopping());
    dam.open();
    const summaries = await Promise.all(workers.map(({ ended }) => ended));
    expect(summaries.map(({ end }) => end)).toEqual(["stopped", "stopped", "stopped"]);
    expect(await workersOf(database, play.run.run)).toHaveLength(0);
    const left = await counts();
    expect([left["failed"], (left["planned"] ?? 0) > 0]).toEqual([0, true]);
    expect([...play.made().values()].filter((times) => times !== 1)).toEqual([]);
  });
});

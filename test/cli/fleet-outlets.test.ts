/** Who listens to a run that workers carry out: a file, a command, figures and a page, for all workers and for each. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import type { WishAnswer } from "../../src/cli/apply-steering.ts";
import { FleetSteering } from "../../src/cli/fleet-steering.ts";
import { existingRun } from "../../src/cli/run-store.ts";
import type { Clock } from "../../src/model/clock.ts";
import { startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { until } from "../support/process.ts";
import { Scene } from "./scene.ts";
import { world } from "./world.ts";

let server: PostgresServer;
let scene: Scene;
/** Lets go the writes that Google keeps. */
let answers: AbortController;
const heldMs = 3_600_000;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(async () => {
  await server.dispose();
});

beforeEach(async () => {
  answers = new AbortController();
  const sleep: Clock["sleep"] = (ms, signal) =>
    wallClock.sleep(ms, ms !== heldMs || signal === undefined ? signal : AbortSignal.any([signal, answers.signal]));
  const faults = [{ route: "assets.updatePermissions", fault: { kind: "delay", ms: heldMs } }] as const;
  scene = await Scene.start({ seed: 7, users: 30, assets: 200, clock: { ...wallClock, sleep }, faults });
  const full = new URL(await server.database());
  await mkdir(scene.path("home"));
  await writeFile(join(scene.folder, "home", ".pgpass"), `127.0.0.1:*:*:postgres:${full.password}\n`, { mode: 0o600 });
  full.password = "";
  await scene.write("handover.yaml", `${await scene.read("handover.yaml")}journal: ${full.href}\n`);
  await scene.write("moves.csv", "from,to,title,keep\nanna@acme.example,emea-bi@acme.example,EMEA *,viewer\n");
  await scene.prints("plan moves.csv -o friday");
  return async () => scene.close();
});

interface Line {
  readonly type: string;
  readonly run?: string;
  readonly seq?: number;
  readonly outcome?: string;
  readonly act?: string;
  readonly end?: string;
  readonly steps?: number;
  readonly exitCode?: number;
}

async function linesOf(name: string): Promise<readonly Line[]> {
  return (await readFile(scene.path(name), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

async function script(name: string): Promise<void> {
  await writeFile(scene.path(name), `#!/bin/sh\nread line; echo "$HANDOVER_EVENT $HANDOVER_RUN" >> ${name}.seen\n`, {
    mode: 0o700,
  });
}

it("are told by the apply what all workers do, and by each worker what it does itself", async () => {
  await script("hook");
  await script("own");
  const outlets = "--events all.ndjson --on-event ./hook --on-event-types started,steered,ended --metrics";
  const applying = await scene.begin(`apply friday --yes ${outlets}`);
  const workers = await Promise.all(
    [1, 2].map((number) =>
      scene.begin(
        `worker --run friday --exit-when-done --concurrency 1 --events ${number}.ndjson --on-event ./own --on-event-types ended`,
      ),
    ),
  );
  const said = (pattern: RegExp): Promise<string> => until(async () => pattern.exec(applying.err())?.[1]);
  const figures = await said(/^Metrics {4}(\S+)$/m);
  await until(async () => (await (await fetch(figures)).text()).includes("handover_workers 2\n") || undefined);
  expect(await (await fetch(figures)).text()).toContain('handover_steps{state="applied"} 0');

  // As the page does.
  const { context } = await world({ folder: scene.folder });
  const steering = new FleetSteering(context, await existingRun(context, {}, "friday"));
  const ask = (action: string): Promise<WishAnswer> => steering.wish({ action }, { via: "dashboard", uid: undefined });
  expect((await ask("abort")).kind).toBe("refused");
  expect((await ask("pause")).kind).toBe("done");
  expect(steering.pausedBy?.by).toBe("planner@tests");
  await until(async () => workers.every(({ err }) => err().includes("paused, as asked by planner@tests")) || undefined);
  await until(async () => (await (await fetch(figures)).text()).includes("handover_paused 1\n") || undefined);
  expect((await ask("resume")).kind).toBe("done");
  expect(steering.pausedBy).toBeUndefined();
  await until(async () => workers.every(({ err }) => err().includes("going on, as asked")) || undefined);
  answers.abort();
  expect(await applying.ended).toMatchObject({ code: 0 });
  const ends = await Promise.all(workers.map(({ ended }) => ended));
  expect(ends.map(({ code }) => code)).toEqual([0, 0]);

  expect(await ask("pause")).toMatchObject({ kind: "refused", problem: "friday is not being carried out" });

  const all = await linesOf("all.ndjson");
  const types = all.map(({ type }) => type);
  expect([types.slice(0, 2), types.slice(-2)]).toEqual([
    ["version", "apply-started"],
    ["apply-ended", "summary"],
  ]);
  expect(all.filter(({ type }) => type === "steered").map(({ act }) => act)).toEqual(["pause", "resume"]);
  const ended = all.filter(({ type }) => type === "step").map(({ seq }) => seq);
  expect(ended.length).toBeGreaterThan(2);
  expect(new Set(ended).size).toBe(ended.length);
  expect(await scene.read("hook.seen")).toMatch(/^started \S+friday\n(steered \S+friday\n){2}ended \S+friday\n$/);

  const each = await Promise.all(["1.ndjson", "2.ndjson"].map(linesOf));
  expect(each.flat().every(({ run }) => run === "friday")).toBe(true);
  expect(each.map((lines) => lines.at(-1))).toMatchObject([
    { type: "left", end: "finished" },
    { type: "left", end: "finished" },
  ]);
  const own = each.map((lines) => lines.filter(({ type }) => type === "step").map(({ seq }) => seq));
  expect(each.map((lines) => lines.at(-1)?.steps)).toEqual(own.map(({ length }) => length));
  expect(new Set(own.flat())).toEqual(new Set(ended));
  expect((await scene.read("own.seen")).trim().split("\n")).toHaveLength(2);
});

it.each([
  ["--events no/all.ndjson", 3, "(ENOENT)"],
  ["--on-event ./nothing", 3, "there is no program"],
  ["--on-event handover.yaml --on-event-types slow", 3, "only its workers know of that"],
])("that cannot be told keep the run from being handed over: %s", async (outlets, code, problem) => {
  const { code: ended, err } = await scene.handover(`apply friday --yes ${outlets}`);
  expect([ended, err]).toEqual([code, expect.stringContaining(problem)]);
  expect(await scene.handover("ctl friday status")).toMatchObject({ code: 9 });
});

it.each([
  ["--events no/own.ndjson", "(ENOENT)"],
  ["--on-event ./nothing", "there is no program"],
  ["--on-event-types step", "is for a command"],
])("that cannot be told by a worker end it before it joins: %s", async (outlets, problem) => {
  const { code, err } = await scene.handover(`worker --until-idle ${outlets}`);
  expect([code, err]).toEqual([3, expect.stringContaining(problem)]);
});

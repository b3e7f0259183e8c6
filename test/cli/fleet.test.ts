/** Runs that workers carry out, behind the verbs: left at once, moved away, signed, and ended during a pause. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import type { Clock } from "../../src/model/clock.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { until } from "../support/process.ts";
import { Scene } from "./scene.ts";

let server: PostgresServer;
let scene: Scene;
let journal: string;
/** Lets go what Google keeps. */
let answers: AbortController;

/** A delay that lasts until the test lets go. */
const heldMs = 3_600_000;
const held = { route: "assets.updatePermissions", fault: { kind: "delay", ms: heldMs } };

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(async () => {
  await server.dispose();
});

beforeEach(async () => {
  answers = new AbortController();
  const sleep: Clock["sleep"] = (ms, signal) =>
    ms === heldMs ? wallClock.sleep(ms, either(signal, answers.signal)) : wallClock.sleep(ms, signal);
  scene = await Scene.start({ seed: 7, users: 30, assets: 200, clock: { ...wallClock, sleep } });
  const full = new URL(await server.database());
  await mkdir(scene.path("home"));
  await writeFile(join(scene.folder, "home", ".pgpass"), `127.0.0.1:*:*:postgres:${full.password}\n`, { mode: 0o600 });
  full.password = "";
  journal = full.href;
  const settings = await scene.read("handover.yaml");
  await scene.write("handover.yaml", `${settings}journal: ${journal}\n`);
  await scene.write("moves.csv", "from,to,title,keep\nanna@acme.example,emea-bi@acme.example,EMEA *,viewer\n");
  return async () => scene.close();
});

/** How many writes the faults have struck. */
async function struck(): Promise<number> {
  const response = await fetch(`${scene.google.url}/_emulator/faults`);
  const { faults: set } = (await response.json()) as { readonly faults: readonly { readonly struck: number }[] };
  return set.reduce((sum, each) => sum + each.struck, 0);
}

async function faults(rules: readonly object[]): Promise<void> {
  await fetch(`${scene.google.url}/_emulator/faults`, { method: "PUT", body: JSON.stringify(rules) });
}

async function state(run: string): Promise<Record<string, unknown>> {
  return scene.json(`ctl ${run} status --json`);
}

function either(a: AbortSignal | undefined, b: AbortSignal): AbortSignal {
  return a === undefined ? b : AbortSignal.any([a, b]);
}

/** Google answers again. */
async function letGo(): Promise<void> {
  await faults([]);
  answers.abort();
}

/** Once it was handed over, and so many carry it out. */
async function joined(count: number): Promise<void> {
  await until(async () => {
    const { code, out } = await scene.handover("ctl friday status --json");
    if (code !== 0) return undefined;
    const { workers } = JSON.parse(out) as { readonly workers: readonly unknown[] };
    return workers.length === count || undefined;
  });
}

describe("a run that workers carry out", () => {
  it("is left by all of them at once when it is aborted, and goes on where it was, each change made once", async () => {
    await scene.prints("plan moves.csv -o friday");
    // Each write takes effect, and no answer ever comes.
    await faults([{ route: "assets.updatePermissions", fault: { kind: "hang", applied: true } }]);
    const applying = await scene.begin("apply friday --yes");
    // What is left at once is held until the leases have run out.
    const first = await scene.begin("worker --run friday --exit-when-done --lease 10s");
    const second = await scene.begin("worker --run friday --exit-when-done --lease 10s");
    await joined(2);
    await until(async () => ((await struck()) >= 2 ? true : undefined));
    expect(await scene.prints("ctl friday abort")).toContain("Left at once");
    const ends = await Promise.all([applying.ended, first.ended, second.ended]);
    expect(ends.map(({ code }) => code)).toEqual([130, 130, 130]);
    expect(ends[1]?.err).toContain("left at once, as asked by planner@tests");
    expect(await scene.handover("ctl friday abort")).toMatchObject({ code: 9 });
    await faults([]);
    const again = await scene.handover("apply friday --yes --work");
    expect(again).toMatchObject({ code: 0 });
    expect(await scene.prints("evidence verify friday")).toContain("holds");
    await scene.prints("verify friday");
    const times = new Map<string, number>();
    for (const { asset } of scene.google.emulator.state.history) times.set(asset, (times.get(asset) ?? 0) + 1);
    expect([...times].filter(([, count]) => count !== 1)).toEqual([]);
  });

  it("ends when it is drained while it is paused", async () => {
    await scene.prints("plan moves.csv -o friday");
    await faults([held]);
    const applying = await scene.begin("apply friday --yes --concurrency 1");
    const worker = await scene.begin("worker --run friday --exit-when-done");
    await until(async () => ((await struck()) >= 1 ? true : undefined));
    await scene.prints("ctl friday pause");
    await until(async () => worker.err().includes("paused, as asked by") || undefined);
    expect((await state("friday"))["state"]).toBe("paused");
    // Held by nobody any more, and yet not left.
    const status = await scene.prints("status friday");
    expect(status).toContain("State     under way");
    expect(status).toContain("Fleet     paused by planner@tests");
    await scene.prints("ctl friday drain");
    await until(async () => worker.err().includes("ending, as asked by") || undefined);
    await letGo();
    expect((await applying.ended).code).toBe(7);
    expect((await worker.ended).code).toBe(7);
  });

  it("is left by its workers when it is moved away, and they go on with others", async () => {
    await scene.prints("plan moves.csv -o friday");
    await faults([held]);
    const applying = await scene.begin("apply friday --yes --concurrency 1");
    const own = await scene.begin("worker --run friday --exit-when-done");
    await until(async () => ((await struck()) >= 1 ? true : undefined));
    const any = await scene.begin("worker --until-idle");
    await joined(2);
    await scene.prints("ctl friday pause");
    await until(async () => [own, any].every(({ err }) => err().includes("paused, as asked by")) || undefined);
    await letGo();
    await until(async () => {
      const { code } = await scene.handover("run copy friday away.handover --move");
      expect([0, 8]).toContain(code);
      return code === 0 ? true : undefined;
    });
    expect(await applying.ended).toMatchObject({ code: 6, err: expect.stringContaining("was moved to") as string });
    expect(await own.ended).toMatchObject({ code: 6, err: expect.stringContaining("moved to") as string });
    expect(await any.ended).toMatchObject({ code: 0, err: expect.stringContaining("moved to") as string });
    expect((await scene.handover("apply away.handover --yes")).code).toBe(0);
  });

  it("goes on counting the drift that was found before it was moved, out of the database and into it", async () => {
    await scene.prints("plan moves.csv -o friday");
    const applying = await scene.begin("apply friday --yes");
    await joined(0);
    const full = new URL(journal);
    full.password = new URL(server.url).password;
    const client = new Client({
      connectionString: full.href,
      options: "-c search_path=handover -c handover.tenant=default",
    });
    await client.connect();
    await client.query("insert into drifted (run, seq) select id, unnest(array[1, 2]) from runs");
    await scene.prints("ctl friday drain");
    expect((await applying.ended).code).toBe(7);
    await scene.prints("run copy friday away.handover --move");
    const file = await openReader(scene.path("away.handover"));
    expect(JSON.parse((await file.kept("guards")) ?? "")).toMatchObject({ drift: { found: 2, accepted: 0, open: [] } });
    await file.close();
    await scene.prints("run copy away.handover saturday --move");
    const { code, out } = await scene.handover("apply saturday --yes --work --max-drift 1");
    expect([code, out]).toEqual([6, expect.stringContaining("2 assets")]);
    const { rows } = await client.query("select drift_accepted from carrying where settings like '%max-drift%'");
    expect(rows).toEqual([{ drift_accepted: -2 }]);
    await client.end();
    expect((await scene.handover("apply saturday --yes --work --max-drift 1 --accept-drift")).code).toBe(0);
  });

  it("is signed where it was planned, by its workers and at its end, and the signatures hold", async () => {
    await scene.prints("key new anna.key --as anna@acme.example");
    await scene.write("signers", await scene.prints("key show anna.key --as anna@acme.example"));
    await scene.prints("plan moves.csv -o friday --sign-key anna.key");
    const worker = await scene.begin("worker --run friday --exit-when-done --sign-key anna.key");
    const applied = await scene.handover("apply friday --yes --sign-key anna.key");
    expect(applied).toMatchObject({ code: 0, err: expect.stringContaining("signed with SHA256:") as string });
    await worker.ended;
    const examined = await scene.json("evidence verify friday --signers signers --json");
    expect(examined).toMatchObject({ signed: { keys: [{ principal: "anna@acme.example" }] } });
    expect(await scene.prints("evidence verify friday --signers signers")).toContain("anna@acme.example");
  });

  it("is signed by a worker alone, when nobody follows it to its end", async () => {
    await scene.prints("key new anna.key --as anna@acme.example");
    await scene.prints("plan moves.csv -o friday");
    const applying = await scene.begin("apply friday --yes");
    expect(await scene.handover("worker --run friday --exit-when-done --sign-key anna.key")).toMatchObject({ code: 0 });
    await applying.ended;
    const { signed } = await scene.json("evidence verify friday --json");
    expect(signed).toMatchObject({ row: expect.any(Number) as number });
  });
});

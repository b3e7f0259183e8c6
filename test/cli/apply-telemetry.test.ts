/** What an apply keeps of its calls is in the run file, whoever carried it out and however often it was stopped. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import { world } from "./world.ts";

let google: RunningEmulator;
let folder: string;

beforeAll(async () => {
  folder = (await world()).folder;
  google = await startEmulator({
    clock: wallClock,
    seed: 7,
    users: 30,
    assets: 200,
    keyFile: join(folder, "key.json"),
  });
  const settings = `endpoint: ${google.url}\nkey: key.json\nadmin: ${google.admin}\nrate: 2000/s\nactor_rate: 2000/s\n`;
  await writeFile(join(folder, "handover.yaml"), settings, { mode: 0o600 });
  const rows = [...google.emulator.state.assets.values()]
    .filter(({ trashed }) => !trashed)
    .map(({ name }) => `grant,${name},heir@acme.example,VIEWER`);
  await writeFile(join(folder, "grants.csv"), `action,asset,member,role\n${rows.join("\n")}\n`, { mode: 0o600 });
});

afterAll(async () => {
  await google.close();
});

async function handover(line: string): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const made = await world({ argv: line.split(" "), folder });
  const code = await runCommandLine(made.context);
  return { code, out: made.out(), err: made.err() };
}

interface Told {
  readonly buckets: readonly { readonly writes: number; readonly throttles: number }[];
  readonly slowest: readonly { readonly ms: number }[];
}

async function told(): Promise<Told | undefined> {
  return (JSON.parse((await handover("report run --json")).out) as { readonly telemetry?: Told }).telemetry;
}

it("a run that is stopped and resumed has the calls of both processes", async () => {
  const planned = await handover("plan grants.csv -o run --skip-refused");
  expect(planned.code, planned.err).toBe(0);
  expect(await told()).toBeUndefined();
  const before = google.emulator.log.writes;
  google.emulator.setFaults([
    { route: "assets.updatePermissions", nth: 5, fault: { kind: "status", status: 429, retryAfterS: 1 } },
    { route: "assets.updatePermissions", nth: 12, fault: { kind: "status", status: 404 } },
  ]);
  const stopped = await handover("apply run --yes --max-failures 1 --concurrency 2");
  expect(stopped.code, stopped.err).not.toBe(0);
  const first = await told();
  const writes = (all: Told | undefined): number => (all?.buckets ?? []).reduce((sum, each) => sum + each.writes, 0);
  expect(writes(first)).toBe(google.emulator.log.writes - before);
  expect((first?.buckets ?? []).reduce((sum, { throttles }) => sum + throttles, 0)).toBe(1);
  google.emulator.setFaults([]);
  await handover("apply run --yes --max-failures 5");
  const both = await told();
  expect(writes(both)).toBe(google.emulator.log.writes - before);
  expect(writes(both)).toBeGreaterThan(writes(first));
  expect(both?.slowest).toHaveLength(20);
});

it("a port without a dashboard is refused, and so is one that cannot be", async () => {
  expect((await handover("apply run --yes --dashboard-port 8400")).err).toContain("add --dashboard");
  expect((await handover("apply run --yes --dashboard --dashboard-port 70000")).err).toContain("0 to 65535");
});

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import { world } from "./world.ts";

/** Real processes run what `npm run build` has made of the sources. */
const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

let google: RunningEmulator;
let folder: string;
let atFirst: string;
let runs = 0;
let name: string;

beforeAll(async () => {
  expect(existsSync(main), "run npm run build first").toBe(true);
  folder = (await world()).folder;
  google = await startEmulator({
    clock: wallClock,
    seed: 7,
    users: 30,
    assets: 200,
    keyFile: join(folder, "key.json"),
  });
  const settings = `endpoint: ${google.url}\nkey: key.json\nadmin: ${google.admin}\nrate: 2000/s\nactor_rate: 2000/s\n`;
  await writeFile(join(folder, "handover.yaml"), settings);
  await writeFile(join(folder, "grants.csv"), grants());
  atFirst = google.emulator.exportState();
});

/** One row for each of the first forty assets of an active owner. */
function grants(): string {
  const { assets, directory } = google.emulator.state;
  const rows: string[] = [];
  for (const asset of assets.values()) {
    const owner = asset.roles.get("OWNER")?.[0]?.replace("user:", "") ?? "";
    const person = directory.person(owner);
    if (asset.trashed || person === undefined || person.suspended || person.serviceOff) continue;
    rows.push(`grant,${asset.name},heir@acme.example,VIEWER`);
    rows.push(`revoke,${asset.name},guest@partner.example,EDITOR`);
    if (rows.length >= 80) break;
  }
  return `action,asset,member,role\n${rows.join("\n")}\n`;
}

/** Every test has a run of its own, over the same forty assets as they were in the beginning. */
beforeEach(async () => {
  google.emulator.setFaults([]);
  google.emulator.importState(atFirst);
  runs += 1;
  name = `run${runs}`;
  const made = await world({ argv: ["plan", "grants.csv", "-o", name, "--skip-refused"], folder });
  expect([made.err(), await runCommandLine(made.context), made.err()]).toEqual(["", 0, expect.any(String)]);
});

afterAll(async () => {
  await google.close();
});

interface Child {
  readonly pid: number;
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves once stderr holds `text`. */
  saying(text: string): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  closeStdout(): void;
  /** The exit code, or the signal. */
  readonly ended: Promise<number | string>;
}

function handover(...argv: readonly string[]): Child {
  const child = spawn(process.execPath, [main, ...argv], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<number | string>((resolve) => {
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return {
    pid: child.pid ?? 0,
    out: () => out,
    err: () => err,
    saying: async (text) => {
      for (let waited = 0; !err.includes(text); waited += 1) {
        if (waited > 1500) throw new Error(`the child never said ${text}, but: ${err}${out}`);
        await wallClock.sleep(10);
      }
    },
    signal: (signal) => child.kill(signal),
    closeStdout: () => child.stdout.destroy(),
    ended,
  };
}

/** Resolves once a write has reached the server. */
async function firstWrite(): Promise<void> {
  const before = google.emulator.log.writes;
  while (google.emulator.log.writes === before) await wallClock.sleep(5);
}

const slowWrites = [{ route: "assets.updatePermissions", fault: { kind: "delay", ms: 40 } }] as const;

describe("a run that is stopped", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "by %s finishes what is under way, exits with 7, and goes on with the command it prints",
    async (signal) => {
      google.emulator.setFaults(slowWrites);
      const child = handover("apply", name, "--yes", "--concurrency", "1");
      await firstWrite();
      child.signal(signal);
      expect(await child.ended).toBe(7);
      expect(child.err()).toContain(`Resume with: handover apply ${name} --yes --concurrency 1`);
      google.emulator.setFaults([]);
      const again = handover("apply", name, "--yes");
      expect([await again.ended, again.err()]).toEqual([0, expect.stringContaining("Resuming")]);
      expect((await statusOf(name)).counts).toMatchObject({ planned: 0, "in-flight": 0, failed: 0, skipped: 0 });
    },
  );

  it("twice leaves at once with 130, and loses nothing", async () => {
    google.emulator.setFaults([{ route: "assets.updatePermissions", from: 3, fault: { kind: "hang" } }]);
    const child = handover("apply", name, "--yes");
    await firstWrite();
    child.signal("SIGINT");
    await child.saying("Stopping");
    child.signal("SIGINT");
    expect(await child.ended).toBe(130);
    expect(child.err().match(/Resume with: handover apply/g)).toHaveLength(2);
    google.emulator.setFaults([]);
    expect(await handover("apply", name, "--yes").ended).toBe(0);
    expect(await handover("verify", name).ended).toBe(0);
  });

  it("by a reader of its --json that goes away drains as well", async () => {
    google.emulator.setFaults(slowWrites);
    const child = handover("apply", name, "--yes", "--json", "--concurrency", "1");
    await firstWrite();
    child.closeStdout();
    expect(await child.ended).toBe(7);
    expect(child.err()).not.toContain("EPIPE");
  });
});

it("a run that another process carries out is refused with 8, and status says so", async () => {
  google.emulator.setFaults([{ route: "assets.updatePermissions", from: 2, fault: { kind: "hang" } }]);
  const child = handover("apply", name, "--yes");
  await firstWrite();
  const second = handover("apply", name, "--yes");
  expect(await second.ended).toBe(8);
  expect(await statusOf(name)).toMatchObject({ held: true });
  child.signal("SIGKILL");
  expect(await child.ended).toBe("SIGKILL");
  expect(await statusOf(name)).toMatchObject({ held: false });
});

it("a reader of show that has seen enough ends it silently", async () => {
  const child = handover("show", name, "--all", "--json");
  child.closeStdout();
  expect(await child.ended).toBe(0);
  expect(child.err()).toBe("");
});

it("progress goes to stderr without control characters, the result to stdout", async () => {
  const child = handover("apply", name, "--yes");
  expect(await child.ended).toBe(0);
  expect(child.err()).toContain("Applying");
  expect(child.out()).toContain("Finished");
  expect(child.out()).not.toContain("Applying");
  expect(child.out() + child.err()).not.toMatch(/[\u001b\r]/);
});

it("the stream of apply --json is one object per line, from version to summary", async () => {
  const child = handover("apply", name, "--yes", "--json");
  expect(await child.ended).toBe(0);
  const lines = child.out().trimEnd().split("\n");
  const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
  expect(types[0]).toBe("version");
  expect(types.at(-1)).toBe("summary");
  expect(types.filter((type) => type === "step")).toHaveLength((await statusOf(name)).steps);
  expect(child.err()).toBe("");
});

it("the version is one line, and an unchecked TLS connection is refused", async () => {
  const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const child = handover("--version");
  expect([await child.ended, child.out(), child.err()]).toEqual([0, `${version}\n`, ""]);
});

it("the emulator in a process of its own says where it is, and ends when it is told", async () => {
  const child = handover(
    "emulator",
    "--users",
    "20",
    "--assets",
    "100",
    "--ready-file",
    "ready.json",
    "--state-file",
    "state.json",
  );
  for (let waited = 0; waited < 1500 && !existsSync(join(folder, "ready.json")); waited += 1) await wallClock.sleep(10);
  const ready = JSON.parse(await readFile(join(folder, "ready.json"), "utf8")) as { url: string; pid: number };
  expect(ready.pid).toBe(child.pid);
  expect((await fetch(`${ready.url}/_emulator`)).status).toBe(200);
  child.signal("SIGTERM");
  expect(await child.ended).toBe(0);
  expect(existsSync(join(folder, "state.json"))).toBe(true);
});

async function statusOf(run: string): Promise<{ counts: Record<string, number>; held: boolean; steps: number }> {
  const made = await world({ argv: ["status", run, "--json"], folder });
  expect(await runCommandLine(made.context)).toBe(0);
  const status = JSON.parse(made.out()) as { counts: Record<string, number>; held: boolean };
  return { ...status, steps: Object.values(status.counts).reduce((a, b) => a + b, 0) };
}

/** `ctl` and `watch` as whole command lines: against an apply that listens, one that does not, and none. */
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import type { StopSignal } from "../../src/cli/context.ts";
import { openControl } from "../../src/cli/control-socket.ts";
import { controlVersion } from "../../src/cli/control-words.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { until } from "../support/process.ts";
import { Scene } from "./scene.ts";
import { steeringOf } from "./steered.ts";
import type { Steered } from "./steered.ts";
import { world } from "./world.ts";
import type { World } from "./world.ts";

let scene: Scene;
let runs = 0;
let name: string;
let atFirst: string;

beforeAll(async () => {
  scene = await Scene.start({ seed: 7, users: 30, assets: 150 });
  const assets = [...scene.google.emulator.state.assets.values()].filter(
    ({ trashed, roles }) => !trashed && (roles.get("OWNER")?.[0] ?? "").startsWith("user:anna@"),
  );
  const rows = assets.slice(0, 5).map(({ name: asset }) => `grant,${asset},heir@acme.example,VIEWER`);
  atFirst = scene.google.emulator.exportState();
  await scene.write("grants.csv", `action,asset,member,role\n${rows.join("\n")}\n`);
});

afterAll(async () => {
  await scene.close();
});

/** Every test has a run of its own, over the same five assets as they were in the beginning. */
beforeEach(async () => {
  scene.google.emulator.importState(atFirst);
  runs += 1;
  name = `run${runs}`;
  await scene.prints(`plan grants.csv -o ${name} --skip-refused`);
});

/** Somebody who listens as an apply does. */
async function listening(): Promise<{ readonly steered: Steered; readonly close: (code: number) => Promise<void> }> {
  const { context } = await world({ folder: scene.folder });
  const steered = steeringOf(wallClock);
  const control = await openControl(context, {
    runPath: scene.path(`${name}.handover`),
    live: () => live(steered.steering.pausedBy === undefined ? "under-way" : "paused"),
    onWish: (wish) => steered.steering.wish(wish, { via: "ctl", uid: context.uid }),
  });
  return { steered, close: (code) => control.close(code, "Stopped: as asked.") };
}

function live(standing: string): object {
  const counts = { planned: 3, "in-flight": 0, applied: 2, confirmed: 0, unchanged: 0, skipped: 0, failed: 0 };
  return {
    type: "live",
    version: 1,
    at: "2026-11-20T09:14:05.000Z",
    run: `${name}.handover`,
    runId: "01RUN",
    tenant: "acme.example",
    digest: "d",
    standing,
    counts: { ...counts, "by-hand": 0, cancelled: 0 },
    underWay: { steps: 1, waiting: 2, transfers: 0 },
    concurrency: 16,
    stepsPerSecond: 1.5,
    timeLeftMs: 60_000,
    rates: [{ calls: "writes", perSecond: 7.92, waiting: 1 }],
    slowness: { kind: "rate", calls: "writes", perSecond: 7.92, text: "the rate that was set, 7.9 writes/s" },
  };
}

describe("ctl", () => {
  it.each<[string, RegExp]>([
    ["rate", /rate needs a value/],
    ["rate fast", /"fast" cannot be the rate/],
    ["rate 0", /"0" cannot be the rate/],
    ["rate 100000", /write a figure from 0.01 to 10000/],
    ["concurrency 0", /"0" cannot be the concurrency/],
    ["concurrency 1.5", /"1.5" cannot be the concurrency/],
    ["concurrency 1001", /write a figure from 1 to 1000/],
    ["pause 5", /pause takes no value, and "5" was given/],
    ["explode", /Allowed choices are pause, resume, rate, concurrency, drain, abort, status/],
  ])("%s is bad usage", async (words, problem) => {
    const { code, err } = await scene.handover(`ctl ${name} ${words}`);
    expect([code, err]).toEqual([3, expect.stringMatching(problem)]);
  });

  it("says that there is no such run, or none under way, or none that answers", async () => {
    expect((await scene.handover("ctl nothing pause")).code).toBe(3);
    const idle = await scene.handover(`ctl ${name} pause`);
    expect([idle.code, idle.err]).toEqual([9, expect.stringContaining(`no apply of ${name}.handover is under way`)]);
    expect(idle.err).toContain("handover help failure nobody");
    const journal = await openJournal(scene.path(`${name}.handover`), { clock: wallClock });
    const held = await scene.handover(`ctl ${name} pause --json`);
    await journal.close();
    expect([held.code, held.err]).toEqual([8, expect.stringContaining("holds")]);
    expect(JSON.parse(held.out)).toMatchObject({ type: "error", kind: "control", rule: "silent", exitCode: 8 });
  });

  it("says of a finished run that no apply of it is under way", async () => {
    expect((await scene.handover(`apply ${name} --yes`)).code).toBe(0);
    expect((await scene.handover(`ctl ${name} resume`)).code).toBe(9);
  });

  it("steers, and says what was done", async () => {
    const { steered, close } = await listening();
    expect(await scene.prints(`ctl ${name} pause`)).toBe("Paused: nothing new is sent until it is resumed.\n");
    expect(await scene.json(`ctl ${name} rate 240/m --json`)).toEqual({
      type: "ctl",
      version: 1,
      run: `${name}.handover`,
      action: "rate",
      said: "At most 4 calls a second from now on.",
    });
    await scene.prints(`ctl ${name} concurrency 3`);
    await scene.prints(`ctl ${name} drain`);
    const late = await scene.handover(`ctl ${name} pause`);
    expect([late.code, late.err]).toEqual([7, expect.stringContaining("the run is stopping already")]);
    await scene.prints(`ctl ${name} abort`);
    await close(7);
    expect(steered.done).toEqual(["held", "rate 4", "3 at once", "stop for ctl", "let go", "left"]);
  });

  it("shows how it stands, for people and for programs", async () => {
    const { close } = await listening();
    const text = await scene.prints(`ctl ${name} status`);
    expect(text).toContain("2 of 5 steps");
    expect(text).toContain("Held up   the rate that was set, 7.9 writes/s");
    expect(await scene.json(`ctl ${name} status --json`)).toEqual(live("under-way"));
    await close(0);
  });

  it.each([
    ["an object of nothing", "{}"],
    ["half a document", '{"version":1,"type":"live","live":{"type":"live"}}'],
    ["another version", '{"version":2,"type":"done","said":"x"}'],
    ["another type", '{"version":1,"type":"done","said":7}'],
    ["nonsense", "nonsense"],
    ["too much", "x".repeat(100_000)],
  ])("believes nothing that does not speak as an apply does: %s", async (_, answer) => {
    await mkdir(scene.path(`${name}.handover.ctl`), { mode: 0o700 });
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end(`${answer}\n`);
    });
    await once(server.listen(scene.path(`${name}.handover.ctl/socket`)), "listening");
    const { code, out } = await scene.handover(`ctl ${name} status`);
    expect([[3, 9].includes(code), out]).toEqual([true, ""]);
    server.close();
  });
});

/** A command line that is under way. */
async function begun(line: string, terminal = false): Promise<World & { readonly code: Promise<number> }> {
  const made = await world({ argv: line.split(" "), folder: scene.folder, terminal });
  return { ...made, code: runCommandLine(made.context) };
}

describe("watch", () => {
  it("of a run that has ended says so at once, with the code of its end", async () => {
    await scene.handover(`apply ${name} --yes`);
    const { code, out } = await scene.handover(`watch ${name}`);
    expect([code, out]).toEqual([0, `Finished: every step has ended.\nNext      handover verify ${name}.handover\n`]);
  });

  it.each<StopSignal>(["SIGINT", "SIGTERM"])(
    "waits for an apply, and %s ends waiting and nothing else",
    async (signal) => {
      const watching = await begun(`watch ${name}`);
      await until(async () => (watching.out().includes("waiting for one") ? true : undefined));
      watching.signal(signal);
      expect(await watching.code).toBe(7);
      expect((await scene.json(`status ${name} --json`))["standing"]).toBe("not-begun");
    },
  );

  it("follows one apply after the other, and ends with the code of the last word it hears", async () => {
    const watching = await begun(`watch ${name} --json`);
    await until(async () => (watching.out().includes('"type":"file"') ? true : undefined));
    const { close } = await listening();
    await until(async () => (watching.out().includes('"type":"live"') ? true : undefined));
    await close(7);
    expect(await watching.code).toBe(7);
    const lines = watching.out().trim().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toEqual({
      type: "ended",
      version: controlVersion,
      run: `${name}.handover`,
      ending: "Stopped: as asked.",
      exitCode: 7,
    });
  });

  it("hears of the end of an apply without a socket from the run file", async () => {
    const watching = await begun(`watch ${name}`);
    await until(async () => (watching.out().includes("waiting for one") ? true : undefined));
    const journal = await openJournal(scene.path(`${name}.handover`), { clock: wallClock });
    journal.keep("ending", JSON.stringify({ at: 5, code: 10, ending: "Paused: the time allowed is used up." }));
    await journal.close();
    expect(await watching.code).toBe(10);
    expect(watching.out()).toContain("Paused: the time allowed is used up.\n");
  });

  it("draws in place on a terminal", async () => {
    const { close } = await listening();
    const watching = await begun(`watch ${name}`, true);
    await until(async () => (/\u001b\[\dA/.test(watching.out()) ? true : undefined));
    await close(0);
    expect(await watching.code).toBe(0);
    expect(watching.out()).toContain("Held up");
  });
});

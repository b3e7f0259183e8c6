/** The real process under real signals, against an emulator of its own with quotas and faults: what the server was made to do is what counts. */
import { open, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Stage } from "../support/process.ts";
import type { HistoryChange } from "../support/process.ts";

const guest = "user:auditor@partner.example";

/** Answers lost, spoilt and refused, and people at work in between. */
const faults = [
  { route: "assets.updatePermissions", every: 7, fault: { kind: "reset", applied: true } },
  { route: "assets.updatePermissions", every: 9, fault: { kind: "status", status: 503 } },
  {
    route: "assets.updatePermissions",
    every: 11,
    fault: { kind: "concurrentEditor", add: [{ role: "VIEWER", member: "user:late@partner.example" }] },
  },
  { route: "assets.getPermissions", every: 13, fault: { kind: "html", status: 502 } },
];

/** The n-th write and all after it take effect and are never answered: the apply cannot come to its end. */
function unansweredFrom(write: number): object {
  return { route: "assets.updatePermissions", from: write, fault: { kind: "hang", applied: true } };
}

// Each starts several processes, which take their time on a machine that has other work.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let stage: Stage;
let runs = 0;
let run = "";
const steps = 48;
const agreed = ["--yes", "--allow", "new-external"];
const fast = ["--rate", "400/s", "--actor-rate", "400/s"];
/** Slow enough that no machine is so busy that the apply is over before the test has done something to it. */
const slow = ["--rate", "10/s", "--actor-rate", "10/s"];
const applying = [...agreed, ...fast, "--concurrency", "4", "--per-actor", "4"];

beforeAll(async () => {
  stage = await Stage.start(["--seed", "11", "--users", "40", "--assets", "400", "--quotas", "project=24000"]);
}, 60_000);

afterAll(async () => {
  await stage.close();
});

/** A run that gives one outsider EDITOR on many of the leaver's and Anna's assets; each run another outsider. */
async function plan(name: string): Promise<string> {
  const reply = await stage.handover("plan", `${name}.csv`, "-o", name, ...fast, "--json");
  expect(reply.code, reply.stderr).toBe(0);
  return `${name}.handover`;
}

beforeEach(async () => {
  runs += 1;
  await stage.control("DELETE", "faults");
  const name = `crash${runs}`;
  const state = (await stage.control("GET", "state")) as {
    readonly assets: readonly { readonly name: string; readonly trashed?: boolean; readonly roles: unknown }[];
  };
  const owned = state.assets
    .filter((asset) => asset.trashed !== true && JSON.stringify(asset.roles).includes("user:leaver@acme.example"))
    .slice(0, 24);
  const others = state.assets
    .filter(
      (asset) =>
        asset.trashed !== true &&
        !owned.includes(asset) &&
        JSON.stringify(asset.roles).match(/"OWNER",\["user:(anna|ben|heir|cfo)@/),
    )
    .slice(0, steps - owned.length);
  const rows = [...owned, ...others].map((asset) => `grant,${asset.name},${member(runs)},VIEWER`);
  await writeFile(join(stage.folder, `${name}.csv`), ["action,asset,member,role", ...rows, ""].join("\n"));
  run = await plan(name);
  await stage.control("PUT", "faults", faults);
}, 60_000);

function member(n: number): string {
  return guest.replace("auditor", `auditor${n}`).slice("user:".length);
}

/** How often each asset was given the pair of this run; anything but one each is lost or doubled. */
function grants(history: readonly HistoryChange[]): ReadonlyMap<string, number> {
  const pair = `user:${member(runs)}`;
  const found = new Map<string, number>();
  for (const { asset, before, after } of history) {
    if (holds(after, pair) && !holds(before, pair)) found.set(asset, (found.get(asset) ?? 0) + 1);
  }
  return found;
}

function holds(roles: HistoryChange["after"], pair: string): boolean {
  return roles.some(([, members]) => members.includes(pair));
}

async function judge(): Promise<void> {
  const history = await stage.history();
  const found = grants(history);
  const status = JSON.parse((await stage.handover("status", run, "--json")).stdout) as {
    readonly counts: Record<string, number>;
  };
  expect(status.counts).toMatchObject({ planned: 0, "in-flight": 0, failed: 0 });
  expect([...found.values()].filter((count) => count !== 1)).toEqual([]);
  expect(found.size).toBe((status.counts["applied"] ?? 0) + (status.counts["confirmed"] ?? 0));
  for (const change of history) {
    const owners = change.after.filter(([role]) => role === "OWNER").flatMap(([, members]) => members);
    expect(owners).toHaveLength(1);
  }
  const file = new Database(join(stage.folder, run), { readonly: true });
  expect(file.pragma("integrity_check", { simple: true })).toBe("ok");
  file.close();
}

/** Attempts of which the run does not know what came of them. */
function doubtfulAttempts(): unknown {
  const file = new Database(join(stage.folder, run), { readonly: true });
  try {
    return file.prepare("select count(*) from intents where void = 0").pluck().get();
  } finally {
    file.close();
  }
}

describe("an apply", () => {
  it.each([1, 7, 20, 33])(
    "killed once %i more writes have reached the server, and run again, loses and doubles nothing",
    async (more) => {
      const before = (await stage.counts()).writes;
      await stage.control("PUT", "faults", [unansweredFrom(more + 4), ...faults]);
      const first = stage.begin(["apply", run, ...applying]);
      await stage.writesReach(before + more);
      first.child.kill("SIGKILL");
      expect((await first.ended).signal).toBe("SIGKILL");
      await stage.control("PUT", "faults", faults);
      const second = await stage.handover("apply", run, ...applying);
      expect(second.code, second.stderr).toBe(0);
      await judge();
    },
  );

  it("killed again and again comes to its end", async () => {
    for (let kill = 1; kill <= 6; kill += 1) {
      const before = (await stage.counts()).writes;
      const apply = stage.begin(["apply", run, ...applying]);
      await Promise.race([stage.writesReach(before + 4), apply.ended]);
      apply.child.kill("SIGKILL");
      await apply.ended;
    }
    expect((await stage.handover("apply", run, ...applying)).code).toBe(0);
    await judge();
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "ends cleanly on one %s with 7, no doubt left, and the command that goes on",
    async (signal) => {
      // Every other answer is lost, the change made: what was sent is looked at before the process ends.
      const lost = { route: "assets.updatePermissions", every: 2, fault: { kind: "reset", applied: true } };
      await stage.control("PUT", "faults", [lost]);
      const before = (await stage.counts()).writes;
      const apply = stage.begin(["apply", run, ...agreed, ...slow]);
      await stage.writesReach(before + 5);
      apply.child.kill(signal);
      const ended = await apply.ended;
      expect(ended.code, ended.stderr).toBe(7);
      expect(`${ended.stdout}${ended.stderr}`).toContain(`handover apply ${run}`);
      expect(doubtfulAttempts()).toBe(0);
      expect((await stage.handover("apply", run, ...applying)).code).toBe(0);
      await judge();
    },
  );

  it("leaves at once on a second Ctrl-C with 130, and loses nothing by it", async () => {
    await stage.control("PUT", "faults", [unansweredFrom(1)]);
    const before = (await stage.counts()).writes;
    const apply = stage.begin(["apply", run, ...applying]);
    await stage.writesReach(before + 2);
    apply.child.kill("SIGINT");
    await apply.says("Stopping");
    apply.child.kill("SIGINT");
    const ended = await apply.ended;
    expect(ended.code, ended.stderr).toBe(130);
    expect(ended.stderr).toContain(`handover apply ${run}`);
    await stage.control("PUT", "faults", faults);
    expect((await stage.handover("apply", run, ...applying)).code).toBe(0);
    await judge();
  });

  it("whose output nobody reads any more stops like one that was asked to", async () => {
    const before = (await stage.counts()).writes;
    const apply = stage.begin(["apply", run, ...agreed, ...slow, "--json"]);
    await stage.writesReach(before + 3);
    apply.child.stdout?.destroy();
    apply.child.stderr?.destroy();
    const ended = await apply.ended;
    expect(ended.code).toBe(7);
    expect((await stage.handover("apply", run, ...applying)).code).toBe(0);
    await judge();
  });

  it("refuses a second process at once with 8, while status still answers", async () => {
    const before = (await stage.counts()).writes;
    await stage.control("PUT", "faults", [unansweredFrom(3)]);
    const first = stage.begin(["apply", run, ...applying]);
    await stage.writesReach(before + 2);
    const second = await stage.handover("apply", run, ...applying);
    expect(second.code, second.stderr).toBe(8);
    const status = await stage.handover("status", run);
    expect(status.code, status.stderr).toBe(0);
    first.child.kill("SIGKILL");
    await first.ended;
    await stage.control("PUT", "faults", faults);
    expect((await stage.handover("apply", run, ...applying)).code).toBe(0);
    await judge();
  });
});

describe("a plan", () => {
  it("killed while it reads leaves no run, and planning again works", async () => {
    await stage.control("PUT", "faults", [{ route: "assets.getPermissions", from: 20, fault: { kind: "hang" } }]);
    const name = `crash${runs}`;
    const first = stage.begin(["plan", `${name}.csv`, "-o", "half", ...fast]);
    await stage.strikesReach(1);
    first.child.kill("SIGKILL");
    await first.ended;
    expect(await readdir(stage.folder)).not.toContain("half.handover");
    await stage.control("DELETE", "faults");
    expect((await stage.handover("plan", `${name}.csv`, "-o", "half", ...fast)).code).toBe(0);
    expect((await readdir(stage.folder)).filter((file) => file.includes("half"))).toEqual(["half.handover"]);
  });
});

describe("an undo", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "asked to stop by %s while it reads ends with 7, and leaves no run",
    async (signal) => {
      await stage.control("DELETE", "faults");
      expect((await stage.handover("apply", run, ...applying)).code).toBe(0);
      await stage.control("PUT", "faults", [{ route: "assets.getPermissions", fault: { kind: "delay", ms: 500 } }]);
      const back = `back${runs}`;
      const undo = stage.begin(["undo", run, "-o", back, ...fast]);
      await stage.strikesReach(1);
      undo.child.kill(signal);
      const ended = await undo.ended;
      expect(ended.code, ended.stderr).toBe(7);
      expect(ended.stderr).toContain("No run was made");
      expect((await readdir(stage.folder)).filter((file) => file.includes(back))).toEqual([]);
    },
  );
});

describe("a run file", () => {
  it("that was changed after planning is refused with 6, and nothing is sent", async () => {
    const path = join(stage.folder, run);
    const file = new Database(path);
    file.exec("update steps set body = replace(body, 'VIEWER', 'EDITOR') where seq = 1");
    file.close();
    const before = (await stage.counts()).writes;
    const apply = await stage.handover("apply", run, ...applying);
    expect(apply.code, apply.stderr).toBe(6);
    expect((await stage.counts()).writes).toBe(before);
  });

  it("that is damaged is refused with 3, and nothing is sent", async () => {
    const handle = await open(join(stage.folder, run), "r+");
    await handle.write(Buffer.alloc(4096, 0x5a), 0, 4096, 4096);
    await handle.close();
    const before = (await stage.counts()).writes;
    const apply = await stage.handover("apply", run, ...applying);
    expect([3, 6], apply.stderr).toContain(apply.code);
    expect((await stage.counts()).writes).toBe(before);
  });
});

/** Where an apply tells what happens: a command at each event, a file of events, figures; none of it can harm the run. */
import { once } from "node:events";
import { chmod, link, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ApplyLast, Listener } from "../../src/cli/apply-listeners.ts";
import { Commits } from "../../src/cli/commits.ts";
import { openEventFile, streamTo } from "../../src/cli/event-file.ts";
import { hookTypes, hookTypesByDefault, hookTypesOf } from "../../src/cli/hook-types.ts";
import type { HookType } from "../../src/cli/hook-types.ts";
import { Hooks, findHook } from "../../src/cli/hooks.ts";
import type { HookOptions } from "../../src/cli/hooks.ts";
import { serveMetrics } from "../../src/cli/metrics-server.ts";
import type { MetricsServer } from "../../src/cli/metrics-server.ts";
import { Metrics } from "../../src/cli/metrics.ts";
import type { CallRecord } from "../../src/google/send.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import { noCounts } from "../../src/model/run.ts";
import type { LiveRun } from "../../src/report/live.ts";
import { metricsText } from "../../src/report/metrics-text.ts";
import { hostile } from "../report/hostile.ts";
import { email } from "../report/sample.ts";
import { until } from "../support/process.ts";
import { world } from "./world.ts";
import type { World } from "./world.ts";

const last: ApplyLast = { code: 0, ending: "Finished.", line: '{"type":"summary"}' };
const halted: EngineEvent = { type: "stopping", why: "x" };
const failed: EngineEvent = { type: "step", seq: 1, outcome: "failed", failure: "not-found", reason: "gone" };

let made: World;
let said: string[];

beforeEach(async () => {
  made = await world({ env: { PATH: process.env["PATH"] ?? "", HANDOVER_KEY: "secret", TOKEN: "secret", LANG: "C" } });
  said = [];
});

async function script(name: string, lines: string): Promise<string> {
  const path = join(made.folder, name);
  await writeFile(path, `#!/bin/sh\n${lines}\n`, { mode: 0o700 });
  return path;
}

function hooks(command: HookOptions["command"], more: Partial<HookOptions> = {}): Hooks {
  return new Hooks(made.context, {
    command,
    types: new Set(hookTypesByDefault),
    runPath: "/runs/friday.handover",
    runId: "01RUN",
    say: (line) => said.push(line),
    ...more,
  });
}

const written = (name: string): Promise<string> => readFile(join(made.folder, name), "utf8").catch(() => "");

describe("the command of --on-event", () => {
  it("is given each event it was asked for, one after the other, and last the summary", async () => {
    const hook = hooks([await script("hook", 'cat >> seen; echo "$HANDOVER_EVENT $HANDOVER_RUN $1" >> names'), "a b"]);
    hook.onEvent({ type: "apply-started", runId: "01RUN", steps: 2, open: 2, resumed: false }, 0);
    hook.onEvent({ type: "step", seq: 1, outcome: "applied" }, 1);
    hook.onEvent({ type: "pace", perSecond: 1, reason: "x" }, 2);
    hook.onEvent(failed, 3);
    await hook.close(last);
    const lines = (await written("seen")).trim().split("\n");
    const seen = lines.map((line) => JSON.parse(line) as { readonly type: string; readonly at: string });
    expect(seen.map(({ type, at }) => `${type} ${at}`)).toEqual([
      "apply-started 1970-01-01T00:00:00.000Z",
      "step 1970-01-01T00:00:00.003Z",
      "summary undefined",
    ]);
    expect((await written("names")).trim().split("\n")).toEqual(
      ["started", "failed", "ended"].map((type) => `${type} /runs/friday.handover a b`),
    );
    expect(said).toEqual([]);
  });

  it("is given no shell, and of the environment nothing but the usual", async () => {
    const print = await script("hook", 'env > env; printf "%s\\n" "$@" > words');
    const found = await findHook(made.context, `${print} '$HOME;ls' "a 'b'" 'c d' *`);
    const hook = hooks(found);
    hook.onEvent(halted, 0);
    await hook.close({ ...last, line: undefined });
    expect((await written("words")).split("\n")).toEqual(["$HOME;ls", "a 'b'", "c d", "*", ""]);
    const env = await written("env");
    expect(env).toContain("LANG=C");
    expect(env).toContain("HANDOVER_RUN_ID=01RUN");
    expect(env).not.toContain("secret");
  });

  it.each<[string, string, RegExp]>([
    [
      "fails",
      "echo 'no\u001b[31m mail' >&2; exit 3",
      /^The --on-event command ended with 3: no\\u\{1b\}\[31m mail\. The/,
    ],
    ["is killed", "kill -9 $$", /^The --on-event command ended with SIGKILL\./],
    ["reads nothing of it", "exec 0<&-; exit 1", /^The --on-event command ended with 1\./],
  ])("that %s is told of once, and counted", async (_, lines, problem) => {
    const hook = hooks([await script("hook", lines)]);
    for (let index = 0; index < 3; index += 1) hook.onEvent(halted, index);
    await hook.close({ ...last, line: undefined });
    expect(said).toEqual([expect.stringMatching(problem), "The --on-event command failed 3 times."]);
  });

  it("that has gone meanwhile is told of, and the run goes on", async () => {
    const hook = hooks([join(made.folder, "nothing")]);
    hook.onEvent(halted, 0);
    await hook.close(last);
    expect(said[0]).toMatch(/^The --on-event command cannot be started \(ENOENT\)\./);
  });

  it("that does not end is ended, with all it has started", async () => {
    const hook = hooks([await script("hook", "sleep 600 & echo $! > pid; wait")], { timeoutMs: 200 });
    hook.onEvent(halted, 0);
    await hook.close({ ...last, line: undefined });
    expect(said[0]).toMatch(/^The --on-event command took too long\./);
    const pid = Number(await written("pid"));
    expect(pid).toBeGreaterThan(1);
    await until(async () => (isRunning(pid) ? undefined : true));
  });

  it("is not waited for at the end for longer than a moment, and what it missed is counted", async () => {
    const hook = hooks([await script("hook", "sleep 600")], { drainMs: 200 });
    for (let index = 0; index < 5; index += 1) hook.onEvent(halted, index);
    await hook.close(last);
    expect(said).toEqual(["6 events did not reach the --on-event command."]);
  });

  it("is run once at a time, and more than a hundred events do not wait for it", async () => {
    const hook = hooks([await script("hook", 'read line; echo "$line" >> seen; [ -e go ] || sleep 600')], {
      drainMs: 200,
    });
    for (let index = 0; index < 500; index += 1) hook.onEvent(halted, index);
    await until(async () => ((await written("seen")) === "" ? undefined : true));
    await hook.close(last);
    expect((await written("seen")).trim().split("\n")).toHaveLength(1);
    expect(said).toEqual([
      "The --on-event command is too slow: events are left out.",
      "501 events did not reach the --on-event command.",
    ]);
  });

  it.each<[string, RegExp]>([
    ["", /is no command/],
    ["   ", /is no command/],
    ["'", /is no command/],
    ["''", /is no command/],
    ["no-such-program-anywhere x", /there is no program "no-such-program-anywhere"/],
    ["./nothing", /there is no program/],
    [".", /there is no program/],
    ["./plain", /there is no program/],
  ])("that is %j is refused before anything is sent", async (text, problem) => {
    await writeFile(join(made.folder, "plain"), "x", { mode: 0o600 });
    await expect(findHook(made.context, text)).rejects.toThrow(problem);
  });

  it.each<[EngineEvent, readonly HookType[]]>([
    [{ type: "apply-started", runId: "r", steps: 1, open: 1, resumed: true }, ["started"]],
    [{ type: "steered", act: "pause", via: "ctl", uid: 1 }, ["paused", "steered"]],
    [{ type: "steered", act: "rate", via: "ctl", uid: 1, value: 2 }, ["steered"]],
    [{ type: "pace", perSecond: 1, reason: "x", untilMs: 5 }, ["throttled"]],
    [{ type: "pace", perSecond: 1, reason: "x" }, []],
    [{ type: "slowness", kind: "disk" }, ["slow"]],
    [{ type: "wave", wave: 1, of: 3, steps: 5, state: "passed" }, ["wave"]],
    [{ type: "step", seq: 1, outcome: "applied" }, ["step"]],
    [failed, ["failed", "step"]],
    [{ type: "actor-halted", actor: email("a@acme.example"), failure: "x", reason: "y" }, ["halted"]],
    [halted, ["halted"]],
    [{ type: "conflict", seq: 1, conflicts: 1 }, []],
    [{ type: "apply-ended", counts: noCounts }, []],
  ])("hears of %o by %j", (event, types) => {
    expect(hookTypesOf(event)).toEqual(types);
    expect(types.filter((type) => !hookTypes.includes(type))).toEqual([]);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the event file", () => {
  const first = '{"type":"version"}';
  const opened = (name = "events"): Listener =>
    streamTo(
      openEventFile(made.context, name, (line) => said.push(line)),
      first,
    );

  it("holds the stream of --json, and the next apply adds to it", async () => {
    for (let round = 0; round < 2; round += 1) {
      const file = opened();
      file.onEvent?.(failed, 5);
      await file.close?.(last);
    }
    const lines = (await written("events")).trim().split("\n");
    const types = lines.map((line) => (JSON.parse(line) as { readonly type: string }).type);
    expect(types).toEqual(["version", "step", "summary", "version", "step", "summary"]);
    expect((await stat(join(made.folder, "events"))).mode & 0o777).toBe(0o600);
  });

  it("begins anew on a line of its own where a killed process left half of one", async () => {
    await writeFile(join(made.folder, "events"), '{"type":"ver', { mode: 0o600 });
    await opened().close?.(last);
    expect(await written("events")).toBe(`{"type":"ver\n${first}\n{"type":"summary"}\n`);
  });

  it("holds hostile texts as texts on one line each", async () => {
    const file = opened();
    for (const [, text] of hostile) file.onEvent?.({ ...failed, reason: text }, 0);
    await file.close?.(last);
    const lines = (await written("events")).trim().split("\n");
    expect(lines).toHaveLength(hostile.length + 2);
    expect(lines.slice(1, -1).map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual(
      hostile.map(([, text]) => text),
    );
  });

  it.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    ["a link", (path) => symlink("/dev/null", path), /cannot be opened as an event file \(ELOOP\)/],
    ["something else", (path) => writeFile(path, "SQLite format 3\0"), /holds something else than an event file/],
    [
      "open to others",
      async (path) => {
        await writeFile(path, "");
        await chmod(path, 0o666);
      },
      /can be written by others/,
    ],
    [
      "known by another name",
      async (path) => {
        await writeFile(`${path}.other`, "", { mode: 0o600 });
        await link(`${path}.other`, path);
      },
      /a hard link/,
    ],
  ])("is refused when it is %s", async (_, plant, problem) => {
    await plant(join(made.folder, "events"));
    expect(() => opened()).toThrow(problem);
  });

  it("is refused when it belongs to somebody else, is a folder, or has no folder", async () => {
    await writeFile(join(made.folder, "events"), "", { mode: 0o600 });
    made = { ...made, context: { ...made.context, uid: 4_000_000 } };
    expect(() => opened()).toThrow(/belongs to another user/);
    expect(() => opened(".")).toThrow(/cannot be opened as an event file \(EISDIR\)/);
    expect(() => opened("no/events")).toThrow(/\(ENOENT\)/);
  });

  it.skipIf(process.platform !== "linux")("that can take no more is said once, and the run goes on", async () => {
    made = { ...made, context: { ...made.context, uid: undefined } };
    const file = opened("/dev/full");
    for (let round = 0; round < 50; round += 1) {
      file.onEvent?.(failed, round);
      await once(process.stdout, "none", { signal: AbortSignal.timeout(1) }).catch(() => undefined);
    }
    await file.close?.(last);
    expect(said).toEqual(["The event file cannot be written any more (ENOSPC); the run goes on without it."]);
  });
});

const standing: LiveRun = {
  type: "live",
  version: 1,
  at: "",
  run: "friday.handover",
  runId: "01RUN",
  tenant: "acme.example",
  digest: "",
  standing: "paused",
  counts: { ...noCounts, planned: 7, applied: 3 },
  underWay: { steps: 2, waiting: 1, transfers: 0 },
  concurrency: 16,
  stepsPerSecond: null,
  timeLeftMs: null,
  rates: [
    { calls: "writes", perSecond: 7.92, waiting: 4 },
    { calls: "reads", perSecond: null, waiting: 0 },
  ],
  slowness: { kind: "paused", by: "ctl", text: "paused by ctl" },
};

describe("the figures", () => {
  let metrics: Metrics;
  let server: MetricsServer | undefined;

  beforeEach(() => {
    const commits = new Commits(made.context.clock);
    commits.took(3);
    commits.took(700);
    metrics = new Metrics({ version: "1", runId: "01RUN", live: { document: () => standing }, commits });
  });

  afterEach(() => server?.close());

  const call = (route: string, failure: CallRecord["failure"], ms: number): CallRecord => ({
    service: "data-studio",
    route,
    actor: email("ana@acme.example"),
    isWrite: true,
    status: 200,
    ms,
    failure,
  });

  it("are text that Prometheus reads, of everything an apply counts, without a name in it", () => {
    metrics.onCall(call("assets.updatePermissions", undefined, 40));
    metrics.onCall(call("assets.updatePermissions", undefined, 400));
    metrics.onCall(call("assets.updatePermissions", "throttled", 90_000));
    metrics.onEvent(failed);
    metrics.onEvent({ type: "retry", seq: 1, failure: "server-error", waitMs: 5 });
    metrics.onEvent({ type: "conflict", seq: 1, conflicts: 1 });
    metrics.onEvent({ type: "pace", gate: "writes", actor: "ana@acme.example", perSecond: 1, reason: "x", untilMs: 5 });
    metrics.onEvent({ type: "steered", act: "pause", via: "ctl", uid: 1 });
    metrics.onRetry();
    const text = metrics.text();
    const samples = wellFormed(text);
    expect(samples).toMatchObject({
      'handover_info{version="1",run_id="01RUN"}': "1",
      'handover_steps_ended_total{outcome="failed",failure="not-found"}': "1",
      'handover_calls_total{method="assets.updatePermissions",class="ok"}': "2",
      'handover_calls_total{method="assets.updatePermissions",class="throttled"}': "1",
      'handover_call_duration_seconds_bucket{method="assets.updatePermissions",le="0.05"}': "1",
      'handover_call_duration_seconds_bucket{method="assets.updatePermissions",le="60"}': "2",
      'handover_call_duration_seconds_bucket{method="assets.updatePermissions",le="+Inf"}': "3",
      'handover_call_duration_seconds_count{method="assets.updatePermissions"}': "3",
      handover_retries_total: "2",
      handover_conflicts_total: "1",
      'handover_throttles_total{gate="writes"}': "1",
      'handover_steered_total{act="pause",via="ctl"}': "1",
      'handover_commit_duration_seconds_bucket{le="0.005"}': "1",
      handover_commit_duration_seconds_count: "2",
      'handover_steps{state="applied"}': "3",
      handover_steps_under_way: "2",
      handover_concurrency: "16",
      'handover_rate_calls_per_second{gate="writes"}': "7.92",
      'handover_rate_calls_per_second{gate="reads"}': "+Inf",
      'handover_calls_waiting{gate="writes"}': "4",
      handover_paused: "1",
      'handover_slowness{reason="paused"}': "1",
      'handover_slowness{reason="none"}': "0",
    });
    expect(text).not.toContain("@");
  });

  it("keep their size, whatever classes of failures there are", () => {
    for (let index = 0; index < 5000; index += 1) metrics.onEvent({ ...failed, failure: `f${index}` });
    const ended = Object.entries(wellFormed(metrics.text())).filter(([name]) =>
      name.startsWith("handover_steps_ended"),
    );
    expect(ended).toHaveLength(501);
    expect(ended.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(5000);
  });

  it("escape what labels and help texts hold", () => {
    const labels = { a: 'q"\\\n' };
    expect(metricsText([{ name: "n", help: "h\\\n", type: "gauge", samples: [{ labels, value: Number.NaN }] }])).toBe(
      '# HELP n h\\\\\\n\n# TYPE n gauge\nn{a="q\\"\\\\\\n"} NaN\n',
    );
  });

  it("are given on this machine to whoever asks for them by its name, and nothing else is", async () => {
    server = await serveMetrics(0, metrics);
    const { port } = new URL(server.address);
    const right = `127.0.0.1:${port}`;
    const asked = await Promise.all([
      answer(port, "/metrics", right),
      answer(port, "/metrics", `localhost:${port}`),
      answer(port, "/metrics", "evil.example"),
      answer(port, "/metrics", `evil.example:${port}`),
      answer(port, "/", right),
      answer(port, "/metrics?x", right),
      answer(port, "/metrics", right, "POST"),
      answer(port, "/metrics", right, "HEAD"),
    ]);
    expect(asked.map(([status]) => status)).toEqual([200, 200, 403, 403, 404, 404, 405, 200]);
    expect(asked[0]?.[1]).toContain("# TYPE handover_steps gauge\n");
    expect(asked[7]?.[1]).toBe("");
    await expect(serveMetrics(Number(port), metrics)).rejects.toThrow(
      /the metrics cannot listen on port \d+ \(EADDRINUSE\)/,
    );
  });
});

function answer(port: string, path: string, host: string, method = "GET"): Promise<readonly [number, string]> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      { host: "127.0.0.1", port, path, method, headers: { host }, agent: false },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (piece: string) => (body += piece));
        response.on("end", () => resolve([response.statusCode ?? 0, body]));
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}

/** The samples of an exposition by name and labels; throws at the first line that is not as the format has it. */
function wellFormed(text: string): Readonly<Record<string, string>> {
  expect(text.endsWith("\n")).toBe(true);
  const samples = new Map<string, string>();
  const types = new Map<string, string>();
  const label = String.raw`[a-z_]+="(?:[^"\\\n]|\\["\\n])*"`;
  const sample = new RegExp(String.raw`^([a-z_]+)(\{${label}(?:,${label})*\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$`);
  for (const line of text.trimEnd().split("\n")) {
    const [, about, name = "", rest = ""] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (about === "TYPE") {
      expect(types.has(name)).toBe(false);
      types.set(name, rest);
    }
    if (about !== undefined) continue;
    const read = sample.exec(line);
    if (read === null) throw new Error(`no sample: ${line}`);
    const family = [...types.keys()].at(-1) ?? "";
    expect([family, `${family}_bucket`, `${family}_sum`, `${family}_count`]).toContain(read[1]);
    samples.set(`${read[1]}${read[2] ?? ""}`, read[3] ?? "");
  }
  return Object.fromEntries(samples);
}

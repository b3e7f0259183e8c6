/** What holds an apply up, as it is said: at once when it is certain, otherwise only once it has lasted. */
import { beforeEach, describe, expect, it } from "vitest";
import { ApplyLive } from "../../src/cli/apply-live.ts";
import { Commits } from "../../src/cli/commits.ts";
import { readLive } from "../../src/cli/live-shape.ts";
import { Workers } from "../../src/engine/workers.ts";
import type { Work } from "../../src/engine/workers.ts";
import { noCounts } from "../../src/model/run.ts";
import type { GateStanding, Slowness } from "../../src/model/slowness.ts";
import { email, facts } from "../report/sample.ts";
import { ManualClock } from "../support/clock.ts";

let clock: ManualClock;
let gates: GateStanding[];
let work: Work;
let paused: { readonly by: string; readonly sinceMs: number } | undefined;
let said: Slowness[];
let live: ApplyLive;
let commits: Commits;

beforeEach(() => {
  clock = new ManualClock();
  gates = [];
  work = { steps: 3, waiting: 0, transfers: 0 };
  paused = undefined;
  said = [];
  commits = new Commits(clock);
  const workers = new Workers(16, undefined);
  workers.follow({ changed: () => undefined, work: () => work });
  const { header, digest } = facts();
  live = new ApplyLive({
    clock,
    runName: "friday.handover",
    header,
    digest,
    counts: { ...noCounts, planned: 3 },
    paced: { standings: () => gates },
    workers,
    steering: {
      get pausedBy() {
        return paused;
      },
      isStopping: false,
    },
    commits,
    onChange: (slowness) => {
      said.push(slowness);
      live.onEvent({ type: "slowness", ...slowness });
    },
  });
});

async function looks(count: number): Promise<readonly string[]> {
  for (let look = 0; look < count; look += 1) {
    await clock.advance(1000);
    live.look();
  }
  return said.map(({ kind }) => kind);
}

function gate(more: Partial<GateStanding> = {}): GateStanding {
  return {
    gate: "writes",
    waiting: 5,
    waitsFor: "project",
    perMinute: 480,
    rateSource: "set",
    serverUntilMs: undefined,
    users: 3,
    user: undefined,
    usersUntilMs: undefined,
    usersPerMinute: Infinity,
    usersRateSource: "guess",
    ...more,
  };
}

describe("what holds it up", () => {
  it("is said once it was so three times in a row, and again once it has gone for as long", async () => {
    gates = [gate()];
    expect(await looks(2)).toEqual([]);
    expect(await looks(1)).toEqual(["rate"]);
    gates = [];
    expect(await looks(2)).toEqual(["rate"]);
    gates = [gate()];
    expect(await looks(3)).toEqual(["rate"]);
    gates = [];
    expect(await looks(3)).toEqual(["rate", "none"]);
  });

  it("is said at once when somebody did it, or Google asked for it, and so is its end", async () => {
    paused = { by: "ctl", sinceMs: 0 };
    live.onEvent({ type: "steered", act: "pause", via: "ctl", uid: 1 });
    expect(said).toEqual([{ kind: "paused", by: "ctl", sinceMs: 0 }]);
    expect(live.progress.slowness).toMatchObject({ kind: "paused" });
    paused = undefined;
    live.onEvent({ type: "steered", act: "resume", via: "ctl", uid: 1 });
    gates = [gate({ serverUntilMs: clock.now() + 60_000 })];
    expect(await looks(1)).toEqual(["paused", "none", "held"]);
  });

  it("is the reading back of a wave, for as long as that takes", async () => {
    const wave = { type: "wave", wave: 1, of: 2, steps: 3 } as const;
    live.onEvent({ ...wave, state: "checking" });
    expect(await looks(1)).toEqual(["wave"]);
    live.onEvent({ ...wave, state: "passed" });
    expect(await looks(1)).toEqual(["wave", "none"]);
  });

  it("is said anew when its figures have moved, and not every second", async () => {
    gates = [gate()];
    await looks(3);
    gates = [gate({ perMinute: 470 })];
    expect(await looks(10)).toEqual(["rate"]);
    gates = [gate({ perMinute: 240 })];
    expect(await looks(1)).toEqual(["rate", "rate"]);
    gates = [gate({ perMinute: 120 })];
    expect((await looks(4)).length).toBe(2);
    expect((await looks(1)).length).toBe(3);
  });

  it("is steps that wait before they try again, until they have ended or waited", async () => {
    work = { steps: 2, waiting: 0, transfers: 0 };
    const retry = { service: "data-studio", route: "assets.search", problem: "x", failures: 1 } as const;
    live.onEvent({ type: "retry", seq: 1, failure: "server-error", waitMs: 60_000 });
    live.onRetry({ ...retry, actor: email("ana@acme.example"), failure: "no-answer", waitMs: 2_500 });
    await looks(3);
    expect(said.at(-1)).toMatchObject({ kind: "trouble", by: "server-error", count: 1 });
    live.onEvent({ type: "step", seq: 1, outcome: "applied" });
    expect((await looks(3)).at(-1)).not.toBe("trouble");
  });

  it("shows at once in the document that somebody asks for, which is one that can be read back", () => {
    gates = [gate({ perMinute: Infinity, gate: "reads", waiting: 0 }), gate()];
    const document = live.document();
    expect(document).toMatchObject({
      standing: "under-way",
      rates: [
        { calls: "reads", perSecond: null, waiting: 0 },
        { calls: "writes", perSecond: 8, waiting: 5 },
      ],
      slowness: { kind: "rate", text: "the rate that was set, 8 writes/s" },
      underWay: work,
      concurrency: 16,
    });
    expect(readLive(JSON.parse(JSON.stringify(document)))).toEqual(JSON.parse(JSON.stringify(document)));
    paused = { by: "dashboard", sinceMs: 0 };
    expect(live.document()).toMatchObject({ standing: "paused", slowness: { by: "dashboard" } });
  });
});

describe("the share of time that commits take", () => {
  it("is that of the last ten seconds, and unknown in the first two", async () => {
    commits.took(1500);
    expect(commits.share()).toBe(0);
    await clock.advance(3_000);
    expect(commits.share()).toBe(0.5);
    await clock.advance(7_000);
    expect(commits.share()).toBe(0.15);
    await clock.advance(1);
    expect(commits.share()).toBe(0);
    for (let second = 0; second < 20; second += 1) {
      commits.took(900);
      await clock.advance(1_000);
    }
    expect(commits.share()).toBeCloseTo(0.9, 1);
  });
});

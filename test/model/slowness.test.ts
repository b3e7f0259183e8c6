/** What holds a run up: one reason for each state of things, the one that matters most first. */
import { describe, expect, it } from "vitest";
import { parseSlowness, slownessKinds, slownessOf } from "../../src/model/slowness.ts";
import type { Circumstances, GateStanding, Slowness } from "../../src/model/slowness.ts";

const now = 1_000_000;

const freely: Circumstances = {
  now,
  stopping: false,
  paused: undefined,
  wave: false,
  gates: [],
  open: 100,
  steps: 3,
  transfers: 0,
  concurrency: 16,
  storeShare: 0,
  retrying: undefined,
};

function gate(more: Partial<GateStanding> = {}): GateStanding {
  return {
    gate: "writes",
    waiting: 5,
    waitsFor: "project",
    perMinute: 480,
    rateSource: "learned",
    serverUntilMs: undefined,
    users: 3,
    user: undefined,
    usersUntilMs: undefined,
    usersPerMinute: 120,
    usersRateSource: "learned",
    ...more,
  };
}

const byUsers = { waitsFor: "users", users: 1, user: "ana@acme.example" } as const;
const paused = { by: "ctl", sinceMs: 5 };
const retrying = { steps: 3, failure: "server-error", untilMs: now + 9 };

describe("what holds a run up is", () => {
  it.each<[string, Partial<Circumstances>, Slowness]>([
    ["a stop, whatever else is so", { stopping: true, paused, storeShare: 1, gates: [gate()] }, { kind: "stopping" }],
    ["a pause, with who and since when", { paused, gates: [gate()] }, { kind: "paused", by: "ctl", sinceMs: 5 }],
    ["the end of a wave", { wave: true, gates: [gate()] }, { kind: "wave" }],
    ["the disk, from half of the time on", { storeShare: 0.5, gates: [gate()] }, { kind: "disk" }],
    [
      "Google, for as long as it wants",
      { gates: [gate({ serverUntilMs: now + 1 })] },
      { kind: "held", calls: "writes", untilMs: now + 1 },
    ],
    [
      "no longer Google once that is over",
      { gates: [gate({ serverUntilMs: now })] },
      { kind: "quota", calls: "writes", perSecond: 8 },
    ],
    [
      "the rate that was set",
      { gates: [gate({ rateSource: "set" })] },
      { kind: "rate", calls: "writes", perSecond: 8 },
    ],
    [
      "the careful beginning",
      { gates: [gate({ rateSource: "guess" })] },
      { kind: "careful", calls: "writes", perSecond: 8 },
    ],
    [
      "the gate most calls wait at",
      { gates: [gate({ gate: "reads", waiting: 4 }), gate(), gate({ gate: "tokens", waiting: 0 })] },
      { kind: "quota", calls: "writes", perSecond: 8 },
    ],
    [
      "what Google wants for one user",
      { gates: [gate({ ...byUsers, usersUntilMs: now + 7 })] },
      { kind: "held-user", calls: "writes", count: 1, user: "ana@acme.example", untilMs: now + 7 },
    ],
    [
      "the quota of one user",
      { gates: [gate(byUsers)] },
      { kind: "user-quota", calls: "writes", count: 1, user: "ana@acme.example", perSecond: 2 },
    ],
    [
      "the quota of several users",
      { gates: [gate({ waitsFor: "users" })] },
      { kind: "user-quota", calls: "writes", count: 3, user: undefined, perSecond: 2 },
    ],
    [
      "the rate set for one user",
      { gates: [gate({ ...byUsers, usersRateSource: "set" })] },
      { kind: "user-rate", calls: "writes", count: 1, user: "ana@acme.example", perSecond: 2 },
    ],
    [
      "the careful beginning with one user",
      { gates: [gate({ ...byUsers, usersRateSource: "guess" })] },
      { kind: "careful", calls: "writes", count: 1, user: "ana@acme.example", perSecond: 2 },
    ],
    [
      "calls to be made again, when they are half of all",
      { retrying: { ...retrying, steps: 2 }, steps: 3, transfers: 1 },
      { kind: "trouble", by: "server-error", count: 2, untilMs: now + 9 },
    ],
    ["less than half of them are not", { retrying: { ...retrying, steps: 1 } }, { kind: "per-user", count: 3 }],
    ["transfers, once nothing else is under way", { steps: 0, transfers: 2 }, { kind: "transfer", count: 2 }],
    ["as many steps as may be at once", { steps: 16 }, { kind: "workers", count: 16 }],
    ["what one user may have at once", { steps: 2, open: 3 }, { kind: "per-user", count: 2 }],
    ["nothing, while the last steps are under way", { steps: 3, open: 3 }, { kind: "none" }],
    ["nothing, while nothing is under way", { steps: 0 }, { kind: "none" }],
  ])("%s", (_, circumstances, slowness) => {
    expect(slownessOf({ ...freely, ...circumstances })).toStrictEqual(slowness);
  });
});

describe("what a run file keeps of it", () => {
  it.each(slownessKinds.map((kind) => [kind]))("is read back: %s", (kind) => {
    const slowness = {
      kind,
      sinceMs: 1,
      untilMs: 2,
      by: "ctl",
      calls: "writes",
      perSecond: 0.5,
      count: 3,
      user: "a@b.c",
    };
    expect(parseSlowness(JSON.stringify(slowness))).toEqual(slowness);
  });

  it.each([undefined, "", "7", "null", "[]", "{}", '{"kind":"x"}', '{"kind":["paused"]}', "{", '"paused"'])(
    "is nothing when it is %s",
    (text) => {
      expect(parseSlowness(text)).toBeUndefined();
    },
  );

  it("loses what is of another kind than it should be, and what is too long", () => {
    const text = JSON.stringify({
      kind: "paused",
      sinceMs: "x",
      untilMs: -1,
      by: 7,
      user: "u".repeat(999),
      count: 9e15,
    });
    const nothing = { sinceMs: undefined, untilMs: undefined, by: undefined, count: undefined };
    expect(parseSlowness(text)).toMatchObject({ kind: "paused", ...nothing, user: "u".repeat(300) });
  });
});

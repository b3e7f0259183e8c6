/** What an apply does between steps: how many it holds, what other workers' news make of it, and what it leaves in the chain. */
import { setMaxListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { CallBudget } from "../../src/engine/call-budget.ts";
import type { FleetNews } from "../../src/engine/fleet.ts";
import type { ApplyOptions } from "../../src/engine/verbs.ts";
import { Workers } from "../../src/engine/workers.ts";
import type { Work } from "../../src/engine/workers.ts";
import type { Journal } from "../../src/journal/journal.ts";
import type { Email } from "../../src/model/email.ts";
import { JournalError, RunFileError } from "../../src/model/errors.ts";
import { anna, ben, byHand, cleo, edit, edits, intent } from "../journal/samples.ts";
import type { ManualClock } from "../support/clock.ts";
import { noCounts } from "../../src/model/run.ts";
import { applied, ended, wrapped, writeMs } from "./applying.ts";
import type { Given } from "./applying.ts";
import { no } from "./scripted.ts";

const users = ["a", "b", "c", "d", "e", "f"].map((name) => `${name}@acme.example` as Email);

describe("an apply", () => {
  it("says in the chain and to whoever listens that it begins and how it ended", async () => {
    const { summary, notes, events } = await applied(edits(3));
    expect(summary).toMatchObject({ end: "finished", reason: undefined, ended: 3, blocked: [] });
    expect(notes).toEqual([
      ["started", { open: 3 }],
      ["ended", { end: "finished", open: 0 }],
    ]);
    expect(events[0]).toMatchObject({ type: "apply-started", steps: 3, open: 3, resumed: false });
    expect(events.at(-1)).toEqual({ type: "apply-ended", counts: summary.counts });
  });

  it.each([
    [
      "a step has ended before",
      async (journal: Journal) => {
        const [claim] = await journal.claim({ max: 1, perActor: 1, halted: new Set() });
        await journal.result(claim ?? expect.fail(), ended("failed"));
      },
      1,
    ],
    [
      "a step was under way when the last process ended",
      async (journal: Journal) => {
        const [claim] = await journal.claim({ max: 1, perActor: 1, halted: new Set() });
        await journal.intent(claim ?? expect.fail(), intent(1));
      },
      2,
    ],
  ])("says that it resumes where %s", async (_what, before, open) => {
    const { notes, events } = await applied(edits(2), { before });
    expect(notes[0]).toEqual(["resumed", { open }]);
    expect(events[0]).toMatchObject({ type: "apply-started", steps: 2, open, resumed: true });
  });

  it("that has nothing to do leaves the chain as it is", async () => {
    const done = async (journal: Journal): Promise<void> => {
      for (const claim of await journal.claim({ max: 9, perActor: 9, halted: new Set() }))
        await journal.result(claim, ended("applied"));
    };
    const { summary, notes, events } = await applied(edits(2), { before: done });
    expect([summary.end, summary.ended, notes]).toEqual(["finished", 0, []]);
    expect(events.map(({ type }) => type)).toEqual(["apply-started", "apply-ended"]);
  });

  it.each([
    [3, 9, 3],
    [4, 2, 2],
    [1, 9, 1],
  ])("has %d steps under way at once, and %d for one user", async (concurrency, perActor, most) => {
    const { atOnceMax, summary } = await applied(edits(12), { options: { concurrency, perActor } });
    expect([atOnceMax, summary.counts.applied]).toEqual([most, 12]);
  });

  it("asks for no more steps than its workers can begin now and next", async () => {
    const asked: number[] = [];
    let held = 0;
    let heldMax = 0;
    const journal = (inner: Journal): Journal =>
      wrapped(inner, {
        claim: async (query) => {
          asked.push(query.max);
          const claims = await inner.claim(query);
          held += claims.length;
          heldMax = Math.max(heldMax, held);
          return claims;
        },
        result: async (claim, result) => {
          const kept = await inner.result(claim, result);
          held -= 1;
          return kept;
        },
      });
    await applied(edits(30), { journal, options: { concurrency: 3, perActor: 9 } });
    expect([asked[0], heldMax]).toEqual([6, 6]);
    expect(Math.min(...asked)).toBeGreaterThan(0);
  });

  it("begins as many as are permitted meanwhile, the first moment they are", async () => {
    const workers = new Workers(1, undefined);
    const writes = (_actor: Email, _name: string, count: number): undefined => {
      if (count === 2) workers.permit(5);
    };
    const { atOnceMax, tookMs } = await applied(edits(11), { more: { workers }, writes });
    expect(atOnceMax).toBe(5);
    // One alone, then five at a time.
    expect(tookMs).toBe(3 * writeMs);
  });

  it("ends when one user after another cannot be acted as, and says how many and why the last", async () => {
    const { summary } = await applied(
      users.map((actor) => edit({ actor })),
      { writes: (actor) => no("halt-actor", `suspended ${actor}`), options: { concurrency: 1 } },
    );
    expect(summary).toMatchObject({ end: "halted", ended: 0, counts: { applied: 0, failed: 0 } });
    expect(summary.reason).toBe("5 users in a row cannot be acted as; the last: Google said suspended e@acme.example");
    expect(summary.blocked.map(({ actor }) => actor)).toEqual(users.slice(0, 5));
  });

  it("names a user who cannot be acted as once, however many steps wait for them, and ends blocked", async () => {
    const { summary, notes } = await applied([...edits(3), edit({ actor: ben })], {
      writes: (actor) => (actor === anna ? no("halt-actor", "account-forbidden") : undefined),
      options: { concurrency: 1 },
    });
    expect(summary).toMatchObject({ end: "blocked", reason: "3 steps cannot go on now", ended: 1 });
    expect(summary.blocked).toEqual([
      { actor: anna, failure: "account-forbidden", reason: "Google said account-forbidden" },
    ]);
    expect(notes.at(-1)).toEqual(["ended", { end: "blocked", open: 3 }]);
  });

  it("halts when the credentials are gone: what is under way ends, and nothing else begins", async () => {
    const { summary, written } = await applied(edits(6), {
      writes: (_actor, _name, count) => (count === 1 ? no("halt-run", "service-disabled") : undefined),
      options: { concurrency: 2 },
    });
    expect(summary).toMatchObject({ end: "halted", reason: "Google said service-disabled", ended: written.length - 1 });
    expect(written.length).toBeLessThan(4);
  });

  it("stops at once when as many steps failed as may, with no step begun after", async () => {
    const { summary, written } = await applied(edits(6), {
      writes: () => no("refuse", "permission-denied"),
      options: { concurrency: 1, failuresMax: 2 },
    });
    expect(summary).toMatchObject({ end: "breaker", counts: { failed: 2, planned: 4 } });
    expect(written).toHaveLength(2);
  });

  it("is finished, and not stopped, when the last step is the one failure too many", async () => {
    const { summary, events } = await applied(edits(2), {
      writes: () => no("refuse", "permission-denied"),
      options: { concurrency: 1, failuresMax: 2 },
    });
    expect(summary).toMatchObject({ end: "finished", counts: { failed: 2 } });
    expect(events.filter(({ type }) => type === "stopping")).toEqual([]);
  });

  it("keeps lines for people apart: they say nothing about whom it may act as", async () => {
    const [a, b, c, d, e] = users as [Email, Email, Email, Email, Email];
    const lines = [byHand({ actor: b }), byHand({ actor: d })];
    // Users take turns: an edit, a line, an edit, a line, and edits.
    const drafts = [edit({ actor: a }), ...lines, ...[c, e, b, d].map((actor) => edit({ actor }))];
    const { summary } = await applied(drafts, {
      writes: () => no("halt-actor", "suspended"),
      options: { concurrency: 1 },
    });
    expect(summary).toMatchObject({ end: "halted", counts: { "by-hand": 2 } });
    expect(summary.reason).toContain("5 users in a row");
  });

  it("begins to count users anew when a step was carried out in between", async () => {
    const { summary } = await applied(
      [...users.slice(0, 3), anna, ...users.slice(3)].map((actor) => edit({ actor })),
      {
        writes: (actor) => (actor === anna ? undefined : no("halt-actor", "suspended")),
        options: { concurrency: 1 },
      },
    );
    expect(summary).toMatchObject({ end: "blocked", ended: 1 });
    expect(summary.blocked).toHaveLength(6);
  });

  it.each([
    ["gave the asset to the new owner", ben, "unchanged", "the owner was changed through the API"],
    ["gave it to somebody else", cleo, "by-hand", "an owner change only a person can make"],
    ["left it with the old one", undefined, "by-hand", "an owner change only a person can make"],
  ] as const)("judges a line for people by the edit before it, which %s", async (_what, newOwner, outcome, reason) => {
    const { summary, events } = await applied([edit(), byHand({ to: ben, unless: 1 })], {
      before: async (journal) => {
        const [claim] = await journal.claim({ max: 1, perActor: 1, halted: new Set() });
        await journal.result(claim ?? expect.fail(), { ...ended("applied"), newOwner });
      },
    });
    expect(summary).toMatchObject({ end: "finished", ended: 1, counts: { [outcome]: 1 } });
    expect(events.filter(({ type }) => type === "step")).toMatchObject([{ seq: 2, outcome, reason, calls: 0 }]);
  });

  it("tells of each step how it ended, on which asset, after how long and how many calls", async () => {
    const { events } = await applied([edit(), edit({ actor: ben })], {
      writes: (actor) => (actor === ben ? no("refuse", "permission-denied") : undefined),
      options: { concurrency: 1 },
    });
    const told = events.filter(({ type }) => type === "step");
    expect(told).toEqual([
      {
        type: "step",
        seq: 1,
        outcome: "applied",
        failure: undefined,
        reason: undefined,
        asset: expect.stringMatching(/^asset-/) as string,
        ms: writeMs,
        calls: 1,
      },
      {
        type: "step",
        seq: 2,
        outcome: "failed",
        failure: "permission-denied",
        reason: "Google said permission-denied",
        asset: expect.stringMatching(/^asset-/) as string,
        ms: writeMs,
        calls: 1,
      },
    ]);
  });

  it("asks for several steps at a time, and no worker idles for want of one", async () => {
    let asked = 0;
    const journal = (inner: Journal): Journal =>
      wrapped(inner, {
        claim: async (query) => {
          asked += 1;
          return inner.claim(query);
        },
      });
    const drafts = Array.from({ length: 80 }, (_, index) => edit({ actor: users[index % users.length] ?? anna }));
    const { summary, tookMs } = await applied(drafts, {
      journal,
      options: { concurrency: 8, perActor: 8 },
      takes: (count) => 1000 + (count % 7),
    });
    expect(summary.counts.applied).toBe(80);
    expect(tookMs).toBeLessThan(10 * 1007);
    // Four at a time, which is half of its workers; then, with nothing left to be had, each time one ends.
    expect(asked).toBeLessThanOrEqual(64 / 4 + 2 * 16);
  });

  it("makes no more calls than it is allowed, however many workers are free, and says who allowed how many", async () => {
    const calls = new CallBudget({ value: 1002, from: "--max-calls" }, 1000);
    const { summary, written, atOnceMax } = await applied(edits(6), {
      options: { concurrency: 4, guards: { calls } },
      writes: () => {
        calls.called();
        return undefined;
      },
    });
    expect([written.length, atOnceMax]).toEqual([2, 2]);
    expect(summary).toMatchObject({
      end: "budget",
      reason: "the 1,002 calls allowed are used up (--max-calls)",
      counts: { applied: 2, planned: 4, "in-flight": 0 },
    });
  });

  it.each([
    ["with a budget of calls", { calls: new CallBudget({ value: 1000, from: "--max-calls" }, 0) }],
    ["without one", {}],
  ])("lets dozens wait for another attempt at once and warns of no leak, %s", async (_what, guards) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const { summary } = await applied(edits(30), {
      options: { concurrency: 30, perActor: 30, guards },
      more: { stop: stop.signal },
      writes: (_actor, _name, count) => (count <= 30 ? no("throttle", "throttled") : undefined),
    });
    process.off("warning", onWarning);
    expect(summary).toMatchObject({ end: "finished", counts: { applied: 30 } });
    expect(warnings).toEqual([]);
  });

  it("takes nothing more once the time allowed is over", async () => {
    const options = { concurrency: 1, durationMs: 2 * writeMs };
    const { summary, written } = await applied(edits(3), { options });
    expect(summary).toMatchObject({ end: "budget", reason: "the time allowed is used up", ended: 2 });
    expect(written).toHaveLength(2);
  });

  it.each<readonly [string, Partial<ApplyOptions>, readonly string[]]>([
    ["the time allowed is over", { durationMs: 2 * writeMs + 1 }, []],
    ["no call is left", { guards: { calls: new CallBudget({ value: 3, from: "--max-calls" }, 0) } }, []],
    ["somebody asks to stop", {}, ["stopped on request"]],
  ])("is finished when %s while the last step ends: nothing is left to come back for", async (_what, options, told) => {
    const stop = new AbortController();
    const { summary, notes, events } = await applied(edits(3), {
      options: { concurrency: 1, ...options },
      more: { stop: stop.signal },
      writes: (_actor, _name, count) => {
        options.guards?.calls?.called();
        if (count === 3 && told.length > 0) stop.abort();
        return undefined;
      },
    });
    expect(summary).toMatchObject({ end: "finished", reason: undefined, ended: 3, counts: { applied: 3 } });
    expect(notes.at(-1)).toEqual(["ended", { end: "finished", open: 0 }]);
    expect(events.flatMap((event) => (event.type === "stopping" ? [event.why] : []))).toEqual(told);
  });

  it("is finished when the time allowed is over as a step fails that takes along all that were left", async () => {
    const { summary, notes } = await applied([edit(), edit({ after: 1 })], {
      options: { concurrency: 1, durationMs: writeMs },
      writes: () => no("refuse", "permission-denied"),
    });
    expect(summary).toMatchObject({ end: "finished", reason: undefined, counts: { failed: 1, skipped: 1 } });
    expect(notes.at(-1)).toEqual(["ended", { end: "finished", open: 0 }]);
  });

  it("tells how many steps are under way and how many wait for a worker", async () => {
    const workers = new Workers(2, undefined);
    const seen: Work[] = [];
    await applied(
      users.map((actor) => edit({ actor })),
      {
        more: { workers },
        writes: () => {
          seen.push(workers.work);
          return undefined;
        },
      },
    );
    expect(seen[0]).toEqual({ steps: 2, waiting: 2, transfers: 0 });
    expect(workers.work).toEqual({ steps: 0, waiting: 0, transfers: 0 });
  });

  it("puts a line for people down as such when nothing was tried before it", async () => {
    const { summary } = await applied([byHand()]);
    expect(summary).toMatchObject({ end: "finished", counts: { "by-hand": 1 }, ended: 1 });
  });

  it.each([
    ["run file", new RunFileError("full", "the disk is full", "make room")],
    ["database", new JournalError("away", "the disk is full", "make room")],
  ])("ends cleanly when the %s takes no more writes, with what to do about it", async (_what, full) => {
    const journal = (inner: Journal): Journal => wrapped(inner, { result: () => Promise.reject(full) });
    const { summary, notes, written } = await applied(edits(5), { journal, options: { concurrency: 1 } });
    expect(summary).toMatchObject({ end: "journal", reason: "the disk is full; make room", ended: 0 });
    // Nobody can say in the chain how it ended.
    expect(notes.map(([kind]) => kind)).toEqual(["started"]);
    expect(written.length).toBeLessThanOrEqual(2);
  });

  it("ends cleanly when the chain alone takes no more, at the very end", async () => {
    const full = new RunFileError("full", "the disk is full", "make room");
    const journal = (inner: Journal): Journal =>
      wrapped(inner, {
        note: (kind, details) => (kind === "ended" ? Promise.reject(full) : inner.note(kind, details)),
      });
    const { summary } = await applied(edits(1), { journal });
    expect(summary).toMatchObject({ end: "journal", counts: { applied: 1 } });
  });

  it("ends loudly on a fault of ours, once what is under way has ended", async () => {
    const fault = new TypeError("no such thing");
    let results = 0;
    const journal = (inner: Journal): Journal =>
      wrapped(inner, {
        result: (claim, result) => ((results += 1) === 1 ? Promise.reject(fault) : inner.result(claim, result)),
      });
    await expect(applied(edits(6), { journal, options: { concurrency: 2 } })).rejects.toBe(fault);
    expect(results).toBe(2);
  });

  it("counts no step whose result was lost to somebody else", async () => {
    const journal = (inner: Journal): Journal => wrapped(inner, { result: async () => "lost" });
    const { summary, events } = await applied(edits(1), { journal, options: { durationMs: 60_000 } });
    expect(summary.ended).toBe(0);
    expect(events.filter(({ type }) => type === "step")).toEqual([]);
  });
});

describe("an apply among several workers", () => {
  /** Other workers who stand like this at each look, the last of these for ever. */
  function others(...looks: readonly Partial<FleetNews>[]): NonNullable<Given["fleet"]> {
    return (log, clock) => {
      let count = 0;
      return {
        look: async (drifted, afresh) => {
          log.push(
            `${clock.monotonic()} ${afresh ? "afresh" : "look"}${drifted.length > 0 ? ` ${drifted.join()}` : ""}`,
          );
          const news = looks[Math.min(count, looks.length - 1)];
          count += 1;
          return { counts: noCounts, heldElsewhere: 0, drifted: 0, ended: undefined, ...news };
        },
        enterGate: () => expect.fail("a run without waves"),
        leaveGate: () => expect.fail("a run without waves"),
      };
    };
  }
  const open = (planned: number, more: Partial<FleetNews> = {}): Partial<FleetNews> => ({
    counts: { ...noCounts, planned },
    ...more,
  });

  it("ends as one of them ended the run for all, with what is under way carried out", async () => {
    const over = { end: "breaker", reason: "10 failed" } as const;
    const { summary, written, events } = await applied(edits(6), {
      fleet: others(open(6), open(6), open(6, { ended: over })),
      options: { concurrency: 1 },
    });
    expect(summary).toMatchObject({ end: "breaker", reason: "10 failed", ended: written.length });
    expect(written.length).toBeLessThan(3);
    expect(events.filter(({ type }) => type === "stopping")).toEqual([{ type: "stopping", why: "10 failed" }]);
  });

  it("looks at what the others do twice a second while its own steps are under way", async () => {
    const { log, summary } = await applied(edits(1), { fleet: others(open(3)) });
    expect(summary).toMatchObject({ end: "finished", ended: 1 });
    const whileWriting = log.map((line) => Number(line.split(" ")[0])).filter((at) => at > 0 && at < writeMs);
    expect(whileWriting).toEqual(Array.from({ length: whileWriting.length }, (_, index) => 500 * (index + 1)));
    expect(whileWriting.length).toBeGreaterThan(10);
  });

  it("waits while others hold steps, which may come back, and takes nothing for finished before", async () => {
    const held = open(1, { heldElsewhere: 1 });
    const { summary, tookMs } = await applied([], { fleet: others(held, held, held, held, held, {}) });
    expect(summary.end).toBe("finished");
    expect(tookMs).toBe(1000);
  });

  it("asks once more for what is open and held by nobody before it calls the run blocked", async () => {
    const { tookMs, log } = await applied([], { fleet: others(open(2)) });
    expect(tookMs).toBe(50);
    expect(log.filter((line) => line.endsWith("afresh"))).toHaveLength(2);
  });

  it("asks once more each time that others ended some meanwhile", async () => {
    const { tookMs } = await applied([], { fleet: others(open(3), open(3), open(2), open(2), open(1), open(1)) });
    expect(tookMs).toBeGreaterThanOrEqual(150);
  });

  it("has it counted afresh after a step of its own failed: all workers' failures are one number", async () => {
    const { summary, log } = await applied(edits(4), {
      fleet: others(open(4), open(4), open(4)),
      writes: (_actor, _name, count) => (count === 1 ? no("refuse", "permission-denied") : undefined),
      options: { concurrency: 1 },
    });
    expect(summary).toMatchObject({ counts: { failed: 1, applied: 3 } });
    expect(log.find((line) => line.endsWith("afresh"))).toBe(`${writeMs} afresh`);
  });

  it("stops by the failures of all, none of which is its own", async () => {
    const failures = { counts: { ...noCounts, planned: 5, failed: 2 } };
    const { summary, written } = await applied(edits(6), {
      fleet: others(open(6), failures),
      options: { concurrency: 1, failuresMax: 2 },
    });
    expect(summary.end).toBe("breaker");
    expect(written.length).toBeLessThanOrEqual(2);
  });

  it("is not stopped by failures when nothing is open any more", async () => {
    const { summary, events } = await applied([], {
      fleet: others({ counts: { ...noCounts, failed: 2 } }),
      options: { failuresMax: 2 },
    });
    expect(summary.end).toBe("finished");
    expect(events.filter(({ type }) => type === "stopping")).toEqual([]);
  });

  it("ends by the journal when nobody can tell what the others do", async () => {
    const away = new RunFileError("full", "the store is away", "apply again");
    const fleet: NonNullable<Given["fleet"]> = () => ({
      look: () => Promise.reject(away),
      enterGate: () => expect.fail("a run without waves"),
      leaveGate: () => expect.fail("a run without waves"),
    });
    expect((await applied(edits(2), { fleet })).summary).toMatchObject({ end: "journal", ended: 0 });
  });

  it("asks a store that is lost nothing more, and tells what it heard last and has ended since", async () => {
    const away = new RunFileError("full", "the store is away", "apply again");
    let asked = 0;
    const journal = (inner: Journal): Journal =>
      wrapped(inner, {
        counts: async () => {
          asked += 1;
          return asked > 1 ? expect.fail("it is away") : inner.counts();
        },
      });
    let looks = 0;
    const heard = { ...noCounts, planned: 3, applied: 4 };
    const fleet: NonNullable<Given["fleet"]> = (...about) => {
      const near = others({ counts: heard })(...about);
      return { ...near, look: (...found) => ((looks += 1) > 2 ? Promise.reject(away) : near.look(...found)) };
    };
    const { summary } = await applied(edits(3), { fleet, journal, options: { concurrency: 1 } });
    expect(summary).toMatchObject({ end: "journal", reason: "the store is away; apply again" });
    const { ended: own } = summary;
    expect(summary.counts).toEqual({ ...heard, planned: 3 - own, applied: 4 + own });
  });
});

it.each([
  ["at once", 0, { planned: 3 }],
  ["after it has told how the run stands", 1, { planned: 2, applied: 1 }],
])("counts of a run file that is gone %s are what was heard and has ended since", async (_when, answers, counts) => {
  const gone = new RunFileError("full", "the disk is gone", "mount it");
  let asked = 0;
  let results = 0;
  const journal = (inner: Journal): Journal =>
    wrapped(inner, {
      counts: async () => ((asked += 1) > answers ? Promise.reject(gone) : inner.counts()),
      result: async (claim, result) => ((results += 1) > 1 ? Promise.reject(gone) : inner.result(claim, result)),
    });
  const { summary } = await applied(edits(3), { journal, options: { concurrency: 1 } });
  expect(summary).toMatchObject({ end: "journal", reason: "the disk is gone; mount it", counts });
});

it("an apply that is paused gives back what it holds, and takes it up when it goes on", async () => {
  const clockless: { goOn: () => void } = { goOn: () => undefined };
  let pause: Promise<void> | undefined;
  const given: Given = {
    more: { paused: () => pause },
    options: { concurrency: 1 },
    writes: (_actor, _name, count) => {
      if (count === 1)
        pause = new Promise((resolve) => {
          clockless.goOn = () => {
            pause = undefined;
            resolve();
          };
        });
      return undefined;
    },
  };
  const released: number[] = [];
  const journal = (inner: Journal, clock: ManualClock): Journal =>
    wrapped(inner, {
      release: async (claim) => {
        released.push(claim.step.seq);
        await inner.release(claim);
        void clock.sleep(60_000).then(() => clockless.goOn());
      },
    });
  const { summary, tookMs } = await applied(edits(3), { ...given, journal });
  expect(released).toEqual([2]);
  expect(summary).toMatchObject({ end: "finished", counts: { applied: 3 } });
  expect(tookMs).toBe(3 * writeMs + 60_000);
});

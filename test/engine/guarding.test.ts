/** The guards of one apply together: which of them ends it, what counts from before, and what is counted for all workers. */
import { describe, expect, it } from "vitest";
import type { ApplyGuards } from "../../src/engine/apply-guards.ts";
import { Breaker } from "../../src/engine/breaker.ts";
import { CallBudget } from "../../src/engine/call-budget.ts";
import { DriftWatch } from "../../src/engine/drift-watch.ts";
import type { Fleet, FleetNews } from "../../src/engine/fleet.ts";
import { Guarding, closedText } from "../../src/engine/guarding.ts";
import { recallGuards } from "../../src/engine/guard-memory.ts";
import type { ApplyOptions } from "../../src/engine/verbs.ts";
import type { Claim, Journal } from "../../src/journal/journal.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import { parseAmount } from "../../src/model/guard.ts";
import type { RunHeader } from "../../src/model/run.ts";
import type { StepDraft, StepResult } from "../../src/model/step.ts";
import { wavesText } from "../../src/model/waves.ts";
import { parseTimeWindow } from "../../src/model/window.ts";
import type { WindowRules } from "../../src/model/window.ts";
import { byHand, edit, edits, failed, header, result } from "../journal/samples.ts";
import { ManualClock } from "../support/clock.ts";
import { seeing } from "./finished.ts";
import { allowed, shows } from "./scripted.ts";

/** Opened at 09:00 on a Saturday. */
async function opened(drafts: readonly StepDraft[], changes: Partial<RunHeader> = {}): Promise<[Journal, ManualClock]> {
  const clock = new ManualClock();
  const run = createMemoryRun();
  await run.writer.add(drafts);
  const totals = { ...header().totals, steps: drafts.length };
  await run.writer.seal(header({ totals, limits: {}, ...changes }));
  return [await run.openJournal({ clock }), clock];
}

/** Ends steps in their order. */
async function end(journal: Journal, clock: ManualClock, ...results: readonly StepResult[]): Promise<void> {
  const claims = await journal.claim({ max: results.length, perActor: 1000, halted: new Set() });
  for (const [index, claim] of claims.toSorted((a, b) => a.step.seq - b.step.seq).entries())
    await clock.drive(journal.result(claim, results[index] ?? expect.fail()));
}

const skippedWith = (failure: string): StepResult => ({ ...failed(failure), outcome: "skipped", evidence: "read" });
const windows = (text: string, from = "handover.yaml:3:1"): WindowRules => {
  const window = parseTimeWindow(text);
  return window.ok ? [{ value: [window.value], from }] : expect.fail(window.problem);
};
const drift = (text: string): NonNullable<ApplyGuards["drift"]> => ({
  value: parseAmount(text) ?? expect.fail(text),
  from: "drift.yaml",
});
const calls = (max: number, spent = 0): CallBudget => new CallBudget({ value: max, from: "--max-calls" }, spent);
const claimOf = (seq: number, conflicts: number): Claim => ({ step: { seq }, conflicts }) as Claim;

interface Guarded {
  readonly guarding: Guarding;
  readonly journal: Journal;
  readonly clock: ManualClock;
  /** What was told to the others, and whether it was asked afresh. */
  readonly looks: string[];
}

interface Given {
  readonly drafts?: readonly StepDraft[];
  readonly results?: readonly StepResult[];
  readonly guards?: ApplyGuards;
  readonly options?: Partial<ApplyOptions>;
  readonly header?: Partial<RunHeader>;
  /** What all workers have done; undefined: this process is the only one. */
  readonly all?: Partial<FleetNews>;
  readonly kept?: Readonly<Record<string, string>>;
}

async function guarded({ drafts = edits(10), results = [], ...given }: Given): Promise<Guarded> {
  const [journal, clock] = await opened(drafts, given.header);
  await end(journal, clock, ...results);
  for (const [name, text] of Object.entries(given.kept ?? {})) journal.keep(name, text);
  await clock.drive(journal.flush());
  const counts = await journal.counts();
  const looks: string[] = [];
  const fleet: Fleet = {
    look: async (drifted, afresh) => {
      looks.push(`${drifted.join()} ${afresh}`);
      return { counts, heldElsewhere: 0, drifted: 0, ended: undefined, ...given.all };
    },
    enterGate: () => expect.fail("no gate"),
    leaveGate: () => expect.fail("no gate"),
  };
  const sights = { permissions: {} };
  const s = { ...seeing(sights), clock, ...(given.all === undefined ? {} : { fleet }) };
  const options = { ...allowed, guards: given.guards, ...given.options };
  const guarding = await clock.drive(Guarding.begin(s, journal, options, counts));
  return { guarding, journal, clock, looks };
}

describe("the reason to end", () => {
  it("is none while nothing is set, whatever happened", async () => {
    const { guarding } = await guarded({ results: [failed(), failed()] });
    for (let seq = 1; seq < 9; seq += 1) guarding.ended(seq, failed("owner-drift"));
    expect(guarding.due()).toBeUndefined();
    expect([guarding.room(5), guarding.leftMs, guarding.among]).toEqual([Infinity, undefined, undefined]);
    expect(await guarding.drained()).toEqual({ kind: "last" });
    expect(await guarding.follow()).toBeUndefined();
  });

  it("is the first of failures, drift, calls and windows", async () => {
    const failures = { value: 1, from: "fail.yaml" };
    const shut = windows("Sun 08:00-10:00 UTC");
    const drifted = { found: 3, accepted: 0, open: [] };
    const kept = { guards: JSON.stringify({ failed: [], drifted: [], row: 0, drift: drifted }) };
    const all: ApplyGuards = { failures, drift: drift("2"), calls: calls(7, 7), windows: shut };
    const ends = async (guards: ApplyGuards): Promise<unknown> =>
      (await guarded({ guards, kept, results: [failed()] })).guarding.due();
    expect(await ends(all)).toMatchObject({ end: "breaker", reason: expect.stringContaining("(fail.yaml)") });
    expect(await ends({ ...all, failures: undefined })).toMatchObject({ end: "drift" });
    expect(await ends({ calls: calls(7000, 7000), windows: shut })).toEqual({
      end: "budget",
      reason: "the 7,000 calls allowed are used up (--max-calls)",
    });
    expect(await ends({ windows: shut })).toMatchObject({ end: "window" });
    expect(await ends({})).toBeUndefined();
  });
});

describe("the number of failures allowed", () => {
  const frozen = { limits: { failures: 3 }, guards: { limits: { failures: "moves.yaml:4:3" }, protect: [] } };

  it.each<readonly [string, Given, string | undefined]>([
    ["the option's", { options: { failuresMax: 2 } }, "the limit is 2 (--max-failures)"],
    ["the settings'", { guards: { failures: { value: 2, from: "handover.yaml:9:1" } } }, "2 (handover.yaml:9:1)"],
    ["the run's own", { header: { limits: { failures: 2 } } }, "the limit is 2 (the plan)"],
    [
      "the strictest: the run's",
      {
        options: { failuresMax: 5 },
        guards: { failures: { value: 4, from: "x" } },
        header: { ...frozen, limits: { failures: 2 } },
      },
      "2 (moves.yaml:4:3)",
    ],
    [
      "the strictest: the option's",
      {
        options: { failuresMax: 1 },
        guards: { failures: { value: 4, from: "x" } },
        header: { limits: { failures: 9 } },
      },
      "1 (--max-failures)",
    ],
  ])("is %s", async (_whose, given, says) => {
    const { guarding } = await guarded({ ...given, results: [failed()] });
    guarding.ended(2, failed());
    expect(guarding.due()?.reason).toContain(says);
  });

  it("counts what failed before, less what somebody accepted; what was skipped with it was no failure", async () => {
    const results = [failed(), skippedWith("predecessor"), failed()];
    const guards: ApplyGuards = { failures: { value: 2, from: "x" } };
    const accepting = await guarded({ results, guards: { ...guards, accept: { failures: true, drift: false } } });
    expect(accepting.guarding.due()).toBeUndefined();
    expect((await recallGuards(accepting.journal)).failed).toEqual([1, 2, 3]);
    accepting.guarding.ended(4, failed());
    expect(accepting.guarding.due()).toBeUndefined();
    accepting.guarding.ended(5, failed());
    expect(accepting.guarding.due()?.end).toBe("breaker");
    expect((await guarded({ results, guards })).guarding.due()?.end).toBe("breaker");
  });
});

describe("drift", () => {
  it("is a share of the steps that send something", async () => {
    const totals = { ...header().totals, steps: 10, byHand: 5 };
    const { guarding } = await guarded({ header: { totals }, guards: { drift: drift("20%") } });
    guarding.see({ type: "conflict", seq: 1, conflicts: 1 });
    expect(guarding.due()).toBeUndefined();
    guarding.claimed(claimOf(2, 1));
    expect(guarding.due()?.reason).toContain("the limit is 20 %, which is 1 (drift.yaml)");
  });

  it("is found in conflicts and ends, and kept for the next process", async () => {
    const { guarding, journal, clock } = await guarded({ guards: { drift: drift("9") } });
    guarding.see({ type: "retry", seq: 7, failure: "throttled", waitMs: 1 });
    guarding.see({ type: "conflict", seq: 1, conflicts: 1 });
    guarding.ended(2, failed("owner-drift"));
    guarding.ended(3, failed("not-found"));
    await clock.drive(journal.flush());
    expect((await recallGuards(journal)).drift).toEqual({ found: 3, accepted: 0, open: [1] });
  });
});

describe("the budget of calls", () => {
  it("leaves room for steps that are not held yet", async () => {
    const { guarding } = await guarded({ guards: { calls: calls(10, 4) } });
    expect([guarding.room(0), guarding.room(4), guarding.room(9)]).toEqual([6, 2, 0]);
  });

  it("is kept after each step for who comes after a kill, and given back by who ends", async () => {
    const budget = calls(10, 4);
    const { guarding, journal, clock } = await guarded({ guards: { calls: budget } });
    budget.called();
    guarding.ended(1, result());
    await clock.drive(journal.flush());
    expect(await journal.kept("calls")).toBe("5");
    guarding.close();
    await clock.drive(journal.flush());
    expect(await journal.kept("calls")).toBe("0");
  });

  it.each<readonly [string, Given]>([
    ["there is none", {}],
    ["it is one for all workers, whose store keeps it", { guards: { calls: calls(10) }, all: {} }],
  ])("is not kept where %s", async (_where, given) => {
    const { guarding, journal, clock } = await guarded(given);
    guarding.ended(1, result());
    guarding.close();
    await clock.drive(journal.flush());
    expect(await journal.kept("calls")).toBeUndefined();
  });

  it("that several share is none at first, grows, and is used up once it grows no more", () => {
    const budget = CallBudget.shared({ value: 3, from: "x" });
    expect([budget.left, budget.isSpentUp, budget.max.value]).toEqual([0, false, 3]);
    budget.grant(2, true);
    budget.called();
    budget.called();
    expect([budget.left, budget.isSpentUp, budget.spentUp.aborted]).toEqual([0, false, false]);
    budget.grant(2, false);
    expect([budget.left, budget.isSpentUp, budget.spentUp.aborted]).toEqual([0, true, true]);
  });
});

describe("a window", () => {
  it("is looked at again at every full minute, and closes on time", async () => {
    const { guarding, clock } = await guarded({ guards: { windows: windows("Sat 08:00-10:00 UTC") } });
    expect([guarding.due(), guarding.leftMs]).toEqual([undefined, 3_600_000]);
    await clock.advance(3_600_000 - 1);
    expect([guarding.due(), guarding.leftMs]).toEqual([undefined, 1]);
    await clock.advance(1);
    expect(guarding.due()).toMatchObject({ end: "window" });
  });

  it("that never closes within two weeks leaves all the time there is", async () => {
    const always = windows("Mon-Sun 00:00-24:00 UTC");
    expect((await guarded({ guards: { windows: always } })).guarding.leftMs).toBeUndefined();
    expect((await guarded({ guards: { windows: [] } })).guarding.leftMs).toBeUndefined();
  });

  it("says when it opens, or that nobody can tell", () => {
    const rule = windows("Sun 08:00-10:00 UTC");
    const [first] = rule;
    const at = Date.UTC(2026, 10, 21, 9);
    expect(closedText(rule, first ?? expect.fail(), at)).toBe(
      "the run may be carried out only in Sun 08:00-10:00 UTC (handover.yaml:3:1), which opens 2026-11-22 08:00 UTC",
    );
    const never: WindowRules = [...rule, ...windows("Mon 08:00-10:00 UTC", "x")];
    expect(closedText(never, first ?? expect.fail(), at)).toContain("which does not open within two weeks");
  });
});

describe("guards among several workers", () => {
  it("count the failures of all, those of this one among them, less what was accepted", async () => {
    const counts = { failed: 3 } as FleetNews["counts"];
    const memory = JSON.stringify({ failed: [1], drifted: [], row: 0, drift: { found: 0, accepted: 0, open: [] } });
    const given = { results: [failed()], all: { counts }, kept: { guards: memory } };
    const three = await guarded({ ...given, options: { failuresMax: 3 } });
    three.guarding.ended(2, failed());
    three.guarding.ended(3, failed());
    three.guarding.ended(4, failed());
    expect(three.guarding.due()).toBeUndefined();
    await three.guarding.follow();
    expect(three.guarding.due()).toBeUndefined();
    const two = await guarded({ ...given, options: { failuresMax: 2 } });
    await two.guarding.follow();
    expect(two.guarding.due()?.end).toBe("breaker");
  });

  it("have all counted afresh after a failure, once, and whenever that is asked for", async () => {
    const { guarding, looks } = await guarded({ all: {} });
    await guarding.follow();
    guarding.ended(1, result());
    await guarding.follow();
    guarding.ended(2, failed());
    await guarding.follow();
    await guarding.follow();
    await guarding.follow(true);
    expect(looks).toEqual([" false", " false", " true", " false", " true"]);
  });

  it("tell the others what they find changed, once, and count what all found", async () => {
    const { guarding, looks, journal, clock } = await guarded({ guards: { drift: drift("4") }, all: { drifted: 4 } });
    guarding.see({ type: "conflict", seq: 3, conflicts: 1 });
    guarding.ended(5, failed("owner-drift"));
    await guarding.follow();
    expect([looks, guarding.due()]).toEqual([["3,5 true"], undefined]);
    guarding.ended(6, failed("owner-drift"));
    expect(guarding.due()?.end).toBe("drift");
    await guarding.follow();
    expect(looks.at(-1)).toBe("6 true");
    await clock.drive(journal.flush());
    expect(await journal.kept("guards")).toBeUndefined();
  });

  it("accept nothing by themselves: whoever handed the run to them has", async () => {
    const found = { found: 9, accepted: 0, open: [] };
    const memory = JSON.stringify({ failed: [], drifted: [], row: 0, drift: found });
    const { guarding, journal } = await guarded({
      results: [failed()],
      guards: { drift: drift("1"), accept: { failures: true, drift: true } },
      all: {},
      kept: { guards: memory },
    });
    expect(guarding.due()).toBeUndefined();
    expect(await journal.kept("guards")).toBe(memory);
    expect((await journal.audit(0, 100)).filter(({ body }) => body.includes("note:accepted"))).toEqual([]);
  });
});

describe("the breaker among several workers", () => {
  const rate = { value: { percent: 50, over: 4, least: 2 }, from: "rate.yaml" };

  it("counts what ended in the chain since, whoever ended it, each once", async () => {
    const [journal, clock] = await opened([...edits(5), byHand(), ...edits(2)]);
    await end(journal, clock, failed(), failed());
    const breaker = await Breaker.begin({ failures: undefined, rate }, journal, 0, 2);
    expect(breaker.tripped).toBeUndefined();
    await end(journal, clock, failed(), result());
    await breaker.follow(3, journal);
    await breaker.follow(3, journal);
    expect(breaker.tripped).toBeUndefined();
    for (let note = 0; note < 1000; note += 1) void journal.note("resumed", { open: 1 });
    await clock.drive(journal.flush());
    const line = result({ outcome: "by-hand", evidence: "none", changed: { add: [], remove: [] } });
    await end(journal, clock, failed(), line);
    await breaker.follow(4, journal);
    expect(breaker.tripped).toContain("2 of the last 3 steps failed");
  });

  it("takes the number of failures as it is told", async () => {
    const [journal] = await opened(edits(1));
    const breaker = await Breaker.begin({ failures: { value: 3, from: "x" }, rate: undefined }, journal, 9, 0);
    await breaker.follow(2, journal);
    expect(breaker.tripped).toBeUndefined();
    await breaker.follow(3, journal);
    expect(breaker.tripped).toContain("3 failed steps");
  });
});

it("drift that all have found counts beside what was not told yet", () => {
  const watch = new DriftWatch(drift("4"), 10, { found: 0, accepted: 1, open: [] }, () => undefined);
  watch.conflict(1);
  expect(watch.takeNews()).toEqual([1]);
  watch.conflict(2);
  watch.standAt(4);
  expect(watch.exceeded).toBeUndefined();
  watch.standAt(5);
  expect(watch.exceeded).toContain("5 assets found changed");
  expect([watch.takeNews(), watch.takeNews()]).toEqual([[2], []]);
});

describe("the gate behind a wave", () => {
  const waves = wavesText({ sizes: ["2"], chosen: [[1, 2]], passed: 0, problems: ["shown"], dropped: false });
  const seen = { permissions: { r1: shows("e9", "without"), r2: shows("e9", "without") } };

  async function gate(results: readonly StepResult[], guards: ApplyGuards, count = 3): Promise<string> {
    const drafts = ["r1", "r2", "r3"].map((name) =>
      edit({ asset: { name: name as never, assetType: "REPORT", title: name } }),
    );
    const [journal, clock] = await opened(drafts.slice(0, count));
    await end(journal, clock, ...results);
    journal.keep("waves", waves);
    await clock.drive(journal.flush());
    const s = { ...seeing(seen), clock };
    const options = { ...allowed, guards };
    const guarding = await clock.drive(Guarding.begin(s, journal, options, await journal.counts()));
    const verdict = await clock.drive(guarding.drained());
    return "reason" in verdict ? verdict.reason : verdict.kind;
  }

  it("lets as many failures through as the rate says, and none without one", async () => {
    const accepting: ApplyGuards = { accept: { failures: false, drift: true } };
    const failureRate = { value: { percent: 50, over: 9, least: 9 }, from: "rate.yaml" };
    const results = [failed(), result()];
    expect(await gate(results, { ...accepting, failureRate })).toBe("next");
    expect(await gate(results, accepting)).toContain("the limit is 0 % (by default)");
  });

  it("lets through what drifted and was shown, only if that is accepted", async () => {
    expect(await gate([result(), result()], { accept: { failures: false, drift: true } })).toBe("next");
    expect(await gate([result(), result()], { accept: { failures: true, drift: false } })).toContain("2 steps drifted");
    expect(await gate([result(), result()], {})).toContain("2 steps drifted");
  });

  it("is not asked where no step is open any more", async () => {
    expect(await gate([result(), result()], {}, 2)).toBe("last");
  });
});

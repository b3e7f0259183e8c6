/** What guards count and remember, part by part, over a real journal in memory: at each limit, and one beside it. */
import { describe, expect, it } from "vitest";
import { auditRows, Breaker } from "../../src/engine/breaker.ts";
import type { BreakerRules } from "../../src/engine/breaker.ts";
import { CallBudget } from "../../src/engine/call-budget.ts";
import { DriftWatch, noDrift } from "../../src/engine/drift-watch.ts";
import type { DriftMemory } from "../../src/engine/drift-watch.ts";
import { acceptSoFar, recallGuards } from "../../src/engine/guard-memory.ts";
import type { GuardMemory } from "../../src/engine/guard-memory.ts";
import { frozenGuards } from "../../src/engine/plan.ts";
import type { PlanGuards } from "../../src/engine/verbs.ts";
import type { Claim, Journal } from "../../src/journal/journal.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import { parseAmount } from "../../src/model/guard.ts";
import type { Outcome, StepDraft, StepResult } from "../../src/model/step.ts";
import { byHand, edits, failed, header, result } from "../journal/samples.ts";
import { ManualClock } from "../support/clock.ts";

const clock = new ManualClock();
const rate = (percent: number, over: number, least: number): BreakerRules => ({
  failures: undefined,
  rate: { value: { percent, over, least }, from: "rate.yaml" },
});
const count = (value: number): BreakerRules => ({ failures: { value, from: "count.yaml" }, rate: undefined });

async function opened(...drafts: readonly StepDraft[]): Promise<Journal> {
  const run = createMemoryRun();
  await run.writer.add(drafts);
  await run.writer.seal(header());
  return run.openJournal({ clock });
}

/** Ends the steps of the run in order. */
async function end(journal: Journal, ...results: readonly StepResult[]): Promise<void> {
  const claims = await journal.claim({ max: results.length, perActor: 1000, halted: new Set() });
  const inOrder = claims.toSorted((a, b) => a.step.seq - b.step.seq);
  for (const [index, claim] of inOrder.entries()) {
    const written = journal.result(claim, results[index] ?? expect.fail());
    await clock.drive(written);
  }
}

/** `f` failed, `a` applied, `h` by hand. */
function outcomes(text: string): readonly Outcome[] {
  return text.split("").map((letter) => (letter === "f" ? "failed" : letter === "a" ? "applied" : "by-hand"));
}

describe("the breaker", () => {
  it.each<[string, BreakerRules, number, string, boolean]>([
    ["no failure, where none is allowed", count(0), 0, "aa", false],
    ["a first failure, where none is allowed", count(0), 0, "f", true],
    ["one failure less than the limit", count(2), 0, "fa", false],
    ["as many as the limit", count(2), 0, "faf", true],
    ["as many as the limit, with earlier ones", count(2), 1, "f", true],
    ["lines for people", count(1), 0, "hhh", false],
    ["a share of too few steps", rate(0, 10, 3), 0, "ff", false],
    ["a share of just enough steps", rate(0, 10, 3), 0, "ffa", true],
    ["a share just allowed", rate(50, 10, 2), 0, "fa", false],
    ["a share of what is not for people", rate(50, 10, 3), 0, "fhfa", true],
    ["a share that few lines for people do not make", rate(50, 10, 3), 0, "fhf", false],
    ["failures that are long ago", rate(50, 4, 2), 0, "ffaa", false],
    ["the latest alone", rate(50, 2, 2), 0, "fffa", false],
    ["the latest two", rate(50, 2, 2), 0, "aaff", true],
  ])("after %s", async (_, rules, before, text, trips) => {
    const breaker = await Breaker.begin(rules, await opened(...edits(1)), before, 0);
    for (const outcome of outcomes(text)) breaker.ended(outcome);
    expect(breaker.tripped !== undefined).toBe(trips);
  });

  it("says what tripped it, and who set that", async () => {
    const lift = "look at the failures; --accept-failures goes on and counts from there";
    const many = await Breaker.begin(count(1), await opened(...edits(1)), 1, 0);
    expect(many.tripped).toBe(`1 failed step, the limit is 1 (count.yaml); ${lift}`);
    const share = await Breaker.begin(rate(12.5, 10, 3), await opened(...edits(1)), 0, 0);
    for (const outcome of outcomes("aaf")) share.ended(outcome);
    expect(share.tripped).toBe(`1 of the last 3 steps failed (33.3 %), the limit is 12.5 % (rate.yaml); ${lift}`);
  });

  const rows: readonly (readonly [string, string, number, BreakerRules, number, string | undefined])[] = [
    ["what ended before", "fa", 0, rate(40, 10, 2), 0, "1 of the last 2 steps"],
    ["the latest of them alone", "ffaa", 0, rate(0, 2, 2), 0, undefined],
    ["no more than the latest", "afff", 0, rate(0, 3, 3), 0, "3 of the last 3 steps"],
    ["no lines for people", "fh", 0, rate(0, 10, 2), 0, undefined],
    ["what came after the row somebody accepted", "ffaa", 2, rate(0, 10, 2), 0, undefined],
    ["the row right after it", "ffaf", 3, rate(0, 10, 1), 0, "1 of the last 1 step "],
    ["what notes stand between", "fa", 0, rate(40, 10, 2), 3, "1 of the last 2 steps"],
    ["what lies more than a page back", "fa", 0, rate(40, 10, 2), 1300, "1 of the last 2 steps"],
    ["what lies pages back, but not what was accepted", "fa", 1, rate(0, 10, 1), 2100, undefined],
  ];
  it.each(rows)("counts, over restarts, %s", async (_, text, sinceRow, rules, notes, expected) => {
    const drafts = text.split("").flatMap((letter) => (letter === "h" ? [byHand()] : edits(1)));
    const journal = await opened(...drafts);
    const hand = result({ outcome: "by-hand", evidence: "none", changed: { add: [], remove: [] } });
    await end(
      journal,
      ...outcomes(text).map((each) => (each === "failed" ? failed() : each === "applied" ? result() : hand)),
    );
    for (let note = 0; note < notes; note += 1) void journal.note("resumed", { open: 1 });
    await clock.drive(journal.flush());
    const breaker = await Breaker.begin(rules, journal, 0, sinceRow);
    if (expected === undefined) expect(breaker.tripped).toBeUndefined();
    else expect(breaker.tripped).toContain(expected);
  });

  it.each([0, 1, 2, 999, 1000, 1001, 2000, 2001, 4100])("finds that a chain has %d rows", async (notes) => {
    const journal = await opened(...edits(1));
    for (let note = 0; note < notes; note += 1) void journal.note("resumed", { open: 1 });
    await clock.drive(journal.flush());
    expect(await auditRows(journal)).toBe(notes);
  });
});

describe("the budget of calls", () => {
  it.each([
    [3, 0, 2, 1],
    [3, 0, 3, 0],
    [3, 2, 1, 0],
    [3, 5, 0, 0],
    [0, 0, 0, 0],
  ])("of %d, with %d spent before and %d since, has %d left", (max, before, since, left) => {
    const budget = new CallBudget({ value: max, from: "x" }, before);
    for (let call = 0; call < since; call += 1) budget.called();
    expect([budget.left, budget.spent, budget.spentUp.aborted]).toEqual([left, before + since, left === 0]);
  });
});

it("a budget of calls that several workers share is spent only once no more is handed out", () => {
  const budget = CallBudget.shared({ value: 10, from: "x" });
  expect([budget.left, budget.isSpentUp, budget.spentUp.aborted]).toEqual([0, false, false]);
  budget.grant(2, true);
  budget.called();
  expect([budget.left, budget.spentUp.aborted]).toEqual([1, false]);
  budget.called();
  expect([budget.left, budget.isSpentUp]).toEqual([0, false]);
  budget.grant(2, false);
  expect([budget.isSpentUp, budget.spentUp.aborted]).toEqual([true, true]);
});

it("whoever stops with a budget of calls stops when asked to, and when none is left", () => {
  const asked = new AbortController();
  const budget = new CallBudget({ value: 1, from: "x" }, 0);
  const stops = [asked.signal, new AbortController().signal].map((stop) => budget.stopsWith(stop));
  expect(stops.map(({ aborted }) => aborted)).toEqual([false, false]);
  asked.abort();
  expect(stops.map(({ aborted }) => aborted)).toEqual([true, false]);
  budget.called();
  expect(stops.map(({ aborted }) => aborted)).toEqual([true, true]);
});

describe("what binds a run, as it is kept with it", () => {
  const rule = { id: "protect[0]", place: { file: "handover.yaml", line: 9, column: 3 }, title: "Board" };
  const places = { failures: "moves.yaml:4:3" };

  it.each<readonly [string, PlanGuards, ReturnType<typeof frozenGuards>]>([
    ["nothing, where nothing was set", { limits: {}, protect: [] }, undefined],
    ["nothing, where a limit is named without a value", { limits: { changes: undefined }, protect: [] }, undefined],
    [
      "where each limit was set",
      { limits: { changes: undefined, failures: 3 }, limitsFrom: places, protect: [] },
      { limits: places, protect: [] },
    ],
    ["a limit of nobody knows where", { limits: { failures: 0 }, protect: [] }, { limits: {}, protect: [] }],
    ["protected assets alone", { limits: {}, protect: [rule] }, { limits: {}, protect: [rule] }],
  ])("is %s", (_what, guards, kept) => {
    expect(frozenGuards(guards)).toEqual(kept);
  });
});

describe("the watch on drift", () => {
  const ended = (failure: string | undefined): StepResult => ({ ...failed(failure ?? ""), failure });

  function watching(
    text: string,
    steps = 10,
    memory: DriftMemory = noDrift,
  ): { watch: DriftWatch; kept: DriftMemory[] } {
    const kept: DriftMemory[] = [];
    const rule = { value: parseAmount(text) ?? expect.fail(), from: "drift.yaml" };
    return { watch: new DriftWatch(rule, steps, memory, (found) => kept.push(found)), kept };
  }

  it("counts each asset once, however it is found, and keeps what it finds", () => {
    const { watch, kept } = watching("1");
    watch.claimed({ step: { seq: 7 }, conflicts: 0 } as Claim);
    watch.ended(8, ended("permission-denied"));
    expect(kept).toEqual([]);
    watch.conflict(1);
    watch.conflict(1);
    watch.claimed({ step: { seq: 1 }, conflicts: 2 } as Claim);
    watch.ended(1, ended("owner-drift"));
    expect(kept).toEqual([{ found: 1, accepted: 0, open: [1] }]);
    expect(watch.exceeded).toBeUndefined();
    watch.claimed({ step: { seq: 2 }, conflicts: 1 } as Claim);
    expect(kept.at(-1)).toEqual({ found: 2, accepted: 0, open: [2] });
    expect(watch.exceeded).toBe(
      "2 assets found changed since the plan, the limit is 1 (drift.yaml); plan again, or go on with --accept-drift",
    );
  });

  it.each([
    ["owner-drift", 1],
    ["not-found", 1],
    ["attempts", 0],
    [undefined, 0],
  ])("an end of %s is %d changed", (failure, found) => {
    const { watch, kept } = watching("0");
    watch.ended(3, ended(failure));
    expect([kept.length, watch.exceeded !== undefined]).toEqual([found, found > 0]);
  });

  it("goes on from what was found before, less what was accepted", () => {
    const before = { found: 5, accepted: 4, open: [9] };
    const { watch, kept } = watching("10%", 19, before);
    watch.conflict(9);
    expect([kept, watch.exceeded]).toEqual([[], undefined]);
    watch.conflict(3);
    expect(kept).toEqual([{ found: 6, accepted: 4, open: [9, 3] }]);
    expect(watch.exceeded).toContain(
      "2 assets found changed since the plan, the limit is 10 %, which is 1 (drift.yaml)",
    );
  });
});

describe("what guards remember", () => {
  const nothing: GuardMemory = { failed: [], drifted: [], row: 0, drift: noDrift };
  const some = { failed: [1], drifted: [2, 3], row: 4, drift: { found: 5, accepted: 1, open: [6] } };

  it.each<[string, unknown]>([
    ["null", null],
    ["a number", 7],
    ["a list", []],
    ["no JSON", undefined],
    ["failed that are none", { ...some, failed: ["1"] }],
    ["failed that are no list", { ...some, failed: 1 }],
    ["drifted that are halves", { ...some, drifted: [0.5] }],
    ["a row that is a text", { ...some, row: "4" }],
    ["a row that is a half", { ...some, row: 4.5 }],
    ["no drift", { ...some, drift: undefined }],
    ["drift that is null", { ...some, drift: null }],
    ["nothing found", { ...some, drift: { ...some.drift, found: null } }],
    ["nothing accepted", { ...some, drift: { accepted: "1", found: 5, open: [] } }],
    ["open that is no list", { ...some, drift: { ...some.drift, open: { 0: 6 } } }],
  ])("is nothing, where %s is kept", async (_, kept) => {
    const journal = await opened(...edits(1));
    journal.keep("guards", kept === undefined ? "{" : JSON.stringify(kept));
    await clock.drive(journal.flush());
    expect(await recallGuards(journal)).toEqual(nothing);
  });

  it("is what was kept, and nothing where nothing was", async () => {
    const journal = await opened(...edits(1));
    expect(await recallGuards(journal)).toEqual(nothing);
    journal.keep("guards", JSON.stringify({ ...some, more: 1 }));
    await clock.drive(journal.flush());
    expect(await recallGuards(journal)).toEqual(some);
  });

  const drifted = failed("owner-drift");
  const skipped: StepResult = { ...drifted, outcome: "skipped", evidence: "read" };
  it.each([
    [true, false, { failed: [1, 3], drifted: [2, 3], row: 4 }, { failures: 2 }],
    [false, true, { failed: [1], drifted: [4], drift: { found: 5, accepted: 5, open: [6] } }, { drift: 6 }],
    [true, true, { failed: [1, 3], drifted: [4], row: 4 }, { failures: 2, drift: 6 }],
  ])("of failures (%s) and drift (%s) is accepted, and the chain says so", async (failures, drift, memory, said) => {
    const journal = await opened(...edits(4));
    await end(journal, failed(), result(), failed("not-found"), skipped);
    const known = await clock.drive(acceptSoFar(journal, some, { failures, drift }));
    expect(known).toMatchObject(memory);
    expect(await recallGuards(journal)).toEqual(known);
    const [row] = await journal.audit(4, 10);
    expect(JSON.parse(row?.body ?? "{}")).toMatchObject({ kind: "note:accepted", details: said });
    expect(Object.keys((JSON.parse(row?.body ?? "{}") as { details: object }).details)).toEqual(
      Object.keys(said).toSorted(),
    );
  });

  it("is left alone where nothing is accepted", async () => {
    const journal = await opened(...edits(1));
    expect(await acceptSoFar(journal, some, { failures: false, drift: false })).toBe(some);
    expect([await auditRows(journal), await journal.kept("guards")]).toEqual([0, undefined]);
  });
});

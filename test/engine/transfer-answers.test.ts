/** One Data Transfer job, answer by answer: what is asked of Google next, and how the step ends. */
import { describe, expect, it } from "vitest";
import { convergeTransfer } from "../../src/engine/transfer.ts";
import type { Ending } from "../../src/engine/ending.ts";
import type { ApplyOptions } from "../../src/engine/verbs.ts";
import type { Claim, Journal } from "../../src/journal/journal.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { Api, TransferJob } from "../../src/model/api.ts";
import type { AssetName } from "../../src/model/asset.ts";
import { instantText } from "../../src/model/clock.ts";
import type { Email } from "../../src/model/email.ts";
import type { Disposition } from "../../src/model/errors.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import type { StepResult, TransferStep } from "../../src/model/step.ts";
import { anna, ben, cleo, header, transfer } from "../journal/samples.ts";
import { ManualClock, startOfTest } from "../support/clock.ts";
import { allowed, no, unlessTakenOver } from "./scripted.ts";

/**
 * What comes of one call: jobs listed, assets of the old owner found (per type), a job started or looked at. `more`: the
 * page is not the last one. `stop`: the user asks to stop while the start waits for its turn, or its intent is written
 * down. `takenOver`: right before the answer, another process takes the run over.
 */
type Turn =
  | { readonly list: readonly TransferJob[] | Error; readonly takenOver?: boolean }
  | { readonly search: readonly [reports: number, sources: number] | Error; readonly more?: boolean }
  | {
      readonly insert: TransferJob | Error;
      readonly unsent?: boolean;
      readonly again?: boolean;
      readonly stop?: "waiting" | "writing-down";
      readonly takenOver?: boolean;
    }
  | { readonly get: TransferJob | undefined | Error; readonly stop?: boolean; readonly takenOver?: boolean };

function job(status: string, more: Partial<TransferJob> = {}): TransferJob {
  return {
    id: "job-1",
    oldOwnerUserId: "1001",
    newOwnerUserId: "1002",
    status,
    applicationIds: [],
    requestTime: instantText(startOfTest),
    ...more,
  };
}

/** Google as a list of answers; a call that the list does not foresee fails the test. */
function scripted(turns: Turn[], stop: AbortController, calls: string[], takeOver: () => Promise<unknown>): Api {
  const next = <K extends string>(what: K, call: string): Extract<Turn, Record<K, unknown>> => {
    calls.push(call);
    const turn = turns.shift();
    if (turn === undefined || !(what in turn)) throw new Error(`a call that nobody foresaw: ${call}`);
    return turn as Extract<Turn, Record<K, unknown>>;
  };
  const given = <T>(answer: T | Error): T => {
    if (answer instanceof Error) throw answer;
    return answer;
  };
  let sources = 0;
  return {
    dataTransfer: {
      list: async (from: string) => {
        const turn = next("list", `list ${from}`);
        if (turn.takenOver === true) await takeOver();
        return given(turn.list);
      },
      get: async (id: string) => {
        const turn = next("get", `get ${id}`);
        if (turn.stop === true) stop.abort();
        if (turn.takenOver === true) await takeOver();
        return given(turn.get);
      },
      insert: async (from: string, to: string, beforeSend: () => Promise<void>) => {
        const turn = next("insert", `insert ${from} ${to}`);
        if (turn.stop === "waiting") stop.abort();
        if (turn.takenOver === true) await takeOver();
        if (turn.unsent !== true) {
          const itsTurn = beforeSend();
          if (turn.stop === "writing-down") stop.abort();
          await itsTurn;
        }
        if (turn.again === true) await beforeSend();
        return given(turn.insert);
      },
    },
    dataStudio: {
      search: async (actor: Email, query: { assetType: string; owner: Email; trashed: boolean }) => {
        expect(query.owner).toBe(anna);
        const owned = (count: number) =>
          Array.from({ length: count }, (_, n) => ({ name: `a${n}` as AssetName, owner: query.owner }));
        // The second type asked for is answered from the same turn.
        if (query.assetType === "DATA_SOURCE") return { assets: owned(sources), nextPageToken: undefined };
        const turn = next("search", `search ${actor}${query.trashed ? " trash" : ""}`);
        const [reports, ofSources] = given(turn.search);
        sources = ofSources;
        // What belongs to others does not count, should a search show it.
        const assets = [...owned(reports), { name: "x" as AssetName, owner: cleo }];
        return { assets, nextPageToken: turn.more === true ? "2" : undefined };
      },
    },
  } as unknown as Api;
}

interface Visit {
  readonly ending: Ending;
  /** The step as the process was given it. */
  readonly claim: Claim;
  readonly calls: readonly string[];
  readonly events: readonly EngineEvent[];
  readonly journal: Journal;
  readonly tookMs: number;
}

type Visiting = (
  turns: readonly Turn[],
  more?: { readonly options?: Partial<ApplyOptions>; readonly stopped?: boolean },
) => Promise<Visit>;

/** A run of one transfer, and visits to it; each visit is a process of its own. */
async function stepOf(changes: Partial<Omit<TransferStep, "kind">> = {}): Promise<Visiting> {
  const clock = new ManualClock();
  const run = createMemoryRun();
  await run.writer.add([transfer({ trashed: 0, ...changes })]);
  await run.writer.seal(header());
  return async (turns, more = {}) => {
    const stop = new AbortController();
    if (more.stopped === true) stop.abort();
    const [left, calls, events]: [Turn[], string[], EngineEvent[]] = [[...turns], [], []];
    const journal = await run.openJournal({ clock });
    const [claim] = await journal.claim({ max: 1, perActor: 1, halted: new Set() });
    if (claim?.step.kind !== "transfer") return expect.fail();
    const surroundings = {
      api: scripted(left, stop, calls, () => run.openJournal({ clock })),
      clock,
      random: () => 0.5,
      onEvent: (event: EngineEvent): void => {
        events.push(event);
      },
      stop: stop.signal,
    };
    const options = { ...allowed, ...more.options };
    const began = clock.monotonic();
    let ending: Ending;
    try {
      ending = await clock.drive(convergeTransfer(surroundings, journal, claim, claim.step, options), 1e9);
    } finally {
      await journal.flush().catch(unlessTakenOver);
    }
    expect(left, "answers that nobody asked for").toEqual([]);
    return { ending, claim, calls, events, journal, tookMs: clock.monotonic() - began };
  };
}

async function visit(turns: readonly Turn[], more?: Parameters<Visiting>[1]): Promise<Visit> {
  return (await stepOf())(turns, more);
}

function resultOf(ending: Ending): StepResult {
  return ending.kind === "ended" ? ending.result : expect.fail(`the step ended as ${JSON.stringify(ending)}`);
}

const none: Turn = { list: [] };
const owns: Turn = { search: [2, 1] };
const ownsNothing: Turn = { search: [0, 0] };
const started: Turn = { insert: job("inProgress") };
const done: Turn = { get: job("completed") };

describe("a transfer that nothing disturbs", () => {
  it("is looked for, started, waited for, and believed once the old owner owns nothing", async () => {
    const { ending, calls, events, tookMs } = await visit([
      none,
      owns,
      started,
      { get: job("inProgress") },
      { get: job("inProgress") },
      done,
      ownsNothing,
    ]);
    expect(calls).toEqual([
      "list 1001",
      `search ${anna}`,
      "insert 1001 1002",
      "get job-1",
      "get job-1",
      "get job-1",
      `search ${anna}`,
    ]);
    expect(resultOf(ending)).toEqual({
      outcome: "applied",
      actor: "admin@acme.example",
      failure: undefined,
      reason: undefined,
      evidence: "read",
      changed: { add: [], remove: [] },
      newOwner: ben,
      etagBefore: undefined,
      etagAfter: undefined,
      calls: 9,
    });
    const said = { type: "transfer", seq: 1, transferId: "job-1", attached: false };
    expect(events).toEqual([
      { ...said, status: "inProgress" },
      { ...said, status: "completed" },
    ]);
    expect(tookMs).toBe(allowed.transferPollMs * 3);
  });

  it("of somebody who owns nothing is not started", async () => {
    const { ending } = await visit([none, ownsNothing]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "unchanged",
      reason: "the old owner owns nothing",
      evidence: "read",
      calls: 3,
    });
  });

  it("of somebody who owns as much in the trash as outside is started", async () => {
    const step = await stepOf({ trashed: 1 });
    const { calls } = await step([none, { search: [1, 0] }, { search: [1, 0] }, started, done, ownsNothing]);
    expect(calls).toContain("insert 1001 1002");
  });

  it("of somebody whose assets come on several pages is started for any of them", async () => {
    const pages: readonly Turn[] = [{ search: [0, 0], more: true }, { search: [1, 0] }];
    expect((await visit([none, ...pages, started, done, ownsNothing])).calls).toContain("insert 1001 1002");
  });

  it("of somebody who owns but trash is started when the plan found something in it", async () => {
    const step = await stepOf({ trashed: 1 });
    const { calls } = await step([none, ownsNothing, { search: [1, 0] }, started, done, ownsNothing]);
    expect(calls.slice(1, 3)).toEqual([`search ${anna}`, `search ${anna} trash`]);
    const empty = await stepOf({ trashed: 1 });
    expect(resultOf((await empty([none, ownsNothing, ownsNothing])).ending)).toMatchObject({ outcome: "unchanged" });
  });

  it("of somebody who cannot be searched as is started, and checked as the heir, which is said", async () => {
    const unseen: Turn = { search: no("halt-actor", "suspended") };
    const { ending, calls } = await visit([none, unseen, started, done, unseen, ownsNothing]);
    expect(calls.slice(-2)).toEqual([`search ${anna}`, `search ${ben}`]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "applied",
      newOwner: ben,
      reason: `checked as ${ben}: ${anna} cannot be searched as, and may still own what nobody else sees`,
    });
  });
});

describe("a job that is there already", () => {
  it("of the same pair is waited for, not started again", async () => {
    const { ending, calls, events } = await visit([{ list: [job("inProgress")] }, done, ownsNothing]);
    expect(calls).not.toContain("insert 1001 1002");
    expect(events[0]).toMatchObject({ type: "transfer", status: "inProgress", attached: true });
    expect(resultOf(ending)).toMatchObject({ outcome: "applied" });
  });

  it("of the same pair that has ended before is no reason not to start one", async () => {
    const ended = { list: [job("completed", { id: "old" }), job("failed", { id: "older" })] };
    const { calls } = await visit([ended, owns, started, done, ownsNothing]);
    expect(calls).toContain("insert 1001 1002");
  });

  it("to somebody else, still running, ends the step", async () => {
    const { ending } = await visit([{ list: [job("inProgress", { id: "theirs", newOwnerUserId: "1003" })] }]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "transfer-conflict",
      reason: `another job (theirs) is moving everything ${anna} owns to somebody else`,
      evidence: "refusal",
      calls: 1,
    });
  });

  it("to somebody else that has ended does not stand in the way", async () => {
    const ended = { list: [job("completed", { id: "theirs", newOwnerUserId: "1003" })] };
    expect((await visit([ended, owns, started, done, ownsNothing])).calls).toContain("insert 1001 1002");
  });

  it("and that the journal knows is waited for first; only then is looked for what a crash may have left behind", async () => {
    const step = await stepOf();
    await step([none, owns, started, { get: new Error("crash") }]).catch(() => undefined);
    const { calls, tookMs } = await step([done, { list: [job("completed")] }, ownsNothing]);
    expect(calls).toEqual(["get job-1", "list 1001", `search ${anna}`]);
    expect(tookMs).toBe(allowed.settleMs);
  });
});

describe("an answer to the start", () => {
  it("that was lost is given its time, and the job that has come of it is found by when it was asked for", async () => {
    const lost: Turn = { insert: no("ambiguous") };
    const { ending, calls, tookMs } = await visit([
      none,
      owns,
      lost,
      none,
      { list: [job("completed", { requestTime: instantText(startOfTest - 5 * 60_000) })] },
      done,
      ownsNothing,
    ]);
    expect(calls.filter((call) => call.startsWith("insert"))).toHaveLength(1);
    expect(tookMs).toBe(allowed.settleMs);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied" });
  });

  it.each<[string, Partial<TransferJob>]>([
    ["long before", { requestTime: instantText(startOfTest - 6 * 60_000) }],
    ["nobody knows when", { requestTime: undefined }],
  ])("that was lost is not found in a job that ended and was asked for %s", async (_, more) => {
    const old = { list: [job("completed", more)] };
    const { calls } = await visit([none, owns, { insert: no("ambiguous") }, old, old, started, done, ownsNothing]);
    expect(calls.filter((call) => call.startsWith("insert"))).toHaveLength(2);
  });

  it("that was lost with an earlier process is given its time before anything is started", async () => {
    const step = await stepOf();
    await step([none, owns, { insert: new Error("crash") }]).catch(() => undefined);
    const { calls, tookMs } = await step([none, none, started, done, ownsNothing]);
    expect(calls.slice(0, 3)).toEqual(["list 1001", "list 1001", "insert 1001 1002"]);
    expect(tookMs).toBeGreaterThanOrEqual(allowed.settleMs);
  });

  it("that was lost may be the reason for a job of somebody else's that appears: that is looked at again first", async () => {
    const theirs = { list: [job("inProgress", { id: "theirs", newOwnerUserId: "1003" })] };
    const { ending } = await visit([none, owns, { insert: no("ambiguous") }, theirs, theirs]);
    expect(resultOf(ending)).toMatchObject({ outcome: "failed", failure: "transfer-conflict" });
  });

  it.each(["conflict", "retry", "throttle"] as const)(
    "(%s) is tried again after a while, and told",
    async (disposition) => {
      const { ending, events } = await visit([
        none,
        owns,
        { insert: no(disposition) },
        none,
        started,
        done,
        ownsNothing,
      ]);
      const waitMs = disposition === "throttle" ? 500 : 250;
      expect(events[0]).toEqual({ type: "retry", seq: 1, failure: disposition, waitMs });
      expect(resultOf(ending)).toMatchObject({ outcome: "applied", calls: 9 });
    },
  );

  it("is waited for a little longer each time, and one too many ends the step", async () => {
    const again: readonly Turn[] = [{ insert: no("retry") }, none];
    const { ending, events } = await visit([none, owns, ...again, ...again, ...again], { options: { attemptsMax: 3 } });
    expect(events.map((event) => event.type === "retry" && event.waitMs)).toEqual([250, 500, 1000]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "attempts",
      reason: "the job could not be started in 3 attempts",
    });
  });

  it("that leaves no doubt is not waited out by the next process", async () => {
    const step = await stepOf();
    await step([none, owns, { insert: no("throttle") }, { list: new Error("crash") }]).catch(() => undefined);
    expect((await step([none, started, done, ownsNothing])).tookMs).toBe(0);
  });

  it("that is a definite no ends the step", async () => {
    const { ending } = await visit([none, owns, { insert: no("refuse", "invalid") }]);
    expect(resultOf(ending)).toMatchObject({ outcome: "failed", failure: "invalid", reason: "Google said invalid" });
  });

  it("that nobody can be acted as leaves the step open; that the credentials are lost halts the run", async () => {
    const halted = { failure: "auth", reason: "Google said auth" };
    const actor = await visit([none, owns, { insert: no("halt-actor", "auth"), unsent: true }]);
    expect(actor.ending).toEqual({ kind: "blocked", actor: "admin@acme.example", ...halted });
    const run = await visit([none, owns, { insert: no("halt-run", "auth"), unsent: true }]);
    expect(run.ending).toEqual({ kind: "halted", ...halted });
  });

  it.each<[Disposition, readonly object[]]>([
    ["ambiguous", [{ attempt: 1 }]],
    ["throttle", []],
  ])("(%s) leaves in doubt for the next process what it does not tell of", async (disposition, doubtful) => {
    const step = await stepOf();
    await step([none, owns, { insert: no(disposition) }, { list: new Error("crash") }]).catch(() => undefined);
    const { claim } = await step([{ list: no("retry") }]);
    expect(claim).toMatchObject({ attempts: 1, doubtful, conflicts: 0 });
  });

  it("comes after two attempts when the first request's token was rejected; only the second is in doubt", async () => {
    const step = await stepOf();
    await step([none, owns, { insert: new Error("crash"), again: true }]).catch(() => undefined);
    const { journal, claim } = await step([none, none, started, done, ownsNothing]);
    expect(claim).toMatchObject({ doubtful: [{ attempt: 2 }], conflicts: 0 });
    expect(await journal.step(1)).toMatchObject({ attempts: 3 });
  });
});

describe("waiting for a job", () => {
  it("looks less and less often, down to the longest pause", async () => {
    const options = { transferPollMs: 1000, transferPollMaxMs: 3000 };
    const polls = Array.from({ length: 4 }, (): Turn => ({ get: job("inProgress") }));
    const { tookMs } = await visit([none, owns, started, ...polls, done, ownsNothing], { options });
    expect(tookMs).toBe(1000 + 2000 + 3000 + 3000);
  });

  it("ends when the time allowed would be over, and not before", async () => {
    const open: Turn = { get: job("inProgress") };
    const over = await visit([none, owns, started, open, open], { options: { transferWaitMs: 2999 } });
    expect(over.ending).toEqual({
      kind: "overdue",
      reason: "transfer job-1 is still inProgress; apply again to go on waiting",
    });
    const justInTime = await visit([none, owns, started, open, open, done, ownsNothing], {
      options: { transferWaitMs: 3000 },
    });
    expect(resultOf(justInTime.ending)).toMatchObject({ outcome: "applied" });
  });

  it.each(["new", "pending approval"])("takes an unknown status (%s) for one that is open", async (status) => {
    const { ending } = await visit([none, owns, started, { get: job(status) }, done, ownsNothing]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied" });
  });

  it("ends with the job that has failed", async () => {
    const { ending } = await visit([none, owns, started, { get: job("failed") }]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "transfer-failed",
      reason: "Google reports the job as failed",
      newOwner: undefined,
    });
  });

  it("asks the list about a job that is not found by its id", async () => {
    const unknown: Turn = { get: undefined };
    const { ending } = await visit([
      none,
      owns,
      started,
      unknown,
      { list: [job("failed", { id: "other" }), job("completed")] },
      ownsNothing,
    ]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", calls: 8 });
    const gone = await visit([none, owns, started, unknown, { list: [job("failed", { id: "other" })] }]);
    expect(resultOf(gone.ending)).toMatchObject({
      outcome: "failed",
      failure: "transfer-unknown",
      reason: "Google no longer knows the job job-1",
    });
  });
});

describe("a job of the same pair, found while the step's own request may still start another", () => {
  const lost: Turn = { insert: no("ambiguous") };
  const theirs = (status: string): TransferJob => job(status, { id: "theirs" });
  const attached: readonly Turn[] = [none, owns, lost, { list: [theirs("inProgress")] }];
  const theirsIsDone: Turn = { get: theirs("completed") };

  it("is waited for; then the own one has its time to appear, and is waited for as well", async () => {
    const { ending, calls, tookMs } = await visit([
      ...attached,
      theirsIsDone,
      { list: [theirs("completed"), job("inProgress")] },
      { get: job("inProgress") },
      done,
      ownsNothing,
    ]);
    expect(calls.slice(4)).toEqual(["get theirs", "list 1001", "get job-1", "get job-1", `search ${anna}`]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", calls: 11 });
    expect(tookMs).toBe(allowed.settleMs + allowed.transferPollMs);
  });

  it("decides nothing when the own one fails", async () => {
    const { ending } = await visit([...attached, theirsIsDone, { list: [job("inProgress")] }, { get: job("failed") }]);
    expect(resultOf(ending)).toMatchObject({ outcome: "failed", failure: "transfer-failed" });
  });

  it("decides alone when no other appears: not itself, nor one that has ended, nor somebody else's", async () => {
    const beside = { list: [theirs("inProgress"), job("completed"), job("inProgress", { newOwnerUserId: "1003" })] };
    const { ending, calls } = await visit([...attached, theirsIsDone, beside, ownsNothing]);
    expect(calls.slice(4)).toEqual(["get theirs", "list 1001", `search ${anna}`]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied" });
  });

  it.each([
    ["what is left of the time it has", 3000, 3000],
    ["no time, when that has passed meanwhile", 1000, 1000],
    ["no time, when that has passed long since", 500, 1000],
  ])("is followed by %s", async (_, settleMs, expected) => {
    const { tookMs } = await visit(
      [...attached, { get: theirs("inProgress") }, theirsIsDone, { list: [] }, ownsNothing],
      { options: { settleMs } },
    );
    expect(tookMs).toBe(expected);
  });

  it("is waited for no longer than is allowed, whatever may still appear", async () => {
    const { ending, tookMs } = await visit([...attached, { get: theirs("inProgress") }], {
      options: { transferWaitMs: 500 },
    });
    expect([ending.kind, tookMs]).toEqual(["overdue", 0]);
  });

  it("leaves the verdict to the next process when the user asks to stop before the own one had its time", async () => {
    const { ending } = await visit([...attached, { get: theirs("completed"), stop: true }]);
    expect(ending).toEqual({ kind: "stopped" });
  });
});

describe("a completed job", () => {
  it("that a search does not bear out yet is looked at again, with growing pauses", async () => {
    const { ending, tookMs } = await visit([
      none,
      owns,
      started,
      done,
      { search: [1, 0] },
      { search: [0, 1] },
      ownsNothing,
    ]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied" });
    expect(tookMs).toBe(allowed.transferPollMs * (1 + 2));
  });

  it("that six searches do not bear out has left assets behind", async () => {
    const left = Array.from({ length: 6 }, (): Turn => ({ search: [1, 1] }));
    const { ending } = await visit([none, owns, started, done, ...left]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "transfer-incomplete",
      reason: `the job is completed, but 2 assets still belong to ${anna}: plan again for those`,
      evidence: "refusal",
    });
  });
});

describe("a stop", () => {
  it.each<[string, readonly Turn[]]>([
    ["before the start starts nothing", [none, owns]],
    ["while nobody answers is a stop", [{ list: no("retry") }]],
  ])("%s", async (_, turns) => {
    expect((await visit(turns, { stopped: true })).ending).toEqual({ kind: "stopped" });
  });

  it("while the start waits for its turn leaves no attempt behind", async () => {
    const { ending, journal } = await visit([none, owns, { insert: job("inProgress"), stop: "waiting" }]);
    expect(ending).toEqual({ kind: "stopped" });
    expect(await journal.step(1)).toMatchObject({ attempts: 0 });
  });

  it("while the intent of a start is written down starts nothing, and leaves no doubt behind", async () => {
    const step = await stepOf();
    const { ending } = await step([none, owns, { insert: job("inProgress"), stop: "writing-down" }]);
    expect(ending).toEqual({ kind: "stopped" });
    const { claim } = await step([none], { stopped: true });
    expect(claim).toMatchObject({ attempts: 1, doubtful: [], conflicts: 0 });
  });

  it("while a job is waited for leaves it to the next process", async () => {
    const { ending, tookMs } = await visit([none, owns, started, { get: job("inProgress"), stop: true }]);
    expect([ending, tookMs]).toEqual([{ kind: "stopped" }, 0]);
  });

  it("while the search lags behind leaves the verdict to the next process", async () => {
    const { ending } = await visit([none, owns, started, { get: job("completed"), stop: true }, { search: [1, 0] }]);
    expect(ending).toEqual({ kind: "stopped" });
  });

  it("while a lost start has its time to arrive starts nothing, and the next process still waits for it", async () => {
    const step = await stepOf();
    await step([none, owns, { insert: new Error("crash") }]).catch(() => undefined);
    expect((await step([none], { stopped: true })).ending).toEqual({ kind: "stopped" });
    const { tookMs } = await step([none, none, started, done, ownsNothing]);
    expect(tookMs).toBeGreaterThanOrEqual(allowed.settleMs);
  });
});

describe("a run that another process takes over", () => {
  it.each<[string, readonly Turn[]]>([
    ["before a job is attached to", [{ list: [job("inProgress")], takenOver: true }]],
    ["before a start is written down", [none, owns, { insert: job("inProgress"), takenOver: true }]],
    ["while a job is waited for", [none, owns, started, { get: job("inProgress"), takenOver: true }]],
  ])("%s is left to it", async (_, turns) => {
    expect((await visit(turns)).ending).toEqual({ kind: "lost" });
  });
});

describe("an error where nothing was sent", () => {
  it.each<[string, readonly Turn[]]>([
    ["listing jobs", [{ list: no("retry", "unavailable") }]],
    ["searching", [none, { search: no("retry", "unavailable") }]],
    ["looking at the job", [none, owns, started, { get: no("retry", "unavailable") }]],
    ["checking a completed job", [none, owns, started, done, { search: no("ambiguous", "unavailable") }]],
  ])("leaves the step open: %s", async (_, turns) => {
    expect((await visit(turns)).ending).toEqual({
      kind: "blocked",
      actor: "admin@acme.example",
      failure: "unavailable",
      reason: "Google said unavailable",
    });
  });

  it("halts the run when the credentials are lost", async () => {
    const { ending } = await visit([{ list: no("halt-run", "delegation") }]);
    expect(ending).toEqual({ kind: "halted", failure: "delegation", reason: "Google said delegation" });
  });

  it("of the program is thrown on", async () => {
    await expect(visit([{ list: new TypeError("a bug") }])).rejects.toThrow("a bug");
    await expect(visit([none, owns, { insert: new TypeError("a bug") }])).rejects.toThrow("a bug");
    await expect(visit([none, { search: new TypeError("a bug") }])).rejects.toThrow("a bug");
  });
});

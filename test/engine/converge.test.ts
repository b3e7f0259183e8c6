/** One step, answer by answer: what is asked of Google next, and how the step ends. */
import { describe, expect, it } from "vitest";
import { etag } from "../../src/model/brand.ts";
import { member } from "../../src/model/member.ts";
import { nothing } from "../../src/model/permissions.ts";
import type { RoleMap } from "../../src/model/permissions.ts";
import { anna, ben, cleo } from "../journal/samples.ts";
import { allowed, benEdits, inShort, mustRead, no, resultOf, shows, stepOf, visit } from "./scripted.ts";
import type { Changes, Turn } from "./scripted.ts";

describe("a step that nothing disturbs", () => {
  it("is one write under the plan's etag, whose answer is the evidence", async () => {
    const { ending, calls, tookMs } = await visit({}, [{ write: shows("e2", "with") }]);
    expect(ending).toEqual({
      kind: "ended",
      result: {
        outcome: "applied",
        failure: undefined,
        reason: undefined,
        evidence: "answer",
        changed: benEdits,
        newOwner: undefined,
        etagBefore: "e1",
        etagAfter: "e2",
        actor: anna,
        calls: 1,
      },
    });
    expect(calls).toEqual([{ what: "write", actor: anna, etag: "e1", roles: shows("e1", "with").roles }]);
    expect(tookMs).toBe(0);
  });

  it("whose plan knows no permissions is read first", async () => {
    const { ending, calls } = await visit(mustRead, [{ read: shows("e5", "without") }, { write: shows("e6", "with") }]);
    expect(inShort(calls)).toEqual(["read", "write e5"]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", etagBefore: undefined, etagAfter: "e6", calls: 2 });
  });

  it("that is so already sends nothing", async () => {
    const { ending, calls } = await visit(mustRead, [{ read: shows("e5", "with") }]);
    expect(inShort(calls)).toEqual(["read"]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "unchanged",
      evidence: "read",
      changed: nothing,
      etagAfter: "e5",
      calls: 1,
    });
  });

  it("keeps the other roles and members as they were read", async () => {
    const roles: RoleMap = new Map([
      ["OWNER", [member(`user:${anna}`)]],
      ["__proto__", [member("mystery:x")]],
      ["EDITOR", [member(`user:${cleo}`)]],
    ]);
    const held = new Map([...roles, ["EDITOR", [member(`user:${cleo}`), member(`user:${ben}`)]] as const]);
    const { calls } = await visit({ base: { roles, etag: etag("e1") } }, [
      { write: { roles: held, etag: etag("e2") } },
    ]);
    expect(calls[0]?.roles).toEqual(held);
  });
});

describe("a conflict", () => {
  it("is read again, and only what is still missing is sent, under the new etag", async () => {
    const { ending, calls, events, journal } = await visit({}, [
      { write: no("conflict") },
      { read: shows("e7", "without") },
      { write: shows("e8", "with") },
    ]);
    expect(inShort(calls)).toEqual(["write e1", "read", "write e7"]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", evidence: "answer", calls: 3 });
    expect(events).toEqual([{ type: "conflict", seq: 1, conflicts: 1 }]);
    expect(await journal.step(1)).toMatchObject({ attempts: 2 });
  });

  it("with somebody who made the same change leaves nothing to do, and nothing of ours", async () => {
    const { ending } = await visit({}, [{ write: no("conflict") }, { read: shows("e7", "with") }]);
    expect(resultOf(ending)).toMatchObject({ outcome: "unchanged", changed: nothing, evidence: "read" });
  });

  it("is waited out a little longer each time, and one too many ends the step", async () => {
    const conflict = [{ write: no("conflict") }, { read: shows("e7", "without") }];
    const { ending, events, tookMs } = await visit({}, [...conflict, ...conflict, ...conflict], {
      options: { conflictsMax: 3 },
    });
    expect(events.map((event) => event.type === "conflict" && event.conflicts)).toEqual([1, 2, 3]);
    expect(tookMs).toBe(250 + 500 + 1000);
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "contention",
      reason: "somebody else changed the asset 3 times in between",
      evidence: "read",
      changed: nothing,
      calls: 6,
    });
  });

  it("of an earlier process counts as well", async () => {
    const step = await stepOf();
    const conflict = [{ write: no("conflict") }, { read: shows("e7", "without") }];
    await step([...conflict, { write: new Error("crash"), unsent: true }]).catch(() => undefined);
    const { ending } = await step([{ read: shows("e7", "without") }], { options: { conflictsMax: 1 } });
    expect(resultOf(ending)).toMatchObject({ outcome: "failed", failure: "contention" });
  });
});

describe("the count of conflicts, which later processes go on with,", () => {
  it.each<[string, Turn, number]>([
    ["grows with a conflict", { write: no("conflict") }, 1],
    ["does not grow when Google asks to slow down", { write: no("throttle") }, 0],
    ["does not grow when the answer is lost", { write: no("ambiguous") }, 0],
    ["does not grow when a token is rejected", { write: no("throttle"), again: true }, 0],
    ["does not grow when the user asks to stop", { write: no("throttle"), stop: "writing-down" }, 0],
  ])("%s", async (_, turn, conflicts) => {
    const step = await stepOf();
    await step([turn, { read: new Error("crash") }, { write: new Error("crash"), unsent: true }]).catch(
      () => undefined,
    );
    const { claim } = await step([{ read: shows("e2", "with") }]);
    expect(claim.conflicts).toBe(conflicts);
  });
});

describe("an intent", () => {
  it("keeps what the asset showed before, unless the plan knows that", async () => {
    const crash: Turn = { write: new Error("crash") };
    const known = await stepOf();
    await known([crash]).catch(() => undefined);
    expect((await known([{ read: shows("e2", "with") }])).claim.doubtful).toMatchObject([{ before: undefined }]);
    const read = await stepOf(mustRead);
    const seen = shows("e5", "without");
    await read([{ read: seen }, crash]).catch(() => undefined);
    expect((await read([{ read: shows("e6", "with") }])).claim.doubtful).toMatchObject([{ before: seen.roles }]);
  });
});

describe("a lost answer", () => {
  it("whose change is found standing under a new etag is confirmed by the read", async () => {
    const { ending, calls, events } = await visit({}, [{ write: no("ambiguous") }, { read: shows("e2", "with") }]);
    expect(inShort(calls)).toEqual(["write e1", "read"]);
    expect(resultOf(ending)).toMatchObject({ outcome: "confirmed", evidence: "read", changed: benEdits, calls: 2 });
    expect(events).toEqual([{ type: "retry", seq: 1, failure: "ambiguous", waitMs: 250 }]);
  });

  it("whose change is not there is sent again under the same etag", async () => {
    const { ending, calls } = await visit({}, [
      { write: no("ambiguous") },
      { read: shows("e1", "without") },
      { write: shows("e2", "with") },
    ]);
    expect(inShort(calls)).toEqual(["write e1", "read", "write e1"]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", changed: benEdits });
  });

  it("that cannot be checked leaves the step open, and says so", async () => {
    const { ending } = await visit({}, [{ write: no("ambiguous") }, { read: no("retry", "unavailable") }]);
    expect(ending).toEqual({
      kind: "blocked",
      actor: anna,
      failure: "unavailable",
      reason: "a write may have happened and cannot be checked now: Google said unavailable",
    });
  });

  it("is not called failed while the asset may only be out of reach", async () => {
    const { ending } = await visit({}, [{ write: no("ambiguous") }, { read: no("refuse", "permission-denied") }]);
    expect(ending).toMatchObject({ kind: "blocked", failure: "permission-denied" });
  });

  it("of an asset that is gone is given its time; then it counts as made", async () => {
    const gone = { read: no("refuse", "not-found") };
    const { ending, tookMs } = await visit({}, [{ write: no("ambiguous") }, gone, gone]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "not-found",
      reason: "Google said not-found",
      evidence: "refusal",
      changed: benEdits,
      calls: 3,
    });
    expect(tookMs).toBe(250 + allowed.settleMs);
  });

  it("before the attempts are used up is given its time; then the last look decides", async () => {
    const { ending } = await visit(
      {},
      [{ write: no("ambiguous") }, { read: shows("e1", "without") }, { read: shows("e2", "with") }],
      {
        options: { attemptsMax: 1 },
      },
    );
    expect(resultOf(ending)).toMatchObject({ outcome: "confirmed", changed: benEdits });
  });

  it("that has not landed after its time was lost: the step has failed with nothing changed", async () => {
    const unchanged = { read: shows("e1", "without") };
    const { ending } = await visit({}, [{ write: no("ambiguous") }, unchanged, unchanged], {
      options: { attemptsMax: 1 },
    });
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "attempts",
      reason: "not done after 1 attempts",
      changed: nothing,
    });
  });

  it("of an earlier process is looked for before anything is sent", async () => {
    const step = await stepOf();
    await step([{ write: new Error("crash") }]).catch(() => undefined);
    const { ending, calls } = await step([{ read: shows("e2", "with") }]);
    expect(inShort(calls)).toEqual(["read"]);
    expect(resultOf(ending)).toMatchObject({ outcome: "confirmed", changed: benEdits, calls: 1 });
  });
});

describe("an answer without an effect", () => {
  it.each(["throttle", "retry"] as const)("(%s) is tried again without reading, and told", async (disposition) => {
    const { ending, calls, events, journal } = await visit({}, [
      { write: no(disposition) },
      { write: shows("e2", "with") },
    ]);
    expect(inShort(calls)).toEqual(["write e1", "write e1"]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", changed: benEdits });
    const waitMs = disposition === "throttle" ? 500 : 250;
    expect(events).toEqual([{ type: "retry", seq: 1, failure: disposition, waitMs }]);
    expect(await journal.step(1)).toMatchObject({ attempts: 2 });
  });

  it("leaves no doubt behind, so that a refusal after it is final at once", async () => {
    const { ending, tookMs } = await visit({}, [{ write: no("throttle") }, { write: no("refuse", "invalid") }]);
    expect(resultOf(ending)).toMatchObject({ outcome: "failed", failure: "invalid", changed: nothing });
    expect(tookMs).toBe(500);
  });

  it("is waited out longer each time it follows another", async () => {
    const { events } = await visit({}, [
      { write: no("retry") },
      { write: no("retry") },
      { write: no("retry") },
      { write: shows("e2", "with") },
    ]);
    expect(events.map((event) => event.type === "retry" && event.waitMs)).toEqual([250, 500, 1000]);
  });

  it("is waited out from the beginning again once an answer came", async () => {
    const { events } = await visit({}, [
      { write: no("retry") },
      { write: no("retry") },
      { write: shows("e2", "without") },
      { read: shows("e2", "without") },
      { write: no("retry") },
      { write: shows("e3", "with") },
    ]);
    expect(events.map((event) => event.type === "retry" && event.waitMs)).toEqual([250, 500, 250]);
  });

  it("of requests that never had their turn is no attempt, and has a bound of its own", async () => {
    const unsent = { write: no("retry", "no-token"), unsent: true };
    const { ending, journal, calls } = await visit({}, [unsent, unsent, unsent], { options: { attemptsMax: 2 } });
    expect(ending).toEqual({
      kind: "blocked",
      actor: anna,
      failure: "no-token",
      reason: "no answer that settles it: Google said no-token",
    });
    expect(await journal.step(1)).toMatchObject({ attempts: 0, state: "planned" });
    expect(calls).toHaveLength(3);
  });
});

describe("a request whose turn comes twice, because its token was rejected", () => {
  it("is two attempts, of which the first had no effect", async () => {
    const { ending, journal } = await visit({}, [{ write: no("refuse", "invalid"), again: true }]);
    expect(resultOf(ending)).toMatchObject({ outcome: "failed", changed: nothing, calls: 2 });
    expect(await journal.step(1)).toMatchObject({ attempts: 2 });
  });

  it("is in doubt for one of them only, which a look settles", async () => {
    const { ending } = await visit({}, [
      { write: no("ambiguous"), again: true },
      { read: shows("e2", "without") },
      { write: shows("e3", "with") },
    ]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", calls: 4 });
  });
});

describe("a 200 that does not show the change", () => {
  it("is no success; the second ends the step", async () => {
    const { ending, calls } = await visit({}, [
      { write: shows("e2", "without") },
      { read: shows("e2", "without") },
      { write: shows("e3", "without") },
      { read: shows("e3", "without") },
    ]);
    expect(inShort(calls)).toEqual(["write e1", "read", "write e2", "read"]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "ineffective",
      reason: "the server accepts the change and does not make it",
      changed: nothing,
    });
  });
});

describe("a server that sends no etag", () => {
  it("is sent nothing: a write could overwrite somebody else's change", async () => {
    const { ending } = await visit(mustRead, [{ read: shows(undefined, "without") }]);
    expect(resultOf(ending)).toMatchObject({ outcome: "failed", failure: "no-etag", evidence: "read" });
  });

  it("is believed where nothing is left to change", async () => {
    const { ending } = await visit(mustRead, [{ read: shows(undefined, "with") }]);
    expect(resultOf(ending)).toMatchObject({ outcome: "unchanged" });
  });
});

describe("a stop", () => {
  it("before the write sends nothing", async () => {
    const { ending, calls } = await visit({}, [], { stopped: true });
    expect([ending, calls]).toEqual([{ kind: "stopped" }, []]);
  });

  it("while the write waits for its turn leaves no attempt behind", async () => {
    const { ending, journal } = await visit({}, [{ write: shows("e2", "with"), stop: "waiting" }]);
    expect(ending).toEqual({ kind: "stopped" });
    expect(await journal.step(1)).toMatchObject({ attempts: 0, state: "planned" });
  });

  it("while the intent is written down sends nothing, and leaves no doubt behind", async () => {
    const step = await stepOf();
    const { ending } = await step([{ write: shows("e2", "with"), stop: "writing-down" }]);
    expect(ending).toEqual({ kind: "stopped" });
    const { claim } = await step([{ read: shows("e1", "with") }]);
    expect(claim).toMatchObject({ doubtful: [], attempts: 1 });
  });

  it("still lets a step be looked at that is done already", async () => {
    const { ending } = await visit(mustRead, [{ read: shows("e5", "with") }], { stopped: true });
    expect(resultOf(ending)).toMatchObject({ outcome: "unchanged" });
  });

  it("does not wait for a write in doubt to settle, and calls nothing failed", async () => {
    const step = await stepOf();
    await step([{ write: new Error("crash") }]).catch(() => undefined);
    const { ending, tookMs } = await step([{ read: shows("e1", "without") }], {
      stopped: true,
      options: { attemptsMax: 1 },
    });
    expect([ending, tookMs]).toEqual([{ kind: "stopped" }, 0]);
  });
});

describe("a run that another process takes over", () => {
  it("is left to it: nothing more is written down or sent", async () => {
    const step = await stepOf();
    const { ending } = await step([{ write: shows("e2", "with"), takenOver: true }]);
    expect(ending).toEqual({ kind: "lost" });
    const { claim } = await step([{ write: shows("e2", "with") }]);
    expect(claim).toMatchObject({ attempts: 0, doubtful: [] });
  });
});

describe("an error of the program", () => {
  it.each<[string, Changes, readonly Turn[]]>([
    ["a read", mustRead, [{ read: new TypeError("a bug") }]],
    ["a write", {}, [{ write: new TypeError("a bug") }]],
  ])("in %s is thrown on, and never taken for an answer", async (_, changes, turns) => {
    await expect(visit(changes, turns)).rejects.toThrow("a bug");
  });
});

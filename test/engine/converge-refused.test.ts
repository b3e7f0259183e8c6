/** One step that somebody must not carry out, or that is about somebody else's asset: who is tried next, and when it ends. */
import { describe, expect, it } from "vitest";
import { etag } from "../../src/model/brand.ts";
import { member } from "../../src/model/member.ts";
import { nothing } from "../../src/model/permissions.ts";
import type { Permissions } from "../../src/model/permissions.ts";
import { anna, cleo } from "../journal/samples.ts";
import { benEdits, inShort, mustRead, no, resultOf, shows, visit, withCleo } from "./scripted.ts";
import type { Changes, Turn } from "./scripted.ts";

describe("a definite no", () => {
  it("ends the step with nothing changed", async () => {
    const { ending, calls } = await visit({}, [{ write: no("refuse", "permission-denied") }]);
    expect(calls).toHaveLength(1);
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "permission-denied",
      reason: "Google said permission-denied",
      evidence: "refusal",
      changed: nothing,
      etagBefore: "e1",
      calls: 1,
    });
  });

  it.each(["permission-denied", "not-found"])("(%s) to one user is tried as the next one listed", async (failure) => {
    const { ending, calls } = await visit(withCleo, [{ write: no("refuse", failure) }, { write: shows("e2", "with") }]);
    expect(calls.map(({ actor }) => actor)).toEqual([anna, cleo]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", actor: cleo });
  });

  it("of another kind is the same whoever asks", async () => {
    const { ending, calls } = await visit(withCleo, [{ write: no("refuse", "invalid") }]);
    expect(calls).toHaveLength(1);
    expect(resultOf(ending)).toMatchObject({ outcome: "failed", failure: "invalid", actor: anna });
  });

  it("to a read is tried as the next one listed, too, and each is asked once", async () => {
    const refused = { read: no("refuse", "permission-denied") };
    const { ending, calls } = await visit({ ...mustRead, ...withCleo }, [refused, refused]);
    expect(calls.map(({ actor }) => actor)).toEqual([anna, cleo]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "permission-denied",
      evidence: "refusal",
      calls: 2,
    });
  });

  it.each(["refuse", "conflict"] as const)("to a read, of another kind (%s), ends the step", async (disposition) => {
    const { ending } = await visit({ ...mustRead, ...withCleo }, [{ read: no(disposition, "invalid") }]);
    expect(resultOf(ending)).toMatchObject({ outcome: "failed", failure: "invalid", evidence: "refusal" });
  });

  it("stands when the others cannot be acted as", async () => {
    const { ending } = await visit(withCleo, [
      { write: no("refuse", "permission-denied") },
      { write: no("halt-actor", "suspended"), unsent: true },
    ]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "permission-denied",
      evidence: "refusal",
      changed: nothing,
    });
  });

  it("does not stand over a write in doubt, unless the asset is not there", async () => {
    const denied = await visit(withCleo, [
      { write: no("ambiguous") },
      { read: no("refuse", "permission-denied") },
      { read: no("halt-actor", "suspended") },
    ]);
    expect(denied.ending).toMatchObject({ kind: "blocked", actor: cleo, failure: "suspended" });
    const gone = await visit(withCleo, [
      { write: no("ambiguous") },
      { read: no("refuse", "not-found") },
      { read: no("halt-actor", "suspended") },
      { read: no("halt-actor", "suspended") },
    ]);
    expect(resultOf(gone.ending)).toMatchObject({ outcome: "failed", failure: "not-found", changed: benEdits });
  });
});

describe("a user who cannot be acted as", () => {
  it("is left out for good, and the next one listed acts", async () => {
    const { ending, calls, actors } = await visit(withCleo, [
      { write: no("halt-actor", "suspended"), unsent: true },
      { write: shows("e2", "with") },
    ]);
    expect(calls.map(({ actor }) => actor)).toEqual([anna, cleo]);
    expect(actors.why(anna)).toMatchObject({ failure: "suspended" });
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", actor: cleo });
  });

  it("without anybody else leaves the step open", async () => {
    const { ending } = await visit(mustRead, [{ read: no("halt-actor", "suspended") }]);
    expect(ending).toEqual({ kind: "blocked", actor: anna, failure: "suspended", reason: "Google said suspended" });
  });

  it("and is known already is not asked", async () => {
    const { ending, calls } = await visit(withCleo, [{ write: shows("e2", "with") }], { halted: [anna] });
    expect(calls.map(({ actor }) => actor)).toEqual([cleo]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", actor: cleo });
  });

  it("like all others listed means that nothing is asked", async () => {
    const { ending } = await visit(withCleo, [], { halted: [anna, cleo] });
    expect(ending).toEqual({ kind: "blocked", actor: anna, failure: "suspended", reason: "Google said suspended" });
  });
});

describe("credentials that are lost", () => {
  it.each<[string, Changes, readonly Turn[]]>([
    ["a read", mustRead, [{ read: no("halt-run", "delegation") }]],
    ["a write", {}, [{ write: no("halt-run", "delegation"), unsent: true }]],
  ])("halt the run from %s, whoever is listed besides", async (_, changes, turns) => {
    const { ending } = await visit({ ...changes, ...withCleo }, turns);
    expect(ending).toEqual({ kind: "halted", failure: "delegation", reason: "Google said delegation" });
  });
});

describe("a read that gets no answer", () => {
  it.each(["retry", "throttle", "ambiguous"] as const)("(%s) leaves the step open", async (disposition) => {
    const { ending } = await visit(mustRead, [{ read: no(disposition) }]);
    expect(ending).toEqual({
      kind: "blocked",
      actor: anna,
      failure: disposition,
      reason: `no answer that settles it: Google said ${disposition}`,
    });
  });

  it("after the stop is a stop", async () => {
    const { ending } = await visit(mustRead, [{ read: no("retry") }], { stopped: true });
    expect(ending).toEqual({ kind: "stopped" });
  });
});

describe("an asset that somebody else owns now", () => {
  it.each([
    ["cleo", cleo, `the asset belongs to ${cleo} now, not to ${anna}`],
    ["nobody", undefined, `the asset belongs to nobody known now, not to ${anna}`],
  ])("(%s) is left alone", async (_, owner, reason) => {
    const roles = new Map(owner === undefined ? [] : [["OWNER", [member(`user:${owner}`)]]]);
    const seen: Permissions = { roles, etag: etag("e5") };
    const { ending } = await visit(mustRead, [{ read: seen }]);
    expect(resultOf(ending)).toMatchObject({ outcome: "skipped", failure: "owner-drift", reason, evidence: "read" });
  });

  it("is edited where the step minds no owner", async () => {
    const { ending } = await visit({ ...mustRead, owner: undefined }, [
      { read: shows("e5", "without", cleo) },
      { write: shows("e6", "with", cleo) },
    ]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied" });
  });

  it("is edited where it is the owner the step would have made", async () => {
    const { ending } = await visit({ ...mustRead, attemptOwner: cleo }, [
      { read: shows("e5", "without", cleo) },
      { write: shows("e6", "with", cleo) },
    ]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", newOwner: undefined });
  });
});

describe("a new owner whose request was lost, where nobody listed may look any more,", () => {
  const attempt: Changes = { attemptOwner: cleo };
  const shutOut: Turn = { read: no("refuse", "permission-denied") };

  it("looks himself", async () => {
    const { ending, calls } = await visit(attempt, [
      { write: no("ambiguous") },
      shutOut,
      { read: shows("e2", "with", cleo) },
    ]);
    expect(calls.map(({ actor }) => actor)).toEqual([anna, anna, cleo]);
    expect(resultOf(ending)).toMatchObject({ outcome: "confirmed", actor: cleo, newOwner: cleo, changed: benEdits });
  });

  it("is asked once; if he may not look either, the step stays open", async () => {
    const { ending, calls } = await visit(attempt, [{ write: no("ambiguous") }, shutOut, shutOut]);
    expect(calls).toHaveLength(3);
    expect(ending).toMatchObject({ kind: "blocked", actor: cleo, failure: "permission-denied" });
  });

  it("looks, too, when a later request without him is what was lost last", async () => {
    const { ending, calls } = await visit(attempt, [
      { write: no("ambiguous") },
      { read: shows("e1", "without") },
      { write: no("refuse", "owner-not-modifiable") },
      { write: no("ambiguous") },
      shutOut,
      { read: shows("e2", "with", cleo) },
    ]);
    expect(calls.at(-1)).toMatchObject({ what: "read", actor: cleo });
    expect(resultOf(ending)).toMatchObject({ outcome: "confirmed", newOwner: cleo });
  });

  it("is not asked where no request would have made him the owner", async () => {
    const { ending, calls } = await visit({}, [{ write: no("ambiguous") }, shutOut]);
    expect(calls).toHaveLength(2);
    expect(ending).toMatchObject({ kind: "blocked", actor: anna });
  });
});

describe("a new owner that is tried", () => {
  const attempt: Changes = { attemptOwner: cleo };

  it("is written along with the edits, and counts when the answer shows it", async () => {
    const { ending, calls } = await visit(attempt, [{ write: shows("e2", "with", cleo) }]);
    expect(calls[0]?.roles?.get("OWNER")).toEqual([`user:${cleo}`]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", changed: benEdits, newOwner: cleo });
  });

  it("is given up when Google refuses, and the edits are sent alone", async () => {
    const { ending, calls } = await visit(attempt, [
      { write: no("refuse", "owner-not-modifiable") },
      { write: shows("e2", "with") },
    ]);
    expect(calls.map(({ roles }) => roles?.get("OWNER"))).toEqual([[`user:${cleo}`], [`user:${anna}`]]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", changed: benEdits, newOwner: undefined });
  });

  it("is given up when the answer does not show it, and the edits are looked for", async () => {
    const { ending, calls } = await visit(attempt, [{ write: shows("e2", "with") }, { read: shows("e2", "with") }]);
    expect(inShort(calls)).toEqual(["write e1", "read"]);
    expect(resultOf(ending)).toMatchObject({ outcome: "confirmed", changed: benEdits, newOwner: undefined });
  });

  it("is tried again with the edits when the answer shows neither", async () => {
    const { ending, calls } = await visit(attempt, [
      { write: shows("e2", "without") },
      { read: shows("e2", "without") },
      { write: shows("e3", "with", cleo) },
    ]);
    expect(inShort(calls)).toEqual(["write e1", "read", "write e2"]);
    expect(resultOf(ending)).toMatchObject({ outcome: "applied", newOwner: cleo });
  });

  it("does not make an asset that is gone one that refuses its owner", async () => {
    const { ending } = await visit(attempt, [{ write: no("refuse", "not-found") }]);
    expect(resultOf(ending)).toMatchObject({
      outcome: "failed",
      failure: "not-found",
      changed: nothing,
      newOwner: undefined,
    });
  });

  it("alone is written where the edits are there already, and not where it is there too", async () => {
    const alone = await visit({ ...mustRead, ...attempt }, [
      { read: shows("e5", "with") },
      { write: shows("e6", "with", cleo) },
    ]);
    expect(resultOf(alone.ending)).toMatchObject({ outcome: "applied", changed: nothing, newOwner: cleo });
    const there = await visit({ ...mustRead, ...attempt }, [{ read: shows("e5", "with", cleo) }]);
    expect(resultOf(there.ending)).toMatchObject({ outcome: "unchanged", newOwner: undefined });
  });
});

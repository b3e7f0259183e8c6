/** Carrying out edits: what is sent, what is believed, and how each kind of answer ends a step. */
import { describe, expect, it } from "vitest";
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

const grantOther = row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "EDITOR" });
const otherEdits = "EDITOR user:other@acme.example";
const patch = "assets.updatePermissions";
const read = "assets.getPermissions";

function rigWith(faults: readonly FaultRule[] = [], switches: Readonly<Record<string, string>> = {}): Rig {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver", title: "One", roles: { EDITOR: ["user:ana@acme.example"] } });
  world.addAsset({ name: "r2", owner: "leaver", title: "Two" });
  const rig = new Rig(world, { switches });
  rig.onceApplied = faults;
  return rig;
}

describe("an undisturbed step", () => {
  it("costs one write and no read, because the plan's etag guards it and the answer is the proof", async () => {
    const rig = rigWith();
    const run = await rig.made([grantOther]);
    rig.emulator.log.clear();
    const summary = await rig.apply(run);
    expect(summary).toMatchObject({ end: "finished", counts: { applied: 1 } });
    expect([rig.count(patch), rig.count(read)]).toEqual([1, 0]);
    expect(rig.roles("r1")).toContain(otherEdits);
  });

  it("changes nothing but the pairs it names", async () => {
    const rig = rigWith();
    const run = await rig.made([grantOther]);
    const before = rig.roles("r1");
    await rig.apply(run);
    expect(rig.roles("r1")).toEqual([...before, otherEdits].toSorted());
    expect(rig.roles("r2")).toEqual(["OWNER user:leaver@acme.example"]);
  });

  it("that was made before a crash is found by one read, and not sent again", async () => {
    const rig = rigWith();
    const run = await rig.made([grantOther]);
    const never = new Promise<never>(() => undefined);
    let answered: () => void = () => undefined;
    const cut = new Promise<void>((resolve) => {
      answered = resolve;
    });
    const crashing = rig.apply(
      run,
      {},
      {
        exchange: (inner) => async (request) => {
          const response = await inner(request);
          if (request.method !== "PATCH") return response;
          answered();
          return never;
        },
      },
    );
    await Promise.race([crashing, rig.clock.drive(cut)]);
    rig.emulator.log.clear();
    await rig.apply(run);
    expect(await rig.outcomes(run)).toEqual(["1 confirmed"]);
    expect([rig.count(patch), rig.count(read)]).toEqual([0, 1]);
  });

  it("is not repeated by a second apply", async () => {
    const rig = rigWith();
    const run = await rig.made([grantOther]);
    await rig.apply(run);
    rig.emulator.log.clear();
    expect(await rig.apply(run)).toMatchObject({ end: "finished", ended: 0 });
    expect(rig.emulator.log.total).toBe(0);
  });
});

describe("an answer that is not a plain yes", () => {
  const guest = { role: "VIEWER", member: "user:guest@partner.example" };
  it.each<[string, FaultRule["fault"], string, Readonly<Record<string, number>>]>([
    ["a lost answer of a change that was made", { kind: "reset", applied: true }, "confirmed", { patches: 1 }],
    ["a lost answer of a change that was not made", { kind: "reset", applied: false }, "applied", { patches: 2 }],
    ["a 500 after the change", { kind: "status", status: 500, applied: true }, "confirmed", { patches: 1 }],
    ["a 503 instead of the change", { kind: "status", status: 503 }, "applied", { patches: 2 }],
    ["an HTML 502", { kind: "html", status: 502 }, "applied", { patches: 2 }],
    ["a cut-off body", { kind: "truncate" }, "confirmed", { patches: 1 }],
    ["a 200 with nonsense for a change that was made", { kind: "nonsense" }, "confirmed", { patches: 1 }],
    [
      "a 200 with nonsense for a change that was not made",
      { kind: "nonsense", applied: false },
      "applied",
      { patches: 2 },
    ],
    ["a 429", { kind: "status", status: 429, retryAfterS: 7 }, "applied", { patches: 2 }],
    ["a plain-text quota answer", { kind: "quotaText" }, "applied", { patches: 2 }],
    ["an answer that never comes, the change made", { kind: "hang", applied: true }, "confirmed", { patches: 1 }],
    ["a change that lands after the client gave up", { kind: "hang", lateMs: 90_000 }, "applied", { patches: 2 }],
    ["somebody else's change in between", { kind: "concurrentEditor", add: [guest] }, "applied", { patches: 2 }],
    [
      "somebody else making the same change",
      { kind: "concurrentEditor", add: [{ role: "EDITOR", member: "user:other@acme.example" }] },
      "unchanged",
      { patches: 1 },
    ],
    ["an expired token", { kind: "expireTokens" }, "applied", { patches: 2 }],
  ])("%s ends right", async (_, fault, outcome, { patches }) => {
    const rig = rigWith([{ route: patch, nth: 1, fault }]);
    const run = await rig.made([grantOther]);
    const summary = await rig.apply(run);
    expect(await rig.outcomes(run)).toEqual([`1 ${outcome}`]);
    expect(summary.end).toBe("finished");
    expect(rig.roles("r1")).toContain(otherEdits);
    expect(rig.count(patch)).toBe(patches);
    if (fault.kind === "concurrentEditor") {
      for (const pair of fault.add ?? []) expect(rig.roles("r1")).toContain(`${pair.role} ${pair.member}`);
    }
    const grants = rig.emulator.history.filter(
      (change) => has(change.after, otherEdits) && !has(change.before, otherEdits),
    );
    expect(grants).toHaveLength(1);
  });

  it("waits as long as the server asks", async () => {
    const rig = rigWith([{ route: patch, nth: 1, fault: { kind: "status", status: 429, retryAfterS: 40 } }]);
    const run = await rig.made([grantOther]);
    const before = rig.clock.monotonic();
    await rig.apply(run);
    expect(rig.clock.monotonic() - before).toBeGreaterThanOrEqual(40_000);
  });

  it.each<[string, FaultRule["fault"], string]>([
    [
      "a definite no",
      { kind: "status", status: 403, message: "The caller does not have permission" },
      "failed permission-denied",
    ],
    ["an asset that is gone", { kind: "status", status: 404 }, "failed not-found"],
    ["a rejected request", { kind: "status", status: 400 }, "failed"],
  ])("%s is a failure with none of the change on the server", async (_, fault, outcome) => {
    const rig = rigWith([{ route: patch, asset: "r1", fault }]);
    const run = await rig.made([
      row({ action: "grant", select: named("r1"), member: written("other@acme.example"), role: "EDITOR" }),
    ]);
    const summary = await rig.apply(run);
    const [first] = await rig.outcomes(run);
    expect(first).toContain(outcome);
    expect(summary).toMatchObject({ end: "finished", counts: { failed: 1 } });
    expect(rig.roles("r1")).not.toContain(otherEdits);
  });

  it("is waited out before a step is called failed: what was sent may still land", async () => {
    const rig = rigWith([
      { route: patch, nth: 1, fault: { kind: "hang", lateMs: 100_000 } },
      { route: patch, from: 2, fault: { kind: "status", status: 400 } },
    ]);
    const run = await rig.made([grantOther]);
    await rig.apply(run);
    expect(await rig.outcomes(run)).toEqual(["1 confirmed"]);
    expect(rig.roles("r1")).toContain(otherEdits);
  });

  it("a 200 that does not make the change is not success", async () => {
    const rig = rigWith([], { patchOmittedRole: "keep" });
    const revoke = row({ action: "revoke", select: named("r1"), member: written("ana@acme.example"), role: undefined });
    const run = await rig.made([revoke]);
    await rig.apply(run);
    expect(await rig.outcomes(run)).toEqual(["1 failed ineffective"]);
  });

  it("is given up after the conflicts allowed, durably counted", async () => {
    const rig = rigWith([{ route: patch, fault: { kind: "concurrentEditor" } }]);
    const run = await rig.made([grantOther]);
    await rig.apply(run, { conflictsMax: 5 });
    expect(await rig.outcomes(run)).toEqual(["1 failed contention"]);
    expect(rig.count(patch)).toBe(5);
  });

  it("never sends more than the attempts allowed for one step", async () => {
    const rig = rigWith([{ route: patch, fault: { kind: "status", status: 503 } }]);
    const run = await rig.made([grantOther]);
    await rig.apply(run, { attemptsMax: 6 });
    expect(await rig.outcomes(run)).toEqual(["1 failed attempts"]);
    expect(rig.count(patch)).toBe(6);
  });
});

describe("one bad user or asset", () => {
  it("whose actor cannot be acted as falls back to an editor listed in the plan", async () => {
    const rig = rigWith();
    const run = await rig.made([grantOther]);
    rig.emulator.world.changeUser("leaver", { suspended: true });
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { applied: 1 } });
    expect(rig.emulator.history.at(-1)).toMatchObject({ actor: "ana@acme.example" });
  });

  it("without anybody to fall back on leaves its steps open and the others done; apply goes on once it is mended", async () => {
    const rig = rigWith();
    rig.emulator.world.addAsset({ name: "x1", owner: "heir" });
    const grant = (name: string) =>
      row({ action: "grant", select: named(name), member: written("other@acme.example"), role: "EDITOR" });
    const run = await rig.made([grant("r2"), grant("x1")]);
    rig.emulator.world.changeUser("leaver", { suspended: true });
    const summary = await rig.apply(run);
    expect(summary).toMatchObject({ end: "blocked", counts: { applied: 1, planned: 1 } });
    expect(summary.blocked).toMatchObject([{ actor: "leaver@acme.example" }]);
    rig.emulator.world.changeUser("leaver", { suspended: false });
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { applied: 2 } });
  });

  it("does not hide lost credentials: a revoked delegation halts the run, and nothing is called failed", async () => {
    const rig = rigWith([{ route: patch, nth: 1, fault: { kind: "revokeDelegation" } }]);
    const run = await rig.made([
      grantOther,
      row({ action: "grant", select: named("r2"), member: written("other@acme.example"), role: "EDITOR" }),
    ]);
    const summary = await rig.apply(run, { concurrency: 1 });
    expect(summary.end).toBe("halted");
    expect(summary.counts.failed).toBe(0);
    rig.emulator.tokens.delegationRevoked = false;
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { failed: 0 } });
  });

  it("trips the breaker after the failures allowed; the rest stays open", async () => {
    const rig = rigWith();
    for (let n = 0; n < 10; n += 1) rig.emulator.world.addAsset({ name: `b${n}`, owner: "leaver" });
    const run = await rig.made(
      Array.from({ length: 10 }, (_, n) =>
        row({ action: "grant", select: named(`b${n}`), member: written("other@acme.example"), role: "EDITOR" }),
      ),
    );
    rig.emulator.setFaults([{ route: patch, fault: { kind: "status", status: 400 } }]);
    const summary = await rig.apply(run, { concurrency: 1, failuresMax: 3 });
    expect(summary).toMatchObject({ end: "breaker", counts: { failed: 3, planned: 7 } });
  });
});

describe("drift", () => {
  it("of the owner means nothing is sent", async () => {
    const rig = rigWith();
    const run = await rig.made([grantOther]);
    const asset = rig.emulator.state.assets.get("r1") ?? expect.fail();
    const roles = new Map([...asset.roles, ["OWNER", ["user:heir@acme.example" as never]] as const]);
    rig.emulator.state.setRoles(asset, roles, { at: rig.clock.now(), actor: "x", via: "person" });
    await rig.apply(run);
    expect(await rig.outcomes(run)).toEqual(["1 skipped owner-drift"]);
    expect(rig.roles("r1")).not.toContain(otherEdits);
  });
});

describe("an owner change that is attempted", () => {
  const attempt = transfer("leaver", "heir", { select: named("r1"), ownerChange: "attempt" });
  it.each([
    ["400", "1 applied", "2 by-hand", "leaver"],
    ["403", "1 applied", "2 by-hand", "leaver"],
    ["ignore", "1 confirmed", "2 by-hand", "leaver"],
    ["apply", "1 applied", "2 unchanged", "heir"],
  ])("with patchOwnerChanged=%s ends as %s and %s", async (position, edit, line, owner) => {
    const rig = rigWith([], { patchOwnerChanged: position });
    const run = await rig.made([attempt]);
    await rig.apply(run);
    expect(await rig.outcomes(run)).toEqual([edit, line]);
    expect(rig.roles("r1")).toContain("EDITOR user:heir@acme.example");
    expect(rig.roles("r1")).toContain(`OWNER user:${owner}@acme.example`);
  });
});

describe("stopping", () => {
  it("finishes what is under way, takes nothing new, and the next apply does the rest once", async () => {
    const rig = rigWith();
    for (let n = 0; n < 20; n += 1) rig.emulator.world.addAsset({ name: `s${n}`, owner: "leaver" });
    const run = await rig.made(
      Array.from({ length: 20 }, (_, n) =>
        row({ action: "grant", select: named(`s${n}`), member: written("other@acme.example"), role: "EDITOR" }),
      ),
    );
    const stop = new AbortController();
    let patches = 0;
    const summary = await rig.apply(
      run,
      { concurrency: 2 },
      {
        exchange: (inner) => async (request) => {
          if (request.method === "PATCH" && (patches += 1) === 5) stop.abort();
          return inner(request);
        },
      },
      stop.signal,
    );
    expect(summary.end).toBe("stopped");
    expect(summary.counts.applied).toBeLessThan(10);
    expect(summary.counts["in-flight"]).toBe(0);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { applied: 20 } });
    expect(rig.emulator.history).toHaveLength(20);
  });
});

function has(roles: ReadonlyMap<string, readonly string[]>, pair: string): boolean {
  const [role = "", member = ""] = pair.split(" ");
  return roles.get(role)?.includes(member) ?? false;
}

/** Making an undo, step by step: what is taken back, as whom, what needs nothing any more, and what cannot be reached. */
import { describe, expect, it } from "vitest";
import { PlanStopped } from "../../src/engine/plan.ts";
import { undoRun } from "../../src/engine/undo.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { AssetName } from "../../src/model/asset.ts";
import type { Email } from "../../src/model/email.ts";
import { inverse, nothing } from "../../src/model/permissions.ts";
import type { RunHeader } from "../../src/model/run.ts";
import type { EditStep, StepDraft } from "../../src/model/step.ts";
import { anna, ben, byHand, cleo, edit, failed, header, result, transfer } from "../journal/samples.ts";
import { finished, seeing } from "./finished.ts";
import type { Ended, Sights } from "./finished.ts";
import { benEdits, no, shows } from "./scripted.ts";

interface Undone {
  readonly header: RunHeader;
  readonly edits: readonly EditStep[];
  readonly calls: readonly string[];
}

const grant = (changes: Parameters<typeof edit>[0] = {}): StepDraft =>
  edit({ asset: { name: "r1" as AssetName, assetType: "REPORT", title: "One" }, ...changes });

async function undone(steps: readonly Ended[], permissions: Sights["permissions"] = {}): Promise<Undone> {
  const run = await finished(...steps);
  const surroundings = seeing({ permissions });
  const undo = createMemoryRun();
  const admin = "admin@acme.example" as Email;
  const input = { runId: "01JDUNDO000000000000000000", toolVersion: "1.2.3", admin, concurrency: 1 };
  const outcome = await undoRun(surroundings, await run.openReader(), undo.writer, input);
  expect(outcome.kind).toBe("made");
  const rows = await (await undo.openReader()).page({}, 0, 100);
  const edits = rows.map(({ step }) => (step.kind === "edit" ? step : expect.fail(step.kind)));
  return { header: outcome.header, edits, calls: surroundings.calls };
}

describe("an edit", () => {
  it("is taken back by the inverse of what it changed, from what the asset shows now", async () => {
    const seen = shows("e9", "with");
    const { edits, header: made, calls } = await undone([[grant(), result()]], { r1: seen });
    expect(edits).toMatchObject([
      {
        kind: "edit",
        seq: 1,
        after: undefined,
        actor: anna,
        alternates: [],
        hazards: ["removes-last-editor"],
        owner: anna,
        delta: inverse(benEdits),
        attemptOwner: undefined,
        base: seen,
        asset: { name: "r1", title: "One" },
        sources: [{ file: "moves.csv", line: 2 }],
      },
    ]);
    expect(calls).toEqual([`read ${anna} r1`]);
    expect(made.totals).toMatchObject({ steps: 1, edits: 1, assetsEdited: 1, refused: 0 });
    expect(made.coverage).toEqual({
      usersTried: 0,
      usersRead: 0,
      usersFailed: [],
      assetsRead: 1,
      permissionsRead: 1,
      permissionsUnreadable: 0,
      trashedRead: false,
    });
    expect([made.remarks, made.noActions, made.limits]).toEqual([[], [], {}]);
  });

  it("that somebody has taken back already needs nothing, which is said and counted", async () => {
    const place = { file: "moves.csv", line: 2, column: 1 };
    const step = grant({ sources: [place, { ...place, line: 3 }] });
    const { edits, header: made } = await undone([[step, result()]], { r1: shows("e9", "without") });
    expect(edits).toEqual([]);
    expect(made.noActions).toHaveLength(1);
    expect(made.noActions).toMatchObject([{ place: { file: "moves.csv", line: 2 }, why: "already-so", assets: 1 }]);
    expect(made.remarks).toEqual(["1 asset need nothing: somebody has taken the change back already"]);
  });

  it.each<[string, Ended[1]]>([
    ["that changed nothing", result({ outcome: "unchanged", changed: nothing })],
    ["that failed with nothing changed", failed()],
    ["that was never begun", "planned"],
  ])("%s is not even looked at", async (_, end) => {
    const { edits, calls, header: made } = await undone([[grant(), end]]);
    expect([edits, calls, made.remarks, made.totals.steps]).toEqual([[], [], [], 0]);
  });

  it("that failed, but may have changed something, is taken back as far as it stands", async () => {
    const end = { ...failed(), changed: benEdits };
    expect((await undone([[grant(), end]], { r1: shows("e9", "with") })).edits).toHaveLength(1);
  });

  it("that is still under way must be finished first", async () => {
    const { header: made, calls } = await undone([[grant(), "in-flight"]]);
    expect(made.remarks).toEqual(["step 1 is still under way: finish the run with apply, then undo again"]);
    expect(calls).toEqual([]);
  });
});

describe("who takes an edit back", () => {
  it("is whoever made it, then the step's actor and those listed; the others stand by", async () => {
    const step = grant({ alternates: [anna, "dora@acme.example" as Email] });
    const { edits, calls } = await undone([[step, result({ actor: cleo })]], { [`${anna} r1`]: shows("e9", "with") });
    expect(calls).toEqual([`read ${cleo} r1`, `read ${anna} r1`]);
    expect(edits).toMatchObject([{ actor: anna, alternates: [cleo, "dora@acme.example"] }]);
  });

  it("is nobody who would lose the right to by it, unless there is nobody else", async () => {
    const cleoEdits = { add: [{ role: "EDITOR", member: `user:${cleo}` as never }], remove: [] };
    const seen = shows("e9", "without");
    const held = { ...seen, roles: new Map([...seen.roles, ["EDITOR", [`user:${cleo}` as never]] as const]) };
    const listed = grant({ alternates: [ben] });
    const cleoLosesMore = {
      ...cleoEdits,
      add: [...cleoEdits.add, { role: "VIEWER", member: `user:${cleo}` as never }],
    };
    const { edits, calls } = await undone([[listed, result({ actor: cleo, changed: cleoLosesMore })]], { r1: held });
    expect(calls).toEqual([`read ${anna} r1`]);
    expect(edits).toMatchObject([{ actor: anna, alternates: [ben] }]);
    const alone = grant({ actor: cleo, owner: undefined });
    const last = await undone([[alone, result({ actor: cleo, changed: cleoEdits })]], { r1: held });
    expect(last.edits).toMatchObject([{ actor: cleo, alternates: [] }]);
  });

  it("may be the owner, whatever he loses besides", async () => {
    const annaEdits = { add: [{ role: "EDITOR", member: `user:${anna}` as never }], remove: [] };
    const seen = shows("e9", "without");
    const held = { ...seen, roles: new Map([...seen.roles, ["EDITOR", [`user:${anna}` as never]] as const]) };
    const { edits } = await undone([[grant({ alternates: [cleo] }), result({ changed: annaEdits })]], { r1: held });
    expect(edits).toMatchObject([{ actor: anna, alternates: [cleo] }]);
  });

  it("is nobody where nobody may look, which is refused with what to do", async () => {
    const { edits, header: made } = await undone([[grant({ alternates: [cleo] }), result()]], {
      [`${anna} r1`]: no("halt-actor", "suspended"),
      [`${cleo} r1`]: no("refuse", "permission-denied"),
    });
    expect(edits).toEqual([]);
    expect(made.refusals).toMatchObject([
      { rule: "unreadable", problem: 'REPORT "One" (r1) cannot be read now: Google said permission-denied' },
    ]);
    expect(made.coverage).toMatchObject({ assetsRead: 1, permissionsRead: 0, permissionsUnreadable: 1 });
    expect(made.totals).toMatchObject({ refused: 1, steps: 0 });
  });
});

describe("an owner change that worked", () => {
  const changed = result({ newOwner: cleo });

  it("is tried back, as the new owner, and is named as a hazard", async () => {
    const { edits, calls } = await undone([[grant(), changed]], { r1: shows("e9", "with", cleo) });
    expect(calls).toEqual([`read ${cleo} r1`]);
    expect(edits).toMatchObject([
      { actor: cleo, alternates: [anna], attemptOwner: anna, owner: cleo, delta: inverse(benEdits) },
    ]);
    expect(edits[0]?.hazards).toContain("owner-change-attempt");
  });

  it("is tried back as the new owner, also when he loses being an editor by it", async () => {
    const cleoEdits = { add: [{ role: "EDITOR", member: `user:${cleo}` as never }], remove: [] };
    const seen = shows("e9", "without", cleo);
    const held = { ...seen, roles: new Map([...seen.roles, ["EDITOR", [`user:${cleo}` as never]] as const]) };
    const { edits } = await undone([[grant(), result({ newOwner: cleo, changed: cleoEdits })]], { r1: held });
    expect(edits).toMatchObject([{ actor: cleo, alternates: [anna], attemptOwner: anna }]);
  });

  it("is not tried for a step that changed no owner, on an asset that nobody is known to own", async () => {
    const unowned = { ...shows("e9", "with"), roles: new Map([["EDITOR", [`user:${ben}` as never]]]) };
    const { edits } = await undone([[grant(), result()]], { r1: unowned });
    expect(edits).toMatchObject([{ attemptOwner: undefined, owner: undefined }]);
  });

  it("alone is tried back as well", async () => {
    const { edits } = await undone([[grant(), result({ newOwner: cleo, changed: nothing })]], {
      r1: shows("e9", "with", cleo),
    });
    expect(edits).toMatchObject([{ attemptOwner: anna, delta: nothing }]);
  });

  it("is left alone where the asset has gone on to somebody else", async () => {
    const { edits } = await undone([[grant(), changed]], { r1: shows("e9", "with", ben) });
    expect(edits).toMatchObject([{ attemptOwner: undefined, owner: ben, delta: inverse(benEdits) }]);
    expect(edits[0]?.hazards).not.toContain("owner-change-attempt");
  });
});

describe("what an undo cannot do", () => {
  it.each(["applied", "confirmed"] as const)(
    "is to take a transfer back that was %s, which is said",
    async (outcome) => {
      const { edits, header: made } = await undone([[transfer(), result({ outcome, changed: nothing })]]);
      expect(edits).toEqual([]);
      expect(made.remarks).toEqual([
        `the transfer of everything ${anna} owned to ${ben} cannot be taken back: moving it back would move ${ben}'s own assets too`,
      ]);
    },
  );

  it.each<[string, Ended]>([
    ["a transfer that moved nothing", [transfer(), result({ outcome: "unchanged", changed: nothing })]],
    ["a transfer that failed", [transfer(), failed()]],
    ["a line by hand", [byHand(), result({ outcome: "by-hand", changed: nothing })]],
  ])("does not include %s, of which nothing is said", async (_, step) => {
    expect((await undone([step])).header.remarks).toEqual([]);
  });
});

describe("the run that takes another back", () => {
  const input = { runId: "01JDUNDO000000000000000000", toolVersion: "1.2.3", admin: anna, concurrency: 1 };

  it("is not made in another tenant", async () => {
    const run = await finished([grant(), result()]);
    const surroundings = seeing({ permissions: { r1: shows("e9", "with") } });
    surroundings.api.directory.domains = async () => ({ primary: "other.example", all: ["other.example"] }) as never;
    const undoing = undoRun(surroundings, await run.openReader(), createMemoryRun().writer, input);
    await expect(undoing).rejects.toMatchObject({ rule: "tenant" });
    await expect(undoing).rejects.toThrow("the run belongs to acme.example, the credentials to other.example");
    expect(surroundings.calls).toEqual([]);
  });

  it("is not made when the user asks to stop", async () => {
    const run = await finished([grant(), result()]);
    const undoing = undoRun(seeing({}, AbortSignal.abort()), await run.openReader(), createMemoryRun().writer, input);
    await expect(undoing).rejects.toThrow(PlanStopped);
  });

  it("says a hundred things at most", async () => {
    const many = Array.from({ length: 101 }, (): Ended => [transfer(), result({ changed: nothing })]);
    expect((await undone(many)).header.remarks).toHaveLength(100);
  });

  it("names a thousand rows at most of which nothing is left to take back", async () => {
    const many = Array.from({ length: 1001 }, (): Ended => [grant(), result()]);
    expect((await undone(many, { r1: shows("e9", "without") })).header.noActions).toHaveLength(1000);
  });

  it("says which one, and what is open before and after", async () => {
    const outside = { add: [{ role: "LINK_VIEWER", member: "allUsers" as never }], remove: [] };
    const seen = shows("e9", "without");
    const open = { ...seen, roles: new Map([...seen.roles, ["LINK_VIEWER", ["allUsers" as never]] as const]) };
    const { header: made } = await undone([[grant(), result({ changed: outside })]], { r1: open });
    expect(made).toMatchObject({
      runId: "01JDUNDO000000000000000000",
      toolVersion: "1.2.3",
      tenant: "acme.example",
      admin: "admin@acme.example",
      undoOf: { runId: header().runId },
      exposureBefore: { publicLinks: 1 },
      exposureAfter: { publicLinks: 0 },
    });
    expect(made.undoOf?.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Error, string]>([
    ["credentials that are lost", no("halt-run", "delegation"), "Google said delegation"],
    ["an error of the program", new TypeError("a bug"), "a bug"],
  ])("is not made with %s", async (_, error, message) => {
    await expect(undone([[grant(), result()]], { r1: error })).rejects.toThrow(message);
  });
});

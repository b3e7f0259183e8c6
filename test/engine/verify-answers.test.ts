/** Verifying, verdict by verdict: what of a run still stands, as whom that is looked at, and what nobody can tell. */
import { describe, expect, it } from "vitest";
import type { VerifySummary } from "../../src/engine/verbs.ts";
import { verifyRun } from "../../src/engine/verify.ts";
import type { AssetName } from "../../src/model/asset.ts";
import type { Email } from "../../src/model/email.ts";
import { nothing } from "../../src/model/permissions.ts";
import type { StepAsset, StepDraft } from "../../src/model/step.ts";
import { anna, ben, byHand, cleo, edit, failed, result, transfer } from "../journal/samples.ts";
import { finished, seeing } from "./finished.ts";
import type { Ended, Sights } from "./finished.ts";
import { benEdits, no, shows } from "./scripted.ts";

const dora = "dora@acme.example" as Email;

const named = (name: string): { readonly asset: StepAsset } => ({
  asset: { name: name as AssetName, assetType: "REPORT", title: name },
});

const grant = (name: string, changes: Parameters<typeof edit>[0] = {}): StepDraft =>
  edit({ ...named(name), ...changes });

interface Verified {
  readonly summary: VerifySummary;
  readonly calls: readonly string[];
  readonly kept: readonly string[];
}

async function verified(
  steps: readonly Ended[],
  sights: Sights,
  more: { readonly driftsMax?: number; readonly stopped?: boolean; readonly concurrency?: number } = {},
): Promise<Verified> {
  const run = await finished(...steps);
  const stop = new AbortController();
  if (more.stopped === true) stop.abort();
  const surroundings = seeing(sights, stop.signal);
  const kept: string[] = [];
  const record = {
    verified: async (seq: number, verdict: string): Promise<void> => {
      kept.push(`${seq} ${verdict}`);
    },
  };
  const options = { concurrency: more.concurrency ?? 1, driftsMax: more.driftsMax ?? 100, record };
  const summary = await verifyRun(surroundings, await run.openReader(), options);
  return { summary, calls: surroundings.calls, kept };
}

const noVerdicts: VerifySummary = {
  checked: 0,
  verified: 0,
  drifts: [],
  drifted: 0,
  unreadable: [],
  unreadableCount: 0,
  byHandDone: 0,
  byHandOpen: 0,
  notApplied: 0,
  stopped: false,
};

describe("an edit", () => {
  it.each(["applied", "confirmed", "unchanged"] as const)(
    "that was %s is verified when it still stands",
    async (outcome) => {
      const { summary, kept } = await verified([[grant("r1"), result({ outcome })]], {
        permissions: { r1: shows("e9", "with") },
      });
      expect(summary).toEqual({ ...noVerdicts, checked: 1, verified: 1 });
      expect(kept).toEqual(["1 verified"]);
    },
  );

  it("that does not stand any more has drifted, by what is missing", async () => {
    const { summary, kept } = await verified([[grant("r1"), result()]], {
      permissions: { r1: shows("e9", "without") },
    });
    expect(summary).toEqual({
      ...noVerdicts,
      checked: 1,
      drifted: 1,
      drifts: [{ seq: 1, ...named("r1"), missing: benEdits, problem: "changed by somebody after the run" }],
    });
    expect(kept).toEqual(["1 drifted"]);
  });

  it.each<[string, Ended[1]]>([
    ["failed", failed()],
    ["was skipped", result({ outcome: "skipped", failure: "owner-drift", reason: "drift" })],
    ["is still planned", "planned"],
    ["is under way", "in-flight"],
  ])("that %s has nothing to verify", async (_, end) => {
    const { summary, calls } = await verified([[grant("r1"), end]], {});
    expect([summary, calls]).toEqual([{ ...noVerdicts, notApplied: 1 }, []]);
  });

  it.each<[string, Email, Parameters<typeof result>[0], Parameters<typeof edit>[0], string | undefined]>([
    [
      "that changed the owner minds who owns the asset",
      cleo,
      { newOwner: ben },
      {},
      `belongs to ${cleo}, not to ${ben}`,
    ],
    ["that changed the owner is verified with the new one", ben, { newOwner: ben }, {}, undefined],
    ["that did not change the owner does not mind who owns the asset", cleo, {}, {}, undefined],
  ])("%s", async (_, owner, ended, changes, problem) => {
    const { summary } = await verified([[grant("r1", changes), result(ended)]], {
      permissions: { r1: shows("e9", "with", owner) },
    });
    expect(summary.drifts.map((drift) => [drift.problem, drift.missing])).toEqual(
      problem === undefined ? [] : [[problem, nothing]],
    );
    expect(summary.verified).toBe(problem === undefined ? 1 : 0);
  });

  it("behind a transfer minds that the asset belongs to the heir, also when nobody is known to own it", async () => {
    const steps: readonly Ended[] = [
      [transfer(), result()],
      [grant("r1", { after: 1, owner: ben }), result()],
      [grant("r2", { after: 1, owner: ben }), result()],
    ];
    const unowned = { ...shows("e9", "with"), roles: new Map([["EDITOR", [`user:${ben}` as never]]]) };
    const { summary } = await verified(steps, {
      permissions: { r1: shows("e9", "with", ben), r2: unowned },
      found: { [anna]: [[]] },
    });
    expect(summary).toMatchObject({ verified: 2, drifted: 1 });
    expect(summary.drifts).toMatchObject([{ seq: 3, problem: `belongs to nobody known, not to ${ben}` }]);
  });

  it("is looked at as the new owner, whoever made it, the step's actor and those listed, until one may look", async () => {
    const { summary, calls } = await verified(
      [[grant("r1", { alternates: [anna, dora] }), result({ actor: cleo, newOwner: ben })]],
      { permissions: { [`${dora} r1`]: shows("e9", "with", ben) } },
    );
    expect(calls).toEqual([ben, cleo, anna, dora].map((actor) => `read ${actor} r1`));
    expect(summary.verified).toBe(1);
  });

  it("that nobody may look at is unreadable, with what the first was told", async () => {
    const { summary, kept } = await verified([[grant("r1", { alternates: [cleo] }), result()]], {
      permissions: { [`${anna} r1`]: no("halt-actor", "suspended"), [`${cleo} r1`]: no("refuse", "permission-denied") },
    });
    expect(summary).toEqual({
      ...noVerdicts,
      checked: 1,
      unreadable: [{ seq: 1, reason: "Google said suspended" }],
      unreadableCount: 1,
    });
    expect(kept).toEqual(["1 unreadable"]);
  });
});

describe("a transfer", () => {
  const moved: readonly Ended[] = [[transfer(), result({ newOwner: ben })]];

  it("is verified when the old owner owns nothing, whatever else a search shows", async () => {
    const { summary, calls, kept } = await verified(moved, { found: { [anna]: [[["x", cleo]], []] } });
    expect(summary).toEqual({ ...noVerdicts, checked: 1, verified: 1 });
    expect(kept).toEqual(["1 verified"]);
    expect(calls).toEqual([`search ${anna}`, `search ${anna}`]);
  });

  it("has drifted by every asset on every page that the old owner owns", async () => {
    const { summary } = await verified(moved, {
      found: {
        [anna]: [
          [
            ["a", anna],
            ["x", cleo],
          ],
          [["b", anna]],
        ],
      },
    });
    expect(summary.drifts).toEqual([
      { seq: 1, asset: undefined, missing: nothing, problem: `${anna} owns 2 assets again or still` },
    ]);
    expect(summary).toMatchObject({ checked: 1, drifted: 1, verified: 0 });
  });

  it("is looked at as the heir when the old owner cannot be acted as, and is unreadable when neither can", async () => {
    const heir = await verified(moved, { found: { [ben]: [[["a", anna]]] } });
    expect(heir.calls).toEqual([`search ${ben}`]);
    expect(heir.summary).toMatchObject({ drifted: 1 });
    const nobody = await verified(moved, {});
    expect(nobody.summary).toMatchObject({ unreadable: [{ seq: 1, reason: "Google said suspended" }] });
  });

  it("in a chain counts only what its own steps were about: the rest came to the old owner rightly", async () => {
    const chain = (moves: string): readonly Ended[] => [
      [transfer({ from: { email: cleo, id: "3" }, to: { email: anna, id: "1" } }), result()],
      [transfer(), result()],
      [grant(moves, { after: 2, owner: ben }), result()],
      [grant("fromCleo", { after: 1, owner: anna }), result()],
    ];
    const sights: Sights = {
      permissions: { r1: shows("e9", "with", ben), fromCleo: shows("e9", "with", anna) },
      found: { [anna]: [[["fromCleo", anna]]], [cleo]: [[]] },
    };
    expect((await verified(chain("r1"), sights)).summary).toMatchObject({ verified: 4, drifted: 0 });
    const { summary } = await verified(chain("r1"), {
      ...sights,
      found: { ...sights.found, [anna]: [[["r1", anna]]] },
    });
    expect(summary).toMatchObject({ drifts: [{ seq: 2, problem: `${anna} owns 1 asset again or still` }] });
  });
});

describe("a line by hand", () => {
  const open = result({ outcome: "by-hand", evidence: "none", changed: nothing });

  it.each<[string, Ended[1], Sights["permissions"], Partial<VerifySummary>]>([
    ["is done when the asset belongs to the heir", open, { "by-hand-1": shows("e9", "with", ben) }, { byHandDone: 1 }],
    ["is open while it does not", open, { "by-hand-1": shows("e9", "with") }, { byHandOpen: 1 }],
    ["is open while nobody can tell", open, {}, { byHandOpen: 1 }],
    ["that was not needed counts as nothing", result({ outcome: "unchanged" }), {}, {}],
    ["that was never come to is not applied", "planned", {}, { notApplied: 1 }],
  ])("%s", async (_, end, permissions = {}, counted) => {
    const { summary } = await verified([[byHand(), end]], { permissions });
    expect(summary).toEqual({ ...noVerdicts, ...counted });
  });

  it("is looked at as the heir first, then as the old owner", async () => {
    const { calls } = await verified([[byHand(), open]], {
      permissions: { [`${anna} by-hand-1`]: shows("e9", "with") },
    });
    expect(calls).toEqual([`read ${ben} by-hand-1`, `read ${anna} by-hand-1`]);
  });
});

describe("verifying", () => {
  it("keeps as many drifts as it is told, in order, and counts them all", async () => {
    const steps = ["r1", "r2", "r3"].map((name): Ended => [grant(name), result()]);
    const gone = shows("e9", "without");
    const { summary } = await verified(steps, { permissions: { r1: gone, r2: gone, r3: gone } }, { driftsMax: 2 });
    expect(summary).toMatchObject({ checked: 3, drifted: 3, drifts: [{ seq: 1 }, { seq: 2 }] });
    expect(summary.drifts).toHaveLength(2);
  });

  it("tells drifts in the order of the steps, whichever was seen first", async () => {
    const gone = shows("e9", "without");
    const shutOut = Array.from({ length: 50 }, (_, n) => `user${n}@acme.example` as Email);
    const { summary, kept } = await verified(
      [
        [grant("r1", { alternates: [...shutOut, dora] }), result()],
        [grant("r2"), result()],
      ],
      { permissions: { [`${dora} r1`]: gone, r2: gone } },
      { concurrency: 2 },
    );
    expect(kept).toEqual(["2 drifted", "1 drifted"]);
    expect(summary.drifts).toMatchObject([{ seq: 1 }, { seq: 2 }]);
  });

  it("names a thousand steps that nobody may look at, and counts the others", async () => {
    const { summary } = await verified(
      Array.from({ length: 1001 }, (_, n): Ended => [grant(`r${n}`), result()]),
      {},
    );
    expect([summary.unreadable.length, summary.unreadableCount]).toEqual([1000, 1001]);
  });

  it("keeps no verdicts where nobody asked for a record", async () => {
    const run = await finished([grant("r1"), result()]);
    const surroundings = seeing({ permissions: { r1: shows("e9", "with") } });
    const options = { concurrency: 1, driftsMax: 100, record: undefined };
    expect(await verifyRun(surroundings, await run.openReader(), options)).toMatchObject({ verified: 1 });
  });

  it("that is stopped says so, and looks at nothing more", async () => {
    const { summary, calls } = await verified([[grant("r1"), result()]], {}, { stopped: true });
    expect([summary, calls]).toEqual([{ ...noVerdicts, stopped: true }, []]);
  });

  it.each<[string, Ended, Sights]>([
    ["an edit", [grant("r1"), result()], { permissions: { r1: no("halt-run", "delegation") } }],
    [
      "a line by hand",
      [byHand(), result({ outcome: "by-hand" })],
      { permissions: { "by-hand-1": no("halt-run", "delegation") } },
    ],
    ["a transfer", [transfer(), result()], { found: { [anna]: no("halt-run", "delegation"), [ben]: [[]] } }],
    [
      "an edit that somebody else may look at",
      [grant("r1", { alternates: [cleo] }), result()],
      { permissions: { [`${anna} r1`]: no("halt-run", "delegation"), r1: shows("e9", "with") } },
    ],
  ])("ends when the credentials are lost, at %s", async (_, step, sights) => {
    await expect(verified([step], sights)).rejects.toThrow("Google said delegation");
  });

  it.each<[string, Ended, Sights]>([
    ["an edit", [grant("r1"), result()], { permissions: { r1: new TypeError("a bug") } }],
    [
      "a line by hand",
      [byHand(), result({ outcome: "by-hand" })],
      { permissions: { "by-hand-1": new TypeError("a bug") } },
    ],
    ["a transfer", [transfer(), result()], { found: { [anna]: new TypeError("a bug"), [ben]: [[]] } }],
    [
      "an edit that somebody else may look at",
      [grant("r1", { alternates: [cleo] }), result()],
      { permissions: { [`${anna} r1`]: new TypeError("a bug"), r1: shows("e9", "with") } },
    ],
  ])("takes no error of the program for an answer, at %s", async (_, step, sights) => {
    await expect(verified([step], sights)).rejects.toThrow("a bug");
  });
});

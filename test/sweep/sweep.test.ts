/** A crash at every boundary of journal and network loses nothing and doubles nothing: the part of the sweeps that every change pays for. */
import { describe, expect, it } from "vitest";
import { prepare } from "./phases.ts";
import { plans } from "./plans.ts";
import { model, sqlite } from "./store.ts";
import { sweepPairs, sweepSingles } from "./sweep.ts";

/** Swept in all their parts over the SQLite that ships; the others, where they write, over the model of it. */
const whole: ReadonlySet<string> = new Set(["two edits of one actor"]);

describe.each(plans.map((plan) => [plan.name, plan] as const))("a crash during %s", (name, plan) => {
  it("at any boundary loses nothing and doubles nothing", { timeout: 300_000 }, async () => {
    const { phases, violations, dispose } = await prepare(plan, whole.has(name) ? sqlite : model);
    expect(violations).toEqual([]);
    const swept = phases.filter((phase) => whole.has(name) || phase.writes);
    for (const phase of swept) {
      const { boundaries, violations: found } = await sweepSingles(phase);
      expect(found, phase.name).toEqual([]);
      expect(boundaries, phase.name).toBeGreaterThan(15);
    }
    dispose();
  });
});

const small = plans.filter((plan) => plan.pairs === "always").map((plan) => [plan.name, plan] as const);

describe.each(small)("two crashes during %s", (_, plan) => {
  it("at any two boundaries lose nothing and double nothing", { timeout: 300_000 }, async () => {
    const { phases, dispose } = await prepare(plan, model);
    const apply = phases.find((phase) => phase.name === "apply") ?? expect.fail();
    const { runs, violations } = await sweepPairs(apply);
    expect(violations).toEqual([]);
    expect(runs).toBeGreaterThan(1000);
    dispose();
  });
});

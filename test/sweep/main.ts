/** The command line of the sweeps: every plan, every part, every boundary, and every pair where plans are small. */
import { parseArgs } from "node:util";
import { checkColumn, columns } from "./fault-table.ts";
import { makeScene } from "./faults.ts";
import { prepare } from "./phases.ts";
import { plans } from "./plans.ts";
import { model, sqlite } from "./store.ts";
import { sweepPairs, sweepSingles } from "./sweep.ts";

const { values } = parseArgs({
  options: {
    /** Only the plans whose names hold this. */
    only: { type: "string", default: "" },
    "no-pairs": { type: "boolean", default: false },
    /** Without the table of faults. */
    "no-faults": { type: "boolean", default: false },
    /** With the model of the journal in place of SQLite. */
    model: { type: "boolean", default: false },
  },
});

const out = (text: string): void => void process.stdout.write(`${text}\n`);
const shownMax = 5;
const startedAt = performance.now();
const sums = { plans: 0, parts: 0, boundaries: 0, runs: 0, pairs: 0, faults: 0, violations: 0 };

function tell(where: string, violations: readonly string[]): void {
  sums.violations += violations.length;
  for (const violation of violations.slice(0, shownMax)) out(`${where}: ${violation}`);
}

for (const plan of plans.filter(({ name }) => name.includes(values.only))) {
  const before = performance.now();
  const { phases, violations, dispose } = await prepare(plan, values.model ? model : sqlite);
  // There are so many pairs that they are lived through over the model, which sweeps of one death show to be faithful.
  const modelled = await prepare(plan, model);
  sums.plans += 1;
  tell(plan.name, violations);
  const counts: string[] = [];
  for (const [index, phase] of phases.entries()) {
    const swept = await sweepSingles(phase);
    sums.parts += 1;
    sums.boundaries += swept.boundaries;
    sums.runs += swept.runs;
    tell(`${plan.name}, ${phase.name}`, swept.violations);
    const isPaired = plan.pairs !== undefined && !values["no-pairs"] && phase.writes;
    const twin = isPaired ? modelled.phases[index] : undefined;
    const pairs = twin === undefined ? undefined : await sweepPairs(twin);
    sums.pairs += pairs?.runs ?? 0;
    sums.runs += pairs?.runs ?? 0;
    tell(`${plan.name}, ${phase.name}`, pairs?.violations ?? []);
    counts.push(`${phase.name} ${swept.boundaries}${pairs === undefined ? "" : ` (${pairs.runs} pairs)`}`);
  }
  dispose();
  modelled.dispose();
  out(`${plan.name}: ${counts.join(", ")}, ${Math.round(performance.now() - before)} ms`);
}
if (!values["no-faults"]) {
  const scene = await makeScene();
  for (const column of columns) {
    const { tried, violations } = await checkColumn(scene, column);
    sums.faults += tried;
    sums.runs += tried;
    tell("fault", violations);
  }
}
out(JSON.stringify({ ...sums, seconds: Math.round((performance.now() - startedAt) / 1000) }));
process.exitCode = sums.violations > 0 || sums.plans === 0 ? 1 : 0;

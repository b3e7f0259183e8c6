/** What happens in a seed, act by act: a run, perhaps a second one over the same assets, perhaps an undo, perhaps all again. */
import type { Request } from "../../src/model/request.ts";
import { evidenceOf } from "./evidence.ts";
import { judge, judgeCalm } from "./judge.ts";
import { carryOut } from "./lives.ts";
import { makeRun, planSomething } from "./planning.ts";
import { Play } from "./play.ts";
import { makeRows } from "./rows.ts";
import { otherHeir } from "./scene.ts";
import type { Sim } from "./sim.ts";
import { Sky } from "./sky.ts";
import { calm, drawWeather } from "./weather.ts";

/** Everything sent has landed by then. */
const drainMs = 600_000;

export async function perform(sim: Sim): Promise<void> {
  const { script } = sim.chances;
  const { isCalm } = sim.setting;
  const first = new Play(sim, "A", 0);
  const rows = await underSky(sim, !isCalm && script.hits(0.2), "plan", () => planSomething(first));
  if (rows === undefined) return;
  first.isHalf = !isCalm && script.hits(0.12);
  const second = await actOfApplying(sim, first, rows);
  await settle(sim, second === undefined ? [first] : [first, second]);
  if (sim.violations.length > 0 || !script.hits(0.45)) return;
  await actOfUndoing(sim, second !== undefined && script.hits(0.3) ? second : first);
  if (sim.violations.length > 0 || !script.hits(0.25)) return;
  await actOfRepeating(sim, rows);
}

/** One run through its weather; and another one over the same assets before, meanwhile, or after. */
async function actOfApplying(sim: Sim, first: Play, rows: readonly Request[]): Promise<Play | undefined> {
  const { script } = sim.chances;
  const when =
    sim.setting.isCalm || script.hits(0.6) ? "never" : script.pick(["before", "meanwhile", "after"] as const);
  if (when === "never") {
    await throughWeather(sim, [first]);
    return undefined;
  }
  const second = new Play(sim, "B", script.whole(0, 1));
  const wanted = rivalRows(sim, rows);
  if (when === "meanwhile") {
    let isMade = false;
    await throughWeather(sim, [first, second], async (sky) => {
      await sim.time.sleep(script.hits(0.7) ? script.between(0, 3000) : script.between(0, sky.weather.lastsMs));
      isMade = await makeRun(second, { rows: wanted });
      if (isMade) await carryOut(second, sky);
    });
    if (isMade) sim.saw("second run, planned in the middle of the first");
    return isMade ? second : undefined;
  }
  if (!(await makeRun(second, { rows: wanted }))) {
    await throughWeather(sim, [first]);
    return undefined;
  }
  sim.saw(when === "before" ? "second run at the same time" : "second run after the first, planned before");
  if (when === "before") {
    await throughWeather(sim, [first, second], async (sky) => {
      await sim.time.sleep(script.between(0, 3000));
      await carryOut(second, sky);
    });
  } else {
    await throughWeather(sim, [first]);
    await throughWeather(sim, [second]);
  }
  return second;
}

/** What another administrator wants of the same assets: the same, something else, some of both, or the same for another heir. */
function rivalRows(sim: Sim, rows: readonly Request[]): readonly Request[] {
  const { script } = sim.chances;
  const others = makeRows(script, sim.scene);
  const mixed = [...script.some(rows, 0.5), ...script.some(others, 0.5)];
  const elsewhere = rows.map((row) => (row.action === "transfer" ? { ...row, to: otherHeir(row.to) } : row));
  const wanted = script.pick([rows, others, mixed, elsewhere]);
  return wanted.map((row, index) => ({ ...row, place: { ...row.place, line: index + 2 } }));
}

/** Applies the first of `plays` under new weather, with whatever happens `beside` it. */
async function throughWeather(
  sim: Sim,
  plays: readonly Play[],
  beside: (sky: Sky) => Promise<void> = async () => undefined,
): Promise<void> {
  const [first] = plays;
  if (first === undefined) return;
  const sky = new Sky(sim, sim.setting.isCalm ? calm : drawWeather(sim.chances.weather, sim.scene), plays);
  await Promise.all([carryOut(first, sky), beside(sky)]);
  sky.clear();
}

async function actOfUndoing(sim: Sim, done: Play): Promise<void> {
  const { script } = sim.chances;
  const undo = new Play(sim, `undo of ${done.label}`, script.whole(0, 1));
  const isBad = !sim.setting.isCalm && script.hits(0.4);
  if (!(await underSky(sim, isBad, "undo", () => makeRun(undo, { undo: done })))) return;
  sim.saw(done.isHalf ? "undo of half a run" : "undo");
  await throughWeather(sim, [undo]);
  await settle(sim, [undo]);
  if (undo.kills > 0) sim.saw("undo killed and resumed");
  if (!done.isHalf || !script.hits(0.5)) return;
  sim.saw("the rest of a run after its undo");
  done.isHalf = false;
  await throughWeather(sim, [done]);
  await settle(sim, [done]);
}

async function actOfRepeating(sim: Sim, rows: readonly Request[]): Promise<void> {
  const again = new Play(sim, "A again", 0);
  if (!(await makeRun(again, { rows }))) return;
  sim.saw("the same again after an undo");
  await throughWeather(sim, [again]);
  await settle(sim, [again]);
}

/** Does something that is no apply while things go wrong, or in good weather. */
async function underSky<T>(sim: Sim, isBad: boolean, what: string, work: () => Promise<T>): Promise<T> {
  if (!isBad) return work();
  sim.saw(`${what} made under faults`);
  const sky = new Sky(sim, drawWeather(sim.chances.weather, sim.scene), []);
  try {
    return await work();
  } finally {
    sky.clear();
  }
}

/** Lets everything late land, then judges. */
async function settle(sim: Sim, plays: readonly Play[]): Promise<void> {
  await sim.time.sleep(drainMs);
  sim.emulator.settle();
  for (const play of plays) {
    const evidence = await evidenceOf(play);
    const bad = await (await play.made.openReader()).firstBadAuditRow();
    const found = [...judge(evidence), ...(sim.setting.isCalm ? judgeCalm(evidence) : [])];
    if (bad !== undefined) found.push(`I8: the audit chain breaks at row ${bad}`);
    for (const text of found) sim.wrong(`${play.label}: ${text}`);
    for (const { step, state, result } of evidence.rows) {
      sim.note(`${play.label} ${step.seq} ${step.kind} ${state} ${result?.failure ?? ""}`);
      sim.saw(`step ${step.kind} ${state}${result?.failure === undefined ? "" : ` ${result.failure}`}`);
      sim.ends.push(`${play.isUndo ? "undo" : "apply"} ${step.kind} ${state} ${result?.failure ?? ""}`);
    }
  }
}

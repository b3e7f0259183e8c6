/** The five parts of a plan's life that are swept: planning, apply, verify, planning the undo, and apply of the undo. */
import { emptyTenant } from "../../src/emulator/world.ts";
import { loadDataTransfer, loadDirectory } from "../../src/google/generated.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { carryOut, differences } from "./carry-out.ts";
import type { Carried, Ending } from "./carry-out.ts";
import { Ground } from "./ground.ts";
import { stateText } from "./judge.ts";
import type { Boundary, Doom, Life } from "./life.ts";
import type { Plan } from "./plans.ts";
import type { Store } from "./store.ts";
import { copyOf, planIn, sealedOf, undoIn, verifyIn } from "./verbs.ts";
import type { SealedRun } from "./verbs.ts";

/** What came of one part lived through the given dooms. */
export interface Attempt {
  /** How many of the dooms were met. */
  readonly met: number;
  /** Those the first life came to. */
  readonly boundaries: readonly Boundary[];
  readonly violations: readonly string[];
}

export interface Phase {
  readonly name: "plan" | "apply" | "verify" | "undo plan" | "undo";
  /** Whether it changes anything on the server. */
  readonly writes: boolean;
  /** Lives through the part, dying where `dooms` say, until it is done, and judges it. */
  live(dooms: readonly Doom[]): Promise<Attempt>;
}

/** What the undisturbed way through a plan has shown: where each part begins, and what it comes to. */
interface Calm {
  readonly plan: Plan;
  readonly store: Store;
  readonly run: SealedRun;
  readonly undo: SealedRun;
  /** Carried out; verifying it and planning its undo read it only. */
  readonly done: MemoryRun;
  /** The server once the run is carried out, and when. */
  readonly state: string;
  readonly wall: number;
  readonly applied: Ending;
  readonly undone: Ending;
  readonly verified: string;
}

export interface Prepared {
  readonly phases: readonly Phase[];
  readonly violations: readonly string[];
  readonly dispose: () => void;
}

/** Goes through a plan undisturbed, judges that, and hands out its parts. */
export async function prepare(plan: Plan, store: Store): Promise<Prepared> {
  // Their modules are loaded once, which takes its time on no clock of ours.
  await Promise.all([loadDataTransfer(), loadDirectory()]);
  const violations: string[] = [];
  const run = await planned(plan, store, violations);
  const ground = begun(plan, store);
  const done = await copyOf(run, store);
  const applied = await carryOut(ground, done, run.digest, []);
  violations.push(...applied.violations, ...mismatch("ends", applied, plan.ends));
  const [state, wall] = [ground.emulator.exportState(), ground.clock.now()];
  const verified = await ended(ground, (life) => verifyIn(ground, life, done));
  if (verified.drifted + verified.unreadableCount > 0) violations.push(`verify finds drift: ${text(verified)}`);
  const taken = store.run();
  const outcome = await ended(ground, (life) => undoIn(ground, life, done, taken));
  if (outcome.kind !== "made") violations.push(`the undo is ${outcome.kind}`);
  const undo = await sealedOf(taken);
  const undone = await carryOut(ground, taken, undo.digest, []);
  taken.dispose();
  violations.push(...undone.violations, ...mismatch("undone", undone, plan.undone), ...takenBack(applied, undone));
  const calm: Calm = {
    plan,
    store,
    run,
    undo,
    done,
    state,
    wall,
    applied: applied.ending,
    undone: undone.ending,
    verified: text(verified),
  };
  const phases: readonly Phase[] = [
    { name: "plan", writes: false, live: (dooms) => livePlan(calm, dooms) },
    { name: "apply", writes: true, live: (dooms) => liveApply(calm, dooms) },
    { name: "verify", writes: false, live: (dooms) => liveVerify(calm, dooms) },
    { name: "undo plan", writes: false, live: (dooms) => liveUndoPlan(calm, dooms) },
    { name: "undo", writes: true, live: (dooms) => liveUndo(calm, dooms) },
  ];
  return { phases: undo.drafts.length === 0 ? phases.slice(0, -1) : phases, violations, dispose: () => done.dispose() };
}

async function planned(plan: Plan, store: Store, violations: string[]): Promise<SealedRun> {
  const ground = new Ground({ store, world: plan.world(), switches: plan.switches });
  const run = store.run();
  const outcome = await ended(ground, (life) => planIn(ground, life, run, plan.requests()));
  if (outcome.kind !== "made") throw new Error(`${plan.name}: no run is made: ${text(outcome)}`);
  if (ground.emulator.history.length > 0) violations.push("planning changes something");
  const sealed = await sealedOf(run);
  run.dispose();
  return sealed;
}

/** The tenant as it is when the run is to be carried out. */
function begun(plan: Plan, store: Store): Ground {
  const ground = new Ground({ store, world: plan.world(), switches: plan.switches, faults: plan.faults });
  plan.meanwhile?.(ground);
  return ground;
}

/** The tenant as it is once the run has been carried out. */
function over({ plan, store, state, wall }: Calm): Ground {
  const ground = new Ground({ store, world: emptyTenant("acme.example"), switches: plan.switches, wall });
  ground.emulator.importState(state);
  return ground;
}

async function ended<T>(ground: Ground, work: (life: Life) => Promise<T>): Promise<T> {
  const life = ground.life();
  const end = await ground.drive(work(life), life);
  if (end === "killed") throw new Error("killed without a reason");
  return end;
}

function mismatch(what: string, { ending }: Carried, expected: readonly string[]): readonly string[] {
  const ends = ending.rows.map((row) => row.slice(0, row.indexOf("|")));
  if (ends.join() === expected.join()) return [];
  return [`${what}: [${ends.join(", ")}] instead of [${expected.join(", ")}]`];
}

/** I6: an undo does the opposite of what the run's own writes did, and nothing else. */
function takenBack(applied: Carried, undone: Carried): readonly string[] {
  const own = (effects: readonly string[]): readonly string[] =>
    effects.filter((effect) => effect.startsWith("assets.updatePermissions")).toSorted();
  const opposite = (effect: string): string =>
    effect.replace(/ ([+-])/, (_, sign: string) => (sign === "+" ? " -" : " +"));
  const should = own(applied.ending.effects).map(opposite).toSorted().join("; ");
  const is = own(undone.ending.effects).join("; ");
  return is === should ? [] : [`I6: the undo did [${is}], and should do [${should}]`];
}

async function liveApply(calm: Calm, dooms: readonly Doom[]): Promise<Attempt> {
  const run = await copyOf(calm.run, calm.store);
  const carried = await carryOut(begun(calm.plan, calm.store), run, calm.run.digest, dooms);
  run.dispose();
  return {
    ...carried,
    violations: [...carried.violations, ...differences(carried.ending, calm.applied, calm.plan.mayDoubt === true)],
  };
}

async function liveUndo(calm: Calm, dooms: readonly Doom[]): Promise<Attempt> {
  const run = await copyOf(calm.undo, calm.store);
  const carried = await carryOut(over(calm), run, calm.undo.digest, dooms);
  run.dispose();
  return { ...carried, violations: [...carried.violations, ...differences(carried.ending, calm.undone, false)] };
}

async function liveVerify(calm: Calm, dooms: readonly Doom[]): Promise<Attempt> {
  const ground = over(calm);
  const { attempt, end } = await through(ground, dooms, (life) => verifyIn(ground, life, calm.done));
  const violations = [...untouched(ground, calm.applied.state)];
  if (text(end) !== calm.verified) violations.push(`verify says ${text(end)} instead of ${calm.verified}`);
  const bad = await (await calm.done.openReader()).firstBadAuditRow();
  if (bad !== undefined) violations.push(`I8: the audit chain breaks at row ${bad}`);
  return { ...attempt, violations };
}

function livePlan(calm: Calm, dooms: readonly Doom[]): Promise<Attempt> {
  const ground = new Ground({ store: calm.store, world: calm.plan.world(), switches: calm.plan.switches });
  const requests = calm.plan.requests();
  return liveMaking(ground, calm.run, dooms, (life, run) => planIn(ground, life, run, requests));
}

function liveUndoPlan(calm: Calm, dooms: readonly Doom[]): Promise<Attempt> {
  const ground = over(calm);
  return liveMaking(ground, calm.undo, dooms, (life, run) => undoIn(ground, life, calm.done, run));
}

/** Each life makes a run of its own: killed, it leaves none or a whole one; the last leaves the same as undisturbed. */
async function liveMaking(
  ground: Ground,
  should: SealedRun,
  dooms: readonly Doom[],
  make: (life: Life, run: MemoryRun) => Promise<unknown>,
): Promise<Attempt> {
  const state = stateText(ground.emulator.state);
  const runs: MemoryRun[] = [];
  const { attempt } = await through(ground, dooms, (life) => {
    const run = ground.store.run();
    runs.push(run);
    return make(life, run);
  });
  const violations = [...untouched(ground, state)];
  for (const [index, run] of runs.entries()) {
    const isLast = index === runs.length - 1;
    const made = await sealedOf(run).catch(() => undefined);
    if (made === undefined && isLast) violations.push("no run is left");
    if (made !== undefined && stepsText(made) !== stepsText(should)) violations.push("the run has other steps");
    run.dispose();
  }
  return { ...attempt, violations };
}

async function through<T>(
  ground: Ground,
  dooms: readonly Doom[],
  work: (life: Life) => Promise<T>,
): Promise<{ readonly attempt: Omit<Attempt, "violations">; readonly end: T }> {
  for (const [met, doom] of [...dooms, undefined].entries()) {
    const life = ground.life(doom);
    const end = await ground.drive(work(life), life);
    if (end !== "killed") return { attempt: { met, boundaries: ground.lives[0]?.boundaries ?? [] }, end };
  }
  throw new Error("killed without a reason");
}

/** Reading changes nothing. */
function untouched(ground: Ground, state: string): readonly string[] {
  const writes = ground.sent.filter(({ kind }) => kind === "patch" || kind === "insert").length;
  if (writes > 0) return [`${writes} writes were sent`];
  return stateText(ground.emulator.state) === state ? [] : ["the server is not as it was"];
}

function stepsText({ drafts }: SealedRun): string {
  // Rows are numbered as they are made.
  return text(drafts).replaceAll(/"line":\d+/g, "");
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (inner instanceof Map ? [...inner] : inner));
}

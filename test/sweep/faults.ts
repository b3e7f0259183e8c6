/** One fault on one route, once or for ever, while one verb is at work: what comes of it, and what once it is over. */
import type { Fault } from "../../src/emulator/fault-rules.ts";
import { emptyTenant } from "../../src/emulator/world.ts";
import { ApiError } from "../../src/model/errors.ts";
import type { Request } from "../../src/model/request.ts";
import { everything, row, transfer, written } from "../plan/compile/world.ts";
import { applyDefaults, smallTenant } from "../support/rig.ts";
import { applyOnceMore, rowText, watchIntents } from "./carry-out.ts";
import type { Verb, When } from "./fault-kinds.ts";
import { Ground } from "./ground.ts";
import { effectsOf, judge, stateText } from "./judge.ts";
import { model } from "./store.ts";
import { applyIn, copyOf, planIn, sealedOf, undoIn, verifyIn } from "./verbs.ts";
import type { SealedRun } from "./verbs.ts";

export interface Suffered {
  /** How the verb ended under the fault. */
  readonly said: string;
  /** How it ended when it was given again without the fault. */
  readonly after: string;
  /** How often the fault struck. */
  readonly struck: number;
  readonly violations: readonly string[];
}

const drainMs = 400_000;
const startsMax = 3;

/** A tenant in which one plan needs every route: a user who leaves everything, a group, and a title to search for. */
function world(): ReturnType<typeof smallTenant> {
  const made = smallTenant();
  made.addGroup({ email: "crew", members: ["ana"] });
  made.addAsset({ name: "r1", owner: "leaver", roles: { VIEWER: ["user:other@acme.example"] } });
  made.addAsset({ name: "x1", owner: "heir", title: "Weekly" });
  return made;
}

function wishes(): readonly Request[] {
  return [
    transfer("leaver", "heir", { keep: "none" }),
    row({
      action: "grant",
      select: { ...everything, title: "Week*" },
      member: written("crew@acme.example"),
      role: "VIEWER",
    }),
  ];
}

/** Where each verb begins, from an undisturbed life of the plan. */
export interface Scene {
  readonly run: SealedRun;
  readonly undo: SealedRun;
  readonly applied: string;
  /** What the server was made to do, and what it holds since. */
  readonly effects: string;
  readonly wall: number;
  readonly done: Awaited<ReturnType<typeof copyOf>>;
}

export async function makeScene(): Promise<Scene> {
  const before = fresh();
  const made = model.run();
  await end(before, (life) => planIn(before, life, made, wishes()));
  const run = await sealedOf(made);
  const ground = fresh();
  const done = await copyOf(run, model);
  await end(ground, (life) => applyIn(ground, life, done));
  const taken = model.run();
  await end(ground, (life) => undoIn(ground, life, done, taken));
  const { emulator, clock } = ground;
  const effects = broughtAbout(ground);
  return { run, undo: await sealedOf(taken), applied: emulator.exportState(), effects, wall: clock.now(), done };
}

function fresh(): Ground {
  return new Ground({ store: model, world: world() });
}

function afterApply({ applied, wall }: Scene): Ground {
  const ground = new Ground({ store: model, world: emptyTenant("acme.example"), wall });
  ground.emulator.importState(applied);
  return ground;
}

async function end<T>(ground: Ground, work: (life: ReturnType<Ground["life"]>) => Promise<T>): Promise<T> {
  const life = ground.life();
  const ended = await ground.drive(work(life), life);
  if (ended === "killed") throw new Error("killed without a reason");
  return ended;
}

function broughtAbout({ emulator }: Ground): string {
  return `${effectsOf(emulator.history).join("\n")}\n${stateText(emulator.state)}`;
}

/** Strikes, looks, lifts the fault, and looks again. */
export async function suffer(scene: Scene, verb: Verb, route: string, fault: Fault, when: When): Promise<Suffered> {
  const ground = verb === "plan" || verb === "apply" ? fresh() : afterApply(scene);
  const rule = { route, fault, ...(when === "ever" ? {} : { nth: when === "first" ? 1 : 2 }) };
  ground.emulator.setFaults([rule]);
  const lift = (): number => {
    const struck = ground.emulator.faults.rules[0]?.struck ?? 0;
    ground.emulator.setFaults([]);
    ground.emulator.tokens.delegationRevoked = false;
    return struck;
  };
  return verb === "apply" ? sufferApply(scene, ground, lift) : sufferReading(scene, verb, ground, lift);
}

async function sufferApply(scene: Scene, ground: Ground, lift: () => number): Promise<Suffered> {
  const violations: string[] = [];
  const run = await copyOf(scene.run, model);
  await watchIntents(ground, run, violations);
  const summary = await end(ground, (life) => applyIn(ground, life, run));
  const look = async (isOver: boolean): Promise<string> => {
    const rows = await (await run.openReader()).page({}, 0, 100);
    const { emulator, sent } = ground;
    const { history, transfers, state } = emulator;
    const jobs = [...transfers.jobs.values()];
    const { attemptsMax } = applyDefaults;
    const isOurs = (via: string): boolean => via === "assets.updatePermissions" || via === "transfer";
    const meanwhile = history.filter(({ via }) => !isOurs(via));
    violations.push(...judge({ rows, changes: history, meanwhile, sent, jobs, state, attemptsMax, isOver }));
    return rows.map((each) => rowText(each).split("|")[0]?.replace(/^\w+ /, "")).join(", ");
  };
  const blocked = [...new Set(summary.blocked.map(({ failure }) => failure))].toSorted().join("+");
  const under = `${summary.end}${blocked === "" ? "" : ` ${blocked}`}`;
  const steps = await look(false);
  const struck = lift();
  for (let start = 1, over = summary.end === "finished"; !over; start += 1) {
    const again = await end(ground, (life) => applyIn(ground, life, run));
    over = again.end === "finished" || start === startsMax;
    if (!over || again.end === "finished") continue;
    // What is stuck at the server for good stays open, and says so.
    if (again.end !== "budget") violations.push(`I7: it ended ${again.end}: ${again.reason ?? ""}`);
    return { said: `${under}: ${steps}`, after: `${again.end}: ${await look(false)}`, struck, violations };
  }
  violations.push(...(await applyOnceMore(ground, run)));
  await ground.clock.advance(drainMs);
  ground.emulator.settle();
  const after = await look(true);
  // Once everything is done, it is the same as if nothing had happened, but for what people did.
  const isOther = /failed|skipped/.test(after) || ground.emulator.history.some(({ via }) => via === "fault");
  if (!isOther && broughtAbout(ground) !== scene.effects) violations.push("the server is not as it should be");
  const reader = await run.openReader();
  if ((await reader.firstBadAuditRow()) !== undefined) violations.push("I8: the audit chain breaks");
  return { said: `${under}: ${steps}`, after, struck, violations };
}

async function sufferReading(
  scene: Scene,
  verb: "plan" | "verify" | "undo",
  ground: Ground,
  lift: () => number,
): Promise<Suffered> {
  const violations: string[] = [];
  const state = stateText(ground.emulator.state);
  const once = async (): Promise<string> => {
    const run = model.run();
    try {
      switch (verb) {
        case "plan": {
          const outcome = await end(ground, (life) => planIn(ground, life, run, wishes()));
          return outcome.kind === "made" ? madeText(await sealedOf(run), scene.run) : outcome.kind;
        }
        case "verify": {
          const seen = await end(ground, (life) => verifyIn(ground, life, scene.done));
          return `verified ${seen.verified}, drifted ${seen.drifted}, unreadable ${seen.unreadableCount}`;
        }
        case "undo": {
          const outcome = await end(ground, (life) => undoIn(ground, life, scene.done, run));
          return outcome.kind === "made" ? madeText(await sealedOf(run), scene.undo) : outcome.kind;
        }
      }
    } catch (error) {
      if (error instanceof ApiError) return `throws ${error.failure}`;
      return error instanceof Error ? `throws ${error.name}: ${error.message}` : "throws";
    }
  };
  const said = await once();
  const struck = lift();
  const after = await once();
  const writes = ground.sent.filter(({ kind }) => kind === "patch" || kind === "insert").length;
  if (writes > 0) violations.push(`${writes} writes were sent`);
  const isFaultsOwn = ground.emulator.history.some(({ via }) => via === "fault");
  if (!isFaultsOwn && stateText(ground.emulator.state) !== state) violations.push("the server is not as it was");
  return { said, after, struck, violations };
}

function madeText(is: SealedRun, should: SealedRun): string {
  const kinds = is.drafts.map(({ kind }) => kind).join(", ");
  const refused = is.header.refusals.map(({ rule }) => rule).join("+");
  const isSame = kinds === should.drafts.map(({ kind }) => kind).join(", ") && refused === "";
  return isSame ? "made" : `made [${kinds}] refused [${refused}]`;
}

/** How a run comes to be in a seed: planned from rows or as an undo, through faults, and killed in the middle now and then. */
import { planRun } from "../../src/engine/plan.ts";
import { undoRun } from "../../src/engine/undo.ts";
import type { PlanOutcome } from "../../src/engine/verbs.ts";
import { Pacer } from "../../src/google/pacer.ts";
import type { RunReader, RunWriter, StepRow } from "../../src/journal/journal.ts";
import type { Stage } from "../../src/journal/stage.ts";
import { openStage } from "../../src/journal/sqlite/stage.ts";
import { ApiError, PlanFileError } from "../../src/model/errors.ts";
import type { Digest, RunHeader } from "../../src/model/run.ts";
import type { Request } from "../../src/model/request.ts";
import type { Chance } from "./chance.ts";
import { judgeUndo } from "./judge-undo.ts";
import { createModelStage } from "./model/stage.ts";
import type { Play } from "./play.ts";
import type { Doom, Process } from "./process.ts";
import { makeRows } from "./rows.ts";
import { address } from "./scene.ts";

/** Tries at one plan; the last is not killed. */
const triesMax = 5;

/** What makes the run: rows, or the run to take back. */
export type Source = { readonly rows: readonly Request[] } | { readonly undo: Play };

/** Rows that may be planned, fewer and fewer until they agree with each other; undefined when none do. */
export async function planSomething(play: Play): Promise<readonly Request[] | undefined> {
  const { scene, chances } = play.sim;
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const all = makeRows(chances.plan, scene);
    const rows = all.slice(0, Math.ceil(all.length / (attempt + 1)));
    if (await makeRun(play, { rows })) return rows;
  }
  return undefined;
}

/** Plans until there is a run; answers whether there is one with something to do. */
export async function makeRun(play: Play, source: Source): Promise<boolean> {
  const { sim } = play;
  const { doom } = sim.chances;
  for (let attempt = 1; attempt <= triesMax; attempt += 1) {
    const isDoomed = !sim.setting.isCalm && attempt < triesMax && doom.hits(0.12);
    const made = await planOnce(play, source, isDoomed ? drawPlanDoom(doom) : {});
    if (made === "nothing" || made === "made") return made === "made";
    // Longer and longer, as people wait: what went wrong is mostly over before the last try.
    await sim.time.sleep(doom.between(0, 60_000 * 2 ** attempt));
  }
  return false;
}

interface PlanDoom extends Doom {
  /** Killed when the run is in place and nobody has been told. */
  readonly afterSeal?: boolean;
}

function drawPlanDoom(chance: Chance): PlanDoom {
  return chance.hits(0.25) ? { afterSeal: true } : { boundary: chance.whole(1, 80) };
}

/** `again`: it was killed, or Google could not be read. */
async function planOnce(play: Play, source: Source, doom: PlanDoom): Promise<"made" | "nothing" | "again"> {
  const { sim } = play;
  const memory = play.fresh();
  play.changesFrom = sim.emulator.history.length;
  const process = sim.process(play, true, doom);
  const inner = new Sealing(memory.writer);
  const writer = process.holding(doom.afterSeal === true ? lastWrite(inner, process) : inner);
  try {
    const work =
      "rows" in source ? plan(play, process, writer, source.rows) : planUndo(play, process, writer, source.undo);
    const end = await Promise.race([work, process.gone]);
    if (end === "killed") {
      await inner.ended;
      return await afterKill(play);
    }
    if (typeof end === "string") return "again";
    if (end.kind !== "made" || end.header.totals.steps === 0) return "nothing";
    if ("undo" in source) await judgeUndoPlan(play, source.undo);
    return "made";
  } catch (error) {
    if (error instanceof PlanFileError) return "nothing";
    if (!(error instanceof ApiError)) throw error;
    sim.saw("plan given up: Google could not be read");
    sim.note(`${process.who.id} ends: ${error.failure}`);
    await memory.writer.discard().catch(() => undefined);
    return "again";
  } finally {
    process.ended();
  }
}

async function plan(play: Play, process: Process, writer: RunWriter, rows: readonly Request[]): Promise<PlanOutcome> {
  const { sim } = play;
  const stage: Stage = process.holding(
    sim.storeKind === "sqlite" ? await openStage({ memory: true }) : createModelStage(),
  );
  try {
    await stage.addRequests(rows);
    const surroundings = play.surroundings(process, play.api(process, "read", pacerOf(play, process)));
    return await planRun(surroundings, stage, writer, {
      runId: runId(play),
      toolVersion: "0.0.0",
      admin: address("admin"),
      settings: { tenant: undefined, protect: [], limits: {} },
      planFiles: [],
      rows: rows.length,
      duplicateRows: 0,
      skipRefused: true,
      concurrency: 4,
    });
  } finally {
    await stage.close();
  }
}

async function planUndo(play: Play, process: Process, writer: RunWriter, done: Play): Promise<PlanOutcome> {
  const surroundings = play.surroundings(process, play.api(process, "read", pacerOf(play, process)));
  return undoRun(surroundings, await done.made.openReader(), writer, {
    runId: runId(play),
    toolVersion: "0.0.0",
    admin: address("admin"),
    concurrency: 4,
  });
}

/** A writer that tells when a seal has ended which a killed process had begun: that is all of it or nothing. */
class Sealing implements RunWriter {
  ended: Promise<unknown> = Promise.resolve();
  readonly #inner: RunWriter;

  constructor(inner: RunWriter) {
    this.#inner = inner;
  }

  add(drafts: Parameters<RunWriter["add"]>[0]): Promise<number> {
    return this.#inner.add(drafts);
  }

  seal(header: RunHeader): Promise<Digest> {
    const sealed = this.#inner.seal(header);
    this.ended = sealed.catch(() => undefined);
    return sealed;
  }

  discard(): Promise<void> {
    return this.#inner.discard();
  }
}

/** Sealing the run is the last thing the process does. */
function lastWrite(inner: RunWriter, process: Process): RunWriter {
  return {
    add: (drafts) => inner.add(drafts),
    seal: async (header) => {
      const digest = await inner.seal(header);
      process.kill();
      return digest;
    },
    discard: () => inner.discard(),
  };
}

function pacerOf(play: Play, process: Process): Pacer {
  return new Pacer(process.clock, play.sim.setting.rates);
}

/** Killed: there is no run, or a whole one. */
async function afterKill(play: Play): Promise<"made" | "nothing" | "again"> {
  const { sim } = play;
  sim.kills += 1;
  let reader: RunReader;
  try {
    reader = await play.made.openReader();
  } catch {
    sim.saw("plan killed, and there is no run");
    return "again";
  }
  sim.saw("plan killed, and there is a whole run");
  const rows = await allRows(reader);
  const { steps } = reader.header.totals;
  if (rows.length !== steps) sim.wrong(`${play.label}: a killed plan left ${rows.length} of ${steps} steps`);
  return steps > 0 ? "made" : "nothing";
}

async function judgeUndoPlan(play: Play, done: Play): Promise<void> {
  const { sim } = play;
  const reader = await play.made.openReader();
  const sent = sim.wire.sent.filter((each) => each.run === play.id && each.isPlanning);
  const found = judgeUndo(await allRows(await done.made.openReader()), await allRows(reader), reader.header, sent);
  for (const text of found) sim.wrong(`${play.label}: ${text}`);
}

export function allRows(reader: RunReader): Promise<readonly StepRow[]> {
  return reader.page({}, 0, 100_000);
}

function runId(play: Play): string {
  return `01SIM${play.id}${String(play.sim.seed).padStart(20, "0")}`;
}

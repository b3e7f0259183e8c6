/** The verbs of the command as one life carries them out, each with a boundary round everything it does to the world. */
import { applyRun } from "../../src/engine/apply.ts";
import { planRun } from "../../src/engine/plan.ts";
import { undoRun } from "../../src/engine/undo.ts";
import type { ApplySummary, PlanOutcome, VerifySummary } from "../../src/engine/verbs.ts";
import { verifyRun } from "../../src/engine/verify.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { Request } from "../../src/model/request.ts";
import type { RunHeader } from "../../src/model/run.ts";
import type { StepDraft } from "../../src/model/step.ts";
import { address, applyDefaults } from "../support/rig.ts";
import type { Ground } from "./ground.ts";
import type { Life } from "./life.ts";
import type { Store } from "./store.ts";

const runId = "01SWEEP0000000000000000001";
const undoId = "01SWEEP0000000000000000002";

export async function planIn(
  ground: Ground,
  life: Life,
  run: MemoryRun,
  requests: readonly Request[],
): Promise<PlanOutcome> {
  const stage = await ground.store.stage();
  await stage.addRequests(requests);
  // The stage is of this process alone: nothing of it outlives a death, so that it has no boundaries of its own.
  const outcome = await planRun(ground.surroundings(life, "read"), stage, life.guarded(run.writer, "writer"), {
    runId,
    toolVersion: "0.0.0",
    admin: address("admin"),
    settings: { tenant: undefined, protect: [], limits: {} },
    planFiles: [],
    rows: requests.length,
    duplicateRows: 0,
    skipRefused: true,
    concurrency: 4,
  });
  await stage.close();
  return outcome;
}

export async function applyIn(ground: Ground, life: Life, run: MemoryRun): Promise<ApplySummary> {
  const opened = await life.around("open", () => run.openJournal({ clock: life.clock }));
  const journal = life.guarded(opened, "journal");
  const summary = await applyRun(ground.surroundings(life, "write"), journal, applyDefaults);
  await journal.close();
  return summary;
}

export async function verifyIn(ground: Ground, life: Life, run: MemoryRun): Promise<VerifySummary> {
  const opened = await life.around("open", () => run.openJournal({ clock: life.clock }));
  const journal = life.guarded(opened, "journal");
  const options = { concurrency: 4, driftsMax: 100, record: journal };
  const summary = await verifyRun(ground.surroundings(life, "read"), journal, options);
  await journal.close();
  return summary;
}

export async function undoIn(ground: Ground, life: Life, done: MemoryRun, undo: MemoryRun): Promise<PlanOutcome> {
  const reader = life.guarded(await done.openReader(), "reader");
  return undoRun(ground.surroundings(life, "read"), reader, life.guarded(undo.writer, "writer"), {
    runId: undoId,
    toolVersion: "0.0.0",
    admin: address("admin"),
    concurrency: 4,
  });
}

/** A run as it was sealed, to be had afresh as often as a sweep needs it. */
export interface SealedRun {
  readonly header: RunHeader;
  readonly digest: string;
  readonly drafts: readonly StepDraft[];
}

export async function sealedOf(run: MemoryRun): Promise<SealedRun> {
  const reader = await run.openReader();
  const rows = await reader.page({}, 0, 10_000);
  return { header: reader.header, digest: reader.digest, drafts: rows.map(({ step }) => step) };
}

/** A fresh copy, not begun. Throws if it is not the same run. */
export async function copyOf(sealed: SealedRun, store: Store): Promise<MemoryRun> {
  const run = store.run();
  await run.writer.add(sealed.drafts);
  const digest = await run.writer.seal(sealed.header);
  if (digest !== sealed.digest) throw new Error("the copy of a run has another digest");
  return run;
}

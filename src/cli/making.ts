/** Making a run, which `plan` and `undo` have in common: what surrounds the work, and showing what came of it. */
import { stat } from "node:fs/promises";
import { PlanStopped } from "../engine/plan.ts";
import type { PlanOutcome, Surroundings } from "../engine/verbs.ts";
import type { RunReader, RunWriter } from "../journal/journal.ts";
import type { Api } from "../model/api.ts";
import { ApiError, GuardError, UsageError } from "../model/errors.ts";
import type { CheckpointSigner } from "../model/signing/checkpoint.ts";
import { printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import type { Settings } from "./config.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { shownPath } from "./files.ts";
import { hasBegun } from "./guards.ts";
import { beginReading } from "./reading.ts";
import { print } from "./output.ts";
import { showNoRun, showRun } from "./plan-view.ts";
import type { PlanViewOptions } from "./plan-view.ts";
import type { RunPlace } from "./run-place.ts";

export interface Making {
  readonly verb: string;
  readonly runId: string;
  /** Where the run is put. */
  readonly place: RunPlace;
  readonly replace: boolean;
  /** Signs for who plans. */
  readonly signer: CheckpointSigner | undefined;
  /** How to reach Google; or what answers in its place. */
  readonly settings: Settings | { readonly api: Api; readonly logFile: string | undefined };
  readonly detailed: boolean;
  readonly concurrency: number;
  readonly view: PlanViewOptions;
}

/** As much of a place as it takes to see whether a run is there, and how far it has come. */
interface Taken extends Pick<RunPlace, "name" | "path" | "folder" | "isThere"> {
  openReader(): Promise<Pick<RunReader, "counts" | "close">>;
}

/** A run that has begun holds the only proof of what was done: nothing writes over it. */
export async function refuseTaken(context: Context, place: Taken, replace: boolean): Promise<void> {
  if (!(await place.isThere())) return place.path === undefined ? undefined : refuseNoFolder(context, place.folder);
  const name = printable(place.name, 500);
  const other = "choose another name with -o NAME";
  if (!replace) throw new UsageError(`${name} exists already`, `${other}, or add --replace`);
  const reader = await place.openReader();
  const begun = hasBegun(await reader.counts());
  await reader.close();
  if (begun) throw new GuardError("progress", `${name} has been carried out in part and is the proof of it`, other);
}

async function refuseNoFolder(context: Context, folder: string): Promise<void> {
  if ((await stat(folder).catch(() => undefined))?.isDirectory() === true) return;
  const shown = shownPath(context, folder);
  throw new UsageError(
    `there is no folder ${printable(shown)}`,
    `make it with mkdir -p ${shellWord(shown)}, or choose another place with -o NAME`,
  );
}

/** Calls `work`, which seals or discards the run, and shows the outcome. Whatever ends it early leaves nothing behind. */
export async function makeRun(
  context: Context,
  making: Making,
  work: (surroundings: Surroundings, writer: RunWriter) => Promise<PlanOutcome>,
): Promise<ExitCode> {
  const { settings } = making;
  const reading = await beginReading(context, {
    verb: making.verb,
    id: making.runId,
    logFile: settings.logFile,
    color: making.view.color,
    again: undefined,
  });
  let outcome: PlanOutcome;
  try {
    const api = "api" in settings ? settings.api : await reading.connect(settings, making.concurrency);
    try {
      const writer = await making.place.create({ replace: making.replace, signer: making.signer });
      outcome = await work(reading.surroundings(api), writer).catch(async (error: unknown) => {
        await writer.discard();
        throw error;
      });
    } finally {
      await api.close();
    }
  } catch (error) {
    if (!isStop(error)) throw error;
    reading.view.close();
    await print(context.stderr, ["Stopped. No run was made; the same command begins again."]);
    return exitCode({ kind: "stopped" });
  } finally {
    await reading.close();
  }
  await showOutcome(context, making, outcome);
  return exitCode({ kind: "plan", outcome, detailed: making.detailed });
}

function isStop(error: unknown): boolean {
  return error instanceof PlanStopped || (error instanceof ApiError && error.failure === "stopped");
}

async function showOutcome(context: Context, making: Making, outcome: PlanOutcome): Promise<void> {
  const { name } = making.place;
  if (outcome.kind !== "made") return showNoRun(context, outcome, name, making.view);
  const reader = await making.place.openReader();
  try {
    await showRun(context, reader, name, making.view);
  } finally {
    await reader.close();
  }
}

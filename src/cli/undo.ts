/** `handover undo`: makes a new run that takes back what a run did; nothing is sent until that is applied. */
import type { Command } from "commander";
import { UsageError } from "../model/errors.ts";
import { resolveSettings } from "./config.ts";
import type { Context } from "./context.ts";
import type { ExitCode } from "./exit-code.ts";
import { addGoogleOptions, addJournalOptions, atOnce } from "./flags.ts";
import type { GoogleFlags, JournalFlags } from "./flags.ts";
import { addLimitOptions, boundBy, limitsByFlag } from "./guard-flags.ts";
import type { LimitFlags } from "./guard-flags.ts";
import type { GuardSettings } from "./guard-settings.ts";
import { ulid } from "./ids.ts";
import { addSignKey, checkpointSigner, plannerOf } from "./run-signer.ts";
import type { SignKeyFlags } from "./run-signer.ts";
import { existingRun, freshRun } from "./run-store.ts";

export interface UndoFlags extends GoogleFlags, JournalFlags, LimitFlags, SignKeyFlags {
  readonly output?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
  readonly all?: boolean;
  readonly concurrency?: number;
}

export interface UndoOptions {
  /** The run to take back. */
  readonly run: string;
  /** The run to make. */
  readonly output: string;
  readonly replace: boolean;
  readonly concurrency: number;
  readonly json: boolean;
  readonly all: boolean;
  readonly color: boolean;
  readonly signKey: string | undefined;
  readonly limits: GuardSettings["limits"];
  readonly google: GoogleFlags & JournalFlags;
}

export function define(command: Command): void {
  command
    .argument("<run>", "the run to take back: friday or friday.handover")
    .requiredOption("-o, --output <run>", "the run to make")
    .option("--replace", "take the place of a run of that name that has not begun")
    .option("--all", "show every step by itself; without it the first 400, in short")
    .option("--json", "one JSON document with every step")
    .option("--concurrency <n>", "calls under way at once (default 8)", atOnce);
  addGoogleOptions(addJournalOptions(addSignKey(addLimitOptions(command)))).addHelpText(
    "after",
    `
Examples:
  handover undo friday.handover -o friday-undo
  handover apply friday-undo.handover

Only what the run itself changed is taken back; what others changed since stays. What cannot be taken back,
such as a whole-user transfer, is said.`,
  );
}

export function parse(args: readonly string[], flags: UndoFlags): UndoOptions {
  return {
    run: args[0] ?? "",
    output: flags.output ?? "",
    replace: flags.replace === true,
    concurrency: flags.concurrency ?? 8,
    json: flags.json === true,
    all: flags.all === true,
    color: flags.color,
    signKey: flags.signKey,
    limits: limitsByFlag(flags),
    google: flags,
  };
}

export async function run(context: Context, options: UndoOptions): Promise<ExitCode> {
  const done = await existingRun(context, options.google, options.run);
  const place = await freshRun(context, options.google, options.output);
  if (place.name === done.name)
    throw new UsageError("a run cannot be its own undo", "name the new run differently with -o NAME");
  // What planning takes is loaded only now, so that help and mistyped options are answered at once.
  const { makeRun, refuseTaken } = await import("./making.ts");
  const { undoRun } = await import("../engine/undo.ts");
  await refuseTaken(context, place, options.replace);
  const settings = await resolveSettings(context, options.google);
  const reader = await done.openReader();
  try {
    const signer = await checkpointSigner(context, options.signKey);
    const runId = ulid(context.clock, context.random);
    const { concurrency, replace } = options;
    const making = {
      verb: "undo",
      runId,
      place,
      replace,
      signer,
      settings,
      detailed: false,
      concurrency,
      view: options,
    };
    return await makeRun(context, making, (surroundings, writer) =>
      undoRun(surroundings, reader, writer, {
        runId,
        toolVersion: context.version,
        admin: settings.admin,
        planner: plannerOf(context, signer),
        concurrency,
        guards: boundBy({ limits: {}, protect: [] }, settings.guards, options.limits),
      }),
    );
  } finally {
    await reader.close();
  }
}

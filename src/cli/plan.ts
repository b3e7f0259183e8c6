/** `handover plan`: plan files -> a run, shown; or every reason why there is none. */
import { dayMs } from "../model/clock.ts";
import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import type { PlanInput } from "../engine/verbs.ts";
import type { Stage } from "../journal/stage.ts";
import type { Api } from "../model/api.ts";
import type { Email } from "../model/email.ts";
import { GuardError, PlanFileError, UsageError } from "../model/errors.ts";
import type { CheckpointSigner } from "../model/signing/checkpoint.ts";
import { printable } from "../model/text.ts";
import { durationText, shellWord } from "../report/words.ts";
import { resolveGuards, resolveSettings } from "./config.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { openPlanFile } from "./files.ts";
import type { PlanFormat, PlanSource } from "./files.ts";
import { addGoogleOptions, addJournalOptions, atOnce, duration } from "./flags.ts";
import type { GoogleFlags, JournalFlags } from "./flags.ts";
import { addLimitOptions, boundBy, limitsByFlag } from "./guard-flags.ts";
import type { LimitFlags } from "./guard-flags.ts";
import type { GuardSettings } from "./guard-settings.ts";
import { ulid } from "./ids.ts";
import { print, styleOf } from "./output.ts";
import { addSignKey, checkpointSigner, plannerOf } from "./run-signer.ts";
import type { SignKeyFlags } from "./run-signer.ts";
import { freshRun } from "./run-store.ts";

export interface PlanFlags extends GoogleFlags, JournalFlags, LimitFlags, SignKeyFlags {
  readonly output?: string;
  readonly format?: PlanFormat;
  readonly skipRefused?: boolean;
  readonly replace?: boolean;
  readonly concurrency?: number;
  readonly json?: boolean;
  readonly all?: boolean;
  readonly detailedExitcode?: boolean;
  readonly snapshot?: string;
  readonly maxSnapshotAge?: number;
}

export interface PlanOptions {
  readonly files: readonly string[];
  readonly format: PlanFormat | undefined;
  /** The run as named, or made from the first file's name. */
  readonly run: string;
  readonly skipRefused: boolean;
  readonly limits: GuardSettings["limits"];
  readonly replace: boolean;
  readonly concurrency: number;
  readonly json: boolean;
  readonly all: boolean;
  readonly detailed: boolean;
  readonly color: boolean;
  /** What handover inventory has taken, to plan from instead of reading the tenant. */
  readonly snapshot: string | undefined;
  readonly snapshotAgeMaxMs: number;
  /** A key to sign with that the run is as it was planned, and by whom. */
  readonly signKey: string | undefined;
  readonly google: GoogleFlags & JournalFlags;
}

export function define(command: Command): void {
  command
    .argument("<files...>", "plan files (.csv, .yaml, .yml); - reads stdin")
    .option("-o, --output <run>", "the run to make; by default named after the first file")
    .addOption(new Option("--format <format>", "the format of files whose name does not tell").choices(["csv", "yaml"]))
    .option("--skip-refused", "make the run without what is refused, instead of no run")
    .option("--snapshot <file>", "plan from this snapshot, without asking Google anything")
    .option("--max-snapshot-age <time>", "how old that may be (default 24h)", duration)
    .option("--replace", "take the place of a run of that name that has not begun")
    .option("--all", "show every step by itself; without it the first 400, in short")
    .option("--json", "one JSON document with every step")
    .option("--detailed-exitcode", "exit 2 when the run has something to do, 0 when it has not")
    .option("--concurrency <n>", "calls under way at once (default 8)", atOnce);
  addGoogleOptions(addJournalOptions(addSignKey(addLimitOptions(command)))).addHelpText(
    "after",
    `
Examples:
  handover plan moves.csv -o friday.handover --key key.json --admin admin@acme.example
  handover plan leavers.csv reorganisation.yaml -o weekend
  handover plan moves.csv --snapshot october.snapshot
  echo 'from,to
  leaver@acme.example,heir@acme.example' | handover plan - --format csv -o leaver

Reads only. A plan file with any problem makes no run; all its problems are listed at once.`,
  );
}

export function parse(args: readonly string[], flags: PlanFlags): PlanOptions {
  const [first = ""] = args;
  if (args.filter((file) => file === "-").length > 1) {
    throw new UsageError("stdin can be read only once", "name - once");
  }
  if (args.includes("-") && flags.key === "-") {
    throw new UsageError("plan file and key cannot both come from stdin", "put one of them in a file");
  }
  if (first === "-" && flags.output === undefined) {
    throw new UsageError("a plan from stdin gives the run no name", "add -o NAME");
  }
  if (flags.maxSnapshotAge !== undefined && flags.snapshot === undefined) {
    throw new UsageError("--max-snapshot-age says how old a snapshot may be", "add --snapshot FILE");
  }
  return {
    files: args,
    snapshot: flags.snapshot,
    snapshotAgeMaxMs: flags.maxSnapshotAge ?? dayMs,
    format: flags.format,
    run: flags.output ?? first.replace(/^.*[/\\]/, "").replace(/\.[^.]*$/, ""),
    skipRefused: flags.skipRefused === true,
    limits: limitsByFlag(flags),
    replace: flags.replace === true,
    concurrency: flags.concurrency ?? 8,
    json: flags.json === true,
    all: flags.all === true,
    detailed: flags.detailedExitcode === true,
    color: flags.color,
    signKey: flags.signKey,
    google: flags,
  };
}

export async function run(context: Context, options: PlanOptions): Promise<ExitCode> {
  const place = await freshRun(context, options.google, options.run);
  // What planning takes is loaded only now, so that help and mistyped options are answered at once.
  const { makeRun, refuseTaken } = await import("./making.ts");
  await refuseTaken(context, place, options.replace);
  const signer = await checkpointSigner(context, options.signKey);
  const { openStage } = await import("../journal/sqlite/stage.ts");
  const { planRun } = await import("../engine/plan.ts");
  const snapshot = options.snapshot === undefined ? undefined : await openFacts(context, options, options.snapshot);
  const stage = await openStage();
  try {
    const wishes = await readPlanFiles(context, options, stage, signer);
    const settings = snapshot ?? (await resolveSettings(context, options.google));
    const guards = "guards" in settings ? settings.guards : await resolveGuards(context, options.google);
    const bound = { settings: { ...wishes.settings, ...boundBy(wishes.settings, guards, options.limits) } };
    const making = { ...options, verb: "plan", runId: wishes.runId, place, signer, settings, view: options };
    return await makeRun(context, making, (surroundings, writer) =>
      planRun(surroundings, stage, writer, { ...wishes, ...bound, admin: settings.admin, snapshotAt: snapshot?.at }),
    );
  } catch (error) {
    if (!(error instanceof PlanFileError)) throw error;
    return await showDiagnostics(context, options, error);
  } finally {
    await stage.close();
    await snapshot?.api.close();
  }
}

/** A snapshot in Google's place. Throws UsageError for one that was never finished, GuardError for one that is too old. */
async function openFacts(
  context: Context,
  options: PlanOptions,
  name: string,
): Promise<{ readonly api: Api; readonly admin: Email; readonly at: number; readonly logFile: string | undefined }> {
  const { openFinished } = await import("./snapshots.ts");
  const { offlineApi } = await import("../engine/offline.ts");
  const { reader, finishedAt } = await openFinished(context, name);
  const ageMs = context.clock.now() - finishedAt;
  if (ageMs > options.snapshotAgeMaxMs) {
    await reader.close();
    throw new GuardError(
      "snapshot-age",
      `${printable(name)} was taken ${durationText(ageMs)} ago, and a plan is made of facts no older than ${durationText(options.snapshotAgeMaxMs)}`,
      `take a new one: handover inventory --refresh ${shellWord(name)} -o NEW; or allow it: --max-snapshot-age ${Math.ceil(ageMs / 3_600_000)}h`,
    );
  }
  const { logFile } = options.google;
  const api = offlineApi(reader);
  return {
    api: { ...api, close: () => reader.close() },
    admin: reader.header.admin,
    at: finishedAt,
    logFile: logFile === undefined ? undefined : resolve(context.cwd, logFile),
  };
}

async function readPlanFiles(
  context: Context,
  options: PlanOptions,
  stage: Stage,
  signer: CheckpointSigner | undefined,
): Promise<Omit<PlanInput, "admin">> {
  const { readSources } = await import("./plan-reading.ts");
  const wishes = await readSources(opened(context, options), stage);
  return {
    runId: ulid(context.clock, context.random),
    toolVersion: context.version,
    planner: plannerOf(context, signer),
    ...wishes,
    skipRefused: options.skipRefused,
    concurrency: options.concurrency,
  };
}

async function* opened(context: Context, { files, format }: PlanOptions): AsyncGenerator<PlanSource> {
  for (const file of files) yield await openPlanFile(context, file, format);
}

async function showDiagnostics(context: Context, options: PlanOptions, error: PlanFileError): Promise<ExitCode> {
  if (options.json) {
    const { diagnosticsJson } = await import("../report/json.ts");
    await print(context.stdout, [diagnosticsJson(error.diagnostics, error.omitted)]);
  } else {
    const { diagnosticsText } = await import("../report/diagnostics-text.ts");
    const style = styleOf(context, context.stderr, options.color);
    await print(context.stderr, diagnosticsText(error.diagnostics, error.omitted, style));
  }
  return exitCode({ kind: "error", error });
}

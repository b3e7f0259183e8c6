/** `handover worker`: carries out the runs that were handed to workers, together with any number of others. */
import type { Command } from "commander";
import type { CallRecord } from "../google/send.ts";
import type { JournalAddress } from "../journal/postgres/address.ts";
import type { EngineEvent } from "../model/event.ts";
import { RunFileError, UsageError } from "../model/errors.ts";
import type { CheckpointSigner } from "../model/signing/checkpoint.ts";
import { printable } from "../model/text.ts";
import { durationText } from "../report/words.ts";
import { addEventOptions, hookHelp, parseOutlets } from "./apply-outlets.ts";
import type { OutletFlags, OutletOptions } from "./apply-outlets.ts";
import { resolveSettings } from "./config.ts";
import type { Settings } from "./config.ts";
import type { Context } from "./context.ts";
import type { ExitCode } from "./exit-code.ts";
import { addGoogleOptions, addJournalOptions, atOnce, count, duration } from "./flags.ts";
import type { GoogleFlags, JournalFlags } from "./flags.ts";
import { addSignKey, checkpointSigner } from "./run-signer.ts";
import type { SignKeyFlags } from "./run-signer.ts";
import { journalAddress } from "./run-store.ts";
import { stopOnSignals } from "./signals.ts";

export interface WorkerFlags
  extends GoogleFlags, JournalFlags, SignKeyFlags, Omit<OutletFlags, "metrics" | "metricsPort"> {
  readonly run?: string;
  readonly untilIdle?: boolean;
  readonly exitWhenDone?: boolean;
  readonly lease?: number;
  readonly concurrency?: number;
  readonly perActor?: number;
  readonly health?: string;
}

export interface WorkerOptions {
  readonly flags: WorkerFlags;
  readonly outlets: OutletOptions;
  readonly leaseMs: number;
}

const leaseDefaultMs = 30_000;
/** Shorter ones end in the pauses that a busy machine or a slow network makes. */
const leaseMinMs = 5000;
const leaseMinNearMs = 500;
const leaseMaxMs = 3_600_000;

export function define(command: Command): void {
  command
    .option("--run <name>", "carry out this run only (default: all that were handed over, fairly)")
    .option("--until-idle", "end once nothing is to be carried out")
    .option("--exit-when-done", "with --run: end once it has ended, with the exit code of its apply")
    .option("--lease <time>", "how long steps stay with a worker that has gone silent (default 30s)", duration)
    .option("--concurrency <n>", "steps under way at once here (default: as handed over, else 16)", atOnce)
    .option("--per-actor <n>", "steps under way at once as one user, over all workers", count)
    .option("--health <host:port>", "answer /livez, /readyz and /metrics there, such as :8080");
  addEventOptions(command);
  addJournalOptions(command);
  addGoogleOptions(addSignKey(command)).addHelpText(
    "after",
    `
Runs are handed over with handover apply RUN --journal URL. Workers may be started and ended anywhere,
at any time: what a worker that died had begun is taken over once its lease has run out, and whether it
took effect is looked at before anything is sent. All workers keep to one pace between them.
Guards, waves, pauses and budgets hold for all workers together. With --sign-key the audit chain of
each run is signed as it grows, and when this worker leaves it; apply --sign-key signs its end.

--events and --on-event tell what this worker does, run by run: its steps, and when Google asks it to
slow down; "ended" is when it has left a run. What becomes of a run over all workers its apply tells,
with the same options. --events names the run in each line; --health has the figures, for Prometheus.
${hookHelp}

SIGTERM and Ctrl-C finish what is under way, give the rest back, and end with 7; a second signal leaves
at once with 130. While the database does not answer, a worker waits, and sends nothing.

Exits with 0 (--until-idle), the run's own code (--exit-when-done), 3 for wrong settings or tables of
another version, 4 when the credentials are refused, 6 when a guard keeps --run from being carried out.

Examples:
  handover worker --journal postgres://handover@db.acme.example/handover
  handover worker --journal postgres://db/handover --tenant acme --health :8080
  handover worker --journal postgres://db/handover --events worker-1.ndjson --on-event ./page-ops.sh
  handover worker --journal postgres://db/handover --run friday --exit-when-done`,
  );
}

export function parse(_args: readonly string[], flags: WorkerFlags): WorkerOptions {
  const leaseMs = flags.lease ?? leaseDefaultMs;
  if (leaseMs > leaseMaxMs || leaseMs < leaseMinNearMs) {
    throw new UsageError(`--lease: ${leaseText(leaseMs)} is no lease`, "write a time from 5s to 1h, such as 30s");
  }
  if (flags.exitWhenDone === true && flags.run === undefined) {
    throw new UsageError("--exit-when-done waits for the end of one run", "say which: --run NAME; or use --until-idle");
  }
  if (flags.exitWhenDone === true && flags.untilIdle === true) {
    throw new UsageError("--exit-when-done and --until-idle are two ways to end", "leave one of them out");
  }
  return { flags, leaseMs, outlets: parseOutlets(flags) };
}

/** As it was written: rounded up, one that is too short looks long enough. */
function leaseText(leaseMs: number): string {
  return leaseMs % 1000 === 0 ? durationText(leaseMs) : `${leaseMs} ms`;
}

export async function run(context: Context, { flags, leaseMs, outlets }: WorkerOptions): Promise<ExitCode> {
  const settings = await resolveSettings(context, flags);
  const address = await journalAddress(context, flags);
  if (address === undefined) {
    throw new UsageError("a worker takes its runs from a database, and none is named", "add --journal URL");
  }
  if (leaseMs < leaseMinMs && settings.endpoint?.startsWith("http:") !== true) {
    throw new UsageError(
      `--lease: ${leaseText(leaseMs)} is shorter than the pauses of a busy machine`,
      "use 5s or more, such as 30s",
    );
  }
  const stopping = stopOnSignals(context, undefined);
  try {
    const crewing = { flags, outlets, settings, address, leaseMs, stop: stopping.stop, late: stopping.late };
    const signer = await checkpointSigner(context, flags.signKey);
    return await work(context, { ...crewing, only: flags.run, say: sayTo(context), signer });
  } finally {
    stopping.dispose();
  }
}

/** A worker of one run in a process that does something else as well. */
export async function workHere(
  context: Context,
  {
    flags,
    address,
    run: only,
    stop,
    signer,
  }: Readonly<{
    flags: WorkerFlags;
    address: JournalAddress;
    run: string;
    stop: AbortSignal;
    signer: CheckpointSigner | undefined;
  }>,
): Promise<ExitCode> {
  const settings = await resolveSettings(context, flags);
  const own = { ...flags, exitWhenDone: true, untilIdle: false, health: undefined };
  const say = (): void => undefined;
  // Whoever follows the run here tells of all workers.
  const outlets = parseOutlets({});
  const working = { flags: own, outlets, settings, address, leaseMs: leaseDefaultMs };
  return work(context, { ...working, stop, late: stop, only, say, signer });
}

interface Working {
  readonly flags: Omit<WorkerFlags, "health"> & { readonly health?: string | undefined };
  readonly outlets: OutletOptions;
  readonly settings: Settings;
  readonly address: JournalAddress;
  readonly leaseMs: number;
  readonly only: string | undefined;
  readonly stop: AbortSignal;
  readonly late: AbortSignal;
  readonly say: (line: string) => void;
  readonly signer: CheckpointSigner | undefined;
}

function sayTo(context: Context): (line: string) => void {
  return (line) => void context.stderr.write(`${printable(line, 2000)}\n`);
}

async function work(context: Context, working: Working): Promise<ExitCode> {
  const { flags, settings, address, leaseMs, only, stop, late, say, signer } = working;
  const { JournalDatabase } = await import("../journal/postgres/database.ts");
  const { Crew, isAway } = await import("./worker-crew.ts");
  const { parseHealthAddress, serveHealth } = await import("./worker-health.ts");
  const { openWorkerOutlets } = await import("./worker-outlets.ts");
  const { carryRun } = await import("./worker-run.ts");
  const health = flags.health === undefined ? undefined : parseHealthAddress(flags.health);
  const database = new JournalDatabase(address);
  const label = `${context.account}:${process.pid}`;
  const outlets = await openWorkerOutlets(context, working.outlets, label, say);
  const ended = new Map<string, number>();
  const calls = new Map<string, number>();
  const add = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  const { concurrency, perActor } = flags;
  const carrying = {
    settings,
    database,
    label,
    leaseMs,
    concurrency,
    perActor,
    signer,
    outlets,
    stop,
    late,
    say,
    onEvent: (event: EngineEvent) => {
      if (event.type === "step") add(ended, event.outcome);
    },
    onCall: ({ failure }: CallRecord) => add(calls, failure ?? "ok"),
  };
  const crew = new Crew(context, {
    database,
    label,
    only,
    untilIdle: flags.untilIdle === true,
    exitWhenDone: flags.exitWhenDone === true,
    stop,
    say,
    carry: (handed, joined) => carryRun(context, { ...carrying, joined }, handed),
  });
  const facts = {
    version: context.version,
    leaseMs,
    heardMs: () => crew.heardMs,
    runs: () => crew.runs,
    steps: () => crew.steps,
    ended,
    calls,
    isStopping: () => stop.aborted,
  };
  const server = health === undefined ? undefined : await serveHealth(health, facts);
  try {
    if (server !== undefined) say(`Health     ${server.address}/readyz`);
    await readyTables(context, database, isAway, stop, say);
    say(`Worker     ${label}   ${only === undefined ? `runs at ${address.shown}` : `run ${only}`}`);
    return await crew.untilEnd();
  } finally {
    server?.close();
    await outlets.close();
    await database.close();
  }
}

/** A worker may come up before the database does, and before the first run is made. */
async function readyTables(
  context: Context,
  database: { expectReady(): Promise<void>; prepare(): Promise<void>; readonly shown: string },
  isAway: (error: unknown) => boolean,
  stop: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  let hasSaid = false;
  for (let wait = 250; !stop.aborted; wait = Math.min(wait * 2, 5000)) {
    try {
      await database.expectReady();
      return;
    } catch (error) {
      if (error instanceof RunFileError && error.kind === "missing") return await database.prepare();
      if (!isAway(error)) throw error;
      if (!hasSaid) say(`${database.shown} does not answer; waiting for it`);
      hasSaid = true;
      await context.clock.sleep(wait, stop);
    }
  }
}

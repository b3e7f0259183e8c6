/** `apply` of a run in a database: every guard is asked as ever, then the run is handed to workers and followed until it ends. */
import { acceptSoFar, recallGuards } from "../engine/guard-memory.ts";
import { arrangeWaves } from "../engine/waves.ts";
import { JournalDatabase } from "../journal/postgres/database.ts";
import { carryingOf, endForAll, handOver } from "../journal/postgres/fleet.ts";
import type { Carrying } from "../journal/postgres/fleet.ts";
import { openPostgresReader } from "../journal/postgres/reader.ts";
import type { SigningJournal } from "../journal/opening.ts";
import { printable } from "../model/text.ts";
import { applyFoot } from "../report/apply-text.ts";
import { summaryJson, versionJson } from "../report/json.ts";
import { shellWord } from "../report/words.ts";
import { approvalPolicy, requireApprovals } from "./apply-approvals.ts";
import type { ApprovalFlags } from "./apply-approvals.ts";
import { holdGuards } from "./apply-guards.ts";
import type { ApplyGuardOptions, GuardsInForce } from "./apply-guards.ts";
import type { OutletOptions } from "./apply-outlets.ts";
import { approve } from "./approval.ts";
import type { Approval } from "./approval.ts";
import { resolveGuards } from "./config.ts";
import type { Context } from "./context.ts";
import { exitCode, exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { typedCommand } from "./files.ts";
import type { GoogleFlags, JournalFlags } from "./flags.ts";
import { codeOfEnd, summaryOf } from "./fleet-end.ts";
import { openListening } from "./fleet-listening.ts";
import type { FleetListening } from "./fleet-listening.ts";
import { followFleet } from "./fleet-view.ts";
import type { GuardSettings } from "./guard-settings.ts";
import { handedText } from "./handing.ts";
import type { Handed } from "./handing.ts";
import { print, styleOf } from "./output.ts";
import { databaseOf } from "./run-database.ts";
import { runFacts } from "./run-facts.ts";
import { checkpointAtEnd, checkpointSigner } from "./run-signer.ts";
import type { RunPlace } from "./run-place.ts";
import { isAway } from "./worker-crew.ts";

/** How long the end of a run may be waited for that the database has not told yet. */
const awayMaxMs = 60_000;
const awayLookMs = 500;

/** What an apply says of it. */
export interface HandingOptions extends Approval {
  readonly guards: ApplyGuardOptions;
  readonly approvals: ApprovalFlags;
  readonly signKey: string | undefined;
  readonly google: GoogleFlags & JournalFlags;
  /** Be a worker as well. */
  readonly work: boolean;
  readonly concurrency: number | undefined;
  readonly perActor: number | undefined;
  readonly dashboardPort: number | undefined;
  readonly outlets: OutletOptions;
}

export async function applyThroughWorkers(
  context: Context,
  options: HandingOptions,
  place: RunPlace,
): Promise<ExitCode> {
  const { address, run: name } = databaseOf(place);
  const database = new JournalDatabase(address);
  let listening: FleetListening | undefined;
  try {
    // What cannot be told is to be known before anything is handed over.
    listening = await openListening(context, options, place, database);
    const present = await carryingOf(database, name);
    if (present !== undefined && present.ended === undefined) await saySo(context, place, present);
    else if (!(await handedOver(context, options, place, database))) return exitCode({ kind: "stopped" });
    listening?.started();
    return await follow(context, options, place, database, listening);
  } finally {
    await listening?.close();
    await database.close();
  }
}

async function saySo(context: Context, place: RunPlace, { by, handedAt }: Carrying): Promise<void> {
  await print(context.stderr, [
    `${printable(place.name)} is being carried out already, as ${printable(by)} handed it over at ${new Date(handedAt).toISOString().slice(0, 19)}Z.`,
    "Options of this command change nothing of that; following it.",
  ]);
}

/** False when the person says no. */
async function handedOver(
  context: Context,
  options: HandingOptions,
  place: RunPlace,
  database: JournalDatabase,
): Promise<boolean> {
  const settings = await resolveGuards(context, options.google);
  const approvals = approvalPolicy(options.approvals, settings.approvals);
  const signer = await checkpointSigner(context, options.signKey);
  const journal = await place.openJournal({ clock: context.clock, signer });
  try {
    const counts = await journal.counts();
    const inForce = await holdGuards(journal, counts, settings, options.guards, context.clock.now());
    const keepApprovals = await requireApprovals(context, approvals, journal, place, counts);
    if (!(await approve(context, options, journal, place.name, counts))) {
      await print(context.stderr, ["Nothing was handed over."]);
      return false;
    }
    await keepApprovals?.();
    const handed = handedFrom(options, settings, inForce);
    await arrange(journal, inForce.engine);
    await journal.flush();
    const { drift } = await recallGuards(journal);
    const [row] = await database.rows<{ id: string }>("select id from runs where name = $1", [databaseOf(place).run]);
    const run = await handOver(database, Number(row?.id), {
      settings: handedText(handed),
      by: context.account,
      callsMax: handed.calls?.value,
      acceptsDrift: handed.acceptsDrift,
      driftBefore: Math.max(0, drift.found - drift.accepted),
    });
    // With nothing left to do nobody has to come for it.
    if (run !== undefined && counts.planned + counts["in-flight"] === 0) await endForAll(database, run, "finished", "");
    return true;
  } finally {
    await journal.close();
  }
}

/** What all workers are to find: the waves the run is divided into, and what somebody has accepted. */
async function arrange(journal: SigningJournal, { waves, accept }: GuardsInForce["engine"]): Promise<void> {
  if (accept !== undefined) await acceptSoFar(journal, await recallGuards(journal), accept);
  if (waves !== undefined) await arrangeWaves(journal, waves);
}

function handedFrom(options: HandingOptions, settings: GuardSettings, { engine, durationMs }: GuardsInForce): Handed {
  const { failures, failureRate, drift, windows, calls, waves, accept } = engine;
  const { google, perActor, concurrency } = options;
  return {
    guards: { failures, failureRate, drift },
    calls: calls?.max,
    durationMs,
    windows: windows ?? [],
    pausesAfterWave: waves?.pause === true,
    acceptsDrift: accept?.drift === true,
    protect: settings.protect,
    concurrency,
    perActor,
    rate: google.rate,
    actorRate: google.actorRate,
  };
}

async function follow(
  context: Context,
  options: HandingOptions,
  place: RunPlace,
  database: JournalDatabase,
  listening: FleetListening | undefined,
): Promise<ExitCode> {
  const { run: name, address } = databaseOf(place);
  const reader = await waitingFor(context, () => openPostgresReader(database, name));
  const { header, digest } = reader;
  const left = new AbortController();
  const own = options.work ? await ownWorker(context, options, place, left.signal) : undefined;
  const off = context.onSignal(() => left.abort());
  context.stdout.on("error", () => left.abort());
  if (options.json) await print(context.stdout, [versionJson(context.version, header, digest, place.name)]);
  const again = `--journal ${shellWord(address.shown)}`;
  const nobody = (): void => {
    if (own !== undefined) return;
    context.stderr.write(
      `No worker is there to take it. Start one, here or elsewhere:\n  handover worker ${again}${options.work ? "" : "\nor be one yourself: the same apply command with --work"}\n`,
    );
  };
  const { json, color } = options;
  const looked = listening?.look;
  const following = { database, reader, name, shownName: place.name, json, color, left: left.signal, nobody, looked };
  let end: Awaited<ReturnType<typeof followFleet>>;
  try {
    end =
      own === undefined
        ? await followFleet(context, following)
        : await Promise.race([followFleet(context, following), own.failed]);
  } finally {
    off();
    left.abort();
    await own?.ended;
  }
  if (end === undefined) {
    const run = shellWord(place.name);
    await print(context.stderr, [
      `The run goes on with the workers there are. Follow it with: handover watch ${run}`,
      `End it with: handover ctl ${run} drain`,
    ]);
    return exitCodes.stopped;
  }
  return waitingFor(context, () => foot(context, options, place, end, listening));
}

/** The run has been handed over, and a database that is away for a while is no reason to end with an error. */
async function waitingFor<T>(context: Context, work: () => Promise<T>): Promise<T> {
  const until = context.clock.monotonic() + awayMaxMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isAway(error) || context.clock.monotonic() > until) throw error;
      await context.clock.sleep(awayLookMs);
    }
  }
}

/** This process as one of the workers, until the run has ended or the command is ended. */
async function ownWorker(
  context: Context,
  options: HandingOptions,
  place: RunPlace,
  left: AbortSignal,
): Promise<{ readonly ended: Promise<void>; readonly failed: Promise<never> }> {
  const { workHere } = await import("./worker.ts");
  const { address, run } = databaseOf(place);
  const signer = await checkpointSigner(context, options.signKey);
  const work = workHere(context, { flags: options.google, address, run, stop: left, signer });
  // Only its failure ends following.
  const failed = new Promise<never>((_, fail) => {
    work.catch(fail);
  });
  const ended = work.then(
    () => undefined,
    () => undefined,
  );
  // It may fail before anybody follows, and is told once somebody does.
  failed.catch(() => undefined);
  return { ended, failed };
}

async function foot(
  context: Context,
  options: HandingOptions,
  place: RunPlace,
  { ended, counts }: NonNullable<Awaited<ReturnType<typeof followFleet>>>,
  listening: FleetListening | undefined,
): Promise<ExitCode> {
  const signer = await checkpointSigner(context, options.signKey);
  const journal = await place.openJournal({ clock: context.clock, signer });
  try {
    await checkpointAtEnd(context, journal, signer, options.json);
    const { failures } = await runFacts(journal);
    const summary = summaryOf(ended, counts);
    const code = codeOfEnd(ended, counts);
    const resume = typedCommand(context);
    const line = summaryJson(summary, failures, summary.end === "finished" ? undefined : resume, code);
    listening?.ended(summary, code, line);
    if (options.json) await print(context.stdout, [line]);
    else {
      const style = styleOf(context, context.stdout, options.color);
      await print(context.stdout, applyFoot(summary, failures, place.name, resume, style));
    }
    return code;
  } finally {
    await journal.close();
  }
}

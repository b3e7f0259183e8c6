/** `handover apply`: carries out a run or resumes it, after every guard has agreed. */
import type { Command } from "commander";
import { openJournal } from "../journal/sqlite/journal.ts";
import { UsageError } from "../model/errors.ts";
import { hazardsToAllow } from "../model/step.ts";
import type { HazardName } from "../model/step.ts";
import { printable } from "../model/text.ts";
import { addApprovalOptions, approvalPolicy, requireApprovals } from "./apply-approvals.ts";
import type { ApprovalFlags } from "./apply-approvals.ts";
import { addOutletOptions, hookHelp, parseOutlets } from "./apply-outlets.ts";
import type { OutletFlags } from "./apply-outlets.ts";
import { approve } from "./approval.ts";
import { addSignKey, checkpointAtEnd, checkpointSigner } from "./run-signer.ts";
import type { SignKeyFlags } from "./run-signer.ts";
import type { CarryOutOptions } from "./carry-out.ts";
import { concurrencyDefault } from "./engine-options.ts";
import { Commits } from "./commits.ts";
import { resolveSettings } from "./config.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { shownPath } from "./files.ts";
import { addGoogleOptions, addJournalOptions, atOnce, collect, count, port } from "./flags.ts";
import type { GoogleFlags, JournalFlags } from "./flags.ts";
import { addApplyGuards, applyGuardOptions, holdGuards } from "./apply-guards.ts";
import type { ApplyGuardFlags, ApplyGuardOptions } from "./apply-guards.ts";
import { print } from "./output.ts";
import { existingRun } from "./run-store.ts";

export interface ApplyFlags
  extends GoogleFlags, JournalFlags, ApplyGuardFlags, ApprovalFlags, SignKeyFlags, OutletFlags {
  readonly work?: boolean;
  readonly yes?: boolean;
  readonly allow?: readonly string[];
  readonly concurrency?: number;
  readonly perActor?: number;
  readonly json?: boolean;
  readonly dashboard?: boolean;
  readonly dashboardPort?: number;
}

export interface ApplyOptions extends CarryOutOptions {
  readonly run: string;
  readonly yes: boolean;
  readonly allow: ReadonlySet<HazardName>;
  readonly guards: ApplyGuardOptions;
  readonly approvals: ApprovalFlags;
  /** A key to sign the audit chain with. */
  readonly signKey: string | undefined;
  readonly google: GoogleFlags & JournalFlags;
  /** Be a worker as well, where the run is handed to workers. */
  readonly work: boolean;
  /** Steps at once, where that was said. */
  readonly concurrency: number | undefined;
}

export function define(command: Command): void {
  command
    .argument("<run>", "the run: friday or friday.handover")
    .option("-y, --yes", "do not ask; needed where nobody can be asked")
    .option("--allow <hazard>", "allow a hazard of the run by name; may be repeated", collect)
    .option("--concurrency <n>", "steps under way at once (default 16)", atOnce)
    .option("--per-actor <n>", "steps under way at once as one user (default 2)", count)
    .option("--dashboard", "show it on a page, on this machine only; its address is printed")
    .option("--dashboard-port <n>", "the port of that page (default: a free one)", port)
    .option("--work", "of a run in a database: be one of its workers as well")
    .option("--json", "one JSON object per line: what happens, and last the summary");
  addJournalOptions(command);
  addOutletOptions(command);
  addGoogleOptions(addSignKey(addApprovalOptions(addApplyGuards(command)))).addHelpText(
    "after",
    `
Hazards: ${[...hazardsToAllow].join(", ")}

Examples:
  handover apply friday.handover
  handover apply friday.handover --yes --allow whole-user-transfer
  handover apply friday.handover --yes --max-duration 6h --rate 5/s
  handover apply friday.handover --yes --canary 1,5%,100% --max-failure-rate 2%
  handover apply friday.handover --yes --window "Sat 00:00-Sun 24:00 Europe/Berlin" --max-drift 20
  handover apply friday.handover --dashboard
  handover apply friday.handover --on-event './notify.sh ops' --events friday.ndjson --metrics
  handover apply friday.handover --yes --require-approvals 2 --signers approvers
  handover apply friday --journal postgres://handover@db.acme.example/handover --yes

Interrupted in any way, the same command goes on where it ended. Ctrl-C once finishes what is under way.
From another shell, handover watch follows it, and handover ctl pauses, slows or ends it.
A run in a database is handed to workers (handover help worker), with everything said here, and
followed: Ctrl-C leaves it to them, and says how to end it. --dashboard, --on-event, --events and
--metrics then tell of all workers, for as long as this command follows; given again, it follows again.
Of Google asking to slow down each worker knows itself: handover worker --on-event, --events, --health.

${hookHelp}`,
  );
}

export function parse(args: readonly string[], flags: ApplyFlags): ApplyOptions {
  if (flags.dashboardPort !== undefined && flags.dashboard !== true) {
    throw new UsageError("--dashboard-port is for the dashboard", "add --dashboard");
  }
  return {
    work: flags.work === true,
    concurrency: flags.concurrency,
    run: args[0] ?? "",
    yes: flags.yes === true,
    allow: new Set((flags.allow ?? []).map(hazardName)),
    guards: applyGuardOptions(flags),
    approvals: flags,
    signKey: flags.signKey,
    engine: { concurrency: flags.concurrency ?? concurrencyDefault, durationMs: undefined },
    perActor: flags.perActor,
    json: flags.json === true,
    dashboardPort: flags.dashboard === true ? (flags.dashboardPort ?? 0) : undefined,
    color: flags.color,
    outlets: parseOutlets(flags),
    google: flags,
  };
}

function hazardName(text: string): HazardName {
  const known = [...hazardsToAllow].find((name) => name === text);
  if (known !== undefined) return known;
  throw new UsageError(
    `there is no hazard ${JSON.stringify(printable(text))} to allow`,
    `hazards are ${[...hazardsToAllow].join(", ")}`,
  );
}

export async function run(context: Context, options: ApplyOptions): Promise<ExitCode> {
  const place = await existingRun(context, options.google, options.run);
  const { path } = place;
  if (path === undefined) {
    const { applyThroughWorkers } = await import("./apply-fleet.ts");
    return applyThroughWorkers(context, options, place);
  }
  if (options.work) throw new UsageError("--work is for a run in a database, and this one is a file", "leave it out");
  const settings = await resolveSettings(context, options.google);
  const approvals = approvalPolicy(options.approvals, settings.guards.approvals);
  const signer = await checkpointSigner(context, options.signKey);
  const commits = new Commits(context.clock);
  const journal = await openJournal(path, { clock: context.clock, signer, onCommit: commits.took });
  try {
    const counts = await journal.counts();
    const { engine, durationMs } = await holdGuards(
      journal,
      counts,
      settings.guards,
      options.guards,
      context.clock.now(),
    );
    const guarded: CarryOutOptions = {
      ...options,
      engine: { ...options.engine, durationMs, guards: engine },
      beforeSending: async (api) => {
        const { protect } = settings.guards;
        if (protect.length === 0) return;
        const { guardProtected } = await import("./guard-protected.ts");
        await guardProtected(api, journal, protect);
      },
      beforeFoot: () => checkpointAtEnd(context, journal, signer, options.json),
    };
    const name = shownPath(context, path);
    const keepApprovals = await requireApprovals(context, approvals, journal, place, counts);
    const approved = await approve(context, options, journal, name, counts);
    if (!approved) {
      await print(context.stderr, ["Nothing was sent."]);
      return exitCode({ kind: "stopped" });
    }
    await keepApprovals?.();
    const { carryOut } = await import("./carry-out.ts");
    return await carryOut(context, guarded, { settings, journal, path, name, counts, commits });
  } finally {
    await journal.close();
  }
}

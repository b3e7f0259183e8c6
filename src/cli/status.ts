/** `handover status`: how far a run or an inventory has come, also while another process is at it. */
import type { Command } from "commander";
import { recordIn, recordLine, recordName } from "../journal/record.ts";
import { parseSlowness } from "../model/slowness.ts";
import { fleetFields, workersAtWork } from "../report/fleet-text.ts";
import type { FleetRun } from "../report/fleet-text.ts";
import { statusJson } from "../report/json.ts";
import { statusText } from "../report/status-text.ts";
import type { RunReader } from "../journal/journal.ts";
import type { RunPlace } from "./run-place.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { addJournalOptions } from "./flags.ts";
import type { CommonFlags, JournalFlags } from "./flags.ts";
import { print, styleOf } from "./output.ts";
import { runFacts, slownessName } from "./run-facts.ts";
import { existingNamed } from "./run-store.ts";
import { showProgress } from "./snapshots.ts";

export interface StatusFlags extends CommonFlags, JournalFlags {
  readonly json?: boolean;
}

export interface StatusOptions {
  readonly run: string;
  readonly json: boolean;
  readonly color: boolean;
  readonly store: JournalFlags;
}

export function define(command: Command): void {
  addJournalOptions(command)
    .argument("<run>", "the run: friday or friday.handover; or a snapshot: october.snapshot")
    .option("--json", "one JSON document")
    .addHelpText(
      "after",
      `
Examples:
  handover status friday.handover
  handover status friday --json | jq '.counts'`,
    );
}

export function parse(args: readonly string[], flags: StatusFlags): StatusOptions {
  return { run: args[0] ?? "", json: flags.json === true, color: flags.color, store: flags };
}

export async function run(context: Context, options: StatusOptions): Promise<ExitCode> {
  const named = await existingNamed(context, options.store, options.run);
  if (named.kind === "snapshot") {
    await showProgress(context, named.path, options);
    return exitCode({ kind: "done" });
  }
  const { place } = named;
  const { name } = place;
  const reader = await place.openReader();
  try {
    const record = recordIn(await reader.kept(recordName));
    // What comes next of a record is said by the run that it names.
    if (record !== undefined) await print(context.stderr, [recordLine(record, name)]);
    const facts = await runFacts(reader);
    const held = await place.isHeld();
    // Of a run that nobody carries out nothing holds it up.
    const slowness = held ? parseSlowness(await reader.kept(slownessName)) : undefined;
    const fleet = place.path === undefined ? await fleetOf(place, reader) : undefined;
    // Workers that wait, for a yes or for one another, hold nothing.
    const isUnderWay = held || (fleet !== undefined && fleet.state !== "ended");
    const style = styleOf(context, context.stdout, options.color);
    await print(
      context.stdout,
      options.json
        ? [statusJson(facts, name, isUnderWay, slowness, fleet && fleetFields(fleet, context.clock.now()))]
        : [
            ...statusText(facts, name, isUnderWay, style, slowness),
            ...(fleet === undefined ? [] : workersAtWork(fleet, style)),
          ],
    );
  } finally {
    await reader.close();
  }
  return exitCode({ kind: "done" });
}

/** Undefined for a run that nobody has handed to workers. */
async function fleetOf(place: RunPlace, reader: RunReader): Promise<FleetRun | undefined> {
  const { lookOnce } = await import("./fleet-view.ts");
  return lookOnce(place, reader);
}

/** `handover status`: how far a run or an inventory has come, also while another process is at it. */
import type { Command } from "commander";
import { isRunHeld } from "../journal/sqlite/held.ts";
import { openReader } from "../journal/sqlite/reader.ts";
import { parseSlowness } from "../model/slowness.ts";
import { statusJson } from "../report/json.ts";
import { statusText } from "../report/status-text.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { existingPath, shownPath } from "./files.ts";
import type { CommonFlags } from "./flags.ts";
import { print, styleOf } from "./output.ts";
import { runFacts, slownessName } from "./run-facts.ts";
import { showProgress } from "./snapshots.ts";

export interface StatusFlags extends CommonFlags {
  readonly json?: boolean;
}

export interface StatusOptions {
  readonly run: string;
  readonly json: boolean;
  readonly color: boolean;
}

export function define(command: Command): void {
  command
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
  return { run: args[0] ?? "", json: flags.json === true, color: flags.color };
}

export async function run(context: Context, options: StatusOptions): Promise<ExitCode> {
  const { kind, path } = await existingPath(context, options.run);
  if (kind === "snapshot") {
    await showProgress(context, path, options);
    return exitCode({ kind: "done" });
  }
  const name = shownPath(context, path);
  const reader = await openReader(path);
  try {
    const facts = await runFacts(reader);
    const held = isRunHeld(path);
    // Of a run that nobody carries out nothing holds it up.
    const slowness = held ? parseSlowness(await reader.kept(slownessName)) : undefined;
    await print(
      context.stdout,
      options.json
        ? [statusJson(facts, name, held, slowness)]
        : statusText(facts, name, held, styleOf(context, context.stdout, options.color), slowness),
    );
  } finally {
    await reader.close();
  }
  return exitCode({ kind: "done" });
}

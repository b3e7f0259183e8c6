/** `handover show`: the plan of a run, as `plan` showed it. */
import type { Command } from "commander";
import { openReader } from "../journal/sqlite/reader.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { existingRunPath, shownPath } from "./files.ts";
import type { CommonFlags } from "./flags.ts";
import { showRun } from "./plan-view.ts";

export interface ShowFlags extends CommonFlags {
  readonly json?: boolean;
  readonly all?: boolean;
}

export interface ShowOptions {
  readonly run: string;
  readonly json: boolean;
  readonly all: boolean;
  readonly color: boolean;
}

export function define(command: Command): void {
  command
    .argument("<run>", "the run: friday or friday.handover")
    .option("--all", "show every step, not only the first 40")
    .option("--json", "one JSON document with every step")
    .addHelpText(
      "after",
      `
Examples:
  handover show friday.handover
  handover show friday --all | less
  handover show friday --json | jq '.totals'`,
    );
}

export function parse(args: readonly string[], flags: ShowFlags): ShowOptions {
  return { run: args[0] ?? "", json: flags.json === true, all: flags.all === true, color: flags.color };
}

export async function run(context: Context, options: ShowOptions): Promise<ExitCode> {
  const path = await existingRunPath(context, options.run);
  const reader = await openReader(path);
  try {
    await showRun(context, reader, shownPath(context, path), options);
  } finally {
    await reader.close();
  }
  return exitCode({ kind: "done" });
}

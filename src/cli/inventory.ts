/** `handover inventory`: everything the tenant has, and who may use it, into one file. Reads only. */
import { dayMs } from "../model/clock.ts";
import type { Command } from "commander";
import { UsageError } from "../model/errors.ts";
import { isWhole } from "../model/inventory.ts";
import { printable } from "../model/text.ts";
import { inventoryJson } from "../report/inventory-json.ts";
import { inventoryText } from "../report/inventory-text.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { newSnapshotPath, shownPath } from "./files.ts";
import { addGoogleOptions, atOnce, duration } from "./flags.ts";
import type { GoogleFlags } from "./flags.ts";
import { takeSnapshot } from "./inventory-taking.ts";
import type { Taking } from "./inventory-taking.ts";
import { print, styleOf } from "./output.ts";

export interface InventoryFlags extends GoogleFlags {
  readonly output?: string;
  readonly users?: string;
  readonly orgUnit?: string;
  readonly refresh?: string;
  readonly maxAge?: number;
  readonly json?: boolean;
  readonly detailedExitcode?: boolean;
  readonly concurrency?: number;
}

export interface InventoryOptions extends Taking {
  readonly output: string;
  readonly json: boolean;
  readonly detailed: boolean;
}

const weekMs = 7 * dayMs;

export function define(command: Command): void {
  command
    .option("-o, --output <snapshot>", "the snapshot to take, or to go on with (default inventory.snapshot)")
    .option("--users <file>", "read only as the users of this CSV file (a column email)")
    .option("--org-unit <path>", "read only as the users in this organisational unit and below, such as /Sales")
    .option("--refresh <snapshot>", "take over the permissions of assets that have not changed since this snapshot")
    .option("--max-age <time>", "with --refresh: read permissions older than this again (default 7d)", duration)
    .option("--json", "one JSON document")
    .option("--detailed-exitcode", "exit 2 when something could not be read")
    .option("--concurrency <n>", "calls under way at once (default 8)", atOnce);
  addGoogleOptions(command).addHelpText(
    "after",
    `
Examples:
  handover inventory --key key.json --admin admin@acme.example
  handover inventory --org-unit /Sales -o sales
  handover inventory --refresh october.snapshot -o november

Reads only. Interrupted, the same command goes on where it stopped. What one user or asset makes impossible to read is
a line of the coverage, which every view of the snapshot shows.
--refresh trusts that an asset whose title, owner, trash and update time are the same has the same permissions; Google
does not promise that, so the coverage says how many were taken over and how old they are.`,
  );
}

export function parse(_args: readonly string[], flags: InventoryFlags): InventoryOptions {
  if (flags.users !== undefined && flags.orgUnit !== undefined) {
    throw new UsageError("--users and --org-unit both say whom to read as", "leave one of them");
  }
  if (flags.orgUnit !== undefined && !/^\/./.test(flags.orgUnit)) {
    throw new UsageError(
      `${JSON.stringify(printable(flags.orgUnit))} is no path of an organisational unit`,
      "write it as the Admin console does, such as /Sales or /Sales/EMEA",
    );
  }
  if (flags.maxAge !== undefined && flags.refresh === undefined) {
    throw new UsageError("--max-age says how old permissions may be that are taken over", "add --refresh SNAPSHOT");
  }
  return {
    verb: "inventory",
    output: flags.output ?? "inventory",
    users: flags.users,
    orgUnit: flags.orgUnit,
    refresh: flags.refresh,
    maxAgeMs: flags.maxAge ?? weekMs,
    json: flags.json === true,
    detailed: flags.detailedExitcode === true,
    concurrency: flags.concurrency ?? 8,
    color: flags.color,
    google: flags,
  };
}

export async function run(context: Context, options: InventoryOptions): Promise<ExitCode> {
  const path = newSnapshotPath(context, options.output);
  const { end, view } = await takeSnapshot(context, options, path);
  const name = shownPath(context, path);
  await print(
    context.stdout,
    options.json
      ? [inventoryJson(view, name)]
      : inventoryText(view, name, styleOf(context, context.stdout, options.color)),
  );
  if (end === "stopped") return exitCode({ kind: "stopped" });
  return exitCode({ kind: "reading", whole: isWhole(view.coverage), detailed: options.detailed });
}

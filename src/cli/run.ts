/** `handover run`: runs as things that are kept: which there are, copies of them, and an end of keeping them. */
import { Argument } from "commander";
import type { Command } from "commander";
import type { Context } from "./context.ts";
import type { ExitCode } from "./exit-code.ts";
import { addJournalOptions, duration } from "./flags.ts";
import { actions, parseOptions } from "./run-options.ts";
import type { RunFlags, RunOptions } from "./run-options.ts";

export function define(command: Command): void {
  addJournalOptions(command)
    .addArgument(new Argument("<action>", "what to do").choices(actions))
    .argument("[runs...]", "copy: the run, and the new one; purge: the run")
    .option("--move", "copy: go on with the new one; the old one becomes a record")
    .option("--older-than <time>", "purge: every run that ended longer ago, such as 90d", duration)
    .option("-y, --yes", "purge: do not ask; needed where nobody can be asked")
    .option("--purged", "list: what was purged, and the end of its audit chain")
    .option("--upgrade", "list: first bring tables of an older handover up to this one")
    .option("--json", "one JSON document")
    .addHelpText(
      "after",
      `
With a journal, RUN is the run's name in the database. A word with a slash, or that ends in .handover, is
a file all the same, and postgres://host/database#friday names database and run in one word.

copy takes everything along, between files and databases either way: steps, progress, audit chain,
signatures, approvals and verdicts. The copy is checked in full before it gets its name. It is a record:
it can be looked at, verified and bundled, and apply refuses it, so that nothing is done twice. With
--move the new run is the one that goes on, and the old one becomes the record. A run that somebody is
carrying out is not copied. purge takes ended runs out of a database, and keeps a line of each.

Examples:
  handover run list --journal postgres://handover@db.acme.example/handover
  handover run copy friday.handover friday --move
  handover run copy friday friday-archive.handover
  handover run copy friday.handover postgres://handover@db.acme.example/handover#friday
  handover run purge --older-than 90d --yes`,
    );
}

export function parse(args: readonly string[], flags: RunFlags): RunOptions {
  return parseOptions(args, flags);
}

export async function run(context: Context, options: RunOptions): Promise<ExitCode> {
  switch (options.action) {
    case "list": {
      const { listAll } = await import("./run-list.ts");
      return listAll(context, options);
    }
    case "copy": {
      const { copyRun } = await import("./run-copy.ts");
      return copyRun(context, options);
    }
    case "purge": {
      const { purge } = await import("./run-purge.ts");
      return purge(context, options);
    }
  }
}

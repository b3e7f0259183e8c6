/** What `handover run` is asked: the action, the runs it names, and which options go with which. */
import { UsageError } from "../model/errors.ts";
import type { CommonFlags, JournalFlags } from "./flags.ts";

export const actions = ["list", "copy", "purge"] as const;

export interface RunFlags extends CommonFlags, JournalFlags {
  readonly move?: boolean;
  readonly olderThan?: number;
  readonly yes?: boolean;
  readonly purged?: boolean;
  readonly upgrade?: boolean;
  readonly json?: boolean;
}

export interface RunOptions {
  readonly action: (typeof actions)[number];
  /** For copy the run, then where to; for purge the run. */
  readonly words: readonly string[];
  readonly move: boolean;
  readonly olderThanMs: number | undefined;
  readonly yes: boolean;
  readonly purged: boolean;
  readonly upgrade: boolean;
  readonly json: boolean;
  readonly color: boolean;
  readonly store: JournalFlags;
}

export function parseOptions(args: readonly string[], flags: RunFlags): RunOptions {
  const [name, ...words] = args;
  const action = actions.find((each) => each === name) ?? "list";
  const wanted = { list: 0, copy: 2, purge: flags.olderThan === undefined ? 1 : 0 }[action];
  if (words.length !== wanted) throw new UsageError(...countProblem(action, flags));
  const stray = strayOption(action, flags);
  if (stray !== undefined) throw new UsageError(`${stray.option} is for ${stray.of}`, "leave it out");
  return {
    action,
    words,
    move: flags.move === true,
    olderThanMs: flags.olderThan,
    yes: flags.yes === true,
    purged: flags.purged === true,
    upgrade: flags.upgrade === true,
    json: flags.json === true,
    color: flags.color,
    store: flags,
  };
}

function countProblem(action: RunOptions["action"], flags: RunFlags): [problem: string, remedy: string] {
  switch (action) {
    case "list":
      return ["run list takes no run", "for one of them: handover status RUN"];
    case "copy":
      return ["run copy takes the run and where to copy it", "write such as handover run copy friday.handover friday"];
    case "purge":
      return flags.olderThan === undefined
        ? ["run purge takes one run, or --older-than", "write such as handover run purge friday"]
        : ["run purge takes a run or --older-than, not both", "leave one of them out"];
  }
}

function strayOption(
  action: RunOptions["action"],
  flags: RunFlags,
): { readonly option: string; readonly of: string } | undefined {
  const uses: readonly (readonly [option: string, given: boolean, of: RunOptions["action"]])[] = [
    ["--move", flags.move === true, "copy"],
    ["--older-than", flags.olderThan !== undefined, "purge"],
    ["--yes", flags.yes === true, "purge"],
    ["--purged", flags.purged === true, "list"],
    ["--upgrade", flags.upgrade === true, "list"],
  ];
  const stray = uses.find(([, given, of]) => given && of !== action);
  return stray === undefined ? undefined : { option: stray[0], of: `run ${stray[2]}` };
}

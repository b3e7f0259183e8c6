/** Completion for fish: one `complete` for each command, option and argument. */
import { allCommands } from "./table.ts";
import type { CommandShape, Fill, OperandShape, OptionShape } from "./table.ts";

/** A script to `source`, or to keep as `~/.config/fish/completions/handover.fish`. */
export function fishScript(program: CommandShape): readonly string[] {
  return [
    "# Completion of handover for fish:  handover completion fish | source",
    "",
    "# Whether the words so far, without options, begin with the given ones.",
    "function __handover_at",
    "    set -l words (commandline -opc)",
    "    set -l plain (string match -v -- '-*' $words[2..])",
    "    set -l wanted (count $argv)",
    "    test (count $plain) -ge $wanted",
    '    and test "$plain[1..$wanted]" = "$argv"',
    "end",
    "",
    "# The same, and no other word yet.",
    "function __handover_only",
    "    set -l words (commandline -opc)",
    "    set -l plain (string match -v -- '-*' $words[2..])",
    '    test "$plain" = "$argv"',
    "end",
    "",
    "# Folders, and files with one of the given endings.",
    "function __handover_files",
    "    set -l endings (string join '|' (string escape --style=regex -- $argv))",
    '    __fish_complete_path (commandline -ct) | string match -r -- "^[^\\t]*(?:/|$endings)(?:\\t.*)?\\$"',
    "end",
    "",
    "complete -c handover -f",
    ...allCommands(program).flatMap(ofCommand),
  ];
}

function ofCommand({ path, options, operands, commands }: CommandShape): readonly string[] {
  const here = path.length === 0 ? "__handover_only" : `__handover_at ${path.join(" ")}`;
  const alone = ["__handover_only", ...path].join(" ");
  return [
    ...commands.map(({ path: below, summary }) => line(alone, `-a ${quoted(below.at(-1) ?? "")}`, summary)),
    ...operands.flatMap((operand) => ofOperand(here, operand)),
    ...options.map((option) => ofOption(here, option)),
  ];
}

function ofOperand(condition: string, { name, fill }: OperandShape): readonly string[] {
  const values = valuesOf(fill);
  return values === undefined ? [] : [line(condition, values, name)];
}

function ofOption(condition: string, { short, long, description, value }: OptionShape): string {
  const names = `${short === undefined ? "" : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  if (value === undefined) return line(condition, names, description);
  return line(condition, `${names} -x ${valuesOf(value.fill) ?? ""}`.trimEnd(), description);
}

function valuesOf(fill: Fill): string | undefined {
  switch (fill.kind) {
    case "words":
      return `-a ${quoted(fill.words.join(" "))}`;
    case "files":
      return fill.endings.length === 0
        ? "-a '(__fish_complete_path)'"
        : `-a '(__handover_files ${fill.endings.join(" ")})'`;
    case "folders":
      return "-a '(__fish_complete_directories)'";
    case "free":
      return undefined;
  }
}

function line(condition: string, what: string, description: string): string {
  return `complete -c handover -n ${quoted(condition)} ${what} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}

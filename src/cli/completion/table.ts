/** The command line as data: every verb with its options and arguments, and what can stand in each place. */
import type { Command, Option } from "commander";
import { hazardsToAllow } from "../../model/step.ts";

/** What can be written in a place. `files`: those with one of the endings, any when there are none. */
export type Fill =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "files"; readonly endings: readonly string[] }
  | { readonly kind: "folders" }
  | { readonly kind: "free" };

export interface OptionShape {
  /** Such as `-o`. */
  readonly short: string | undefined;
  /** Such as `--output`. */
  readonly long: string;
  readonly description: string;
  /** Undefined: the option stands alone. */
  readonly value: { readonly name: string; readonly fill: Fill } | undefined;
  readonly repeats: boolean;
}

export interface OperandShape {
  readonly name: string;
  readonly fill: Fill;
  /** It takes all that follows. */
  readonly rest: boolean;
}

export interface CommandShape {
  /** The words that lead here, such as `auth login`; none for the program itself. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionShape[];
  readonly operands: readonly OperandShape[];
  readonly commands: readonly CommandShape[];
}

const planFiles = [".csv", ".yaml", ".yml"];
const runs = [".handover", ".snapshot"];

/** By the name that the help shows between angle brackets. Whatever is not listed is written freely. */
const fills: ReadonlyMap<string, Fill> = new Map<string, Fill>([
  ["run", { kind: "files", endings: runs }],
  ["runs", { kind: "files", endings: runs }],
  ["snapshot", { kind: "files", endings: [".snapshot"] }],
  ["files", { kind: "files", endings: planFiles }],
  ["file", { kind: "files", endings: [] }],
  ["bundle", { kind: "files", endings: [".tar"] }],
  ["folder", { kind: "folders" }],
  ["hazard", { kind: "words", words: [...hazardsToAllow] }],
]);

/** Reads what commander was told. `path` leads to `command`. */
export function commandShape(command: Command, path: readonly string[] = []): CommandShape {
  const help = command.createHelp();
  return {
    path,
    summary: command.summary() || command.description(),
    options: help
      .visibleOptions(command)
      .filter((option) => option.long !== undefined && option.long !== null)
      .map(optionShape),
    operands: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      fill: fillOf(argument.name(), argument.argChoices),
      rest: argument.variadic,
    })),
    commands: command.commands
      .filter((each) => each.name() !== "help")
      .map((each) => commandShape(each, [...path, each.name()])),
  };
}

function optionShape(option: Option): OptionShape {
  const name = /[<[]([^>\]]+?)(?:\.\.\.)?[>\]]/.exec(option.flags)?.[1];
  return {
    short: option.short ?? undefined,
    long: option.long ?? "",
    description: option.description.split("\n")[0] ?? "",
    value: name === undefined ? undefined : { name, fill: fillOf(name, option.argChoices) },
    repeats: option.variadic || option.description.includes("may be repeated"),
  };
}

function fillOf(name: string, choices: readonly string[] | undefined): Fill {
  if (choices !== undefined) return { kind: "words", words: choices };
  return fills.get(name.toLowerCase()) ?? { kind: "free" };
}

/** The command itself and all below it. */
export function allCommands(command: CommandShape): readonly CommandShape[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** `handover completion`: prints the script with which a shell completes verbs, options and file names. */
import { Argument } from "commander";
import type { Command } from "commander";
import { bashScript } from "./completion/bash.ts";
import { fishScript } from "./completion/fish.ts";
import { commandShape } from "./completion/table.ts";
import type { CommandShape, OperandShape } from "./completion/table.ts";
import { zshScript } from "./completion/zsh.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import type { CommonFlags } from "./flags.ts";
import { print } from "./output.ts";
import { pageKinds } from "./topic-names.ts";
import type { PageKind } from "./topic-names.ts";
import { allPages } from "./topics/pages/find.ts";
import type { Verb } from "./verb.ts";

const shells = ["bash", "fish", "zsh"] as const;

type Shell = (typeof shells)[number];

const scripts: Readonly<Record<Shell, (program: CommandShape) => readonly string[]>> = {
  bash: bashScript,
  fish: fishScript,
  zsh: zshScript,
};

/** `program`: all verbs with all their options. `topics`: what `handover help` explains beside verbs. */
export function completion(
  program: (context: Context) => Promise<Command>,
  topics: readonly string[],
): Verb<CommonFlags, Shell> {
  return {
    define: (command) => {
      command.addArgument(new Argument("<shell>", "the shell that is to complete").choices(shells)).addHelpText(
        "after",
        `
Examples:
  handover completion bash > ~/.local/share/bash-completion/completions/handover
  handover completion zsh > "\${fpath[1]}/_handover"
  handover completion fish > ~/.config/fish/completions/handover.fish
  source <(handover completion bash)

The script knows the verbs and options of this version: make it again after an upgrade.`,
      );
    },
    // commander has checked that it is one of the choices.
    parse: ([name]) => shells.find((shell) => shell === name) ?? "bash",
    run: async (context: Context, shell): Promise<ExitCode> => {
      const shape = commandShape(await program(context));
      await print(context.stdout, scripts[shell]({ ...shape, commands: [...shape.commands, help(shape, topics)] }));
      return exitCodes.done;
    },
  };
}

function pageNames(kind: PageKind): OperandShape {
  const words = [...new Set(allPages(kind).map(({ name }) => name))];
  return { name: kind, fill: { kind: "words", words }, rest: true };
}

/** commander answers `help` by itself and does not list it. */
function help({ commands }: CommandShape, topics: readonly string[]): CommandShape {
  const about = (word: string, summary: string, operands: CommandShape["operands"] = []): CommandShape => {
    return { path: ["help", word], summary, options: [], operands, commands: [] };
  };
  const below = [
    ...commands.map(({ path, summary }) => about(path[0] ?? "", summary)),
    ...topics.map((topic) => about(topic, "a topic")),
    ...pageKinds.flatMap((kind) => [
      about(kind, `what a ${kind} means, and what to do`, [pageNames(kind)]),
      about(`${kind}s`, `every ${kind} there is`),
    ]),
  ];
  return { path: ["help"], summary: "print help for a verb or a topic", options: [], operands: [], commands: below };
}

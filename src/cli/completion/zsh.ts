/** Completion for zsh, as its own `_arguments` wants it told. */
import type { CommandShape, Fill, OptionShape } from "./table.ts";

/** A script to `source`, or to keep as `_handover` in a folder of `fpath`. */
export function zshScript(program: CommandShape): readonly string[] {
  return [
    "#compdef handover",
    "# Completion of handover for zsh:  source <(handover completion zsh)",
    "",
    ...functionOf(program),
    // Sourced, it must make itself known; loaded by name, it is called at once.
    'if [[ "${funcstack[1]}" == _handover ]]; then _handover "$@"; else compdef _handover handover; fi',
  ];
}

function functionOf(command: CommandShape): readonly string[] {
  const name = nameOf(command.path);
  const options = command.options.map((option) => `    ${optionSpecs(option)} \\`);
  if (command.commands.length === 0) {
    const operands = command.operands.map(
      ({ name: title, fill, rest }, index) =>
        `    ${quoted(`${rest ? "*" : index + 1}:${colons(title)}:${action(fill)}`)} \\`,
    );
    return [`${name}() {`, "  _arguments -s -S \\", ...options, ...operands, "    && return 0", "}", ""];
  }
  return [
    ...command.commands.flatMap(functionOf),
    `${name}_commands() {`,
    "  local -a commands=(",
    ...command.commands.map(({ path, summary }) => `    ${quoted(`${colons(path.at(-1) ?? "")}:${summary}`)}`),
    "  )",
    "  _describe command commands",
    "}",
    "",
    `${name}() {`,
    "  local curcontext=$curcontext context state line",
    "  _arguments -C -S \\",
    ...options,
    `    '1: :${name}_commands' \\`,
    "    '*:: :->below' && return 0",
    "  case $state in below)",
    "    case $words[1] in",
    ...command.commands.map(({ path }) => `      ${path.at(-1) ?? ""}) ${nameOf(path)} ;;`),
    "    esac ;;",
    "  esac",
    "}",
    "",
  ];
}

/** One option, under both its names where it has two, in braces that zsh unfolds. */
function optionSpecs({ short, long, description, value, repeats }: OptionShape): string {
  const tail = `${value === undefined ? "" : "="}[${brackets(description)}]${
    value === undefined ? "" : `:${colons(value.name)}:${action(value.fill)}`
  }`;
  const once = repeats ? "*" : "";
  if (short === undefined) return quoted(`${once}${long}${tail}`);
  const shortTail = value === undefined ? tail : tail.replace(/^=/, "+");
  const others = repeats ? "*" : `(${short} ${long})`;
  return `${quoted(`${others}${short}${shortTail}`)} ${quoted(`${others}${long}${tail}`)}`;
}

function action(fill: Fill): string {
  switch (fill.kind) {
    case "words":
      return `(${fill.words.join(" ")})`;
    case "files":
      return fill.endings.length === 0 ? "_files" : `_files -g "*(${fill.endings.join("|")})(-.)"`;
    case "folders":
      return "_files -/";
    case "free":
      return " ";
  }
}

function nameOf(path: readonly string[]): string {
  return ["_handover", ...path.map((word) => word.replaceAll("-", "_"))].join("_");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function brackets(text: string): string {
  return text.replace(/[[\]\\]/g, "\\$&");
}

function colons(text: string): string {
  return text.replace(/[:\\]/g, "\\$&");
}

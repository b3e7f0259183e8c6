/** Completion for bash, also for the old one of macOS: plain `case` tables, no helper functions of a completion package. */
import { allCommands } from "./table.ts";
import type { CommandShape, Fill } from "./table.ts";

/** A script to `source`. */
export function bashScript(program: CommandShape): readonly string[] {
  const commands = allCommands(program);
  return [
    "# Completion of handover for bash:  source <(handover completion bash)",
    "",
    "# The words that lead to a command, and how many follow them.",
    "_handover_commands() {",
    '  case "$1" in',
    ...commands
      .filter(({ commands: below }) => below.length > 0)
      .map(({ path, commands: below }) => `    ${pattern(path)}) echo ${quoted(below.map(lastWord).join(" "))} ;;`),
    "  esac",
    "}",
    "",
    "_handover_options() {",
    '  case "$1" in',
    ...commands.map(({ path, options }) => `    ${pattern(path)}) echo ${quoted(flagsOf(options).join(" "))} ;;`),
    "  esac",
    "}",
    "",
    "# What follows an option; nothing is said of those that stand alone.",
    "_handover_value() {",
    '  case "$1 $2" in',
    ...commands.flatMap(({ path, options }) =>
      options.flatMap((option) =>
        option.value === undefined
          ? []
          : [
              `    ${flagsOf([option])
                .map((flag) => quoted(`${path.join(" ")} ${flag}`))
                .join("|")}) echo ${quoted(fillText(option.value.fill))} ;;`,
            ],
      ),
    ),
    "  esac",
    "}",
    "",
    "_handover_operand() {",
    '  case "$1 $2" in',
    ...commands.flatMap(({ path, operands }) =>
      operands.map(
        ({ fill, rest }, index) =>
          `    ${quoted(`${path.join(" ")} `)}${rest ? "*" : index}) echo ${quoted(fillText(fill))} ;;`,
      ),
    ),
    "  esac",
    "}",
    "",
    ...machinery,
  ];
}

const machinery: readonly string[] = [
  "_handover_fill() {",
  "  local kind=${1%% *} ending",
  "  local IFS=$' \\t\\n'",
  "  case $kind in",
  '    words) compgen -W "${1#words}" -- "$2" ;;',
  '    folders) compgen -d -- "$2" ;;',
  "    files)",
  "      if [[ $1 == files ]]; then",
  '        compgen -f -- "$2"',
  "      else",
  '        for ending in ${1#files}; do compgen -f -X "!*$ending" -- "$2"; done',
  '        compgen -d -- "$2"',
  "      fi ;;",
  "  esac",
  "}",
  "",
  "_handover() {",
  "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path='' operands=0 word value index fill",
  "  COMPREPLY=()",
  "  # bash takes --key=FILE for three words.",
  "  if [[ $cur == '=' ]]; then cur=''; elif [[ $prev == '=' ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi",
  "  for ((index = 1; index < COMP_CWORD; index++)); do",
  "    word=${COMP_WORDS[index]}",
  "    if [[ $word == '=' ]]; then",
  "      continue",
  "    elif [[ $word == -?* ]]; then",
  '      value=$(_handover_value "$path" "$word")',
  "      if [[ -n $value ]]; then",
  "        [[ ${COMP_WORDS[index+1]} == '=' ]] && ((index++))",
  "        ((index++))",
  "      fi",
  '    elif [[ " $(_handover_commands "$path") " == *" $word "* ]]; then',
  "      path=${path:+$path }$word",
  "    else",
  "      ((operands++))",
  "    fi",
  "  done",
  "  value=''",
  '  [[ $prev == -?* ]] && value=$(_handover_value "$path" "$prev")',
  "  if [[ -n $value ]]; then",
  "    fill=$value",
  "  elif [[ $cur == -* ]]; then",
  '    fill="words $(_handover_options "$path")"',
  "  else",
  '    fill=$(_handover_commands "$path")',
  '    if [[ -n $fill && $operands -eq 0 ]]; then fill="words $fill"; else fill=$(_handover_operand "$path" "$operands"); fi',
  "  fi",
  "  local IFS=$'\\n'",
  "  # Old versions of bash have no compopt; there a folder is completed without its slash.",
  "  [[ $fill == files* || $fill == folders ]] && compopt -o filenames 2>/dev/null",
  '  COMPREPLY=($(_handover_fill "$fill" "$cur" | sort -u))',
  "}",
  "",
  "complete -F _handover handover",
];

function flagsOf(options: CommandShape["options"]): readonly string[] {
  return options.flatMap(({ short, long }) => (short === undefined ? [long] : [long, short]));
}

function fillText(fill: Fill): string {
  switch (fill.kind) {
    case "words":
      return ["words", ...fill.words].join(" ");
    case "files":
      return ["files", ...fill.endings].join(" ");
    case "folders":
    case "free":
      return fill.kind;
  }
}

function lastWord({ path }: CommandShape): string {
  return path.at(-1) ?? "";
}

function pattern(path: readonly string[]): string {
  return quoted(path.join(" "));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

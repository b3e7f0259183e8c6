/** A Markdown guide read as what its reader types, in order: commands with what they must print, and files to write. */

/** Where a block is meant to be typed: in a clone of the repository, after an installation from the tarball, or in both. */
export type Ground = "clone" | "tarball";

export interface TypedCommand {
  readonly kind: "command";
  /** In the guide, from 1. */
  readonly line: number;
  readonly text: string;
  /** What the guide shows below it, and where that begins; undefined where it shows nothing. */
  readonly shown: { readonly line: number; readonly lines: readonly string[] } | undefined;
  readonly exit: number;
  /** It stays, as the emulator does. */
  readonly isBackground: boolean;
  readonly isSlow: boolean;
  readonly ground: Ground | undefined;
}

export interface WrittenFile {
  readonly kind: "file";
  readonly line: number;
  readonly name: string;
  readonly text: string;
  readonly isSlow: false;
  readonly ground: Ground | undefined;
}

export type Entry = TypedCommand | WrittenFile;

interface Block {
  readonly words: readonly string[];
  /** Of its first line of text. */
  readonly line: number;
  readonly lines: readonly string[];
}

/** Throws where a block says something that nothing is known of: a word spelt wrongly must not leave a block out. */
export function entriesOf(markdown: string): readonly Entry[] {
  return blocksOf(markdown).flatMap(entriesOfBlock);
}

function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; indent: string; words: readonly string[]; line: number; lines: string[] } | undefined;
  for (const [index, text] of markdown.split(/\r?\n/).entries()) {
    const fence = /^( *)(`{3,}|~{3,})(.*)$/.exec(text);
    if (open === undefined) {
      if (fence === null) continue;
      const [, indent = "", mark = "", info = ""] = fence;
      open = { fence: mark, indent, words: info.trim().split(/\s+/), line: index + 2, lines: [] };
    } else if (fence !== null && fence[2]?.startsWith(open.fence) === true && fence[3]?.trim() === "") {
      blocks.push(open);
      open = undefined;
    } else {
      // A block inside a list stands as far in as its fence.
      open.lines.push(text.startsWith(open.indent) ? text.slice(open.indent.length) : text.trimStart());
    }
  }
  return blocks;
}

function entriesOfBlock({ words, line, lines }: Block): readonly Entry[] {
  const [language = "", ...more] = words;
  const file = more.find((word) => word.startsWith("file="));
  if (file === undefined && !more.includes("run")) return [];
  const traits = traitsOf(more, line - 1);
  if (file !== undefined) {
    const { ground } = traits;
    return [{ kind: "file", line, name: file.slice(5), text: `${lines.join("\n")}\n`, isSlow: false, ground }];
  }
  if (language !== "sh" && language !== "console") {
    throw new Error(`line ${line - 1}: a block that is run begins with sh or console, not ${JSON.stringify(language)}`);
  }
  const commands = language === "sh" ? script(lines, line) : transcript(lines, line);
  if (commands.length === 0) throw new Error(`line ${line - 1}: the block holds no command`);
  return commands.map((command, index) => ({
    kind: "command",
    ...command,
    ...traits,
    exit: index === commands.length - 1 ? traits.exit : 0,
  }));
}

type Traits = Pick<TypedCommand, "exit" | "isBackground" | "isSlow" | "ground">;

function traitsOf(words: readonly string[], line: number): Traits {
  const known = /^(?:run|background|slow|clone|tarball|exit=\d+|file=\w[\w.-]*(?:\/\w[\w.-]*)*)$/;
  const unknown = words.find((word) => !known.test(word));
  if (unknown !== undefined) throw new Error(`line ${line}: ${JSON.stringify(unknown)} says nothing about a block`);
  const exit = words.find((word) => word.startsWith("exit="));
  return {
    exit: exit === undefined ? 0 : Number(exit.slice(5)),
    isBackground: words.includes("background"),
    isSlow: words.includes("slow"),
    ground: words.includes("clone") ? "clone" : words.includes("tarball") ? "tarball" : undefined,
  };
}

type Typed = Pick<TypedCommand, "line" | "text" | "shown">;

/** Every line is typed, with those that go on after a backslash. */
function script(lines: readonly string[], first: number): readonly Typed[] {
  const commands: Typed[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = first + at;
    let text = lines[at] ?? "";
    while (text.endsWith("\\") && at + 1 < lines.length) text += `\n${lines[(at += 1)]}`;
    if (text.trim() !== "" && !text.startsWith("#")) commands.push({ line, text, shown: undefined });
  }
  return commands;
}

/** Lines after a prompt are typed; those below, up to the next prompt, are what is printed. */
function transcript(lines: readonly string[], first: number): readonly Typed[] {
  const commands: Typed[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = first + at;
    const typed = lines[at]?.startsWith("$ ") === true;
    if (!typed) {
      if ((lines[at] ?? "").trim() !== "") throw new Error(`line ${line}: text before the first "$ "`);
      at += 1;
      continue;
    }
    let text = lines[at]?.slice(2) ?? "";
    at += 1;
    while (text.endsWith("\\") && at < lines.length) text += `\n${(lines[at++] ?? "").replace(/^> /, "")}`;
    const below: string[] = [];
    const shownAt = first + at;
    while (at < lines.length && lines[at]?.startsWith("$ ") !== true) below.push(lines[at++] ?? "");
    while (below.at(-1)?.trim() === "") below.pop();
    commands.push({ line, text, shown: below.length === 0 ? undefined : { line: shownAt, lines: below } });
  }
  return commands;
}

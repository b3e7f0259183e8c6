/** Sets a document as Markdown (CommonMark with tables and task lists); foreign text stays text in every renderer. */
import { printable } from "../model/text.ts";
import type { Block, Inline, Phrase, Task } from "./document.ts";
import { inked } from "./style.ts";

const wordsCharactersMax = 2000;

/** The lines of one block, with the empty line before it. */
export function blockMarkdown(block: Block): string[] {
  switch (block.kind) {
    case "heading":
      return block.level === 1 ? [`# ${escaped(block.text)}`] : ["", `## ${escaped(block.text)}`];
    case "paragraph":
      return ["", phraseMarkdown(block.text)];
    case "fields":
      return ["", ...block.fields.map(([name, value]) => `- **${escaped(name)}:** ${phraseMarkdown(value)}`)];
    case "table":
      return ["", ...tableMarkdown(block)];
    case "instructions":
      return ["", ...block.items.map((item, index) => `${index + 1}. ${phraseMarkdown(item)}`)];
    case "tasks":
      return ["", ...block.tasks.flatMap(taskMarkdown)];
    case "next":
      return ["", `**Next:** ${code(block.command)}`];
    default:
      return block satisfies never;
  }
}

function taskMarkdown({ what, title, url, details }: Task): string[] {
  const name = inlineMarkdown(url === undefined ? title : { text: title === "" ? "(no title)" : title, url });
  return [`- [ ] ${escaped(what)} ${name}`, ...details.map((detail) => `  - ${phraseMarkdown(detail)}`)];
}

function tableMarkdown(table: Extract<Block, { readonly kind: "table" }>): string[] {
  const row = (cellTexts: readonly string[]): string => `| ${cellTexts.join(" | ")} |`;
  return [
    row(table.columns.map((column) => escaped(column.name))),
    row(table.columns.map((column) => (column.right === true ? "--:" : "---"))),
    ...table.rows.map((each) => row(each.map(cellMarkdown))),
  ];
}

function phraseMarkdown(phrase: Phrase): string {
  return phrase.map((inline) => inlineMarkdown(inline)).join("");
}

/** A `|` would end the cell even among words set as code. */
function cellMarkdown(phrase: Phrase): string {
  return phrase.map((inline) => inlineMarkdown(inline, (words) => words.replaceAll("|", "\\|"))).join("");
}

function inlineMarkdown(inline: Inline, kept: (words: string) => string = (words) => words): string {
  if (typeof inline === "string") return escaped(inline);
  if ("code" in inline) return kept(code(inline.code));
  return inline.text === "" ? `<${address(inline.url)}>` : `[${escaped(inline.text)}](<${address(inline.url)}>)`;
}

/** An address cannot end its own brackets. */
function address(url: string): string {
  return encodeURI(safe(url)).replaceAll("<", "%3C").replaceAll(">", "%3E").replaceAll("\\", "%5C");
}

function safe(text: string): string {
  return inked(printable(text, wordsCharactersMax));
}

/**
 * Text that no renderer takes for markup: punctuation with a meaning is escaped, `<`, `>` and `&` are entities, and
 * what GitHub would turn into a web link by itself (`://`, `www.`) is broken up.
 */
export function escaped(text: string): string {
  return safe(text)
    .replace(/[\\`*_[\]{}|~$]/g, "\\$&")
    .replace(/^\s*[#+=-]|#\s*$/g, (found) => found.replace(/[#+=-]/, "\\$&"))
    .replace(/^(\s*\d+)([.)])/, "$1\\$2")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("://", "\\://")
    .replace(/www\./gi, (found) => `${found.slice(0, -1)}\\.`);
}

/** Words as code, in more quotes than any that stand in them. */
function code(text: string): string {
  const words = safe(text);
  const longest = Math.max(0, ...(words.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${words}${fence}` : `${fence} ${words} ${fence}`;
}

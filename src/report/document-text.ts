/** Sets a document for a terminal or a text file. */
import type { Block, Inline, Phrase, Task } from "./document.ts";
import { cells, labelledCommand, pad, padStart, paint, shown, wrap } from "./style.ts";
import type { Style } from "./style.ts";

const wordsCharactersMax = 2000;

/** The lines of one block, with the empty line before it where there is one. */
export function blockText(block: Block, style: Style): string[] {
  switch (block.kind) {
    case "heading":
      return headingLines(block.text, block.level, style);
    case "paragraph":
      return ["", ...wrap(phraseText(block.text, style), "", style.width)];
    case "fields":
      return ["", ...fieldLines(block.fields, style)];
    case "table":
      return ["", ...tableLines(block, style)];
    case "instructions":
      return [
        "",
        ...block.items.flatMap((item, index) => wrap(phraseText(item, style), `  ${index + 1}. `, style.width)),
      ];
    case "tasks":
      return ["", ...block.tasks.flatMap((task) => taskLines(task, style))];
    case "next":
      return ["", ...labelledCommand("Next", block.command, style)];
    default:
      return block satisfies never;
  }
}

function headingLines(text: string, level: 1 | 2, style: Style): string[] {
  const safe = shown(text, style, wordsCharactersMax);
  const rule = (level === 1 ? "=" : "-").repeat(Math.min(cells(safe), style.width));
  const lines = [...wrap(safe, "", style.width).map((line) => paint(line, "bold", style)), paint(rule, "dim", style)];
  return level === 1 ? lines : ["", ...lines];
}

function phraseText(phrase: Phrase, style: Style): string {
  return phrase.map((inline) => inlineText(inline, style)).join("");
}

function inlineText(inline: Inline, style: Style): string {
  if (typeof inline === "string") return shown(inline, style, wordsCharactersMax);
  if ("code" in inline) return shown(inline.code, style, wordsCharactersMax);
  const [text, url] = [shown(inline.text, style), shown(inline.url, style, wordsCharactersMax)];
  return text === "" ? url : `${text} ${url}`;
}

function fieldLines(fields: readonly (readonly [string, Phrase])[], style: Style): string[] {
  const width = Math.max(0, ...fields.map(([name]) => cells(name)));
  return fields.flatMap(([name, value]) =>
    wrap(phraseText(value, style), `${paint(pad(name, width), "bold", style)}  `, style.width),
  );
}

/** The address stands alone and is never broken, so that a terminal can open it, even past the right margin. */
function taskLines(task: Task, style: Style): string[] {
  const title = task.url === undefined ? task.title : `"${task.title}"`;
  return [
    ...wrap(shown(`${task.what} ${title}`, style, wordsCharactersMax), "  [ ] ", style.width),
    ...(task.url === undefined ? [] : [`      ${shown(task.url, style, wordsCharactersMax)}`]),
    ...task.details.flatMap((detail) => wrap(phraseText(detail, style), "      ", style.width)),
  ];
}

type Table = Extract<Block, { readonly kind: "table" }>;

const columnCellsMin = 8;
const columnGap = 2;

/** Columns as wide as they need to be; where that is too wide, the widest give way and their words go on below. */
function tableLines(table: Table, style: Style): string[] {
  const names = table.columns.map((column) => column.name);
  const rows = table.rows.map((row) => row.map((cell) => phraseText(cell, style)));
  const widths = names.map((name, index) =>
    rows.reduce((widest, row) => Math.max(widest, cells(row[index] ?? "")), cells(name)),
  );
  const room = style.width - 2 - columnGap * (widths.length - 1);
  for (let over = sum(widths) - room; over > 0; over = sum(widths) - room) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= columnCellsMin) break;
    widths[widest] = Math.max(columnCellsMin, nextWidest(widths, width), width - over);
  }
  const right = table.columns.map((column) => column.right === true);
  return [
    ...rowLines(names, widths, right).map((line) => paint(line, "bold", style)),
    ...rows.flatMap((row) => rowLines(row, widths, right)),
  ];
}

function sum(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width, 0);
}

/** One less than `width`, or the next smaller width there is: columns shrink evenly. */
function nextWidest(widths: readonly number[], width: number): number {
  const smaller = widths.filter((each) => each < width);
  return smaller.length === 0 || widths.filter((each) => each === width).length > 1 ? width - 1 : Math.max(...smaller);
}

function rowLines(row: readonly string[], widths: readonly number[], right: readonly boolean[]): string[] {
  const wrapped = widths.map((width, index) => broken(row[index] ?? "", width));
  const height = Math.max(1, ...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) =>
    widths
      .map((width, index) => (right[index] === true ? padStart : pad)(wrapped[index]?.[at] ?? "", width))
      .join(" ".repeat(columnGap))
      .replace(/^/, "  ")
      .trimEnd(),
  );
}

function broken(text: string, width: number): string[] {
  return wrap(text, "", width, columnCellsMin);
}

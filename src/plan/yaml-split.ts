/** Cuts the list under `moves:` into texts of a few items each, so that a file of 100,000 moves never exists as one tree. */

/** Consecutive items as one text, which begins on line `firstLine` of the file. */
export interface Batch {
  readonly text: string;
  readonly firstLine: number;
  /** Where each item begins: the offset in `text`, and its line in the file. */
  readonly items: readonly { readonly offset: number; readonly line: number }[];
}

export interface SplitText {
  /** The file with blank lines in place of the items. */
  readonly rest: string;
  /** The line on which `moves:` stands. */
  readonly line: number;
  readonly batches: Iterable<Batch>;
}

const batchLength = 16 * 1024;

/**
 * Cuts `text`, whose lines end in LF. Undefined unless `moves:` stands alone at the start of a line, once, and below it
 * every item begins with `- ` at one indentation with all else indented deeper: then lines show where items begin.
 */
export function splitMoves(text: string): SplitText | undefined {
  const heads = [...text.matchAll(/^moves:[ \t]*(?:#.*)?$/gm)];
  const head = heads[0];
  if (head === undefined || heads.length > 1) return undefined;
  const start = head.index + head[0].length + 1;
  const line = linesIn(text, 0, start);
  let indent = -1;
  let end = text.length;
  for (let at = start; at < text.length; at = lineEnd(text, at)) {
    const depth = indentation(text, at);
    const first = text[at + depth];
    if (first === undefined || first === "\n" || first === "#") continue;
    if (first === "\t") return undefined;
    const isItem = first === "-" && /[ \n]/.test(text[at + depth + 1] ?? "\n");
    if (indent < 0) {
      if (!isItem) return undefined;
      indent = depth;
    } else if (depth < indent || (depth === indent && !isItem)) {
      if (depth > 0) return undefined;
      end = at;
      break;
    }
  }
  if (indent < 0) return undefined;
  const blank = "\n".repeat(linesIn(text, start, end));
  return {
    rest: text.slice(0, start) + blank + text.slice(end),
    line,
    batches: batches(text, start, end, indent, line + 1),
  };
}

function* batches(text: string, start: number, end: number, indent: number, firstLine: number): Generator<Batch> {
  let from = start;
  let fromLine = firstLine;
  let items: { offset: number; line: number }[] = [];
  let line = firstLine;
  for (let at = start; at < end; at = lineEnd(text, at), line += 1) {
    if (indentation(text, at) !== indent || text[at + indent] !== "-") continue;
    if (items.length > 0 && at - from > batchLength) {
      yield { text: text.slice(from, at), firstLine: fromLine, items };
      items = [];
      from = at;
      fromLine = line;
    }
    items.push({ offset: at - from, line });
  }
  yield { text: text.slice(from, end), firstLine: fromLine, items };
}

/** The items of a batch, each as a text of its own. */
export function singly(batch: Batch): readonly Batch[] {
  return batch.items.map((item, index) => ({
    text: batch.text.slice(item.offset, batch.items[index + 1]?.offset),
    firstLine: item.line,
    items: [{ offset: 0, line: item.line }],
  }));
}

/** Where the line after the one at `at` begins. */
function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

function indentation(text: string, at: number): number {
  let depth = 0;
  while (text.charCodeAt(at + depth) === 0x20) depth += 1;
  return depth;
}

function linesIn(text: string, start: number, end: number): number {
  let lines = 0;
  for (let at = text.indexOf("\n", start); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

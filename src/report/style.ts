/** How lines are set for a terminal: colour, width, foreign text made harmless, columns and wrapping. */
import { stripVTControlCharacters } from "node:util";
import { printable } from "../model/text.ts";

/** What the stream can show. `width` is in terminal cells. */
export interface Style {
  readonly color: boolean;
  readonly width: number;
  /** False: ASCII only; everything else is shown as `\u{…}`. */
  readonly unicode: boolean;
}

/** No colour, 80 cells: for pipes, files and tests. */
export const plainStyle: Style = { color: false, width: 80, unicode: true };

export type Tone = "red" | "green" | "yellow" | "cyan" | "dim" | "bold";

const tones: Readonly<Record<Tone, readonly [number, number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** `text` in a tone, or as it is on a stream without colour. */
export function paint(text: string, tone: Tone, style: Style): string {
  if (!style.color || text === "") return text;
  const [on, off] = tones[tone];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

/** Added, removed, moved, changed, unchanged, look here, by hand, refused or failed. */
export type Sigil = "+" | "-" | ">" | "~" | "=" | "!" | "?" | "x";

const sigilTones: Readonly<Record<Sigil, Tone>> = {
  "+": "green",
  "-": "red",
  ">": "cyan",
  "~": "yellow",
  "=": "dim",
  "!": "yellow",
  "?": "cyan",
  x: "red",
};

export function sigil(mark: Sigil, style: Style): string {
  return paint(mark, sigilTones[mark], style);
}

/** Between facts on one line. */
export function dot(style: Style): string {
  return style.unicode ? " · " : " | ";
}

function ellipsis(style: Style): string {
  return style.unicode ? "…" : "...";
}

/** Letters of scripts that run from right to left: they can drag their neighbours along on the screen. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** Ranges without ink that `printable` leaves alone: joiners, vowels that are not seen, the blank of Braille, variation selectors. */
const blankRanges: readonly (readonly [number, number])[] = [
  [0x34f, 0x34f],
  [0x17b4, 0x17b5],
  [0x2800, 0x2800],
  [0xfe00, 0xfe0f],
];
/** More marks on one letter than any language sets: they would paint over the lines above. */
const piledMarks = /(\p{M}{4})\p{M}+/gu;

/** Foreign text made safe to print within a line: inert, at most `lengthMax` characters, isolated when right-to-left. */
export function shown(text: string, style: Style, lengthMax = 200): string {
  const safe = inert(text, lengthMax);
  if (!style.unicode) return safe.replaceAll("…", "...").replace(/[^\u0020-\u007e]/gu, escaped);
  return rightToLeft.test(safe) ? `\u2068${safe}\u2069` : safe;
}

/** Foreign text for any medium: nothing in it acts, hides or paints beyond its line; at most `lengthMax` characters. */
export function inert(text: string, lengthMax: number): string {
  return inked(printable(text.replace(piledMarks, "$1"), lengthMax));
}

/** `text` with every character that leaves no ink written out, for any medium. */
export function inked(text: string): string {
  if (/^[\u0020-\u007e]*$/.test(text)) return text;
  return Array.from(text, (character) => (isBlank(character) ? escaped(character) : character)).join("");
}

function isBlank(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return blankRanges.some(([from, to]) => code >= from && code <= to);
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

const wide =
  /[\u1100-\u115f\u231a\u231b\u23e9-\u23ec\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26ce\u2705\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u2b1b\u2b1c\u2b50\u2b55\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const noWidth = /[\p{Mn}\p{Me}\u2068\u2069]/u;

function cellsOf(character: string): number {
  if (noWidth.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** Terminal cells that `text` takes; colours take none. */
export function cells(text: string): number {
  const bare = text.includes("\u001b") ? stripVTControlCharacters(text) : text;
  if (/^[\u0020-\u007e]*$/.test(bare)) return bare.length;
  let sum = 0;
  for (const character of bare) sum += cellsOf(character);
  return sum;
}

/** Uncoloured `text` cut to `cellsMax`, with an ellipsis when something is missing. */
export function fit(text: string, cellsMax: number, style: Style): string {
  if (cells(text) <= cellsMax) return text;
  const end = ellipsis(style);
  let cut = "";
  let sum = end.length;
  for (const character of text) {
    sum += cellsOf(character);
    if (sum > cellsMax) break;
    cut += character;
  }
  const closed = cut.includes("\u2068") ? `${cut}\u2069` : cut;
  return cellsMax <= end.length ? end.slice(0, Math.max(0, cellsMax)) : `${closed}${end}`;
}

export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - cells(text)));
}

export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - cells(text))) + text;
}

/**
 * `text` broken at blanks into lines of at most `width` cells; a word that is longer is broken inside, never cut, so that
 * no address or command loses a letter. The first line starts after `first`, the others after as many blanks; beside a
 * wide `first` the text still gets `roomMin` cells.
 */
export function wrap(text: string, first: string, width: number, roomMin = 20): string[] {
  const indent = " ".repeat(cells(first));
  const room = Math.max(roomMin, width - indent.length);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (cells(joined) <= room) {
      line = joined;
      continue;
    }
    if (line !== "") lines.push(line);
    const pieces = broken(word, room);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? "";
  }
  if (line !== "" || lines.length === 0) lines.push(line);
  return isolated(lines).map((each, index) => (index === 0 ? first : indent) + each);
}

/** Lines in which an isolate that goes on over a break is closed before it and opened again after it. */
function isolated(lines: readonly string[]): readonly string[] {
  let open = false;
  return lines.map((line) => {
    const begun = open ? `\u2068${line}` : line;
    open = begun.lastIndexOf("\u2068") > begun.lastIndexOf("\u2069");
    return open ? `${begun}\u2069` : begun;
  });
}

function broken(word: string, room: number): string[] {
  if (cells(word) <= room) return [word];
  const pieces: string[] = [];
  let piece = "";
  for (const character of word) {
    if (cells(piece) + cellsOf(character) > room) {
      pieces.push(piece);
      piece = "";
    }
    piece += character;
  }
  pieces.push(piece);
  return pieces;
}

/** Facts joined by dots, broken between facts where the line is full; `first` as in `wrap`. */
export function wrapFacts(facts: readonly string[], first: string, style: Style): string[] {
  const indent = " ".repeat(cells(first));
  const room = style.width - indent.length;
  const lines: string[] = [];
  let line = "";
  for (const fact of facts) {
    const joined = line === "" ? fact : `${line}${dot(style)}${fact}`;
    if (cells(joined) <= room) {
      line = joined;
      continue;
    }
    if (line !== "") lines.push(line);
    const pieces = wrap(fact, "", room);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? "";
  }
  if (line !== "") lines.push(line);
  return lines.map((each, index) => (index === 0 ? first : indent) + each);
}

const labelWidth = 10;

/** A label in its column; what belongs to it starts after it. */
export function label(name: string, style: Style): string {
  return paint(pad(name, labelWidth), "bold", style);
}

/** A labelled paragraph. */
export function labelled(name: string, text: string, style: Style): string[] {
  return wrap(text, label(name, style), style.width);
}

/** `left`, and `right` at the right margin; `right` is left out when there is no room for both. */
export function spread(left: string, right: string, style: Style): string {
  const gap = style.width - cells(left) - cells(right);
  return gap < 2 ? left : left + " ".repeat(gap) + right;
}

/** A labelled command; a long one goes on over lines that a shell still takes as one. */
export function labelledCommand(name: string, command: string, style: Style): string[] {
  const first = label(name, style);
  if (cells(first) + cells(command) <= style.width) return [first + command];
  const [verb = "", ...options] = command.split(" --");
  const indent = " ".repeat(labelWidth + 2);
  return [verb, ...options.map((option) => `--${option}`)].map(
    (part, index) => (index === 0 ? first : indent) + part + (index < options.length ? " \\" : ""),
  );
}

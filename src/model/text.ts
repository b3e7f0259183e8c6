/** Foreign text: naming what must not be in it, and making it harmless where it is shown. */

const named = new Map<number, string>([
  [0x00, "a NUL character"],
  [0x09, "a tab"],
  [0x0a, "a line feed"],
  [0x0d, "a carriage return"],
  [0x1b, "an escape character"],
  [0xa0, "a non-breaking space"],
  [0xfeff, "a zero-width no-break space (BOM)"],
]);

function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/** Zero-width, blank, tag and direction-changing characters: invisible, or making what follows read as something else. */
function isInvisible(code: number): boolean {
  return (
    code === 0x115f ||
    code === 0x1160 ||
    code === 0x3164 ||
    code === 0xffa0 ||
    (code >= 0xe0000 && code <= 0xe0fff) ||
    code === 0xad ||
    code === 0x61c ||
    code === 0x180e ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    code === 0xfeff ||
    (code >= 0xfff9 && code <= 0xfffb) ||
    (code >= 0x13430 && code <= 0x1343f) ||
    (code >= 0x1bca0 && code <= 0x1bca3) ||
    (code >= 0x1d173 && code <= 0x1d17a)
  );
}

/** Printable ASCII and nothing else. */
const plain = /^[\x20-\x7e]*$/;

/** Names the first control, zero-width or direction-changing character of `text`, or undefined if there is none. */
export function firstForbiddenCharacter(text: string): string | undefined {
  // Nearly every address is plain: one look costs 45 ns, a look at each character of it 260 ns.
  if (plain.test(text)) return undefined;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (isControl(code) || isInvisible(code)) return characterName(code);
  }
  return undefined;
}

/** Such as "a NUL character" or "U+202E". */
export function characterName(code: number): string {
  const name = named.get(code);
  if (name !== undefined) return name;
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return isControl(code) ? `the control character ${hex}` : `the invisible character ${hex}`;
}

/**
 * Makes a title, message or address safe to print on one line of a terminal, log or report: control, zero-width and
 * direction-changing characters become `\u{...}` escapes, and text over `lengthMax` characters is cut with an ellipsis.
 */
export function printable(text: string, lengthMax = 120): string {
  if (text.length <= lengthMax && plain.test(text)) return text;
  let shown = "";
  let length = 0;
  for (const character of text) {
    if (length >= lengthMax) return `${shown}…`;
    const code = character.codePointAt(0) ?? 0;
    const unsafe = isControl(code) || isInvisible(code) || (code >= 0xd800 && code <= 0xdfff);
    shown += unsafe ? `\\u{${code.toString(16)}}` : character;
    length += 1;
  }
  return shown;
}

/** Foreign text between quotation marks for a message: printable, and cut at 200 characters. */
export function quoted(text: string): string {
  return `"${printable(text, 200)}"`;
}

/** `1 asset`, `2 assets`, `1,234 assets`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${thousands(count)} ${count === 1 ? noun : plural}`;
}

/** `1234567` as `1,234,567`, the same in every locale. */
export function thousands(count: number): string {
  return String(Math.trunc(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

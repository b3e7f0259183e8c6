/** The ids that Google gives assets are UUIDs: four words of 32 bits, which take less room than their text. */

/** Writes a lower-case UUID into the words `a` to `d`; false for any other text, whatever the words are then. */
export function readUuid(text: string, into: { a: number; b: number; c: number; d: number }): boolean {
  if (text.length !== 36) return false;
  let word = 0;
  let digits = 0;
  for (let at = 0; at < 36; at += 1) {
    const code = text.charCodeAt(at);
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (code !== 0x2d) return false;
      continue;
    }
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
    if (digit < 0) return false;
    word = (word << 4) | digit;
    digits += 1;
    if (digits === 8) into.a = word >>> 0;
    else if (digits === 16) into.b = word >>> 0;
    else if (digits === 24) into.c = word >>> 0;
    else if (digits === 32) into.d = word >>> 0;
  }
  return true;
}

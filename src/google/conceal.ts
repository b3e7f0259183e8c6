/** Takes out of what a server says whatever it was sent as proof of who is calling: errors are printed, logged and kept. */

const hidden = "[hidden]";

/**
 * `text` without `secret`, in whichever spelling a server may hand it back: as it is, percent-encoded, in hexadecimal, or
 * in base64, also within something longer. Before anything is cut, so that no half of it is left.
 */
export function concealed(text: string, secret: string): string {
  // Half of what is concealed is the answer that never came, and the spellings of a secret cost as much as the classifier.
  if (secret === "" || text === "" || !hasRoomFor(secret, text)) return text;
  let safe = text;
  for (const spelling of spellings(secret)) if (safe.includes(spelling)) safe = safe.replaceAll(spelling, hidden);
  return safe;
}

/**
 * Whether `text` has a word as long as the shortest spelling of a secret that is one word itself: no spelling breaks it up,
 * and none is shorter by more than one character. Google's own words are short, and the spellings need not be made.
 */
function hasRoomFor(secret: string, text: string): boolean {
  return longestWord(secret) < secret.length || longestWord(text) >= secret.length - 1;
}

/** The length of the longest part without blanks, controls and quotation marks. */
function longestWord(text: string): number {
  let longest = 0;
  let start = 0;
  for (let index = 0; index <= text.length; index += 1) {
    const code = index < text.length ? text.charCodeAt(index) : blank;
    if (code > blank && code !== quotationMark) continue;
    if (index - start > longest) longest = index - start;
    start = index + 1;
  }
  return longest;
}

const blank = 0x20;
const quotationMark = 0x22;

function spellings(secret: string): readonly string[] {
  const led = Buffer.from(`\0\0${secret}`);
  const hex = led.toString("hex", 2);
  // Where the secret begins within the encoded text is not known: three ways to fall, less what neighbours share.
  const inBase64 = [0, 1, 2].flatMap((lead) => {
    const encoded = led.toString("base64", 2 - lead).replace(/=+$/, "");
    const own = encoded.slice(lead === 0 ? 0 : lead + 1, -2);
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
  });
  const all = [secret, encodeURIComponent(secret), hex, hex.toUpperCase(), ...inBase64];
  // Too short to be sure of: it would take out the server's own words.
  return all.filter((spelling) => spelling.length >= 4);
}

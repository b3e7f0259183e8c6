/** Takes out of what a server says whatever it was sent as proof of who is calling: errors are printed, logged and kept. */

const hidden = "[hidden]";

/**
 * `text` without `secret`, in whichever spelling a server may hand it back: as it is, percent-encoded, in hexadecimal, or
 * in base64, also within something longer. Before anything is cut, so that no half of it is left.
 */
export function concealed(text: string, secret: string): string {
  // Half of what is concealed is the answer that never came, and the spellings of a secret cost as much as the classifier.
  if (secret === "" || text === "") return text;
  let safe = text;
  for (const spelling of spellings(secret)) if (safe.includes(spelling)) safe = safe.replaceAll(spelling, hidden);
  return safe;
}

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

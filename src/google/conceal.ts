/** Takes out of what a server says whatever it was sent as proof of who is calling: errors are printed, logged and kept. */

const hidden = "[hidden]";

/**
 * `text` without `secret`, in whichever spelling a server may hand it back: as it is, percent-encoded, in hexadecimal, or
 * in base64, also within something longer. Before anything is cut, so that no half of it is left.
 */
export function concealed(text: string, secret: string): string {
  if (secret === "") return text;
  let safe = text;
  for (const spelling of spellings(secret)) if (safe.includes(spelling)) safe = safe.replaceAll(spelling, hidden);
  return safe;
}

function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString("hex");
  // Where the secret begins within the encoded text is not known: three ways to fall, less what neighbours share.
  const inBase64 = [0, 1, 2].flatMap((lead) => {
    const encoded = Buffer.concat([Buffer.alloc(lead), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const own = encoded.slice(lead === 0 ? 0 : lead + 1, -2);
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
  });
  const all = [secret, encodeURIComponent(secret), hex, hex.toUpperCase(), ...inBase64];
  // Too short to be sure of: it would take out the server's own words.
  return all.filter((spelling) => spelling.length >= 4);
}

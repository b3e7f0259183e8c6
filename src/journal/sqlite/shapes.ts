/** Whether what was read from a run file has the shape it was written in: somebody may have changed a letter of it. */

/** The furthest a date can be from 1970, ms. */
const instantMax = 8.64e15;

/** Throws `SyntaxError` unless all are texts; undefined counts as one that was left out. */
export function expectTexts(...values: readonly unknown[]): void {
  if (!values.every((value) => value === undefined || typeof value === "string")) throw misshapen();
}

/** Throws `SyntaxError` unless all are texts, and all are there. */
export function expectAllTexts(values: readonly unknown[]): void {
  if (!Array.isArray(values) || !values.every((value) => typeof value === "string")) throw misshapen();
}

/** Throws `SyntaxError` unless all are whole numbers. */
export function expectNumbers(...values: readonly unknown[]): void {
  if (!values.every(Number.isSafeInteger)) throw misshapen();
}

/** The number, where it is an instant in wall ms. Throws `SyntaxError` otherwise. */
export function instantOf(value: unknown): number {
  if (typeof value !== "number" || !(Math.abs(value) <= instantMax)) throw misshapen();
  return value;
}

function misshapen(): SyntaxError {
  return new SyntaxError("something in it has not the shape it was written in");
}

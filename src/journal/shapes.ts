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

/** Throws `SyntaxError` unless all are lists. */
export function expectLists(...values: readonly unknown[]): void {
  if (!values.every((value) => Array.isArray(value))) throw misshapen();
}

/** The value, where it is an object. Throws `SyntaxError` otherwise. */
export function objectOf<T>(value: T): T {
  if (!isObject(value)) throw misshapen();
  return value;
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

/** Throws `SyntaxError` unless a header has the parts that whoever reads one relies on. */
export function expectHeader(header: unknown): void {
  if (!isObject(header)) throw misshapen();
  const { runId, toolVersion, tenant, admin, createdAt, snapshotAt, planFiles } = header;
  expectAllTexts([runId, toolVersion, tenant, admin]);
  instantOf(createdAt);
  instantOf(snapshotAt);
  const lists = ["domains", "planFiles", "hazards", "refusals", "noActions", "remarks"];
  const objects = ["limits", "totals", "coverage", "exposureBefore", "exposureAfter"];
  if (!lists.every((name) => Array.isArray(header[name])) || !objects.every((name) => isObject(header[name]))) {
    throw misshapen();
  }
  for (const file of planFiles as readonly unknown[]) {
    if (!isObject(file)) throw misshapen();
    expectAllTexts([file["name"], file["sha256"]]);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function misshapen(): SyntaxError {
  return new SyntaxError("something in it has not the shape it was written in");
}

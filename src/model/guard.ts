/** Guards: values that carry the place that set them, so that every refusal can name it; the strictest holds. */

/** A value with the place that set it, as people would look for it: `handover.yaml:7:3`, `--max-changes`. */
export interface Setting<T> {
  readonly value: T;
  readonly from: string;
}

/** So many, or a share of a whole. */
export type Amount =
  | { readonly count: number; readonly percent?: undefined }
  | { readonly percent: number; readonly count?: undefined };

/** `20`, `5%` or `0.5 %`; undefined for anything else. */
export function parseAmount(text: string): Amount | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)( ?%)?$/.exec(text.trim());
  if (match === null) return undefined;
  const value = Number(match[1]);
  if (match[2] !== undefined) return value <= 100 ? { percent: value } : undefined;
  return Number.isInteger(value) ? { count: value } : undefined;
}

export function amountText(amount: Amount): string {
  return amount.percent === undefined ? String(amount.count) : `${amount.percent} %`;
}

/** How many of `whole` an amount permits. */
export function permitted(amount: Amount, whole: number): number {
  return amount.percent === undefined ? amount.count : Math.floor((amount.percent * whole) / 100 + 1e-9);
}

/** The lower of two ceilings; undefined is none. Of two alike the first stays. */
export function stricter(a: Setting<number> | undefined, b: Setting<number> | undefined): Setting<number> | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.value < a.value ? b : a;
}

/** Failed steps among the last `over` that ended, in percent, looked at once `least` have. */
export interface FailureRate {
  readonly percent: number;
  readonly over: number;
  readonly least: number;
}

/** Amounts with units, as people type them: rates and durations. */

const secondsPer = new Map([
  ["s", 1],
  ["m", 60],
  ["min", 60],
  ["h", 3600],
]);

/** Calls per second from such as `8`, `8/s`, `480/m`; undefined for anything else, and for nothing at all per second. */
export function parseRate(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)(?:\/(s|m|min|h))?$/.exec(text);
  const perSecond = Number(match?.[1]) / (secondsPer.get(match?.[2] ?? "s") ?? Number.NaN);
  return perSecond > 0 ? perSecond : undefined;
}

const msPer = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** Milliseconds from such as `90s`, `15m`, `1h30m`; undefined for anything else, and for no time at all. */
export function parseDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)/g)];
  if (parts.map((part) => part[0]).join("") !== text) return undefined;
  const ms = parts.reduce((sum, part) => sum + Number(part[1]) * (msPer.get(part[2] ?? "") ?? Number.NaN), 0);
  return ms > 0 ? ms : undefined;
}

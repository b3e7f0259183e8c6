/** How long to wait before a failed call is made again. */
import type { Random } from "../model/clock.ts";
import type { Disposition } from "../model/errors.ts";

const waitMaxMs = 60_000;
const throttleBaseMs = 1000;
const transientBaseMs = 500;

/** Full jitter: anywhere between 0 and a bound that doubles with each failure (`failures` from 1) up to a minute. */
export function backoffMs(failures: number, disposition: Disposition, random: Random): number {
  const base = disposition === "throttle" ? throttleBaseMs : transientBaseMs;
  return random() * Math.min(waitMaxMs, base * 2 ** (failures - 1));
}

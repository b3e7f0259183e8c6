/** Identifiers of runs: ULIDs, which sort by the time they were made. */
import type { Clock, Random } from "../model/clock.ts";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** 10 characters of wall time in milliseconds and 16 of chance, in Crockford's base 32. */
export function ulid(clock: Clock, random: Random): string {
  let time = "";
  for (let rest = Math.trunc(clock.now()); time.length < 10; rest = Math.trunc(rest / 32)) {
    time = alphabet.charAt(rest % 32) + time;
  }
  let chance = "";
  while (chance.length < 16) chance += alphabet.charAt(Math.trunc(random() * 32));
  return time + chance;
}

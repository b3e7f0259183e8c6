/** Chance that can be repeated: one seed gives one sequence. */
import type { Random } from "../model/clock.ts";

/** Numbers in [0, 1) from a 32-bit seed (the sfc32 generator, warmed up). */
export function seededRandom(seed: number): Random {
  let a = seed | 0;
  let b = (seed ^ 0x9e3779b9) | 0;
  let c = Math.imul(seed, 0x85ebca6b) | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}

/** An integer in [0, below). */
export function pickIndex(random: Random, below: number): number {
  return Math.floor(random() * below);
}

function hex(random: Random): string {
  return Math.floor(random() * 4_294_967_296)
    .toString(16)
    .padStart(8, "0");
}

/** Text shaped like a version 4 UUID. */
export function uuidText(random: Random): string {
  const [first, second, third, fourth] = [hex(random), hex(random), hex(random), hex(random)];
  const variant = "89ab".charAt(pickIndex(random, 4));
  return `${first}-${second.slice(0, 4)}-4${second.slice(5)}-${variant}${third.slice(1, 4)}-${third.slice(4)}${fourth}`;
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** `length` characters of the base64url alphabet. */
export function opaqueText(random: Random, length: number): string {
  let text = "";
  for (let index = 0; index < length; index += 1) text += base64url.charAt(pickIndex(random, 64));
  return text;
}

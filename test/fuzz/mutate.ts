/** Cases from seeds: a sound input of the target, changed a few times by chance. The same seed and number give the same case. */
import { Chance } from "../simulation/chance.ts";
import type { Target } from "./target.ts";

/** Longer cases are cut: what grows without end is found at this length too. */
const bytesMax = 256 * 1024;

/** Text that readers of foreign text have come to grief over. */
const nuisances: readonly string[] = [
  "\0",
  "\ufeff",
  "\u202e",
  "\u2066",
  "\u200b",
  "\u2028",
  "\u0085",
  "\u001b[2J",
  "\u009b31m",
  "\r",
  "\r\n",
  "\n",
  "\t",
  '"',
  "'",
  "\\",
  "\\ud800",
  "\\udc00x",
  "\\u0000",
  "\ud83d\ude00",
  "e\u0301",
  "\u212a",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "then",
  "length",
  "null",
  "true",
  "{}",
  "[]",
  '""',
  "0",
  "-0",
  "-1",
  "1e999",
  "1e-320",
  "NaN",
  "0x10",
  "4294967296",
  "9007199254740993",
  "99999999999999999999999",
  "=1+1",
  "../../etc/passwd",
  "%00",
  "${7*7}",
];

/** Bytes that are no UTF-8: a lone surrogate, an overlong slash, a cut-off character, a mark of UTF-16. */
const noText: readonly Buffer[] = [
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xc0, 0xaf]),
  Buffer.from([0xe2, 0x82]),
  Buffer.from([0xff, 0xfe]),
  Buffer.from([0xfe, 0xff]),
];

/** The input of case `number`. */
export function caseOf(name: string, target: Target, seed: number, number: number): Buffer {
  const chance = new Chance(seed, `${name} ${number}`);
  let input = Buffer.from(chance.pick(target.corpus));
  if (target.mutate !== undefined && chance.hits(0.75)) return target.mutate(input, chance).subarray(0, bytesMax);
  const rounds = chance.hits(0.5) ? 1 : chance.whole(2, 8);
  for (let round = 0; round < rounds; round += 1) input = mutated(input, target, chance).subarray(0, bytesMax);
  return input;
}

/** One general change. */
function mutated(input: Buffer, target: Pick<Target, "corpus" | "dictionary">, chance: Chance): Buffer<ArrayBuffer> {
  if (chance.hits(0.55)) return withTokens(input, target.dictionary, chance);
  const { from, to } = span(input.length, chance);
  const part = input.subarray(from, to);
  switch (chance.whole(0, 8)) {
    case 0:
      return flipped(input, chance);
    case 1:
      return spliced(input, from, to, Buffer.alloc(0));
    case 2:
      return spliced(input, to, to, part);
    case 3:
      return spliced(input, from, from, Buffer.from(chance.pick([...nuisances, ...target.dictionary])));
    case 4:
      return spliced(input, from, from, chance.pick(noText));
    case 5:
      return Buffer.from(input.subarray(0, from));
    case 6: {
      const other = chance.pick(target.corpus);
      return Buffer.concat([input.subarray(0, from), other.subarray(chance.whole(0, other.length))]);
    }
    case 7:
      return spliced(input, from, to, repeated(part, chance));
    default:
      return spliced(input, from, Math.min(input.length, from + 4), randomBytes(chance));
  }
}

/** A bit of one byte turned over, or a few. */
export function flipped(input: Buffer, chance: Chance): Buffer<ArrayBuffer> {
  const copy = Buffer.from(input);
  if (copy.length === 0) return copy;
  for (let count = chance.pick([1, 1, 1, 2, 16]); count > 0; count -= 1) {
    const at = chance.whole(0, copy.length - 1);
    copy[at] = (copy[at] ?? 0) ^ (1 << chance.whole(0, 7));
  }
  return copy;
}

/** Words, quoted texts, marks and blanks as units: taken out, doubled, exchanged, replaced, nested. */
export function withTokens(input: Buffer, dictionary: readonly string[], chance: Chance): Buffer<ArrayBuffer> {
  const tokens: string[] = input.toString("utf8").match(/"(?:[^"\\\n]|\\.)*"|[\p{L}\p{N}_.@+-]+|\s+|[^\s]/gu) ?? [];
  const at = chance.whole(0, Math.max(0, tokens.length - 1));
  const other = chance.whole(0, Math.max(0, tokens.length - 1));
  const word = chance.pick([...nuisances, ...dictionary, ...dictionary]);
  switch (chance.whole(0, 7)) {
    case 0:
      tokens.splice(at, chance.pick([1, 1, 2, 5]));
      break;
    case 1:
      tokens.splice(at, 0, ...tokens.slice(other, other + chance.pick([1, 2, 8])));
      break;
    case 2:
      [tokens[at], tokens[other]] = [tokens[other] ?? "", tokens[at] ?? ""];
      break;
    case 3:
      tokens[at] = word;
      break;
    case 4:
      tokens.splice(at, 0, word);
      break;
    case 5:
      tokens[at] = inside(tokens[at] ?? "", word, chance);
      break;
    case 6:
      tokens[at] = nested(tokens[at] ?? "", chance);
      break;
    default:
      tokens[at] = repeatedText(tokens[at] ?? "", chance.pick([2, 2, 50, 3000]));
  }
  return Buffer.from(tokens.join("").slice(0, bytesMax));
}

/** `word` within a text, so that quotes round it stay. */
function inside(token: string, word: string, chance: Chance): string {
  const at = chance.whole(Math.min(1, token.length), Math.max(0, token.length - 1));
  return token.slice(0, at) + word + token.slice(at);
}

function repeatedText(text: string, times: number): string {
  return text.repeat(Math.min(times, Math.ceil(bytesMax / Math.max(1, text.length))));
}

function nested(token: string, chance: Chance): string {
  const [open, close] = chance.pick([
    ["[", "]"],
    ['{"a":', "}"],
    ["- ", ""],
    ["(", ")"],
    ['"', '"'],
  ] as const);
  const depth = chance.pick([1, 2, 30, 40, 5000]);
  return repeatedText(open, depth) + token + repeatedText(close, depth);
}

function span(length: number, chance: Chance): { readonly from: number; readonly to: number } {
  const from = chance.whole(0, length);
  const size = chance.hits(0.7) ? chance.whole(0, 16) : chance.whole(0, length);
  return { from, to: Math.min(length, from + size) };
}

function spliced(input: Buffer, from: number, to: number, between: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.concat([input.subarray(0, from), between, input.subarray(to)]);
}

function repeated(part: Buffer, chance: Chance): Buffer {
  const times = Math.min(chance.pick([3, 100, 5000]), Math.ceil(bytesMax / Math.max(1, part.length)));
  return Buffer.concat(Array.from({ length: times }, () => part));
}

function randomBytes(chance: Chance): Buffer {
  return Buffer.from(Array.from({ length: chance.whole(1, 4) }, () => chance.whole(0, 255)));
}

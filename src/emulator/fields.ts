/** Partial responses: the `fields` parameter, such as `nextPageToken,assets(name,title)`, read and applied. */
import { invalidArgument } from "./refusal.ts";

/** What to keep: `true` for all below, or the names to keep with what to keep of each. */
export type FieldMask = true | ReadonlyMap<string, FieldMask>;

const cacheMax = 64;
const cache = new Map<string, FieldMask>();

/** Reads a mask; throws a 400 refusal where the text is none. */
export function parseFields(text: string): FieldMask {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const reader = { text, at: 0 };
  const mask = readList(reader, 0);
  if (reader.at !== text.length) throw invalidFields(text);
  if (cache.size >= cacheMax) cache.clear();
  cache.set(text, mask);
  return mask;
}

interface Reader {
  readonly text: string;
  at: number;
}

function readList(reader: Reader, depth: number): FieldMask {
  if (depth > 16) throw invalidFields(reader.text);
  const mask = new Map<string, FieldMask>();
  let all = false;
  for (;;) {
    const [name, below] = readPath(reader, depth);
    if (name === "*") all = true;
    else mask.set(name, merge(mask.get(name), below));
    if (reader.text[reader.at] !== ",") break;
    reader.at += 1;
  }
  return all ? true : mask;
}

function readPath(reader: Reader, depth: number): readonly [string, FieldMask] {
  const name = /^\s*([A-Za-z0-9_*]+)\s*/.exec(reader.text.slice(reader.at, reader.at + 200));
  if (name?.[1] === undefined) throw invalidFields(reader.text);
  reader.at += name[0].length;
  const next = reader.text[reader.at];
  if (next === "/") {
    reader.at += 1;
    const [below, mask] = readPath(reader, depth + 1);
    return [name[1], below === "*" ? true : new Map([[below, mask]])];
  }
  if (next !== "(") return [name[1], true];
  reader.at += 1;
  const mask = readList(reader, depth + 1);
  if (reader.text[reader.at] !== ")") throw invalidFields(reader.text);
  reader.at += 1;
  return [name[1], mask];
}

function merge(a: FieldMask | undefined, b: FieldMask): FieldMask {
  if (a === undefined) return b;
  if (a === true || b === true) return true;
  const merged = new Map(a);
  for (const [name, mask] of b) merged.set(name, merge(merged.get(name), mask));
  return merged;
}

/** `value` with only what the mask keeps. Names that select nothing are passed over. */
export function applyFields(value: unknown, mask: FieldMask): unknown {
  if (mask === true || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => applyFields(item, mask));
  const kept: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, below] of Object.entries(value)) {
    const wanted = mask.get(name);
    if (wanted !== undefined) kept[name] = applyFields(below, wanted);
  }
  return kept;
}

function invalidFields(text: string): Error {
  return invalidArgument(`Invalid field selection ${text.slice(0, 100)}`);
}

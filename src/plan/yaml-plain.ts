/**
 * The shape nearly every list of moves has, read line by line: each item a mapping of `key: value`, one to a line, with
 * nothing in the values that YAML reads anything into. Composing it so costs 6 us of CPU a move instead of 65; whatever
 * differs in one letter is left to the library, so that what YAML means is decided in one place.
 */
import { Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { Node } from "yaml";

/**
 * Blanks, perhaps a dash, and a key. The value is in quotes, without any quote or backslash between them, or begins with
 * a sign that means nothing in YAML.
 */
const keyed =
  /^( *)(- +)?([A-Za-z_][A-Za-z0-9_-]{0,99}):( +)(?:"([^"\\\t\r]*)"|'([^'\t\r]*)'|([A-Za-z0-9_./(+=][^\t\r\ufeff]*)) *$/;
/** A line that says nothing. */
const silent = /^ *(?:#[^\r]*)?$/;
/** What ends a plain value, or makes a mapping of it. */
const ends = /: | #|:$/;

/** Told of the offset at which each line begins. */
export type OnLine = (offset: number) => void;

/** The list that `text` is, with the nodes the library would make of it; undefined when only the library can tell. */
export function plainItems(text: string, onLine: OnLine): Node | undefined {
  const starts: number[] = [];
  const list = new YAMLSeq<YAMLMap<Scalar<string>, Scalar<string>>>();
  let map: YAMLMap<Scalar<string>, Scalar<string>> | undefined;
  let dash = -1;
  let column = -1;
  for (let at = 0; at < text.length;) {
    const found = text.indexOf("\n", at);
    const end = found < 0 ? text.length : found;
    const line = text.slice(at, end);
    starts.push(at);
    const said = keyed.exec(line);
    if (said === null) {
      if (!silent.test(line)) return undefined;
    } else {
      const [, { length: indent } = "", lead, key = "", gap = "", double, single, plain] = said;
      const keyAt = indent + (lead?.length ?? 0);
      if (lead !== undefined) {
        if (dash >= 0 && indent !== dash) return undefined;
        dash = indent;
        column = keyAt;
        map = new YAMLMap();
        place(map, at + keyAt, at + end);
        list.items.push(map);
      }
      if (map === undefined || keyAt !== column) return undefined;
      const value = valueOf(double, single, plain);
      if (value === undefined) return undefined;
      const valueAt = at + keyAt + key.length + 1 + gap.length;
      map.items.push(new Pair(scalar(key, at + keyAt, "PLAIN"), value));
      place(value, valueAt, end);
    }
    at = end + 1;
  }
  if (map === undefined) return undefined;
  place(list, dash, text.length);
  // Only now: what the library is to read, it counts itself.
  for (const start of starts) onLine(start);
  return list;
}

function valueOf(
  double: string | undefined,
  single: string | undefined,
  plain: string | undefined,
): Scalar<string> | undefined {
  if (double !== undefined) return scalar(double, 0, "QUOTE_DOUBLE");
  if (single !== undefined) return scalar(single, 0, "QUOTE_SINGLE");
  const text = plain?.replace(/ +$/, "");
  return text === undefined || ends.test(text) ? undefined : scalar(text, 0, "PLAIN");
}

function scalar(text: string, at: number, type: "PLAIN" | "QUOTE_DOUBLE" | "QUOTE_SINGLE"): Scalar<string> {
  const node = new Scalar(text);
  node.type = type;
  place(node, at, at + text.length);
  return node;
}

function place(node: Node, from: number, to: number): void {
  node.range = [from, to, to];
}

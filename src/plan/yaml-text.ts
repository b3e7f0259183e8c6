/** YAML text into nodes with places, and the few shapes of node that a plan file may hold. */
import { Composer, isAlias, isMap, isScalar, isSeq, LineCounter, Parser, visit } from "yaml";
import type { CST, Document, Node } from "yaml";
import type { Parsed } from "../model/brand.ts";
import type { Diagnostic, Place } from "../model/diagnostic.ts";
import { thousands, quoted } from "../model/text.ts";
import type { Problems } from "./problems.ts";
import { chooseFrom } from "./suggest.ts";
import { plainItems } from "./yaml-plain.ts";

/** Deeper nesting than this has no meaning in a plan, and composing thousands of levels exhausts the stack. */
const depthMax = 32;
/** Characters of one value. */
const valueMax = 64 * 1024;

/** What YAML reads as no value when it is not in quotes. */
const nothingWritten = /^(?:~|null|Null|NULL)$/;

/** Every value is text until a rule of the plan reads it, so that a title of 2024 or null stays what was written. */
const options = { schema: "failsafe", uniqueKeys: false, stringKeys: true, prettyErrors: false, merge: false } as const;

/**
 * What each anchor of a file stands for; undefined for more than a single value. Only single values can be referred to,
 * so that no alias can multiply anything.
 */
export type Anchors = Map<string, string | undefined>;

export interface Written {
  readonly text: string;
  readonly place: Place;
}

/** A key with its value's node. */
export interface Entry {
  readonly key: Place;
  readonly node: Node | null;
}

/** One parsed text of a file, which begins on line `firstLine` of it. */
export class YamlText {
  readonly root: Node | null;
  readonly #file: string;
  readonly #firstLine: number;
  readonly #lines = new LineCounter();
  readonly #problems: Problems;
  readonly #anchors: Anchors;
  readonly #document: Document | undefined;
  readonly #faults: Diagnostic[] = [];
  readonly #anchored: boolean;
  /** Without the blanks at the end. */
  readonly #length: number;

  constructor(file: string, text: string, firstLine: number, problems: Problems, anchors: Anchors) {
    this.#file = file;
    this.#firstLine = firstLine;
    this.#problems = problems;
    this.#anchors = anchors;
    this.#length = text.trimEnd().length;
    const plain = plainItems(text, this.#lines.addNewLine);
    this.#document = plain === undefined ? this.#compose(text) : undefined;
    this.root = plain ?? this.#document?.contents ?? null;
    this.#anchored = text.includes("&");
  }

  /** Whether the text is one well-formed document. */
  get sound(): boolean {
    return this.#faults.length === 0;
  }

  /** To be called once before reading: takes in the anchors of a sound text, or adds what is wrong with the other. */
  begin(): boolean {
    for (const { place, problem, remedy } of this.#faults) this.#problems.add(place, problem, remedy);
    if (this.sound && this.#document !== undefined && this.#anchored) this.#collectAnchors(this.#document);
    return this.sound;
  }

  place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line: Math.max(1, line) + this.#firstLine - 1, column: Math.max(1, col) };
  }

  placeOf(node: Node | null | undefined): Place {
    return this.place(node?.range?.[0] ?? 0);
  }

  add(node: Node | null, problem: string, remedy: string): void {
    this.#problems.add(this.placeOf(node), problem, remedy);
  }

  /** The keys of a mapping. Unknown and repeated ones are problems; those that begin with `x_` are nobody's business. */
  entries(node: Node | null, what: string, known: readonly string[]): ReadonlyMap<string, Entry> | undefined {
    if (!isMap<Node | null, Node | null>(node)) {
      this.add(node, `${what} must be a mapping`, `write keys with values, of: ${known.join(", ")}`);
      return undefined;
    }
    const entries = new Map<string, Entry>();
    for (const pair of node.items) {
      const key = this.text(pair.key, `a key of ${what}`);
      if (key === undefined) continue;
      const first = entries.get(key.text);
      if (first !== undefined) {
        this.#problems.add(
          key.place,
          `${quoted(key.text)} is written twice in ${what}; first on line ${first.key.line}`,
          "keep one of the two",
        );
      } else if (!known.includes(key.text) && !key.text.startsWith("x_")) {
        this.#problems.add(
          key.place,
          `${what} has no key ${quoted(key.text)}`,
          key.text === "<<" ? "merge keys are not read: write the keys out" : chooseFrom(key.text, known),
        );
      } else {
        entries.set(key.text, { key: key.place, node: pair.value });
      }
    }
    return entries;
  }

  /** The items of a list; a problem for anything else. */
  items(node: Node | null, what: string, remedy: string): readonly (Node | null)[] | undefined {
    if (isSeq<Node | null>(node)) return node.items;
    this.add(node, `${what} must be a list`, remedy);
    return undefined;
  }

  /** One value as written, without the blanks around it. */
  text(node: Node | null, what: string): Written | undefined {
    let text: string | undefined;
    if (isScalar(node) && typeof node.value === "string") {
      text = node.type === "PLAIN" && nothingWritten.test(node.value) ? "" : node.value;
    } else if (isAlias(node)) {
      if (!this.#anchors.has(node.source)) {
        this.add(
          node,
          `${what} refers to *${node.source}, which stands nowhere above`,
          `write the value, or put &${node.source} before it where it first stands`,
        );
        return undefined;
      }
      text = this.#anchors.get(node.source);
      if (text === undefined) {
        this.add(
          node,
          `*${node.source} stands for more than a single value`,
          "write the mapping or list out; only single values can be referred to",
        );
        return undefined;
      }
    }
    if (text === undefined) {
      this.add(node, `${what} must be a single value, not a mapping or a list`, "write one value");
      return undefined;
    }
    if (text.length > valueMax) {
      this.add(
        node,
        `${what} is longer than ${thousands(valueMax)} characters`,
        "shorten it; perhaps a quote is not closed",
      );
      return undefined;
    }
    return { text: text.trim(), place: this.placeOf(node) };
  }

  /** One value read by `parse`; undefined where nothing is written or it is wrong, which has then been added. */
  value<T>(entry: Entry | undefined, what: string, parse: (text: string) => Parsed<T>): T | undefined {
    const written = entry === undefined ? undefined : this.text(entry.node, what);
    return written === undefined ? undefined : this.#problems.value(parse(written.text), written.place, what);
  }

  /** One value, or a list of them; undefined where nothing is written or any of them is wrong. */
  list<T>(entry: Entry | undefined, what: string, parse: (text: string) => Parsed<T>): readonly T[] | undefined {
    if (entry === undefined) return undefined;
    const nodes = isSeq<Node | null>(entry.node) ? entry.node.items : [entry.node];
    if (nodes.length === 0) {
      this.add(entry.node, `${what} is an empty list`, "write at least one value, or leave it out");
      return undefined;
    }
    const values = nodes.map((node) => this.value({ key: entry.key, node }, what, parse));
    return values.every((value) => value !== undefined) ? values : undefined;
  }

  /** Thousands of levels exhaust the parser's own stack, before any depth can be looked at. */
  #compose(text: string): Document | undefined {
    try {
      return this.#composed(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#faultOfDepth(this.#lines.lineStarts.at(-1) ?? 0);
      return undefined;
    }
  }

  #composed(text: string): Document | undefined {
    const tokens: CST.Token[] = [];
    for (const token of new Parser(this.#lines.addNewLine).parse(text)) {
      const deep = tooDeep(token);
      if (deep !== undefined) {
        this.#faultOfDepth(deep);
        return undefined;
      }
      tokens.push(token);
    }
    let first: Document | undefined;
    for (const document of new Composer(options).compose(tokens, true, text.length)) {
      if (first !== undefined) {
        this.#fault(
          document.range[0],
          "a second document begins here",
          "keep one document a file: remove the --- line, or split the file",
        );
        break;
      }
      first = document;
      for (const error of [...document.errors, ...document.warnings]) {
        const problem = `not YAML as a plan may use it: ${error.message}`;
        this.#fault(error.pos[0], problem, yamlRemedy(error));
      }
      if (document.directives?.yaml.explicit === true) {
        this.#fault(0, "a %YAML directive stands at the top", "remove it: plans are YAML 1.2");
      }
    }
    return first;
  }

  #faultOfDepth(offset: number): void {
    this.#fault(
      offset,
      `the nesting is deeper than ${depthMax} levels`,
      "a plan needs three or four levels; perhaps a bracket is not closed",
    );
  }

  /** What is missing at the end is missed on the last line that says something. */
  #fault(offset: number, problem: string, remedy: string): void {
    this.#faults.push({ place: this.place(Math.min(offset, this.#length)), problem, remedy });
  }

  #collectAnchors(document: Document): void {
    visit(document, {
      Node: (_, node) => {
        if (isAlias(node) || node.anchor === undefined) return;
        if (this.#anchors.has(node.anchor)) {
          this.add(node, `the anchor &${node.anchor} is set twice`, "give one of the two another name");
          return;
        }
        this.#anchors.set(node.anchor, isScalar(node) && typeof node.value === "string" ? node.value : undefined);
      },
    });
  }
}

/** The offset of the first token nested too deeply. Walks with its own stack, because the depth is the question. */
function tooDeep(token: CST.Token): number | undefined {
  const open: { readonly token: CST.Token; readonly depth: number }[] = [{ token, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > depthMax) return next.token.offset;
    if (next.token.type === "document") {
      if (next.token.value !== undefined) open.push({ token: next.token.value, depth: next.depth });
    } else if ("items" in next.token) {
      for (const item of next.token.items) {
        if (item.key !== undefined && item.key !== null) open.push({ token: item.key, depth: next.depth + 1 });
        if (item.value !== undefined) open.push({ token: item.value, depth: next.depth + 1 });
      }
    }
  }
  return undefined;
}

function yamlRemedy({ code, message }: { readonly code: string; readonly message: string }): string {
  // One code for two faults: below a key, the parser takes a bracket that is never closed for one closed too far left.
  if (code === "BAD_INDENT" && /end with a [\]}]/.test(message)) {
    return "close the bracket, and indent what stands in it further than the key it belongs to";
  }
  switch (code) {
    case "TAG_RESOLVE_FAILED":
      return "leave the tag out: a plan needs none";
    case "BAD_INDENT":
      return "line the keys of one mapping up under each other, and indent what belongs to a key";
    case "TAB_AS_INDENT":
      return "indent with spaces, not tabs";
    case "MISSING_CHAR":
      return "close the quote or bracket, and put a colon and a blank after each key";
    case "BAD_SCALAR_START":
    case "BAD_ALIAS":
      return "put the value in quotes";
    default:
      return 'correct the line; text with : # * & or quotes in it belongs in "double quotes"';
  }
}

/** How a YAML plan is read: settings first, then its moves a few at a time. */
import { isMap, isScalar } from "yaml";
import type { Node } from "yaml";
import { firstForbiddenCharacter, thousands } from "../model/text.ts";
import { decodeText } from "./decode.ts";
import { readMove } from "./moves.ts";
import type { Problems } from "./problems.ts";
import type { Beyond, Row } from "./row.ts";
import { topKeys } from "./settings.ts";
import type { SettingsMerge } from "./settings.ts";
import { singly, splitMoves } from "./yaml-split.ts";
import type { Batch, SplitText } from "./yaml-split.ts";
import { YamlText } from "./yaml-text.ts";
import type { Anchors, Entry, Written } from "./yaml-text.ts";

const mebibyte = 1024 * 1024;
/** Characters of a file, of text that is parsed as one tree (about 100 times its size in memory), and of one move. */
const fileMax = 64 * mebibyte;
const treeMax = 8 * mebibyte;
const moveMax = mebibyte;

/** Takes the moves of a file, in order. */
export interface MoveSink {
  row(row: Row, beyond: Beyond): void;
  /** A move whose shape is wrong. */
  badRow(): void;
  flush(): Promise<void>;
  /** A replace-member for each line of the file that `users` names. */
  people(path: Written, beyond: Beyond): Promise<void>;
}

/** Reads a whole file. Throws `UnreadableText` for bytes that are no text. */
export async function readYaml(
  file: string,
  bytes: AsyncIterable<Uint8Array>,
  sink: MoveSink,
  settings: SettingsMerge,
  problems: Problems,
): Promise<void> {
  const text = await wholeText(file, bytes, problems);
  if (text !== undefined) await new PlanText(file, text, sink, settings, problems).read();
}

/** The text; undefined for one that is too long or holds a NUL, which has then been added. */
async function wholeText(
  file: string,
  bytes: AsyncIterable<Uint8Array>,
  problems: Problems,
): Promise<string | undefined> {
  const pieces: string[] = [];
  let length = 0;
  for await (const piece of decodeText(bytes)) {
    length += piece.length;
    if (length > fileMax) {
      problems.add(
        { file, line: 1, column: 1 },
        `the file is longer than ${fileMax / mebibyte} MiB`,
        "split it; several plan files make one plan, and CSV files may have any length",
      );
      return undefined;
    }
    pieces.push(piece);
  }
  const text = pieces.join("");
  const nul = text.indexOf("\0");
  if (nul < 0) return text;
  const before = text.slice(0, nul).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  problems.add(
    { file, line: before.length, column },
    "the file contains a NUL character",
    "save it as plain UTF-8 text",
  );
  return undefined;
}

class PlanText {
  readonly #file: string;
  readonly #text: string;
  readonly #sink: MoveSink;
  readonly #settings: SettingsMerge;
  readonly #problems: Problems;
  readonly #anchors: Anchors = new Map();
  #users: { readonly entry: Entry; readonly path: Written | undefined } | undefined;
  #usersRead = false;
  /** Whether a move could not be read: it may be the one that reads the file of users. */
  #unread = false;

  constructor(file: string, text: string, sink: MoveSink, settings: SettingsMerge, problems: Problems) {
    this.#file = file;
    this.#text = text;
    this.#sink = sink;
    this.#settings = settings;
    this.#problems = problems;
  }

  async read(): Promise<void> {
    const split = splitMoves(this.#text);
    if (split === undefined || !(await this.#readSplit(split))) await this.#readWhole();
    if (this.#users?.path !== undefined && !this.#usersRead && !this.#unread) {
      this.#problems.add(
        this.#users.entry.key,
        "no move reads the file that users names",
        "add the move { replace-member: users }, or remove users",
      );
    }
  }

  /** False when the text around the moves turns out not to have the shape that was cut for. */
  async #readSplit(split: SplitText): Promise<boolean> {
    if (split.rest.length > treeMax) return false;
    const yaml = this.#parsed(split.rest, 1);
    if (!yaml.sound || !isMap<Node | null, Node | null>(yaml.root) || yaml.root.flow === true) return false;
    const moves = yaml.root.items.find((pair) => yaml.placeOf(pair.key).line === split.line);
    if (moves === undefined || !isScalar(moves.value) || moves.value.value !== "") return false;

    yaml.begin();
    const defaults = this.#readTop(yaml)?.defaults;
    if (defaults === undefined) return true;
    for (const batch of split.batches) await this.#readBatch(batch, defaults);
    return true;
  }

  /** A batch that is not well-formed is read item by item, so that one broken move hides no other. */
  async #readBatch(batch: Batch, defaults: Beyond): Promise<void> {
    const only = batch.items.length === 1 ? batch.items[0] : undefined;
    if (only !== undefined && batch.text.length > moveMax) {
      this.#bad();
      this.#problems.add(
        { file: this.#file, line: only.line, column: 1 },
        `the move is longer than ${thousands(moveMax)} characters`,
        "shorten it; perhaps a quote is not closed",
      );
      return;
    }
    const yaml = this.#parsed(batch.text, batch.firstLine);
    if (!yaml.sound && only === undefined) {
      for (const item of singly(batch)) await this.#readBatch(item, defaults);
    } else if (yaml.begin()) {
      await this.#readMoves(yaml, yaml.root, defaults);
    } else {
      this.#bad();
    }
    await this.#sink.flush();
  }

  #parsed(text: string, firstLine: number): YamlText {
    return new YamlText(this.#file, text, firstLine, this.#problems, this.#anchors);
  }

  async #readWhole(): Promise<void> {
    if (this.#text.length > treeMax) {
      this.#problems.add(
        { file: this.#file, line: 1, column: 1 },
        `the file is longer than ${treeMax / mebibyte} MiB, and its moves do not stand one below the other`,
        "write moves: alone on a line, and below it each move after a dash at one indentation",
      );
      return;
    }
    const yaml = this.#parsed(this.#text, 1);
    const top = yaml.begin() ? this.#readTop(yaml) : undefined;
    const moves = top?.moves;
    if (top === undefined || moves === undefined) return;
    await this.#readMoves(yaml, moves.node, top.defaults);
  }

  /** The settings, and where the moves stand. */
  #readTop(yaml: YamlText): { readonly defaults: Beyond; readonly moves: Entry | undefined } | undefined {
    if (this.#text.trim() === "") {
      this.#problems.add({ file: this.#file, line: 1, column: 1 }, "the file is empty", "begin it with version: 1");
      return undefined;
    }
    const top = yaml.entries(yaml.root, "the plan", topKeys);
    if (top === undefined) return undefined;
    const defaults = this.#settings.add(yaml, top);
    const users = top.get("users");
    if (users !== undefined) this.#users = { entry: users, path: this.#peoplePath(yaml, users) };
    return { defaults, moves: top.get("moves") };
  }

  /** The path under `users`, which may lead nowhere but beside and below the plan file. */
  #peoplePath(yaml: YamlText, users: Entry): Written | undefined {
    const path = yaml.text(users.node, "users");
    if (path === undefined) return undefined;
    const parts = path.text.split(/[/\\]/);
    const leaves =
      parts.includes("..") ||
      path.text.startsWith("/") ||
      path.text.startsWith("\\") ||
      /^[a-z][a-z0-9+.-]*:/i.test(path.text);
    if (path.text !== "" && !leaves && firstForbiddenCharacter(path.text) === undefined) return path;
    this.#problems.add(
      path.place,
      `users: ${JSON.stringify(path.text)} is not the path of a file beside or below this one`,
      "write a relative path without .., such as people.csv",
    );
    return undefined;
  }

  async #readMoves(yaml: YamlText, list: Node | null, defaults: Beyond): Promise<void> {
    const items = yaml.items(list, "moves", "begin each move with a dash: - { from: …, to: … }");
    if (items === undefined) this.#unread = true;
    for (const node of items ?? []) {
      const move = readMove(yaml, node, defaults, this.#problems);
      if (move === undefined) this.#bad();
      else if (move.users) await this.#readPeople(yaml, node, move.row, move.beyond);
      else this.#sink.row(move.row, move.beyond);
    }
  }

  #bad(): void {
    this.#unread = true;
    this.#sink.badRow();
  }

  async #readPeople(yaml: YamlText, node: Node | null, row: Row, beyond: Beyond): Promise<void> {
    const problems = this.#problems.count;
    for (const field of ["from", "to", "asset", "title", "type", "member", "role", "keep"] as const) {
      if (row.text(field) === undefined) continue;
      this.#problems.add(
        row.placeOf(field),
        `${field} is not read by replace-member: users`,
        field === "from" || field === "to"
          ? "the addresses stand in the file that users names"
          : "say which assets with select, or leave it out",
      );
    }
    if (this.#users === undefined) {
      yaml.add(
        node,
        "replace-member: users needs a file of old and new addresses",
        "add users: people.csv at the top, with the columns old,new",
      );
    }
    this.#usersRead = true;
    const path = this.#users?.path;
    if (path === undefined || this.#problems.count > problems) {
      this.#bad();
      return;
    }
    await this.#sink.flush();
    await this.#sink.people(path, beyond);
  }
}

/** What counts as text in a plan file: UTF-8, or UTF-16 that says so, and nothing that is not well-formed. */
import { isUtf8 } from "node:buffer";

/** The bytes are not text. `line` is 1-based and exact. */
export class UnreadableText extends Error {
  override readonly name: string = "UnreadableText";
  readonly line: number;
  readonly remedy: string;
  constructor(line: number, problem: string, remedy: string) {
    super(problem);
    this.line = line;
    this.remedy = remedy;
  }
}

const saveAsUtf8 = 'save the file as UTF-8 (in Excel: "CSV UTF-8")';
/** Bytes decoded at once, so that one huge chunk does not become one huge string. */
const pieceBytes = 64 * 1024;

/**
 * Decodes a file piece by piece, without its byte order mark and with LF for every CR LF and CR. Throws
 * `UnreadableText`.
 */
export async function* decodeText(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let decoding: Decoding | undefined;
  let head = Buffer.alloc(0);
  for await (const chunk of bytes) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (decoding === undefined) {
      head = Buffer.concat([head, rest]);
      if (head.length < 4) continue;
      decoding = Decoding.of(head);
      rest = head;
    }
    for (let at = 0; at < rest.length; at += pieceBytes) {
      const text = decoding.decode(rest.subarray(at, at + pieceBytes));
      if (text !== "") yield text;
    }
  }
  if (decoding === undefined) {
    decoding = Decoding.of(head);
    const text = decoding.decode(head);
    if (text !== "") yield text;
  }
  decoding.end();
}

type Encoding = "UTF-8" | "UTF-16LE" | "UTF-16BE";

class Decoding {
  readonly #encoding: Encoding;
  #lineEnds = 0;
  /** The text so far ends in a CR, which has become a LF: a LF that follows belongs to it. */
  #afterCr = false;
  /** Bytes of the mark still to be dropped. */
  #mark: number;
  #carried: Buffer = Buffer.alloc(0);

  private constructor(encoding: Encoding, mark: number) {
    this.#encoding = encoding;
    this.#mark = mark;
  }

  /** Chooses by the byte order mark; a NUL among the first bytes without one is UTF-16 that does not say so. */
  static of(head: Buffer): Decoding {
    if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return new Decoding("UTF-8", 3);
    if (head[0] === 0xff && head[1] === 0xfe) return new Decoding("UTF-16LE", 2);
    if (head[0] === 0xfe && head[1] === 0xff) return new Decoding("UTF-16BE", 2);
    if (head.length >= 2 && (head[0] === 0) !== (head[1] === 0)) {
      throw new UnreadableText(1, "the file looks like UTF-16 without a byte order mark", saveAsUtf8);
    }
    return new Decoding("UTF-8", 0);
  }

  decode(piece: Buffer): string {
    const bytes = this.#carried.length === 0 ? piece.subarray(this.#mark) : Buffer.concat([this.#carried, piece]);
    this.#mark = 0;
    const text = this.#encoding === "UTF-8" ? this.#utf8(bytes) : this.#utf16(bytes);
    return this.#withLf(text);
  }

  end(): void {
    if (this.#carried.length > 0) this.#fail("", "the file ends in the middle of a character");
  }

  #utf8(bytes: Buffer): string {
    const whole = bytes.subarray(0, bytes.length - unfinished(bytes));
    if (!isUtf8(whole)) {
      const good = validLength(whole);
      const byte = (whole[good] ?? 0).toString(16).padStart(2, "0");
      this.#fail(whole.toString("utf8", 0, good), `the byte 0x${byte} is not valid UTF-8 here`);
    }
    this.#carried = Buffer.from(bytes.subarray(whole.length));
    return whole.toString("utf8");
  }

  #utf16(bytes: Buffer): string {
    let end = bytes.length - (bytes.length % 2);
    const ordered = Buffer.from(bytes.subarray(0, end));
    if (this.#encoding === "UTF-16BE") ordered.swap16();
    const last = end >= 2 ? ordered.readUInt16LE(end - 2) : 0;
    if (last >= 0xd800 && last <= 0xdbff) end -= 2;
    const text = ordered.toString("utf16le", 0, end);
    const lone = text.search(/\p{Surrogate}/u);
    if (lone >= 0) this.#fail(text.slice(0, lone), "half a character (an unpaired surrogate) is not valid UTF-16");
    this.#carried = Buffer.from(bytes.subarray(end));
    return text;
  }

  #withLf(text: string): string {
    let lines = text;
    if (this.#afterCr || text.includes("\r")) {
      lines = (this.#afterCr && text.startsWith("\n") ? text.slice(1) : text).replace(/\r\n?/g, "\n");
      if (text !== "") this.#afterCr = text.endsWith("\r");
    }
    for (let at = lines.indexOf("\n"); at >= 0; at = lines.indexOf("\n", at + 1)) this.#lineEnds += 1;
    return lines;
  }

  #fail(before: string, problem: string): never {
    this.#withLf(before);
    throw new UnreadableText(this.#lineEnds + 1, problem, saveAsUtf8);
  }
}

/** Bytes at the end that begin a UTF-8 character without finishing it. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc2 && byte <= 0xf4) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
    if (byte >= 0xc0) return 0;
  }
  return 0;
}

/** The length of the longest valid beginning, by bisection. */
function validLength(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const start = bytes.subarray(0, middle);
    if (isUtf8(start.subarray(0, middle - unfinished(start)))) good = middle;
    else bad = middle;
  }
  const start = bytes.subarray(0, good);
  return good - unfinished(start);
}

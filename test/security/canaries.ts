/** Strings that must be found nowhere, and the search for them in every spelling a program could have given them. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** A find: which secret, in which spelling, where. The secret itself is not repeated. */
export interface Find {
  readonly secret: string;
  readonly spelling: string;
  readonly where: string;
}

/** Shorter pieces could occur by chance. */
const pieceLength = 20;

interface Needle extends Omit<Find, "where"> {
  readonly text: string;
}

/** Thousands of needles in megabytes: each place is looked at once, and further only where three letters begin a needle. */
export class Canaries {
  readonly #beginnings = new Uint8Array(2 ** 24);
  readonly #needles = new Map<number, Needle[]>();
  readonly #known = new Set<string>();

  /** `text` is looked for by pieces, so that one cut in half is found as well. `name` is what it is called in a find. */
  add(name: string, text: string): void {
    for (let at = 0; at + pieceLength <= text.length; at += pieceLength)
      this.#addPiece(name, text.slice(at, at + pieceLength));
  }

  /** Needles. */
  get size(): number {
    return this.#known.size;
  }

  search(where: string, content: string | Uint8Array): readonly Find[] {
    const text = typeof content === "string" ? content : Buffer.from(content).toString("latin1");
    const finds = new Map<string, Find>();
    for (let at = 0; at + 2 < text.length; at += 1) {
      const begins = beginning(text, at);
      if (this.#beginnings[begins] === 0) continue;
      for (const needle of this.#needles.get(begins) ?? []) {
        if (!text.startsWith(needle.text, at)) continue;
        const { secret, spelling } = needle;
        finds.set(secret + spelling, { secret, spelling, where });
      }
    }
    return [...finds.values()];
  }

  /** Every file below `folder`, by name and by raw bytes, but for those that `skip` answers true for. */
  async searchFolder(folder: string, skip: (path: string) => boolean = () => false): Promise<readonly Find[]> {
    const finds: Find[] = [];
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
      const path = join(entry.parentPath, entry.name);
      finds.push(...this.search(`the name ${path}`, entry.name));
      if (entry.isFile() && !skip(path)) finds.push(...this.search(path, await readFile(path)));
    }
    return finds;
  }

  #addPiece(secret: string, piece: string): void {
    const bytes = Buffer.from(piece, "latin1");
    this.#addNeedle(piece, secret, "plain");
    this.#addNeedle(encodeURIComponent(piece), secret, "percent-encoded");
    this.#addNeedle(bytes.toString("hex"), secret, "hexadecimal");
    this.#addNeedle(JSON.stringify(piece).slice(1, -1), secret, "as JSON");
    // Where the piece begins within the encoded text is not known: three ways to fall, less what neighbours share.
    for (const lead of [0, 1, 2]) {
      const encoded = Buffer.concat([Buffer.alloc(lead), bytes])
        .toString("base64")
        .replace(/=+$/, "");
      const own = encoded.slice(lead === 0 ? 0 : lead + 1, -2);
      this.#addNeedle(own, secret, "base64");
      this.#addNeedle(own.replaceAll("+", "-").replaceAll("/", "_"), secret, "base64url");
    }
  }

  #addNeedle(text: string, secret: string, spelling: string): void {
    if (this.#known.has(text)) return;
    this.#known.add(text);
    const begins = beginning(text, 0);
    this.#beginnings[begins] = 1;
    this.#needles.set(begins, [...(this.#needles.get(begins) ?? []), { text, secret, spelling }]);
  }
}

function beginning(text: string, at: number): number {
  return ((text.charCodeAt(at) & 255) << 16) | ((text.charCodeAt(at + 1) & 255) << 8) | (text.charCodeAt(at + 2) & 255);
}

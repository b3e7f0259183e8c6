/** The bytes SSH writes keys and signatures in (RFC 4251 section 5): numbers and texts, each text preceded by its length. */

/** Bytes that are not in the shape they must have; turned into a sentence by whoever reads them. */
export class WireError extends Error {
  override readonly name: string = "WireError";
}

/** Reads from the front. Every length is checked against what is there, so that nothing is allocated on a claim. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Bytes that have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new WireError("it ends too early");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  number(): number {
    return this.take(4).readUInt32BE();
  }

  string(): Buffer {
    return this.take(this.number());
  }

  text(): string {
    return this.string().toString("latin1");
  }

  /** A positive whole number without the zero that keeps its sign. */
  magnitude(): Buffer {
    const bytes = this.string();
    const first = bytes.findIndex((byte) => byte !== 0);
    if (first < 0 || ((bytes[0] ?? 0) & 0x80) !== 0) throw new WireError("a number in it is not positive");
    return bytes.subarray(first);
  }

  /** Throws when something follows. */
  end(): void {
    if (this.left > 0) throw new WireError("something follows its end");
  }
}

export function wireNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function wireString(content: Uint8Array | string): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : Buffer.from(content);
  return Buffer.concat([wireNumber(bytes.length), bytes]);
}

/** Base64 as OpenSSH writes it, and nothing that a lenient reader would let pass. */
export function strictBase64(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (text === "" || bytes.toString("base64") !== text) throw new WireError("it is not base64");
  return bytes;
}

/** The headers of a tar file (POSIX ustar), as far as a bundle needs them: plain files with short names, and nothing else is read. */

export const tarBlock = 512;
/** What eleven octal digits hold. */
export const tarSizeMax: number = 8 ** 11 - 1;
const nameMax = 100;

/** A header for a plain file. `mtime`: whole seconds since 1970. */
export function tarHeader(name: string, size: number, mtime: number): Buffer {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) throw new RangeError(`a member cannot be called ${name}`);
  if (size > tarSizeMax) throw new RangeError(`${name} is larger than a member can be`);
  const block = Buffer.alloc(tarBlock);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(`${value.toString(8).padStart(digits, "0")}\0`, at, "latin1");
  };
  block.write(name, 0, "latin1");
  octal(0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(mtime, 136, 11);
  block.write("0", 156, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

export type TarEntry =
  | { readonly kind: "file"; readonly name: string; readonly size: number }
  /** A block of nothing: the archive ends. */
  | { readonly kind: "end" }
  | { readonly kind: "strange"; readonly problem: string };

/** What a header says; only what `tarHeader` could have written is a file. */
export function readTarHeader(block: Buffer): TarEntry {
  if (block.every((byte) => byte === 0)) return { kind: "end" };
  const text = (at: number, length: number): string => block.toString("latin1", at, at + length).replace(/\0[^]*$/, "");
  const octal = (at: number, length: number): number | undefined => {
    const digits = /^([0-7]+)[ \0]*$/.exec(block.toString("latin1", at, at + length))?.[1];
    return digits === undefined ? undefined : Number.parseInt(digits, 8);
  };
  if (octal(148, 8) !== checksum(block)) return { kind: "strange", problem: "a header in it is damaged" };
  const name = text(0, nameMax);
  const size = octal(124, 12);
  if (block.toString("latin1", 156, 157) !== "0")
    return { kind: "strange", problem: "it holds something else than plain files" };
  const mtime = octal(136, 12);
  const shaped = /^[\x21-\x7e]{1,100}$/.test(name) && size !== undefined && mtime !== undefined;
  // Nothing can hide in a field that nobody looks at.
  if (!shaped || size > tarSizeMax || mtime > tarSizeMax || !tarHeader(name, size, mtime).equals(block)) {
    return { kind: "strange", problem: "it is not a tar file as handover writes it" };
  }
  return { kind: "file", name, size };
}

/** How many bytes follow `size` bytes up to the next block. */
export function tarPadding(size: number): number {
  return (tarBlock - (size % tarBlock)) % tarBlock;
}

/** Of a header, its own place counted as blanks. */
function checksum(block: Buffer): number {
  let sum = 0;
  for (const [at, byte] of block.entries()) sum += at >= 148 && at < 156 ? 0x20 : byte;
  return sum;
}

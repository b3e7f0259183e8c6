/** SQLite's write-ahead log (sqlite.org/fileformat2.html 4): its checksums made right again, so that a changed frame counts. */

const headerBytes = 32;
const frameHeaderBytes = 24;
const bigEndianMagic = 0x377f0683;
const littleEndianMagic = 0x377f0682;
/** SQLite draws two words by chance for each log; these stand in their place. */
const salts = [0x5eed0001, 0x5eed0002] as const;

/** The log with fixed salts and every checksum recomputed; what is no log stays as it is. */
export function resealed(log: Buffer): Buffer {
  const copy = Buffer.from(log);
  const magic = copy.length >= headerBytes ? copy.readUInt32BE(0) : 0;
  if (magic !== bigEndianMagic && magic !== littleEndianMagic) return copy;
  const isBig = magic === bigEndianMagic;
  const pageBytes = copy.readUInt32BE(8);
  if (pageBytes < 512 || pageBytes > 65_536) return copy;
  copy.writeUInt32BE(salts[0], 16);
  copy.writeUInt32BE(salts[1], 20);
  let sum = checksum(copy.subarray(0, 24), [0, 0], isBig);
  copy.writeUInt32BE(sum[0], 24);
  copy.writeUInt32BE(sum[1], 28);
  for (let at = headerBytes; at + frameHeaderBytes + pageBytes <= copy.length; at += frameHeaderBytes + pageBytes) {
    copy.writeUInt32BE(salts[0], at + 8);
    copy.writeUInt32BE(salts[1], at + 12);
    sum = checksum(copy.subarray(at, at + 8), sum, isBig);
    sum = checksum(copy.subarray(at + frameHeaderBytes, at + frameHeaderBytes + pageBytes), sum, isBig);
    copy.writeUInt32BE(sum[0], at + 16);
    copy.writeUInt32BE(sum[1], at + 20);
  }
  return copy;
}

function checksum(bytes: Buffer, [first, second]: readonly [number, number], isBig: boolean): [number, number] {
  let a = first;
  let b = second;
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    a = (a + (isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + b) >>> 0;
    b = (b + (isBig ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}

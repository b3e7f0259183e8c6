/** Bytes to text: marks, line ends and characters that fall between two pieces, and the exact line of what is no text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnreadableText, decodeText } from "../../src/plan/decode.ts";

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function decoded(bytes: Buffer, size = 1000): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const text of decodeText(pieces(bytes, size))) texts.push(text);
  return texts;
}

const utf8 = (text: string): Buffer => Buffer.from(text);
const utf16le = (text: string): Buffer => Buffer.from(text, "utf16le");
const utf16be = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();
const bytes = (...list: readonly number[]): Buffer => Buffer.from(list);
const bom = "\ufeff";

describe("text", () => {
  it.each<[string, Buffer, string]>([
    ["without a mark", utf8("a\u00e9\u20ac\u{1f4c8}b"), "a\u00e9\u20ac\u{1f4c8}b"],
    ["that begins with another letter of the mark's row", utf8("\uff01a"), "\uff01a"],
    ["with a mark", utf8(`${bom}ab`), "ab"],
    ["with a mark and a second one, which stays", utf8(`${bom}${bom}ab`), `${bom}ab`],
    ["UTF-16LE with a mark", utf16le(`${bom}a\u00e9\u{1f4c8}b`), "a\u00e9\u{1f4c8}b"],
    ["UTF-16BE with a mark", utf16be(`${bom}a\u00e9\u{1f4c8}b`), "a\u00e9\u{1f4c8}b"],
    [
      "with characters at the ends of the ranges",
      utf8("\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}"),
      "\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}",
    ],
    [
      "in UTF-16 with surrogates at the ends of theirs",
      utf16le(`${bom}\u{10000}\u{10ffff}\ud7ff\ue000`),
      "\u{10000}\u{10ffff}\ud7ff\ue000",
    ],
    ["shorter than a mark", utf8("ab"), "ab"],
    ["of one letter", utf8("a"), "a"],
    ["of a mark alone", utf8(bom), ""],
    ["of a mark of UTF-16 alone", utf16le(bom), ""],
    ["that is none at all", utf8(""), ""],
    ["with two NULs in front", bytes(0, 0, 0x61), "\0\0a"],
    ["with every kind of line end", utf8("a\nb\r\nc\rd\r\r\ne\n\rf\r"), "a\nb\nc\nd\n\ne\n\nf\n"],
  ])("%s is the same however it is cut", async (_, file, text) => {
    for (const size of [1, 2, 3, 4, 5, 1000]) expect((await decoded(file, size)).join("")).toBe(text);
  });

  it("of any characters and line ends is the same however it is cut", async () => {
    const letters = fc.array(fc.constantFrom("a", "\r", "\n", "\u00e9", "\u20ac", "\u{1f4c8}", "\u{10ffff}"));
    const encodings = fc.constantFrom(
      (text: string) => utf8(`${bom}${text}`),
      (text: string) => utf8(`-${text}`),
      (text: string) => utf16le(bom + text),
      (text: string) => utf16be(bom + text),
    );
    await fc.assert(
      fc.asyncProperty(letters, encodings, fc.integer({ min: 1, max: 9 }), async (list, encode, size) => {
        const file = encode(list.join(""));
        const plain = list.join("").replace(/\r\n?/g, "\n");
        expect((await decoded(file, size)).join("").replace(/^-/, "")).toBe(plain);
      }),
    );
  });

  it("comes in pieces of 64 KiB, and in no empty ones", async () => {
    const texts = await decoded(utf8("x".repeat(150_000)), 1_000_000);
    expect(texts.map((text) => text.length)).toEqual([65_536, 65_536, 18_928]);
    expect(await decoded(utf8("ab\u20ac"), 1)).toEqual(["ab\u20ac".slice(0, 2), "\u20ac"]);
    expect(await decoded(utf8("abcd\r\n"), 1)).toEqual(["abcd", "\n"]);
    expect(await decoded(utf8(""))).toEqual([]);
    expect(await decoded(utf8(bom))).toEqual([]);
  });
});

async function troubleWith(file: Buffer, size: number): Promise<UnreadableText> {
  try {
    await decoded(file, size);
  } catch (error) {
    if (error instanceof UnreadableText) return error;
  }
  return expect.fail("it was read");
}

describe("bytes that are no text", () => {
  it.each<[string, Buffer, number, string]>([
    ["Latin-1", Buffer.concat([utf8("ab\n\r\nc"), bytes(0xe9, 0x64)]), 3, "the byte 0xe9 is not valid UTF-8 here"],
    [
      "a byte below sixteen is told in two digits",
      Buffer.concat([utf8("ab\r"), bytes(0xc3, 0x0a)]),
      2,
      "the byte 0xc3",
    ],
    ["the middle of a character", Buffer.concat([utf8("abcd"), bytes(0x80, 0x61)]), 1, "the byte 0x80"],
    ["a beginning of nothing", Buffer.concat([utf8("abcd"), bytes(0xc1, 0x80)]), 1, "the byte 0xc1"],
    ["a beginning beyond all", Buffer.concat([utf8("abcd\n"), bytes(0xf5, 0x80, 0x80, 0x80)]), 2, "the byte 0xf5"],
    ["four bytes cut to three", Buffer.concat([utf8("abcd\n"), bytes(0xf0, 0x9f, 0x93, 0x61)]), 2, "the byte 0xf0"],
    [
      "two bytes cut at the end",
      Buffer.concat([utf8("abcd\n"), bytes(0xc2)]),
      2,
      "the file ends in the middle of a character",
    ],
    [
      "four bytes cut at the end",
      Buffer.concat([utf8("abcd"), bytes(0xf4, 0x8f, 0xbf)]),
      1,
      "the file ends in the middle",
    ],
    ["a half in UTF-16", utf16le(`${bom}a\n\r\udc00b`), 3, "half a character (an unpaired surrogate)"],
    ["a first half at the end of UTF-16", utf16be(`${bom}a\n\udbff`), 2, "the file ends in the middle of a character"],
    ["a byte too many in UTF-16", Buffer.concat([utf16le(`${bom}a`), bytes(0x61)]), 1, "the file ends in the middle"],
    ["UTF-16LE that does not say so", utf16le("ab"), 1, "looks like UTF-16 without a byte order mark"],
    ["UTF-16BE that does not say so", utf16be("ab"), 1, "looks like UTF-16 without a byte order mark"],
    ["one letter of UTF-16 that does not say so", utf16be("a"), 1, "looks like UTF-16 without a byte order mark"],
    ["half a mark of one kind", bytes(0xff, 0x61, 0x62, 0x63), 1, "the byte 0xff"],
    ["half a mark of the other", bytes(0xfe, 0x61, 0x62, 0x63), 1, "the byte 0xfe"],
    ["the second half of a mark", bytes(0x61, 0xfe, 0x62, 0x63), 1, "the byte 0xfe"],
    ["the second half of the other", bytes(0x61, 0xff, 0x62, 0x63), 1, "the byte 0xff"],
    ["a mark of UTF-8 that is another's beginning", bytes(0xef, 0xbb, 0x61, 0x62), 1, "the byte 0xef"],
  ])("%s: told with its line, however the file is cut", async (_, file, line, problem) => {
    for (const size of [1, 2, 3, 4, 5, 1000]) {
      const trouble = await troubleWith(file, size);
      expect([trouble.line, trouble.name]).toEqual([line, "UnreadableText"]);
      expect(trouble.message).toContain(problem);
      expect(trouble.remedy).toContain("save the file as UTF-8");
    }
  });
});

/** JSON put together as text: byte for byte what JSON.stringify writes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonField, jsonText, jsonTexts, textOfJson } from "../../src/model/json-text.ts";

/** Any UTF-16 there is, lone surrogates and control characters among it, beside what needs no escaping. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme-ascii" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

describe("a text", () => {
  it("is written as JSON.stringify writes it", () => {
    fc.assert(fc.property(text, (each) => jsonText(each) === JSON.stringify(each)));
  });

  it("is escaped for each single character that needs it", () => {
    for (let unit = 0; unit < 0x300; unit += 1) {
      const each = `a${String.fromCharCode(unit)}b`;
      expect(jsonText(each)).toBe(JSON.stringify(each));
    }
  });
});

describe("a list of texts", () => {
  it("is written as JSON.stringify writes it", () => {
    fc.assert(fc.property(fc.array(text), (each) => jsonTexts(each) === JSON.stringify(each)));
  });
});

describe("a field", () => {
  it("is left out with its comma where there is no text", () => {
    expect(`{"a":1${jsonField("b", undefined)}${jsonField("c", 'x"y')}}`).toBe(JSON.stringify({ a: 1, c: 'x"y' }));
  });
});

describe("a text read back", () => {
  it("is the one that was written, however it was escaped", () => {
    fc.assert(fc.property(text, (each) => textOfJson(JSON.stringify(each)) === each));
    expect(textOfJson('"\\u0061"')).toBe("a");
  });

  it.each(["", '"', "a", '"a', 'a"', '"a"b"', '"a\nb"', '"\\x"'])("is refused where it is no JSON: %j", (json) => {
    expect(() => textOfJson(json)).toThrow(SyntaxError);
  });
});

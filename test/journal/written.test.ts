/** How things are written down: canonical text, ranges, intents and results, digests that no shift of letters fools. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../src/model/canonical.ts";
import { endedText, intentOf, intentText, resultOf, stepBody, stepColumns, stepOf } from "../../src/journal/codec.ts";
import { PageDigests } from "../../src/journal/digest.ts";
import { rangesOf, rangesText } from "../../src/journal/pages.ts";
import type { Member } from "../../src/model/member.ts";
import type { Delta, RoleMap } from "../../src/model/permissions.ts";
import { edit, intent, result } from "./samples.ts";

const text = fc.string({ unit: "binary" });
const role = fc.oneof(fc.constantFrom("__proto__", "constructor", "toString", "EDITOR"), text);
const member = text.map((value) => value as Member);
const pair = fc.record({ role, member });
const delta: fc.Arbitrary<Delta> = fc.record({ add: fc.array(pair), remove: fc.array(pair) });
const roles: fc.Arbitrary<RoleMap> = fc
  .array(fc.tuple(role, fc.array(member)), { maxLength: 6 })
  .map((entries) => new Map(entries));

/** Each key before the next, in every object. */
function isCanonical(json: string): boolean {
  return json === canonicalJson(JSON.parse(json));
}

describe("canonical JSON", () => {
  it("is one text for one value, whatever the order of keys, and reads back as that value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = canonicalJson(value);
        expect(JSON.stringify(JSON.parse(json))).toBe(json === "-0" ? "0" : JSON.stringify(JSON.parse(json)));
        expect(canonicalJson(JSON.parse(json))).toBe(json);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(canonicalJson({ b: 1, a: undefined, c: [undefined, { z: 1, y: 2 }] })).toBe(
      '{"b":1,"c":[null,{"y":2,"z":1}]}',
    );
    expect(canonicalJson(JSON.parse('{"z":0,"__proto__":{"b":1,"a":2}}'))).toBe('{"__proto__":{"a":2,"b":1},"z":0}');
  });

  it.each([[new Map([["a", 1]])], [Number.NaN], [Infinity], [(): void => undefined], [1n], [new Date(0)]])(
    "refuses %s, which JSON would lose",
    (value) => {
      expect(() => canonicalJson({ value })).toThrow("no canonical form");
    },
  );
});

describe("what is written reads back the same", () => {
  it("steps with any roles and members", () => {
    fc.assert(
      fc.property(delta, roles, text, (change, base, title) => {
        const draft = edit({
          delta: change,
          base: { roles: base, etag: undefined },
          asset: { name: "a" as never, assetType: title, title },
        });
        const body = stepBody(draft);
        const read = stepOf(4, stepColumns(draft), body);
        expect(read).toEqual({ ...draft, seq: 4 });
        expect(read.kind === "edit" && [...(read.base?.roles ?? [])]).toEqual([...base]);
        expect(isCanonical(body)).toBe(true);
      }),
    );
  });

  it("intents and results, canonical", () => {
    fc.assert(
      fc.property(delta, fc.option(roles, { nil: undefined }), text, (change, before, reason) => {
        const written = intent(3, { delta: change, before });
        expect(intentOf(intentText(written))).toEqual(written);
        const ended = result({ changed: change, reason, outcome: "failed", failure: "not-found" });
        const body = endedText({ step: { ...edit(), seq: 1 }, attempts: 2, at: 5 }, ended);
        expect(resultOf(body)).toEqual(ended);
        expect(isCanonical(body)).toBe(true);
      }),
    );
  });

  it("ranges of steps", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (values) => {
        const sorted = values.toSorted((a, b) => a - b);
        const read = rangesOf(rangesText(sorted)).flatMap(([first, last]) =>
          Array.from({ length: last - first + 1 }, (_, index) => first + index),
        );
        expect(read).toEqual(sorted);
      }),
    );
    expect(rangesText([2, 3, 5, 9, 10, 11])).toBe("2-3,5,9-11");
  });
});

describe("the digest of a page", () => {
  const row = {
    seq: 1,
    kind: 0,
    actor: "ab",
    asset: "cd" as string | null,
    after: 1 as number | null,
    unless: null,
    body: "ef",
  };
  const digestOf = (...rows: readonly (typeof row)[]): string | undefined => {
    const digests = new PageDigests();
    for (const one of rows) digests.add(one);
    return digests.end()[0];
  };

  it.each([
    [{ actor: "a", asset: "bcd" }],
    [{ actor: "abc", asset: "d" }],
    [{ asset: "cde", body: "f" }],
    [{ asset: null, body: "cdef" }],
    [{ asset: "" }],
    [{ after: null }],
    [{ seq: 11, kind: 0 }],
  ])("tells %o apart", (changes) => {
    expect(digestOf({ ...row, ...changes })).not.toBe(digestOf(row));
  });

  it("tells the order and the number of rows apart", () => {
    const second = { ...row, seq: 2 };
    expect(new Set([digestOf(row), digestOf(row, second), digestOf(second, row), digestOf(row, row)]).size).toBe(4);
  });
});

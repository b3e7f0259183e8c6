/** The table of facts forgets nothing and mixes nothing up. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Facts } from "../../src/plan/facts.ts";
import type { FactKey } from "../../src/plan/facts.ts";

describe("the table of facts", () => {
  it("answers like a map of whole keys, whatever their hashes", () => {
    const word = fc.oneof(fc.nat(3), fc.constantFrom(0, 0xffffffff, 0x80000000));
    const key = fc.record({ a: word, b: word, c: word, d: word, subject: word, kind: word });
    fc.assert(
      fc.property(fc.array(key, { maxLength: 300 }), (keys) => {
        const facts = new Facts();
        const known = new Map<string, number>();
        for (const [index, one] of keys.entries()) {
          const text = JSON.stringify(one);
          const fact = facts.find(one);
          expect(fact >= 0 ? facts.value(fact) : undefined).toBe(known.get(text));
          if (fact >= 0) continue;
          facts.add(one, index, index + 1, index + 2);
          known.set(text, index);
        }
        for (const one of keys) {
          const fact = facts.find(one);
          const index = known.get(JSON.stringify(one));
          expect([facts.value(fact), facts.file(fact) - 1, facts.line(fact) - 2]).toEqual([index, index, index]);
        }
      }),
    );
  });

  it.each(["a", "b", "c", "d", "subject", "kind"] as const)("keeps facts apart that differ in %s alone", (word) => {
    const facts = new Facts();
    const key: FactKey = { a: 7, b: 7, c: 7, d: 7, subject: 1, kind: 2 };
    for (let index = 0; index < 30_000; index += 1) {
      key[word] = index;
      if (facts.find(key) >= 0) throw new Error(`${index} was taken for another`);
      facts.add(key, index, 0, index);
    }
    for (let index = 0; index < 30_000; index += 1) {
      key[word] = index;
      if (facts.value(facts.find(key)) !== index) throw new Error(`${index} was lost`);
    }
    expect(facts.find({ ...key, [word]: 30_000 })).toBe(-1);
  });
});

/** The digest of a run: the same for the same run however it was put together, and another for any change of any step. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../src/model/canonical.ts";
import { stepBody, stepOf } from "../../src/journal/codec.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import { PageDigests, runDigest } from "../../src/journal/digest.ts";
import { etag } from "../../src/model/brand.ts";
import type { AssetName } from "../../src/model/asset.ts";
import { member } from "../../src/model/member.ts";
import type { RunHeader } from "../../src/model/run.ts";
import type { EditStep, StepDraft } from "../../src/model/step.ts";
import { anna, ben, edit, header } from "./samples.ts";

const text = fc.string({ unit: "binary", maxLength: 8 });
const pair = fc.record({ role: text, member: text.map(member) });
const delta = fc.record({ add: fc.array(pair, { maxLength: 3 }), remove: fc.array(pair, { maxLength: 3 }) });
const roles = fc
  .uniqueArray(fc.tuple(fc.oneof(text, fc.constant("__proto__")), fc.array(text.map(member), { maxLength: 3 })), {
    maxLength: 3,
    selector: ([name]) => name,
  })
  .map((entries) => new Map(entries));

const draft: fc.Arbitrary<StepDraft> = fc
  .record({
    asset: fc.record({
      name: fc.constantFrom("a", "b").map((name) => name as AssetName),
      assetType: text,
      title: text,
    }),
    delta,
    actor: fc.constantFrom(anna, ben),
    base: fc.option(fc.record({ roles, etag: fc.option(text.map(etag), { nil: undefined }) }), { nil: undefined }),
    sources: fc.array(fc.record({ file: text, line: fc.nat(), column: fc.nat() }), { maxLength: 2 }),
  })
  .map((changes: Partial<Omit<EditStep, "kind">>) => edit(changes));

async function digestOf(drafts: readonly StepDraft[], head: RunHeader = header()): Promise<string> {
  const run = createMemoryRun();
  await run.writer.add(drafts);
  const digest = await run.writer.seal(head);
  run.dispose();
  return digest;
}

/** The same value with every key put in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== "object" || value === null || value instanceof Map) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, reordered(inner)]),
  );
}

describe("the digest", () => {
  it("is the same whatever the order of keys in header and steps", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(draft, { maxLength: 4 }), async (drafts) => {
        const mixed = drafts.map((each) => reordered(each) as StepDraft);
        expect(await digestOf(mixed, reordered(header()) as RunHeader)).toBe(await digestOf(drafts));
      }),
      { numRuns: 60 },
    );
  });

  it("is another for any step that is another, missing, added or in another place", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(draft, { minLength: 1, maxLength: 4 }), draft, fc.nat(), async (drafts, other, at) => {
        const place = at % drafts.length;
        const written = drafts.map((each) =>
          JSON.stringify([each.actor, stepBody(each), each.kind === "edit" && each.asset.name]),
        );
        const variants = [
          drafts.toSpliced(place, 1),
          drafts.toSpliced(place, 0, other),
          drafts.toSpliced(place, 1, other),
          drafts.toReversed(),
        ];
        const digest = await digestOf(drafts);
        for (const variant of variants) {
          const same = variant.map((each) =>
            JSON.stringify([each.actor, stepBody(each), each.kind === "edit" && each.asset.name]),
          );
          const isSame = JSON.stringify(same) === JSON.stringify(written);
          expect((await digestOf(variant)) === digest).toBe(isSame);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("takes no shift of letters between fields for the same", () => {
    const digest = (whole: string, [first, second]: readonly number[]): string => {
      const pages = new PageDigests();
      const [actor, asset, body] = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)];
      pages.add({ seq: 1, kind: 0, actor, asset, after: null, unless: null, body });
      return runDigest("{}", pages.end());
    };
    const cuts = fc
      .array(fc.nat({ max: 8 }), { minLength: 2, maxLength: 2 })
      .map((list) => list.toSorted((x, y) => x - y));
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 8 }), cuts, cuts, (whole, one, other) => {
        expect(digest(whole, one) === digest(whole, other)).toBe(one.join() === other.join());
      }),
      { numRuns: 500 },
    );
  });
});

describe("a step", () => {
  it("comes back from its text as it was, odd roles, halves of characters and all", () => {
    fc.assert(
      fc.property(draft, (each) => {
        if (each.kind !== "edit") return;
        const columns = {
          kind: each.kind,
          actor: each.actor,
          asset: each.asset.name,
          after: undefined,
          unless: undefined,
        };
        expect(stepOf(7, columns, stepBody(each))).toEqual({ ...each, seq: 7 });
      }),
      { numRuns: 300 },
    );
  });
});

describe("canonical JSON", () => {
  it("is one text for one value, and a text of that value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const written = canonicalJson(value);
        expect(canonicalJson(reordered(value))).toBe(written);
        expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 500 },
    );
  });
});

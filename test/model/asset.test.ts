/** Asset references: every way people write down which report or data source they mean. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assetNameOrUndefined, assetUrl, parseAssetReference } from "../../src/model/asset.ts";
import type { AssetName } from "../../src/model/asset.ts";

const id = "2b606487-70fe-4a40-8b85-fb2a1a3f4a3c";
const looker = "https://lookerstudio.google.com";
const studio = "https://datastudio.google.com";

describe("an asset reference", () => {
  it.each([
    [id, undefined],
    [` ${id}\n`.trimEnd(), undefined],
    [`assets/${id}`, undefined],
    ["1a_B-c", undefined],
    ["a".repeat(128), undefined, "a".repeat(128)],
  ])("%j is the bare id", (text, assetType, name = text.trim().replace("assets/", "")) => {
    expect(parseAssetReference(text)).toEqual({ ok: true, value: { name, assetType } });
  });

  it.each([
    [`${looker}/reporting/${id}`, "REPORT"],
    [`${looker}/reporting/${id}/`, "REPORT"],
    [`${looker}/reporting/${id}/page/p_abc123`, "REPORT"],
    [`${looker}/reporting/${id}/page/p_abc123/edit`, "REPORT"],
    [`${looker}/u/0/reporting/${id}/page/1M`, "REPORT"],
    [`${looker}/u/12/reporting/${id}`, "REPORT"],
    [`${looker}/c/reporting/${id}/page/1M`, "REPORT"],
    [`${looker}/c/u/0/reporting/${id}/page/1M/edit`, "REPORT"],
    [`${looker}/embed/reporting/${id}/page/1M`, "REPORT"],
    [`${looker}/embed/u/0/reporting/${id}/page/1M`, "REPORT"],
    [`${looker}/org/acme/reporting/${id}`, "REPORT"],
    [`${looker}/reporting/${id}?params=%7B%22a%22:1%7D`, "REPORT"],
    [`${looker}/reporting/${id}#page=2`, "REPORT"],
    [`${looker}/reporting/${id}/page/1M?s=hello&hl=de#x`, "REPORT"],
    [`${studio}/reporting/${id}`, "REPORT"],
    [`${studio}/u/1/reporting/${id}/page/1M`, "REPORT"],
    [`${studio}/open?x=1`.replace("open?x=1", `embed/reporting/${id}`), "REPORT"],
    [`${looker}/datasources/${id}`, "DATA_SOURCE"],
    [`${looker}/u/0/datasources/${id}`, "DATA_SOURCE"],
    [`${looker}/c/u/0/datasources/${id}`, "DATA_SOURCE"],
    [`${studio}/datasources/${id}?x=y`, "DATA_SOURCE"],
    [`http://datastudio.google.com/datasources/${id}`, "DATA_SOURCE"],
    [`lookerstudio.google.com/reporting/${id}`, "REPORT"],
    [`HTTPS://LookerStudio.Google.COM/reporting/${id}`, "REPORT"],
    [`  ${looker}//reporting//${id}  `, "REPORT"],
    [`${looker}/reporting/${id}/page/s`, "REPORT"],
    [`${looker}/embed/s/../reporting/${id}`, "REPORT"],
  ])("%j names the asset", (text, assetType) => {
    expect(parseAssetReference(text)).toEqual({ ok: true, value: { name: id, assetType } });
  });

  it.each([
    ["", "neither an asset id"],
    ["EMEA pipeline", "neither an asset id"],
    ["a".repeat(129), "neither an asset id"],
    ["../secrets", "neither an asset id"],
    ["assets/../x", "neither an asset id"],
    ["assets/", "neither an asset id"],
    [`${id}/permissions`, "neither an asset id"],
    [`${id}:delete`, "neither an asset id"],
    [`https://evil.example/reporting/${id}`, "neither an asset id"],
    [`https://lookerstudio.google.com.evil.example/reporting/${id}`, "neither an asset id"],
    [`https://lookerstudio.google.com@evil.example/reporting/${id}`, "neither an asset id"],
    [`https://evil.example/lookerstudio.google.com/reporting/${id}`, "neither an asset id"],
    [`https://docs.google.com/reporting/${id}`, "neither an asset id"],
    [`javascript://lookerstudio.google.com/reporting/${id}`, "neither an asset id"],
    [`file://lookerstudio.google.com/reporting/${id}`, "neither an asset id"],
    ["https://", "neither an asset id"],
    ["https://[::1", "neither an asset id"],
    [`${looker}/s/hG7xYz`, "short link"],
    [`${looker}/u/0/s/hG7xYz`, "short link"],
    [`${studio}/s/hG7xYz`, "short link"],
    [`${looker}/reporting/create`, "names no report"],
    [`${looker}/reporting/create?c.mode=edit&ds.connector=bigQuery`, "names no report"],
    [`${looker}/datasources/create`, "names no report"],
    [`${looker}/u/0/navigation/reporting`, "names no report"],
    [`${looker}/navigation/datasources`, "names no report"],
    [looker, "names no report"],
    [`${looker}/reporting/`, "names no report"],
    [`${looker}/reporting/%2e%2e%2fx`, "names no report"],
    [`${looker}/reporting/..%2Fassets`, "names no report"],
    [`${looker}/explorer/${id}`, "names no report"],
    [`${looker}/?url=/reporting/${id}`, "names no report"],
    [`${id}\0`, "a NUL character"],
    [`${looker}/reporting/\u202e${id}`, "U+202E"],
    [`2b606487\u200b-70fe`, "U+200B"],
    [`${looker}/reporting/${id}\nx`, "a line feed"],
  ])("%j is refused", (text, reason) => {
    const parsed = parseAssetReference(text);
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringContaining(reason) as string });
    expect(parsed.ok ? "" : parsed.remedy).not.toBe("");
  });

  it("never throws, and a name it finds cannot bend a path", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        looker,
        studio,
        "/reporting/",
        "/datasources/",
        "/s/",
        "..",
        "%2e",
        "?",
        "#",
        "@",
        ":",
        id,
        "create",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const parsed = parseAssetReference(pieces.join(""));
        if (parsed.ok) expect(parsed.value.name).toMatch(/^[A-Za-z0-9_-]{1,128}$/);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(["REPORT", "DATA_SOURCE"])("of the address that is shown for a %s leads back to it", (assetType) => {
    expect(parseAssetReference(assetUrl(id as AssetName, assetType))).toEqual({
      ok: true,
      value: { name: id, assetType },
    });
  });

  it("says little about a very long text", () => {
    const parsed = parseAssetReference("x ".repeat(100_000));
    expect(parsed.ok ? 0 : parsed.problem.length).toBeLessThan(400);
  });
});

describe("an asset name", () => {
  it.each(["", " ", "a/b", "a.b", "a%2fb", "..", "a b", "ä", "a\n", "\0", "a".repeat(129)])("is not %j", (text) => {
    expect(assetNameOrUndefined(text)).toBeUndefined();
  });

  it.each([id, "a", "__proto__", "-", "A_b-9"])("may be %j", (text) => {
    expect(assetNameOrUndefined(text)).toBe(text);
  });
});

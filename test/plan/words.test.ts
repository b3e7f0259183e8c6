/** The words of plan files: each in every spelling that is meant, and what is said of a word that is none. */
import { describe, expect, it } from "vitest";
import { chooseFrom, didYouMean } from "../../src/plan/suggest.ts";
import {
  parseAction,
  parseAnyRole,
  parseAssetType,
  parseAudience,
  parseKeep,
  parseLinkRole,
  parseOwnerChange,
  parsePersonRole,
  parseTrashed,
  typeList,
} from "../../src/plan/values.ts";

describe("the word that was probably meant", () => {
  it.each([
    ["keep", "keep"],
    ["KEEP", "keep"],
    ["kep", "keep"],
    ["keeep", "keep"],
    ["koep", "keep"],
    ["kepe", "keep"],
    ["ekep", "keep"],
    ["k", undefined],
    ["ke", undefined],
    ["kopo", undefined],
    ["", undefined],
    ["to", "to"],
    ["ot", "to"],
    ["t", "to"],
    ["tx", "to"],
    ["xy", undefined],
    ["suspended on", "suspended_on"],
    ["suspended - on", "suspended_on"],
    ["Suspended--On", "suspended_on"],
    ["suspnded_no", "suspended_on"],
    ["spended_no", "suspended_on"],
    ["spnded_no", undefined],
    ["xuspended_onyz", "suspended_on"],
    ["suspended_on_and_off", undefined],
  ])("for %j is %j", (written, meant) => {
    const known = ["keep", "to", "suspended_on"];
    expect(didYouMean(written, known)).toBe(meant === undefined ? undefined : `did you mean "${meant}"?`);
  });

  it.each([
    ["abcd", "abdc", true],
    ["abcd", "badc", false],
    ["abc", "bca", false],
    ["abcabc", "acbacb", true],
    ["aabb", "abab", true],
    ["ab", "ba", true],
    ["abcdef", "abdcfe", true],
    ["abcdef", "badcfe", false],
    ["abcdefghi", "badcfeghi", true],
  ])("counts two neighbours that changed places as one slip: %j for %j", (written, word, isNear) => {
    expect(didYouMean(written, [word]) !== undefined).toBe(isNear);
  });

  it("is the first of those that are equally near", () => {
    expect(didYouMean("cat", ["cap", "car"])).toBe('did you mean "cap"?');
    expect(didYouMean("cat", ["cap", "cat"])).toBe('did you mean "cat"?');
  });

  it("is looked for up to forty letters", () => {
    const word = "a".repeat(40);
    expect(didYouMean(word, [word])).toBeDefined();
    expect(didYouMean(`${word}a`, [word])).toBeUndefined();
  });

  it("is named before all there are", () => {
    expect(chooseFrom("kep", ["keep", "to"])).toBe('did you mean "keep"? Otherwise write one of: keep, to');
    expect(chooseFrom("nothing", ["keep", "to"])).toBe("write one of: keep, to");
  });
});

type Parse = (text: string) => { readonly ok: boolean; readonly value?: unknown; readonly problem?: string };

describe("a word", () => {
  it.each<[string, Parse, string, unknown]>([
    ["an action", parseAction, " Set_Role ", "set-role"],
    ["an action", parseAction, "replace  member", "replace-member"],
    ["an action", parseAction, "set - link", "set-link"],
    ["what is kept", parseKeep, "EDITOR", "editor"],
    ["what is kept", parseKeep, "viewer", "viewer"],
    ["what is kept", parseKeep, "none", "none"],
    ["the trash", parseTrashed, "exclude", "exclude"],
    ["the trash", parseTrashed, "Include", "include"],
    ["the way of owners", parseOwnerChange, "compile", "compile"],
    ["the way of owners", parseOwnerChange, "attempt", "attempt"],
    ["an audience", parseAudience, "public", "public"],
    ["an audience", parseAudience, "external", "external"],
    ["an audience", parseAudience, "domain", "domain"],
    ["a type", parseAssetType, "report", "REPORT"],
    ["a type", parseAssetType, " Reports", "REPORT"],
    ["a type", parseAssetType, "data source", "DATA_SOURCE"],
    ["a type", parseAssetType, "DATA__SOURCES ", "DATA_SOURCE"],
    ["a type", parseAssetType, "datasource", "DATA_SOURCE"],
    ["a role", parsePersonRole, " editor ", "EDITOR"],
    ["a role", parsePersonRole, "Viewer", "VIEWER"],
    ["a role of a link", parseLinkRole, " link_viewer ", "LINK_VIEWER"],
    ["any role", parseAnyRole, " link_editor ", "LINK_EDITOR"],
    ["any role", parseAnyRole, "editor", "EDITOR"],
  ])("for %s is read: %o %j", (_, parse, text, value) => {
    expect(parse(text)).toEqual({ ok: true, value });
  });

  it.each<[string, Parse, string, string, string]>([
    ["an action", parseAction, "transfr", "is not an action", 'did you mean "transfer"?'],
    ["what is kept", parseKeep, "owner", "is not something the old owner can keep", "editor, viewer, none"],
    ["the trash", parseTrashed, "no", "is not a rule for the trash", "exclude, include"],
    ["the way of owners", parseOwnerChange, "try", "is not a way to change owners", "compile, attempt"],
    ["an audience", parseAudience, "all", "is not an audience", "public, external, domain"],
    ["a type", parseAssetType, "chart", "is not a type of asset", "write one of: report, data_source"],
    ["a type", parseAssetType, "reprot", "is not a type of asset", 'did you mean "report"?'],
    ["a role", parsePersonRole, " owner ", "OWNER can be neither given nor taken", "write a transfer instead"],
    ["a role", parsePersonRole, " link_viewer ", "LINK_VIEWER is a role of link sharing", "use set-link or close-link"],
    ["a role", parsePersonRole, "edito", '"edito" is not a role', 'did you mean "EDITOR"?'],
    ["a role of a link", parseLinkRole, " editor", '" editor" is not a role of link', 'did you mean "LINK_EDITOR"?'],
    ["a role of a link", parseLinkRole, "viewer", "is not a role of link sharing", 'did you mean "LINK_VIEWER"?'],
    ["a role of a link", parseLinkRole, "nobody", "is not a role of link sharing", "write one of: LINK_"],
    ["any role", parseAnyRole, "owner", "OWNER can be neither given nor taken", "write a transfer instead"],
  ])("that is none for %s is told with what to write: %o %j", (_, parse, text, problem, remedy) => {
    const told = parse(text);
    expect(told).toMatchObject({ ok: false, problem: expect.stringContaining(problem) as string });
    expect(told).toHaveProperty("remedy", expect.stringContaining(remedy));
  });

  it("of a link that is far from all says so without a guess", () => {
    expect(parseLinkRole("nobody")).toHaveProperty("remedy", expect.stringMatching(/^write one of/));
  });
});

it("types are listed in one order, each once", () => {
  expect(typeList(["REPORT"])).toEqual(["REPORT"]);
  expect(typeList(["DATA_SOURCE", "DATA_SOURCE"])).toEqual(["DATA_SOURCE"]);
  expect(typeList(["DATA_SOURCE", "REPORT"])).toEqual(typeList(["REPORT", "DATA_SOURCE"]));
  expect(typeList(["DATA_SOURCE", "REPORT"])).toHaveLength(2);
});

/** Settings by themselves: what each file says, what applies to its moves, and what is told of anything else. */
import { describe, expect, it } from "vitest";
import { placeText } from "../../src/model/diagnostic.ts";
import type { PlanSettings } from "../../src/model/request.ts";
import { Problems } from "../../src/plan/problems.ts";
import { unsaid } from "../../src/plan/row.ts";
import type { Beyond } from "../../src/plan/row.ts";
import { SettingsMerge, topKeys } from "../../src/plan/settings.ts";
import { YamlText } from "../../src/plan/yaml-text.ts";

interface Merged {
  readonly settings: PlanSettings;
  readonly beyond: readonly Beyond[];
  readonly told: readonly string[];
}

/** Files `f1`, `f2` and so on, all but the text under `version: 1`. */
function merged(...texts: readonly string[]): Merged {
  return mergedWhole(...texts.map((text) => `version: 1\n${text}`));
}

function mergedWhole(...texts: readonly string[]): Merged {
  const problems = new Problems();
  const merge = new SettingsMerge(problems);
  const beyond = texts.map((text, index) => {
    const yaml = new YamlText(`f${index + 1}`, text, 1, problems, new Map());
    yaml.begin();
    return merge.add(yaml, yaml.entries(yaml.root, "the plan", topKeys) ?? new Map());
  });
  const told = problems.kept.map(({ place, problem, remedy }) => `${placeText(place)} ${problem} -> ${remedy}`);
  return { settings: merge.settings, beyond, told };
}

describe("the version", () => {
  it.each<[string, readonly string[]]>([
    ["version: 1", []],
    ['version: "1"', []],
    ["moves: []", ["f1:1:1 the plan has no version -> begin the file with version: 1"]],
    ["version: 2", ['f1:1:10 version "2" is not one this program reads -> write version: 1, or use a newer handover']],
    ["version: [1]", ["f1:1:10 version must be a single value, not a mapping or a list -> write one value"]],
  ])("%s", (text, told) => {
    expect(mergedWhole(text).told).toEqual(told);
  });
});

describe("a tenant", () => {
  it("is one for all files", () => {
    const { settings, told } = merged("", "tenant: ACME.example", "", "tenant: acme.example");
    expect([settings.tenant, told]).toEqual(["acme.example", []]);
  });

  it("that differs is told with the place of the first, which stays", () => {
    const { settings, told } = merged("tenant: a.example", "tenant: a.example", "tenant: b.example");
    expect(told).toEqual([
      "f3:2:9 the tenant is b.example here, and a.example in f1:2:9 -> plan each tenant on its own",
    ]);
    expect(settings.tenant).toBe("a.example");
  });

  it("that is none is not taken", () => {
    const { settings, told } = merged("tenant: x", "tenant: b.example");
    expect(told).toEqual([expect.stringMatching(/^f1:2:9 tenant: "x" is not a domain name/)]);
    expect(settings.tenant).toBe("b.example");
  });
});

describe("protected assets", () => {
  it("of all files are kept with their places, numbered in each", () => {
    const { settings, told } = merged(
      "protect: [ { owner: A@b.example } ]",
      "",
      "protect:\n  - asset: abc\n  - member: group:g@b.example",
    );
    expect(told).toEqual([]);
    expect(settings.protect).toEqual([
      { id: "protect[0]", place: { file: "f1", line: 2, column: 12 }, owner: "a@b.example" },
      { id: "protect[0]", place: { file: "f3", line: 3, column: 5 }, asset: "abc" },
      { id: "protect[1]", place: { file: "f3", line: 4, column: 5 }, member: "group:g@b.example" },
    ]);
  });

  it.each<[string, string]>([
    ["protect: { title: T }", 'f1:2:10 protect must be a list -> write protect: [ { title: "Board *" } ]'],
    [
      "protect: [ T ]",
      "f1:2:12 protect[0] must be a mapping -> write keys with values, of: owner, title, asset, member",
    ],
    ["protect: [ {} ]", "f1:2:12 protect[0] says nothing to protect -> write an owner, a title, an asset or a member"],
    ["protect: [ { title: T }, { x_y: 1 } ]", "f1:2:26 protect[1] says nothing to protect"],
    ["protect: [ { owner: x } ]", "f1:2:21 protect[0].owner: "],
    ['protect: [ { title: "" } ]', "f1:2:21 protect[0].title: "],
    ["protect: [ { member: x } ]", "f1:2:22 protect[0].member: "],
    ["protect: [ { asset: a b } ]", "f1:2:21 protect[0].asset: "],
    ["protect: [ { kind: b, title: T } ]", 'f1:2:14 protect[0] has no key "kind"'],
  ])("%s is told", (text, expected) => {
    const { told } = merged(text);
    expect(told).toEqual([expect.stringContaining(expected)]);
  });
});

describe("limits", () => {
  it("are read as numbers", () => {
    const { settings, told } = merged(
      "limits: { changes: 0, percent_of_assets: 12.5, new_external: 3, new_public: 4, failures: 123456789012345 }",
    );
    expect(told).toEqual([]);
    expect(settings.limits).toEqual({
      changes: 0,
      percentOfAssets: 12.5,
      newExternal: 3,
      newPublic: 4,
      failures: 123_456_789_012_345,
    });
  });

  it.each(["changes", "percent_of_assets", "per_owner", "new_external", "new_public", "failures"])(
    "%s: the lower of two files holds, whichever comes first",
    (key) => {
      const lower = merged(`limits: { ${key}: 7 }`, `limits: { ${key}: 5 }`, "", `limits: { ${key}: 6 }`);
      expect(Object.values(lower.settings.limits)).toEqual([5]);
      expect(Object.entries(lower.settings.limitsFrom ?? {})).toEqual([
        [Object.keys(lower.settings.limits)[0], `f2:2:${13 + key.length}`],
      ]);
      const alone = merged("limits: {}", `limits: { ${key}: 0 }`, "limits: {}");
      expect(Object.values(alone.settings.limits)).toEqual([0]);
    },
  );

  it.each<[string, string]>([
    ["changes: 1.5", 'f1:2:20 changes must be a whole number, 0 or more, and "1.5" is not'],
    ["changes: x1", 'f1:2:20 changes must be a whole number, 0 or more, and "x1" is not'],
    ["changes: 1x", 'f1:2:20 changes must be a whole number, 0 or more, and "1x" is not'],
    ["changes: 1234567890123456", "changes must be a whole number"],
    ["changes: ", 'changes must be a whole number, 0 or more, and "" is not'],
    [
      "new_public: -1",
      'f1:2:23 new_public must be a whole number, 0 or more, and "-1" is not -> write new_public with digits only, such as new_public: 5, or leave it out for no limit',
    ],
    ["per_owner: a", "f1:2:22 per_owner must be a whole number"],
    ["new_external: a", "f1:2:25 new_external must be a whole number"],
    ["failures: a", "f1:2:21 failures must be a whole number"],
    ["failures: [1]", "f1:2:21 limits.failures must be a single value"],
    ["percent_of_assets: 100.1", 'f1:2:30 percent_of_assets must be a number from 0 to 100, and "100.1" is not'],
    ["percent_of_assets: 1000", "percent_of_assets must be a number from 0 to 100"],
    ["percent_of_assets: 0001", "percent_of_assets must be a number from 0 to 100"],
    ["percent_of_assets: 5.", "percent_of_assets must be a number from 0 to 100"],
    ["percent_of_assets: .5", "percent_of_assets must be a number from 0 to 100"],
    ["percent_of_assets: x5", "percent_of_assets must be a number from 0 to 100"],
    ["percent_of_assets: 5%", "percent_of_assets must be a number from 0 to 100"],
    ["percent_of_assets: 5.5a", "percent_of_assets must be a number from 0 to 100"],
    ["percent_of_assets: 5.1234567890123456", "percent_of_assets must be a number from 0 to 100"],
    ["percent: 5", 'f1:2:11 limits has no key "percent"'],
  ])("%s is told, and is no limit", (text, expected) => {
    const { settings, told } = merged(`limits: { ${text} }`);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(expected);
    expect([settings.limits, settings.limitsFrom]).toEqual([{}, {}]);
  });

  it.each([
    ["100", 100],
    ["0", 0],
    ["5.125", 5.125],
  ])("a share of %s is one", (text, value) => {
    expect(merged(`limits: { percent_of_assets: ${text} }`).settings.limits.percentOfAssets).toBe(value);
  });

  it("that are a list are told, and those of others stay", () => {
    const { settings, told } = merged("limits: { changes: 1 }", "limits: [ 1 ]");
    expect(told).toEqual([expect.stringMatching(/^f2:2:9 limits must be a mapping -> .*failures/)]);
    expect(settings.limits.changes).toBe(1);
  });
});

describe("defaults", () => {
  it("are those of the program where a file is silent", () => {
    expect(merged("", "defaults: {}").beyond).toEqual([unsaid, unsaid]);
  });

  it("reach the moves of their own file", () => {
    const all = "defaults: { keep: none, types: [data_source], trashed: include, owner_change: attempt }";
    expect(merged("defaults: { types: report }", all, "")).toMatchObject({
      told: [],
      beyond: [
        { ...unsaid, types: ["REPORT"] },
        { keep: "none", types: ["DATA_SOURCE"], trashed: "include", ownerChange: "attempt" },
        unsaid,
      ],
    });
  });

  it.each<[string, string]>([
    ["defaults: { keep: all }", "f1:2:19 keep: "],
    ["defaults: { types: [ x ] }", "f1:2:22 types: "],
    ["defaults: { types: [] }", "f1:2:20 types is an empty list"],
    ["defaults: { trashed: x }", "f1:2:22 trashed: "],
    ["defaults: { owner_change: x }", "f1:2:27 owner_change: "],
    [
      "defaults: [ x ]",
      "f1:2:11 defaults must be a mapping -> write keys with values, of: keep, types, trashed, owner_change",
    ],
  ])("%s is told", (text, expected) => {
    const { beyond, told } = merged(text);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(expected);
    expect(beyond).toEqual([unsaid]);
  });
});

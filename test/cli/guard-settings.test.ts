import { describe, expect, it } from "vitest";
import { LineCounter, isMap, parseDocument } from "yaml";
import {
  guardKeys,
  guardSettingsShape,
  noGuards,
  readGuardSettings,
  strictestGuards,
} from "../../src/cli/guard-settings.ts";
import type { GuardSettings } from "../../src/cli/guard-settings.ts";
import type { Place } from "../../src/model/diagnostic.ts";

async function read(text: string, profile?: string): Promise<{ settings: GuardSettings; problems: readonly string[] }> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const map = profile === undefined ? document.contents : document.getIn(["profiles", profile], true);
  if (!isMap(map)) throw new Error("no mapping");
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file: "handover.yaml", line, column: col };
  };
  const problems: string[] = [];
  const settings = await readGuardSettings(map, placeOf, "/srv/acme", problems);
  return { settings, problems };
}

const everything = `admin: admin@acme.example
limits:
  changes: 500
  percent_of_assets: 5%
  per_owner: 40
  new_external: 0
  new_public: 0
  failures: 20
  drift: 5%
  age: 12h
protect:
  - { owner: CFO@acme.example }
  - { title: "Board *", member: group:board@acme.example }
windows: [ "Sat 00:00-Sun 24:00 Europe/Berlin", "22:00-06:00 UTC" ]
breaker: { failures: 10, rate: 2.5%, over: 100, least: 10 }
approvals: { require: 2, signers: keys/signers }
budgets: { calls: 5000, duration: 6h }
profiles:
  acme:
    limits: { changes: 100, drift: 1% }
    approvals: { require: 1 }
`;

describe("the guards of a settings file", () => {
  it("each carry the place that set them", async () => {
    const { settings, problems } = await read(everything);
    expect(problems).toEqual([]);
    expect(settings.limits).toEqual({
      changes: { value: 500, from: "handover.yaml:3:12" },
      percentOfAssets: { value: 5, from: "handover.yaml:4:22" },
      perOwner: { value: 40, from: "handover.yaml:5:14" },
      newExternal: { value: 0, from: "handover.yaml:6:17" },
      newPublic: { value: 0, from: "handover.yaml:7:15" },
      failures: { value: 10, from: "handover.yaml:15:22" },
    });
    expect(settings.drift).toEqual({ value: { percent: 5 }, from: "handover.yaml:9:10" });
    expect(settings.ageMs).toEqual({ value: 12 * 3_600_000, from: "handover.yaml:10:8" });
    expect(
      settings.protect.map(({ id, place, owner, title, member }) => ({ id, line: place.line, owner, title, member })),
    ).toEqual([
      { id: "protect[0]", line: 12, owner: "cfo@acme.example", title: undefined, member: undefined },
      { id: "protect[1]", line: 13, owner: undefined, title: "Board *", member: "group:board@acme.example" },
    ]);
    expect(settings.windows.map(({ value, from }) => [from, value.length])).toEqual([["handover.yaml:14:10", 2]]);
    expect(settings.failureRate).toEqual({
      value: { percent: 2.5, over: 100, least: 10 },
      from: "handover.yaml:15:32",
    });
    expect(settings.approvals.signers?.value).toBe("/srv/acme/keys/signers");
    expect(settings.budgets.durationMs?.value).toBe(6 * 3_600_000);
  });

  it("of a profile tighten those above it, and loosen none", async () => {
    const far = (await read(everything)).settings;
    const near = (await read(everything, "acme")).settings;
    const both = strictestGuards(near, far);
    expect(both.limits.changes).toEqual({ value: 100, from: "handover.yaml:20:24" });
    expect(both.limits.perOwner?.value).toBe(40);
    expect(both.drift?.value).toEqual({ percent: 1 });
    expect(both.approvals.require?.value).toBe(2);
    expect(both.protect).toHaveLength(2);
    expect(strictestGuards(noGuards, far)).toEqual(far);
  });

  it("are none where the file says nothing of them", async () => {
    expect(await read("admin: admin@acme.example\n")).toEqual({ settings: noGuards, problems: [] });
    expect(Object.keys(await guardSettingsShape()).toSorted()).toEqual([...guardKeys].toSorted());
  });

  it.each([
    ["limits: { chnages: 5 }", 'handover.yaml:1:20: limits has no key "chnages"; did you mean "changes"?'],
    ["limits: { changes: -1 }", "handover.yaml:1:20: limits.changes must be a whole number, 0 or more"],
    ["limits: { changes: many }", "handover.yaml:1:20: limits.changes must be a whole number, 0 or more"],
    ["limits: { percent_of_assets: 101 }", "limits.percent_of_assets is not a percentage from 0 to 100"],
    ["limits: { drift: some }", "limits.drift is neither a number nor a percentage"],
    ["limits: { age: 24 }", "limits.age must be text"],
    ["limits: { age: soon }", "limits.age is not a duration"],
    ["limits: 5", "handover.yaml:1:9: limits must be a mapping of keys with values"],
    ["protect: { owner: a@b.example }", "protect must be a list"],
    ["protect: [ {} ]", "protect[0] says nothing to protect"],
    ["protect: [ { ownr: a@b.example } ]", 'protect[0] has no key "ownr"; did you mean "owner"?'],
    ["protect: [ { owner: nobody } ]", "handover.yaml:1:21: "],
    ["windows: [ sometimes ]", 'handover.yaml:1:12: "sometimes" is not a time window'],
    ["windows: []", "windows holds no window"],
    ["windows: Sat", "windows must be a list of texts"],
    ["breaker: { over: 5 }", "breaker says over how many steps, and no rate"],
    ["breaker: { rate: 5%, over: 5, least: 9 }", "breaker.least is above breaker.over"],
    ["breaker: { rate: 5%, over: 0 }", "breaker.over must be a whole number, 1 or more"],
    ["approvals: { require: two }", "approvals.require must be a whole number"],
    ["budgets: { calls: 0 }", "budgets.calls must be a whole number, 1 or more"],
    ["budgets: { duration: 5 }", "budgets.duration must be text"],
  ])("%s is refused with its place", async (text, expected) => {
    const { problems } = await read(`${text}\n`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
    expect(problems[0]).toMatch(/^handover\.yaml:1:\d+: /);
  });
});

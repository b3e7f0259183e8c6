/** Steps, intents and results as text, field by field: each comes back as it was, and none that somebody has changed is taken. */
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../src/model/canonical.ts";
import {
  endedText,
  intentOf,
  intentText,
  permissionsOfText,
  permissionsText,
  resultOf,
  stepBody,
  stepColumns,
  stepOf,
} from "../../src/journal/codec.ts";
import { rangesOf, rangesText } from "../../src/journal/pages.ts";
import { etag } from "../../src/model/brand.ts";
import { member } from "../../src/model/member.ts";
import type { Step, StepDraft } from "../../src/model/step.ts";
import { anna, ben, byHand, cleo, edit, intent, oddRoles, result, transfer } from "./samples.ts";

const place = { file: "moves.csv", line: 12, column: 3 };
const remove = [{ role: "VIEWER", member: member("allUsers") }];
const full: Readonly<Record<string, StepDraft>> = {
  "an edit": edit({
    after: 4,
    alternates: [ben, cleo],
    attemptOwner: ben,
    hazards: ["new-public"],
    sources: [place],
    delta: { add: [{ role: "EDITOR", member: member(`user:${ben}`) }], remove },
  }),
  "an edit of an asset that must be read": edit({ owner: undefined, base: undefined }),
  "an edit whose etag is unknown": edit({ base: { roles: oddRoles, etag: undefined } }),
  "a transfer": transfer({ after: 2, sources: [place, place] }),
  "a line by hand": byHand({ after: 1, unless: 3, sources: [place], hazards: ["new-public"] }),
};

const columnsOf = (draft: StepDraft): ReturnType<typeof stepColumns> => stepColumns(draft);
const back = (draft: StepDraft, body = stepBody(draft)): Step => stepOf(7, columnsOf(draft), body);

/** The text with the value at `path` replaced, or taken away for undefined. */
function changed(text: string, path: string, value: unknown): string {
  const read = JSON.parse(text) as Record<string, unknown>;
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let inner: Record<string, unknown> = read;
  for (const key of keys) inner = inner[key] as Record<string, unknown>;
  inner[last] = value;
  return JSON.stringify(read);
}

describe("a step", () => {
  it.each(Object.keys(full))("that is %s comes back as it was, from canonical text", (name) => {
    const draft = full[name] ?? expect.fail();
    expect(back(draft)).toEqual({ ...draft, seq: 7 });
    expect(stepBody(draft)).toBe(canonicalJson(JSON.parse(stepBody(draft))));
  });

  it("has in columns what SQL asks for", () => {
    const of = (name: string): unknown => columnsOf(full[name] ?? expect.fail());
    expect(of("an edit")).toMatchObject({ kind: "edit", actor: anna, after: 4, unless: undefined });
    expect(of("a transfer")).toMatchObject({ kind: "transfer", asset: undefined, after: 2, unless: undefined });
    expect(of("a line by hand")).toEqual({ kind: "by-hand", actor: anna, asset: "by-hand-1", after: 1, unless: 3 });
  });

  it.each([
    ["an edit", "title", 1],
    ["an edit", "type", undefined],
    ["an edit", "hazards.0", 1],
    ["an edit", "alternates.1", null],
    ["an edit", "owner", 1],
    ["an edit", "attemptOwner", 1],
    ["an edit", "sources.0.0", 1],
    ["an edit", "sources.0.1", "12"],
    ["an edit", "sources.0.2", 1.5],
    ["an edit", "base.etag", 1],
    ["an edit", "delta.add.0.0", 1],
    ["an edit", "delta.add.0.1", undefined],
    ["an edit", "delta.remove.0.1", 1],
    ["an edit", "base.roles.0.0", 1],
    ["an edit", "base.roles.0.1.0", 1],
    ["an edit", "base.roles.0.1", 1],
    ["an edit", "base.roles.0", null],
    ["an edit", "base.roles", undefined],
    ["an edit", "base", null],
    ["an edit", "delta", undefined],
    ["an edit", "delta", []],
    ["an edit", "delta.add", undefined],
    ["an edit", "delta.remove", {}],
    ["an edit", "delta.add.0", null],
    ["an edit", "hazards", undefined],
    ["an edit", "alternates", 1],
    ["an edit", "sources", undefined],
    ["an edit", "sources.0", 1],
    ["a transfer", "from.email", 1],
    ["a transfer", "from.id", 1],
    ["a transfer", "to.email", undefined],
    ["a transfer", "to.id", 1],
    ["a transfer", "hazards.0", 1],
    ["a transfer", "hazards", undefined],
    ["a transfer", "from", undefined],
    ["a transfer", "to", null],
    ["a transfer", "live", "37"],
    ["a transfer", "trashed", null],
    ["a transfer", "sources.1.1", null],
    ["a line by hand", "title", undefined],
    ["a line by hand", "type", 1],
    ["a line by hand", "from", 1],
    ["a line by hand", "to", 1],
    ["a line by hand", "keep", 1],
    ["a line by hand", "hazards.0", 1],
    ["a line by hand", "hazards", 7],
    ["a line by hand", "sources", null],
    ["a line by hand", "sources.0.2", "3"],
  ])("that is %s is refused with another %s: %j", (name, path, value) => {
    const draft = full[name] ?? expect.fail();
    expect(() => back(draft, changed(stepBody(draft), path, value))).toThrow(SyntaxError);
  });

  it.each(["an edit", "a line by hand"])("that is %s and names no asset is refused", (name) => {
    const draft = full[name] ?? expect.fail();
    const columns = { ...columnsOf(draft), asset: undefined };
    expect(() => stepOf(7, columns, stepBody(draft))).toThrow("the step names no asset");
  });
});

it.each(["null", "1", '"x"', "[]", "{"])("a text that holds no object is refused: %s", (text) => {
  for (const draft of Object.values(full)) expect(() => back(draft, text)).toThrow(SyntaxError);
  expect(() => intentOf(text)).toThrow(SyntaxError);
  expect(() => resultOf(text)).toThrow(SyntaxError);
  expect(() => permissionsOfText(text)).toThrow(SyntaxError);
});

describe("an intent", () => {
  const whole = intent(3, { before: oddRoles, newOwner: ben });

  it("comes back as it was, from canonical text, with and without what may be missing", () => {
    const bare = intent(1, { before: undefined, newOwner: undefined, etag: undefined });
    for (const each of [whole, bare]) {
      expect(intentOf(intentText(each))).toEqual(each);
      expect(intentText(each)).toBe(canonicalJson(JSON.parse(intentText(each))));
    }
  });

  it.each([
    ["attempt", "1"],
    ["attempt", 1.5],
    ["at", null],
    ["at", "x"],
    ["actor", 1],
    ["actor", undefined],
    ["etag", 1],
    ["newOwner", 1],
    ["delta.add.0.0", 1],
    ["before.0.0", 1],
    ["before", 1],
    ["delta", undefined],
    ["delta.remove", undefined],
  ])("with another %s is refused: %j", (path, value) => {
    expect(() => intentOf(changed(intentText(whole), path, value))).toThrow(SyntaxError);
  });
});

describe("a result", () => {
  const step: Step = { ...edit(), seq: 9 };
  const ended = result({ failure: "not-found", reason: "gone", newOwner: ben, outcome: "failed" });
  const text = endedText({ step, attempts: 2, at: 5 }, ended);

  it("comes back as it was, from canonical text that says which step of which asset", () => {
    expect(resultOf(text)).toEqual(ended);
    expect(text).toBe(canonicalJson(JSON.parse(text)));
    const asset = step.kind === "transfer" ? undefined : step.asset.name;
    expect(JSON.parse(text)).toMatchObject({ kind: "ended", step: 9, attempts: 2, at: 5, asset });
  });

  it("of a transfer names no asset", () => {
    const job: Step = { ...transfer(), seq: 1 };
    expect(JSON.parse(endedText({ step: job, attempts: 1, at: 5 }, ended))).not.toHaveProperty("asset");
  });

  it("is none in a row of another kind", () => {
    expect(resultOf('{"at":1,"kind":"skipped"}')).toBeUndefined();
  });

  it.each([
    ["actor", 1],
    ["evidence", undefined],
    ["failure", 1],
    ["reason", 1],
    ["newOwner", 1],
    ["etagBefore", 1],
    ["etagAfter", 1],
    ["calls", "1"],
    ["outcome", "done"],
    ["changed.add.0.1", 1],
    ["changed.add", undefined],
    ["changed", undefined],
  ])("with another %s is refused: %j", (path, value) => {
    expect(() => resultOf(changed(text, path, value))).toThrow(SyntaxError);
  });
});

it.each([undefined, etag("e7")])("permissions come back as they were, with the etag %j", (tag) => {
  const permissions = { roles: oddRoles, etag: tag };
  expect(permissionsOfText(permissionsText(permissions))).toEqual(permissions);
});

describe("ranges", () => {
  it.each<[readonly number[], string]>([
    [[], ""],
    [[7], "7"],
    [[1, 2], "1-2"],
    [[1, 3], "1,3"],
    [[0, 1, 2, 5, 7, 8], "0-2,5,7-8"],
  ])("of %j are %j", (steps, text) => expect(rangesText(steps)).toBe(text));

  it("are read back as first and last", () => {
    expect(rangesOf("3-17,20")).toEqual([
      [3, 17],
      [20, 20],
    ]);
  });
});

describe("canonical JSON", () => {
  it.each<[unknown, string]>([
    [null, "null"],
    [true, "true"],
    ["a\u0000\ud800", '"a\\u0000\\ud800"'],
    [-0.5, "-0.5"],
    [[undefined, [], {}], "[null,[],{}]"],
    [{ b: [2, 1], a: undefined, "": null }, '{"":null,"b":[2,1]}'],
    [Object.assign(Object.create(null), { z: 1, a: 2 }), '{"a":2,"z":1}'],
  ])("of %j is %s", (value, text) => expect(canonicalJson(value)).toBe(text));

  it.each([[new Set([1])], [undefined], [Symbol("a")], [-Infinity], [Object.create({ a: 1 })]])(
    "is none of %s",
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );
});

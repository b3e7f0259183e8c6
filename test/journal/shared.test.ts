/** What every store of a run has in common: its numbers, its chain, how it is frozen, what makes it a record, what is signed when. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { genesis, linkHash } from "../../src/journal/chain.ts";
import { Checkpointing, keptCheckpointsIn } from "../../src/journal/checkpoints.ts";
import { kindCode, kindName, stateCode, stateCount, stateName } from "../../src/journal/codes.ts";
import { PageDigests, runDigest } from "../../src/journal/digest.ts";
import { Freezing } from "../../src/journal/freezing.ts";
import { recordIn, recordLine, recordText, refuseRecord } from "../../src/journal/record.ts";
import {
  expectAllTexts,
  expectHeader,
  expectLists,
  expectNumbers,
  expectTexts,
  instantOf,
} from "../../src/journal/shapes.ts";
import type { RunFileError } from "../../src/model/errors.ts";
import { canonicalJson } from "../../src/model/canonical.ts";
import { checkCheckpoint } from "../../src/model/signing/checkpoint.ts";
import { newKey, signerWith } from "../model/signing/keys.ts";
import { anna, ben, byHand, cleo, edit, header, transfer } from "./samples.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("numbers of states and kinds", () => {
  // Run files of every version hold them.
  it.each([
    ["planned", 0],
    ["in-flight", 1],
    ["applied", 2],
    ["confirmed", 3],
    ["unchanged", 4],
    ["skipped", 5],
    ["failed", 6],
    ["by-hand", 7],
    ["cancelled", 8],
  ] as const)("have %s as %d for good", (state, code) => {
    expect([stateCode(state), stateName(code)]).toEqual([code, state]);
  });

  it.each([
    ["edit", 0],
    ["transfer", 1],
    ["by-hand", 2],
  ] as const)("have %s as %d for good", (kind, code) => {
    expect([kindCode(kind), kindName(code)]).toEqual([code, kind]);
  });

  it("are none beyond those", () => {
    expect([stateCount, stateName(9), kindName(3)]).toEqual([9, undefined, undefined]);
  });
});

it("the audit chain begins with the run and its digest, and each link covers the one before", () => {
  const first = genesis("01RUN", "d1");
  expect(first).toBe(sha256("handover audit 1\n01RUN\nd1\n"));
  expect(linkHash(first, '{"kind":"x"}')).toBe(sha256(`${first}{"kind":"x"}`));
});

describe("freezing a run", () => {
  function freezing(): { readonly run: Freezing; readonly users: readonly string[] } {
    const users: string[] = [];
    return { run: new Freezing((id, email) => users.push(`${id} ${email}`)), users };
  }

  it("numbers steps in their order, and users as they come", () => {
    const { run, users } = freezing();
    const taken = [edit({ actor: anna }), edit({ actor: ben }), edit({ actor: anna })].map((draft) => run.take(draft));
    expect(taken.map(({ row, actor, turn }) => [row.seq, row.kind, row.actor, actor, turn])).toEqual([
      [1, 0, anna, 1, 1],
      [2, 0, ben, 2, 2],
      [3, 0, anna, 1, 1],
    ]);
    expect([users, run.steps]).toEqual([[`1 ${anna}`, `2 ${ben}`], 3]);
  });

  it("gives a transfer the turn of the user it moves", () => {
    const { run, users } = freezing();
    const { actor, turn, row } = run.take(transfer({ actor: cleo, from: { email: anna, id: "1" } }));
    expect([actor, turn, row.asset, users]).toEqual([1, 2, null, [`1 ${cleo}`, `2 ${anna}`]]);
  });

  it("keeps what a step waits for", () => {
    const { run } = freezing();
    run.take(edit());
    expect(run.take(edit({ after: 1 })).row).toMatchObject({ after: 1, unless: null });
    expect(run.take(byHand({ unless: 2 })).row).toMatchObject({ after: null, unless: 2, kind: 2 });
  });

  it.each([0, 2, 3, -1])("refuses that the second step waits for step %d", (after) => {
    const { run } = freezing();
    run.take(edit());
    expect(() => run.take(edit({ after }))).toThrow(`step 2 waits for step ${after}, which does not come before it`);
    expect(run.steps).toBe(1);
  });

  it("refuses a line about a step that there will never be, in the end at the latest", () => {
    expect(() => freezing().run.take(byHand({ unless: 0 }))).toThrow(
      new RangeError("step 1 refers to a step that does not exist"),
    );
    const { run } = freezing();
    for (const unless of [1, 5, 4, 5]) run.take(byHand({ unless }));
    expect(() => run.end(header())).toThrow(new RangeError("step 2 refers to a step that does not exist"));
    const sound = freezing().run;
    sound.take(byHand({ unless: 2 }));
    sound.take(edit());
    expect(sound.end(header()).pages).toHaveLength(1);
  });

  it("ends with the canonical header and a digest of all of it", () => {
    const { run } = freezing();
    const drafts = [edit(), byHand()];
    const digests = new PageDigests();
    for (const draft of drafts) digests.add(run.take(draft).row);
    const { text, digest, pages } = run.end(header());
    expect(text).toBe(canonicalJson(header()));
    expect(pages).toEqual(digests.end());
    expect(digest).toBe(runDigest(text, pages));
  });
});

describe("a record", () => {
  it("is no run that is carried out where it lies", () => {
    expect(recordIn(undefined)).toBeUndefined();
    expect(() => refuseRecord(undefined, "friday")).not.toThrow();
  });

  it.each(["copy", "moved"] as const)("that is %s is read as it was written", (kind) => {
    const record = { kind, other: "postgres://host/db#friday", at: 5 };
    expect(recordIn(recordText(record))).toEqual(record);
  });

  it.each([
    "{",
    "[]",
    "null",
    "1",
    '{"kind":"copy","other":1,"at":5}',
    '{"kind":"copy","other":"x"}',
    '{"at":1,"other":"x"}',
  ])("is not to be read in %s", (text) => {
    expect(() => recordIn(text)).toThrow(SyntaxError);
  });

  it("is refused by who would carry it out, with the run to give instead", () => {
    const copy = recordText({ kind: "copy", other: "a.handover", at: 5 });
    expect(() => refuseRecord(copy, "friday")).toThrow(
      expect.objectContaining({
        kind: "moved",
        message: "friday is a copy to look at, made from a.handover",
        remedy: expect.stringMatching(/^give the command with that run; .*handover run copy --move$/) as string,
      }) as RunFileError,
    );
    const moved = recordText({ kind: "moved", other: "a.handover", at: 5 });
    expect(() => refuseRecord(moved, "friday")).toThrow(
      expect.objectContaining({
        kind: "moved",
        message: "friday was moved to a.handover",
        remedy: "give the command with that run",
      }) as RunFileError,
    );
  });

  it("is told to people in a line, with no sign that a terminal obeys", () => {
    expect(recordLine({ kind: "copy", other: "a\u001b[31m", at: 5 }, "fri\u0007")).toBe(
      "fri\\u{7} is a copy to look at, made from a\\u{1b}[31m.",
    );
    expect(recordLine({ kind: "moved", other: "a", at: 5 }, "friday")).toBe(
      "friday was moved to a, and is not carried out here any more.",
    );
  });
});

describe("signed checkpoints", () => {
  const key = newKey("anna@acme.example");
  const chain = { runId: "01RUN", digest: sha256("x") };
  const at = Date.UTC(2026, 10, 21, 9);
  const head = (row: number): { readonly row: number; readonly hash: string } => ({ row, hash: sha256(`${row}`) });
  const from = (signed: number): Checkpointing => new Checkpointing(chain, signerWith(key), signed);

  it("are due after a thousand rows without one", () => {
    const some = from(-1);
    expect(some.due(head(999), at)).toBeUndefined();
    expect(some.due(head(1000), at)?.name).toBe("checkpoint-000000001000");
    expect(some.due(head(1999), at)).toBeUndefined();
    expect(some.due(head(2003), at)?.name).toBe("checkpoint-000000002003");
    expect(from(500).due(head(1499), at)).toBeUndefined();
    expect(from(500).due(head(1500), at)).toBeDefined();
  });

  it("are made once more at the end, unless the last row has one", () => {
    const some = from(-1);
    expect(some.last(head(0), at)).toBeDefined();
    expect(some.last(head(0), at)).toBeUndefined();
    expect(some.last(head(1), at)?.name).toBe("checkpoint-000000000001");
    expect(from(7).last(head(7), at)).toBeUndefined();
    expect(from(7).last(head(8), at)).toBeDefined();
  });

  it("say of this run which row bears which hash, and when that was signed", () => {
    const { body } = from(-1).last(head(8), at) ?? expect.fail();
    expect(checkCheckpoint(body, chain)).toMatchObject({
      ok: true,
      checkpoint: { head: head(8), at: "2026-11-21T09:00:00.000Z" },
    });
    expect(checkCheckpoint(body, { ...chain, runId: "02RUN" }).ok).toBe(false);
  });

  it("are found among everything kept, in the order of their rows", () => {
    const [two, ten, thirty] = [2, 10, 30].map((row) => `checkpoint-${String(row).padStart(12, "0")}`) as [
      string,
      string,
      string,
    ];
    const kept = ["guards", ten, "checkpoint-2", two, "waves", thirty];
    expect(keptCheckpointsIn(kept.map((name) => ({ name, body: "" }))).map(({ name }) => name)).toEqual([
      two,
      ten,
      thirty,
    ]);
  });
});

describe("what is read from a store", () => {
  it.each<readonly [string, (...values: readonly unknown[]) => void, unknown, readonly unknown[]]>([
    ["a text", expectTexts, "x", [null, 1, ["x"]]],
    ["a whole number", expectNumbers, 1, [0.5, "1", null]],
    ["a list", expectLists, [], ["", {}, null, undefined]],
    ["a text that is there", (...values) => expectAllTexts(values), "x", [undefined, null, 1]],
  ])("is %s only where each of several is", (_what, check, good, bad) => {
    expect(() => check(good, good)).not.toThrow();
    for (const value of bad)
      for (const values of [[good, value], [value, good], [value]]) expect(() => check(...values)).toThrow(SyntaxError);
  });

  it.each<readonly [string, (value: unknown) => void, readonly unknown[], readonly unknown[]]>([
    ["a text, or nothing", expectTexts, ["", "x", undefined], [null, 1, ["x"], {}]],
    ["a whole number", expectNumbers, [0, -1, 2 ** 53 - 1], [0.5, 2 ** 53, "1", null, undefined, NaN]],
    ["an instant", instantOf, [0, 8.64e15, -8.64e15], [8.65e15, -8.65e15, "0", null, NaN, Infinity, undefined]],
  ])("is %s", (_what, check, good, bad) => {
    for (const value of good) expect(() => check(value)).not.toThrow();
    for (const value of bad) expect(() => check(value)).toThrow(SyntaxError);
  });

  it("is a header with all that is relied on", () => {
    const sound = JSON.parse(canonicalJson(header())) as Record<string, unknown>;
    expect(() => expectHeader(sound)).not.toThrow();
    const texts = ["runId", "toolVersion", "tenant", "admin"];
    const lists = ["domains", "planFiles", "hazards", "refusals", "noActions", "remarks"];
    const objects = ["limits", "totals", "coverage", "exposureBefore", "exposureAfter"];
    for (const name of [...texts, "createdAt", "snapshotAt", ...lists, ...objects]) {
      const { [name]: _, ...without } = sound;
      expect(() => expectHeader(without), `without ${name}`).toThrow(SyntaxError);
      expect(() => expectHeader({ ...sound, [name]: null }), `${name} null`).toThrow(SyntaxError);
    }
    for (const name of objects) expect(() => expectHeader({ ...sound, [name]: [] }), name).toThrow(SyntaxError);
    for (const file of [null, "moves.csv", [], { name: "a" }, { name: 1, sha256: "00" }])
      expect(() => expectHeader({ ...sound, planFiles: [file] })).toThrow(SyntaxError);
    for (const text of [null, [], "x", undefined]) expect(() => expectHeader(text)).toThrow(SyntaxError);
  });
});

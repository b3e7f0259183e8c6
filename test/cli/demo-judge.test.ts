import { describe, expect, it } from "vitest";
import { judge } from "../../src/cli/demo-judge.ts";
import type { HistoryChange } from "../../src/cli/demo-judge.ts";
import type { RunReader, StepRow } from "../../src/journal/journal.ts";
import type { Pair } from "../../src/model/permissions.ts";
import type { EditStep, StepResult, StepState, TransferStep } from "../../src/model/step.ts";
import type { Email } from "../../src/model/email.ts";
import { edit, email, pair } from "../report/sample.ts";

const granted = pair("VIEWER", "user:new@acme.example");
const step: EditStep = edit({ seq: 1, delta: { add: [granted], remove: [] } });
const transfer: TransferStep = {
  kind: "transfer",
  seq: 2,
  after: undefined,
  actor: email("admin@acme.example"),
  hazards: [],
  sources: [],
  from: { email: email("a@acme.example"), id: "1" },
  to: { email: email("b@acme.example"), id: "2" },
  live: 1,
  trashed: 0,
};

/** A run whose steps stand as told, the edit having changed `changed`. */
function run(state: StepState, changed: readonly Pair[], steps: readonly StepRow["step"][] = [step]): RunReader {
  const result: StepResult = {
    outcome: "applied",
    failure: undefined,
    reason: undefined,
    evidence: "answer",
    changed: { add: changed, remove: [] },
    newOwner: undefined,
    etagBefore: undefined,
    etagAfter: undefined,
    actor: step.actor,
    calls: 1,
  };
  const rows = steps.map((each) => ({ step: each, state, attempts: 1, result, updatedAt: 0, memo: undefined }));
  const page: RunReader["page"] = async (_filter, after) => rows.filter((row) => row.step.seq > after);
  return { page } as RunReader;
}

function patch(
  seq: number,
  before: readonly Pair[],
  after: readonly Pair[],
  via = "assets.updatePermissions",
): HistoryChange {
  const written = (pairs: readonly Pair[]): HistoryChange["before"] => pairs.map((each) => [each.role, [each.member]]);
  return { seq, asset: step.asset.name, via, before: written(before), after: written(after) };
}

const owned = (by: Email): readonly Pair[] => [pair("OWNER", `user:${by}`)];
const moved = patch(9, owned(transfer.from.email), owned(transfer.to.email), "transfer");
const other = pair("EDITOR", "user:somebody@acme.example");

describe("the demo is judged by what the server saw", () => {
  it.each<[string, RunReader, readonly HistoryChange[], object]>([
    [
      "once and named is right",
      run("applied", [granted]),
      [patch(1, [], [granted])],
      { effects: 1, wrong: 0, lost: 0, doubled: 0 },
    ],
    ["said and never seen is lost", run("applied", [granted]), [], { effects: 0, lost: 1 }],
    ["a step without an end is lost", run("in-flight", []), [], { lost: 1 }],
    ["seen and not named is wrong", run("applied", [granted]), [patch(1, [], [granted, other])], { wrong: 1, lost: 0 }],
    ["taken away and not named is wrong", run("applied", [granted]), [patch(1, [other], [granted])], { wrong: 1 }],
    [
      "seen twice is doubled",
      run("applied", [granted]),
      [patch(1, [], [granted]), patch(2, [granted], [], "person"), patch(3, [], [granted])],
      { effects: 1, doubled: 1 },
    ],
    [
      "what people do is theirs",
      run("applied", []),
      [patch(1, [], [other], "concurrentEditor")],
      { effects: 0, wrong: 0 },
    ],
    ["a transfer that moved", run("applied", [], [transfer]), [moved], { effects: 1, wrong: 0, lost: 0 }],
    ["a transfer that did not move is lost", run("applied", [], [transfer]), [], { lost: 1 }],
    [
      "a transfer that nobody planned is wrong",
      run("applied", [granted]),
      [patch(1, [], [granted]), moved],
      { wrong: 1 },
    ],
  ])("%s", async (_name, reader, history, expected) => {
    expect(await judge(reader, history)).toMatchObject(expected);
  });
});

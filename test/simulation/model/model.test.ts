/** The model of journal and stage keeps the contracts of the real ones; and a run taken over is lost, in the model as in SQLite. */
import { describe, expect, it } from "vitest";
import type { Claim, Journal } from "../../../src/journal/journal.ts";
import { createMemoryRun } from "../../../src/journal/sqlite/memory.ts";
import { RunLockedError } from "../../../src/model/errors.ts";
import { noCounts } from "../../../src/model/run.ts";
import { all } from "../../conformance/journal-bench.ts";
import { journalContract } from "../../conformance/journal.contract.ts";
import { stageContract } from "../../conformance/stage.contract.ts";
import { edits, header, intent, result } from "../../journal/samples.ts";
import { ManualClock } from "../../support/clock.ts";
import { createModelRun } from "./run.ts";
import { createModelStage } from "./stage.ts";

journalContract("the model of a run", async () => {
  const run = createModelRun();
  return {
    writer: async () => run.writer,
    open: (clock) => run.openJournal({ clock }),
    reader: () => run.openReader(),
    crash: async () => undefined,
    dispose: async () => run.dispose(),
  };
});

stageContract("the model of a stage", async () => createModelStage());

describe.each([
  ["the model", createModelRun],
  ["SQLite in memory", createMemoryRun],
])("a run in %s that is taken over", (_, create) => {
  it.each([
    ["intents", (journal: Journal, claim: Claim) => journal.intent(claim, intent(1))],
    ["results", (journal: Journal, claim: Claim) => journal.result(claim, result())],
    ["memos", (journal: Journal, claim: Claim) => journal.remember(claim, "job-1")],
  ])(
    "is lost to whoever had it: %s handed over before and after are answered so, and none is kept",
    async (_kind, write) => {
      const clock = new ManualClock();
      const run = create();
      await run.writer.add(edits(2));
      await run.writer.seal(header());
      const old = await run.openJournal({ clock });
      const [first, second] = await old.claim(all);
      const before = write(old, first as Claim);
      old.keep("pacer", "old");
      const fresh = await run.openJournal({ clock });
      const after = clock.drive(write(old, second as Claim));
      expect([await clock.drive(before), await after]).toEqual(["lost", "lost"]);
      await expect(old.claim(all)).rejects.toThrow(RunLockedError);
      expect(await old.renew([second as Claim])).toEqual([]);
      expect(await fresh.counts()).toEqual({ ...noCounts, planned: 2 });
      expect(await fresh.kept("pacer")).toBeUndefined();
      expect((await fresh.claim(all)).map((claim) => [claim.memo, claim.attempts])).toEqual([
        [undefined, 0],
        [undefined, 0],
      ]);
      run.dispose();
    },
  );
});
